"""Help > Licences: what PlanetView is made of, and the text of each licence."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from planetview.core.licences import Licence, licences
from planetview.core.messages import JobFailure
from planetview.gui.background import Background
from planetview.gui.widgets.text_dialog import typewriter_font


class LicencesDialog(QDialog):
    """A list to search, and the text of the part that is chosen; needs no network."""

    def __init__(self, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Licences"))
        self._licences: tuple[Licence, ...] = ()
        self._is_open = True
        self.finished.connect(self._on_finished)
        self.search = QLineEdit(self, placeholderText=self.tr("Find a name or a word of a licence…"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Find a name or a word of a licence"))
        self.search.setToolTip(self.tr("A package, a licence such as BSD, or any words of its text"))
        self.search.textChanged.connect(self._fill)
        self.list = QListWidget(self)
        self.list.setSpacing(2)
        self.list.setAccessibleName(self.tr("Parts of PlanetView"))
        self.list.setToolTip(self.tr("Choose a part to read its licence"))
        self.list.currentRowChanged.connect(self._show)
        self.text = QPlainTextEdit(self, readOnly=True)
        self.text.setFont(typewriter_font(self))
        self.text.document().setDocumentMargin(12)
        self.text.setAccessibleName(self.tr("Text of the licence"))
        self.text.setToolTip(self.tr("The texts that the package carries"))
        self.note = QLabel(self.tr("Reading…"), self, wordWrap=True)
        self.note.setProperty("muted", True)
        self._build()
        self.resize(min(900, parent.width() - 40), min(620, parent.height() - 40))
        background.submit(licences, self._on_read, self._on_failed)

    def shown(self) -> list[str]:
        """Return the names that are listed."""
        return [self.list.item(row).data(Qt.ItemDataRole.UserRole).name for row in range(self.list.count())]

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.text)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, Qt.Orientation.Horizontal, self)
        self.copy_button = buttons.addButton(self.tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip(self.tr("Copy the text of this licence"))
        self.copy_button.setEnabled(False)
        self.copy_button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip(self.tr("Close (Esc)"))
        for button in buttons.buttons():
            button.setAutoDefault(False)  # type: ignore[attr-defined]
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(split, 1)
        column.addWidget(self.note)
        column.addWidget(buttons)

    def _on_finished(self) -> None:
        self._is_open = False

    def _on_read(self, found: tuple[Licence, ...]) -> None:
        if self._is_open:
            self._licences = found
            self._fill()

    def _on_failed(self, why: JobFailure) -> None:
        if self._is_open:
            self.note.setText(f"{why.message} {why.hint}".strip())

    def _fill(self) -> None:
        words = self.search.text().casefold().split()
        self.list.clear()
        for one in self._licences:
            whole = f"{one.name} {one.licence} {one.text}".casefold()
            if all(word in whole for word in words):
                self.list.addItem(f"{one.name} {one.version}".strip())
                self.list.item(self.list.count() - 1).setData(Qt.ItemDataRole.UserRole, one)
        self.note.setText(self.tr("{0} of {1} parts").format(self.list.count(), len(self._licences)))
        self.list.setCurrentRow(0)
        self._show(self.list.currentRow())

    def _show(self, row: int) -> None:
        item = self.list.item(row) if row >= 0 else None
        self.copy_button.setEnabled(item is not None)
        if item is None:
            self.text.setPlainText("")
            return
        one = item.data(Qt.ItemDataRole.UserRole)
        head = f"{one.name} {one.version}".strip() + (f"\n{one.licence}" if one.licence else "")
        text = one.text or self.tr("The package carries no licence text.")
        self.text.setPlainText(f"{head}\n\n{text}")
