"""The jobs of this session: how each stands, how far it is, what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from PySide6.QtCore import QObject, Signal, Slot

from planetview.core.formatting import format_duration
from planetview.core.memory import process_memory
from planetview.core.messages import JobFailure, Notice, Progress, Request
from planetview.gui.models.job_words import JobState, job_title, outcome_words, rate_words
from planetview.gui.runner import JobRunner

_KEPT = 50
_MEMORY_SECONDS = 1.0
_ENDED = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})

_log = logging.getLogger(__name__)


class Stopwatch:
    """Counts the seconds it runs; those of a pause are not counted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._before = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Go on counting."""
        if self._since is None:
            self._since = self._clock()

    def stop(self) -> None:
        """Stand still until the next `start`."""
        self._before, self._since = self.seconds(), None

    def seconds(self) -> float:
        """Return the seconds counted."""
        return self._before + (self._clock() - self._since if self._since is not None else 0.0)


@dataclass(slots=True)
class JobStage:
    """One stage of a job as last heard of. seconds: spent in it, without pauses. rate: the last one that was told."""

    id: str
    label: str
    done: int = 0
    total: int = 0
    unit: str = ""
    rate: float | None = None
    seconds: float = 0.0

    @property
    def fraction(self) -> float:
        """How much of the stage is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


@dataclass(slots=True, eq=False)
class Job:
    """One job of the list, changed only by `Jobs`.

    asked_at: when it was asked for. fraction: of the whole job, 0 to 1. eta_seconds: None when unknown or paused.
    memory_bytes, peak_bytes: of the engine; window_bytes: of the window. summary: what it came to.
    """

    request: Request
    title: str
    watch: Stopwatch
    asked_at: datetime = field(default_factory=datetime.now)
    state: JobState = JobState.WAITING
    stages: dict[str, JobStage] = field(default_factory=dict)
    label: str = ""
    fraction: float = 0.0
    eta_seconds: float | None = None
    device: str = ""
    precision: str = ""
    memory_bytes: int | None = None
    peak_bytes: int | None = None
    window_bytes: int | None = None
    notes: list[str] = field(default_factory=list)
    summary: str = ""
    failure: JobFailure | None = None
    progress: Progress | None = None

    @property
    def id(self) -> int:
        """The id of its request."""
        return self.request.id

    @property
    def has_ended(self) -> bool:
        """Whether it is done, cancelled or failed."""
        return self.state in _ENDED

    @property
    def is_active(self) -> bool:
        """Whether it runs or is paused."""
        return self.state in (JobState.RUNNING, JobState.PAUSED)


class Jobs(QObject):
    """Follows a runner and keeps what is known of its jobs, the last fifty of them; quiet jobs are left out."""

    listed = Signal()  # a job came, went, moved, or changed its state
    progressed = Signal(object)  # Job whose numbers changed, at most 20 times a second
    ended = Signal(object)  # Job
    again_wanted = Signal(object)  # Request of an ended job

    def __init__(
        self, runner: JobRunner, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._runner, self._clock = runner, clock
        self._jobs: dict[int, Job] = {}
        self._memory_at = -_MEMORY_SECONDS
        runner.submitted.connect(self._on_submitted)
        runner.started.connect(self._on_started)
        runner.paused.connect(self._on_paused)
        runner.resumed.connect(self._on_resumed)
        runner.queue_changed.connect(self.listed)
        runner.progressed.connect(self._on_progressed)
        runner.noticed.connect(self._on_noticed)
        runner.done.connect(self._on_done)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)

    def all(self) -> list[Job]:
        """Return the job at work, those that wait in their order, then the ended ones, the latest first."""
        waiting = [self._jobs[id] for id in self._runner.waiting() if id in self._jobs]
        active = [job for job in self._jobs.values() if job.is_active]
        # Begun for the runner, but its engine has not said so yet.
        coming = [job for job in self._jobs.values() if job.state is JobState.WAITING and job not in waiting]
        return [*active, *coming, *waiting, *(job for job in reversed(self._jobs.values()) if job.has_ended)]

    def job(self, job_id: int) -> Job | None:
        """Return a job, or None where it is not (any more) in the list."""
        return self._jobs.get(job_id)

    def current(self) -> Job | None:
        """Return the job that runs, is paused, or comes next; None while there is none."""
        job_id = self._runner.current()
        return self._jobs.get(job_id) if job_id is not None else None

    def waiting(self) -> int:
        """Return how many jobs wait behind the current one."""
        current = self._runner.current()
        return sum(job_id != current for job_id in self._runner.waiting())

    def can_wait_less(self, job: Job) -> bool:
        """Whether `run_next` would change anything."""
        waiting = self._runner.waiting()
        return job.id in waiting and waiting[0] != job.id

    def can_pause(self) -> bool:
        """Whether there is a job that `toggle_pause` would pause or resume."""
        job = self.current()
        return job is not None and job.is_active

    def toggle_pause(self) -> None:
        """Pause the job that runs, or let the paused one go on."""
        job = self.current()
        if job is None:
            return
        if job.state is JobState.PAUSED:
            self._runner.resume(job.id)
        else:
            self._runner.pause(job.id)

    def cancel(self, job_id: int) -> None:
        """Stop a job; one that waits leaves the line."""
        self._runner.cancel(job_id)

    def cancel_current(self) -> None:
        """Stop the job that runs; those that wait come next."""
        job = self.current()
        if job is not None:
            self._runner.cancel(job.id)

    def run_next(self, job_id: int) -> None:
        """Let a waiting job be the next one."""
        self._runner.run_next(job_id)

    def again(self, job_id: int) -> None:
        """Ask for an ended job once more; what it finished is not computed again."""
        job = self._jobs.get(job_id)
        if job is not None and job.has_ended:
            self.again_wanted.emit(job.request)

    def forget_ended(self) -> None:
        """Take the ended jobs off the list."""
        self._jobs = {id: job for id, job in self._jobs.items() if not job.has_ended}
        self.listed.emit()

    def may_repeat(self, job: Job) -> bool:
        """Whether `again` would start it now: no other job is at work."""
        return job.has_ended and not self._runner.is_busy

    @Slot(object, bool)
    def _on_submitted(self, request: Request, is_quiet: bool) -> None:
        if is_quiet:
            return
        self._jobs[request.id] = Job(request, job_title(request), Stopwatch(self._clock))
        ended = [job.id for job in self._jobs.values() if job.has_ended]
        for job_id in ended[: max(0, len(self._jobs) - _KEPT)]:
            del self._jobs[job_id]
        self.listed.emit()

    @Slot(object)
    def _on_started(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        if job is not None and job.state is JobState.WAITING:
            job.state = JobState.RUNNING
            job.watch.start()
            _log.info("began: %s", job.title)
            self.listed.emit()

    @Slot(object)
    def _on_paused(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            job.state, job.eta_seconds = JobState.PAUSED, None
            job.watch.stop()
            _log.info("paused: %s", job.title)
            self.listed.emit()

    @Slot(object)
    def _on_resumed(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            job.state = JobState.RUNNING
            job.watch.start()
            _log.info("resumed: %s", job.title)
            self.listed.emit()

    @Slot(object, object)
    def _on_progressed(self, job_id: int, progress: Progress) -> None:
        job = self._jobs.get(job_id)
        if job is None:
            return
        self._take_stage(job, progress)
        job.progress, job.label, job.fraction = progress, progress.label, progress.fraction
        job.eta_seconds = progress.eta_seconds if job.state is JobState.RUNNING else None
        job.device, job.precision = progress.device or job.device, progress.precision or job.precision
        if progress.memory_bytes is not None:
            job.memory_bytes = progress.memory_bytes
            job.peak_bytes = max(job.peak_bytes or 0, progress.peak_bytes or 0, progress.memory_bytes)
        now = self._clock()
        if job.window_bytes is None or now - self._memory_at >= _MEMORY_SECONDS:
            self._memory_at = now
            memory = process_memory()
            job.window_bytes = memory.now if memory is not None else None
        self.progressed.emit(job)

    def _take_stage(self, job: Job, progress: Progress) -> None:
        stage = job.stages.setdefault(progress.stage, JobStage(progress.stage, progress.label))
        was_done = bool(stage.total) and stage.done >= stage.total
        stage.label, stage.unit = progress.label, progress.unit
        stage.done, stage.total = progress.done, progress.total
        stage.rate = progress.rate or stage.rate
        # The time since the last news belongs to the stage that has some now.
        stage.seconds += max(0.0, job.watch.seconds() - sum(other.seconds for other in job.stages.values()))
        if progress.total and progress.done >= progress.total and not was_done:
            rate = f", {rate_words(stage.rate, stage.unit)}" if stage.rate else ""
            took = format_duration(stage.seconds)
            _log.info("%s: %s of %s %s in %s%s", stage.label, stage.done, stage.total, stage.unit, took, rate)

    @Slot(object, object)
    def _on_noticed(self, job_id: int, notice: Notice) -> None:
        job = self._jobs.get(job_id)
        if job is not None:
            job.notes.append(notice.text)
            _log.warning("%s", notice.text)
            self.progressed.emit(job)

    @Slot(object, object)
    def _on_done(self, job_id: int, outcome: object) -> None:
        if job_id in self._jobs:
            self._jobs[job_id].fraction = 1.0
            self._end(job_id, JobState.DONE, outcome_words(outcome))

    @Slot(object, object)
    def _on_failed(self, job_id: int, failure: JobFailure) -> None:
        if job_id in self._jobs:
            self._jobs[job_id].failure = failure
            self._end(job_id, JobState.FAILED, failure.message)

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        if job_id in self._jobs:
            was_waiting = self._jobs[job_id].state is JobState.WAITING
            words = self.tr("Taken off the line before it began.") if was_waiting else self.tr("Finished work is kept.")
            self._end(job_id, JobState.CANCELLED, words)

    def _end(self, job_id: int, state: JobState, summary: str) -> None:
        job = self._jobs.pop(job_id)
        # The list is in the order of the endings, where only ended jobs are concerned.
        self._jobs[job_id] = job
        job.watch.stop()
        job.state, job.summary, job.eta_seconds = state, summary, None
        level = logging.ERROR if state is JobState.FAILED else logging.INFO
        _log.log(level, "%s after %s: %s. %s", state, format_duration(job.watch.seconds()), job.title, summary)
        self.listed.emit()
        self.ended.emit(job)
