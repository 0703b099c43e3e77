"""The pages after the datasets, made when first shown: plots cost a second that an empty window need not pay."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from planetview.core.citations import bibtex, cited_ids, methods_text
from planetview.core.generation import PathLengthResult
from planetview.core.messages import CompareRequest
from planetview.core.recorded_stretch import recorded_stretches
from planetview.core.results import MetricValue, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.gui.generator_work import GeneratorWork
from planetview.gui.models.expected_run import STOPPED
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.weight_files import WeightFiles
from planetview.gui.workspace import Workspace

PAGE_CLASSES: dict[str, str] = {
    "overview": "planetview.gui.views.overview:OverviewPage",
    "neighbours": "planetview.gui.views.neighbours:NeighboursPage",
    "entropy": "planetview.gui.views.entropy:EntropyPage",
    "correlation": "planetview.gui.views.correlation:CorrelationPage",
}
# They show no results: made as the others are, filled by what they show.
_MODELS, _GENERATOR = "models", "generator"
_OTHER_CLASSES: dict[str, str] = {
    _MODELS: "planetview.gui.views.models_page:ModelsPage",
    _GENERATOR: "planetview.gui.views.generator_page:GeneratorPage",
}

_REHEARSAL = "planetview.gui.plots.rehearsal"

# NumPy loads its masked arrays at the first median, 30 ms in the middle of a drawing.
_LOADED_LATE = ("numpy.ma",)
_GATHER_MS = 50
_POLISHED_AT_ONCE = 8
# The correlation page takes 0.2 s for 80,000 pairs: that wait is for who asks for the page.
_FILLED_AHEAD = 4000


def load_page_modules() -> None:
    """Import everything the pages need; slow the first time, safe off the GUI thread."""
    targets = (*PAGE_CLASSES.values(), *_OTHER_CLASSES.values())
    for module in (*(target.partition(":")[0] for target in targets), _REHEARSAL, *_LOADED_LATE):
        importlib.import_module(module)


def polished(root: QWidget) -> Iterator[None]:
    """Give the widgets below `root` their style, a few at each step: all at once, at their first show, take 80 ms."""
    for number, widget in enumerate(root.findChildren(QWidget)):
        if isValid(widget):
            widget.ensurePolished()
        if number % _POLISHED_AT_ONCE == 0:
            yield


class ResultPages(QStackedWidget):
    """Holds the pages; each gets the present results when it is shown, not before."""

    notice = Signal(str)
    weights_wanted = Signal(str)  # weights id that a cell lacks
    literature_toggled = Signal(bool)
    run_wanted = Signal()  # the numbers are stale, and somebody asks for those of the study now
    # Dataset name, mask over its images, candidate, finding: the images that a finding speaks of, already selected.
    images_wanted = Signal(str, object, str, object)
    columns_changed = Signal(tuple)  # what the overview's `use_columns` takes
    pair_maps: PairMaps | None = None

    def __init__(
        self,
        selection: SelectionState,
        theme: Theme,
        thumbs: ThumbnailCache,
        weights: WeightFiles,
        generator: GeneratorWork,
        workspace: Workspace,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._selection, self._theme, self._thumbs, self._weights = selection, theme, thumbs, weights
        self._generator, self._workspace = generator, workspace
        self._shows_literature = False
        self._columns: tuple[str, ...] = ()
        self._pages: dict[str, Any] = {}
        self._out_of_date: set[str] = set()
        self._results: Results | None = None
        self._waiting: list[MetricValue] = []
        self._gathering = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gathering.timeout.connect(self._show_waiting)
        workspace.path_lengths_changed.connect(self._show_path_lengths)
        workspace.described.connect(self._show_stale)

    def show_page(self, page_id: str) -> None:
        """Bring a page to the front."""
        self._add(page_id)
        self.setCurrentWidget(self._pages[page_id])
        self._refresh(page_id)

    def prepare(self) -> Iterator[None]:
        """Make the pages that are not there yet, in short steps, so that showing one later costs little."""
        for page_id in (*PAGE_CLASSES, *_OTHER_CLASSES):
            self._add(page_id)
            yield
            yield from self._pages[page_id].prepare()
            yield from polished(self._pages[page_id])
        if isinstance(self._pages["entropy"], _Unavailable):
            return  # there is no plotting
        yield from importlib.import_module(_REHEARSAL).rehearse(self._theme)

    def fill(self) -> Iterator[None]:
        """Hand the results to the pages that are made and hidden, one a step: to lay one out at its show takes longer.

        Without results there is nothing to lay out; those of more than `_FILLED_AHEAD` images wait for the show.
        """
        for page_id in PAGE_CLASSES:
            results = self._results
            if results is None or sum(len(dataset) for dataset in results.datasets) > _FILLED_AHEAD:
                return
            if page_id in self._pages:
                self._refresh(page_id)
                yield

    def show_weights(self, weights_id: str) -> None:
        """Bring the models page to the front with the row of some weights chosen."""
        self.show_page(_MODELS)
        self._pages[_MODELS].choose(weights_id)

    def show_literature(self, is_shown: bool) -> None:
        """Show or hide the column of published values in the overview."""
        self._shows_literature = is_shown
        if "overview" in self._pages:
            self._pages["overview"].show_literature(is_shown)

    def show_stage(self, stage: str) -> None:
        """Say in the overview which numbers are being computed; `stage` is the id that progress names."""
        if "overview" in self._pages:
            self._pages["overview"].show_stage(stage)

    def use_columns(self, state: tuple[str, ...]) -> None:
        """Show the columns of the overview that `columns_changed` named."""
        self._columns = state
        if "overview" in self._pages:
            self._pages["overview"].use_columns(state)

    def copy_methods(self) -> None:
        """Put a paragraph for a paper on the clipboard: how the present results were made."""
        if self._results is not None:
            QGuiApplication.clipboard().setText(methods_text(self._results))
            self.notice.emit(self.tr("Copied the methods text. Read it before you use it."))

    def copy_bibtex(self) -> None:
        """Put the references of the present results on the clipboard."""
        if self._results is not None:
            entries = bibtex(cited_ids(self._results))
            QGuiApplication.clipboard().setText(entries)
            self.notice.emit(self.tr("Copied {0} references as BibTeX.").format(entries.count("@")))

    def page(self, page_id: str) -> Any:
        """Return a page that was made, or None."""
        return self._pages.get(page_id)

    def show_results(self, results: Results | None) -> None:
        """Hand new results to the page in front now, to the others when they are shown or by `fill`."""
        self._results, self._waiting = results, []
        self._selection.reset({} if results is None else {d.name: len(d) for d in results.datasets})
        if results is not None:
            self._thumbs.use_stretches(recorded_stretches(results))
        self._out_of_date = set(self._pages) & set(PAGE_CLASSES)
        front = self.front()
        if front is not None and self.isVisible():
            self._refresh(front)

    def begin_run(self, request: CompareRequest) -> None:
        """Show which numbers the run that begins will give."""
        self._waiting = []
        self._add("overview")
        # What it shows from now on are this run's numbers, not those of the results before.
        self._out_of_date.discard("overview")
        self._pages["overview"].expect(tuple(candidate.name for candidate in request.candidates), request.settings)

    def show_partial(self, values: tuple[MetricValue, ...]) -> None:
        """Show values of the running job, gathered for a moment: a refresh per value would stall the window."""
        self._waiting.extend(values)
        if not self._gathering.isActive():
            self._gathering.start()

    def stop_run(self) -> None:
        """After a run without results: return to the results of the run before, else say that no more will come."""
        overview = self._pages.get("overview")
        if overview is None:
            return
        if self._results is not None:
            self._waiting = []
            overview.show_results(self._results)
        else:
            self._show_waiting()
            overview.show_stage(STOPPED)

    def front(self) -> str | None:
        """Return the id of the page in front."""
        current = self.currentWidget()
        return next((page_id for page_id, page in self._pages.items() if page is current), None)

    def _show_waiting(self) -> None:
        values, self._waiting = tuple(self._waiting), []
        overview = self._pages.get("overview")
        if values and overview is not None:
            overview.show_partial(values)

    def _show_stale(self) -> None:
        if "overview" in self._pages:
            self._pages["overview"].show_stale(self._workspace.is_stale)

    def _show_path_lengths(self) -> None:
        if "overview" in self._pages:
            self._pages["overview"].show_path_lengths(self._workspace.path_lengths)

    def _refresh(self, page_id: str) -> None:
        if page_id in self._out_of_date:
            self._out_of_date.discard(page_id)
            self._pages[page_id].show_results(self._results)
            self._show_stale()

    def _add(self, page_id: str) -> None:
        if page_id not in self._pages:
            # The first widget of a stack comes to the front by itself.
            front = self.currentWidget()
            self._pages[page_id] = self._make(page_id)
            if page_id in PAGE_CLASSES:
                self._out_of_date.add(page_id)
            self.addWidget(self._pages[page_id])
            if front is not None:
                self.setCurrentWidget(front)

    def _make(self, page_id: str) -> QWidget:
        module, _, name = {**PAGE_CLASSES, **_OTHER_CLASSES}[page_id].partition(":")
        needs: tuple[Any, ...] = (self._selection, self._theme, self._thumbs)
        if page_id == _MODELS:
            needs = (self._weights, self._theme)
        elif page_id == _GENERATOR:
            needs = (self._generator, self._workspace, self._weights, self._theme)
        try:
            more = {"workspace": self._workspace} if page_id == "neighbours" else {}
            page: Any = getattr(importlib.import_module(module), name)(*needs, self, **more)
        except ImportError as error:
            return _Unavailable(str(error), self)
        page.notice.connect(self.notice)
        if page_id == "neighbours":
            page.pair_maps = self.pair_maps
        if page_id == "overview":
            page.weights_wanted.connect(self.weights_wanted)
            page.literature_toggled.connect(self.literature_toggled)
            page.run_wanted.connect(self.run_wanted)
            page.images_wanted.connect(self.images_wanted)
            page.columns_changed.connect(self.columns_changed)
            if self._columns:
                page.use_columns(self._columns)
            page.show_literature(self._shows_literature)
            page.show_path_lengths(self._workspace.path_lengths)
        return page  # type: ignore[no-any-return]


class _Unavailable(QWidget):
    """Stands for a page whose library is missing."""

    def __init__(self, reason: str, parent: QWidget) -> None:
        super().__init__(parent)
        label = QLabel(self.tr("This page cannot be shown: {0}").format(reason), self, wordWrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QVBoxLayout(self).addWidget(label)

    def prepare(self) -> Iterator[None]:
        """Nothing to prepare."""
        return iter(())

    def show_results(self, _results: Results | None) -> None:
        """Nothing to show."""

    def expect(self, _candidates: tuple[str, ...], _settings: RunSettings) -> None:
        """Nothing to show."""

    def show_partial(self, _values: tuple[MetricValue, ...]) -> None:
        """Nothing to show."""

    def show_path_lengths(self, _found: tuple[PathLengthResult, ...]) -> None:
        """Nothing to show."""

    def show_stage(self, _stage: str) -> None:
        """Nothing to show."""

    def show_stale(self, _is_stale: bool) -> None:
        """Nothing to show."""

    def use_columns(self, _state: tuple[str, ...]) -> None:
        """Nothing to show."""

    def show_literature(self, _is_shown: bool) -> None:
        """Nothing to show."""
