"""Messages that stay until they are dealt with, above the page, never in the way of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from planetview.gui.icons import icon, icon_pixmap
from planetview.gui.theme import Theme
from planetview.gui.widgets.text_dialog import TextDialog

Tone = Literal["info", "warning", "danger"]

_ICONS: dict[str, str] = {"info": "info", "warning": "warning", "danger": "error"}


@dataclass(frozen=True)
class BarMessage:
    """What a message bar says and offers.

    key: a later message of the same key takes the place of this one. details: for "Details" and "Copy".
    actions: label and what it does; the bar closes after it. on_close: called when it is closed unused.
    """

    key: str
    text: str
    hint: str = ""
    tone: Tone = "info"
    details: str = ""
    actions: tuple[tuple[str, Callable[[], object]], ...] = ()
    on_close: Callable[[], object] | None = None


class MessageBar(QFrame):
    """One message with its buttons."""

    closed = Signal(object)  # self

    def __init__(self, message: BarMessage, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = message
        self._theme = theme
        self.setProperty("tone", message.tone)
        self.setAccessibleName(f"{message.text} {message.hint}".strip())
        self._icon = QLabel(self)
        self._text = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._text.setText(message.text)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 8, 8)
        layout.setSpacing(12)
        layout.addWidget(self._icon)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._text)
        if message.hint:
            hint = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            hint.setText(message.hint)
            hint.setProperty("muted", True)
            texts.addWidget(hint)
        layout.addLayout(texts, 1)
        self._add_buttons(layout)
        theme.changed.connect(self._draw)
        self._draw()

    def _add_buttons(self, layout: QHBoxLayout) -> None:
        for label, action in self.message.actions:
            layout.addWidget(self._button(label, partial(self._act, action)))
        if self.message.details:
            layout.addWidget(self._button(self.tr("Details"), self._show_details))
        if self.message.tone != "info":
            layout.addWidget(self._button(self.tr("Copy"), self._copy))
        self._close = QToolButton(self, autoRaise=True)
        self._close.setAccessibleName(self.tr("Close this message"))
        self._close.setToolTip(self.tr("Close this message"))
        self._close.clicked.connect(self._on_closed_unused)
        layout.addWidget(self._close)

    def _button(self, label: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(label, self)
        button.clicked.connect(lambda _checked=False: action())
        return button

    def _act(self, action: Callable[[], object]) -> None:
        self.closed.emit(self)
        action()

    def _on_closed_unused(self) -> None:
        self.closed.emit(self)
        if self.message.on_close is not None:
            self.message.on_close()

    def _as_text(self) -> str:
        return "\n".join(part for part in (self.message.text, self.message.hint, self.message.details) if part)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._as_text())

    def _show_details(self) -> None:
        dialog = TextDialog(self.tr("Details"), self._as_text(), self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        colour = {"info": tokens.accent, "warning": tokens.warning, "danger": tokens.danger}[self.message.tone]
        self._icon.setPixmap(icon_pixmap(_ICONS[self.message.tone], colour, 20, self.devicePixelRatioF()))
        self._close.setIcon(icon("remove", tokens.text_muted))


class MessageArea(QWidget):
    """The bars that are open, latest at the bottom; takes no room while there are none."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bars: list[MessageBar] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 8, 16, 8)
        self._layout.setSpacing(8)
        self.hide()

    def show_message(self, message: BarMessage) -> None:
        """Show a message; it takes the place of an open one with the same key."""
        self.dismiss(message.key)
        bar = MessageBar(message, self._theme, self)
        bar.closed.connect(self._on_closed)
        self._bars.append(bar)
        self._layout.addWidget(bar)
        self.show()

    def dismiss(self, key: str) -> None:
        """Close the message of that key, if it is open."""
        for bar in [bar for bar in self._bars if bar.message.key == key]:
            self._on_closed(bar)

    def messages(self) -> tuple[BarMessage, ...]:
        """Return what is shown."""
        return tuple(bar.message for bar in self._bars)

    def _on_closed(self, bar: MessageBar) -> None:
        if bar in self._bars:
            self._bars.remove(bar)
            self._layout.removeWidget(bar)
            bar.hide()
            bar.deleteLater()
        if not self._bars:
            self.hide()
