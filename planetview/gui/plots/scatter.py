"""Scatter of two quantities for several datasets: points or density, regression lines with bands, selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPolygonF
from PySide6.QtWidgets import QWidget

from planetview.core.regression import Regression
from planetview.core.tables import Cell
from planetview.gui.plots.base import PlotBase
from planetview.gui.plots.brushing import inside_outline
from planetview.gui.plots.density import DensitySample, cell_counts, density_image
from planetview.gui.plots.styles import SeriesStyle
from planetview.gui.theme import Theme

MAX_POINTS = 20_000
BAND_PLACES = 61
BAND_OPACITY = 50
_MAX_RINGS = 2_000
_CELL_PX = 3.0
_LEAST_CELLS = 32
_HIT_RADIUS_PX = 14.0
_SETTLE_MS = 60
_PADDING = 0.04

_Vector = npt.NDArray[np.float64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ScatterSeries:
    """One dataset in a scatter.

    x, y: shape (n,), finite. rows: shape (n,), what the points are called outside. line: None without spread.
    legend: text of the legend entry, HTML.
    """

    name: str
    legend: str
    style: SeriesStyle
    x: _Vector
    y: _Vector
    rows: npt.NDArray[np.int64]
    line: Regression | None

    def span(self) -> QRectF:
        """Return the rectangle around the points, with some width and height even where they have none."""
        left, right, low, high = (float(end) for v in (self.x, self.y) for end in (v.min(), v.max()))
        across, up = (0.0 if right > left else 0.5), (0.0 if high > low else 0.5)
        return QRectF(left, low, right - left, high - low).adjusted(-across, -up, across, up)

    def inside(self, area: QRectF | QPolygonF) -> _Mask:
        """Return which points lie in a rectangle or an outline."""
        if isinstance(area, QPolygonF):
            return inside_outline(self.x, self.y, area)
        return (self.x >= area.left()) & (self.x <= area.right()) & (self.y >= area.top()) & (self.y <= area.bottom())


def whole_span(series: tuple[ScatterSeries, ...]) -> QRectF | None:
    """Return the rectangle around the points of all series; None without points."""
    spans = [one.span() for one in series if one.x.size]
    whole = spans[0] if spans else None
    for span in spans[1:]:
        whole = whole.united(span) if whole is not None else span
    return whole


class ScatterPlot(PlotBase):
    """Points with rings around the selected ones. A click takes the nearest point, a brush all inside it.

    More than `MAX_POINTS` points in view are shown as a density, which stays quick to move.
    """

    point_chosen = Signal(str, int)  # series name, row
    area_chosen = Signal(object, object)  # series name -> rows inside, keyboard modifiers

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._series: tuple[ScatterSeries, ...] = ()
        self._selected: dict[str, _Mask] = {}
        self._current: tuple[str, int] | None = None
        self._bodies: list[Any] = []
        self._is_dense = False
        self._span: QRectF | None = None
        self._settling = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settling.timeout.connect(self._follow_view)
        self.clicked.connect(self._on_clicked)
        self.brushed.connect(self._on_brushed)
        self.lassoed.connect(self._on_brushed)
        self.view_box.sigRangeChanged.connect(self._on_range_changed)

    @property
    def shows_density(self) -> bool:
        """Whether there are too many points in view to draw each."""
        return self._is_dense

    @property
    def ringed(self) -> dict[str, npt.NDArray[np.int64]]:
        """Rows marked as selected, by series."""
        return {one.name: one.rows[self._mask_of(one)] for one in self._series}

    def show_series(self, series: tuple[ScatterSeries, ...], span: QRectF | None = None) -> None:
        """Draw these series, with nothing marked, so that all of them and `span` are in view."""
        self._series, self._selected, self._current = series, {}, None
        self._span = whole_span(series) if span is None else span
        self._is_dense = self._count() > MAX_POINTS
        self.redraw()

    def mark(self, selected: dict[str, _Mask], current: tuple[str, int] | None) -> None:
        """Ring the selected points and cross the current one.

        selected: series name -> mask over its points, shape (n,). current: series name and row.
        """
        self._selected, self._current = selected, current
        self._draw_marks()

    def choose_area(self, area: QRectF | QPolygonF, modifiers: Qt.KeyboardModifier) -> None:
        """Report the points inside a rectangle or an outline in data coordinates."""
        self.area_chosen.emit({one.name: one.rows[one.inside(area)] for one in self._series}, modifiers)

    def choose_visible(self) -> None:
        """Report the points now in view: the brush for the keyboard."""
        self.choose_area(QRectF(self.view_box.viewRect()), Qt.KeyboardModifier.NoModifier)

    def reset_view(self) -> None:
        """Show all points again; plots with the same span then have the same axes, whatever their size."""
        if self._span is None:
            super().reset_view()
        else:
            self.view_box.setRange(self._span, padding=_PADDING)

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        rows: list[list[Cell]] = [
            [one.name, *point]
            for one in self._series
            for point in zip(one.rows.tolist(), one.x.tolist(), one.y.tolist(), strict=True)
        ]
        return ["set", "row", self.axis_words("bottom"), self.axis_words("left")], rows

    def redraw(self) -> None:
        self.clear_items()
        if self._series and self._span is not None:
            # What is drawn of the points changes with the view; the range of the axes must not.
            ends = [self._span.left(), self._span.right()], [self._span.top(), self._span.bottom()]
            self.add(pg.PlotCurveItem(*ends, pen=None))
        self._draw_bodies()
        for one in self._series:
            if one.line is not None and one.x.size:
                self._draw_line(one, one.line)
            self.add_legend_entry(one.style, one.legend)
        if self._is_dense:
            self._explain_density()
        self._draw_marks()

    def _draw_bodies(self) -> None:
        for item in self._bodies:
            self._plot.removeItem(item)
        self._bodies.clear()
        view = QRectF(self.view_box.viewRect())
        for one in self._series:
            if not one.x.size:
                continue
            colour = one.style.colour(self.tokens)
            if self._is_dense:
                area, counts = self._cells_of(one)
                self._add_body(density_image(counts, area, colour))
                continue
            colour.setAlpha(200)
            near = one.inside(view) if self._count() > MAX_POINTS else slice(None)
            self._add_body(
                pg.ScatterPlotItem(
                    x=one.x[near], y=one.y[near], pen=None, brush=colour, size=7, symbol=one.style.symbol
                )
            )

    def _cells_of(self, one: ScatterSeries, mask: _Mask | None = None) -> tuple[QRectF, npt.NDArray[np.int64]]:
        """Return the part of a series in view, or all of it, and how many of its points are in each small square."""
        x, y = (one.x, one.y) if mask is None else (one.x[mask], one.y[mask])
        view = QRectF(self.view_box.viewRect())
        area = one.span().intersected(view)
        if area.isEmpty():
            area = one.span()
        size = self.view_box.size()
        columns, rows = (
            max(_LEAST_CELLS, round(pixels / _CELL_PX * share))
            for pixels, share in (
                (size.width(), min(1.0, area.width() / view.width())),
                (size.height(), min(1.0, area.height() / view.height())),
            )
        )
        return area, cell_counts(x, y, area, columns, rows)

    def _add_body(self, item: Any) -> None:
        self.prepare_item(item, 0.0)
        self._plot.addItem(item, ignoreBounds=True)
        self._bodies.append(item)

    def _draw_line(self, one: ScatterSeries, line: Regression) -> None:
        x = np.linspace(float(one.x.min()), float(one.x.max()), BAND_PLACES)
        y, half = line.at(x), line.half_width(x)
        colour = one.style.colour(self.tokens)
        if half is not None:
            fill = QColor(colour)
            fill.setAlpha(BAND_OPACITY)
            edges = [pg.PlotCurveItem(x=x, y=y + side * half, pen=None) for side in (-1, 1)]
            for edge in edges:
                self.add(edge, z=4)
            self.add(pg.FillBetweenItem(*edges, brush=fill), z=4)
        self.add(pg.PlotCurveItem(x=x, y=y, pen=self.pen(colour, 2.5, one.style.line), antialias=True), z=5)

    def _explain_density(self) -> None:
        for one in self._series:
            if one.x.size:
                _, counts = self._cells_of(one)
                words = self.tr("1 to {:,} pairs a cell, logarithmic; zoom in for points").format(int(counts.max()))
                self.add_legend_item(DensitySample(one.style.colour(self.tokens)), words)

    def _draw_marks(self) -> None:
        self.clear_marks()
        ring = self.pen(self.tokens.text, 1.5)
        brush = QColor(self.tokens.text)
        for one in self._series:
            mask = self._mask_of(one)
            if mask.sum() > _MAX_RINGS:
                area, counts = self._cells_of(one, mask)
                self.add(density_image(counts, area, brush), 10, is_mark=True)
            elif mask.any():
                rings = pg.ScatterPlotItem(x=one.x[mask], y=one.y[mask], size=12, pen=ring, brush=None)
                self.add(rings, 10, is_mark=True)
            if self._current is not None and self._current[0] == one.name:
                here = one.rows == self._current[1]
                cross = pg.ScatterPlotItem(x=one.x[here], y=one.y[here], symbol="+", size=22, pen=None, brush=brush)
                self.add(cross, 11, is_mark=True)

    def _mask_of(self, one: ScatterSeries) -> _Mask:
        mask = self._selected.get(one.name)
        return mask if mask is not None and mask.shape == one.x.shape else np.zeros(one.x.size, dtype=np.bool_)

    def _count(self) -> int:
        return sum(one.x.size for one in self._series)

    @Slot()
    def _on_range_changed(self) -> None:
        if self._count() > MAX_POINTS:
            self._settling.start()

    @Slot()
    def _follow_view(self) -> None:
        """Draw points where few enough are in view, a density where not."""
        view = QRectF(self.view_box.viewRect())
        is_dense = sum(int(one.inside(view).sum()) for one in self._series) > MAX_POINTS
        if is_dense or self._is_dense:
            self._is_dense = is_dense
            self.redraw()
        else:
            self._draw_bodies()

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

    @Slot(object, object)
    def _on_brushed(self, area: QRectF | QPolygonF, modifiers: Qt.KeyboardModifier) -> None:
        self.choose_area(area, modifiers)
