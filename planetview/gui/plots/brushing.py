"""Drawing an area into a plot with the mouse: a rectangle, an interval of the x axis, or a free outline."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsPathItem

_MOST_CORNERS = 120
_FILL_OPACITY = 40

Vector = npt.NDArray[np.float64]


class BrushShape(StrEnum):
    """What a drag draws."""

    RECTANGLE = "rectangle"
    LASSO = "lasso"
    INTERVAL = "interval"


class BrushViewBox(pg.ViewBox):
    """A view box whose left drag is a brush instead of a pan, in brush mode or with Shift."""

    brushed = Signal(QRectF, object)  # rectangle or interval in data coordinates, keyboard modifiers
    lassoed = Signal(QPolygonF, object)  # outline in data coordinates, keyboard modifiers

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.is_brushing = False
        self.shape_drawn = BrushShape.RECTANGLE
        self._outline: list[QPointF] = []
        self._trace = QGraphicsPathItem(self)
        self._trace.setZValue(1e9)
        self._trace.hide()

    def dress(self, colour: str) -> None:
        """Draw brushes in this colour."""
        pen = QPen(QColor(colour), 1.5)
        pen.setCosmetic(True)
        fill = QColor(colour)
        fill.setAlpha(_FILL_OPACITY)
        for item in (self.rbScaleBox, self._trace):
            item.setPen(pen)
            item.setBrush(fill)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        with_shift = bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        is_left = ev.button() == Qt.MouseButton.LeftButton
        if not (is_left and axis is None and (self.is_brushing or with_shift)):
            super().mouseDragEvent(ev, axis=axis)
            return
        ev.accept()
        if self.shape_drawn is BrushShape.LASSO:
            self._draw_outline(ev)
        else:
            self._draw_box(ev)

    def _draw_box(self, ev: Any) -> None:
        start, end = QPointF(ev.buttonDownPos(ev.button())), QPointF(ev.pos())
        if self.shape_drawn is BrushShape.INTERVAL:
            area = self.boundingRect()
            start, end = QPointF(start.x(), area.top()), QPointF(end.x(), area.bottom())
        if not ev.isFinish():
            self.updateScaleBox(start, end)
            return
        self.rbScaleBox.hide()
        drawn = QRectF(start, end).normalized()
        self.brushed.emit(self.childGroup.mapRectFromParent(drawn).normalized(), ev.modifiers())

    def _draw_outline(self, ev: Any) -> None:
        if ev.isStart():
            self._outline = [QPointF(ev.buttonDownPos(ev.button()))]
        self._outline.append(QPointF(ev.pos()))
        if not ev.isFinish():
            path = QPainterPath()
            path.addPolygon(QPolygonF(self._outline))
            path.closeSubpath()
            self._trace.setPath(path)
            self._trace.show()
            return
        self._trace.hide()
        corners = [self.childGroup.mapFromParent(point) for point in thinned(self._outline)]
        self.lassoed.emit(QPolygonF(corners), ev.modifiers())

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        ev.ignore()


def thinned(outline: list[QPointF]) -> list[QPointF]:
    """Return at most some hundred corners of an outline: each costs a pass over all points."""
    step = -(-len(outline) // _MOST_CORNERS)
    return outline[::step]


def inside_outline(x: Vector, y: Vector, outline: QPolygonF) -> npt.NDArray[np.bool_]:
    """Return which of the points (x, y), shape (n,), lie inside an outline, by the even-odd rule."""
    area = outline.boundingRect()
    near = np.flatnonzero((x >= area.left()) & (x <= area.right()) & (y >= area.top()) & (y <= area.bottom()))
    px, py = x[near], y[near]
    odd = np.zeros(near.size, dtype=np.bool_)
    corners = [(point.x(), point.y()) for point in outline.toList()]
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            odd ^= ((y0 > py) != (y1 > py)) & (px < (x1 - x0) * (py - y0) / (y1 - y0) + x0)
    inside = np.zeros(x.size, dtype=np.bool_)
    inside[near[odd]] = True
    return inside
