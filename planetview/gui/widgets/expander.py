"""A heading that opens and closes what is below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from planetview.gui.icons import icon, square_beside
from planetview.gui.theme import Theme


class Expander(QWidget):
    """Shows `content` only while its heading is open; the heading is a button for mouse and keyboard."""

    opened = Signal()

    def __init__(self, title: str, content: QWidget, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._content = theme, content
        self._heading = QToolButton(self, autoRaise=True)
        self._heading.setCheckable(True)
        self._heading.setProperty("heading", True)
        self._heading.setText(title)
        self._heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._heading.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._heading.setAccessibleName(title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._heading)
        layout.addWidget(content)
        content.hide()
        self._heading.toggled.connect(self._on_toggled)
        theme.changed.connect(self._draw)
        self._draw()

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return self._heading.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Open or close it."""
        self._heading.setChecked(is_open)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._heading.setText(title)
        self._heading.setAccessibleName(title)

    def _on_toggled(self, is_open: bool) -> None:
        self._content.setVisible(is_open)
        self._draw()
        if is_open:
            self.opened.emit()

    def _draw(self) -> None:
        self._heading.setIconSize(square_beside(self._heading))
        self._heading.setIcon(icon("collapse" if self.is_open else "expand", self._theme.tokens.text_muted))
