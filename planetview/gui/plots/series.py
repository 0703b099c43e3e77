"""What a scatter shows: points of several datasets with their lines, on linear or logarithmic axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from planetview.core.regression import Regression
from planetview.gui.plots.brushing import inside_outline
from planetview.gui.plots.styles import SeriesStyle

MAX_POINTS = 20_000
_CURVE_PLACES = 121

Vector = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
ToPolygon = Callable[[Vector, Vector], QPolygonF]


@dataclass(frozen=True, slots=True)
class Scales:
    """Which axes are logarithmic: positions on those are decimal logarithms of the values."""

    is_log_x: bool = False
    is_log_y: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether positions are values."""
        return not (self.is_log_x or self.is_log_y)

    def place_x(self, values: Vector) -> Vector:
        """Return where values stand on the x axis, NaN where nowhere."""
        return _log(values) if self.is_log_x else values

    def place_y(self, values: Vector) -> Vector:
        """Return where values stand on the y axis, NaN where nowhere."""
        return _log(values) if self.is_log_y else values

    def value(self, at: QPointF) -> QPointF:
        """Return the values at a position."""
        return QPointF(10.0 ** at.x() if self.is_log_x else at.x(), 10.0 ** at.y() if self.is_log_y else at.y())


@dataclass(frozen=True)
class FitCurve:
    """A line with its band as positions, shape (n,) each: straight where both axes are linear.

    y is NaN where the line has no logarithm. low, high: the edges of the band, None without one.
    """

    x: Vector
    y: Vector
    low: Vector | None
    high: Vector | None

    def line_path(self, polygon: ToPolygon) -> QPainterPath:
        """Return the line; `polygon` makes positions points of the path."""
        path = QPainterPath()
        for part in _runs(np.isfinite(self.y)):
            path.addPolygon(polygon(self.x[part], self.y[part]))
        return path

    def band_path(self, polygon: ToPolygon) -> QPainterPath:
        """Return the area of the band, empty without one."""
        path = QPainterPath()
        if self.low is not None and self.high is not None:
            for part in _runs(np.isfinite(self.high)):
                edge = polygon(self.x[part], self.high[part])
                edge.append(polygon(self.x[part][::-1], self.low[part][::-1]).toList())
                path.addPolygon(edge)
                path.closeSubpath()
        return path


@dataclass(frozen=True)
class ScatterSeries:
    """One dataset in a scatter.

    x, y: positions on the axes, shape (n,), finite. rows: shape (n,), what the points are called outside.
    line: of the values, None without spread. legend: text of the legend entry, HTML. short: the same in few letters.
    values: x and y as values where `scales` are not linear.
    """

    name: str
    legend: str
    style: SeriesStyle
    x: Vector
    y: Vector
    rows: npt.NDArray[np.int64]
    line: Regression | None
    short: str = ""
    scales: Scales = Scales()
    values: tuple[Vector, Vector] | None = None

    def span(self) -> QRectF:
        """Return the rectangle around the points, with some width and height even where they have none."""
        left, right, low, high = (float(end) for v in (self.x, self.y) for end in (v.min(), v.max()))
        across, up = (0.0 if right > left else 0.5), (0.0 if high > low else 0.5)
        return QRectF(left, low, right - left, high - low).adjusted(-across, -up, across, up)

    def inside(self, area: QRectF | QPolygonF) -> Mask:
        """Return which points lie in a rectangle or an outline of positions."""
        if isinstance(area, QPolygonF):
            return inside_outline(self.x, self.y, area)
        return (self.x >= area.left()) & (self.x <= area.right()) & (self.y >= area.top()) & (self.y <= area.bottom())

    def on(self, scales: Scales) -> ScatterSeries:
        """Return the series, which has linear axes, on others."""
        if scales.is_linear:
            return self
        x, y = scales.place_x(self.x), scales.place_y(self.y)
        return replace(self, x=x, y=y, scales=scales, values=(self.x, self.y))

    def table(self) -> Iterator[tuple[int, float, float]]:
        """Yield row and values of every point."""
        x, y = self.values or (self.x, self.y)
        yield from zip(self.rows.tolist(), x.tolist(), y.tolist(), strict=True)

    def curve(self) -> FitCurve | None:
        """Return the line over the extent of the points, as it looks on these axes; None without one."""
        if self.line is None or not self.x.size:
            return None
        at = np.linspace(float(self.x.min()), float(self.x.max()), _CURVE_PLACES)
        values = 10.0**at if self.scales.is_log_x else at
        y, half = self.line.at(values), self.line.half_width(values)
        placed = self.scales.place_y(y)
        if half is None:
            return FitCurve(at, placed, None, None)
        low = self.scales.place_y(y - half)
        # What of the band has no logarithm goes down out of the plot.
        below = 2 * float(self.y.min()) - float(self.y.max()) - 1
        return FitCurve(at, placed, np.where(np.isfinite(low), low, below), self.scales.place_y(y + half))


def nearest_point(
    series: tuple[ScatterSeries, ...], at: QPointF, step: tuple[float, float], most_px: float
) -> tuple[str, int] | None:
    """Return series name and row of the point next to a position; None farther than `most_px` from all.

    step: width and height of a pixel.
    """
    best: tuple[float, str, int] | None = None
    for one in series:
        if not one.x.size:
            continue
        away = np.hypot((one.x - at.x()) / step[0], (one.y - at.y()) / step[1])
        nearest = int(np.argmin(away))
        if best is None or away[nearest] < best[0]:
            best = (float(away[nearest]), one.name, int(one.rows[nearest]))
    return best[1:] if best is not None and best[0] <= most_px else None


def next_along(one: ScatterSeries, row: int | None, by: int) -> int:
    """Return the row `by` points further along the x axis; at the ends it stays, from None it begins at an end."""
    order = np.argsort(one.x, kind="stable")
    here = np.flatnonzero(one.rows[order] == row) if row is not None else np.empty(0, dtype=np.intp)
    place = int(here[0]) + by if here.size else (0 if by > 0 else order.size - 1)
    return int(one.rows[order[min(max(place, 0), order.size - 1)]])


def whole_span(series: tuple[ScatterSeries, ...]) -> QRectF | None:
    """Return the rectangle around the points of all series; None without points."""
    spans = [one.span() for one in series if one.x.size]
    whole = spans[0] if spans else None
    for span in spans[1:]:
        whole = whole.united(span) if whole is not None else span
    return whole


def _log(values: Vector) -> Vector:
    placed = np.full(values.shape, np.nan)
    np.log10(values, out=placed, where=values > 0)
    return placed


def _runs(there: Mask) -> list[slice]:
    """Return the stretches of two or more in which a mask is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [slice(first, last) for first, last in edges.reshape(-1, 2).tolist() if last - first > 1]
