"""How the study is to be handled: a text that stands on its windows, reports and figures."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from planetview.core.report_options import MOST_BANNER


class MarkingDialog(QDialog):
    """Asks for the marking; `chosen` follows when it is accepted."""

    chosen = Signal(str)

    def __init__(self, marking: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Marking"))
        self.text = QLineEdit(marking, self, clearButtonEnabled=True)
        self.text.setMaxLength(MOST_BANNER)
        self.text.setMinimumWidth(self.fontMetrics().averageCharWidth() * 52)
        self.text.setPlaceholderText(self.tr("none, or for example: CUI // SP-EXPT"))
        self.text.setToolTip(self.tr("What your rules ask for, in one line; empty for no marking"))
        self.text.selectAll()
        label = QLabel(self.tr("&Marking of this study"), self)
        label.setBuddy(self.text)
        note = QLabel(
            self.tr(
                "It stands at the top and the bottom of the window, of every page of a report and of every figure "
                "and picture that is copied or saved. It is kept in the study. Tables (CSV, JSON) are not marked."
            ),
            self,
            wordWrap=True,
        )
        note.setProperty("muted", True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal, self
        )
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        for widget in (label, self.text, note, buttons):
            column.addWidget(widget)

    def _on_accepted(self) -> None:
        self.accept()
        self.chosen.emit(self.text.text())
