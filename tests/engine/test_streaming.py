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
