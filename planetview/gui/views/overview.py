"""The overview page: what the numbers say about each candidate, and every number of a study in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QPixmap, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from planetview import __version__
from planetview.core.copies import suspected_copies
from planetview.core.datasets import Role
from planetview.core.findings import Evidence, Finding, clauses, verdict
from planetview.core.generation import PathLengthResult
from planetview.core.results import MetricValue, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.gui.models.literature_words import literature_html
from planetview.gui.models.metric_columns import Column, ColumnChoice, ColumnKind
from planetview.gui.models.metric_details import cell_html, family_html, floor_html, metric_html
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.models.missing_weights import lacking_weights
from planetview.gui.plots.styles import SeriesStyle, set_style
from planetview.gui.theme import Theme, Tokens
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.column_menu import ColumnMenu, reordered
from planetview.gui.views.details_splitter import DetailsSplitter
from planetview.gui.views.findings_panel import CandidateFindings, FindingsPanel, mark_pixmap
from planetview.gui.views.metric_panel import MetricPanel
from planetview.gui.views.metric_view import MetricTableView
from planetview.gui.views.panels import GAP, empty_state
from planetview.gui.views.path_length_block import PathLengthBlock
from planetview.gui.views.strips import StaleStrip, WarningStrip, warnings_of
from planetview.gui.views.table_export import TableExport
from planetview.gui.views.table_tools import TableTools

_DETAILS = "details"
# To lay out more takes a turn of its own, and to show them another one: 200 candidates have 3,000.
_VALUES_AT_ONCE = 1000
# A lower page keeps its lines for the table; arrows and stars say what they are when pointed at.
_LINES_WITH_LEGEND = 30


class OverviewPage(QWidget):
    """A finding per candidate, one table of all metrics and candidates below, the current cell explained beside."""

    notice = Signal(str)  # what was copied or written, for the status bar
    weights_wanted = Signal(str)  # weights id that the current cell lacks
    literature_toggled = Signal(bool)
    run_wanted = Signal()
    columns_changed = Signal(tuple)  # what `columns_state` returns now
    # Dataset name, mask over its images (n,) bool, the candidate and what was found of it. They are selected already.
    images_wanted = Signal(str, object, str, object)

    def __init__(
        self,
        selection: SelectionState,
        theme: Theme,
        thumbs: ThumbnailCache,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._selection, self._theme = selection, theme
        self._results: Results | None = None
        self._is_running = self._is_stale = False
        self._lacking: str | None = None
        self._marks: dict[tuple[SeriesStyle, Tokens, int, float], QPixmap] = {}
        self._places: dict[str, int] = {}
        self._model = MetricTableModel(self)
        self._empty = empty_state(self.tr("No numbers yet. Choose a reference and a candidate, then press Run."))
        self._content = QWidget()
        self._path_lengths = PathLengthBlock(theme, is_brief=True)
        numbers = QWidget(self)
        self._stack = QStackedLayout(numbers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(numbers, 1)
        column.addWidget(self._path_lengths)
        self._stack.addWidget(self._empty)
        # Large text on a low window: better that the page scrolls than that the table has a line of it.
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self._content)
        self._stack.addWidget(self._scroll)
        # Each takes milliseconds of layout, and all follow from one signal: they share no turn of the event loop.
        self._steps: dict[str, Callable[[], None]] = {}
        self._stepping = QTimer(self, singleShot=True, interval=0)
        self._stepping.timeout.connect(self._take_step)
        self._make_parts()
        self._lay_out()
        self._connect()
        theme.changed.connect(self._on_theme_changed)

    def prepare(self) -> Iterator[None]:
        """Nothing is left for later."""
        return iter(())

    def show_results(self, results: Results | None) -> None:
        """Show a finished run, very many numbers in the next turns of the event loop; None empties the page."""
        self._results, self._is_running, self._steps = results, False, {}
        values = () if results is None else results.values
        for name, step in (("values", partial(self._model.show, values)), ("rest", self._refresh)):
            if len(values) > _VALUES_AT_ONCE:
                self._later(name, step)
            else:
                step()

    def expect(self, candidates: tuple[str, ...], settings: RunSettings) -> None:
        """Show which numbers a run that begins now will give; its values arrive by `show_partial`."""
        self._results, self._is_running, self._steps = None, True, {}
        self._model.expect(candidates, settings)
        self._refresh()

    def show_partial(self, values: tuple[MetricValue, ...]) -> None:
        """Add values of a run that goes on; the first of them replace an earlier run's."""
        if not self._is_running:
            self._results, self._is_running, self._steps = None, True, {}
            self._model.show(())
        self._model.add(values)
        self._refresh()

    def show_stage(self, stage: str) -> None:
        """Say which cells are being computed; `stage` is the id that progress names."""
        if self._is_running:
            self._model.show_stage(stage)

    def show_stale(self, is_stale: bool) -> None:
        """Say that the numbers belong to other sets or settings than those of the study now, or that they do not."""
        self._is_stale = is_stale
        self._later("stale", self._follow_stale)

    def show_path_lengths(self, found: tuple[PathLengthResult, ...]) -> None:
        """Show what was measured on generators, beside what was measured on images."""
        self._path_lengths.show_path_lengths(found)

    def show_literature(self, is_shown: bool) -> None:
        """Show or hide the column of published values."""
        self._model.show_literature(is_shown)
        self._literature.setChecked(is_shown)

    def begin_filter(self) -> None:
        """Put the keyboard into the filter of the table."""
        self._tools.begin_filter()

    def columns_state(self) -> tuple[str, ...]:
        """Return which columns are shown, in which order, as texts that `use_columns` takes."""
        details = _DETAILS if self._tools.details.isChecked() else f"-{_DETAILS}"
        return (*self._model.column_choice.state(self._model.candidates), details)

    def use_columns(self, state: Iterable[str]) -> None:
        """Show the columns that `columns_state` named; those it did not know stand as at first."""
        tokens = tuple(state)
        self._tools.details.setChecked(f"-{_DETAILS}" not in tokens)
        own = [token for token in tokens if token.removeprefix("-") != _DETAILS]
        self._model.choose_columns(ColumnChoice.of_state(own))
        self._literature.setChecked(self._model.column_choice.shows(ColumnKind.LITERATURE.value))

    def _make_parts(self) -> None:
        self._findings = FindingsPanel(self._content)
        self._warnings, self._stale = WarningStrip(), StaleStrip()
        self._tools = TableTools(self._model)
        self._table = MetricTableView(self._model, self._theme)
        self._export = TableExport(self._model, self._table, self._version)
        self._panel = MetricPanel()
        self._details, self._models = self._panel.text, self._panel.models
        self._literature = QAction(self.tr("Literature column"), self, checkable=True)
        self._table.horizontalHeader().addAction(self._literature)
        menu = ColumnMenu(self._model, self)
        menu.chosen.connect(self._on_columns_chosen)
        self._tools.use_menu(menu)
        QShortcut(QKeySequence.StandardKey.Find, self, self.begin_filter, Qt.ShortcutContext.WidgetWithChildrenShortcut)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self._content)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, GAP)
        layout.setSpacing(GAP)
        self._splitter = DetailsSplitter(self._table, self._panel)
        for widget in (self._stale, self._findings, self._warnings, self._tools, self._splitter):
            layout.addWidget(widget)
        layout.setStretchFactor(self._splitter, 1)
        layout.addLayout(self._build_foot())
        self.setFocusProxy(self._table)
        # Qt's own order otherwise: that in which the parts were made.
        for first, second in ((self._table, self._details), (self._details, self._models)):
            self.setTabOrder(first, second)
        self.setTabOrder(self._models, self._warnings.more)

    def _connect(self) -> None:
        self._findings.followed.connect(self._on_followed)
        self._stale.run_wanted.connect(self.run_wanted)
        self._panel.notice.connect(self.notice)
        self._panel.models_wanted.connect(self._on_models)
        self._tools.details.toggled.connect(self._on_details)
        self._export.notice.connect(self.notice)
        self._literature.triggered.connect(self._on_literature)
        self._table.current_changed.connect(self._on_current_changed)
        self._table.copy_requested.connect(self._export.copy)
        self._table.sort_wanted.connect(self._tools.turn_sort)
        self._table.columns_moved.connect(lambda ids: self._on_columns_chosen(reordered(self._model, list(ids))))
        self._table.horizontalHeader().customContextMenuRequested.connect(self._on_header_menu)
        self._model.dataChanged.connect(lambda: self._on_current_changed(self._table.currentIndex()))

    def _build_foot(self) -> QHBoxLayout:
        legend = self._legend = QLabel(
            self.tr("↓ lower is better   ↑ higher is better   ★ best, where the intervals of all others are separate"),
            wordWrap=True,
        )
        legend.setProperty("muted", True)
        legend.setToolTip(
            self.tr("Bars: value / noise floor from 0.1 to 100 times on a logarithmic scale, the same in every cell.")
        )
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(legend, 1)
        for button in self._export.buttons():
            foot.addWidget(button)
        return foot

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        line = self.fontMetrics().lineSpacing()
        self._legend.setVisible(self.height() > _LINES_WITH_LEGEND * line)
        self._findings.use_room(self.height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._stepping.start()

    def _version(self) -> str:
        made_by = None if self._results is None else self._results.provenance.get("planetview")
        return str(made_by or __version__)

    def _later(self, name: str, step: Callable[[], None]) -> None:
        self._steps[name] = step
        self._stepping.start()

    @Slot()
    def _take_step(self) -> None:
        if self._is_running and not self.isVisible():
            return  # until it is shown: the values of a run come many times a second
        if self._steps and not self._table.is_fitting:
            self._steps.pop(next(iter(self._steps)))()
        if self._steps:
            self._stepping.start()

    def _refresh(self) -> None:
        self._stack.setCurrentWidget(self._scroll if self._model.items else self._empty)
        sets = self._results.with_role(Role.CANDIDATE) if self._results is not None else ()
        names = [dataset.name for dataset in sets] or self._model.candidates
        self._places = {name: place for place, name in enumerate(names)}
        self._later("marks", self._show_marks)
        self._later("findings", self._show_findings)
        self._later("warnings", self._warn)
        self._later("stale", self._follow_stale)
        self._on_current_changed(self._table.currentIndex())

    def _warn(self) -> None:
        self._warnings.show_warnings(warnings_of(self._results) if self._results is not None else ())

    def _follow_stale(self) -> None:
        is_stale = self._is_stale and self._results is not None
        self._stale.setVisible(is_stale)
        self._table.show_stale(is_stale)

    def _show_marks(self) -> None:
        self._model.use_marks({name: self._mark(name) for name in self._model.candidates})

    def _show_findings(self) -> None:
        own: dict[str, list[MetricValue]] = {name: [] for name in self._model.candidates}
        for value in self._model.values:
            own[value.candidate].append(value)
        results = self._results

        def about(name: str) -> CandidateFindings:
            return CandidateFindings(name, self._mark(name), verdict(own[name]), clauses(own[name], name, results))

        self._findings.show_findings(self._model.candidates, about, self._theme.tokens)

    def _mark(self, candidate: str) -> QPixmap:
        """Return a candidate's colour and shape, as plots show them."""
        style = set_style(Role.CANDIDATE, self._places.get(candidate, 0))
        key = (style, self._theme.tokens, self.fontMetrics().height(), self.devicePixelRatioF())
        if key not in self._marks:
            self._marks[key] = mark_pixmap(*key)
        return self._marks[key]

    @Slot(str, object)
    def _on_followed(self, candidate: str, finding: Finding) -> None:
        if finding.evidence is Evidence.CELL:
            self._go_to(MetricRow(finding.metric, finding.extractor), candidate)
        elif finding.evidence is Evidence.BEYOND:
            self._tools.show_beyond(candidate)
            first = next((row for row in self._model.rows if isinstance(row, MetricRow)), None)
            if first is None:
                self._tools.show_all()
                self.notice.emit(self.tr("No number of {0} is worse than the floor.").format(candidate))
            else:
                self._go_to(first, candidate)
        elif finding.evidence is Evidence.COPIES:
            self._ask_for_copies(candidate, finding)
        elif finding.evidence is Evidence.GAPS:
            self._ask_for_gaps(candidate, finding)

    def _go_to(self, row: MetricRow, candidate: str) -> None:
        if row not in self._model.rows:
            self._tools.show_all()
        if row not in self._model.rows:
            self._model.toggle_family(row.family)
        if (column := Column(ColumnKind.CANDIDATE, candidate)) not in self._model.columns:
            self._on_columns_chosen(self._model.column_choice.with_shown(column.id, True))
        if self._table.go_to(row, candidate):
            self._table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_for_copies(self, candidate: str, finding: Finding) -> None:
        found = None if self._results is None else suspected_copies(self._results, candidate, finding.extractor)
        if found is not None:
            self._ask_for(candidate, found.suspected, candidate, finding)

    def _ask_for_gaps(self, candidate: str, finding: Finding) -> None:
        if self._results is not None:
            reference = self._results.with_role(Role.REFERENCE)[0]
            mask = np.zeros(len(reference), np.bool_)
            uncovered = self._results.gap_of(candidate, finding.extractor).uncovered
            if finding.label is not None:
                mine = [reference.images[row].label == finding.label for row in uncovered.tolist()]
                uncovered = uncovered[np.array(mine, np.bool_)]
            mask[uncovered] = True
            self._ask_for(reference.name, mask, candidate, finding)

    def _ask_for(self, dataset: str, mask: np.ndarray, candidate: str, finding: Finding) -> None:
        """Select images, and ask for the page that shows them."""
        if self._selection.sizes.get(dataset) == mask.size:
            self._selection.select(dataset, mask, origin=self)
            if mask.any():
                self._selection.set_current((dataset, int(np.argmax(mask))), origin=self)
        self.images_wanted.emit(dataset, mask, candidate, finding)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._later("marks", self._show_marks)
        self._later("findings", self._show_findings)
        self._table.viewport().update()

    @Slot(object)
    def _on_columns_chosen(self, choice: ColumnChoice) -> None:
        literature = ColumnKind.LITERATURE.value
        had_literature = self._model.column_choice.shows(literature)
        self._model.choose_columns(choice)
        self._literature.setChecked(choice.shows(literature))
        if choice.shows(literature) is not had_literature:
            self.literature_toggled.emit(choice.shows(literature))
        self.columns_changed.emit(self.columns_state())

    @Slot(bool)
    def _on_literature(self, is_shown: bool) -> None:
        self._on_columns_chosen(self._model.column_choice.with_shown(ColumnKind.LITERATURE.value, is_shown))

    @Slot(bool)
    def _on_details(self, is_shown: bool) -> None:
        self._splitter.details.setVisible(is_shown)
        self._splitter.share()
        self.columns_changed.emit(self.columns_state())

    @Slot(QPoint)
    def _on_header_menu(self, at: QPoint) -> None:
        header = self._table.horizontalHeader()
        menu = ColumnMenu(self._model, self, header.logicalIndexAt(at))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.chosen.connect(self._on_columns_chosen)
        menu.sort_wanted.connect(self._tools.sort_by)
        menu.popup(header.mapToGlobal(at))

    @Slot(QModelIndex)
    def _on_current_changed(self, current: QModelIndex) -> None:
        item = self._model.rows[current.row()] if current.isValid() else None
        self._lacking = None
        if not isinstance(item, MetricRow):
            html = "" if item is None else family_html(item)
            self._panel.explain(None, html, lacks_weights=False, results=None)
            return
        value = self._model.value_at(current.row(), current.column())
        self._lacking = None if value is None else lacking_weights(value)
        kind = self._model.columns[current.column()].kind
        about = metric_html(item.metric, item.extractor)
        own = "" if value is None else floor_html(value) if kind is ColumnKind.FLOOR else cell_html(value)
        if kind is ColumnKind.LITERATURE:
            own = literature_html(item.metric, item.extractor)
        html = (own + "<hr>" if own else "") + about
        self._panel.explain(item, html, lacks_weights=self._lacking is not None, results=self._results)

    @Slot()
    def _on_models(self) -> None:
        if self._lacking is not None:
            self.weights_wanted.emit(self._lacking)
