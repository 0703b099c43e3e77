"""Fixtures of the window's own tests: sample results, an engine that plays them, the window around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.core.messages import (
    Engine,
    Message,
    ModelsRequest,
    PartialValues,
    Request,
    ScanFailure,
    ScanRequest,
    ScanResult,
)
from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.gui.main_window import MainWindow
from planetview.gui.runner import JobRunner
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.entropy import EntropyPage
from planetview.gui.views.overview import OverviewPage
from tests.gui.comparing import settle, tile_of
from tests.gui.fake_engine import FakeEngine, FakeWeights, result, steps
from tests.gui.neighbour_pages import make_page
from tests.gui_fixtures import (
    Drop,
    GapMeter,
    close_without_saving,
    drop,
    gap_meter,
    make_window,
    no_leaks,
    qapp_args,
    qtbot,
)
from tests.patience import PATIENCE_MS
from tests.samples import sample_results

__all__ = [
    "Drop",
    "GapMeter",
    "close_without_saving",
    "drop",
    "gap_meter",
    "make_page",
    "make_window",
    "no_leaks",
    "qapp_args",
    "qtbot",
]


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """Return a light theme that is applied to the application."""
    theme = Theme()
    theme.apply(qapp)
    theme.use("light", 1.0)
    yield theme
    theme.use("light", 1.0)
    theme.deleteLater()


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return full sample results over small real files."""
    return sample_results(tmp_path / "samples")


@pytest.fixture
def make_runner(qtbot: QtBot) -> Iterator[Callable[[Engine], JobRunner]]:
    """Return `make_runner(engine)`; every runner must stop at the end of the test."""
    runners: list[JobRunner] = []

    def make(engine: Engine) -> JobRunner:
        runner = JobRunner(engine)
        runners.append(runner)
        return runner

    yield make
    for runner in runners:
        assert runner.shutdown(PATIENCE_MS), "the engine thread did not stop"
        runner.deleteLater()


def scripted(results: Results, weights: FakeWeights | None = None) -> FakeEngine:
    """Return an engine that finds the named sample sets in a scan, `results` in a run, and `weights`."""
    known = {dataset.name: dataset for dataset in results.datasets}
    there = weights or FakeWeights()

    def script(request: Request) -> Iterable[Message | Exception]:
        if isinstance(request, ModelsRequest):
            return there.answer(request)
        if not isinstance(request, ScanRequest):
            partial = PartialValues(results.values[:2])
            return [*steps("features", 3, 0, 0.5), partial, *steps("metrics", 3, 0.5, 1), result(results)]
        found, failures = [], []
        for target in request.targets:
            dataset = known.get(target.path.name)
            if dataset is None:
                failures.append(ScanFailure(target.path, f"'{target.path.name}' holds no images.", "Choose another."))
            else:
                found.append(replace(dataset, name=target.name or dataset.name, role=target.role or dataset.role))
        if failures and len(request.targets) == 1:
            return [UserError(failures[0].message, failures[0].hint)]
        return [*steps("scan", 3), result(ScanResult(tuple(found), (), tuple(failures)))]

    return FakeEngine(script)


@pytest.fixture
def weights() -> FakeWeights:
    """Return the weight files that `engine` finds: those of a fresh installation."""
    found = FakeWeights()
    for key in ("st-lpips-alex", "st-lpips-vgg"):
        found.put(key)
    return found


@pytest.fixture
def engine(results: Results, weights: FakeWeights) -> FakeEngine:
    """Return an engine that knows the sample sets."""
    return scripted(results, weights)


@pytest.fixture
def thumbs(qapp: QApplication) -> Iterator[ThumbnailCache]:
    """Return a cache of thumbnails without a store on disk."""
    cache = ThumbnailCache()
    yield cache
    cache.shutdown()


@pytest.fixture
def selection(results: Results) -> SelectionState:
    """Return a selection that knows the sample sets."""
    return SelectionState({dataset.name: len(dataset) for dataset in results.datasets})


@pytest.fixture
def entropy_page(
    qtbot: QtBot, selection: SelectionState, theme: Theme, thumbs: ThumbnailCache, results: Results
) -> EntropyPage:
    """Return the entropy page with the sample results, shown."""
    page = EntropyPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show_results(results)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def overview_page(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, selection: SelectionState) -> OverviewPage:
    """Return the overview, shown, without results yet."""
    page = OverviewPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    return page


@pytest.fixture
def compare_view(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, results: Results) -> CompareDialog:
    """Return the compare view, active, over the first image of a candidate and its neighbours."""
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show_tile(results, tile_of(results))
    view.show()
    qtbot.waitUntil(view.isActiveWindow)
    settle(qtbot, view)
    return view


@pytest.fixture
def window(make_window: Callable[[Engine], MainWindow], engine: FakeEngine) -> MainWindow:
    """Return the whole window around `engine`."""
    return make_window(engine)


@pytest.fixture
def sets(tmp_path: Path, results: Results) -> dict[str, Path]:
    """Return the folders of the sample sets by name."""
    return {dataset.name: dataset.source for dataset in results.datasets}


@pytest.fixture
def filled(window: MainWindow, sets: dict[str, Path], qtbot: QtBot) -> MainWindow:
    """Return the window with all four sample sets scanned."""
    window.controller.add_paths(sets.values())
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 4 and not window.controller.is_busy)
    qtbot.waitUntil(lambda: window.role_sheet.is_complete)
    return window
