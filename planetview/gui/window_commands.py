"""What the commands of the menus do: ask for files, and pass the answer on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from planetview.core.datasets import Role
from planetview.core.findings import Evidence, Finding
from planetview.core.formatting import format_count
from planetview.core.real_neighbours import real_spaces
from planetview.core.study import STUDY_SUFFIX
from planetview.gui.controller import Controller
from planetview.gui.dialogs import choose
from planetview.gui.dialogs.closing import RevertQuestion
from planetview.gui.dialogs.manual import show_manual
from planetview.gui.intake import Intake
from planetview.gui.pages import ResultPages
from planetview.gui.study_commands import StudyCommands, safe_name
from planetview.gui.theme import Theme
from planetview.gui.widgets.drops import pasted_paths
from planetview.gui.workspace import MissingSource


class WindowCommands(QObject):
    """The commands of one window that concern its study and results, not its own looks."""

    def __init__(
        self, window: QWidget, controller: Controller, pages: ResultPages, theme: Theme, intake: Intake
    ) -> None:
        super().__init__(window)
        self.study = StudyCommands(window, controller, theme)
        self._window, self._controller, self._pages = window, controller, pages
        self.intake = intake

    def slots(self) -> dict[str, Callable[..., object]]:
        """Return what to call for each action of the table in `actions`, by its id."""
        controller, pages, window = self._controller, self._pages, self._window
        undo_stack = controller.workspace.undo_stack
        return {
            "new_study": self.new_study,
            "add_folder": self.add_folder,
            "add_files": self.add_files,
            "open_study": self.open_study,
            "save": self.save,
            "save_as": self.save_as,
            "revert": self.revert,
            **self.study.slots(),
            "copy": self.copy,
            "paste": self.paste,
            "copy_methods": pages.copy_methods,
            "copy_bibtex": pages.copy_bibtex,
            "undo": undo_stack.undo,
            "redo": undo_stack.redo,
            "run": controller.run,
            "pause": controller.jobs.toggle_pause,
            "cancel": controller.cancel,
            "open_demo": controller.open_demo,
            "show_manual": partial(show_manual, window),
        }

    def new_study(self) -> None:
        """Start an empty study."""
        self._controller.new_study()

    def add_folder(self) -> None:
        """Ask for a folder of images; its role is guessed."""
        self.add_folder_as(None)

    def add_folder_as(self, role: Role | None) -> None:
        """Ask for a folder of images that is to have this role; None guesses it."""
        choose.choose_folder(
            self._window, self.tr("Add a folder of images"), lambda paths: self.intake.offer(paths, role)
        )

    def add_files(self) -> None:
        """Ask for zip files or lists of images."""
        choose.choose_sources(self._window, self.tr("Add zip files or lists"), self.intake.offer)

    def open_study(self) -> None:
        """Ask for a study to open."""
        choose.choose_study(self._window, self.tr("Open a study"), lambda paths: self._controller.open_study(paths[0]))

    def locate(self, missing: MissingSource) -> None:
        """Ask where a missing source lies now."""
        title = self.tr("Where is '{0}' now?").format(missing.source.name)
        choose.choose_folder(self._window, title, lambda paths: self._controller.locate(missing, paths[0]))

    def save(self) -> None:
        """Save the study where it was saved before, else ask."""
        path = self._controller.workspace.path
        if path is None or path.suffix != STUDY_SUFFIX:
            self.save_as()
        else:
            self._controller.files.save(path)

    def save_as(self) -> None:
        """Ask for a new place for the study."""
        filters = [self.tr("PlanetView studies (*{0})").format(STUDY_SUFFIX)]
        workspace = self._controller.workspace
        name = (workspace.path.stem if workspace.path else safe_name(workspace.title)) + STUDY_SUFFIX
        choose.choose_new_file(
            self._window, self.tr("Save the study"), name, filters, lambda paths: self._controller.files.save(paths[0])
        )

    def revert(self) -> None:
        """Ask, then read the study from its file again."""
        path = self._controller.workspace.path
        if path is not None:
            question = RevertQuestion(path.name, self._window)
            question.confirmed.connect(lambda: self._controller.open_study(path, discarding=True))
            question.open()

    def show_images(self, dataset: str, mask: NDArray[np.bool_], candidate: str, finding: Finding) -> None:
        """Show the images a finding speaks of, which are selected, beside their neighbours."""
        results = self._controller.workspace.results
        is_gap = finding.evidence is Evidence.GAPS
        if is_gap and (results is None or finding.extractor not in real_spaces(results, candidate)):
            # A run of an older version kept no neighbours of real images, but the entropy page shows any set.
            self._controller.page_wanted.emit("entropy")
            text = self.tr(
                "Selected: {0} images of {1} that no synthetic image comes near. Run again to see the nearest."
            )
            self._controller.status.emit(text.format(format_count(int(mask.sum())), dataset))
            return
        self._controller.page_wanted.emit("neighbours")
        page = self._pages.page("neighbours")
        if is_gap:
            page.show_gaps(candidate, finding.extractor, finding.label)
            text = self.tr("{0} images of {1} have no neighbour in {2}.")
            self._controller.status.emit(text.format(format_count(int(mask.sum())), dataset, candidate))
        else:
            page.show_possible_copies()

    def copy(self) -> None:
        """Give Copy from the menu to what has the focus: to its own action, else as its keys."""
        focus = QApplication.focusWidget()
        if focus is None:
            return
        keys = QKeySequence(QKeySequence.StandardKey.Copy)
        for action in focus.actions():
            if keys in action.shortcuts():
                action.trigger()
                return
        _press(focus, Qt.Key.Key_C)

    def paste(self) -> None:
        """Give Paste from the menu to what has the focus; what it has no use for comes back as paths to add."""
        _press(QApplication.focusWidget() or self._window, Qt.Key.Key_V)

    def paste_paths(self) -> None:
        """Offer the sources and studies whose paths are on the clipboard, or say why there are none."""
        paths, refusal = pasted_paths(QGuiApplication.clipboard().mimeData())
        if paths:
            self.intake.offer(paths)
        else:
            self._controller.status.emit(refusal)


def _press(widget: QWidget, key: Qt.Key) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.ControlModifier)
    QCoreApplication.sendEvent(widget, event)
