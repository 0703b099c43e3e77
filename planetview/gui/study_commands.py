"""Commands about the study as a whole: export, collect for archive, copy as command line, about these numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from planetview.core.archive import ArchiveReport, archive_bytes
from planetview.core.command_line import command_line, default_shell, request_command, study_command
from planetview.core.formatting import format_bytes, format_count
from planetview.core.messages import JobFailure
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.core.study_report import report_options_of
from planetview.gui.apart import call_beside
from planetview.gui.archive_work import ArchiveWork
from planetview.gui.controller import Controller
from planetview.gui.dialogs import choose
from planetview.gui.dialogs.archive import ArchiveDialog, ArchiveProgress
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.dialogs.marking import MarkingDialog
from planetview.gui.dialogs.provenance import ProvenanceDialog
from planetview.gui.marking import follow_marking
from planetview.gui.theme import Theme
from planetview.gui.widgets.message_bar import BarMessage

ReportFile = Callable[[Results, ReportOptions], bytes]


class StudyCommands(QObject):
    """Shows the dialogs of these commands over one window, and tells of study files that are not what they were."""

    def __init__(self, window: QWidget, controller: Controller, theme: Theme) -> None:
        super().__init__(window)
        self._window, self._controller, self._theme = window, controller, theme
        self.archive_work = ArchiveWork(self)
        self.archive_work.done.connect(self._on_archived)
        self.archive_work.failed.connect(self._on_archive_failed)
        self.archive_work.cancelled.connect(lambda: controller.status.emit(self.tr("Collecting was cancelled.")))
        self._progress: ArchiveProgress | None = None
        self._suffix, self._options = ".html", ReportOptions()
        controller.files.part_lost.connect(self._on_part_lost)
        controller.files.set_changed.connect(self._on_set_changed)
        app = QApplication.instance()
        assert app is not None
        app.aboutToQuit.connect(self.archive_work.stop)

    def slots(self) -> dict[str, Callable[..., object]]:
        """Return what to call for each action of the table in `actions`, by its id."""
        return {
            "export_report": self.export,
            "marking": self.choose_marking,
            "archive": self.archive,
            "copy_command": self.copy_command,
            "provenance": self.show_provenance,
        }

    def stop(self) -> None:
        """End the copying; for a window that closes."""
        self.archive_work.stop()

    def export(self) -> None:
        """Ask what to export the results as, then where to."""
        workspace, suffixes = self._controller.workspace, self._controller.export_suffixes()
        if workspace.results is None or not suffixes:
            return
        options = self._with_choices(report_options_of(workspace.study(), workspace.datasets))
        dialog = ExportDialog(suffixes, self._suffix, options, self._window)
        dialog.chosen.connect(self._choose_export_file)
        dialog.open()

    def choose_marking(self) -> None:
        """Ask how the study is to be handled."""
        workspace = self._controller.workspace
        dialog = MarkingDialog(workspace.marking, self._window)
        dialog.chosen.connect(workspace.set_marking)
        dialog.open()

    def archive(self) -> None:
        """Say what an archive of the study would hold, and ask where to."""
        if self.archive_work.is_busy:
            if self._progress is not None:
                self._progress.raise_()
            return
        workspace = self._controller.workspace
        dialog = ArchiveDialog(
            sum(len(dataset) for dataset in workspace.datasets),
            archive_bytes(workspace.datasets),
            tuple(item.source.name for item in workspace.contents.missing),
            has_results=workspace.results is not None,
            parent=self._window,
        )
        dialog.chosen.connect(self._choose_archive_place)
        dialog.open()

    def copy_command(self) -> None:
        """Copy the command that asks for the run of the sets and settings as they are."""
        workspace, shell, note = self._controller.workspace, default_shell(), ""
        missing = workspace.missing_for_a_run()
        if missing and workspace.results is None:
            self._controller.status.emit(missing)
            return
        excluded = len(workspace.marks.excluded)
        if missing and workspace.results is not None:
            text = command_line(workspace.results, shell)
            note = self.tr("It repeats the results; the sets as they are now cannot be run.")
        elif excluded and workspace.path is not None and not workspace.is_dirty:
            text = study_command(workspace.path, shell)
        else:
            text = request_command(workspace.request(), shell)
            if excluded:
                note = self.tr(
                    "It does not leave out the {0} excluded images: save the study, then copy again."
                ).format(format_count(excluded))
        QGuiApplication.clipboard().setText(text)
        self._controller.status.emit(f"{self.tr('Copied the command line.')} {note}".strip())

    def show_provenance(self) -> None:
        """Show where the numbers come from."""
        results = self._controller.workspace.results
        if results is not None:
            dialog = ProvenanceDialog(results, self._theme, self._window)
            follow_marking(dialog)
            dialog.show()

    def _choose_export_file(self, suffix: str, options: ReportOptions) -> None:
        # Not the rest, which would keep the images of a study that is closed.
        self._suffix, self._options = suffix, ReportOptions(pictures=options.pictures, shows_marks=options.shows_marks)
        self._controller.workspace.set_marking(options.banner)
        filters = [f"{suffix.lstrip('.').upper()} (*{suffix})"]
        choose.choose_new_file(
            self._window,
            self.tr("Export the results"),
            safe_name(self._controller.workspace.title) + suffix,
            filters,
            lambda paths: self._controller.export(_with_suffix(paths[0], suffix), options),
        )

    def _choose_archive_place(self, as_zip: bool) -> None:
        name = safe_name(self._controller.workspace.title)
        filters = [self.tr("Zip files (*.zip)")] if as_zip else [self.tr("New folder (*)")]
        dialog = choose.choose_new_file(
            self._window,
            self.tr("Collect for archive"),
            f"{name}.zip" if as_zip else name,
            filters,
            lambda paths: self.collect(_with_suffix(paths[0], ".zip") if as_zip else paths[0]),
        )
        if not as_zip:
            dialog.setDefaultSuffix("")

    def collect(self, target: Path) -> None:
        """Copy the study to `target` in the background, with a window that shows how far it is."""
        controller = self._controller
        workspace, report_file = controller.workspace, controller.services.report_file
        study, datasets = controller.files.study(), workspace.datasets
        options = self._with_choices(report_options_of(study, datasets))

        def documents() -> dict[str, bytes]:
            if study.results is None or report_file is None:
                return {}
            return {"report.html": call_beside(_count(study.results), report_file, study.results, options)}

        self._progress = ArchiveProgress(str(target), self._window)
        self._progress.cancelled.connect(self.archive_work.cancel)
        self.archive_work.progressed.connect(self._progress.show_progress)
        self._progress.show()
        self.archive_work.begin(study, datasets, target, documents)

    def _with_choices(self, options: ReportOptions) -> ReportOptions:
        """Return options with what was chosen for the report before."""
        return replace(options, pictures=self._options.pictures, shows_marks=self._options.shows_marks)

    def _close_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            self.archive_work.progressed.disconnect(progress.show_progress)
            progress.end()

    def _on_archived(self, report: ArchiveReport) -> None:
        self._close_progress()
        text = self.tr("Collected {0} images, {1}, in '{2}'.").format(
            format_count(report.images), format_bytes(report.size_bytes), report.target.name
        )
        hint, details = "", ""
        if report.left_out:
            hint = self.tr("{0} images or sets are not there as they were; README.txt lists them.").format(
                format_count(len(report.left_out))
            )
            details = "\n".join(f"{name}{f': {image}' if image else ''}: {why}" for name, image, why in report.left_out)
        folder = report.target if report.target.is_dir() else report.target.parent
        self._controller.message.emit(
            BarMessage(
                "archive", text, hint, "warning" if hint else "info", details,
                ((self.tr("Open folder"), partial(_open_folder, folder)),),
            )
        )  # fmt: skip

    def _on_archive_failed(self, target: Path, why: JobFailure) -> None:
        self._close_progress()
        again = (self.tr("Choose another place"), self.archive)
        self._controller.message.emit(BarMessage("archive", why.message, why.hint, "danger", why.details, (again,)))

    def _on_part_lost(self, path: Path, parts: tuple[str, ...]) -> None:
        self._controller.message.emit(
            BarMessage(
                "part lost",
                self.tr("'{0}' is damaged: {1} could not be read and are left out.").format(
                    path.name, self.tr(" and ").join(parts)
                ),
                self.tr("The rest is here. When you save, the damaged file is kept under another name."),
                "warning",
            )
        )

    def _on_set_changed(self, name: str, difference: str) -> None:
        self._controller.workspace.doubt_results()
        self._controller.message.emit(
            BarMessage(
                f"set changed {name}",
                self.tr("'{0}' is not as it was when the study was saved: {1}.").format(name, difference),
                self.tr("The results are of the images then. Run again for those of now."),
                "warning",
            )
        )


def safe_name(title: str) -> str:
    """Return a title as the name of a file."""
    return "".join(character if character.isalnum() or character in " -_()." else "_" for character in title) or "study"


def _with_suffix(path: Path, suffix: str) -> Path:
    return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)


def _count(results: Results) -> int:
    return sum(len(dataset) for dataset in results.datasets)


def _open_folder(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
