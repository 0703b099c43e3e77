"""The entropy page: how much detail the images of each dataset hold, and the images behind every bin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from planetview.core.entropy import histogram_bins
from planetview.core.results import Results
from planetview.core.selection import ImageRef, SelectionChange, SelectionState
from planetview.gui.plots.histogram import HistogramPlot, HistogramSeries
from planetview.gui.plots.styles import SAMPLE_SIZE, dataset_style, sample_icon
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.panels import GAP
from planetview.gui.views.tile_strip import Tiles, TileStrip
from planetview.gui.widgets.flow import FlowLayout
from planetview.gui.widgets.numbers import inset_text

_AUTOMATIC = 3  # one below the fewest bins a person can ask for

Vector = npt.NDArray[np.float64]


class EntropyPage(QWidget):
    """Histograms of image entropy over shared bins. A click on a bin selects its images and shows them.

    `selection` must know the datasets of the results before anything can be selected.
    """

    notice = Signal(str)

    def __init__(
        self, selection: SelectionState, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._selection, self._theme, self._thumbs = selection, theme, thumbs
        self._results: Results | None = None
        self._entropy: dict[str, Vector] = {}
        self._boxes: dict[str, QCheckBox] = {}
        self._edges: Vector = np.empty(0)
        self._is_stale = False
        self._content: QWidget | None = None
        self._has_plot = False
        self.setAccessibleName(self.tr("Entropy"))
        self._empty = QLabel(
            self.tr("No entropy yet. Run a comparison to see how much detail the images of each dataset hold."),
            alignment=Qt.AlignmentFlag.AlignCenter,
            wordWrap=True,
        )
        self._empty.setProperty("muted", True)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        selection.subscribe(self._on_selection_changed)
        theme.changed.connect(self._on_theme_changed)

    def prepare(self) -> Iterator[None]:
        """Make what is costly before it is needed, in two steps: the plot, and all around it."""
        if not self._has_plot:
            self._has_plot = True
            self._build_plot()
            yield
        if self._content is None:
            self._content = self._build_content()
            self._stack.addWidget(self._content)
            yield

    def show_results(self, results: Results | None) -> None:
        """Show the entropies of a run; None goes back to the invitation."""
        self._results = results
        self._entropy = {} if results is None else _entropies(results)
        if not self._entropy:
            self._stack.setCurrentWidget(self._empty)
            return
        for _ in self.prepare():
            pass
        assert self._content is not None
        self._fill_boxes()
        self._stack.setCurrentWidget(self._content)
        self._draw()
        self._show_selection()

    def _build_plot(self) -> None:
        self._plot = HistogramPlot(self._theme, self.tr("Entropy histograms"))
        self._plot.setToolTip(
            self.tr("Click a bin to select its images; Ctrl adds. Keys: left and right move the bin, Enter selects.")
        )
        self._plot.bin_chosen.connect(self._on_bin_chosen)
        self._plot.cursor_moved.connect(self._on_cursor_moved)
        self._plot.notice.connect(self.notice)

    def _build_content(self) -> QWidget:
        content = QWidget()
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self._build_top())
        splitter.addWidget(self._build_bottom())
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(content)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(splitter)
        return content

    def _build_top(self) -> QWidget:
        top = QWidget()
        layout = QVBoxLayout(top)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(8)
        layout.addLayout(self._build_controls())
        layout.addWidget(self._plot, 1)
        self._hint = QLabel(self.tr("Ctrl and a click add another bin. Keys: left and right, then Enter."))
        self._hint.setProperty("muted", True)
        layout.addWidget(self._hint)
        return top

    def _build_controls(self) -> QHBoxLayout:
        self._bins = QSpinBox(minimum=_AUTOMATIC, maximum=200, value=_AUTOMATIC)
        inset_text(self._bins)
        self._bins.setSpecialValueText(self.tr("Automatic"))
        self._bins.setAccessibleName(self.tr("Number of bins"))
        self._bins.setToolTip(self.tr("Automatic bins have the Freedman-Diaconis width of all images together."))
        self._bins.valueChanged.connect(self._on_setting_changed)
        self._heights = QComboBox()
        self._heights.addItems([self.tr("Images"), self.tr("Density")])
        self._heights.setAccessibleName(self.tr("Height of the bars"))
        self._heights.setToolTip(self.tr("Density has area 1 for every dataset, so that sets of other sizes compare."))
        self._heights.currentIndexChanged.connect(self._on_setting_changed)
        row = QHBoxLayout()
        row.setSpacing(8)
        for text, control in ((self.tr("&Bins"), self._bins), (self.tr("&Height"), self._heights)):
            label = QLabel(text)
            label.setBuddy(control)
            row.addWidget(label)
            row.addWidget(control)
            row.addSpacing(8)
        self._box_row = FlowLayout(GAP, GAP // 2)
        row.addLayout(self._box_row, 1)
        return row

    def _build_bottom(self) -> QWidget:
        bottom = QWidget()
        self._count = QLabel()
        self._clear = QPushButton(self.tr("Clear selection"))
        self._clear.clicked.connect(self._on_clear_clicked)
        header = QHBoxLayout()
        header.addWidget(self._count, 1)
        header.addWidget(self._clear)
        self._strip = TileStrip(self._theme, self._thumbs, 1)
        self._strip.setAccessibleName(self.tr("Selected images"))
        self._strip.set_empty_text(self.tr("Click a bar of the histogram to see the images that are in it."))
        self._strip.picked.connect(self._on_picked)
        layout = QVBoxLayout(bottom)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(header)
        layout.addWidget(self._strip, 1)
        return bottom

    def _fill_boxes(self) -> None:
        assert self._results is not None
        for box in self._boxes.values():
            self._box_row.removeWidget(box)
            box.deleteLater()
        self._boxes.clear()
        for name in self._entropy:
            box = QCheckBox(name.replace("&", "&&"))
            box.setChecked(True)
            box.setAccessibleName(self.tr("Show {}").format(name))
            box.setIconSize(SAMPLE_SIZE)
            box.toggled.connect(self._on_setting_changed)
            self._box_row.addWidget(box)
            self._boxes[name] = box
        self._dress_boxes()

    def _dress_boxes(self) -> None:
        if self._results is not None:
            for name, box in self._boxes.items():
                style = dataset_style(self._results, name)
                box.setIcon(sample_icon(style, self._theme.tokens, self.devicePixelRatioF()))

    def _shown(self) -> list[str]:
        return [name for name, box in self._boxes.items() if box.isChecked()]

    def _shared_edges(self) -> Vector:
        # Bins come from all datasets, so that hiding one does not move the others.
        values = list(self._entropy.values())
        edges = histogram_bins(values)
        if self._bins.value() == _AUTOMATIC or edges.size < 2:
            return edges
        return np.linspace(edges[0], edges[-1], self._bins.value() + 1)

    def _draw(self) -> None:
        assert self._results is not None
        edges = self._edges = self._shared_edges()
        as_density = self._heights.currentIndex() == 1
        series = []
        for name in self._shown():
            finite = self._entropy[name][np.isfinite(self._entropy[name])]
            heights = np.histogram(finite, edges)[0].astype(np.float64)
            if as_density and finite.size:
                heights /= finite.size * np.diff(edges)
            median = float(np.median(finite)) if finite.size else float("nan")
            words = self.tr("{}: n = {:,}, median {:.2f} bits").format(name, finite.size, median)
            series.append(HistogramSeries(name, words, dataset_style(self._results, name), heights, median))
        height = (self.tr("Density"), self.tr("per bit")) if as_density else (self.tr("Images"), "")
        self._plot.set_axes(self.tr("Shannon entropy"), self.tr("bits"), *height)
        nothing = "" if series else self.tr("All datasets are hidden. Tick one above to see its entropies.")
        self._plot.show_nothing(nothing)
        self._plot.show_series(edges, tuple(series))

    def _mask(self, name: str) -> npt.NDArray[np.bool_]:
        size = self._entropy[name].size
        if self._selection.sizes.get(name) != size:
            return np.zeros(size, dtype=np.bool_)
        return self._selection.selected(name)

    def _show_selection(self) -> None:
        names = tuple(self._entropy)
        current = self._selection.current
        if current is not None and current[0] not in self._entropy:
            current = None
        masks = {name: self._mask(name).copy() for name in names}
        chosen = sum(int(mask.sum()) for mask in masks.values())
        values = np.concatenate([self._entropy[name][masks[name]] for name in names])
        self._plot.mark(values, None if current is None else float(self._entropy[current[0]][current[1]]))
        if current is not None:
            masks[current[0]][current[1]] = True
        index = [np.flatnonzero(masks[name]) for name in names]
        dataset = np.repeat(np.arange(len(names)), [rows.size for rows in index])
        tiles = Tiles(names, dataset[:, None], np.concatenate(index)[:, None], self._captions)
        self._shown_tiles = tiles
        self._strip.show_tiles(self._results, tiles)
        self._strip.follow(current)
        self._clear.setEnabled(chosen > 0)
        self._count.setText(self._count_text(chosen, current))

    def _count_text(self, chosen: int, current: ImageRef | None) -> str:
        words = self.tr("{:,} images selected").format(chosen) if chosen != 1 else self.tr("1 image selected")
        if current is None:
            return words
        assert self._results is not None
        image = self._results.dataset(current[0]).images[current[1]]
        bits = self._entropy[current[0]][current[1]]
        return self.tr("{}. Current: {} of {}, {:.2f} bits").format(words, image.name, current[0], bits)

    def _captions(self, tile: int) -> tuple[str, str]:
        assert self._results is not None
        name, index = self._shown_tiles.refs(tile)[0]
        image = self._results.dataset(name).images[index]
        return image.name, self.tr("{:.2f} bits · {}").format(self._entropy[name][index], name)

    @Slot(int, object)
    def _on_bin_chosen(self, number: int, modifiers: Qt.KeyboardModifier) -> None:
        masks = {name: self._in_bin(name, number) for name in self._shown()}
        extend = bool(modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
        if any(name not in self._selection.sizes for name in masks):
            return
        self._selection.select_many(masks, self, extend=extend)
        self._show_selection()

    def _in_bin(self, name: str, number: int) -> npt.NDArray[np.bool_]:
        low, high = self._plot.bin_range(number)
        values = self._entropy[name]
        is_last = number == self._edges.size - 2
        return (values >= low) & ((values <= high) if is_last else (values < high))

    @Slot(int)
    def _on_cursor_moved(self, number: int) -> None:
        low, high = self._plot.bin_range(number)
        parts = [f"{name} {int(self._in_bin(name, number).sum()):,}" for name in self._shown()]
        self._hint.setText(self.tr("{:.2f} to {:.2f} bits: {}").format(low, high, ", ".join(parts)))

    @Slot()
    def _on_setting_changed(self) -> None:
        self._draw()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._dress_boxes()

    @Slot()
    def _on_clear_clicked(self) -> None:
        self._selection.clear(self)
        self._show_selection()

    @Slot(object)
    def _on_picked(self, ref: ImageRef) -> None:
        self._selection.set_current(ref, self)
        value = float(self._entropy[ref[0]][ref[1]])
        self._plot.mark(self._plot.marked_values, value)
        self._count.setText(self._count_text(sum(self._selection.counts().values()), ref))

    def _on_selection_changed(self, change: SelectionChange) -> None:
        if self._entropy and change.origin is not self:
            self._is_stale = not self.isVisible()
            if not self._is_stale:
                self._show_selection()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale and self._entropy:
            self._is_stale = False
            self._show_selection()


def _entropies(results: Results) -> dict[str, Vector]:
    return {
        dataset.name: results.entropy_bits[dataset.name]
        for dataset in results.datasets
        if np.isfinite(results.entropy_bits.get(dataset.name, np.empty(0))).any()
    }
