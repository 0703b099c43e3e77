"""What every test of the window shares: nothing may be left running, drops are real events, gaps are measured."""

from __future__ import annotations

import statistics
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QThread, QThreadPool, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from planetview.app import build
from planetview.core.messages import Engine
from planetview.gui.dialogs.closing import CloseQuestion
from planetview.gui.dialogs.intake import IntakeDialog
from planetview.gui.main_window import MainWindow
from tests.patience import PATIENCE_MS, PatientBot

Drop = Callable[..., bool]


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["planetview-tests", "-style", "Fusion"]


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """Return a qtbot that a crowded machine does not make give up."""
    return PatientBot(request)


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
    font = QFont(QApplication.font())

    def watched_thread(self: QThread, *args: object) -> None:
        threads.add(self)
        start_thread(self, *args)  # type: ignore[arg-type]

    def watched_timer(self: QTimer, *args: object) -> None:
        timers.add(self)
        start_timer(self, *args)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(QThread, "start", watched_thread)
        patch.setattr(QTimer, "start", watched_timer)
        yield
    # Of tests without an event loop nothing was ever deleted: thousands of widgets of old pages made every change of
    # the style sheet take seconds, and one crashed.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if QApplication.font() != font:
        # Large text of one test would be the usual size of the next.
        QApplication.setFont(font)
    # What Python made for the clipboard must not outlive Python, which it did at the end: a segmentation fault.
    QApplication.clipboard().clear()
    assert QThreadPool.globalInstance().waitForDone(PATIENCE_MS), "work is left in the global thread pool"
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


def sheet_of(window: MainWindow, qtbot: QtBot) -> IntakeDialog:
    """Return the sheet that asks before images are taken in, once all of its sources were looked at."""
    qtbot.waitUntil(lambda: any(sheet.isVisible() for sheet in window.findChildren(IntakeDialog)), timeout=20_000)
    sheet = next(sheet for sheet in window.findChildren(IntakeDialog) if sheet.isVisible())
    qtbot.waitUntil(lambda: sheet.is_complete, timeout=20_000)
    return sheet


class GapMeter:
    """Measures how long the event loop did not come round since `begin`, in milliseconds.

    gaps_ms: by the clock. most_work_ms: the most processor time of this thread in one gap, which other programs do not
    lengthen: what a test may ask for.
    """

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self.most_work_ms = 0.0
        self._last = self._worked = 0.0
        self._timer = QTimer(interval=5)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def worst_ms(self) -> float:
        return max(self.gaps_ms, default=0.0)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.gaps_ms)

    def begin(self) -> None:
        self.gaps_ms, self._last = [], time.perf_counter()
        self.most_work_ms, self._worked = 0.0, time.thread_time()
        self._timer.start()

    def end(self) -> float:
        """Stop, and return the most work in a gap."""
        self._tick()
        self._timer.stop()
        return self.most_work_ms

    def _tick(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        self.gaps_ms.append((now - self._last) * 1000)
        self.most_work_ms = max(self.most_work_ms, (worked - self._worked) * 1000)
        self._last, self._worked = now, worked


@pytest.fixture
def gap_meter(qapp: QApplication) -> Iterator[GapMeter]:
    """Return a meter of the gaps of the event loop, and of the work in them."""
    meter = GapMeter()
    yield meter
    meter.end()


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
