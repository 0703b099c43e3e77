"""Cancellation and pause: one token a job, checked between chunks of work."""

from __future__ import annotations

import threading
import time

# A cancel that arrives while the work is paused is noticed at once; this only bounds what a lost wake-up could cost.
_LOOK_AGAIN_SECONDS = 0.2

_of_thread = threading.local()


class Cancelled(Exception):
    """Raised by `CancelToken.check` once the job was cancelled."""


class CancelToken:
    """Two flags set by one thread and polled by another: stop for good, and wait.

    Work that runs longer than about 0.2 s calls `check` between its chunks, so that a cancelled
    job stops, and a paused one rests, within a second.
    """

    __slots__ = ("_cancelled", "_may_go_on")

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._may_go_on = threading.Event()
        self._may_go_on.set()

    def cancel(self) -> None:
        """Ask the work to stop, paused or not; safe from any thread and from a signal handler."""
        self._cancelled.set()
        self._may_go_on.set()

    def pause(self) -> None:
        """Let the work wait at its next `check`; nothing happens to work that was cancelled. Safe from any thread."""
        self._may_go_on.clear()
        # Looked at after the flag fell, without a lock: a cancel in between can leave nobody waiting.
        if self._cancelled.is_set():
            self._may_go_on.set()

    def resume(self) -> None:
        """Let paused work go on. Safe from any thread."""
        self._may_go_on.set()

    def is_cancelled(self) -> bool:
        """Return whether `cancel` was called."""
        return self._cancelled.is_set()

    def is_paused(self) -> bool:
        """Return whether the work is asked to wait."""
        return not self._may_go_on.is_set() and not self._cancelled.is_set()

    def check(self) -> None:
        """Wait while the job is paused; raise `Cancelled` when it was cancelled, before or meanwhile."""
        if not self._may_go_on.is_set():
            self._wait()
        self.raise_if_cancelled()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` when the job was cancelled, without waiting: for those who only pass messages on."""
        if self._cancelled.is_set():
            raise Cancelled

    def _wait(self) -> None:
        began = time.perf_counter()
        while not self._may_go_on.wait(_LOOK_AGAIN_SECONDS):
            if self._cancelled.is_set():
                break
        _of_thread.paused_s = paused_seconds() + time.perf_counter() - began


def paused_seconds() -> float:
    """Return how long the calling thread has waited in the `check` of paused jobs so far."""
    return float(getattr(_of_thread, "paused_s", 0.0))


def work_seconds() -> float:
    """Return a clock in seconds, of no particular beginning, that stands still while the calling thread is paused.

    Rates, times left and deadlines of the work are measured with it.
    """
    return time.perf_counter() - paused_seconds()
