"""The correlation page: how much a pairwise metric merely follows entropy, and the pairs behind the points."""

from __future__ import annotations

import html
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from planetview.core.results import Correlation, PairTable, Results
from planetview.core.selection import ImageRef, SelectionChange, SelectionState
from planetview.gui.plots.scatter import ScatterPlot, ScatterSeries, least_squares_line
from planetview.gui.plots.styles import dataset_style
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.correlation_matrix import MatrixView, correlation_matrix
from planetview.gui.views.pair_columns import (
    ENTROPY,
    column_label,
    column_of,
    correlated,
    method_words,
    quantity,
    short_number,
    with_interval,
)
from planetview.gui.views.panels import GAP
from planetview.gui.views.tile_strip import Tiles, TileStrip
from planetview.gui.widgets.flow import FlowLayout, labelled

Mask = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]


class CorrelationPage(QWidget):
    """Scatter of pair scores with the pairs behind brushed points, and a matrix of all coefficients.

    `selection` must know the datasets of the results before anything can be selected.
    """

    notice = Signal(str)

    def __init__(
        self, selection: SelectionState, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._selection, self._theme, self._thumbs = selection, theme, thumbs
        self._results: Results | None = None
        self._tables: dict[str, PairTable] = {}
        self._series: tuple[ScatterSeries, ...] = ()
        self._is_stale = False
        self._content: QWidget | None = None
        self._has_plot = False
        self.setAccessibleName(self.tr("Correlation"))
        self._empty = QLabel(
            self.tr("No pairs yet. Run a comparison with a pairwise metric (PSNR, SSIM …) to see what it follows."),
            alignment=Qt.AlignmentFlag.AlignCenter,
            wordWrap=True,
        )
        self._empty.setProperty("muted", True)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        selection.subscribe(self._on_selection_changed)

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
        """Show the pairs of a run; None goes back to the invitation."""
        self._results = results
        self._tables = {} if results is None else {table.query: table for table in results.pairs if table.scores}
        if not self._tables:
            self._stack.setCurrentWidget(self._empty)
            return
        for _ in self.prepare():
            pass
        assert self._content is not None
        self._stack.setCurrentWidget(self._content)
        self._fill(self._candidate, [(name, name) for name in self._tables])
        self._on_candidate_changed()

    def _build_plot(self) -> None:
        self._plot = ScatterPlot(self._theme, self.tr("Correlation scatter"))
        self._plot.setToolTip(
            self.tr("Click a point to choose its pair. Drag with Shift, or in brush mode, to select pairs; Ctrl adds.")
        )
        self._plot.point_chosen.connect(self._on_point_chosen)
        self._plot.area_chosen.connect(self._on_area_chosen)
        self._plot.notice.connect(self.notice)
        self._plot.add_menu_action(
            self.tr("Select pairs in &view"),
            self._plot.choose_visible,
            QKeySequence(QKeySequence.StandardKey.SelectAll),
        )

    def _build_content(self) -> QWidget:
        content = QWidget()
        lower = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        lower.addWidget(self._build_pairs())
        lower.addWidget(self._build_matrix())
        lower.setStretchFactor(0, 1)
        lower.setStretchFactor(1, 1)
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(self._build_top())
        splitter.addWidget(lower)
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
        return top

    def _build_controls(self) -> FlowLayout:
        self._candidate = QComboBox()
        self._candidate.setAccessibleName(self.tr("Dataset"))
        self._candidate.activated.connect(self._on_candidate_changed)
        self._y = QComboBox()
        self._y.setAccessibleName(self.tr("Metric on the vertical axis"))
        self._y.activated.connect(self._on_axes_changed)
        self._x = QComboBox()
        self._x.setAccessibleName(self.tr("Quantity on the horizontal axis"))
        self._x.activated.connect(self._on_axes_changed)
        row = FlowLayout(2 * GAP, GAP)
        for text, box in (
            (self.tr("&Dataset"), self._candidate),
            (self.tr("&Metric"), self._y),
            (self.tr("&Against"), self._x),
        ):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            row.addWidget(labelled(text, box))
        self._overlay = QCheckBox(self.tr("&Overlay all datasets"))
        self._overlay.toggled.connect(self._on_axes_changed)
        self._brush = QPushButton(self.tr("&Brush"))
        self._brush.setCheckable(True)
        self._brush.setToolTip(
            self.tr(
                "Drag a rectangle to select pairs. Without this mode, hold Shift; with the keyboard, Ctrl+A in view."
            )
        )
        self._brush.toggled.connect(self._plot.set_brushing)
        row.addWidget(self._overlay)
        row.addWidget(self._brush)
        return row

    def _build_pairs(self) -> QWidget:
        self._count = QLabel()
        self._clear = QPushButton(self.tr("Clear selection"))
        self._clear.clicked.connect(self._on_clear_clicked)
        self._strip = TileStrip(self._theme, self._thumbs, 2)
        self._strip.setAccessibleName(self.tr("Selected pairs"))
        self._strip.set_empty_text(
            self.tr("Brush points, or click one, to see their pairs: the image and its nearest reference image.")
        )
        self._strip.setToolTip(self.tr("Left: the image. Right: its nearest reference image."))
        self._strip.picked.connect(self._on_picked)
        header = QHBoxLayout()
        header.addWidget(self._count, 1)
        header.addWidget(self._clear)
        return _column(header, self._strip, right=8)

    def _build_matrix(self) -> QWidget:
        self._matrix = MatrixView(self._theme)
        self._matrix.setAccessibleName(self.tr("Correlation matrix"))
        self._matrix.cell_chosen.connect(self._on_cell_chosen)
        self._matrix_title = QLabel()
        header = QHBoxLayout()
        header.addWidget(self._matrix_title, 1)
        return _column(header, self._matrix, left=8)

    def _fill(self, box: QComboBox, entries: list[tuple[str, str]]) -> None:
        """Replace the entries (label, id) and keep the chosen id where it still exists."""
        kept = box.currentData()
        box.clear()
        for label, identity in entries:
            box.addItem(label, identity)
        box.setCurrentIndex(max(0, box.findData(kept)))

    def _choose(self, y: str, x: str) -> None:
        for box, wanted in ((self._y, y), (self._x, x)):
            box.setCurrentIndex(max(0, box.findData(wanted)))
        self._on_axes_changed()

    def _axes(self) -> tuple[str, str]:
        return self._x.currentData(), self._y.currentData()

    def _draw(self) -> None:
        x, y = self._axes()
        names = list(self._tables) if self._overlay.isChecked() else [self._candidate.currentData()]
        self._series = tuple(self._one_series(name, x, y) for name in names)
        self._plot.set_axes(*quantity(x), *quantity(y))
        self._plot.show_nothing("" if any(one.x.size for one in self._series) else self._why_nothing(names, x, y))
        self._plot.show_series(self._series)
        self._plot.reset_view()
        self._show_selection()

    def _one_series(self, name: str, x: str, y: str) -> ScatterSeries:
        assert self._results is not None
        table = self._tables[name]
        xs, ys = column_of(table, x), column_of(table, y)
        rows = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
        style = dataset_style(self._results, name)
        found = self._stored(name, x, y) or correlated(table, x, y)
        line = least_squares_line(xs[rows], ys[rows])
        return ScatterSeries(name, self._legend(name, found), style, xs[rows], ys[rows], rows, line)

    def _stored(self, name: str, x: str, y: str) -> Correlation | None:
        """Return what the run found for entropy against this metric; other pairs of columns were not part of it."""
        assert self._results is not None
        if x != ENTROPY:
            return None
        found = (one for one in self._results.correlations if (one.metric, one.candidate) == (y, name))
        return next(found, None)

    def _legend(self, name: str, found: Correlation) -> str:
        counts = self.tr("n = {:,} pairs, {:,} dropped, {:,} distinct partners").format(
            found.n, found.dropped, found.distinct_partners
        )
        if found.r is None:
            words = self.tr("no coefficient: {}").format(html.escape(found.reason))
        else:
            words = f"r = {with_interval(found.r, found.r_interval)}"
            if found.rho is not None:
                words += f", ρ = {with_interval(found.rho, found.rho_interval)}"
            words += method_words(found)
        return f"<b>{html.escape(name)}</b> &nbsp; {counts}<br>{words}"

    def _why_nothing(self, names: list[str], x: str, y: str) -> str:
        notes = [self._tables[name].notes.get(column, "") for name in names for column in (y, x)]
        reason = next((note for note in notes if note), "")
        words = self.tr("No pair has a finite value of both {} and {}.").format(column_label(y), column_label(x))
        return f"{words} {reason[:1].upper()}{reason[1:]}." if reason else words

    def _mask(self, table: PairTable) -> Mask:
        """Return which pairs of a table are selected: those whose query image is."""
        assert self._results is not None
        if self._selection.sizes.get(table.query) != len(self._results.dataset(table.query).images):
            return np.zeros(table.query_index.size, dtype=np.bool_)
        mask: Mask = self._selection.selected(table.query)[table.query_index]
        return mask

    def _show_selection(self) -> None:
        current = self._selection.current
        masks = {one.name: self._mask(self._tables[one.name]) for one in self._series}
        chosen = sum(int(mask.sum()) for mask in masks.values())
        marked = {one.name: masks[one.name][one.rows] for one in self._series}
        self._plot.mark(marked, self._current_row(current))
        self._show_pairs(masks, current)
        self._clear.setEnabled(chosen > 0)
        self._count.setText(
            self.tr("1 pair selected") if chosen == 1 else self.tr("{:,} pairs selected").format(chosen)
        )

    def _current_row(self, current: ImageRef | None) -> tuple[str, int] | None:
        if current is None or current[0] not in {one.name for one in self._series}:
            return None
        rows = np.flatnonzero(self._tables[current[0]].query_index == current[1])
        return (current[0], int(rows[0])) if rows.size else None

    def _show_pairs(self, masks: dict[str, Mask], current: ImageRef | None) -> None:
        assert self._results is not None
        names = tuple(dataset.name for dataset in self._results.datasets)
        here = self._current_row(current)
        places, images, tables, rows_of = [], [], [], []
        for name, selected in masks.items():
            table, mask = self._tables[name], selected.copy()
            if here is not None and here[0] == name:
                mask[here[1]] = True
            rows = np.flatnonzero(mask)
            pair = (names.index(table.query), names.index(table.bank))
            places.append(np.tile(pair, (rows.size, 1)))
            images.append(np.column_stack([table.query_index[rows], table.bank_index[rows]]))
            tables += [name] * int(rows.size)
            rows_of.append(rows)
        self._pair_of_tile = list(zip(tables, np.concatenate(rows_of).tolist(), strict=True))
        self._strip.show_tiles(
            self._results, Tiles(names, np.concatenate(places), np.concatenate(images), self._captions)
        )
        self._strip.follow(current)

    def _captions(self, tile: int) -> tuple[str, str]:
        assert self._results is not None
        name, row = self._pair_of_tile[tile]
        table = self._tables[name]
        first = self._results.dataset(table.query).images[int(table.query_index[row])].name
        second = self._results.dataset(table.bank).images[int(table.bank_index[row])].name
        y = self._axes()[1]
        score = short_number(float(column_of(table, y)[row]))
        bits = short_number(float(table.entropy_bits[row]))
        return f"{first} | {second}", self.tr("{} {}, {} bits").format(column_label(y), score, bits)

    @Slot()
    def _on_candidate_changed(self) -> None:
        table = self._tables[self._candidate.currentData()]
        metrics = [(column_label(metric), metric) for metric in table.scores]
        self._fill(self._y, metrics)
        self._fill(self._x, [(self.tr("Pair entropy"), ENTROPY), *metrics])
        self._matrix.show_matrix(correlation_matrix(table))
        self._matrix_title.setText(self.tr("Pearson r over the pairs of {}").format(table.query))
        self._on_axes_changed()

    @Slot()
    def _on_axes_changed(self) -> None:
        x, y = self._axes()
        self._matrix.point_at(y, x)
        self._draw()

    @Slot(str, str)
    def _on_cell_chosen(self, row: str, column: str) -> None:
        if row == column == ENTROPY:
            return
        if row == ENTROPY:
            row, column = column, row
        self._choose(row, ENTROPY if row == column else column)

    @Slot(str, int)
    def _on_point_chosen(self, name: str, row: int) -> None:
        if name in self._selection.sizes:
            self._selection.set_current((name, int(self._tables[name].query_index[row])), self)
            self._show_selection()

    @Slot(object, object)
    def _on_area_chosen(self, inside: dict[str, npt.NDArray[np.intp]], modifiers: Qt.KeyboardModifier) -> None:
        masks: dict[str, Mask] = {}
        for name, rows in inside.items():
            table = self._tables[name]
            for dataset, index in ((table.query, table.query_index[rows]), (table.bank, table.bank_index[rows])):
                if dataset not in self._selection.sizes:
                    return
                mask = masks.setdefault(dataset, np.zeros(self._selection.sizes[dataset], dtype=np.bool_))
                mask[index] = True
        self._selection.select_many(masks, self, extend=bool(modifiers & Qt.KeyboardModifier.ControlModifier))
        self._show_selection()

    @Slot()
    def _on_clear_clicked(self) -> None:
        self._selection.clear(self)
        self._show_selection()

    @Slot(object)
    def _on_picked(self, ref: ImageRef) -> None:
        self._selection.set_current(ref, self)
        self._plot.mark({one.name: self._mask(self._tables[one.name])[one.rows] for one in self._series},
                        self._current_row(ref))  # fmt: skip

    def _on_selection_changed(self, change: SelectionChange) -> None:
        if self._tables and change.origin is not self:
            self._is_stale = not self.isVisible()
            if not self._is_stale:
                self._show_selection()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale and self._tables:
            self._is_stale = False
            self._show_selection()


def _column(header: QHBoxLayout, body: QWidget, left: int = 0, right: int = 0) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(left, 8, right, 0)
    layout.setSpacing(8)
    layout.addLayout(header)
    layout.addWidget(body, 1)
    return column
