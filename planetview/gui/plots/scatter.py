"""Scatter of two quantities for several datasets: points or density, regression lines, selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from planetview.core.tables import Cell
from planetview.gui.plots.base import PlotBase
from planetview.gui.plots.styles import SeriesStyle
from planetview.gui.theme import Theme

MAX_POINTS = 20_000
_MAX_RINGS = 2_000
_DENSITY_CELLS = 256
_HIT_RADIUS_PX = 14.0

_Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScatterSeries:
    """One dataset in a scatter.

    x, y: shape (n,), finite. rows: shape (n,), what the points are called outside. line: (slope, intercept) or None.
    legend: text of the legend entry, HTML.
    """

    name: str
    legend: str
    style: SeriesStyle
    x: _Vector
    y: _Vector
    rows: npt.NDArray[np.int64]
    line: tuple[float, float] | None


class ScatterPlot(PlotBase):
    """Points with rings around the selected ones. A click takes the nearest point, a brush all inside it.

    More than `MAX_POINTS` points are shown as a density, which stays quick to move.
    """

    point_chosen = Signal(str, int)  # series name, row
    area_chosen = Signal(object, object)  # series name -> rows inside, keyboard modifiers

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._series: tuple[ScatterSeries, ...] = ()
        self._selected: dict[str, npt.NDArray[np.bool_]] = {}
        self._current: tuple[str, int] | None = None
        self.clicked.connect(self._on_clicked)
        self.brushed.connect(self._on_brushed)

    @property
    def shows_density(self) -> bool:
        """Whether there are too many points to draw each."""
        return sum(one.x.size for one in self._series) > MAX_POINTS

    @property
    def ringed(self) -> dict[str, npt.NDArray[np.int64]]:
        """Rows marked as selected, by series."""
        return {one.name: one.rows[self._mask_of(one)] for one in self._series}

    def show_series(self, series: tuple[ScatterSeries, ...]) -> None:
        """Draw these series, with nothing marked."""
        self._series, self._selected, self._current = series, {}, None
        self.redraw()

    def mark(self, selected: dict[str, npt.NDArray[np.bool_]], current: tuple[str, int] | None) -> None:
        """Ring the selected points and cross the current one.

        selected: series name -> mask over its points, shape (n,). current: series name and row.
        """
        self._selected, self._current = selected, current
        self._draw_marks()

    def choose_area(self, area: QRectF, modifiers: Qt.KeyboardModifier) -> None:
        """Report the points inside a rectangle of data coordinates."""
        inside = {
            one.name: one.rows[
                (one.x >= area.left()) & (one.x <= area.right()) & (one.y >= area.top()) & (one.y <= area.bottom())
            ]
            for one in self._series
        }
        self.area_chosen.emit(inside, modifiers)

    def choose_visible(self) -> None:
        """Report the points now in view: the brush for the keyboard."""
        self.choose_area(QRectF(self.view_box.viewRect()), Qt.KeyboardModifier.NoModifier)

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        rows: list[list[Cell]] = [
            [one.name, *point]
            for one in self._series
            for point in zip(one.rows.tolist(), one.x.tolist(), one.y.tolist(), strict=True)
        ]
        return ["set", "row", self.axis_words("bottom"), self.axis_words("left")], rows

    def redraw(self) -> None:
        self.clear_items()
        for one in self._series:
            if one.x.size and self.shows_density:
                self.add(_density(one.x, one.y, one.style.colour(self.tokens)))
            elif one.x.size:
                self._draw_points(one)
            if one.line is not None and one.x.size:
                self._draw_line(one, one.line)
            self.add_legend_entry(one.style, one.legend)
        self._draw_marks()

    def _draw_points(self, one: ScatterSeries) -> None:
        colour = one.style.colour(self.tokens)
        colour.setAlpha(200)
        self.add(pg.ScatterPlotItem(x=one.x, y=one.y, pen=None, brush=colour, size=7, symbol=one.style.symbol))

    def _draw_line(self, one: ScatterSeries, line: tuple[float, float]) -> None:
        ends = np.array([one.x.min(), one.x.max()])
        pen = self.pen(one.style.colour(self.tokens), 2.5, one.style.line)
        self.add(pg.PlotCurveItem(x=ends, y=line[0] * ends + line[1], pen=pen, antialias=True), z=5)

    def _draw_marks(self) -> None:
        self.clear_marks()
        ring = self.pen(self.tokens.text, 1.5)
        brush = QColor(self.tokens.text)
        for one in self._series:
            mask = self._mask_of(one)
            if mask.sum() > _MAX_RINGS:
                self.add(_density(one.x[mask], one.y[mask], brush), 10, is_mark=True)
            elif mask.any():
                rings = pg.ScatterPlotItem(x=one.x[mask], y=one.y[mask], size=12, pen=ring, brush=None)
                self.add(rings, 10, is_mark=True)
            if self._current is not None and self._current[0] == one.name:
                here = one.rows == self._current[1]
                cross = pg.ScatterPlotItem(x=one.x[here], y=one.y[here], symbol="+", size=22, pen=None, brush=brush)
                self.add(cross, 11, is_mark=True)

    def _mask_of(self, one: ScatterSeries) -> npt.NDArray[np.bool_]:
        mask = self._selected.get(one.name)
        return mask if mask is not None and mask.shape == one.x.shape else np.zeros(one.x.size, dtype=np.bool_)

    @Slot(QPointF, object)
    def _on_clicked(self, at: QPointF, _modifiers: Qt.KeyboardModifier) -> None:
        step_x, step_y = self.view_box.viewPixelSize()
        best: tuple[float, str, int] | None = None
        for one in self._series:
            if not one.x.size:
                continue
            away = np.hypot((one.x - at.x()) / step_x, (one.y - at.y()) / step_y)
            nearest = int(np.argmin(away))
            if best is None or away[nearest] < best[0]:
                best = (float(away[nearest]), one.name, int(one.rows[nearest]))
        if best is not None and best[0] <= _HIT_RADIUS_PX:
            self.point_chosen.emit(best[1], best[2])

    @Slot(QRectF, object)
    def _on_brushed(self, area: QRectF, modifiers: Qt.KeyboardModifier) -> None:
        self.choose_area(area, modifiers)


def least_squares_line(x: _Vector, y: _Vector) -> tuple[float, float] | None:
    """Return (slope, intercept) of the least-squares line of y on x.

    x, y: shape (n,), finite. None for fewer than 2 points or where x has no spread.
    """
    if x.size < 2:
        return None
    centred = x - x.mean()
    spread = float(centred @ centred)
    if spread <= (1e-13 * max(1.0, float(np.abs(x).max()))) ** 2 * x.size:
        return None
    slope = float(centred @ (y - y.mean())) / spread
    return slope, float(y.mean()) - slope * float(x.mean())


def _density(x: _Vector, y: _Vector, colour: QColor) -> pg.ImageItem:
    """Return an image of how many points fall into each cell: the more, the less transparent."""
    area = _span(x, y)
    counts, _, _ = np.histogram2d(
        y, x, bins=_DENSITY_CELLS, range=((area.top(), area.bottom()), (area.left(), area.right()))
    )
    table = np.empty((256, 4), dtype=np.uint8)
    table[:, :3] = (colour.red(), colour.green(), colour.blue())
    # Even a single point must show against the ground.
    table[:, 3] = np.linspace(70, 255, 256)
    table[0, 3] = 0
    shades = np.log1p(counts)
    image = pg.ImageItem(shades / shades.max(), axisOrder="row-major", levels=(0.0, 1.0), lut=table)
    image.setRect(area)
    return image


def _span(x: _Vector, y: _Vector) -> QRectF:
    left, right, low, high = float(x.min()), float(x.max()), float(y.min()), float(y.max())
    width, height = right - left or 1.0, high - low or 1.0
    return QRectF(left, low, width, height)
