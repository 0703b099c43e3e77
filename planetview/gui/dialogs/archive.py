"""Collecting a study for archive: what will be copied, how far it is, and where it went."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QProgressBar,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from planetview.core.formatting import format_bytes, format_count


class ArchiveDialog(QDialog):
    """Says what an archive will hold and asks whether it is to be a folder or a zip; then `chosen`.

    missing: names of sets that are not here and would be left out.
    """

    chosen = Signal(bool)  # as a zip

    def __init__(
        self, images: int, size: int, missing: tuple[str, ...], *, has_results: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Collect for archive"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        results = self.tr(", the results") if has_results else ""
        text = self.tr(
            "Copies the study{0} and every image of its sets to one place that opens on any computer: "
            "{1} images, about {2}. A README, the provenance and checksums go with them. The originals stay."
        ).format(results, format_count(images), format_bytes(size))
        column.addWidget(self._label(text))
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            column.addWidget(self._label(self.tr("⚠ Not here, and left out: {0}.").format(names)))
        column.addSpacing(4)
        self.folder_button = QRadioButton(self.tr("A &folder, ready to open"), self)
        self.zip_button = QRadioButton(self.tr("One &zip file, to send; to be unpacked before opening"), self)
        self.folder_button.setChecked(True)
        column.addWidget(self.folder_button)
        column.addWidget(self.zip_button)
        column.addSpacing(8)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal, self)
        self.next_button = buttons.addButton(self.tr("&Choose place…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.next_button.setDefault(True)
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _label(self, text: str) -> QLabel:
        label = QLabel(text, self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setMinimumWidth(self.fontMetrics().averageCharWidth() * 62)
        return label

    def _on_accepted(self) -> None:
        self.accept()
        self.chosen.emit(self.zip_button.isChecked())


class ArchiveProgress(QDialog):
    """Shows how far the copying is; not modal. Closing it, or Cancel, asks to stop."""

    cancelled = Signal()

    def __init__(self, target: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Collecting for archive"))
        self._is_over = False
        self._where = QLabel(self.tr("Copying to {0}").format(target), self, wordWrap=True)
        self._where.setTextFormat(Qt.TextFormat.PlainText)
        self._where.setMinimumWidth(self.fontMetrics().averageCharWidth() * 56)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Copied so far"))
        self._numbers = QLabel(self)
        self._numbers.setProperty("muted", True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal, self)
        self.cancel_button = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(8)
        for widget in (self._where, self.bar, self._numbers, buttons):
            column.addWidget(widget)
        self.show_progress(0, 1)

    def show_progress(self, done: int, total: int) -> None:
        """Show bytes copied."""
        self.bar.setValue(1000 * done // max(total, 1))
        if done:
            self._numbers.setText(self.tr("{0} of about {1}").format(format_bytes(done), format_bytes(total)))
        else:
            self._numbers.setText(self.tr("Beginning…"))

    def end(self) -> None:
        """Close without asking to stop."""
        self._is_over = True
        self.accept()

    def reject(self) -> None:
        if not self._is_over:
            self._is_over = True
            self.cancelled.emit()
        super().reject()
