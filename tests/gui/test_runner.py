"""The job runner: one ending per job, nothing late, never in the window's way."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread, Signal
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.core.messages import (
    Engine,
    JobFailure,
    Message,
    Notice,
    PartialValues,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
    ScanTarget,
)
from planetview.core.results import MetricValue
from planetview.gui.runner import JobRunner
from tests.gui.fake_engine import FakeEngine, result, steps

MakeRunner = Callable[[Engine], JobRunner]


def request(name: str = "folder") -> ScanRequest:
    return ScanRequest((ScanTarget(Path(name)),))


class Log(QObject):
    """Writes down every signal of a runner, and the thread it came in."""

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self.events: list[tuple[str, int]] = []
        self.progress: list[Progress] = []
        self.threads: set[QThread] = set()
        runner.started.connect(self.on_started)
        runner.progressed.connect(self.on_progressed)
        runner.partial.connect(self.on_partial)
        runner.done.connect(self.on_done)
        runner.failed.connect(self.on_failed)
        runner.cancelled.connect(self.on_cancelled)

    def add(self, kind: str, job_id: int) -> None:
        self.threads.add(QThread.currentThread())
        self.events.append((kind, job_id))

    def on_started(self, job_id: int) -> None:
        self.add("started", job_id)

    def on_progressed(self, job_id: int, progress: Progress) -> None:
        self.progress.append(progress)
        self.add("progress", job_id)

    def on_partial(self, job_id: int, _values: PartialValues) -> None:
        self.add("partial", job_id)

    def on_done(self, job_id: int, _outcome: object) -> None:
        self.add("done", job_id)

    def on_failed(self, job_id: int, _failure: JobFailure) -> None:
        self.add("failed", job_id)

    def on_cancelled(self, job_id: int) -> None:
        self.add("cancelled", job_id)

    def endings(self, job_id: int) -> list[str]:
        return [kind for kind, of in self.events if of == job_id and kind in ("done", "failed", "cancelled")]


def test_a_job_tells_its_story_in_order_in_the_window_thread(qtbot: QtBot, make_runner: MakeRunner) -> None:
    value = MetricValue("fd", "vgg16-st", "gan", 1.0)
    found = ScanResult(())
    runner = make_runner(FakeEngine(lambda _: [*steps("a", 1), PartialValues((value,)), Notice("note"), result(found)]))
    log = Log(runner)

    with qtbot.waitSignal(runner.done, timeout=3000) as ended:
        job = runner.submit(request())

    assert [kind for kind, _ in log.events] == ["started", "progress", "partial", "done"]
    assert ended.args == [job, found]
    assert ended.args[1] is found
    assert log.threads == {runner.thread()}
    assert not runner.is_busy


def test_a_flood_of_progress_is_thinned_and_its_last_one_always_arrives(qtbot: QtBot, make_runner: MakeRunner) -> None:
    runner = make_runner(FakeEngine(lambda _: [*steps("a", 20_000), result(ScanResult(()))]))
    log = Log(runner)

    with qtbot.waitSignal(runner.done, timeout=10_000):
        runner.submit(request())

    assert len(log.progress) < 200
    assert log.progress[-1].done == 20_000


def test_the_first_and_last_word_of_a_stage_arrive_before_a_silence(qtbot: QtBot, make_runner: MakeRunner) -> None:
    engine = FakeEngine(lambda _: [*steps("a", 500), *steps("b", 500)[:1], *steps("c", 1), result(ScanResult(()))])
    engine.hold("c")
    runner = make_runner(engine)
    log = Log(runner)
    runner.submit(request())
    qtbot.waitUntil(engine.is_holding.is_set)

    qtbot.waitUntil(lambda: [(p.stage, p.done) for p in log.progress[-2:]] == [("a", 500), ("b", 1)])
    engine.release()
    qtbot.waitUntil(lambda: not runner.is_busy)


def test_progress_before_partial_values_is_not_held_back(qtbot: QtBot, make_runner: MakeRunner) -> None:
    script: list[Message] = [*steps("a", 3), PartialValues(()), result(ScanResult(()))]
    runner = make_runner(FakeEngine(lambda _: script))
    log = Log(runner)

    with qtbot.waitSignal(runner.done, timeout=3000):
        runner.submit(request())

    assert [kind for kind, _ in log.events] == ["started", "progress", "progress", "partial", "done"]
    assert log.progress[-1].done == 3


def test_cancel_is_immediate_and_nothing_of_the_job_arrives_later(qtbot: QtBot, make_runner: MakeRunner) -> None:
    engine = FakeEngine(lambda _: [*steps("a", 2), *steps("b", 2), PartialValues(()), result(ScanResult(()))])
    engine.hold("b")
    engine.ignores_cancel = True
    runner = make_runner(engine)
    log = Log(runner)
    job = runner.submit(request())
    qtbot.waitUntil(engine.is_holding.is_set)
    qtbot.waitUntil(lambda: ("started", job) in log.events)

    with qtbot.waitSignal(runner.idle, timeout=1000):
        runner.cancel(job)
    told = len(log.events)
    engine.release()
    with qtbot.waitSignal(runner.done, timeout=3000):
        next_job = runner.submit(request())

    assert log.endings(job) == ["cancelled"]
    assert all(of == next_job for _, of in log.events[told:])


def test_a_user_error_fails_with_its_words_and_anything_else_with_a_traceback(
    qtbot: QtBot, make_runner: MakeRunner, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[Message | Exception] = [UserError("No images.", "Choose another folder."), ValueError("boom")]
    runner = make_runner(FakeEngine(lambda _: [outcomes.pop(0)]))

    caplog.set_level(logging.INFO)
    with qtbot.waitSignal(runner.failed, timeout=3000) as refused:
        runner.submit(request())
    assert "No images. Choose another folder." in caplog.text
    assert "Traceback" not in caplog.text
    with qtbot.waitSignal(runner.failed, timeout=3000) as broken:
        runner.submit(request())

    assert refused.args[1] == JobFailure("No images.", "Choose another folder.")
    assert "boom" in broken.args[1].message
    assert "Traceback" in broken.args[1].details
    assert "Traceback" in caplog.text


def test_an_engine_that_just_ends_is_a_failure(qtbot: QtBot, make_runner: MakeRunner) -> None:
    runner = make_runner(FakeEngine(lambda _: steps("a", 1)))

    with qtbot.waitSignal(runner.failed, timeout=3000) as ended:
        runner.submit(request())

    assert "without a result" in ended.args[1].message


def test_every_job_ends_exactly_once_in_any_interleaving(qtbot: QtBot, make_runner: MakeRunner) -> None:
    rng = random.Random(7)

    def script(of: Request) -> list[Message | Exception]:
        assert isinstance(of, ScanRequest)
        if of.targets[0].path.name == "fails":
            return [*steps("a", 3), UserError("no")]
        return [*steps("a", 3), PartialValues(()), result(ScanResult(()))]

    runner = make_runner(FakeEngine(script))
    log = Log(runner)
    jobs: list[int] = []
    for _ in range(150):
        jobs.append(runner.submit(request(rng.choice(["fails", "works"]))))
        if rng.random() < 0.4:
            runner.cancel(rng.choice(jobs))
        if rng.random() < 0.1:
            expected = jobs[-1]
            qtbot.waitUntil(lambda expected=expected: bool(log.endings(expected)), timeout=5000)  # type: ignore[misc]
    qtbot.waitUntil(lambda: not runner.is_busy, timeout=5000)

    assert {job: len(log.endings(job)) for job in jobs} == dict.fromkeys(jobs, 1)
    for job in jobs:
        last = max(i for i, (_, of) in enumerate(log.events) if of == job)
        assert log.events[last][0] in ("done", "failed", "cancelled")


def test_shutdown_in_the_middle_of_a_job_takes_less_than_a_second(qtbot: QtBot, make_runner: MakeRunner) -> None:
    engine = FakeEngine(lambda _: [*steps("a", 1), result(ScanResult(()))])
    engine.hold("a")
    runner = make_runner(engine)
    runner.submit(request())
    qtbot.waitUntil(engine.is_holding.is_set)

    assert runner.shutdown(1000)


class Probe(QObject):
    fired = Signal()


def test_emitting_signals_keeps_the_references_of_true(qapp: object) -> None:
    probe, before = Probe(), sys.getrefcount(True)

    for _ in range(200):
        probe.fired.emit()

    assert sys.getrefcount(True) > before - 20, "this PySide6 aborts after some hundred signals on Python 3.11"


def test_a_quiet_job_is_carried_out_and_answered_but_nobody_waits_for_it(make_runner: MakeRunner, qtbot: QtBot) -> None:
    engine = FakeEngine(lambda _: [*steps("a", 2), result(ScanResult(()))])
    runner = make_runner(engine)
    engine.hold("a")
    idle: list[str] = []
    runner.idle.connect(lambda: idle.append("idle"))

    quiet = runner.submit(request(), is_quiet=True)
    qtbot.waitUntil(engine.is_holding.is_set)
    assert not runner.is_busy
    loud = runner.submit(request())
    assert runner.is_busy

    ended: list[int] = []
    runner.done.connect(lambda job_id, _outcome: ended.append(job_id))
    engine.release()
    qtbot.waitUntil(lambda: ended == [quiet, loud])
    assert idle == ["idle"]


def test_a_quiet_job_can_be_cancelled_like_any_other(make_runner: MakeRunner, qtbot: QtBot) -> None:
    engine = FakeEngine(lambda _: [*steps("a", 2), result(ScanResult(()))])
    runner = make_runner(engine)
    engine.hold("a")
    runner.submit(request(), is_quiet=True)
    qtbot.waitUntil(engine.is_holding.is_set)

    with qtbot.waitSignal(runner.cancelled, timeout=1000):
        runner.cancel_all()
    with qtbot.waitSignal(runner.done, timeout=1000):
        runner.submit(request())
        engine.release()
