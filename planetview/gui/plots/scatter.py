"""Scatter of two quantities for several datasets: points or density, regression lines with bands, selection."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QColor, QFocusEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from planetview.core.tables import Cell
from planetview.gui.plots.base import PlotBase
from planetview.gui.plots.crosshair import place_words
from planetview.gui.plots.density import cell_counts, density_image, draw_density_sample
from planetview.gui.plots.points import PointsItem
from planetview.gui.plots.resting import Previews
from planetview.gui.plots.series import (
    MAX_POINTS,
    FitCurve,
    Scales,
    ScatterSeries,
    Vector,
    nearest_point,
    next_along,
    whole_span,
)
from planetview.gui.plots.settling import settle
from planetview.gui.plots.styles import BAND_OPACITY, MOST_BANDS
from planetview.gui.theme import Theme

_MAX_RINGS = 2_000
_CELL_PX = 3.0
_LEAST_CELLS = 32
_HIT_RADIUS_PX = 14.0
_SETTLE_MS = 60
_PADDING = 0.04
_POINT_PX = 7.0
_POINT_OPACITY, _BACK_OPACITY = 200, 70
_LINE_PX, _THIN_LINE_PX = 2.5, 1.5

_Mask = npt.NDArray[np.bool_]


class ScatterPlot(PlotBase):
    """Points with rings around the selected ones. A click takes the nearest point, a brush all inside it.

    Of more than `MOST_BANDS` sets only the one in front has its band: the one pointed at in the legend, or chosen by N.
    A click in the legend hides a set or shows it again. `previews` says which pair is to be previewed, where the mouse
    rests or, by I, at the cross.

    More than `MAX_POINTS` points in view are shown as a density, which stays quick to move. The series say which axes
    are logarithmic; X and Y ask for others.
    """

    point_chosen = Signal(str, int)  # series name, row
    area_chosen = Signal(object, object)  # series name -> rows inside, keyboard modifiers
    log_wanted = Signal(str, bool)  # "bottom" or "left": whether the axis shall be logarithmic

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._series: tuple[ScatterSeries, ...] = ()
        self._selected: dict[str, _Mask] = {}
        self._current: tuple[str, int] | None = None
        self._bodies: list[Any] = []
        self._hidden: set[str] = set()
        self._front = self._pointed = ""
        self._is_dense = False
        self._scales = Scales()
        self._span: QRectF | None = None
        self._log_actions = {
            "bottom": self._log_action(self.tr("Logarithmic &horizontal axis"), "bottom", "X"),
            "left": self._log_action(self.tr("Logarithmic &vertical axis"), "left", "Y"),
        }
        self.previews = Previews(self.viewport, self._point_at, self.place_of)
        self.add_menu_action(self.tr("Next set in &front"), self.front_next, "N")
        self.add_menu_action(self.tr("Next &pair"), partial(self.step, 1), ".")
        self.add_menu_action(self.tr("Pair &before"), partial(self.step, -1), ",")
        self.add_menu_action(self.tr("Pre&view of the current pair"), self.previews.toggle, "I")
        self.legend.toggled.connect(self.toggle_series)
        self.legend.pointed.connect(self._on_pointed)
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

    @property
    def in_front(self) -> str:
        """The name of the series that is drawn over the others, "" for none."""
        names = {one.name for one in self._visible()}
        return next((name for name in (self._pointed, self._front) if name in names), "")

    @property
    def hidden_series(self) -> frozenset[str]:
        """Names of the series that are not drawn."""
        return frozenset({one.name for one in self._series} - {one.name for one in self._visible()})

    def toggle_series(self, name: str) -> None:
        """Hide a series, or show it again; it stays in the legend."""
        self._hidden ^= {name}
        self._is_dense = self._in_view() > MAX_POINTS
        self.redraw()
        words = self.tr("{0} is hidden.") if name in self._hidden else self.tr("{0} is shown again.")
        self.notice.emit(words.format(name))

    def front_next(self) -> None:
        """Draw the next series over the others; past the last none is in front."""
        names = ["", *(one.name for one in self._visible())]
        self._front = names[(names.index(self._front) + 1) % len(names)] if self._front in names else ""
        self._draw_bodies()
        words = self.tr("{0} is in front.") if self._front else self.tr("No set is in front.")
        self.notice.emit(words.format(self._front))

    def step(self, by: int) -> None:
        """Go to the next pair (1) of the current one's series along the x axis, or to the one before (-1)."""
        there = {one.name: one for one in self._visible() if one.x.size}
        one = there.get(self._current[0] if self._current else self.in_front) or next(iter(there.values()), None)
        if one is None:
            return
        row = self._current[1] if self._current is not None and self._current[0] == one.name else None
        self.point_chosen.emit(one.name, next_along(one, row, by))

    def place_of(self, name: str, row: int) -> QPoint | None:
        """Return where a point is in the viewport, None where it is not shown."""
        for one in self._visible():
            here = np.flatnonzero((one.rows == row) & (one.name == name))
            if here.size:
                at = QPointF(float(one.x[here[0]]), float(one.y[here[0]]))
                if QRectF(self.view_box.viewRect()).contains(at):
                    place: QPoint = self._view.mapFromScene(self.view_box.mapViewToScene(at))
                    return place
        return None

    def show_series(self, series: tuple[ScatterSeries, ...], span: QRectF | None = None) -> None:
        """Draw these series, with nothing marked, so that all of them and `span` are in view."""
        self._series, self._selected, self._current = series, {}, None
        self._use_scales(series[0].scales if series else Scales())
        self._span = whole_span(series) if span is None else span
        self._is_dense = self._count() > MAX_POINTS
        # Before anything is drawn: axes and densities are those of the view.
        self.reset_view()
        self.redraw()
        self._settling.stop()

    def mark(self, selected: dict[str, _Mask], current: tuple[str, int] | None) -> None:
        """Ring the selected points and cross the current one.

        selected: series name -> mask over its points, shape (n,). current: series name and row.
        """
        self._selected, self._current = selected, current
        self._draw_marks()
        self.previews.follow(current)

    def choose_area(self, area: QRectF | QPolygonF, modifiers: Qt.KeyboardModifier) -> None:
        """Report the points inside a rectangle or an outline in data coordinates."""
        self.area_chosen.emit({one.name: one.rows[one.inside(area)] for one in self._visible()}, modifiers)

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
        rows: list[list[Cell]] = [[one.name, *point] for one in self._series for point in one.table()]
        return ["set", "row", self.axis_words("bottom"), self.axis_words("left")], rows

    def label_words(self, side: str) -> str:
        is_log = self._scales.is_log_x if side == "bottom" else self._scales.is_log_y
        return self.tr("{}, logarithmic axis").format(self.axis_words(side)) if is_log else self.axis_words(side)

    def readout_words(self, at: QPointF) -> list[str]:
        if self._scales.is_linear:
            return super().readout_words(at)
        step_x, step_y = self.view_box.viewPixelSize()
        here, next_to = self._scales.value(at), self._scales.value(at + QPointF(step_x, step_y))
        (x, x_unit), (y, y_unit) = (self._labels.get(side, ("", "")) for side in ("bottom", "left"))
        return [
            f"{x} {place_words(here.x(), next_to.x() - here.x(), x_unit)}".strip(),
            f"{y} {place_words(here.y(), next_to.y() - here.y(), y_unit)}".strip(),
        ]

    def _log_action(self, text: str, side: str, key: str) -> QAction:
        action = self.add_menu_action(text, lambda: None, key)
        action.setCheckable(True)

        def ask(on: bool) -> None:
            self.log_wanted.emit(side, on)

        action.triggered.connect(ask)
        return action

    def _use_scales(self, scales: Scales) -> None:
        self._scales = scales
        for side, on in (("bottom", scales.is_log_x), ("left", scales.is_log_y)):
            self._axes[side].show_logarithms(on)
            self._log_actions[side].setChecked(on)
        self._dress_axes()

    def redraw(self) -> None:
        self.clear_items()
        if self._series and self._span is not None:
            # What is drawn of the points changes with the view; the range of the axes must not.
            ends = [self._span.left(), self._span.right()], [self._span.top(), self._span.bottom()]
            self.add(pg.PlotCurveItem(*ends, pen=None))
        self._draw_bodies()
        with self.legend_at_once():
            for one in self._series:
                key = one.name if len(self._series) > 1 else ""
                is_hidden = one.name in self.hidden_series
                self.add_legend_entry(one.style, one.legend, one.short, key, is_hidden=is_hidden)
            if self._is_dense:
                self._explain_density()
            if not self._scales.is_linear:
                self.add_legend_item(None, self.tr("r and lines: of the values, not of their logarithms"))
        self._draw_marks()
        settle(self._plot)

    def _draw_bodies(self) -> None:
        for item in self._bodies:
            self._plot.removeItem(item)
        self._bodies.clear()
        view = QRectF(self.view_box.viewRect())
        front = self.in_front
        # What is in front is drawn last.
        for one in sorted(self._visible(), key=lambda one: one.name == front):
            curve = one.curve()
            if curve is not None:
                self._draw_line(one, curve, front)
            if not one.x.size:
                continue
            colour = one.style.colour(self.tokens)
            if self._is_dense:
                area, counts = self._cells_of(one)
                self._add_body(density_image(counts, area, colour))
                continue
            colour.setAlpha(_POINT_OPACITY if front in ("", one.name) else _BACK_OPACITY)
            near = one.inside(view) if self._count() > MAX_POINTS else slice(None)
            outlines = self.is_exporting
            self._add_body(
                PointsItem(one.x[near], one.y[near], one.style.symbol, _POINT_PX, colour, as_outlines=outlines)
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

    def _add_body(self, item: Any, z: float = 0.0) -> None:
        self.prepare_item(item, z)
        self._plot.addItem(item, ignoreBounds=True)
        self._bodies.append(item)

    def _draw_line(self, one: ScatterSeries, curve: FitCurve, front: str) -> None:
        colour = one.style.colour(self.tokens)
        is_crowded = len(self._visible()) > MOST_BANDS
        if one.name == front or not is_crowded:
            band = QGraphicsPathItem(curve.band_path(_polygon))
            fill = QColor(colour)
            fill.setAlpha(BAND_OPACITY)
            band.setBrush(fill)
            band.setPen(QPen(Qt.PenStyle.NoPen))
            self._add_body(band, z=-1)
        width = _LINE_PX if one.name == front or not is_crowded else _THIN_LINE_PX
        pen = self.pen(colour, width, one.style.line)
        line = pg.PlotCurveItem(x=curve.x, y=curve.y, pen=pen, antialias=True, connect="finite")
        self._add_body(line, z=6 if one.name == front else 5)

    def _explain_density(self) -> None:
        for one in self._visible():
            if one.x.size:
                _, counts = self._cells_of(one)
                words = self.tr("1 to {:,} pairs a cell, logarithmic; zoom in for points").format(int(counts.max()))
                self.add_legend_item(partial(draw_density_sample, colour=one.style.colour(self.tokens)), words)

    def _draw_marks(self) -> None:
        self.clear_marks()
        ring = self.pen(self.tokens.text, 1.5)
        brush = QColor(self.tokens.text)
        for one in self._visible():
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

    def _visible(self) -> tuple[ScatterSeries, ...]:
        # One that is alone is shown: its name in the legend hides nothing then.
        return tuple(one for one in self._series if one.name not in self._hidden or len(self._series) == 1)

    def _count(self) -> int:
        return sum(one.x.size for one in self._visible())

    def _in_view(self) -> int:
        view = QRectF(self.view_box.viewRect())
        return sum(int(one.inside(view).sum()) for one in self._visible())

    @Slot()
    def _on_range_changed(self) -> None:
        if self._count() > MAX_POINTS:
            self._settling.start()

    @Slot()
    def _follow_view(self) -> None:
        """Draw points where few enough are in view, a density where not."""
        is_dense = self._in_view() > MAX_POINTS
        if is_dense or self._is_dense:
            self._is_dense = is_dense
            self.redraw()
        else:
            self._draw_bodies()

    @Slot(QPointF, object)
    def _on_clicked(self, at: QPointF, _modifiers: Qt.KeyboardModifier) -> None:
        found = self._point_near(at)
        if found is not None:
            self.point_chosen.emit(*found)

    @Slot(str)
    def _on_pointed(self, name: str) -> None:
        if name != self._pointed:
            self._pointed = name
            if len(self._series) > 1:
                self._draw_bodies()

    def _point_at(self, at: QPoint) -> tuple[str, int] | None:
        place = self._view.mapToScene(at)
        if self.empty_text() or not self.view_box.sceneBoundingRect().contains(place):
            return None
        return self._point_near(QPointF(self.view_box.mapSceneToView(place)))

    def _point_near(self, at: QPointF) -> tuple[str, int] | None:
        """Return series name and row of the point at a place in data coordinates, None far from all of them."""
        return nearest_point(self._visible(), at, self.view_box.viewPixelSize(), _HIT_RADIUS_PX)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.previews.end()

    @Slot(object, object)
    def _on_brushed(self, area: QRectF | QPolygonF, modifiers: Qt.KeyboardModifier) -> None:
        self.choose_area(area, modifiers)


def _polygon(x: Vector, y: Vector) -> QPolygonF:
    return QPolygonF([QPointF(*at) for at in zip(x.tolist(), y.tolist(), strict=True)])
