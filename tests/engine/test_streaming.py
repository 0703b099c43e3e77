"""Work in a thread, messages out, cancel in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.core.messages import JobResult, Notice, Progress, ScanResult
from planetview.engine.schedule import Schedule, Stage
from planetview.engine.streaming import Emit, stream
from tests.patience import PATIENCE_S, SOON_S

END = JobResult(ScanResult(()))


def test_messages_come_in_order_and_the_result_last() -> None:
    def work(emit: Emit, check: Callable[[], None]) -> JobResult:
        for i in range(50):
            emit(Notice(str(i)))
        return END

    messages = list(stream(work, CancelToken()))

    assert [m.text for m in messages[:-1] if isinstance(m, Notice)] == [str(i) for i in range(50)]
    assert messages[-1] is END


def test_an_error_of_the_work_is_raised_as_itself() -> None:
    def work(emit: Emit, check: Callable[[], None]) -> JobResult:
        emit(Notice("before"))
        raise UserError("Too few.", "Add more.")

    stream_ = stream(work, CancelToken())

    assert next(stream_) == Notice("before")
    with pytest.raises(UserError, match="Too few"):
        next(stream_)


def test_cancel_does_not_wait_for_work_that_never_checks() -> None:
    release = threading.Event()
    started = threading.Event()

    def work(emit: Emit, check: Callable[[], None]) -> JobResult:
        started.set()
        release.wait(30)
        return END

    token = CancelToken()
    messages = stream(work, token)
    reader = threading.Thread(target=lambda: started.wait(PATIENCE_S) and token.cancel())
    reader.start()
    began = time.perf_counter()
    with pytest.raises(Cancelled):
        list(messages)
    took = time.perf_counter() - began
    release.set()
    reader.join()

    assert took < SOON_S


def test_closing_the_stream_cancels_the_work() -> None:
    cancelled = threading.Event()

    def work(emit: Emit, check: Callable[[], None]) -> JobResult:
        emit(Notice("running"))
        try:
            while True:
                check()
                threading.Event().wait(0.01)
        except Cancelled:
            cancelled.set()
            raise

    messages = stream(work, CancelToken())
    next(messages)
    messages.close()  # type: ignore[attr-defined]

    assert cancelled.wait(PATIENCE_S)


def test_the_bar_weighs_stages_by_their_work() -> None:
    seen: list[Progress] = []
    schedule = Schedule((Stage("a", "A", "images", 10, 9.0), Stage("b", "B", "pairs", 5, 1.0)), seen.append)

    schedule.advance("a", 10)
    schedule.finish("a")
    schedule.advance("b", 5)
    schedule.finish("b")

    assert [round(p.fraction, 3) for p in seen] == [0.9, 0.9, 1.0, 1.0]


def test_a_known_total_replaces_the_guess() -> None:
    seen: list[Progress] = []
    schedule = Schedule((Stage("scan", "Scan", "images", 1, 1.0),), seen.append)

    schedule.resize("scan", 200)
    schedule.advance("scan", 50)

    assert (seen[0].done, seen[0].total, seen[0].fraction) == (50, 200, 0.25)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("planetview.engine.schedule.work_seconds", clock)
    return clock


def told_last(seen: list[Progress]) -> float | None:
    return seen[-1].eta_seconds


def test_no_time_left_is_told_before_some_work_was_timed(clock: Clock) -> None:
    seen: list[Progress] = []
    schedule = Schedule((Stage("pairs/a", "A", "pairs", 100, 10.0),), seen.append)
    for seconds, done in ((1.0, 10), (2.0, 20)):
        clock.now = seconds
        schedule.finish("nothing")
        schedule.advance("pairs/a", done if done < 20 else 100)

    assert [one.eta_seconds for one in seen] == [None, None]
    clock.now = 8.0
    schedule.finish("pairs/a")
    assert told_last(seen) == 0.0


def test_what_was_read_from_the_store_in_no_time_does_not_promise_that_the_rest_is_as_quick(clock: Clock) -> None:
    seen: list[Progress] = []
    stages = (Stage("features/a", "F", "images", 10, 50.0), Stage("pairs/a", "P", "pairs", 4, 20.0),
              Stage("pairs/b", "P", "pairs", 4, 20.0))  # fmt: skip
    schedule = Schedule(stages, seen.append)
    clock.now = 0.1
    schedule.finish("features/a")
    assert told_last(seen) is None
    clock.now = 40.1
    schedule.finish("pairs/a")

    assert seen[-1].fraction == pytest.approx(70 / 90)
    assert told_last(seen) == pytest.approx(40.0)


def test_stages_of_other_kinds_take_their_estimate_at_the_pace_of_all_work_so_far(clock: Clock) -> None:
    seen: list[Progress] = []
    stages = (Stage("features/a", "F", "images", 10, 10.0), Stage("features/b", "F", "images", 10, 10.0),
              Stage("pairs/a", "P", "pairs", 4, 6.0))  # fmt: skip
    schedule = Schedule(stages, seen.append)
    clock.now = 5.0
    schedule.finish("features/a")
    assert told_last(seen) == pytest.approx(8.0)
    clock.now = 10.0
    schedule.advance("features/b", 10, rate=2.0)
    assert told_last(seen) == pytest.approx(3.0)


def test_stages_that_advance_one_after_the_other_and_finish_together_count_as_they_go() -> None:
    seen: list[Progress] = []
    schedule = Schedule((Stage("random/a", "A", "pairs", 4, 1.0), Stage("random/b", "B", "pairs", 4, 1.0)), seen.append)

    schedule.advance("random/a", 4)
    schedule.advance("random/b", 4)

    assert [one.fraction for one in seen] == [0.5, 1.0]
