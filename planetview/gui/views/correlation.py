"""The correlation page: how much a pairwise metric merely follows entropy, and the pairs behind the points."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QLabel,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from planetview.core.results import Results
from planetview.core.selection import ImageRef, SelectionChange, SelectionState
from planetview.gui.local_keys import PLOTS, tell
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.plots.series import ScatterSeries, whole_span
from planetview.gui.plots.styles import MOST_BANDS
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.turns import Turns
from planetview.gui.views.correlation_controls import CorrelationControls
from planetview.gui.views.matrix_pane import MatrixPane
from planetview.gui.views.pair_columns import ENTROPY, column_label, quantity
from planetview.gui.views.pair_selection import PairSelection
from planetview.gui.views.pair_series import Pairing, PairSets
from planetview.gui.views.pair_tip import PairTips
from planetview.gui.views.pairs_pane import PairsPane
from planetview.gui.views.panels import GAP
from planetview.gui.widgets.roomy import RoomyArea

Mask = npt.NDArray[np.bool_]

# With more pairs the turn that shows the page has enough to do.
_AT_ONCE = 2_000


class CorrelationPage(QWidget):
    """Small scatters of all metrics against entropy, one of them large, the pairs behind brushed points, a matrix.

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
        self._sets: PairSets | None = None
        self._chosen: PairSelection | None = None
        self._series: tuple[ScatterSeries, ...] = ()
        self._logarithmic: frozenset[str] = frozenset()
        self._is_stale = False
        self._content: QWidget | None = None
        self._filling = Turns(self)
        self.setAccessibleName(self.tr("Correlation"))
        self._empty = QLabel(
            self.tr("No pairs yet. Run a comparison with a pairwise metric (PSNR, SSIM …) to see what it follows."),
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
        """Make the axes of the columns that `choices_changed` named logarithmic, wherever they can be."""
        self._logarithmic = frozenset(choices)
        if self._sets is not None:
            self._on_pairs_changed()

    def show_results(self, results: Results | None) -> None:
        """Show the pairs of a run; None goes back to the invitation."""
        self._results = results
        self._sets = None if results is None else PairSets(results)
        if results is None or self._sets is None or not self._sets.nearest:
            self._sets = None
            self._filling.stop()
            self._stack.setCurrentWidget(self._empty)
            return
        for _ in self.prepare():
            pass
        assert self._content is not None
        self._chosen = PairSelection(self._selection, results, self._sets)
        self._stack.setCurrentWidget(self._content)
        self._pairs.use(results, self._sets)
        self._tips.use(results, self._sets)
        self._controls.offer(self._sets)
        self._on_pairs_changed()

    def _make(self) -> Iterator[None]:
        self._plots = []
        for name in (self.tr("Correlation scatter"), self.tr("Correlation scatter of random pairs")):
            self._plots.append(self._build_plot(name))
            yield
        self._panels = PanelView(self._theme, self.tr("Correlation panels"))
        self._panels.opened.connect(self._on_panel_opened)
        self._panels.area_chosen.connect(self._on_area_chosen)
        self._panels.notice.connect(self.notice)
        self._panels.log_wanted.connect(self._on_panel_log_wanted)
        self._build_controls()
        yield
        self._tips = PairTips(self._theme, self._thumbs, self)
        for plot in self._plots:
            self._tips.watch(plot)
        self._tips.watch_panels(self._panels)
        lower = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._pairs = PairsPane(self._theme, self._thumbs)
        self._pairs.cleared.connect(self._on_clear_clicked)
        self._pairs.picked.connect(self._on_picked)
        lower.addWidget(self._pairs)
        self._matrix = MatrixPane(self._theme)
        self._matrix.cell_chosen.connect(self._on_cell_chosen)
        self._matrix.notice.connect(self.notice)
        lower.addWidget(self._matrix)
        lower.setStretchFactor(0, 1)
        lower.setStretchFactor(1, 1)
        yield
        self._content = self._build_content(lower)
        self._stack.addWidget(self._content)
        yield

    def _build_plot(self, name: str) -> ScatterPlot:
        plot = ScatterPlot(self._theme, name)
        words = self.tr(
            "Click a point to choose its pair; rest on it, or (I), to see it. Drag with Shift, or in brush mode, to "
            "select pairs; Ctrl adds. Of several sets: click a name to hide its set; point at it, or (N), to have it "
            "in front. Of more than {} sets only the one in front has its band."
        ).format(MOST_BANDS)
        tell(plot, words, PLOTS)
        plot.point_chosen.connect(self._on_point_chosen)
        plot.area_chosen.connect(self._on_area_chosen)
        plot.notice.connect(self.notice)
        plot.log_wanted.connect(self._on_log_wanted)
        plot.add_menu_action(self.tr("Select pairs in &view"), plot.choose_visible, "Ctrl+A")
        return plot

    def _build_controls(self) -> None:
        self._controls = CorrelationControls()
        self._controls.pairs_changed.connect(self._on_pairs_changed)
        self._controls.axes_changed.connect(self._on_axes_changed)
        self._controls.closed.connect(self._on_closed)
        self._controls.log_wanted.connect(self._on_log_wanted)
        self._controls.shape_changed.connect(self._on_shape_changed)
        self._panels.shape_wanted.connect(self._controls.choose_next_shape)
        for plot in self._plots:
            self._controls.brushing_changed.connect(plot.set_brushing)
            plot.add_menu_action(self.tr("&Brush"), self._controls.toggle_brushing, "B")
            plot.add_menu_action(self.tr("Next &shape of the brush"), self._controls.choose_next_shape, "S")
        self._panel_export = self._panels.exports.button(self.tr("all panels"))
        self._plot_export = self._plots[0].exports.button(self.tr("the scatter"))
        self._controls.add(self._panel_export)
        self._controls.add(self._plot_export)
        self._plot_export.hide()

    def _build_content(self, lower: QWidget) -> QWidget:
        content = QWidget()
        detail = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        for plot in self._plots:
            detail.addWidget(plot)
        self._plots[1].hide()
        self._upper = QStackedWidget()
        self._upper.addWidget(self._panels)
        self._upper.addWidget(detail)
        back = QShortcut(QKeySequence(Qt.Key.Key_Escape), detail)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self._on_closed)
        top = QWidget()
        layout = QVBoxLayout(top)
        layout.setContentsMargins(0, 0, 0, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(self._controls)
        layout.addWidget(self._upper, 1)
        splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        splitter.addWidget(top)
        splitter.addWidget(lower)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        outer = QVBoxLayout(content)
        outer.setContentsMargins(16, 16, 16, 16)
        outer.addWidget(splitter)
        return RoomyArea(content, lines=38, parent=self)

    @property
    def _is_open(self) -> bool:
        return self._upper.currentIndex() == 1

    def _datasets(self) -> list[str]:
        assert self._sets is not None
        return list(self._sets.nearest) if self._controls.is_overlaid else [self._controls.dataset]

    def _shown_names(self) -> list[str]:
        """Return the tables whose pairs are shown: one for every dataset and kind of pairs."""
        assert self._sets is not None
        return [name for kind in self._controls.pairing.kinds for name in self._sets.names(self._datasets(), kind)]

    @Slot()
    def _on_pairs_changed(self) -> None:
        assert self._sets is not None
        self._controls.offer_columns(list(self._sets.nearest[self._controls.dataset].scores))
        kind = self._controls.pairing.kinds[0]
        (name,) = self._sets.names([self._controls.dataset], kind)
        matrix = self._matrix.fill_in(self._sets.tables[name], name)
        self._matrix.point_at(self._controls.axes[1], self._controls.axes[0])
        self._panels.clear(
            ", ".join(self._shown_names()),
            in_twos=self._controls.pairing is Pairing.BOTH,
            expected=self._sets.panel_count(self._datasets(), self._controls.pairing),
        )
        # One after the other: steps of both in one turn would take twice as long.
        steps = chain(self._fill_panels(), matrix)
        if sum(self._sets.tables[name].query_index.size for name in self._shown_names()) > _AT_ONCE:
            self._filling.begin_later(steps)
        else:
            self._filling.begin(steps)
        self._say_log()
        if self._is_open:
            self._draw()
        self._show_selection()

    def _fill_panels(self) -> Iterator[None]:
        assert self._sets is not None
        for panel in self._sets.panels(self._datasets(), self._controls.pairing, self._logarithmic):
            self._panels.add(panel)
            yield

    @Slot(str)
    def _on_panel_opened(self, key: str) -> None:
        self._open(key.partition("/")[0], ENTROPY)

    @Slot(str, str)
    def _on_cell_chosen(self, row: str, column: str) -> None:
        if row == column == ENTROPY:
            return
        if row == ENTROPY:
            row, column = column, row
        self._open(row, ENTROPY if row == column else column)

    def _open(self, y: str, x: str) -> None:
        was_open = self._is_open
        self._controls.choose(y, x)
        self._show_detail(True)
        self._on_axes_changed()
        if not was_open:
            self._plots[0].setFocus()

    @Slot()
    def _on_closed(self) -> None:
        self._show_detail(False)
        self._panels.setFocus()

    def _show_detail(self, is_open: bool) -> None:
        self._upper.setCurrentIndex(int(is_open))
        self._controls.show_detail(is_open)
        self._panel_export.setVisible(not is_open)
        self._plot_export.setVisible(is_open)

    @Slot()
    def _on_axes_changed(self) -> None:
        x, y = self._controls.axes
        self._matrix.point_at(y, x)
        self._say_log()
        self._draw()
        self._show_selection()

    @Slot(str, bool)
    def _on_log_wanted(self, side: str, on: bool) -> None:
        x, y = self._controls.axes
        self._want_log(x if side == "bottom" else y, on)

    @Slot(str, str)
    def _on_panel_log_wanted(self, key: str, side: str) -> None:
        column = ENTROPY if side == "bottom" else key.partition("/")[0]
        self._want_log(column, column not in self._logarithmic)

    def _want_log(self, column: str, on: bool) -> None:
        """Make the axis of a column logarithmic wherever it is shown, or say why it cannot be."""
        assert self._sets is not None
        if on and not self._sets.is_positive(self._shown_names(), column):
            words = self.tr("{} has values of 0 or below, which have no logarithm: its axis stays linear.")
            self.notice.emit(words.format(column_label(column)))
            on = False
        self._logarithmic = self._logarithmic | {column} if on else self._logarithmic - {column}
        self.choices_changed.emit(tuple(sorted(self._logarithmic)))
        at = self._panels.currentIndex().row()
        self._on_pairs_changed()
        self._panels.want_current(at)

    def _say_log(self) -> None:
        """Tick the axes that are logarithmic; one that was chosen in another study may not be so in this."""
        assert self._sets is not None
        names, sets = self._shown_names(), self._sets
        self._controls.say_log(frozenset(one for one in self._logarithmic if sets.is_positive(names, one)))

    @Slot(object)
    def _on_shape_changed(self, shape: BrushShape) -> None:
        self._panels.set_brush_shape(shape)
        for plot in self._plots:
            plot.set_brush_shape(shape)

    def _draw(self) -> None:
        """Draw the large scatters: one, or two with the same axes."""
        assert self._sets is not None
        x, y = self._controls.axes
        assert self._results is not None
        self._tips.use(self._results, self._sets, (y, x))
        sides = [self._sets.names(self._datasets(), kind) for kind in self._controls.pairing.kinds]
        is_narrow = len(sides) > 1
        scales = self._sets.scales(self._shown_names(), x, y, self._logarithmic)
        drawn = [
            tuple(self._sets.series(name, x, y, is_narrow=is_narrow).on(scales) for name in names) for names in sides
        ]
        self._series = tuple(one for series in drawn for one in series)
        span = whole_span(self._series)
        self._plots[1].setVisible(is_narrow)
        for plot, names, series in zip(self._plots, sides, drawn, strict=False):
            plot.set_axes(*quantity(x), *quantity(y))
            has_points = any(one.x.size for one in series)
            plot.show_nothing("" if has_points else self._sets.reason(names, x, y))
            plot.show_series(series, span)
            plot.reset_view()

    def _show_selection(self) -> None:
        assert self._chosen is not None
        current = self._selection.current
        masks = self._chosen.masks(self._shown_names())
        shown = self._chosen.with_current(masks, current)
        self._panels.mark(shown)
        self._mark_plots(masks, current)
        self._pairs.show_pairs(shown, current, self._controls.axes[1])
        self._pairs.say_chosen(sum(int(mask.sum()) for mask in masks.values()))

    def _mark_plots(self, masks: dict[str, Mask], current: ImageRef | None) -> None:
        assert self._sets is not None
        assert self._chosen is not None
        if self._is_open:
            marked = {one.name: masks[one.name][one.rows] for one in self._series}
            for plot, kind in zip(self._plots, self._controls.pairing.kinds, strict=False):
                plot.mark(marked, self._chosen.row_of(current, self._sets.names(self._datasets(), kind)))

    @Slot(str, int)
    def _on_point_chosen(self, name: str, row: int) -> None:
        assert self._sets is not None
        table = self._sets.tables[name]
        if table.query in self._selection.sizes:
            self._selection.set_current((table.query, int(table.query_index[row])), self)
            self._show_selection()

    @Slot(object, object)
    def _on_area_chosen(self, inside: dict[str, npt.NDArray[np.intp]], modifiers: Qt.KeyboardModifier) -> None:
        assert self._chosen is not None
        if self._chosen.choose(inside, self, extend=bool(modifiers & Qt.KeyboardModifier.ControlModifier)):
            self._show_selection()

    @Slot()
    def _on_clear_clicked(self) -> None:
        self._selection.clear(self)
        self._show_selection()

    @Slot(object)
    def _on_picked(self, ref: ImageRef) -> None:
        assert self._chosen is not None
        self._selection.set_current(ref, self)
        masks = self._chosen.masks(self._shown_names())
        self._panels.mark(self._chosen.with_current(masks, ref))
        self._mark_plots(masks, ref)

    def _on_selection_changed(self, change: SelectionChange) -> None:
        if self._sets is not None and change.origin is not self:
            self._is_stale = not self.isVisible()
            if not self._is_stale:
                self._show_selection()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale and self._sets is not None:
            self._is_stale = False
            self._show_selection()
