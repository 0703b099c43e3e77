"""The jobs of a session: waiting, paused, put first, taken off, done again; and what shows them: bar and panel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.core.messages import Engine, Message, Notice, Progress, Request, ScanRequest, ScanResult, ScanTarget
from planetview.gui.jobs import Jobs, Stopwatch
from planetview.gui.models.job_list import StageColumn, job_line
from planetview.gui.models.job_words import JobState, percent_words, progress_parts
from planetview.gui.runner import JobRunner
from planetview.gui.theme import Theme
from planetview.gui.views.job_bar import JobBar
from planetview.gui.views.job_details import JobDetails
from planetview.gui.views.jobs_dock import JobsDock
from tests.gui.fake_engine import FakeEngine, result, steps

MakeRunner = Callable[[Engine], JobRunner]


def request(name: str) -> ScanRequest:
    return ScanRequest((ScanTarget(Path(name)),))


def script(of: Request) -> list[Message | Exception]:
    assert isinstance(of, ScanRequest)
    if of.targets[0].path.name == "fails":
        return [*steps("first", 2, 0, 0.5), UserError("No images.", "Choose another folder.")]
    return [*steps("first", 2, 0, 0.5), *steps("second", 4, 0.5, 1), result(ScanResult(()))]


class Session:
    """A runner over a scripted engine, and its list of jobs."""

    def __init__(self, qtbot: QtBot, engine: FakeEngine, runner: JobRunner) -> None:
        self.qtbot, self.engine, self.runner = qtbot, engine, runner
        self.jobs = Jobs(runner, runner)

    def submit(self, name: str) -> int:
        return self.runner.submit(request(name))

    def hold(self, stage: str = "second") -> None:
        self.engine.hold(stage)

    def begin_and_hold(self, name: str, stage: str = "second") -> int:
        """Submit a job and wait until it stands before `stage`."""
        self.hold(stage)
        job = self.submit(name)
        self.qtbot.waitUntil(self.engine.is_holding.is_set)
        self.qtbot.waitUntil(lambda: self.state(job) is JobState.RUNNING)
        return job

    def release(self) -> None:
        self.engine.release()

    def state(self, job_id: int) -> JobState:
        job = self.jobs.job(job_id)
        assert job is not None
        return job.state

    def ends(self) -> None:
        self.qtbot.waitUntil(lambda: not self.runner.is_busy)

    def ran(self) -> list[str]:
        return [str(r.targets[0].path) for r in self.engine.requests if isinstance(r, ScanRequest)]


@pytest.fixture
def session(qtbot: QtBot, make_runner: MakeRunner) -> Iterator[Session]:
    engine = FakeEngine(script)
    made = Session(qtbot, engine, make_runner(engine))
    yield made
    made.runner.cancel_all()


def test_jobs_behind_another_wait_and_one_of_them_can_be_put_first(session: Session) -> None:
    running = session.begin_and_hold("a")
    b, c, d = (session.submit(name) for name in "bcd")

    assert [job.id for job in session.jobs.all()] == [running, b, c, d]
    assert [session.state(job) for job in (b, c, d)] == [JobState.WAITING] * 3
    assert session.jobs.waiting() == 3
    session.jobs.run_next(d)
    assert [job.id for job in session.jobs.all()] == [running, d, b, c]
    session.release()
    session.ends()

    assert session.ran() == ["a", "d", "b", "c"]
    assert {session.state(job) for job in (running, b, c, d)} == {JobState.DONE}


def test_a_job_taken_off_the_line_never_reaches_the_engine(session: Session) -> None:
    session.begin_and_hold("a")
    b, c = session.submit("b"), session.submit("c")

    session.jobs.cancel(b)
    assert session.state(b) is JobState.CANCELLED
    session.release()
    session.ends()

    assert session.ran() == ["a", "c"]
    assert session.state(c) is JobState.DONE


def test_cancelling_the_job_at_work_lets_the_next_one_come(session: Session) -> None:
    a = session.begin_and_hold("a")
    b = session.submit("b")
    session.engine.hold("never")

    session.jobs.cancel_current()

    assert session.state(a) is JobState.CANCELLED
    session.ends()
    assert session.state(b) is JobState.DONE


def test_a_paused_job_rests_and_goes_on(session: Session, qtbot: QtBot) -> None:
    job = session.begin_and_hold("a")

    with qtbot.waitSignal(session.runner.paused):
        session.jobs.toggle_pause()
    session.release()
    qtbot.wait(30)
    assert session.state(job) is JobState.PAUSED
    assert session.runner.is_busy

    session.jobs.toggle_pause()
    session.ends()
    assert session.state(job) is JobState.DONE


def test_a_paused_job_keeps_those_that_wait_waiting_and_can_be_cancelled(session: Session) -> None:
    a = session.begin_and_hold("a")
    b = session.submit("b")
    session.jobs.toggle_pause()
    session.engine.hold("never")

    session.jobs.cancel_current()

    assert session.state(a) is JobState.CANCELLED
    session.ends()
    assert session.state(b) is JobState.DONE


def test_time_does_not_count_pauses() -> None:
    now = [10.0]
    watch = Stopwatch(lambda: now[0])
    watch.start()
    now[0] = 13.0
    watch.stop()
    now[0] = 100.0
    assert watch.seconds() == 3.0
    watch.start()
    now[0] = 101.5
    assert watch.seconds() == 4.5


def test_the_stages_keep_their_last_numbers_and_share_the_time(session: Session) -> None:
    job = session.jobs.job(session.submit("a"))
    session.ends()

    assert job is not None
    assert [(stage.id, stage.done, stage.total) for stage in job.stages.values()] == [
        ("first", 2, 2),
        ("second", 4, 4),
    ]
    assert sum(stage.seconds for stage in job.stages.values()) <= job.watch.seconds()
    assert job.fraction == 1.0


def test_a_failed_job_keeps_its_reason_and_is_asked_for_again(session: Session, qtbot: QtBot) -> None:
    failed = session.submit("fails")
    session.ends()
    job = session.jobs.job(failed)

    assert job is not None and job.failure is not None
    assert (job.state, job.summary, job.failure.hint) == (JobState.FAILED, "No images.", "Choose another folder.")
    with qtbot.waitSignal(session.jobs.again_wanted) as wanted:
        session.jobs.again(failed)
    assert wanted.args == [job.request]


def test_fifty_jobs_are_kept_and_ended_ones_can_be_forgotten(session: Session) -> None:
    for i in range(55):
        session.submit(f"set-{i}")
    session.ends()

    titles = [job.title for job in session.jobs.all()]
    assert len(titles) <= 55
    session.submit("last")
    session.ends()
    titles = [job.title for job in session.jobs.all()]
    assert len(titles) == 50
    assert titles[:2] == ["Read 'last'", "Read 'set-54'"]

    session.jobs.forget_ended()
    assert session.jobs.all() == []


def test_quiet_jobs_are_not_listed(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.runner.done):
        session.runner.submit(request("quiet"), is_quiet=True)

    assert session.jobs.all() == []


def test_a_notice_stays_with_its_job(qtbot: QtBot, make_runner: MakeRunner) -> None:
    runner = make_runner(FakeEngine(lambda _: [Notice("Memory ran out."), result(ScanResult(()))]))
    jobs = Jobs(runner, runner)
    job = jobs.job(runner.submit(request("a")))
    qtbot.waitUntil(lambda: not runner.is_busy)

    assert job is not None
    assert job.notes == ["Memory ran out."]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("gan: 3 images", "gan: 3 images"),
        ("صور: 3 images\ngan: 4", "\u200e\u2068صور\u2069: 3 images\n\u200egan: 4"),
        ("'صور 2': left out", "\u200e'\u2068صور 2\u2069': left out"),
    ],
)
def test_notes_begin_at_the_left_whatever_script_a_name_in_them_has(
    qtbot: QtBot, make_runner: MakeRunner, theme: Theme, told: str, shown: str
) -> None:
    runner = make_runner(FakeEngine(lambda _: [Notice(told), result(ScanResult(()))]))
    jobs = Jobs(runner, runner)
    job = jobs.job(runner.submit(request("a")))
    qtbot.waitUntil(lambda: not runner.is_busy)
    details = JobDetails(theme)
    qtbot.addWidget(details)
    details.show_job(job)

    (notes,) = (label for label in details.findChildren(QLabel) if label.accessibleName() == "Notes")
    assert notes.text() == shown


MOVES = ["submit", "submit failing", "pause", "resume", "cancel", "cancel newest", "run newest next", "turn"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.sampled_from(MOVES), max_size=25))
def test_every_job_ends_exactly_once_in_any_order_of_pauses_and_cancels(
    moves: list[str], qtbot: QtBot, make_runner: MakeRunner
) -> None:
    runner = make_runner(FakeEngine(script))
    jobs, endings, ids = Jobs(runner, runner), [], []
    runner.done.connect(lambda job_id, _outcome: endings.append(job_id))
    runner.failed.connect(lambda job_id, _failure: endings.append(job_id))
    runner.cancelled.connect(endings.append)
    for move in moves:
        current = runner.current()
        if move == "submit":
            ids.append(runner.submit(request("works")))
        elif move == "submit failing":
            ids.append(runner.submit(request("fails")))
        elif move == "pause" and current is not None:
            runner.pause(current)
        elif move == "resume" and current is not None:
            runner.resume(current)
        elif move == "cancel":
            jobs.cancel_current()
        elif move == "cancel newest" and ids:
            runner.cancel(ids[-1])
        elif move == "run newest next" and ids:
            runner.run_next(ids[-1])
        elif move == "turn":
            qtbot.wait(1)
    while (current := runner.current()) is not None and runner.is_paused(current):
        runner.resume(current)
    qtbot.waitUntil(lambda: not runner.is_busy, timeout=5000)
    qtbot.wait(1)

    assert sorted(endings) == sorted(ids)
    assert all(job.has_ended for job in jobs.all())
    assert runner.shutdown(1000)


# The bar


def buttons(widget: QWidget) -> dict[str, QPushButton]:
    return {button.text(): button for button in widget.findChildren(QPushButton) if button.isVisibleTo(widget)}


@pytest.fixture
def bar(session: Session, theme: Theme, qtbot: QtBot) -> JobBar:
    bar = JobBar(theme)
    qtbot.addWidget(bar)
    bar.attach(session.jobs)
    bar.resize(960, 60)
    return bar


def test_the_bar_pauses_and_says_so(session: Session, bar: JobBar, qtbot: QtBot) -> None:
    assert not bar.isVisible()
    session.begin_and_hold("a")
    qtbot.waitUntil(lambda: "Stage first" in bar.text())
    assert bar.isVisible()

    qtbot.mouseClick(buttons(bar)["Pause"], Qt.MouseButton.LeftButton)
    assert bar.text().startswith("Paused: Stage first")
    assert "left" not in bar.text()
    assert "/s" not in bar.text()

    qtbot.mouseClick(buttons(bar)["Resume"], Qt.MouseButton.LeftButton)
    assert not bar.text().startswith("Paused")
    session.release()
    session.ends()
    assert not bar.isVisible()


def test_the_bar_stays_with_the_running_job_and_counts_those_that_wait(session: Session, bar: JobBar) -> None:
    session.begin_and_hold("a")
    session.submit("b")
    bar.begin("Reading images…")

    assert "Reading images" not in bar.text()
    assert "1 more waiting" in buttons(bar)
    session.submit("c")
    assert "2 more waiting" in buttons(bar)


def test_the_bar_is_there_for_work_that_is_no_job(bar: JobBar) -> None:
    bar.begin("Preparing the demo…")
    assert bar.isVisible()
    assert bar.text() == "Preparing the demo…"
    assert "Pause" not in buttons(bar)
    bar.end()
    assert not bar.isVisible()


def test_the_bar_drops_numbers_before_the_time_left_where_the_room_is_short(session: Session, bar: JobBar) -> None:
    session.begin_and_hold("a")
    session.qtbot.waitUntil(lambda: bar.value() > 0)
    bar.resize(480, 60)

    assert bar._numbers.text().endswith("50 %")
    assert len(bar._numbers.text()) < len(" · ".join(progress_parts(steps("first", 2, 0, 0.5)[-1])))  # type: ignore[arg-type]


@pytest.mark.parametrize(("fraction", "words"), [(0.0, "0 %"), (0.296, "29 %"), (0.9999, "99 %"), (1.0, "100 %")])
def test_a_job_is_not_called_complete_before_it_is(fraction: float, words: str) -> None:
    assert percent_words(fraction) == words


# The panel


@pytest.fixture
def dock(session: Session, theme: Theme, qtbot: QtBot) -> JobsDock:
    dock = JobsDock(session.jobs, theme)
    qtbot.addWidget(dock)
    dock.resize(480, 700)
    dock.show()
    return dock


def titles(dock: JobsDock) -> list[str]:
    return [str(dock.model.index(row).data()) for row in range(dock.model.rowCount())]


def test_an_empty_panel_says_what_will_be_there(dock: JobsDock) -> None:
    assert "No job yet" in dock._empty.text()
    assert dock._empty.isVisible()


def test_the_panel_follows_the_running_job_with_its_stages(session: Session, dock: JobsDock, qtbot: QtBot) -> None:
    job = session.begin_and_hold("a")
    qtbot.waitUntil(lambda: dock.details.stages.rowCount() == 1)

    chosen = dock.chosen()
    assert chosen is not None and chosen.id == job
    row = [str(dock.details.stages.index(0, column).data()) for column in StageColumn]
    assert row[:3] == ["Stage first", "2 / 2", "120 images/s"]
    assert job_line(chosen) == "Running · 50 % · 0:03 left"
    session.release()
    session.ends()
    assert dock.details.stages.rowCount() == 2
    assert dock.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Read 'a', Done")


def test_space_pauses_and_resumes_in_the_list(session: Session, dock: JobsDock, qtbot: QtBot) -> None:
    job = session.begin_and_hold("a")
    dock.activateWindow()
    dock.list.setFocus()
    qtbot.waitUntil(dock.list.hasFocus)

    qtbot.keyClick(dock.list, Qt.Key.Key_Space)
    assert session.state(job) is JobState.PAUSED
    assert "Resume" in buttons(dock)
    qtbot.keyClick(dock.list, Qt.Key.Key_Space)
    assert session.state(job) is JobState.RUNNING


def test_a_waiting_job_is_put_first_or_removed_in_the_panel(session: Session, dock: JobsDock, qtbot: QtBot) -> None:
    session.begin_and_hold("a")
    for name in "bcd":
        session.submit(name)
    dock.list.setCurrentIndex(dock.model.index(3))

    qtbot.mouseClick(buttons(dock)["Run next"], Qt.MouseButton.LeftButton)
    assert titles(dock) == ["Read 'a'", "Read 'd'", "Read 'b'", "Read 'c'"]
    assert not buttons(dock)["Run next"].isEnabled()
    qtbot.mouseClick(buttons(dock)["Remove"], Qt.MouseButton.LeftButton)
    assert titles(dock) == ["Read 'a'", "Read 'b'", "Read 'c'", "Read 'd'"]
    assert dock.model.index(3).data(Qt.ItemDataRole.AccessibleTextRole).startswith("Read 'd', Cancelled")


def test_a_failure_is_told_with_its_next_step_and_can_be_copied(session: Session, dock: JobsDock, qtbot: QtBot) -> None:
    session.submit("fails")
    session.ends()

    assert dock.details._facts["outcome"].text() == "No images.\nChoose another folder."
    qtbot.mouseClick(buttons(dock)["Copy details"], Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Read 'fails'\nFailed")
    assert "No images." in copied
    assert "Stage first\t2 / 2" in copied
    with qtbot.waitSignal(session.jobs.again_wanted):
        qtbot.mouseClick(buttons(dock)["Retry"], Qt.MouseButton.LeftButton)


def test_whoever_looks_at_an_ended_job_stays_there(session: Session, dock: JobsDock) -> None:
    session.submit("old")
    session.ends()
    session.begin_and_hold("new")
    dock.list.setCurrentIndex(dock.model.index(1))
    session.release()
    session.ends()
    session.submit("newest")
    session.ends()

    chosen = dock.chosen()
    assert chosen is not None and chosen.title == "Read 'old'"


def test_a_hidden_panel_is_not_filled(session: Session, dock: JobsDock) -> None:
    dock.hide()
    session.submit("a")
    session.ends()
    assert dock.model.rowCount() == 0

    dock.show()
    assert titles(dock) == ["Read 'a'"]


def test_the_panel_tells_device_and_memory(qtbot: QtBot, make_runner: MakeRunner, theme: Theme) -> None:
    progress = Progress(
        "a",
        "A",
        1,
        2,
        "images",
        0.5,
        device="CPU, 2 threads",
        precision="float32",
        memory_bytes=2**30,
        peak_bytes=2**31,
    )
    runner = make_runner(FakeEngine(lambda _: [progress, result(ScanResult(()))]))
    dock = JobsDock(Jobs(runner, runner), theme)
    qtbot.addWidget(dock)
    dock.show()
    runner.submit(request("a"))
    qtbot.waitUntil(lambda: not runner.is_busy)

    assert dock.details._facts["device"].text() == "CPU, 2 threads · float32"
    assert dock.details._facts["memory"].text().startswith("engine 1.0 GiB, at most 2.0 GiB · window ")
