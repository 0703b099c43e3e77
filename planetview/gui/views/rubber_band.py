"""A frame that is dragged over a scrolled view, scrolling it at the edges."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRect, QSize, QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QRubberBand

_SCROLL_MS = 30
_SCROLL_PX = 24


class RubberBand(QObject):
    """Tells what a dragged frame covers, in coordinates of the whole contents, at each move."""

    framed = Signal(QRect, bool)  # what the frame covers; whether it was begun with Ctrl

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(view)
        self._view = view
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, view.viewport())
        self._origin: QPoint | None = None
        self._at = QPoint()
        self._joins = False
        self._scrolling = QTimer(self, interval=_SCROLL_MS)
        self._scrolling.timeout.connect(self._scroll)

    def press(self, at: QPoint, joins: bool) -> None:
        """Remember where a drag may begin, in coordinates of the viewport."""
        self._origin, self._at, self._joins = at + self._offset(), at, joins

    def move(self, at: QPoint) -> None:
        """Draw the frame to a point and tell what it covers."""
        if self._origin is None:
            return
        self._at = at
        far = (at + self._offset() - self._origin).manhattanLength() >= QApplication.startDragDistance()
        if not self._band.isVisible() and not far:
            return
        self._band.show()
        self._tell()
        if self._view.viewport().rect().contains(at):
            self._scrolling.stop()
        elif not self._scrolling.isActive():
            self._scrolling.start()

    def release(self) -> None:
        """End the drag."""
        self._origin = None
        self._scrolling.stop()
        self._band.hide()

    def _offset(self) -> QPoint:
        return QPoint(0, self._view.verticalScrollBar().value())

    def _tell(self) -> None:
        assert self._origin is not None
        end = self._at + self._offset()
        area = QRect(
            QPoint(min(self._origin.x(), end.x()), min(self._origin.y(), end.y())),
            QSize(abs(end.x() - self._origin.x()) + 1, abs(end.y() - self._origin.y()) + 1),
        )
        self._band.setGeometry(area.translated(-self._offset()))
        self.framed.emit(area, self._joins)

    @Slot()
    def _scroll(self) -> None:
        view = self._view.viewport().rect()
        step = _SCROLL_PX if self._at.y() > view.bottom() else -_SCROLL_PX if self._at.y() < view.top() else 0
        bar = self._view.verticalScrollBar()
        bar.setValue(bar.value() + step)
        if self._origin is not None:
            self._tell()
