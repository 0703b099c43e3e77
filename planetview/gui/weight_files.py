"""What a person wants done with weight files, turned into jobs; what is known of them, for every page."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from planetview.core.messages import JobFailure, ModelsAction, ModelsRequest, next_job_id
from planetview.core.models import ImportOutcome, ModelsResult, WeightState, WeightStatus
from planetview.core.paths import weights_dir
from planetview.gui.runner import JobRunner
from planetview.gui.widgets.message_bar import BarMessage

_ACCEPT = "--accept-unknown"


class Phase(StrEnum):
    """What is known of the weight files: nothing yet, asked for, waiting for another job, known, or why not."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    LOOKING = "looking"
    KNOWN = "known"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Report:
    """What an action did, file by file."""

    request: ModelsRequest
    outcomes: tuple[ImportOutcome, ...]

    @property
    def refused_unknown(self) -> tuple[ImportOutcome, ...]:
        """The files that fit a network and were refused only because their digest is not a published one."""
        return tuple(outcome for outcome in self.outcomes if path_to_accept(outcome) is not None)


def path_to_accept(outcome: ImportOutcome) -> Path | None:
    """Return what to import so that a refused file is taken after all, or None where nothing helps.

    The engine's next step is a command line with a path at its end: the file, or the pack that holds it.
    """
    if outcome.accepted or outcome.weights is None or _ACCEPT not in outcome.hint:
        return None
    return Path(shlex.split(outcome.hint[outcome.hint.index(_ACCEPT) :])[-1])


class WeightFiles(QObject):
    """The last known states and the jobs that change them; a listing waits until no other job runs."""

    changed = Signal()  # states, phase, or whether something can be done now
    reported = Signal()  # `report` is new, or gone
    job_began = Signal(str)  # title
    message = Signal(object)  # BarMessage
    dismissed = Signal(str)  # key of a BarMessage that no longer holds

    def __init__(self, runner: JobRunner, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._is_busy = runner, is_busy
        self.states: Mapping[str, WeightState] = {}
        self.phase = Phase.UNKNOWN
        self.failure: JobFailure | None = None
        self.report: Report | None = None
        self._listing: int | None = None
        self._jobs: dict[int, ModelsRequest] = {}
        self._listing_soon = QTimer(self, singleShot=True, interval=0)
        self._listing_soon.timeout.connect(self._list_now)
        runner.done.connect(self._on_done)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)

    @property
    def folder(self) -> Path:
        """Where the weight files of the user lie."""
        return weights_dir()

    @property
    def can_act(self) -> bool:
        """Whether an action would start now."""
        return not self._is_busy()

    @property
    def lacking(self) -> frozenset[str]:
        """Ids of the weights known to be missing or wrong; empty while nothing is known."""
        return frozenset(key for key, state in self.states.items() if state.status is not WeightStatus.PRESENT)

    def look_once(self) -> None:
        """Ask for the states unless they are known or asked for."""
        if self.phase is Phase.UNKNOWN:
            self.look()

    def look(self) -> None:
        """Ask for the states, now or as soon as no other job runs."""
        if self._listing is None:
            # A later turn, since one that ends a job may be the last before the window closes.
            self._set_phase(Phase.WAITING if self._is_busy() else Phase.LOOKING)
            self._listing_soon.start()

    def import_paths(self, paths: tuple[Path, ...], weights_id: str | None = None) -> None:
        """Take files, folders or packs; `weights_id` where a person says what they are."""
        names = (weights_id,) if weights_id is not None else ()
        self._submit(ModelsRequest(ModelsAction.IMPORT, names, paths))

    def accept_refused(self) -> None:
        """Take the files that the last import refused because their digest is not a published one."""
        if self.report is not None:
            found = (path_to_accept(outcome) for outcome in self.report.refused_unknown)
            paths = tuple(dict.fromkeys(path for path in found if path is not None))
            request = self.report.request
            self._submit(replace(request, paths=paths, accept_unknown=True, id=next_job_id()))

    def fetch(self, names: tuple[str, ...]) -> None:
        """Download weights: the one action that uses the network, so ask before."""
        self._submit(ModelsRequest(ModelsAction.FETCH, names))

    def verify(self, names: tuple[str, ...] = ()) -> None:
        """Read weight files again and compare their digests; all of them without names."""
        self._submit(ModelsRequest(ModelsAction.VERIFY, names))

    def pack(self, path: Path) -> None:
        """Write the weights of this computer into a zip file."""
        self._submit(ModelsRequest(ModelsAction.PACK, paths=(path,)))

    def repeat(self, request: object) -> bool:
        """Do a job about weight files again; return whether it was one."""
        if isinstance(request, ModelsRequest):
            self._again(request)
        return isinstance(request, ModelsRequest)

    def forget_report(self) -> None:
        """Let go of what the last action did."""
        self.report = None
        self.reported.emit()

    @Slot()
    def on_busy_changed(self) -> None:
        """Look at the files if that waited for a job that has ended."""
        if self.phase is Phase.WAITING and not self._is_busy():
            self.look()
        self.changed.emit()

    def _submit(self, request: ModelsRequest) -> None:
        if self._is_busy():
            text = self.tr("A job is running: weights can be changed when it has ended.")
            self.message.emit(BarMessage("models", text))
            return
        self._jobs[request.id] = request
        self.dismissed.emit("models")
        self.forget_report()
        self._runner.submit(request)
        titles = {
            ModelsAction.IMPORT: self.tr("Importing weights…"),
            ModelsAction.FETCH: self.tr("Fetching weights…"),
            ModelsAction.VERIFY: self.tr("Reading weight files again…"),
            ModelsAction.PACK: self.tr("Packing weights…"),
        }
        self.job_began.emit(titles[request.action])

    @Slot()
    def _list_now(self) -> None:
        # Behind a run of an hour a listing would be asked for and forgotten: it is not queued, it waits.
        if self._listing is not None:
            return
        if self._is_busy():
            self._set_phase(Phase.WAITING)
            return
        request = ModelsRequest(ModelsAction.LIST)
        self._listing = request.id
        self._set_phase(Phase.LOOKING)
        self._runner.submit(request, is_quiet=True)

    @Slot(object, object)
    def _on_done(self, job_id: int, outcome: object) -> None:
        if not isinstance(outcome, ModelsResult):
            return
        self.states = {state.weights: state for state in outcome.states}
        request = self._jobs.pop(job_id, None)
        if job_id == self._listing:
            self._listing = None
        self.failure = None
        self._set_phase(Phase.KNOWN)
        if request is not None:
            self.report = Report(request, outcome.outcomes)
            self.reported.emit()

    @Slot(object, object)
    def _on_failed(self, job_id: int, failure: JobFailure) -> None:
        request = self._jobs.pop(job_id, None)
        if request is not None:
            again = (self.tr("Retry"), partial(self._again, request))
            self.message.emit(BarMessage("models", failure.message, failure.hint, "danger", failure.details, (again,)))
            self.look()
        elif job_id == self._listing:
            self._listing = None
            self.failure = failure
            self._set_phase(Phase.FAILED)

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        request = self._jobs.pop(job_id, None)
        if request is not None:
            text = self.tr("Cancelled. Files that were done are kept; a download goes on where it stopped.")
            again = (self.tr("Resume"), partial(self._again, request))
            self.message.emit(BarMessage("models", text, actions=(again,)))
            self.look()
        elif job_id == self._listing:
            self._listing = None
            self.look()

    def _again(self, request: ModelsRequest) -> None:
        self._submit(replace(request, id=next_job_id()))

    def _set_phase(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
