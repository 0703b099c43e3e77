"""The datasets dock in its window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QDockWidget, QWidget

from planetview.core.datasets import Role
from planetview.gui.controller import Controller
from planetview.gui.intake import Intake
from planetview.gui.theme import Theme
from planetview.gui.views.dataset_dock import DatasetDock
from planetview.gui.workspace import MissingSource

AddDock = Callable[[str, str, QWidget, Qt.DockWidgetArea, str], QDockWidget]


class Choosers(Protocol):
    """Who asks for folders, and before what was dropped is taken in."""

    intake: Intake

    def add_folder_as(self, role: Role | None) -> None:
        """Ask for a folder that is to have this role; None guesses it."""

    def locate(self, missing: MissingSource) -> None:
        """Ask where a missing source lies now."""


def add_dataset_dock(
    add_dock: AddDock, controller: Controller, choosers: Choosers, on_notice: Callable[[str], object], theme: Theme
) -> DatasetDock:
    """Put the sets of the study into a dock, hidden until it is asked for, and connect it with the controller."""
    dock = DatasetDock(controller.workspace, theme)
    dock.folder_requested.connect(choosers.add_folder_as)
    dock.locate_requested.connect(choosers.locate)
    dock.rescan_requested.connect(controller.rescan)
    dock.paths_dropped.connect(choosers.intake.offer)
    dock.notice.connect(on_notice)
    title = QCoreApplication.translate("DatasetDock", "Sets of the study")
    add_dock("datasets", title, dock, Qt.DockWidgetArea.LeftDockWidgetArea, "Ctrl+Shift+D")
    return dock
