"""Work on large studies in a process of its own: serialising holds the interpreter lock, which stops the window.

Imports no Qt: the child loads this module.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from planetview.core.channel import receive, send
from planetview.core.children import interrupts_held_back

# Turning this many images into JSON holds the lock for 20 ms; a process takes half a second to start.
IMAGES_IN_A_THREAD = 4000

_log = logging.getLogger(__name__)


def call_beside(images: int, work: Callable[..., Any], *arguments: Any) -> Any:
    """Return `work(*arguments)`, called in a process of its own when it handles more than `IMAGES_IN_A_THREAD` images.

    Blocks: for a background thread. There `work`, a function of a module, its arguments and what it returns must be
    picklable. Raises what `work` raises. When the process cannot start or dies, the call is made here after all.
    """
    if images <= IMAGES_IN_A_THREAD:
        return work(*arguments)
    try:
        outcome, error = _call_apart(work, arguments)
    except (EOFError, OSError):
        _log.warning("a helper process ended early; its work is done in a thread", exc_info=True)
        return work(*arguments)
    if error is not None:
        raise error
    return outcome


def _call_apart(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), name="planetview-files", daemon=True)
    with interrupts_held_back():
        process.start()
    theirs.close()
    try:
        send(ours, (work, arguments))
        outcome: tuple[Any, Exception | None] = receive(ours)
        return outcome
    finally:
        ours.close()
        process.join()


def _serve(connection: Connection) -> None:
    """Make one call and answer with its outcome; the child's main function."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The window may be gone: a save that it asked for is still finished.
    with contextlib.suppress(EOFError, OSError):
        work, arguments = receive(connection)
        try:
            answer: tuple[Any, Exception | None] = (work(*arguments), None)
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller must hear of it
            answer = (None, error)
        send(connection, answer)
