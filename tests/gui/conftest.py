"""Fixtures of the window's tests: nothing may be left running, drops are real events, gaps are measured."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QThread, QThreadPool, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from planetview.app import build
from planetview.core.errors import UserError
from planetview.core.messages import (
    Engine,
    Message,
    PartialValues,
    Request,
    ScanFailure,
    ScanRequest,
    ScanResult,
)
from planetview.core.results import Results
from planetview.gui.dialogs.closing import CloseQuestion
from planetview.gui.main_window import MainWindow
from planetview.gui.runner import JobRunner
from planetview.gui.theme import Theme
from tests.gui.fake_engine import FakeEngine, result, steps
from tests.samples import sample_results

Drop = Callable[..., bool]


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["planetview-tests", "-style", "Fusion"]


@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail the test that leaves a thread, an ownerless timer or pool work behind."""
    if "qapp" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qtbot")  # set up before us, so that it closes its widgets after the checks below began
    threads: weakref.WeakSet[QThread] = weakref.WeakSet()
    timers: weakref.WeakSet[QTimer] = weakref.WeakSet()
    start_thread, start_timer = QThread.start, QTimer.start

    def watched_thread(self: QThread, *args: object) -> None:
        threads.add(self)
        start_thread(self, *args)  # type: ignore[arg-type]

    def watched_timer(self: QTimer, *args: object) -> None:
        timers.add(self)
        start_timer(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(QThread, "start", watched_thread)
        patch.setattr(QTimer, "start", watched_timer)
        yield
    assert QThreadPool.globalInstance().waitForDone(2000), "work is left in the global thread pool"
    running = [thread.objectName() for thread in threads if isValid(thread) and thread.isRunning()]
    assert not running, f"threads still run: {running}"
    ownerless = [timer for timer in timers if isValid(timer) and timer.isActive() and timer.parent() is None]
    assert not ownerless, f"{len(ownerless)} timers without an owner still run"


@pytest.fixture
def drop() -> Drop:
    """Return `drop(widget, *paths) -> bool`: send a real drag-enter and drop; False when it was refused."""

    def send(widget: QWidget, *paths: Path) -> bool:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        at = widget.rect().center()
        rest = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(at, *rest)
        QCoreApplication.sendEvent(widget, enter)
        if not enter.isAccepted():
            return False
        event = QDropEvent(QPointF(at), *rest)
        QCoreApplication.sendEvent(widget, event)
        return event.isAccepted()

    return send


class GapMeter:
    """Measures how long the event loop did not come round; `worst_ms` since `begin`."""

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self._last = 0.0
        self._timer = QTimer(interval=5)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        self.worst_ms, self._last = 0.0, time.perf_counter()
        self._timer.start()

    def end(self) -> float:
        self._tick()
        self._timer.stop()
        return self.worst_ms

    def _tick(self) -> None:
        now = time.perf_counter()
        self.worst_ms = max(self.worst_ms, (now - self._last) * 1000)
        self._last = now


@pytest.fixture
def gap_meter(qapp: QApplication) -> Iterator[GapMeter]:
    """Return a meter of the event loop's worst gap in milliseconds."""
    meter = GapMeter()
    yield meter
    meter.end()


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
    """Return `make_runner(engine)`; every runner must stop within a second at the end of the test."""
    runners: list[JobRunner] = []

    def make(engine: Engine) -> JobRunner:
        runner = JobRunner(engine)
        runners.append(runner)
        return runner

    yield make
    for runner in runners:
        assert runner.shutdown(1000), "the engine thread did not stop within a second"
        runner.deleteLater()


def scripted(results: Results) -> FakeEngine:
    """Return an engine that finds the named sample sets in a scan, and `results` in a run."""
    known = {dataset.name: dataset for dataset in results.datasets}

    def script(request: Request) -> list[Message | Exception]:
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
def engine(results: Results) -> FakeEngine:
    """Return an engine that knows the sample sets."""
    return scripted(results)


@pytest.fixture
def make_window(qtbot: QtBot) -> Iterator[Callable[[Engine], MainWindow]]:
    """Return `make_window(engine)`: the whole window, shown; it is closed without saving at the end."""
    windows: list[MainWindow] = []

    def make(engine: Engine) -> MainWindow:
        window = build(engine)
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for window in windows:
        if isValid(window):
            close_without_saving(window)
            window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def close_without_saving(window: MainWindow) -> None:
    """Close the window; where it asks, leave."""
    if window.isVisible() and not window.close():
        questions = window.findChildren(CloseQuestion)
        questions[-1].leave_button.click()
    assert not window.isVisible()


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
    return window
