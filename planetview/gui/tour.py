"""A walk through the window in six steps, over the demo; left at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from planetview.gui.theme import Theme

_GAP_PX = 12
_NEXT = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Right, Qt.Key.Key_Down)
_BACK = (Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Backspace)


@dataclass(frozen=True)
class TourStep:
    """One stop.

    title, text: what is said. show: brings the place into view. place: returns the widget that is pointed at, or None
    for the middle of the window.
    """

    title: str
    text: str
    show: Callable[[], object]
    place: Callable[[], QWidget | None]


class Tour(QWidget):
    """Lies over the window, dims it but for one place and explains that; Enter goes on, Left back, Esc ends."""

    ended = Signal()

    def __init__(self, steps: Sequence[TourStep], theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._steps, self._theme, self._window, self._number = tuple(steps), theme, window, 0
        self._focus_before = QApplication.focusWidget()
        self.setObjectName("tour")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(self.tr("Tour of the window"))
        self.card = QFrame(self)
        self.card.setObjectName("tourCard")
        self._title = QLabel(self.card, wordWrap=True)
        self._title.setProperty("title", True)
        self._text = QLabel(self.card, wordWrap=True)
        self._count = QLabel(self.card)
        self._count.setProperty("muted", True)
        self.skip_button = QPushButton(self.tr("End the tour"), self.card)
        self.skip_button.setProperty("quiet", True)
        self.skip_button.setToolTip(self.tr("End the tour (Esc); it stays in the Help menu"))
        self.back_button = QPushButton(self.tr("Back"), self.card)
        self.back_button.setToolTip(self.tr("The step before (Left)"))
        self.next_button = QPushButton(self.card)
        self.next_button.setProperty("primary", True)
        self.next_button.setToolTip(self.tr("The next step (Enter)"))
        row = QHBoxLayout()
        row.addWidget(self._count, 1)
        for button in (self.skip_button, self.back_button, self.next_button):
            row.addWidget(button)
            button.installEventFilter(self)
        self._column = column = QVBoxLayout(self.card)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addLayout(row)
        self.skip_button.clicked.connect(self.end)
        self.back_button.clicked.connect(self.back)
        self.next_button.clicked.connect(self.go_on)
        window.installEventFilter(self)
        self.card.installEventFilter(self)
        theme.changed.connect(self._draw)
        self._draw()
        self.setGeometry(window.rect())
        self.show()
        self.raise_()
        self._show_step()

    @property
    def number(self) -> int:
        """Which step is shown, from 0."""
        return self._number

    def go_on(self) -> None:
        """Show the next step; after the last one the tour ends."""
        if self._number + 1 == len(self._steps):
            self.end()
        else:
            self._number += 1
            self._show_step()

    def back(self) -> None:
        """Show the step before."""
        if self._number:
            self._number -= 1
            self._show_step()

    def end(self) -> None:
        """End the tour and give the focus back."""
        self._window.removeEventFilter(self)
        self.close()
        if self._focus_before is not None and self._focus_before.isVisible():
            self._focus_before.setFocus()
        self.ended.emit()

    def event(self, event: QEvent) -> bool:
        # The window's own keys (Esc cancels a job) rest while the tour lies over it.
        keys = (*_NEXT, *_BACK, Qt.Key.Key_Escape)
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in keys:
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A button of Qt's own would move the focus at an arrow key.
        if isinstance(watched, QPushButton) and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in (*_NEXT, *_BACK):
                self.keyPressEvent(event)
                return True
            return False
        if watched is self._window and event.type() is QEvent.Type.Resize:
            self.setGeometry(self._window.rect())
        elif watched is self.card and event.type() is QEvent.Type.LayoutRequest:
            # Its text has another size now.
            self._arrange()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = self.focusWidget()
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        elif event.key() in _NEXT[:2] and isinstance(focus, QPushButton):
            focus.click()
        elif event.key() in _NEXT:
            self.go_on()
        elif event.key() in _BACK:
            self.back()

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Keep Tab among the three buttons."""
        buttons = [b for b in (self.skip_button, self.back_button, self.next_button) if b.isEnabled()]
        focus = self.focusWidget()
        here = buttons.index(focus) if focus in buttons else -1
        buttons[(here + (1 if is_next else -1)) % len(buttons)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens, hole = self._theme.tokens, self._hole()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade = QColor("#000000")
        shade.setAlphaF(0.55)
        path = QPainterPath()
        path.addRect(QRectF(self.rect()))
        if hole is not None:
            path.addRoundedRect(QRectF(hole), 10, 10)
        painter.fillPath(path, shade)
        if hole is not None:
            painter.setPen(QPen(QColor(tokens.accent), tokens.ring_px + 1))
            painter.drawRoundedRect(QRectF(hole), 10, 10)

    def _show_step(self) -> None:
        step = self._steps[self._number]
        step.show()
        self._title.setText(step.title)
        self._text.setText(step.text)
        self._count.setText(self.tr("{0} of {1}").format(self._number + 1, len(self._steps)))
        is_last = self._number + 1 == len(self._steps)
        self.next_button.setText(self.tr("Done") if is_last else self.tr("Next"))
        self.back_button.setEnabled(self._number > 0)
        self.card.setAccessibleName(f"{step.title}. {step.text}")
        self.next_button.setAccessibleDescription(f"{step.title}. {step.text}")
        self.raise_()
        self.next_button.setFocus()
        self._arrange()

    def _hole(self) -> QRect | None:
        place = self._steps[self._number].place()
        if place is None or not place.isVisible():
            return None
        corner = place.mapTo(self._window, QPoint(0, 0))
        return QRect(corner, place.size()).adjusted(-4, -4, 4, 4).intersected(self.rect().adjusted(3, 3, -3, -3))

    def _arrange(self) -> None:
        """Put the card below, above, right or left of the place, else into its lower part; never over the edge."""
        width = min(max(380, self.fontMetrics().averageCharWidth() * 62), self.width() - 2 * _GAP_PX)
        height = min(self._column.totalHeightForWidth(width), self.height() - 2 * _GAP_PX)
        hole, room = self._hole(), self.rect().adjusted(_GAP_PX, _GAP_PX, -_GAP_PX, -_GAP_PX)
        card = QRect(0, 0, width, height)
        card.moveCenter(self.rect().center())
        if hole is not None:
            card.moveLeft(min(max(hole.left(), room.left()), room.right() - width))
            if hole.bottom() + _GAP_PX + height <= room.bottom():
                card.moveTop(hole.bottom() + _GAP_PX)
            elif hole.top() - _GAP_PX - height >= room.top():
                card.moveBottom(hole.top() - _GAP_PX)
            elif hole.right() + _GAP_PX + width <= room.right():
                card.moveTopLeft(QPoint(hole.right() + _GAP_PX, max(room.top(), hole.top())))
            else:
                card.moveCenter(QPoint(hole.center().x(), 0))
                card.moveBottom(room.bottom() - 2 * _GAP_PX)
        self.card.setGeometry(card)
        self.update()

    def _draw(self) -> None:
        tokens = self._theme.tokens
        self.card.setStyleSheet(
            f"#tourCard {{ background: {tokens.surface}; border: 2px solid {tokens.accent}; border-radius: 10px; }}"
        )
        self.update()
