"""What to export the results as, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from planetview.core.report_options import MOST_BANNER, ReportOptions

_PAGES = (".html", ".pdf")


class ExportDialog(QDialog):
    """Asks for the format and, where it has pages, for pictures, marked images and a marking; then `chosen`.

    options: what to begin with; its title, path lengths and marks are passed on.
    """

    chosen = Signal(str, object)  # suffix, ReportOptions

    def __init__(
        self, suffixes: Sequence[str], suffix: str, options: ReportOptions, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export the results"))
        self._options = options
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(6)
        column.addWidget(self._heading(self.tr("Format")))
        self._formats = QButtonGroup(self)
        self.format_buttons: dict[str, QRadioButton] = {}
        for known, text in self._texts().items():
            if known in suffixes:
                button = QRadioButton(text, self)
                button.setChecked(known == suffix)
                button.toggled.connect(self._refresh)
                self._formats.addButton(button)
                self.format_buttons[known] = button
                column.addWidget(button)
        column.addSpacing(8)
        column.addWidget(self._heading(self.tr("On the pages")))
        self.pictures_box = QCheckBox(self.tr("&Pictures of the nearest images"), self)
        self.pictures_box.setChecked(options.pictures)
        self.pictures_box.setToolTip(self.tr("Show synthetic images beside their nearest real ones."))
        column.addWidget(self.pictures_box)
        self.marks_box = QCheckBox(self.tr("&Images flagged, rated or excluded by hand"), self)
        self.marks_box.setChecked(options.shows_marks)
        self.marks_box.setToolTip(
            self.tr("List them with their numbers by set. That images were excluded is said in any case.")
        )
        self.marks_box.setVisible(options.marked.has_any)
        column.addWidget(self.marks_box)
        form = QFormLayout()
        self.banner_edit = QLineEdit(options.banner, self)
        self.banner_edit.setMaxLength(MOST_BANNER)
        self.banner_edit.setMinimumWidth(self.fontMetrics().averageCharWidth() * 44)
        self.banner_edit.setPlaceholderText(self.tr("none, or for example: INTERNAL"))
        self.banner_edit.setToolTip(self.tr("Stands at the top and the bottom of every page."))
        self.banner_edit.setAccessibleName(self.tr("Marking on every page"))
        form.addRow(self.tr("&Marking on every page"), self.banner_edit)
        column.addLayout(form)
        column.addSpacing(8)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal, self)
        self.next_button = buttons.addButton(self.tr("&Choose file…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.next_button.setDefault(True)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        if not self._formats.checkedButton() and self.format_buttons:
            next(iter(self.format_buttons.values())).setChecked(True)
        self._refresh()

    def suffix(self) -> str:
        """Return the suffix of the chosen format, with its dot."""
        return next((known for known, button in self.format_buttons.items() if button.isChecked()), "")

    def options(self) -> ReportOptions:
        """Return the options as they are set."""
        return replace(
            self._options,
            banner=self.banner_edit.text().strip(),
            pictures=self.pictures_box.isChecked(),
            shows_marks=self.marks_box.isChecked(),
        )

    def _texts(self) -> dict[str, str]:
        return {
            ".html": self.tr("&HTML: one page for any browser, light or dark"),
            ".pdf": self.tr("P&DF: A4 pages to print and to file"),
            ".csv": self.tr("C&SV: the table of metrics with every digit"),
            ".json": self.tr("&JSON: all numbers, neighbours and pairs, for programs"),
        }

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text, self)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        return label

    def _refresh(self) -> None:
        has_pages = self.suffix() in _PAGES
        self.pictures_box.setEnabled(has_pages)
        self.marks_box.setEnabled(has_pages)
        self.banner_edit.setEnabled(has_pages)

    def _on_accepted(self) -> None:
        self.accept()
        self.chosen.emit(self.suffix(), self.options())
