"""A window that shows text to read, copy, or keep open beside the work."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QTextBrowser, QVBoxLayout, QWidget

_MARGIN_PX = 12


def typewriter_font(widget: QWidget) -> QFont:
    """Return the system's font of equal widths in the size of the widget's text: its own does not follow the scale."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(widget.font().pointSizeF())
    return font


class TextDialog(QDialog):
    """Shows text; non-modal, with Copy and Close. `html` shows it as a page instead of as typewriter text."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None, *, html: bool = False) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(760, 560 if html else 420)
        self._view: QTextBrowser | QPlainTextEdit
        if html:
            self._view = QTextBrowser(self, openExternalLinks=True)
            self._view.setHtml(text)
        else:
            self._view = QPlainTextEdit(self, readOnly=True)
            self._view.setPlainText(text)
            self._view.setFont(typewriter_font(self))
        # Qt's own 4 pixels put the words onto the frame; set before the text, they hold for it.
        self._view.document().setDocumentMargin(_MARGIN_PX)
        self._view.setAccessibleName(title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, Qt.Orientation.Horizontal, self)
        self._buttons = buttons
        self.add_copy(self.tr("&Copy"), self.tr("Copy all of the text"), None)
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip(self.tr("Close (Esc)"))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self._view)
        layout.addWidget(buttons)

    def text(self) -> str:
        """Return what is shown, as plain text."""
        return self._view.toPlainText()

    def add_copy(self, label: str, tip: str, text: str | None) -> None:
        """Add a button that copies `text`; None copies what is shown."""
        button = self._buttons.addButton(label, QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text() if text is None else text))

    def scroll_to(self, anchor: str) -> None:
        """Show a page from the paragraph of that name; an unknown one changes nothing."""
        if anchor and isinstance(self._view, QTextBrowser):
            self._view.scrollToAnchor(anchor)
