"""The frame around a plot: a ring while it has the keyboard, a context menu with keys, a word when there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFocusEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from planetview.gui.local_keys import PLOTS, bind
from planetview.gui.theme import Tokens

# As wide as the widest ring around what has the focus.
_RING_PX = 3


class PlotFrame(QFrame):
    """Holds one widget that draws; it takes the keyboard for it."""

    def __init__(self, tokens: Tokens, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tokens = tokens
        self.setAccessibleName(name)
        self.setObjectName("plot")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._body: QWidget | None = None
        self._nothing = QLabel(self, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        self._nothing.setProperty("muted", True)
        self._nothing.setMargin(24)
        self._nothing.setVisible(False)

    def hold(self, body: QWidget) -> None:
        """Show the widget that draws."""
        self._body = body
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*4 * (_RING_PX,))
        layout.addWidget(body)
        layout.addWidget(self._nothing)

    def show_nothing(self, text: str) -> None:
        """Say in the middle of the plot why there is nothing; empty text takes the words away."""
        self._nothing.setText(text)
        self._nothing.setVisible(bool(text))
        if self._body is not None:
            self._body.setVisible(not text)

    def rest(self, on: bool) -> None:
        """Paint nothing for a moment, while what is to be seen is worked out; or paint again."""
        if self._body is not None:
            self._body.setUpdatesEnabled(not on)

    def empty_text(self) -> str:
        """Return the words shown instead of data, or ""."""
        return self._nothing.text()

    def add_menu_action(self, text: str, slot: Callable[[], object], keys: str) -> QAction:
        """Add a line to the context menu; its keys work while the plot has the focus.

        keys: the usual ones, as the table of local keys has them for plots.
        """
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        bind(action, PLOTS)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 200)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        # The window around a plot, such as the compare view, may have the same keys; here they are the plot's.
        is_asked = event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_asked and self._action_for(cast(QKeyEvent, event)) is not None:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._action_for(event)
        if action is not None:
            action.trigger()
        else:
            super().keyPressEvent(event)

    def _action_for(self, event: QKeyEvent) -> QAction | None:
        """Return the command of the context menu that has the keys of an event."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        pressed = [QKeySequence(modifiers.value | event.key())]
        if not event.text().isalpha():
            # A plus sign needs Shift on many keyboards, and is no other key for that.
            pressed.append(QKeySequence((modifiers & ~Qt.KeyboardModifier.ShiftModifier).value | event.key()))
        for action in self.actions():
            if action.isEnabled() and any(keys in pressed for keys in action.shortcuts()):
                return action
        return None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.tokens.surface))
        ring = QColor(self.tokens.accent if self.hasFocus() else self.tokens.border)
        width = self.tokens.ring_px if self.hasFocus() else 1
        # A pen lies on both sides of its line: half of it would be cut off at two edges.
        pen = QPen(ring, width)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2))
        painter.end()
