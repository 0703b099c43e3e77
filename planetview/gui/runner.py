"""Engine jobs off the GUI thread: one thread, one queue, exactly one ending per job."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QThread, Signal, Slot

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.core.messages import (
    Engine,
    JobFailure,
    JobResult,
    Message,
    Notice,
    PartialValues,
    Progress,
    Request,
)

# Unthrottled progress gave the window gaps of 41 ms.
_PROGRESS_INTERVAL_SECONDS = 0.05
# Small default stacks of secondary threads overflow in deep decoders.
_STACK_BYTES = 16 * 1024**2

_log = logging.getLogger(__name__)


class _Throttle:
    """Lets a progress message through every 50 ms and hands out the one it kept back.

    The first and the last word of a stage pass at once: a silence of the engine may follow them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._kept: Progress | None = None
        self._stage = ""

    def admit(self, message: Message) -> list[Message]:
        """Return what to publish now: nothing, the message, or a progress kept back and the message."""
        if isinstance(message, Progress):
            is_new = message.stage != self._stage
            self._stage = message.stage
            ended = self.flush() if is_new else []
            now = self._clock()
            if now < self._next and not is_new and not 0 < message.total <= message.done:
                self._kept = message
                return []
            self._next = now + _PROGRESS_INTERVAL_SECONDS
            self._kept = None
            return [*ended, message]
        return [*self.flush(), message]

    def flush(self) -> list[Message]:
        """Return the progress kept back, if any."""
        kept, self._kept = self._kept, None
        return [kept] if kept is not None else []


class _Worker(QObject):
    """Lives in the engine thread; its event queue is the job queue."""

    began = Signal(object)  # job id
    message = Signal(object, object)  # job id, Progress | PartialValues | Notice
    finished = Signal(object, object)  # job id, JobResult | JobFailure | None when cancelled

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    @Slot(object, object)
    def run(self, request: Request, token: CancelToken) -> None:
        """Carry out one job to its end, whatever that is."""
        self.began.emit(request.id)
        outcome: JobResult | JobFailure | None = None
        throttle = _Throttle()
        try:
            with _closing(self._engine.run(request, token)) as messages:
                for message in messages:
                    token.raise_if_cancelled()
                    if isinstance(message, JobResult):
                        outcome = message
                        break
                    for admitted in throttle.admit(message):
                        self.message.emit(request.id, admitted)
            if outcome is None:
                outcome = JobFailure("The engine ended without a result.", "Run again; finished work is kept.")
        except Cancelled:
            outcome = None
        except UserError as error:  # nothing is broken: where it was raised says nothing to anybody
            _log.info("job %s failed: %s %s", request.id, error.message, error.hint)
            outcome = JobFailure.from_exception(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must end
            _log.exception("job %s failed", request.id)
            outcome = JobFailure.from_exception(error)
        for admitted in throttle.flush():
            self.message.emit(request.id, admitted)
        self.finished.emit(request.id, outcome)


@contextlib.contextmanager
def _closing(messages: Iterator[Message]) -> Iterator[Iterator[Message]]:
    """Close a generator that was left early, so that its clean-up runs here and now."""
    try:
        yield messages
    finally:
        close = getattr(messages, "close", None)
        if close is not None:
            close()


class JobRunner(QObject):
    """Runs requests one after the other in a thread of its own.

    Every job that was submitted ends with exactly one of `done`, `failed` and `cancelled`; nothing of
    a job arrives after that, nor after it was cancelled. `idle` follows when no job is left.
    Quiet jobs, short ones that nobody waits for, count neither for `is_busy` nor for `idle`.
    """

    submitted = Signal(object, bool)  # Request, whether it is quiet
    started = Signal(object)  # job id
    paused = Signal(object)  # job id
    resumed = Signal(object)  # job id
    queue_changed = Signal()  # the order of those that wait
    progressed = Signal(object, object)  # job id, Progress
    partial = Signal(object, object)  # job id, PartialValues
    noticed = Signal(object, object)  # job id, Notice
    done = Signal(object, object)  # job id, Results | ScanResult | ModelsResult
    failed = Signal(object, object)  # job id, JobFailure
    cancelled = Signal(object)  # job id
    idle = Signal()

    _start = Signal(object, object)

    def __init__(self, engine: Engine, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tokens: dict[int, CancelToken] = {}
        self._told: set[int] = set()
        self._quiet: set[int] = set()
        self._waiting: list[Request] = []
        self._at_work: int | None = None
        self._thread = QThread(self)
        self._thread.setObjectName("engine")
        self._thread.setStackSize(_STACK_BYTES)
        self._worker = _Worker(engine)
        self._worker.moveToThread(self._thread)
        self._start.connect(self._worker.run)
        self._worker.began.connect(self._on_began)
        self._worker.message.connect(self._on_message)
        self._worker.finished.connect(self._on_finished)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether a job that is not quiet and was not cancelled is waiting or running."""
        return self.current() is not None

    def current(self) -> int | None:
        """Return the id of the job that people mean by "the job": not quiet, not cancelled; else None."""
        return next((id for id in self._order() if id not in self._told and id not in self._quiet), None)

    def waiting(self) -> tuple[int, ...]:
        """Return the ids of the jobs that have not begun, the next one first; without quiet ones."""
        return tuple(request.id for request in self._waiting if request.id not in self._quiet)

    def is_paused(self, job_id: int) -> bool:
        """Return whether that job is paused."""
        token = self._tokens.get(job_id)
        return token is not None and token.is_paused()

    def submit(self, request: Request, *, is_quiet: bool = False) -> int:
        """Queue a request; return its id."""
        if is_quiet:
            self._quiet.add(request.id)
        self._tokens[request.id] = CancelToken()
        self._waiting.append(request)
        self.submitted.emit(request, is_quiet)
        self._begin_next()
        return request.id

    def run_next(self, job_id: int) -> None:
        """Let a waiting job be the next one."""
        found = [request for request in self._waiting if request.id == job_id]
        if found:
            self._waiting = found + [request for request in self._waiting if request.id != job_id]
            self.queue_changed.emit()

    def pause(self, job_id: int) -> None:
        """Let the engine rest after the chunk of work it is at; only the job that runs can be paused."""
        token = self._tokens.get(job_id)
        if token is not None and job_id == self._at_work and job_id not in self._told and not token.is_paused():
            token.pause()
            self.paused.emit(job_id)

    def resume(self, job_id: int) -> None:
        """Let a paused job go on."""
        if self.is_paused(job_id):
            self._tokens[job_id].resume()
            self.resumed.emit(job_id)

    def cancel(self, job_id: int) -> None:
        """Stop a job; `cancelled` is emitted at once, the engine may need a moment more."""
        token = self._tokens.get(job_id)
        if token is None or job_id in self._told:
            return
        token.cancel()
        if job_id == self._at_work:
            self._told.add(job_id)
        else:
            self._waiting = [request for request in self._waiting if request.id != job_id]
            del self._tokens[job_id]
        self.cancelled.emit(job_id)
        self._announce_idle(job_id)
        if job_id not in self._tokens:
            self._quiet.discard(job_id)

    def cancel_all(self) -> None:
        """Stop every job."""
        for job_id in tuple(self._tokens):
            self.cancel(job_id)

    def shutdown(self, wait_ms: int = 3000) -> bool:
        """Cancel everything and end the thread; return whether it ended within `wait_ms`."""
        self._waiting.clear()
        for token in self._tokens.values():
            token.cancel()
        self._told.update(self._tokens)
        self._thread.quit()
        return self._thread.wait(wait_ms)

    @Slot(object)
    def _on_began(self, job_id: int) -> None:
        if job_id in self._tokens and job_id not in self._told:
            self.started.emit(job_id)

    @Slot(object, object)
    def _on_message(self, job_id: int, message: Message) -> None:
        if job_id not in self._tokens or job_id in self._told:
            return
        if isinstance(message, Progress):
            self.progressed.emit(job_id, message)
        elif isinstance(message, PartialValues):
            self.partial.emit(job_id, message)
        elif isinstance(message, Notice):
            self.noticed.emit(job_id, message)

    @Slot(object, object)
    def _on_finished(self, job_id: int, outcome: JobResult | JobFailure | None) -> None:
        if self._tokens.pop(job_id, None) is None:
            return
        self._at_work = None
        if job_id in self._told:
            self._told.discard(job_id)
            self._quiet.discard(job_id)
            self._begin_next()
            return
        if isinstance(outcome, JobResult):
            self.done.emit(job_id, outcome.outcome)
        elif isinstance(outcome, JobFailure):
            self.failed.emit(job_id, outcome)
        else:
            self.cancelled.emit(job_id)
        self._announce_idle(job_id)
        self._quiet.discard(job_id)
        self._begin_next()

    def _begin_next(self) -> None:
        if self._at_work is None and self._waiting:
            request = self._waiting.pop(0)
            self._at_work = request.id
            self._start.emit(request, self._tokens[request.id])

    def _order(self) -> Iterator[int]:
        if self._at_work is not None:
            yield self._at_work
        yield from (request.id for request in self._waiting)

    def _announce_idle(self, ended: int) -> None:
        if ended not in self._quiet and not self.is_busy:
            self.idle.emit()
