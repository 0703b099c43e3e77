"""What stands beside and below the table of weight files: one of them in full, and what an action did."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from planetview.core.catalogue import WeightsSpec
from planetview.core.models import WeightState
from planetview.gui.models.weight_details import command_of, report_html, report_title, weights_html
from planetview.gui.theme import Theme
from planetview.gui.views.panels import GAP
from planetview.gui.weight_files import Report
from planetview.gui.widgets.flow import FlowLayout


class WeightDetails(QWidget):
    """One row in full, with what one may want to copy of it."""

    notice = Signal(str)  # what was copied

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[WeightsSpec, WeightState | None, Path] | None = None
        self._html = ""
        self._text = QTextBrowser(self, openLinks=False)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setAccessibleName(self.tr("About the weights in the current row"))
        # Laying the text out takes 10 ms: a turn of its own, after the row is marked.
        self._laying_out = QTimer(self, singleShot=True, interval=0)
        self._laying_out.timeout.connect(self._lay_out)
        self.address = self._button(
            self.tr("Copy address"), self.tr("Copy the official address, to download the file elsewhere")
        )
        self.command = self._button(self.tr("Copy command"), self.tr("Copy the command line that does the same"))
        self.folder = self._button(self.tr("Copy folder"), self.tr("Copy the path of the folder of the weight files"))
        self.address.clicked.connect(self._copy_address)
        self.command.clicked.connect(self._copy_command)
        self.folder.clicked.connect(self._copy_folder)
        buttons = FlowLayout(GAP, GAP)
        for button in (self.address, self.command, self.folder):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self._text, 1)
        layout.addLayout(buttons)

    def show_weights(self, spec: WeightsSpec, state: WeightState | None, folder: Path) -> None:
        """Show what is known of some weights."""
        self._shown = (spec, state, folder)
        self.address.setEnabled(bool(spec.url))
        self._laying_out.start()

    def text(self) -> str:
        """Return what is shown, as plain text."""
        return self._text.toPlainText()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setToolTip(tip)
        return button

    @Slot()
    def _lay_out(self) -> None:
        if self._shown is not None and (html := weights_html(*self._shown)) != self._html:
            self._html = html
            self._text.setHtml(html)

    @Slot()
    def _copy_address(self) -> None:
        if self._shown is not None:
            self._copy(self._shown[0].url)

    @Slot()
    def _copy_command(self) -> None:
        if self._shown is not None:
            self._copy(command_of(*self._shown[:2]))

    @Slot()
    def _copy_folder(self) -> None:
        if self._shown is not None:
            self._copy(str(self._shown[2]))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.notice.emit(self.tr("Copied: {0}").format(text))


class ReportPanel(QFrame):
    """What the last action did, file by file; hidden while there is nothing to tell."""

    accept_requested = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._report: Report | None = None
        self.setProperty("card", True)
        # Three buttons leave little room for it where text is large.
        self._title = QLabel(self, wordWrap=True)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._text = QTextBrowser(self, openLinks=False)
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.setAccessibleName(self.tr("What became of each file"))
        self.accept = QPushButton(self.tr("Accept these files anyway…"), self)
        self.accept.setToolTip(self.tr("Take the files that fit although their digest is not a published one"))
        self.accept.clicked.connect(self.accept_requested)
        self._copy = QPushButton(self.tr("Copy list"), self)
        self._copy.clicked.connect(self._copy_text)
        self.close_button = QPushButton(self.tr("Close list"), self)
        self.close_button.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setSpacing(GAP)
        head.addWidget(self._title, 1)
        for button in (self.accept, self._copy, self.close_button):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * GAP, GAP, GAP, GAP)
        layout.setSpacing(GAP)
        layout.addLayout(head)
        layout.addWidget(self._text, 1)
        theme.changed.connect(self._draw)
        self.hide()

    def show_report(self, report: Report | None) -> None:
        """Show what an action did; None hides the panel."""
        self._report = report
        self._draw()
        self.setVisible(report is not None)

    def set_can_act(self, can_act: bool) -> None:
        """Enable what starts a job."""
        self.accept.setEnabled(can_act)

    def text(self) -> str:
        """Return what is shown, as plain text."""
        return f"{self._title.text()}\n{self._text.toPlainText()}"

    @Slot()
    def _draw(self) -> None:
        if self._report is None:
            return
        tokens = self._theme.tokens
        self._title.setText(report_title(self._report))
        self._text.setHtml(report_html(self._report, tokens.success, tokens.danger))
        self.accept.setVisible(bool(self._report.refused_unknown))

    @Slot()
    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
