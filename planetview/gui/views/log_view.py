"""The log of the session: filtered, searched, copied, saved."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.gui.dialogs import choose
from planetview.gui.session_log import LogLine, SessionLog
from planetview.gui.widgets.flow import FlowLayout, labelled

_LOOK_MS = 500
_SHOWN = 5000


class LogView(QWidget):
    """Shows the lines of a session log while it is visible; the newest at the bottom."""

    notice = Signal(str)

    def __init__(self, log: SessionLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self._last = 0
        self._level = QComboBox(self)
        for words, level in (
            (self.tr("Everything"), logging.INFO),
            (self.tr("Warnings and errors"), logging.WARNING),
            (self.tr("Errors"), logging.ERROR),
        ):
            self._level.addItem(words, level)
        self._level.setToolTip(self.tr("Which lines are shown"))
        self._level.setAccessibleName(self.tr("Which lines are shown"))
        self._search = QLineEdit(self, clearButtonEnabled=True)
        self._search.setPlaceholderText(self.tr("Search the log"))
        self._search.setAccessibleName(self.tr("Search the log"))
        self._search.setToolTip(self.tr("Show only the lines with these words"))
        self._text = QPlainTextEdit(self, readOnly=True, undoRedoEnabled=False)
        self._text.setMaximumBlockCount(_SHOWN)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setAccessibleName(self.tr("Log of the session"))
        self._text.setToolTip(self.tr("What happened since the program started, the latest last."))
        self._count = QLabel(self)
        self._count.setProperty("muted", True)
        self._copy = QPushButton(self.tr("Copy"), self)
        self._copy.setToolTip(self.tr("Copy the lines that are shown"))
        self._save = QPushButton(self.tr("Save…"), self)
        self._save.setToolTip(self.tr("Write the lines that are shown to a file"))
        self._search_soon = QTimer(self, interval=200, singleShot=True)
        self._search_soon.timeout.connect(self._show_all)
        self._lay_out()
        self._level.currentIndexChanged.connect(self._show_all)
        self._search.textChanged.connect(lambda _text: self._search_soon.start())
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text.toPlainText()))
        self._save.clicked.connect(self._on_save)
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_new)

    def sizeHint(self) -> QSize:
        return QSize(90 * self.fontMetrics().averageCharWidth(), 24 * self.fontMetrics().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_all()
        self._look.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._look.stop()

    def text(self) -> str:
        """Return the lines that are shown."""
        return self._text.toPlainText()

    def save(self, path: Path) -> None:
        """Write the lines that are shown to a file; `notice` says how it went."""
        try:
            write_text_atomically(path, self.text() + "\n")
        except UserError as error:
            self.notice.emit(f"{error.message} {error.hint}")
        else:
            self.notice.emit(self.tr("Wrote {0}").format(path))

    def _lay_out(self) -> None:
        top = FlowLayout(12, 6)
        top.addWidget(labelled(self.tr("Show"), self._level))
        self._search.setMinimumWidth(26 * self.fontMetrics().averageCharWidth())
        top.addWidget(self._search)
        foot = QHBoxLayout()
        foot.addWidget(self._count, 1)
        foot.addWidget(self._copy)
        foot.addWidget(self._save)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self._text, 1)
        column.addLayout(foot)

    def _show_all(self) -> None:
        self._last = 0
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(self.font().pointSizeF())
        self._text.setFont(font)
        self._text.clear()
        self._show_new()
        self._text.moveCursor(self._text.textCursor().MoveOperation.End)
        self._text.moveCursor(self._text.textCursor().MoveOperation.StartOfLine)

    def _show_new(self) -> None:
        lines = self._log.lines(self._last)
        if lines:
            self._last = lines[-1].number
            shown = "\n".join(str(line) for line in self._wanted(lines))
            if shown:
                # Appending follows the end only while one is there.
                self._text.appendPlainText(shown)
        count = self._text.blockCount() if self._text.document().characterCount() > 1 else 0
        self._count.setText(self.tr("{0} lines").format(f"{count:,}"))
        self._copy.setEnabled(count > 0)
        self._save.setEnabled(count > 0)

    def _wanted(self, lines: Iterable[LogLine]) -> list[LogLine]:
        level, words = int(self._level.currentData()), self._search.text().casefold().split()
        return [line for line in lines if line.level >= level and all(word in str(line).casefold() for word in words)]

    def _on_save(self) -> None:
        choose.choose_new_file(
            self, self.tr("Save the log"), "planetview-log.txt", [self.tr("Text (*.txt)")],
            lambda paths: self.save(paths[0]),
        )  # fmt: skip
