"""Fixtures of the window's tests: nothing may be left running, drops are real events, gaps are measured."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QThread, QThreadPool, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from planetview.core.messages import Engine
from planetview.core.results import Results
from planetview.gui.runner import JobRunner
from planetview.gui.theme import Theme
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
