"""From a function that reports to a generator that yields: progress out, cancel in."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.messages import Message

Emit = Callable[[Message], None]
Outcome = TypeVar("Outcome", bound=Message)

_POLL_S = 0.05
# A LAPACK call cannot be interrupted. After this long the job counts as cancelled all the same; its thread
# ends at its next check and nobody reads what it still says.
_PATIENCE_S = 0.5


def stream(work: Callable[[Emit, Callable[[], None]], Outcome], token: CancelToken) -> Iterator[Message]:
    """Run `work(emit, check)` in a thread and yield what it emits, then what it returns.

    check: raises Cancelled inside the work once the token is set. Raises what the work raises;
    Cancelled at most about 0.6 s after the token was set, whatever the work is doing. Closing the
    generator cancels the work.
    """
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    result: list[Outcome] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(messages.put, token.check))
        except BaseException as error:  # noqa: BLE001  # handed to the reader below
            errors.append(error)

    thread = threading.Thread(target=run, name="engine", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            if token.is_cancelled():
                thread.join(_PATIENCE_S)
                raise Cancelled
            try:
                yield messages.get(timeout=_POLL_S)
            except queue.Empty:
                continue
        token.raise_if_cancelled()
        while not messages.empty():
            yield messages.get()
        if errors:
            raise errors[0]
        yield result[0]
    finally:
        if thread.is_alive() and not token.is_cancelled():
            token.cancel()
            thread.join(_PATIENCE_S)


class Ticker:
    """Lets through at most `per_second` calls, and always the last one of a stage."""

    def __init__(self, per_second: float = 20.0) -> None:
        self._gap_s = 1.0 / per_second
        self._last = -1.0

    def admits(self, is_last: bool) -> bool:
        """Return whether to report now."""
        now = time.perf_counter()
        if is_last or now - self._last >= self._gap_s:
            self._last = now
            return True
        return False
