"""Cancellation: one token a job, checked between chunks of work."""

from __future__ import annotations

import threading


class Cancelled(Exception):
    """Raised by `CancelToken.check` once the job was cancelled."""


class CancelToken:
    """A flag set by one thread and polled by another.

    Work that runs longer than about 0.2 s calls `check` between its chunks, so that a cancelled
    job stops within a second.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop; safe from any thread and from a signal handler."""
        self._event.set()

    def is_cancelled(self) -> bool:
        """Return whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when the job was cancelled."""
        if self._event.is_set():
            raise Cancelled
