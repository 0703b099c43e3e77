"""The bars of overlaid histograms as one item of a scene, quick to draw, and which of them an outline takes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from planetview.gui.plots.brushing import inside_outline

Vector = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of one series as they are drawn.

    ends: shape (bins,), where each bar ends on the y axis. pen, fill: of its outline and area. median: NaN for no line.
    """

    name: str
    ends: Vector
    pen: QPen
    fill: QColor
    median: float


class BarsItem(pg.GraphicsObject):
    """All bars and the lines of their medians.

    One item without antialiasing: eight dashed outlines of 80 bars take 13 ms, as smoothed curves 100 ms. Only straight
    lines along the axes are drawn, which smoothing blurs.
    """

    def __init__(self, edges: Vector, bars: tuple[Bars, ...], ground: float, top: float, *, is_smooth: bool) -> None:
        super().__init__()
        self._area = QRectF(QPointF(edges[0], ground), QPointF(edges[-1], top)).normalized()
        self._ground, self._top, self._is_smooth = ground, top, is_smooth
        self.bars = bars
        self._outlines = [outline(edges, one.ends, ground) for one in bars]
        medians = [one.median for one in bars if np.isfinite(one.median)]
        left, right = min([edges[0], *medians]), max([edges[-1], *medians])
        self._area.setLeft(left)
        self._area.setRight(right)

    def boundingRect(self) -> QRectF:
        # The pens are cosmetic: half of their width lies outside, in pixels.
        wide, high = self.pixelVectors()
        across = 2.0 * wide.length() if wide is not None else 0.0
        up = 2.0 * high.length() if high is not None else 0.0
        return self._area.adjusted(-across, -up, across, up)

    def dataBounds(self, ax: int, **_: object) -> list[float]:
        """Return what the view must show of an axis, as pyqtgraph asks for it."""
        area = self._area
        return [area.left(), area.right()] if ax == 0 else [area.top(), area.bottom()]

    def pixelPadding(self) -> float:
        """Return how far the pens reach outside of the data, in pixels."""
        return 1.0

    def viewTransformChanged(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._is_smooth)
        for one, shape in zip(self.bars, self._outlines, strict=True):
            painter.setPen(QPen(QColor(0, 0, 0, 0)))
            painter.setBrush(one.fill)
            painter.drawPolygon(shape)
            painter.setPen(one.pen)
            painter.drawPolyline(shape)
        for one in self.bars:
            if np.isfinite(one.median):
                painter.setPen(one.pen)
                painter.drawLine(QPointF(one.median, self._ground), QPointF(one.median, self._top))


def outline(edges: Vector, ends: Vector, ground: float) -> QPolygonF:
    """Return the steps of bars over `edges`, shape (bins + 1,), from the ground up and back to it."""
    x = np.repeat(edges, 2)
    y = np.concatenate([[ground], np.repeat(ends, 2), [ground]])
    polygon: QPolygonF = pg.functions.arrayToQPolygonF(x, y)
    return polygon


def bars_inside(edges: Vector, ends: Mapping[str, Vector], area: QRectF | QPolygonF) -> dict[str, Mask]:
    """Return which bars have the middle of their end inside a rectangle or an outline: series -> shape (bins,).

    Bars stand in front of each other; their ends tell apart which one is meant.
    """
    middles = (edges[:-1] + edges[1:]) / 2
    if isinstance(area, QRectF):
        area = QPolygonF([area.topLeft(), area.topRight(), area.bottomRight(), area.bottomLeft()])
    return {name: inside_outline(middles, y, area) for name, y in ends.items()}
