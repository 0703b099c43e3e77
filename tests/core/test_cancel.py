"""Cancellation and pause: nobody waits for ever, nobody goes on who should not, and the work's clock stands still."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planetview.core.cancel import Cancelled, CancelToken, work_seconds
from tests.patience import PATIENCE_S, SOON_S


class Worker:
    """Checks a token in a thread, one step whenever it is told to."""

    def __init__(self, token: CancelToken) -> None:
        self.steps = 0
        self.ending = ""
        self.waits = threading.Event()
        self._token = token
        self._go = threading.Semaphore(0)
        self._stepped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Let it check once, without waiting for that."""
        self._go.release()

    def has_stepped(self, seconds: float = PATIENCE_S) -> bool:
        return self._stepped.acquire(timeout=seconds)

    def join(self) -> bool:
        self._go.release()
        self._thread.join(PATIENCE_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self._go.acquire():
                self._token.check()
                self.steps += 1
                self._stepped.release()
        except Cancelled:
            self.ending = "cancelled"
        self._stepped.release()


def test_a_paused_check_waits_until_it_is_resumed() -> None:
    token = CancelToken()
    token.pause()
    worker = Worker(token)
    worker.step()

    assert not worker.has_stepped(0.02)
    token.resume()
    assert worker.has_stepped()
    assert worker.steps == 1
    token.cancel()
    assert worker.join()


def test_a_paused_job_is_cancelled_at_once() -> None:
    token = CancelToken()
    token.pause()
    worker = Worker(token)
    worker.step()
    began = time.perf_counter()

    token.cancel()

    assert worker.has_stepped()
    assert worker.ending == "cancelled"
    assert time.perf_counter() - began < SOON_S


def test_a_cancelled_job_cannot_be_paused() -> None:
    token = CancelToken()
    token.cancel()
    token.pause()

    assert not token.is_paused()
    with pytest.raises(Cancelled):
        token.check()


def test_passing_messages_on_never_waits() -> None:
    token = CancelToken()
    token.pause()
    token.raise_if_cancelled()

    token.cancel()
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()


def test_the_clock_of_the_work_stands_still_while_it_is_paused() -> None:
    parts = []
    for _ in range(5):  # one try may begin late on a crowded machine
        token = CancelToken()
        token.pause()
        resume = threading.Timer(0.1, token.resume)
        resume.start()
        began = work_seconds(), time.perf_counter()

        token.check()

        worked, passed = work_seconds() - began[0], time.perf_counter() - began[1]
        parts.append(worked / passed)
        resume.join()
    assert min(parts) < 0.1


@given(st.lists(st.sampled_from(["pause", "resume", "step", "cancel"]), max_size=30))
def test_any_order_of_pauses_ends_with_the_cancel(moves: list[str]) -> None:
    token = CancelToken()
    worker = Worker(token)
    allowed = 0
    for move in moves:
        if move == "step":
            worker.step()
            allowed += 1
        else:
            getattr(token, move)()
    token.cancel()

    assert worker.join()
    assert worker.ending == "cancelled"
    assert worker.steps <= allowed
