"""What a running job does outside the pages: taskbar, title, sleep, a notice at the end, and the log."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.core.messages import Engine, Message, Request, ScanRequest, ScanResult, ScanTarget
from planetview.gui.awake import MacWakefulness, NoWakefulness
from planetview.gui.job_presence import JobPresence
from planetview.gui.jobs import Jobs
from planetview.gui.main_window import MainWindow
from planetview.gui.runner import JobRunner
from planetview.gui.session_log import SessionLog
from planetview.gui.taskbar import NoTaskbar, WindowsTaskbar, _method
from planetview.gui.theme import Theme
from planetview.gui.views.log_view import LogView
from tests.gui.fake_engine import FakeEngine, result, steps

MakeRunner = Callable[[Engine], JobRunner]


class Outside:
    """Writes down what is asked of taskbar, sleep and desktop."""

    def __init__(self) -> None:
        self.bar: list[object] = []
        self.sleep: list[str] = []
        self.told: list[tuple[str, str, bool]] = []

    def show(self, fraction: float, is_paused: bool = False) -> None:
        self.bar.append((fraction, "paused") if is_paused else fraction)

    def clear(self) -> None:
        self.bar.append("clear")

    def hold(self, reason: str) -> None:
        self.sleep.append(f"hold: {reason}")

    def release(self) -> None:
        self.sleep.append("release")

    def tell(self, title: str, text: str, has_failed: bool) -> None:
        self.told.append((title, text, has_failed))


class Stage:
    """Jobs over a held engine, their presence, and a clock that is turned by hand."""

    def __init__(self, qtbot: QtBot, make_runner: MakeRunner) -> None:
        self.qtbot, self.now, self.outside = qtbot, 100.0, Outside()
        self.engine = FakeEngine(self._script)
        self.runner = make_runner(self.engine)
        self.jobs = Jobs(self.runner, self.runner, lambda: self.now)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.presence = JobPresence(self.jobs, self.window, self.outside, self.outside, self.outside, lambda: self.now)
        self.prefixes: list[str] = []
        self.presence.prefix_changed.connect(self.prefixes.append)

    def begin(self, name: str = "a") -> None:
        self.engine.hold("second")
        job = self.runner.submit(ScanRequest((ScanTarget(Path(name)),)))
        self.qtbot.waitUntil(self.engine.is_holding.is_set)
        self.qtbot.waitUntil(lambda: (found := self.jobs.job(job)) is not None and found.is_active)

    def end(self) -> None:
        self.engine.release()
        self.qtbot.waitUntil(lambda: not self.runner.is_busy)

    def _script(self, request: Request) -> list[Message | Exception]:
        assert isinstance(request, ScanRequest)
        failing = request.targets[0].path.name == "fails"
        ending: Message | Exception = UserError("No images.") if failing else result(ScanResult(()))
        return [*steps("first", 2, 0, 0.5), *steps("second", 2, 0.5, 0.9), ending]


@pytest.fixture
def stage(qtbot: QtBot, make_runner: MakeRunner) -> Iterator[Stage]:
    made = Stage(qtbot, make_runner)
    yield made
    made.runner.cancel_all()


def test_sleep_is_held_off_while_a_job_runs_and_not_while_it_is_paused(stage: Stage) -> None:
    stage.begin()
    assert stage.outside.sleep == ["hold: Read 'a'"]
    stage.jobs.toggle_pause()
    assert stage.outside.sleep == ["hold: Read 'a'", "release"]
    stage.jobs.toggle_pause()
    assert stage.outside.sleep[2:] == ["hold: Read 'a'"]
    stage.end()
    assert stage.outside.sleep[3:] == ["release"]


def test_holding_off_sleep_can_be_switched_off_at_any_time(stage: Stage) -> None:
    stage.begin()
    stage.presence.keeps_awake = False
    assert stage.outside.sleep == ["hold: Read 'a'", "release"]
    stage.end()
    stage.begin("b")
    assert stage.outside.sleep == ["hold: Read 'a'", "release"]


def test_the_taskbar_and_the_title_show_how_far_the_job_is(stage: Stage) -> None:
    stage.begin()
    stage.now += 1
    stage.qtbot.waitUntil(lambda: bool(stage.prefixes))
    stage.jobs.toggle_pause()
    assert stage.outside.bar[-1] == (0.5, "paused")
    assert stage.presence.prefix == "Paused 50 % – "
    stage.jobs.toggle_pause()
    assert stage.presence.prefix == "50 % – "
    stage.end()
    assert stage.outside.bar[-1] == "clear"
    assert stage.presence.prefix == ""


def test_the_taskbar_is_told_at_most_twice_a_second(stage: Stage) -> None:
    stage.begin()
    told = len(stage.outside.bar)
    job = stage.jobs.current()
    assert job is not None
    for _ in range(20):
        stage.now += 0.05
        stage.jobs.progressed.emit(job)

    assert len(stage.outside.bar) - told <= 3


def test_the_end_of_a_long_job_is_told_while_the_window_is_elsewhere(stage: Stage) -> None:
    stage.begin()
    stage.now += 125
    stage.end()

    assert stage.outside.told == [("Read 'a'", "Done after 2 min 05 s: 0 images in 0 sets", False)]


def test_a_failure_is_told_as_one(stage: Stage) -> None:
    stage.begin("fails")
    stage.now += 61
    stage.end()

    assert stage.outside.told == [("Read 'fails'", "Failed after 1 min 01 s: No images.", True)]


def test_nothing_is_told_of_short_cancelled_or_watched_jobs_or_when_not_wanted(stage: Stage) -> None:
    stage.begin()
    stage.now += 59
    stage.end()
    stage.begin()
    stage.now += 600
    stage.jobs.cancel_current()
    stage.end()
    stage.begin()
    stage.now += 600
    stage.presence.tells_ends = False
    stage.end()
    stage.presence.tells_ends = True
    stage.window.show()
    stage.window.activateWindow()
    stage.qtbot.waitUntil(stage.window.isActiveWindow)
    stage.begin()
    stage.now += 600
    stage.end()

    assert stage.outside.told == []


def test_closing_lets_go_of_everything(stage: Stage) -> None:
    stage.begin()
    stage.presence.end()

    assert stage.outside.sleep[-1] == "release"
    assert stage.outside.bar[-1] == "clear"


def test_where_there_is_nothing_to_show_on_nothing_happens() -> None:
    NoTaskbar().show(0.5)
    NoTaskbar().clear()
    NoWakefulness().hold("a job")
    NoWakefulness().release()


def test_the_window_shows_progress_in_its_title_and_its_panels_open_by_keys(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], qtbot: QtBot
) -> None:
    engine.hold("scan")
    window.controller.add_paths(list(sets.values())[:1])
    qtbot.waitUntil(engine.is_holding.is_set)
    qtbot.waitUntil(lambda: window.windowTitle().startswith("0 % – "))
    panels = window.job_panels
    assert not panels.jobs.isVisible()

    window.job_bar.jobs_requested.emit()
    assert panels.jobs.isVisible()
    window.actions_by_id["pause"].trigger()
    assert window.windowTitle().startswith("Paused 0 % – ")
    window.actions_by_id["pause"].trigger()
    panels.jobs.log_requested.emit()
    assert panels.log.isVisible()
    assert "began: Read" in panels.log.text()
    engine.release()
    qtbot.waitUntil(lambda: not window.controller.is_busy)
    assert "%" not in window.windowTitle()


def test_a_set_dropped_during_a_run_waits_and_the_cancelled_run_is_offered_again_after_it(
    filled: MainWindow, engine: FakeEngine, sets: dict[str, Path], qtbot: QtBot
) -> None:
    engine.hold("features")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)
    filled.controller.add_paths(list(sets.values())[:1])
    jobs = filled.controller.jobs
    qtbot.waitUntil(lambda: [job.state.value for job in jobs.all()[:2]] == ["running", "waiting"])
    assert jobs.waiting() == 1

    engine.hold("scan")
    filled.controller.cancel()
    qtbot.waitUntil(engine.is_holding.is_set)
    (offer,) = [message for message in filled.messages.messages() if message.key == "run"]
    offer.actions[0][1]()
    (again,) = [message for message in filled.messages.messages() if message.key == "run"]
    assert "Another job is at work" in again.text

    engine.release()
    qtbot.waitUntil(lambda: not filled.controller.is_busy)
    again.actions[0][1]()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)


# On real systems


def test_a_helper_program_holds_off_sleep_as_long_as_it_runs(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("the helper is a POSIX script")
    said = tmp_path / "said"
    program = tmp_path / "caffeinate"
    program.write_text(f'#!/bin/sh\necho "$@" > {said}.part; mv {said}.part {said}; exec sleep 60\n')
    program.chmod(0o755)
    awake = MacWakefulness(str(program))

    awake.hold("a job")
    process = awake._process
    assert process is not None
    for _ in range(500):
        if said.exists():
            break
        threading.Event().wait(0.01)
    assert said.read_text().split() == ["-i", "-w", str(os.getpid())]
    awake.release()
    assert process.poll() is not None

    MacWakefulness(str(tmp_path / "none")).hold("a job")


def test_a_method_of_a_com_object_is_found_by_its_place() -> None:
    calls: list[tuple[int, ...]] = []
    kind = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)(
        ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64
    )
    functions = [kind(lambda _me, *values, place=place: calls.append((place, *values)) or 0) for place in range(11)]
    table = (ctypes.c_void_p * 11)(*(ctypes.cast(function, ctypes.c_void_p) for function in functions))
    made = ctypes.pointer(ctypes.cast(table, ctypes.c_void_p))
    interface = ctypes.cast(made, ctypes.c_void_p)

    bar = WindowsTaskbar(lambda: 77)
    bar._list = interface
    bar._call(9, (ctypes.c_uint64, ctypes.c_uint64), 320, 1000)
    _method(interface, 3, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64)(interface, 1, 2, 3)

    assert calls == [(9, 77, 320, 1000), (3, 1, 2, 3)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has its own taskbar")
def test_a_taskbar_that_is_not_there_is_given_up_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        bar = WindowsTaskbar(lambda: 1)
        bar.show(0.5)
        bar.show(0.6)

    assert caplog.text.count("the taskbar cannot show progress") == 1


def test_linux_desktops_hear_of_progress_and_sleep_is_held_until_the_lock_is_let_go() -> None:
    if shutil.which("dbus-run-session") is None or shutil.which("dbus-monitor") is None:
        pytest.skip("dbus-run-session and dbus-monitor are not on this machine")
    root = Path(__file__).resolve().parents[2]
    client_code = "from tests.gui.bus_both import main; main()"
    done = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", client_code],
        cwd=root, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip

    def update(progress: str, is_visible: str) -> list[str]:
        entry = 'string "application://planetview.desktop"'
        values = ['string "progress"', f"variant double {progress}", 'string "progress-visible"']
        return ["member=Update", entry, *values, f"variant boolean {is_visible}"]

    assert done.stdout.splitlines() == [
        "inhibit sleep:idle PlanetView Judge 2 sets block",
        "lock released",
        *update("0.25", "true"),
        *update("0", "false"),
    ], done.stderr


# The log


@pytest.fixture
def log() -> Iterator[SessionLog]:
    log = SessionLog(kept=100)
    log.install()
    yield log
    log.remove()


def test_the_log_keeps_its_last_lines_from_every_thread(log: SessionLog) -> None:
    logger = logging.getLogger("planetview.test")
    threads = [
        threading.Thread(target=lambda n=n: [logger.warning("thread %s line %s", n, i) for i in range(100)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lines = log.lines()
    assert len(lines) == 100
    assert [line.number for line in lines] == list(range(301, 401))
    assert log.lines(after=398) == lines[-2:]


@pytest.fixture
def view(log: SessionLog, theme: Theme, qtbot: QtBot) -> LogView:
    logging.getLogger("planetview.gui.jobs").info("began: Judge 2 sets")
    logging.getLogger("planetview.engine").warning("memory ran out")
    logging.getLogger("PIL").error("broken file %s", "tile.png")
    view = LogView(log)
    qtbot.addWidget(view)
    view.resize(700, 300)
    view.show()
    return view


def test_the_log_is_shown_and_goes_on_while_it_is_watched(view: LogView, qtbot: QtBot) -> None:
    assert [line.split(None, 3)[3] for line in view.text().splitlines()] == [
        "began: Judge 2 sets",
        "memory ran out",
        "broken file tile.png",
    ]
    logging.getLogger("planetview").warning("one more")
    qtbot.waitUntil(lambda: view.text().endswith("one more"))


def test_the_log_is_filtered_by_level_and_words(view: LogView, qtbot: QtBot) -> None:
    view.findChildren(QComboBox)[0].setCurrentIndex(1)
    assert "began" not in view.text()
    assert "memory ran out" in view.text()

    qtbot.keyClicks(view.findChildren(QLineEdit)[0], "TILE broken")
    qtbot.waitUntil(lambda: len(view.text().splitlines()) == 1)
    assert "broken file tile.png" in view.text()


def test_what_is_shown_of_the_log_can_be_saved(view: LogView, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.notice):
        view.save(tmp_path / "log.txt")

    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == view.text() + "\n"
