"""Any engine in a process of its own, so that the window shares neither its interpreter lock nor its crashes."""

from __future__ import annotations

import contextlib
import importlib
import logging
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from planetview.core import channel
from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.children import give_way, interrupts_held_back
from planetview.core.consent import ConsentNeeded
from planetview.core.errors import UserError
from planetview.core.memory import forget_peak, process_memory
from planetview.core.messages import Engine, Message, Notice, Progress, Request

TORCH_ENGINE = "planetview.engine.engine:TorchEngine"

# How long a cancelled child may take to stop by itself; with the poll below this stays under one second.
_GRACE_SECONDS = 0.8
_POLL_SECONDS = 0.05
_MEMORY_SECONDS = 0.5
# Log lines of the child wait for its next message; more than this of them in between are too many to read.
_LINES_KEPT = 500

_log = logging.getLogger(__name__)


class EngineError(Exception):
    """An unexpected error inside the child; its text names the original, a note holds the child's traceback."""


class _Child:
    """One running child and our end of its pipe."""

    def __init__(self, factory: str, kwargs: Mapping[str, Any], preload: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, factory, dict(kwargs), tuple(preload)), name="planetview-engine", daemon=True
        )
        with interrupts_held_back():
            self.process.start()
        theirs.close()

    def kill(self) -> None:
        """End the process now, whatever it does, and release the pipe."""
        self.process.kill()
        self.process.join()
        self.connection.close()


class ProcessEngine:
    """Runs the engine named by `factory` ("module:callable") in a spawned child, one job at a time.

    kwargs: passed to the factory inside the child; must be picklable.
    preload: modules the child imports in the background as soon as it starts.

    A cancelled job that has not stopped after 0.8 s is killed together with its child: what the
    engine had put into its store by then is kept. A child that dies fails its job with a `UserError`;
    the next job starts a new one. A paused token pauses the job in the child, within one chunk of its
    work. What the child logs is logged here, by the same names. Safe to call from any thread.
    """

    def __init__(
        self,
        factory: str = TORCH_ENGINE,
        kwargs: Mapping[str, Any] | None = None,
        preload: Sequence[str] = ("torch",),
    ) -> None:
        self._factory, self._kwargs, self._preload = factory, dict(kwargs or {}), tuple(preload)
        self._child: _Child | None = None
        self._closed = False
        self._child_lock = threading.Lock()
        self._job_lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the child, or None while there is none."""
        child = self._child
        return child.process.pid if child is not None else None

    def warm(self) -> None:
        """Start the child now, so that it loads its libraries before the first job."""
        self._ensure_child()

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        """Yield the messages of the engine in the child.

        Raises `Cancelled`; `UserError` as the engine raised it, or when the child died; `EngineError`
        for anything unexpected. Closing the iterator early cancels the job in the child.
        """
        if self._job_lock.locked():
            yield Notice("Another window is computing: this job begins when that one's has ended.")
        with _held(self._job_lock, token):
            child = self._ensure_child()
            settled = False
            try:
                channel.send(child.connection, ("run", request.id, request))
                for kind, payload in _replies(child, request.id, token):
                    if kind == "message":
                        yield payload
                        continue
                    settled = True
                    if kind == "done":
                        return
                    raise _error_from(kind, payload)
            except (EOFError, OSError) as error:
                settled = True
                raise self._lost(child, token) from error
            finally:
                if not settled:
                    self._stop_job(child, request.id)

    def shutdown(self) -> None:
        """End the child; a job still running in another thread raises `Cancelled` there."""
        with self._child_lock:
            self._closed = True
            child = self._child
            if child is not None:
                child.process.kill()
        if child is not None and self._job_lock.acquire(timeout=1.0):
            try:
                self._discard(child)
            finally:
                self._job_lock.release()

    def _ensure_child(self) -> _Child:
        with self._child_lock:
            if self._closed:
                raise Cancelled
            if self._child is not None and not self._child.process.is_alive():
                self._child.kill()
                self._child = None
            if self._child is None:
                self._child = _Child(self._factory, self._kwargs, self._preload)
            return self._child

    def _discard(self, child: _Child) -> int | None:
        """Make sure `child` is gone; return how it ended."""
        with self._child_lock:
            child.kill()
            if self._child is child:
                self._child = None
        return child.process.exitcode

    def _stop_job(self, child: _Child, job_id: int) -> None:
        """Bring a job that nobody listens to any more to an end: politely, then by force."""
        deadline = time.monotonic() + _GRACE_SECONDS
        with contextlib.suppress(EOFError, OSError):
            channel.send(child.connection, ("cancel", job_id, None))
            while (left := deadline - time.monotonic()) > 0:
                if child.connection.poll(left) and channel.receive(child.connection)[0] not in ("message", "log"):
                    return
        self._discard(child)
        with contextlib.suppress(Cancelled):
            self.warm()

    def _lost(self, child: _Child, token: CancelToken) -> Exception:
        child.process.join(1.0)
        exit_code = self._discard(child)
        if token.is_cancelled() or self._closed:
            return Cancelled()
        _log.error("engine process ended with exit code %s", exit_code)
        return UserError(
            f"The engine stopped in the middle of its work ({_how_it_ended(exit_code)}).",
            hint="Most often the machine ran out of memory. Finished work is kept: close other programs or lower "
            "the memory budget, then run again.",
            exit_code=4,
        )


@contextlib.contextmanager
def _held(lock: threading.Lock, token: CancelToken) -> Iterator[None]:
    """Hold the lock; a job that waits here behind that of another window can be cancelled."""
    while not lock.acquire(timeout=_POLL_SECONDS):
        token.raise_if_cancelled()
    try:
        yield
    finally:
        lock.release()


def _replies(child: _Child, job_id: int, token: CancelToken) -> Iterator[tuple[str, Any]]:
    """Yield (kind, payload) of one job; raises `Cancelled` once the token is set, EOFError when the child is gone."""
    was_paused = False
    while True:
        # The caller's clean-up stops a cancelled job, within its grace.
        token.raise_if_cancelled()
        if token.is_paused() is not was_paused:
            was_paused = not was_paused
            channel.send(child.connection, ("pause" if was_paused else "resume", job_id, None))
        if child.connection.poll(_POLL_SECONDS):
            kind, of_job, payload = channel.receive(child.connection)
            if kind == "log":
                _log_again(payload)
            elif of_job == job_id:
                yield kind, payload
        elif not child.process.is_alive() and not child.connection.poll():
            raise EOFError


def _log_again(line: tuple[str, int, float, str]) -> None:
    name, level, created, text = line
    logger = logging.getLogger(name)
    if logger.isEnabledFor(level):
        record = logger.makeRecord(name, level, "", 0, text, (), None)
        record.created, record.processName = created, "engine"
        logger.handle(record)


def _error_from(kind: str, payload: Any) -> Exception:
    if kind == "cancelled":
        return Cancelled()
    if kind == "consent-needed":
        return ConsentNeeded(*payload)
    if kind == "user-error":
        return UserError(*payload)
    summary, details = payload
    error = EngineError(summary)
    error.add_note(details)
    return error


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-exit_code).name}"
    return f"exit status {exit_code}"


def _serve(connection: Connection, factory: str, kwargs: dict[str, Any], preload: tuple[str, ...]) -> None:
    """Carry out requests until the parent is gone; the child's main function."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    give_way()
    lines = _KeptLines()
    jobs: queue.SimpleQueue[tuple[Request, CancelToken]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, jobs), name="listener", daemon=True).start()
    threading.Thread(target=_import_all, args=(preload,), name="preload", daemon=True).start()
    engine: Engine | None = None
    while True:
        request, token = jobs.get()
        memory = _Memory()
        try:
            if engine is None:
                engine = _load(factory)(**kwargs)
            for message in engine.run(request, token):
                token.raise_if_cancelled()
                lines.send(connection, request.id)
                channel.send(connection, ("message", request.id, memory.added_to(message)))
            reply: tuple[str, int, Any] = ("done", request.id, None)
        except Cancelled:
            reply = ("cancelled", request.id, None)
        except ConsentNeeded as error:
            reply = ("consent-needed", request.id, (error.sha256, error.name, error.kind))
        except UserError as error:
            reply = ("user-error", request.id, (error.message, error.hint, error.exit_code))
        except Exception as error:  # noqa: BLE001 - every error must reach the parent as text
            summary = f"{type(error).__name__}: {error}"
            reply = ("failed", request.id, (summary, "".join(traceback.format_exception(error))))
        lines.send(connection, request.id)
        channel.send(connection, reply)


class _KeptLines(logging.Handler):
    """Keeps what the child logs until its main thread, the only one that sends, has a message to send."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[tuple[str, int, float, str]] = deque(maxlen=_LINES_KEPT)
        root = logging.getLogger()
        root.addHandler(self)
        logging.getLogger("planetview").setLevel(logging.INFO)
        logging.captureWarnings(True)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text of a record; what it refers to may not travel."""
        try:
            text = record.getMessage()
            if record.exc_info:
                text = "\n".join((text, logging.Formatter().formatException(record.exc_info)))
            self._lines.append((record.name, record.levelno, record.created, text))
        except Exception:  # noqa: BLE001 - a log line must never end a job
            self.handleError(record)

    def send(self, connection: Connection, job_id: int) -> None:
        """Send the lines kept so far."""
        while self._lines:
            channel.send(connection, ("log", job_id, self._lines.popleft()))


class _Memory:
    """Adds the memory of this process to progress messages, the peak being that of one job."""

    def __init__(self) -> None:
        forget_peak()
        self._next = 0.0
        self._known: tuple[int, int] | None = None

    def added_to(self, message: Message) -> Message:
        """Return the message, a progress with the memory as it was at most half a second ago."""
        if not isinstance(message, Progress):
            return message
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _MEMORY_SECONDS
            memory = process_memory()
            self._known = (memory.now, memory.peak) if memory is not None else None
        if self._known is None:
            return message
        return replace(message, memory_bytes=self._known[0], peak_bytes=self._known[1])


def _listen(connection: Connection, jobs: queue.SimpleQueue[tuple[Request, CancelToken]]) -> None:
    """Take requests, cancellations and pauses while the main thread works; end the process with its parent."""
    token, current = CancelToken(), -1
    try:
        while True:
            kind, job_id, request = channel.receive(connection)
            if kind == "run":
                token, current = CancelToken(), job_id
                jobs.put((request, token))
            elif job_id == current:
                {"cancel": token.cancel, "pause": token.pause, "resume": token.resume}[kind]()
    except (EOFError, OSError):
        # The pipe closes when the parent ends in whatever way; nothing of value is held only here.
        os._exit(0)


def _import_all(modules: tuple[str, ...]) -> None:
    for module in modules:
        # A missing library is reported by the job that needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(module)


def _load(factory: str) -> Any:
    module, _, name = factory.partition(":")
    return getattr(importlib.import_module(module), name)
