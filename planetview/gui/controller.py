"""What a person asks for, turned into jobs; what jobs find, turned into a study. Knows no widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from planetview.core.cancel import CancelToken
from planetview.core.datasets import Role
from planetview.core.messages import (
    CompareRequest,
    JobFailure,
    Notice,
    PartialValues,
    Progress,
    ScanFailure,
    ScanRequest,
    ScanResult,
    ScanTarget,
)
from planetview.core.models import ModelsResult
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.core.study import Study, StudySource
from planetview.core.study_report import report_options_of
from planetview.gui.apart import IMAGES_IN_A_THREAD, call_beside
from planetview.gui.background import Background
from planetview.gui.generator_work import GeneratorWork
from planetview.gui.jobs import Jobs
from planetview.gui.marking import as_opened
from planetview.gui.pair_maps import PairMaps
from planetview.gui.recovery_offers import RecoveryOffers
from planetview.gui.runner import JobRunner
from planetview.gui.services import Services
from planetview.gui.sharing import SharedSearch
from planetview.gui.sources import sort_paths
from planetview.gui.study_files import StudyFiles
from planetview.gui.weight_files import WeightFiles
from planetview.gui.widgets.message_bar import BarMessage
from planetview.gui.workspace import MissingSource, Workspace

# Stands for the demo where else a study's path does.
DEMO = "demo"


class Controller(QObject):
    """Starts the jobs of the study; `weights` those about weight files.

    A scan or a run is one job of the runner; files and the demo go through the background thread.
    """

    message = Signal(object)  # BarMessage
    dismissed = Signal(str)  # key of a BarMessage that no longer holds
    status = Signal(str)
    page_wanted = Signal(str)
    busy_changed = Signal()
    job_began = Signal(str)  # title
    progressed = Signal(object)  # Progress
    job_ended = Signal()
    run_began = Signal(object)  # CompareRequest
    run_stopped = Signal()  # without results
    partial_values = Signal(object)  # tuple[MetricValue, ...]
    study_saved = Signal(object)  # Path
    study_opened = Signal(object)  # Path | None
    place_wanted = Signal(object)  # Path of a study, None for an empty one, DEMO: it would replace unsaved work

    def __init__(
        self,
        workspace: Workspace,
        runner: JobRunner,
        background: Background,
        files: StudyFiles,
        services: Services,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.workspace, self.files = workspace, files
        self._runner, self._background, self.services = runner, background, services
        self._scans: dict[int, ScanRequest] = {}
        self._runs: dict[int, CompareRequest] = {}
        self._opening: set[int] = set()
        self._demo: CancelToken | None = None
        self.new_marking = ""  # of studies that begin here
        runner.progressed.connect(self._on_progressed)
        runner.partial.connect(self._on_partial)
        runner.noticed.connect(self._on_noticed)
        runner.done.connect(self._on_done)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)
        runner.started.connect(self._on_started)
        runner.idle.connect(self._on_idle)
        self._sharing = SharedSearch(workspace, background, self)
        files.saved.connect(self._on_saved)
        files.opened.connect(self._on_opened)
        files.failed.connect(self._on_file_failed)
        self._recoveries = RecoveryOffers(files, self._on_opened, self)
        self._recoveries.message.connect(self.message)
        self.jobs = Jobs(runner, self)
        self.jobs.again_wanted.connect(self._repeat)
        self.weights = WeightFiles(runner, lambda: self.is_busy, self)
        self.generator = GeneratorWork(runner, lambda: self.is_busy, self)
        self.pair_maps = PairMaps(runner, lambda: self.is_busy, self)
        self.generator.page_wanted.connect(self.page_wanted)
        self.generator.status.connect(self.status)
        self.generator.measured.connect(workspace.add_path_lengths)
        self.generator.measured.connect(lambda _found: self.files.autosave())
        self.generator.candidate_wanted.connect(lambda folder: self.add_paths((folder,), Role.CANDIDATE))
        for work in (self.weights, self.generator):
            work.message.connect(self.message)
            work.dismissed.connect(self.dismissed)
            work.job_began.connect(self.job_began)
            work.job_began.connect(lambda _title: self.busy_changed.emit())
            self.busy_changed.connect(work.on_busy_changed)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._runner.is_busy or self._demo is not None

    @property
    def is_scanning(self) -> bool:
        """Whether sources are being read."""
        return bool(self._scans) or self._demo is not None

    @property
    def can_run(self) -> bool:
        """Whether Run would start a run now."""
        return not self.is_busy and not self.workspace.missing_for_a_run()

    def add_paths(self, paths: Iterable[Path], role: Role | None = None) -> None:
        """Take what was dropped or chosen: read sets, open a study or generator, offer the folder of an image."""
        found = sort_paths(paths)
        if found.sources:
            self.scan(tuple(ScanTarget(path, None, role) for path in found.sources))
        for folder in found.folders:
            self.message.emit(
                BarMessage(
                    f"folder {folder}",
                    self.tr("A set is a folder of images, not a single image."),
                    self.tr("Add the whole folder '{0}'?").format(folder.name),
                    actions=((self.tr("Add folder"), partial(self.add_paths, (folder,), role)),),
                )
            )
        if found.generators:
            self.generator.open(found.generators[0])
        if found.studies:
            self.open_study(found.studies[0])

    def scan(self, targets: tuple[ScanTarget, ...], *, opening: bool = False) -> None:
        """Read sources; `opening` when they belong to the study that has just been opened."""
        if not targets:
            return
        request = ScanRequest(targets)
        self._scans[request.id] = request
        if opening:
            self._opening.add(request.id)
        self.page_wanted.emit("datasets")
        self._runner.submit(request)
        self.job_began.emit(self.tr("Reading images…"))
        self.busy_changed.emit()

    def locate(self, missing: MissingSource, path: Path) -> None:
        """Read a missing source from another place."""
        self.scan((ScanTarget(path, missing.source.name, missing.source.role),))

    def rescan(self, missing: MissingSource) -> None:
        """Try to read a missing source again."""
        self.locate(missing, missing.source.path)

    def run(self) -> None:
        """Start a run of the study as it is, if one can start."""
        if not self.can_run:
            self.status.emit(self.workspace.missing_for_a_run())
            return
        self._submit_run(self.workspace.request())

    def cancel(self) -> None:
        """Stop what runs; jobs that wait come next."""
        if self._demo is not None:
            self._demo.cancel()
        self.jobs.cancel_current()

    def cancel_all(self) -> None:
        """Stop what runs and what waits."""
        self.cancel()
        self._runner.cancel_all()

    def open_study(self, path: Path, *, discarding: bool = False) -> None:
        """Open a study in place of the present one; one that would be lost, unless `discarding`, asks for a place."""
        if not self._asks_for_place(path, discarding):
            self.status.emit(self.tr("Opening {0}…").format(path.name))
            self.files.open(path)

    def new_study(self, *, discarding: bool = False) -> None:
        """Start over with an empty study; asks for a place as `open_study` does."""
        if not self._asks_for_place(None, discarding):
            self.cancel_all()
            self.workspace.open(Study(marking=self.new_marking), None)
            self.study_opened.emit(None)

    def open_demo(self, *, discarding: bool = False) -> None:
        """Write the demo's images if need be, then read them as a new study; asks for a place as `open_study` does."""
        prepare = self.services.prepare_demo
        if prepare is None or self.is_busy or self._asks_for_place(DEMO, discarding):
            return
        token = self._demo = CancelToken()
        self.page_wanted.emit("datasets")
        self.job_began.emit(self.tr("Preparing the demo…"))
        self.busy_changed.emit()
        self._background.submit(lambda: prepare(token.check), self._on_demo_ready, self._on_demo_failed)

    def export(self, path: Path, options: ReportOptions | None = None) -> None:
        """Write the results as a report; its kind follows from the suffix."""
        results, exports = self.workspace.results, self.services.exports or {}
        write = exports.get(path.suffix.lower())
        if results is None or write is None:
            return

        def on_done(_nothing: object) -> None:
            self.status.emit(self.tr("Wrote {0}").format(path))

        chosen = options or report_options_of(self.workspace.study(), self.workspace.datasets)
        # Pages are laid out by Qt, which holds the interpreter lock for as long.
        is_paged = path.suffix.lower() == ".pdf"
        images = sum(len(dataset) for dataset in results.datasets) + (IMAGES_IN_A_THREAD if is_paged else 0)
        self.status.emit(self.tr("Writing {0}…").format(path.name))
        self._background.submit(
            lambda: call_beside(images, write, results, path, chosen),
            on_done,
            lambda why: self._tell("export", why, ((self.tr("Try again"), partial(self.export, path, options)),)),
        )

    def export_suffixes(self) -> tuple[str, ...]:
        """Return the suffixes that `export` can write."""
        return tuple(self.services.exports or ())

    def _asks_for_place(self, what: Path | str | None, discarding: bool) -> bool:
        would_lose = not discarding and (self.workspace.is_dirty or bool(self._runs))
        if would_lose:
            self.place_wanted.emit(what)
        return would_lose

    def _submit_run(self, request: CompareRequest) -> None:
        self._runs[request.id] = request
        self.dismissed.emit("run")
        self._runner.submit(request)
        # The page comes last and in a turn of its own: filled before it is seen, it is laid out once.
        self.run_began.emit(request)
        self.job_began.emit(self.tr("Starting…"))
        self.busy_changed.emit()
        QTimer.singleShot(0, self, lambda: self.page_wanted.emit("overview"))

    @Slot(object)
    def _repeat(self, request: object) -> None:
        if isinstance(request, CompareRequest):
            self._again(request)
        elif isinstance(request, ScanRequest):
            self.scan(request.targets)
        elif not self.weights.repeat(request):
            self.generator.repeat(request)

    def _again(self, request: CompareRequest) -> None:
        if self.is_busy:
            # The offer closed with the click, and would be lost.
            text = self.tr("Another job is at work: the run can go on when that has ended.")
            offer = (self.tr("Resume"), partial(self._again, request))
            self.message.emit(BarMessage("run", text, actions=(offer,)))
            return
        self._submit_run(CompareRequest(request.reference, request.candidates, request.held_out, request.settings))

    @Slot(object)
    def _on_started(self, _job_id: int) -> None:
        self.busy_changed.emit()

    @Slot(object, object)
    def _on_progressed(self, _job_id: int, progress: Progress) -> None:
        self.progressed.emit(progress)

    @Slot(object, object)
    def _on_partial(self, _job_id: int, message: PartialValues) -> None:
        self.partial_values.emit(message.values)

    @Slot(object, object)
    def _on_noticed(self, _job_id: int, notice: Notice) -> None:
        self.status.emit(notice.text)

    @Slot(object, object)
    def _on_done(self, job_id: int, outcome: Results | ScanResult | ModelsResult) -> None:
        if isinstance(outcome, ScanResult):
            self._take_scan(job_id, outcome)
        elif isinstance(outcome, Results):
            self.workspace.set_results(outcome, self._runs.pop(job_id, None))
            QTimer.singleShot(0, self, self.files.autosave)
            for warning in outcome.warnings:
                self.status.emit(warning)

    @Slot(object, object)
    def _on_failed(self, job_id: int, failure: JobFailure) -> None:
        run = self._runs.pop(job_id, None)
        if run is not None:
            self.run_stopped.emit()
            self._tell("run", failure, ((self.tr("Retry"), partial(self._again, run)),))
            return
        scan = self._scans.pop(job_id, None)
        if scan is None:
            return
        was_opening = job_id in self._opening
        self._opening.discard(job_id)
        self._keep_unread(scan, tuple(ScanFailure(t.path, failure.message, failure.hint) for t in scan.targets))
        self._tell("scan", failure, ((self.tr("Retry"), partial(self.scan, scan.targets, opening=was_opening)),))
        self.busy_changed.emit()

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        run, scan = self._runs.pop(job_id, None), self._scans.pop(job_id, None)
        was_opening = job_id in self._opening
        self._opening.discard(job_id)
        if run is not None:
            self.run_stopped.emit()
            text, again = self.tr("Cancelled. Finished work is kept."), partial(self._again, run)
        elif scan is not None:
            text, again = self.tr("Reading was cancelled."), partial(self.scan, scan.targets, opening=was_opening)
        else:
            return
        self.message.emit(BarMessage("run" if run else "scan", text, actions=((self.tr("Resume"), again),)))
        self.busy_changed.emit()

    @Slot()
    def _on_idle(self) -> None:
        self.job_ended.emit()
        self.busy_changed.emit()

    def _take_scan(self, job_id: int, found: ScanResult) -> None:
        request = self._scans.pop(job_id, None)
        if request is None:
            return
        self.dismissed.emit("scan")
        self._sharing.expect(found.datasets, found.shared)
        self.workspace.add(found.datasets)
        self._keep_unread(request, found.failures)
        for failure in found.failures:
            known = any(t.path == failure.path and t.name for t in request.targets)
            if not known:
                self._tell(f"scan {failure.path}", JobFailure(failure.message, failure.hint))
        if job_id in self._opening:
            self._opening.discard(job_id)
            self.workspace.settle()
        self.files.autosave()
        self.busy_changed.emit()

    def _keep_unread(self, request: ScanRequest, failures: tuple[ScanFailure, ...]) -> None:
        """Keep sources of the study that could not be read; a source that is new to it is not added."""
        reasons = {failure.path: failure for failure in failures}
        missing = [
            MissingSource(StudySource(target.path, target.name, target.role), why.message, why.hint)
            for target in request.targets
            if target.name is not None and target.role is not None and (why := reasons.get(target.path)) is not None
        ]
        if missing:
            self.workspace.add((), missing)

    def _on_demo_ready(self, targets: tuple[ScanTarget, ...]) -> None:
        self._demo = None
        self.workspace.open(Study(self.tr("Demo"), marking=self.new_marking), None)
        self.scan(targets)

    def _on_demo_failed(self, why: JobFailure) -> None:
        self._demo = None
        self.job_ended.emit()
        self.busy_changed.emit()
        if why.message:
            self._tell("demo", why, ((self.tr("Retry"), partial(self.open_demo, discarding=True)),))

    def _on_saved(self, path: Path) -> None:
        self.dismissed.emit("save")
        self.status.emit(self.tr("Saved {0}").format(path))
        self.study_saved.emit(path)

    def _on_opened(self, study: Study, path: Path | None, *, recovered: bool = False) -> None:
        self.cancel_all()
        self.workspace.open(as_opened(study, path, self.new_marking), path, unsaved=recovered)
        self.study_opened.emit(path)
        self.scan(tuple(ScanTarget(s.path, s.name, s.role) for s in study.sources), opening=True)
        self.page_wanted.emit("overview" if study.results is not None else "datasets")

    def _on_file_failed(self, what: str, why: JobFailure) -> None:
        self._tell(what, why)

    def _tell(self, key: str, failure: JobFailure, actions: tuple[tuple[str, Callable[[], object]], ...] = ()) -> None:
        self.message.emit(BarMessage(key, failure.message, failure.hint, "danger", failure.details, actions))
