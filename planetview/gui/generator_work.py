"""What a person wants done with a generator, turned into jobs; what is known of the one that is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.consent import ConsentStore
from planetview.core.errors import UserError
from planetview.core.formatting import format_count, format_value
from planetview.core.generation import GeneratorDescription, PathLengthResult, Preview, SampleResult
from planetview.core.messages import (
    GeneratorRequest,
    JobFailure,
    PathLengthRequest,
    PreviewRequest,
    SampleRequest,
    next_job_id,
)
from planetview.gui.reveal import reveal
from planetview.gui.runner import JobRunner
from planetview.gui.widgets.message_bar import BarMessage

# Few enough that the first pictures come soon, and that a run that is asked for meanwhile need not wait long.
_AT_ONCE = 2


GeneratorJob = SampleRequest | PathLengthRequest | GeneratorRequest


class Phase(StrEnum):
    """What is known of the generator: there is none, it is being opened, it is open, or why it is not."""

    NONE = "none"
    OPENING = "opening"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Part:
    """Some pictures still to be made. kind: "pictures" or "walk"; place: of the first one in its row."""

    kind: str
    place: int
    request: PreviewRequest


class GeneratorWork(QObject):
    """The open generator and its jobs; pictures to look at are made a few at a time while no other job runs."""

    changed = Signal()  # phase, description, failure, or whether something can be done now
    pictured = Signal(int, object)  # place of the first, images (n, height, width, channels)
    walked = Signal(int, object, str)  # the same, then the space of the walk
    measured = Signal(object)  # PathLengthResult
    job_began = Signal(str)  # title
    message = Signal(object)  # BarMessage
    dismissed = Signal(str)  # key of a BarMessage that no longer holds
    page_wanted = Signal(str)
    status = Signal(str)
    candidate_wanted = Signal(object)  # folder

    def __init__(self, runner: JobRunner, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._is_busy = runner, is_busy
        self.phase = Phase.NONE
        self.path: Path | None = None
        self.description: GeneratorDescription | None = None
        self.failure: JobFailure | None = None
        self._opening: int | None = None
        self._jobs: dict[int, GeneratorJob] = {}
        self._wanted: list[_Part] = []
        self._making: _Part | None = None
        self._next_soon = QTimer(self, singleShot=True, interval=0)
        self._next_soon.timeout.connect(self._make_next)
        runner.done.connect(self._on_done)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)

    @property
    def can_act(self) -> bool:
        """Whether sampling or measuring would start now."""
        return self.phase is Phase.OPEN and not self._is_busy()

    @property
    def is_picturing(self) -> bool:
        """Whether pictures that were asked for are still to come."""
        return bool(self._wanted) or self._making is not None

    def open(self, path: Path) -> None:
        """Open a generator in place of the present one, and show its page."""
        if self._opening is not None:
            self._runner.cancel(self._opening)
        self.path, self.description, self.failure = path, None, None
        self._wanted, self._making = [], None
        self.dismissed.emit("generator")
        request = GeneratorRequest(path)
        self._opening = request.id
        self._runner.submit(request)
        self._set_phase(Phase.OPENING)
        self.page_wanted.emit("generator")
        self.job_began.emit(self.tr("Opening {0}…").format(path.name))

    def agree(self) -> None:
        """Remember that the file, a program, may run, and open it."""
        if self.failure is None or self.failure.program is None or self.path is None:
            return
        try:
            ConsentStore().give(self.failure.program.sha256, self.failure.program.name)
        except UserError as error:
            self.message.emit(BarMessage("generator", error.message, error.hint, "danger"))
            return
        self.open(self.path)

    def look(self, seeds: tuple[int, ...], truncation: float, class_index: int | None) -> None:
        """Make one picture of each seed, in place of those asked for before."""
        parts = [
            self._part("pictures", i, seeds[i : i + _AT_ONCE], (), truncation, class_index)
            for i in range(0, len(seeds), _AT_ONCE)
        ]
        self._want("pictures", parts)

    def walk(self, first: int, second: int, steps: int, truncation: float, class_index: int | None) -> None:
        """Make pictures on the way from one seed to another, in place of those asked for before."""
        places = tuple(i / (steps - 1) for i in range(steps))
        parts = [
            self._part("walk", i, (first, second), places[i : i + _AT_ONCE], truncation, class_index)
            for i in range(0, steps, _AT_ONCE)
        ]
        self._want("walk", parts)

    def copy_to(self, path: Path) -> None:
        """Write a copy of the open generator that holds nothing but data: two files, named after `path`."""
        if self.path is not None:
            self.submit(GeneratorRequest(self.path, safe_copy=path))

    def submit(self, request: GeneratorJob) -> None:
        """Write images to a folder, measure path lengths, or write a safe copy."""
        if self._is_busy():
            text = self.tr("A job is running: this can be done when it has ended.")
            self.message.emit(BarMessage("generator", text))
            return
        self._jobs[request.id] = request
        self.dismissed.emit("generator")
        self._runner.submit(request)
        if isinstance(request, GeneratorRequest):
            self.job_began.emit(self.tr("Writing the safe copy…"))
        else:
            is_sample = isinstance(request, SampleRequest)
            self.job_began.emit(self.tr("Making images…") if is_sample else self.tr("Measuring path lengths…"))

    def repeat(self, request: object) -> bool:
        """Do a job about a generator again; return whether it was one."""
        if isinstance(request, GeneratorRequest) and request.safe_copy is None:
            self.open(request.generator)
        elif isinstance(request, SampleRequest | PathLengthRequest | GeneratorRequest):
            self._again(request)
        return isinstance(request, GeneratorRequest | SampleRequest | PathLengthRequest)

    @Slot()
    def on_busy_changed(self) -> None:
        """Go on with pictures that waited for a job that has ended."""
        self._next_soon.start()
        self.changed.emit()

    def _part(
        self,
        kind: str,
        place: int,
        seeds: tuple[int, ...],
        walk: tuple[float, ...],
        truncation: float,
        class_index: int | None,
    ) -> _Part:
        assert self.path is not None
        return _Part(kind, place, PreviewRequest(self.path, seeds, walk, truncation, class_index))

    def _want(self, kind: str, parts: list[_Part]) -> None:
        kept = [part for part in self._wanted if part.kind != kind]
        # The grid is what one looks at first.
        self._wanted = [*parts, *kept] if kind == "pictures" else [*kept, *parts]
        if self._making is not None and self._making.kind == kind:
            self._making = replace(self._making, kind="")
        self._next_soon.start()

    @Slot()
    def _make_next(self) -> None:
        if self._making is None and self._wanted and self.phase is Phase.OPEN and not self._is_busy():
            self._making = self._wanted.pop(0)
            self._runner.submit(self._making.request, is_quiet=True)

    @Slot(object, object)
    def _on_done(self, job_id: int, outcome: object) -> None:
        if job_id == self._opening and isinstance(outcome, GeneratorDescription):
            self._opening, self.description = None, outcome
            self._set_phase(Phase.OPEN)
        elif job_id in self._jobs and isinstance(outcome, GeneratorDescription):
            del self._jobs[job_id]
            self._tell_copied(outcome.safe_copy)
        elif isinstance(outcome, Preview):
            self._take_pictures(job_id, outcome)
        elif isinstance(outcome, SampleResult):
            self._jobs.pop(job_id, None)
            self._tell_sampled(outcome)
        elif isinstance(outcome, PathLengthResult):
            self._jobs.pop(job_id, None)
            self.measured.emit(outcome)
            self.status.emit(_in_short(outcome))

    def _take_pictures(self, job_id: int, found: Preview) -> None:
        part = self._making
        if part is None or part.request.id != job_id:
            return
        self._making = None
        if part.kind == "pictures":
            self.pictured.emit(part.place, found.images)
        elif part.kind == "walk":
            self.walked.emit(part.place, found.images, found.walk)
        self._next_soon.start()

    def _tell_copied(self, files: tuple[Path, ...]) -> None:
        text = self.tr("Wrote the safe copy: {0}.").format(self.tr(" and ").join(file.name for file in files))
        hint = self.tr("It holds weights and a description, no program, and was compared with the original bit by bit.")
        show = (self.tr("Show in file manager"), partial(reveal, files[0]))
        self.message.emit(BarMessage("generator", text, hint, actions=(show,)))

    def _tell_sampled(self, found: SampleResult) -> None:
        text = self.tr("{0} images are in '{1}'.").format(format_count(found.count), found.folder.name)
        use = (self.tr("Use as candidate"), partial(self.candidate_wanted.emit, found.folder))
        self.message.emit(BarMessage("generator", text, " ".join(found.notes), actions=(use,)))

    @Slot(object, object)
    def _on_failed(self, job_id: int, failure: JobFailure) -> None:
        request = self._jobs.pop(job_id, None)
        if job_id == self._opening:
            self._opening, self.failure = None, failure
            self._set_phase(Phase.FAILED)
        elif request is not None:
            again = (self.tr("Retry"), partial(self._again, request))
            self._tell(failure, (again,))
        elif self._making is not None and self._making.request.id == job_id:
            self._wanted, self._making = [], None
            self._tell(failure)
            self.changed.emit()

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        request = self._jobs.pop(job_id, None)
        if job_id == self._opening:
            self._opening = None
            self.failure = JobFailure(self.tr("Opening was cancelled."), self.tr("Open the file again."))
            self._set_phase(Phase.FAILED)
        elif request is not None:
            self._tell_cancelled(request)
        elif self._making is not None and self._making.request.id == job_id:
            # Whoever cancelled meant another job.
            if self._making.kind:
                self._wanted.insert(0, replace(self._making, request=replace(self._making.request, id=next_job_id())))
            self._making = None
            self._next_soon.start()

    def _tell_cancelled(self, request: GeneratorJob) -> None:
        if isinstance(request, GeneratorRequest):
            text, label = self.tr("Cancelled. There is no safe copy."), self.tr("Try again")
        else:
            what = self.tr("images") if isinstance(request, SampleRequest) else self.tr("samples")
            text, label = self.tr("Cancelled. Finished {0} are kept.").format(what), self.tr("Resume")
        self.message.emit(BarMessage("generator", text, actions=((label, partial(self._again, request)),)))

    def _again(self, request: GeneratorJob) -> None:
        self.submit(replace(request, id=next_job_id()))

    def _tell(self, failure: JobFailure, actions: tuple[tuple[str, Callable[[], object]], ...] = ()) -> None:
        self.message.emit(BarMessage("generator", failure.message, failure.hint, "danger", failure.details, actions))

    def _set_phase(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()


def _in_short(found: PathLengthResult) -> str:
    """Return the values in one line, for the status bar."""
    parts = [
        f"{PATH_LENGTHS[value.variant].label}: {format_value(value.value, value.interval)}"
        for value in found.values
        if value.value is not None
    ]
    return "; ".join(parts)
