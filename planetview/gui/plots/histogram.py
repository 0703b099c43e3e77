"""Histograms of several datasets over shared bins, with a bin cursor."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPolygonF
from PySide6.QtWidgets import QWidget

from planetview.core.formatting import format_count, format_value
from planetview.core.tables import Cell
from planetview.gui.plots.bars import Bars, BarsItem, bars_inside
from planetview.gui.plots.base import PlotBase
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.settling import settle
from planetview.gui.plots.styles import SeriesStyle
from planetview.gui.theme import Theme

_FILL_OPACITY = 36
_CURSOR_OPACITY = 50
_HELD_OPACITY = 110
_MARK_PLACES = 400
# All nine to a decade, as the axis itself would label them, run into each other.
_LOG_TICKS = [
    (float(np.log10(step) + power), f"{step * 10.0**power:,.6g}") for power in range(-6, 9) for step in (1, 2, 5)
]


@dataclass(frozen=True)
class HistogramSeries:
    """One dataset in a histogram.

    heights: shape (bins,), counts or densities. median: in the unit of the x axis, NaN when unknown.
    legend: plain text of the legend entry.
    """

    name: str
    legend: str
    style: SeriesStyle
    heights: npt.NDArray[np.float64]
    median: float


class HistogramPlot(PlotBase):
    """Overlaid outlines with medians.

    A click chooses a bin; a drag an interval, or with another brush the bars whose ends it takes in, so that one of
    several series can be chosen. Left and right move the bin cursor, with Shift they stretch it over several bins, up
    and down put it on one series, Enter chooses what it covers. A chosen interval holds its lower end and not its
    upper one.
    """

    range_chosen = Signal(float, float, object)  # lower end, upper end, keyboard modifiers
    bars_chosen = Signal(object, object)  # series name -> mask over bins, keyboard modifiers
    cursor_moved = Signal(int)  # bin, or -1

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, parent)
        self._edges: npt.NDArray[np.float64] = np.empty(0)
        self._series: tuple[HistogramSeries, ...] = ()
        self._marked: npt.NDArray[np.float64] = np.empty(0)
        self._current: float | None = None
        self._cursor = self._anchor = -1
        self._held = ""
        self._is_log = False
        self._bodies: list[Any] = []
        self._look: object = None
        self.set_brush_shape(BrushShape.INTERVAL)
        self.set_brushing(True)
        self.clicked.connect(self._on_clicked)
        self.brushed.connect(self._on_brushed)
        self.lassoed.connect(self._choose_bars)

    @property
    def cursor_bin(self) -> int:
        """The bin under the cursor, -1 for none."""
        return self._cursor

    @property
    def cursor_series(self) -> str:
        """The name of the series that the cursor is on, "" for all of them."""
        return self._held

    @property
    def marked_values(self) -> npt.NDArray[np.float64]:
        """The values marked on the baseline."""
        return self._marked

    @property
    def current_value(self) -> float | None:
        """Where the line of the current image stands."""
        return self._current

    def show_series(
        self, edges: npt.NDArray[np.float64], series: tuple[HistogramSeries, ...], *, logarithmic: bool = False
    ) -> None:
        """Draw these series over `edges`, shape (bins + 1,); the cursor goes when the bins are other ones.

        logarithmic: draw the logarithms of the heights, so that rare values show; empty bins stay empty.
        """
        changes_axis, self._is_log = logarithmic is not self._is_log, logarithmic
        self._plot.getAxis("left").setLogMode(logarithmic)
        self._plot.getAxis("left").setTicks([_LOG_TICKS] if logarithmic else None)
        if not np.array_equal(edges, self._edges):
            self._cursor = self._anchor = -1
        self._edges, self._series = edges, series
        if all(one.name != self._held for one in series):
            self._held = ""
        self.redraw()
        if changes_axis:
            self.reset_view()

    def mark(self, selected: npt.NDArray[np.float64], current: float | None) -> None:
        """Mark the values of selected images on the baseline, and that of the current image with a line."""
        self._marked = selected[np.isfinite(selected)]
        self._current = current if current is not None and np.isfinite(current) else None
        self._draw_marks()

    def move_cursor(self, to: int, *, stretch: bool = False) -> None:
        """Put the cursor on a bin, or stretch it to there; beyond the ends it stays on the last one."""
        bins = self._edges.size - 1
        if bins < 1:
            return
        self._cursor = min(max(to, 0), bins - 1)
        if not stretch or self._anchor < 0:
            self._anchor = self._cursor
        self._draw_marks()
        self.cursor_moved.emit(self._cursor)

    def hold_series(self, step: int) -> None:
        """Put the cursor on the next series (1) or the one before (-1); past the last it is on all of them."""
        names = ["", *(one.name for one in self._series)]
        self._held = names[(names.index(self._held) + step) % len(names)]
        self.move_cursor(max(0, self._cursor), stretch=self._cursor >= 0)

    def key_words(self) -> tuple[tuple[str, str], ...]:
        """Return (what they do, keys) of the keys that no action has, for the key sheet."""
        return (
            (self.tr("Move the bin cursor"), self.tr("Left, Right, Home, End")),
            (self.tr("Stretch it over several bins"), self.tr("Shift+arrows")),
            (self.tr("Put it on one curve, or on all"), self.tr("Up, Down")),
            (self.tr("Select the images under it"), self.tr("Enter")),
            (self.tr("Add them to the selection"), self.tr("Ctrl+Enter")),
        )

    def bin_range(self, number: int) -> tuple[float, float]:
        """Return the lower and upper edge of a bin."""
        return float(self._edges[number]), float(self._edges[number + 1])

    def cursor_range(self) -> tuple[float, float]:
        """Return the interval that the cursor covers; the last bin holds its upper edge too."""
        first, last = sorted((self._anchor, self._cursor))
        high = float(self._edges[last + 1])
        return float(self._edges[first]), float(np.nextafter(high, np.inf)) if last == self._edges.size - 2 else high

    def readout_words(self, at: QPointF) -> list[str]:
        number = int(np.searchsorted(self._edges, at.x(), side="right")) - 1
        if not 0 <= number < self._edges.size - 1:
            return super().readout_words(at)[:1]
        _, unit = self._labels.get("bottom", ("", ""))
        low, high = (format_value(end) for end in self.bin_range(number))
        heights = (f"{one.name}: {_height_words(float(one.heights[number]))}" for one in self._series)
        return [self.tr("{0} to {1} {2}").format(low, high, unit).strip(), *heights]

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        x, y = self.axis_words("bottom"), self.axis_words("left")
        header = ["set", f"{x} from", f"{x} to", y, f"median {x}"]
        edges = self._edges.tolist()
        rows: list[list[Cell]] = [
            [one.name, low, high, height, one.median if np.isfinite(one.median) else None]
            for one in self._series
            for low, high, height in zip(edges[:-1], edges[1:], one.heights.tolist(), strict=True)
        ]
        return header, rows

    def redraw(self) -> None:
        look = (self.tokens, self.is_exporting, self.font(), tuple((one.style, one.legend) for one in self._series))
        if look != self._look or self._edges.size < 2 or self.is_exporting:
            self.clear_items()
            self._look = look if self._edges.size >= 2 else None
            with self.legend_at_once():
                for one in self._series if self._edges.size >= 2 else ():
                    self.add_legend_entry(one.style, html.escape(one.legend), short=one.name)
        self._drop_bars()
        if self._edges.size >= 2:
            self._draw_bars()
            self._draw_marks()
            settle(self._plot)

    def _ground(self) -> float:
        """Return where the bars stand: 0, or in logarithms half of the least height there is."""
        if not self._is_log:
            return 0.0
        least = min((float(one.heights[one.heights > 0].min(initial=np.inf)) for one in self._series), default=np.inf)
        return float(np.log10(least / 2)) if np.isfinite(least) else 0.0

    def _shown(self, heights: npt.NDArray[np.float64], ground: float) -> npt.NDArray[np.float64]:
        """Return where the ends of bars of these heights are on the axis."""
        if not self._is_log:
            return heights
        ends = np.full(heights.shape, ground)
        return np.log10(heights, where=heights > 0, out=ends)

    def _draw_bars(self) -> None:
        ground = self._ground()
        tallest = max((float(one.heights.max(initial=0.0)) for one in self._series), default=0.0) or 1.0
        top = float(self._shown(np.asarray([1.06 * tallest]), ground)[0])
        bars = []
        for one in self._series:
            fill = one.style.colour(self.tokens)
            fill.setAlpha(_FILL_OPACITY)
            pen = self.pen(one.style.colour(self.tokens), 2, one.style.line)
            bars.append(Bars(one.name, self._shown(one.heights, ground), pen, fill, one.median))
        self._add_body(BarsItem(self._edges, tuple(bars), ground, top, is_smooth=self.is_exporting), 0)
        known = [one for one in self._series if np.isfinite(one.median)]
        if known:
            flags = pg.ScatterPlotItem(
                x=[one.median for one in known], y=[top] * len(known), symbol=[one.style.symbol for one in known],
                size=11, pen=None, brush=[one.style.colour(self.tokens) for one in known],
            )  # fmt: skip
            self._add_body(flags, 3)

    def _add_body(self, item: Any, z: float) -> None:
        self.prepare_item(item, z)
        self._plot.addItem(item)
        self._bodies.append(item)

    def _drop_bars(self) -> None:
        for item in self._bodies:
            self._plot.removeItem(item)
        self._bodies.clear()

    def _draw_marks(self) -> None:
        self.clear_marks()
        if self._edges.size < 2:
            return
        if self._cursor >= 0 and not self.is_exporting:
            self._draw_cursor()
        if self._marked.size:
            places = self._mark_places()
            self.add(
                pg.ScatterPlotItem(
                    x=places, y=np.full(places.size, self._ground()), symbol="t1", size=8, pen=None,
                    brush=QColor(self.tokens.text),
                ),
                z=4,
                is_mark=True,
            )  # fmt: skip
        if self._current is not None:
            pen = self.pen(self.tokens.text, 2)
            self.add(pg.InfiniteLine(self._current, angle=90, pen=pen), z=5, is_mark=True)

    def _mark_places(self) -> npt.NDArray[np.float64]:
        """Return where marks stand: each value, or as many places as can be told apart."""
        if self._marked.size <= _MARK_PLACES:
            return self._marked
        low, high = float(self._edges[0]), float(self._edges[-1])
        steps = np.unique(np.rint((self._marked - low) * (_MARK_PLACES / (high - low))))
        return np.asarray(low + steps * ((high - low) / _MARK_PLACES))

    def _draw_cursor(self) -> None:
        colour = QColor(self.tokens.accent)
        colour.setAlpha(_CURSOR_OPACITY)
        region = pg.LinearRegionItem(
            self.cursor_range(), movable=False, brush=colour, pen=self.pen(self.tokens.accent, 1)
        )
        self.add(region, z=-1, is_mark=True)
        for one in self._series:
            if one.name == self._held:
                self._draw_held(one)

    def _draw_held(self, one: HistogramSeries) -> None:
        ground, bins = self._ground(), self._cursor_bins()
        heights = self._shown(one.heights, ground)[bins] - ground
        fill = QColor(self.tokens.accent)
        fill.setAlpha(_HELD_OPACITY)
        bars = pg.BarGraphItem(
            x0=self._edges[:-1][bins], x1=self._edges[1:][bins], y0=ground, height=heights, brush=fill,
            pen=self.pen(self.tokens.accent, 2),
        )  # fmt: skip
        self.add(bars, z=1, is_mark=True)

    def _cursor_bins(self) -> slice:
        first, last = sorted((self._anchor, self._cursor))
        return slice(first, last + 1)

    def _choose_cursor(self, modifiers: Qt.KeyboardModifier) -> None:
        if not self._held:
            self.range_chosen.emit(*self.cursor_range(), modifiers)
            return
        bins = np.zeros(self._edges.size - 1, dtype=np.bool_)
        bins[self._cursor_bins()] = True
        self.bars_chosen.emit({self._held: bins}, modifiers)

    @Slot(object, object)
    def _choose_bars(self, area: QRectF | QPolygonF, modifiers: Qt.KeyboardModifier) -> None:
        """Report the bars whose ends lie inside a rectangle or an outline in data coordinates."""
        if self._edges.size >= 2:
            ground = self._ground()
            ends = {one.name: self._shown(one.heights, ground) for one in self._series}
            self.bars_chosen.emit(bars_inside(self._edges, ends, area), modifiers)

    @Slot(QPointF, object)
    def _on_clicked(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._edges.size < 2 or not self._edges[0] <= at.x() <= self._edges[-1]:
            return
        number = int(np.searchsorted(self._edges, at.x(), side="right")) - 1
        self._held = ""
        self.move_cursor(number, stretch=bool(modifiers & Qt.KeyboardModifier.ShiftModifier))
        self._choose_cursor(modifiers)

    @Slot(QRectF, object)
    def _on_brushed(self, area: QRectF, modifiers: Qt.KeyboardModifier) -> None:
        if self.view_box.shape_drawn is not BrushShape.INTERVAL:
            self._choose_bars(area, modifiers)
        elif self._edges.size >= 2:
            self.range_chosen.emit(area.left(), area.right(), modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        to = {
            Qt.Key.Key_Right: self._cursor + 1,
            Qt.Key.Key_Left: self._cursor - 1 if self._cursor >= 0 else self._edges.size,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self._edges.size,
        }
        if key in to:
            self.move_cursor(to[key], stretch=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.hold_series(1 if key is Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._cursor >= 0:
            self._choose_cursor(event.modifiers())
        else:
            super().keyPressEvent(event)


def _height_words(height: float) -> str:
    return format_count(int(height)) if height.is_integer() else format_value(height)
