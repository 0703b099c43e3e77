"""The entropy page: how much detail the images of each dataset hold, and the images behind every bin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QLabel,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from planetview.core.entropy import histogram_bins
from planetview.core.results import Results
from planetview.core.selection import ImageRef, SelectionChange, SelectionState
from planetview.core.spread import in_order
from planetview.gui.local_keys import PLOTS, tell
from planetview.gui.models.entropy_series import EntropySeries, baseline, class_series, dataset_series
from planetview.gui.plots.histogram import HistogramPlot, HistogramSeries
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.turns import REST, Turns
from planetview.gui.views.entropy_choice import Mask, Vector, image_masks, in_bins, in_range
from planetview.gui.views.entropy_controls import EntropyControls
from planetview.gui.views.entropy_images import EntropyImages, Place
from planetview.gui.views.entropy_table import SpreadPane
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.roomy import RoomyArea

# Sorting this many values takes 2 ms; more are sorted over turns of the event loop.
_AT_ONCE = 20_000
# The least height of the page in lines of text, and the curves for which that is enough.
_LINES, _FEW_CURVES = 46, 4


class EntropyPage(QWidget):
    """Histograms of entropy over shared bins. A click on a bin, or a drag, selects its images and shows them.

    `selection` must know the datasets of the results before anything can be selected.
    """

    notice = Signal(str)
    choices_changed = Signal(tuple)  # what `use_choices` takes

    def __init__(
        self, selection: SelectionState, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._selection, self._theme, self._thumbs = selection, theme, thumbs
        self._results: Results | None = None
        self._series: list[EntropySeries] = []
        self._sorted: dict[str, Vector] = {}
        self._automatic: Vector = np.empty(0)
        self._edges: Vector = np.empty(0)
        self._is_stale = self._is_sorted = False
        self._filling = Turns(self)
        self._content: RoomyArea | None = None
        self._choices: tuple[str, ...] = ()
        self.setAccessibleName(self.tr("Entropy"))
        self._empty = QLabel(
            self.tr("No entropy yet. Run a comparison to see how much detail the images of each dataset hold."),
            alignment=Qt.AlignmentFlag.AlignCenter,
            wordWrap=True,
        )
        self._empty.setProperty("muted", True)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._making = self._make()
        selection.subscribe(self._on_selection_changed)

    def prepare(self) -> Iterator[None]:
        """Make what is costly before it is needed, in steps of less than 45 ms."""
        return self._making

    def use_choices(self, choices: tuple[str, ...]) -> None:
        """Draw the histogram as `choices_changed` said."""
        self._choices = choices
        if self._content is not None:
            self._controls.use_choices(choices)

    def show_results(self, results: Results | None) -> None:
        """Show the entropies of a run; None goes back to the invitation."""
        self._results = results
        if results is None or not any(np.isfinite(bits).any() for bits in results.entropy_bits.values()):
            self._series, self._is_sorted = [], False
            self._filling.stop()
            self._stack.setCurrentWidget(self._empty)
            return
        for _ in self.prepare():
            pass
        assert self._content is not None
        self._controls.offer(results)
        self._stack.setCurrentWidget(self._content)
        self._plot.rest(True)
        self._on_quantity_changed()

    def _make(self) -> Iterator[None]:
        self._build_plot()
        yield
        self._controls = EntropyControls(self._theme)
        self._controls.use_choices(self._choices)
        self._controls.choices_changed.connect(self.choices_changed)
        self._controls.quantity_changed.connect(self._on_quantity_changed)
        self._controls.look_changed.connect(self._draw)
        self._controls.brush_changed.connect(self._plot.set_brush_shape)
        self._plot.add_menu_action(self.tr("Next &shape of the brush"), self._controls.choose_next_shape, "S")
        self._controls.add(self._plot.exports.button(self.tr("the histogram")))
        yield
        lower = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        lower.addWidget(self._build_images())
        lower.addWidget(self._build_table())
        lower.setStretchFactor(0, 1)
        lower.setStretchFactor(1, 1)
        yield
        self._content = self._build_content(lower)
        self._stack.addWidget(self._content)
        yield

    def _build_plot(self) -> None:
        self._plot = HistogramPlot(self._theme, self.tr("Entropy histograms"))
        words = self.tr(
            "Click a bin, or drag, to select images; Ctrl adds. Rectangle and lasso (S) take the bars whose ends lie "
            "inside. The wheel zooms; show all again (0)."
        )
        tell(self._plot, words, PLOTS)
        self._plot.range_chosen.connect(self._on_range_chosen)
        self._plot.bars_chosen.connect(self._on_bars_chosen)
        self._plot.cursor_moved.connect(self._on_cursor_moved)
        self._plot.notice.connect(self.notice)

    def _build_content(self, lower: QWidget) -> RoomyArea:
        content = QWidget()
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self._build_top())
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(splitter)
        return RoomyArea(content, lines=_LINES, parent=self)

    def _build_top(self) -> QWidget:
        top = QWidget()
        layout = QVBoxLayout(top)
        layout.setContentsMargins(0, 0, 0, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self._controls)
        layout.addWidget(self._plot, 1)
        self._hint = QLabel(wordWrap=True)
        self._hint.setProperty("muted", True)
        layout.addWidget(self._hint)
        return top

    def _build_images(self) -> QWidget:
        self._images = EntropyImages(self._theme, self._thumbs)
        self._images.cleared.connect(self._on_clear_clicked)
        self._images.picked.connect(self._on_picked)
        return self._images

    def _build_table(self) -> QWidget:
        self._table = SpreadPane()
        self._table.notice.connect(self.notice)
        return self._table

    def _shared_edges(self) -> Vector:
        edges = self._automatic
        if not self._controls.bins or edges.size < 2:
            return edges
        return np.linspace(edges[0], edges[-1], self._controls.bins + 1)

    @Slot()
    def _on_quantity_changed(self) -> None:
        assert self._results is not None
        self._is_sorted = False
        if sum(map(len, self._results.datasets)) > _AT_ONCE:
            self._images.show_none()
            self._filling.begin_later(chain(self._follow_quantity(), self._fill_table()))
        else:
            for _ in self._follow_quantity():
                pass
            self._filling.begin(self._fill_table())

    def _follow_quantity(self) -> Iterator[object]:
        """Take the curves apart, sort their values, curve by curve, and show them."""
        assert self._results is not None
        quantity, split = self._controls.quantity, self._controls.split
        whole = dataset_series(self._results, quantity)
        chosen = next((one for one in whole if one.dataset == split), None)
        self._series = whole if chosen is None else (yield from class_series(self._results, chosen))
        self._controls.show_boxes(self._series)
        assert self._content is not None
        # Boxes and names take rows, which the data must not pay for.
        self._content.set_lines(_LINES + max(0, len(self._series) - _FEW_CURVES))
        self._sorted = {}
        yield None
        for one in self._series:
            self._sorted[one.name] = in_order(one.values)
            yield None
        # Bins come from all curves, so that hiding one does not move the others.
        self._automatic = histogram_bins(list(self._sorted.values()))
        yield REST
        self._is_sorted = True
        self._say_how()
        self._draw()
        yield REST
        self._show_selection()
        yield None

    def _fill_table(self) -> Iterator[None]:
        assert self._results is not None
        # The curves are there only when this begins.
        yield from self._table.fill_in(self._series, self._sorted, baseline(self._results, self._controls.quantity))

    def _say_how(self) -> None:
        assert self._results is not None
        words = [
            self.tr("Drag selects, Ctrl adds. Keys: arrows, up and down for one curve, Shift for more bins, Enter.")
        ]
        grey = [one.name for one in self._series if one.dataset not in self._results.channel_bits]
        is_channel = not self._controls.quantity.is_of_pairs and self._controls.quantity != "image"
        if is_channel and grey and not self._controls.split:
            words.insert(0, self.tr("Grey, with one channel: {}.").format(", ".join(grey)))
        self._hint.setText(" ".join(words))

    @Slot()
    def _draw(self) -> None:
        if not self._is_sorted:
            return  # still sorting: drawn after that
        edges = self._edges = self._shared_edges()
        as_density = self._controls.is_density
        series = []
        for one in self._controls.shown():
            finite = self._sorted[one.name]
            below = np.searchsorted(finite, edges)
            below[-1] = finite.size
            heights = np.diff(below).astype(np.float64)
            if as_density and finite.size:
                heights /= finite.size * np.diff(edges)
            median = float(np.median(finite)) if finite.size else float("nan")
            words = self.tr("{}: n = {:,}, median {:.2f} bits").format(one.name, finite.size, median)
            series.append(HistogramSeries(one.name, words, one.style, heights, median))
        counted = self.tr("Pairs") if self._controls.quantity.is_of_pairs else self.tr("Images")
        height = (self.tr("Density"), self.tr("per bit")) if as_density else (counted, "")
        self._plot.set_axes(self._controls.quantity.axis, self.tr("bits"), *height)
        self._plot.show_nothing("" if series else self.tr("All curves are hidden. Tick one above to see it."))
        self._plot.show_series(edges, tuple(series), logarithmic=self._controls.is_logarithmic)
        self._plot.rest(False)

    def _mask(self, one: EntropySeries) -> Mask:
        """Return which values of a curve belong to selected images."""
        assert self._results is not None
        if self._selection.sizes.get(one.dataset) != len(self._results.dataset(one.dataset)):
            return np.zeros(one.rows.size, dtype=np.bool_)
        mask: Mask = self._selection.selected(one.dataset)[one.rows]
        return mask

    def _place_of(self, ref: ImageRef | None) -> Place | None:
        for one in self._series:
            if ref is not None and one.dataset == ref[0]:
                found = np.flatnonzero(one.rows == ref[1])
                if found.size:
                    return one, int(found[0])
        return None

    def _show_selection(self) -> None:
        if not self._is_sorted:
            return  # shown after that
        assert self._results is not None
        here = self._place_of(self._selection.current)
        masks = [self._mask(one).copy() for one in self._series]
        chosen = sum(int(mask.sum()) for mask in masks)
        values = [one.values[mask] for one, mask in zip(self._series, masks, strict=True)]
        self._plot.mark(np.concatenate(values), None if here is None else float(here[0].values[here[1]]))
        if here is not None:
            masks[self._series.index(here[0])][here[1]] = True
        self._images.use(self._results, self._series)
        self._images.show_images(masks, self._selection.current if here is not None else None)
        self._tell_count(chosen, here)

    def _tell_count(self, chosen: int, here: Place | None) -> None:
        self._images.say_chosen(chosen, here, is_of_pairs=self._controls.quantity.is_of_pairs)

    @Slot(float, float, object)
    def _on_range_chosen(self, low: float, high: float, modifiers: Qt.KeyboardModifier) -> None:
        if self._select([(one, in_range(one, low, high)) for one in self._controls.shown()], modifiers):
            self._say_range(low, high)

    @Slot(object, object)
    def _on_bars_chosen(self, bins: Mapping[str, Mask], modifiers: Qt.KeyboardModifier) -> None:
        found = [(one, in_bins(one, self._edges, bins[one.name])) for one in self._controls.shown() if one.name in bins]
        if self._select(found, modifiers):
            counted = ", ".join(f"{one.name} {int(mask.sum()):,}" for one, mask in found if mask.any())
            self._hint.setText(self.tr("Chosen bars: {}").format(counted or self.tr("none; draw around their ends")))

    def _select(self, found: list[tuple[EntropySeries, Mask]], modifiers: Qt.KeyboardModifier) -> bool:
        masks = image_masks(found, self._selection.sizes) if self._is_sorted else None
        if masks is None:
            return False
        self._selection.select_many(masks, self, extend=bool(modifiers & Qt.KeyboardModifier.ControlModifier))
        self._show_selection()
        return True

    @Slot(int)
    def _on_cursor_moved(self, _number: int) -> None:
        self._say_range(*self._plot.cursor_range(), only=self._plot.cursor_series)

    def _say_range(self, low: float, high: float, only: str = "") -> None:
        named = [one for one in self._controls.shown() if only in ("", one.name)]
        parts = [f"{one.name} {int(in_range(one, low, high).sum()):,}" for one in named]
        self._hint.setText(self.tr("{:.2f} to {:.2f} bits: {}").format(low, high, ", ".join(parts)))

    @Slot()
    def _on_clear_clicked(self) -> None:
        self._selection.clear(self)
        self._show_selection()

    @Slot(object)
    def _on_picked(self, ref: ImageRef) -> None:
        self._selection.set_current(ref, self)
        here = self._place_of(ref)
        if here is not None:
            self._plot.mark(self._plot.marked_values, float(here[0].values[here[1]]))
        self._tell_count(sum(int(self._mask(one).sum()) for one in self._series), here)

    def _on_selection_changed(self, change: SelectionChange) -> None:
        if self._is_sorted and change.origin is not self:
            self._is_stale = not self.isVisible()
            if not self._is_stale:
                self._show_selection()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale and self._is_sorted:
            self._is_stale = False
            self._show_selection()
