"""Where the mouse comes to rest over a plot, and which point is to be previewed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

# Long enough that a mouse on its way across shows nothing.
REST_MS = 350
_STILL_PX = 3

Point = tuple[str, int]


class Resting(QObject):
    """Follows the mouse over a viewport; a mouse whose button is held never rests."""

    rested = Signal(QPoint)  # place in the viewport
    left = Signal()  # it moved on, pressed, or went away

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._at = QPoint()
        self._has_rested = False
        self._timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._timer.timeout.connect(self._on_time)
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            at = event.position().toPoint()
            if (at - self._at).manhattanLength() > _STILL_PX or not (self._has_rested or self._timer.isActive()):
                self._at = at
                self._leave()
                if event.buttons() == Qt.MouseButton.NoButton:
                    self._timer.start()
        elif kind in (QEvent.Type.Leave, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel):
            self._leave()
        elif kind is QEvent.Type.Hide:
            self._timer.stop()
            self._has_rested = False
            self.left.emit()
        return False

    def _leave(self) -> None:
        self._timer.stop()
        if self._has_rested:
            self._has_rested = False
            self.left.emit()

    def _on_time(self) -> None:
        self._has_rested = True
        self.rested.emit(self._at)


class Previews(QObject):
    """Says whose preview is wanted: the point that the mouse rests on, or the current one while it is asked for.

    near: series name and row of the point at a place in the viewport, None where there is none. place: where such a
    point is in the viewport, None where it is not shown.
    """

    wanted = Signal(str, int, QPoint)  # series name, row, place in the viewport
    ended = Signal()

    def __init__(
        self, viewport: QWidget, near: Callable[[QPoint], Point | None], place: Callable[[str, int], QPoint | None]
    ) -> None:
        super().__init__(viewport)
        self._near, self._place = near, place
        self._current: Point | None = None
        self._follows = False
        self._resting = Resting(viewport)
        self._resting.rested.connect(self._on_rested)
        self._resting.left.connect(self.end)

    def toggle(self) -> None:
        """Preview the current point and those it moves on to, or no longer."""
        if self._follows:
            self.end()
        else:
            self._follows = True
            self.follow(self._current)

    def follow(self, current: Point | None) -> None:
        """Take this as the current point."""
        self._current = current
        if self._follows:
            self._tell(current)

    def end(self) -> None:
        """Preview nothing."""
        self._follows = False
        self.ended.emit()

    def _on_rested(self, at: QPoint) -> None:
        self._tell(self._near(at))

    def _tell(self, point: Point | None) -> None:
        where = self._place(*point) if point is not None else None
        if point is not None and where is not None:
            self.wanted.emit(*point, where)
        else:
            self.ended.emit()
