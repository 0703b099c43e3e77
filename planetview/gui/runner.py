"""Engine jobs off the GUI thread: one thread, one queue, exactly one ending per job."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QThread, Signal, Slot

from planetview.core.cancel import Cancelled, CancelToken
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
    """Lets a progress message through every 50 ms and hands out the one it kept back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._kept: Progress | None = None

    def admit(self, message: Message) -> list[Message]:
        """Return what to publish now: nothing, the message, or a progress kept back and the message."""
        if isinstance(message, Progress):
            now = self._clock()
            if now < self._next:
                self._kept = message
                return []
            self._next = now + _PROGRESS_INTERVAL_SECONDS
            self._kept = None
            return [message]
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
                    token.check()
                    if isinstance(message, JobResult):
                        outcome = message
                        break
                    for admitted in throttle.admit(message):
                        self.message.emit(request.id, admitted)
            for admitted in throttle.flush():
                self.message.emit(request.id, admitted)
            if outcome is None:
                outcome = JobFailure("The engine ended without a result.", "Run again; finished work is kept.")
        except Cancelled:
            outcome = None
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must end
            _log.exception("job %s failed", request.id)
            outcome = JobFailure.from_exception(error)
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

    started = Signal(object)  # job id
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
        return any(job_id not in self._told and job_id not in self._quiet for job_id in self._tokens)

    def submit(self, request: Request, *, is_quiet: bool = False) -> int:
        """Queue a request; return its id."""
        token = CancelToken()
        if is_quiet:
            self._quiet.add(request.id)
        self._tokens[request.id] = token
        self._start.emit(request, token)
        return request.id

    def cancel(self, job_id: int) -> None:
        """Stop a job; `cancelled` is emitted at once, the engine may need a moment more."""
        token = self._tokens.get(job_id)
        if token is None or job_id in self._told:
            return
        token.cancel()
        self._told.add(job_id)
        self.cancelled.emit(job_id)
        self._announce_idle(job_id)

    def cancel_all(self) -> None:
        """Stop every job."""
        for job_id in tuple(self._tokens):
            self.cancel(job_id)

    def shutdown(self, wait_ms: int = 3000) -> bool:
        """Cancel everything and end the thread; return whether it ended within `wait_ms`."""
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
        if job_id in self._told:
            self._told.discard(job_id)
            self._quiet.discard(job_id)
            return
        if isinstance(outcome, JobResult):
            self.done.emit(job_id, outcome.outcome)
        elif isinstance(outcome, JobFailure):
            self.failed.emit(job_id, outcome)
        else:
            self.cancelled.emit(job_id)
        self._announce_idle(job_id)
        self._quiet.discard(job_id)

    def _announce_idle(self, ended: int) -> None:
        if ended not in self._quiet and not self.is_busy:
            self.idle.emit()
