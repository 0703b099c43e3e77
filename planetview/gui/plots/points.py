"""Very many points as one item of a plot, drawn as copies of one small picture."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
import shiboken6
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap

_FARTHEST_PX = 100_000.0
_FIELDS = 10  # of QPainter.PixmapFragment: x, y, left, top, width, height, scale x, scale y, rotation, opacity

Vector = npt.NDArray[np.float64]


class PointsItem(pg.GraphicsObject):
    """Points of one colour and marker, `size` logical pixels wide at every zoom.

    pg.ScatterPlotItem finds out the style of each point: 16,000 points take it 110 ms of processor time, and this 6.
    """

    def __init__(self, x: Vector, y: Vector, symbol: str, size: float, colour: QColor, *, as_outlines: bool) -> None:
        """x, y: shape (n,), finite. as_outlines: draw shapes rather than pictures of them, for files."""
        super().__init__()
        self._x, self._y = x, y
        self._symbol, self._size, self._colour = symbol, size, colour
        self._as_outlines = as_outlines
        self._bounds = (
            QRectF(float(x.min()), float(y.min()), float(np.ptp(x)), float(np.ptp(y))) if x.size else QRectF()
        )
        self._stamp: QPixmap | None = None

    def boundingRect(self) -> QRectF:
        across, up = (self._size * (pixel or 0.0) for pixel in (self.pixelWidth(), self.pixelHeight()))
        return self._bounds.adjusted(-across, -up, across, up)

    def paint(self, painter: QPainter, _option: Any, _widget: Any) -> None:
        placing = painter.transform()
        x = placing.m11() * self._x + placing.dx()
        y = placing.m22() * self._y + placing.dy()
        near = (np.abs(x) < _FARTHEST_PX) & (np.abs(y) < _FARTHEST_PX)
        view = self.viewRect()
        if view is not None:
            seen = placing.mapRect(view).normalized().adjusted(-self._size, -self._size, self._size, self._size)
            near &= (x > seen.left()) & (x < seen.right()) & (y > seen.top()) & (y < seen.bottom())
        painter.save()
        painter.resetTransform()
        if self._as_outlines:
            self._paint_outlines(painter, x[near], y[near])
        else:
            self._paint_copies(painter, x[near], y[near])
        painter.restore()

    def _paint_outlines(self, painter: QPainter, x: Vector, y: Vector) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        brush, pen = QBrush(self._colour), QPen(Qt.PenStyle.NoPen)
        for across, up in zip(x.tolist(), y.tolist(), strict=True):
            painter.save()
            painter.translate(across, up)
            drawSymbol(painter, self._symbol, self._size, pen, brush)
            painter.restore()

    def _paint_copies(self, painter: QPainter, x: Vector, y: Vector) -> None:
        ratio = painter.device().devicePixelRatioF()
        edge = int(np.ceil(self._size * ratio)) + 2
        if self._stamp is None or self._stamp.width() != edge:
            self._stamp = self._draw_stamp(edge, ratio)
        if not x.size:
            return
        copies = np.zeros((x.size, _FIELDS))
        copies[:, 0], copies[:, 1] = x, y
        copies[:, 4:6] = edge
        copies[:, 6:8] = 1 / ratio
        copies[:, 9] = 1
        # PySide takes the first of an array of C structures that are ten numbers each.
        first = shiboken6.wrapInstance(copies.ctypes.data, QPainter.PixmapFragment)
        painter.drawPixmapFragments(cast(QPainter.PixmapFragment, first), x.size, self._stamp)

    def _draw_stamp(self, edge: int, ratio: float) -> QPixmap:
        stamp = QPixmap(edge, edge)
        stamp.fill(Qt.GlobalColor.transparent)
        painter = QPainter(stamp)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(edge / 2, edge / 2)
        drawSymbol(painter, self._symbol, self._size * ratio, QPen(Qt.PenStyle.NoPen), QBrush(self._colour))
        painter.end()
        return stamp
