"""Prefetching decoder: images are read and prepared in threads while the network works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from planetview.core.errors import ImageProblem
from planetview.engine.devices import usable_cores

Record = TypeVar("Record")
Decoded = npt.NDArray[Any] | ImageProblem

_POLL_SECONDS = 0.1
_STOP_SECONDS = 0.2


def default_workers() -> int:
    """Return the number of decoding threads: 1 to 4, one core left for the window."""
    return min(4, max(1, usable_cores() - 1))


def prefetch(
    records: Sequence[Record],
    load: Callable[[Record], npt.NDArray[Any]],
    *,
    check: Callable[[], None],
    workers: int | None = None,
    ahead: int = 32,
) -> Generator[tuple[int, Decoded], None, None]:
    """Yield (position, array or ImageProblem) of every record, in order.

    load: runs in the threads and returns the prepared image; an ImageProblem it raises is yielded in
    the image's place, anything else it raises is raised here when its turn comes.
    check: called at least every 0.1 s while waiting; what it raises ends the work.
    workers: threads, 1 or more. ahead: most images held or being decoded at once.

    Closing the generator, or any exception out of it, stops the threads; a thread stuck inside `load`
    is left behind after 0.2 s and ends with that call.
    """
    if not records:
        return
    pool = _Pool(records, load, max(1, ahead))
    threads = [
        threading.Thread(target=pool.work, name=f"planetview-decode-{i}", daemon=True)
        for i in range(min(workers or default_workers(), len(records)))
    ]
    try:
        for thread in threads:
            thread.start()
        for position in range(len(records)):
            yield position, pool.take(position, check)
    finally:
        pool.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))


class _Pool(Generic[Record]):
    """Positions claimed in order by the threads and taken in order by one consumer."""

    def __init__(self, records: Sequence[Record], load: Callable[[Record], npt.NDArray[Any]], ahead: int) -> None:
        self._records = records
        self._load = load
        self._ahead = ahead
        self._changed = threading.Condition()
        self._claimed = 0
        self._taken = 0
        self._done: dict[int, npt.NDArray[Any] | BaseException] = {}
        self._stopped = False

    def work(self) -> None:
        """Decode until nothing is left or the pool is stopped."""
        while (position := self._claim()) is not None:
            result: npt.NDArray[Any] | BaseException
            try:
                result = self._load(self._records[position])
            except BaseException as error:  # noqa: BLE001 - it is raised again in the consumer
                result = error
            with self._changed:
                if self._stopped:
                    return
                self._done[position] = result
                self._changed.notify_all()

    def take(self, position: int, check: Callable[[], None]) -> Decoded:
        """Wait for the image at `position` and free its place in the queue."""
        check()
        with self._changed:
            while position not in self._done:
                self._changed.wait(_POLL_SECONDS)
                check()
            result = self._done.pop(position)
            self._taken = position + 1
            self._changed.notify_all()
        if isinstance(result, (np.ndarray, ImageProblem)):
            return result
        raise result

    def stop(self) -> None:
        """Let the threads end after the image they are at."""
        with self._changed:
            self._stopped = True
            self._done.clear()
            self._changed.notify_all()

    def _claim(self) -> int | None:
        with self._changed:
            while not self._stopped and self._claimed < len(self._records):
                if self._claimed < self._taken + self._ahead:
                    self._claimed += 1
                    return self._claimed - 1
                self._changed.wait()
            return None
