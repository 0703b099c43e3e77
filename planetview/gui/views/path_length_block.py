"""Path lengths of generators in a frame of their own, beside the metrics of images."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QLabel, QTextBrowser, QVBoxLayout, QWidget

from planetview.core.generation import PathLengthResult
from planetview.gui.models.generator_words import path_lengths_html
from planetview.gui.theme import Theme
from planetview.gui.views.panels import GAP

_MOST_LINES = 6


class PathLengthBlock(QWidget):
    """A table of path lengths under the heading "Generator"; hidden while there are none.

    is_brief: without the settings and notes of every value.
    """

    def __init__(self, theme: Theme, *, is_brief: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._is_brief = theme, is_brief
        self._found: tuple[PathLengthResult, ...] = ()
        frame = QFrame(self)
        frame.setProperty("card", True)
        heading = QLabel(self.tr("Generator") if is_brief else self.tr("Path lengths"), frame)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        self._table = QTextBrowser(frame)
        self._table.setFrameShape(QFrame.Shape.NoFrame)
        self._table.setAccessibleName(self.tr("Path lengths of generators"))
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(12, GAP, 12, GAP)
        inner.setSpacing(4)
        inner.addWidget(heading)
        inner.addWidget(self._table)
        layout = QVBoxLayout(self)
        sides = 2 * GAP if is_brief else 0
        layout.setContentsMargins(sides, 0, sides, GAP if is_brief else 0)
        layout.addWidget(frame)
        theme.changed.connect(self._fit)
        self.hide()

    def show_path_lengths(self, found: Sequence[PathLengthResult]) -> None:
        """Show these, the newest first."""
        self._found = tuple(reversed(found))
        self._table.setHtml(path_lengths_html(self._found, is_brief=self._is_brief) if self._found else "")
        self._fit()
        self.setVisible(bool(self._found))

    def text(self) -> str:
        """Return what is shown."""
        return self._table.toPlainText()

    def _fit(self) -> None:
        rows = 1 + sum(len(result.values) for result in self._found) + (0 if self._is_brief else 3)
        line = self.fontMetrics().lineSpacing() + 4
        self._table.setFixedHeight(min(rows, _MOST_LINES) * line + 12)
