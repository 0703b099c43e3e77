"""Decoding and pixel arithmetic off the GUI thread, and the decoded images that are kept."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from planetview.core.datasets import ImageRecord
from planetview.core.decoding import NativeImage
from planetview.core.errors import ImageProblem
from planetview.core.image_compare import MOST_PIXELS, reduced
from planetview.core.readers import load_native

log = logging.getLogger(__name__)

CACHE_BYTES = 256 * 1024**2

Answer = Callable[[Any], object]


class NativeCache:
    """The images decoded last, at most `max_bytes` of them and always the newest; safe from any thread."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[NativeImage, int]] = OrderedDict()

    def get(self, record: ImageRecord) -> tuple[NativeImage, int]:
        """Return an image and the step it was thinned by (see `reduced`), decoding it if need be.

        Raises ImageProblem when it cannot be read.
        """
        key = (record.digest, record.name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = reduced(load_native(record), MOST_PIXELS)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self.size_bytes() > self._max_bytes:
                self._kept.popitem(last=False)
        return found

    def size_bytes(self) -> int:
        """Return how much memory the kept samples take."""
        return sum(native.samples.nbytes for native, _ in self._kept.values())


class _Answers(QObject):
    given = Signal(object, object, str)  # ticket, outcome, reason


class _Queue:
    """Wishes by name, first come first served, and the thread that carries them out while there are some."""

    def __init__(self) -> None:
        self.answers = _Answers()
        self._lock = threading.Lock()
        self._wishes: OrderedDict[str, tuple[int, Callable[[], Any]]] = OrderedDict()
        self._is_working = False

    def put(self, name: str, ticket: int, work: Callable[[], Any]) -> None:
        with self._lock:
            self._wishes.pop(name, None)
            self._wishes[name] = (ticket, work)
            if not self._is_working:
                self._is_working = True
                threading.Thread(target=self._work, name="planetview-compare", daemon=True).start()

    def clear(self) -> None:
        with self._lock:
            self._wishes.clear()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wishes:
                    self._is_working = False
                    return
                _, (ticket, work) = self._wishes.popitem(last=False)
            outcome, reason = None, ""
            try:
                outcome = work()
            except ImageProblem as problem:
                reason = problem.reason
            except MemoryError:
                reason = "needs more memory than is free"
            except Exception as error:  # a thread that dies in silence would leave its pane waiting forever
                log.exception("work for the compare view failed")
                reason = f"{type(error).__name__}: {error}"
            try:
                self.answers.given.emit(ticket, outcome, reason)
            except RuntimeError:  # the application has ended meanwhile
                return


class PixelWork(QObject):
    """Runs callables in a thread of its own, which ends when there is nothing left to do; answers on the GUI thread.

    A wish replaces the one of the same name: of several stretches chosen quickly only the last one is shown. The
    thread belongs to nobody, so that closing the window never waits for a decoder.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = _Queue()
        self._ticket = 0
        self._waiting: dict[str, tuple[int, Answer, Callable[[str], object]]] = {}
        self._queue.answers.given.connect(self._on_given, Qt.ConnectionType.QueuedConnection)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._waiting)

    def submit(self, name: str, work: Callable[[], Any], on_done: Answer, on_failed: Callable[[str], object]) -> None:
        """Carry out `work`, which touches nothing that the GUI thread changes; on_failed gets the reason in words."""
        self._ticket += 1
        self._waiting[name] = (self._ticket, on_done, on_failed)
        self._queue.put(name, self._ticket, work)

    def drop(self, name: str | None = None) -> None:
        """Forget a wish, or all."""
        if name is None:
            self._waiting.clear()
            self._queue.clear()
        else:
            self._waiting.pop(name, None)

    @Slot(object, object, str)
    def _on_given(self, ticket: int, outcome: object, reason: str) -> None:
        for name, (wanted, on_done, on_failed) in tuple(self._waiting.items()):
            if wanted == ticket:
                del self._waiting[name]
                if reason:
                    on_failed(reason)
                else:
                    on_done(outcome)
