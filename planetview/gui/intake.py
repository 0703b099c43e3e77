"""What was dropped, pasted or chosen, shown before it is taken into the study."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from shiboken6 import isValid

from planetview.core.datasets import Role
from planetview.core.messages import ScanTarget
from planetview.gui.dialogs.intake import IntakeDialog, Offer
from planetview.gui.sources import sort_paths

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow


class Intake(QObject):
    """Asks before sources are read, unless the preferences say otherwise; remembers those that were taken in.

    A study, a generator, and what a program was started with are no question: they were named one by one.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._sheet: IntakeDialog | None = None
        self._expected: set[Path] = set()
        window.workspace.contents_changed.connect(self._remember)

    def offer(self, paths: Iterable[Path], role: Role | None = None) -> None:
        """Show what these paths hold and ask whether to take it in; `role` None guesses it of each."""
        paths = tuple(paths)
        found = sort_paths(paths)
        if not self._window.preferences.asks_before_adding or found.studies or not (found.sources or found.folders):
            self.take_in(paths, role)
            return
        if found.generators:
            self._window.controller.add_paths(found.generators)
        single = self.tr("A set is a folder of images, not a single image: this is the folder of what was dropped.")
        offers = [Offer(_absolute(path), role) for path in found.sources]
        offers += [Offer(_absolute(path), role, single) for path in found.folders]
        sheet = self._sheet if self._sheet is not None and isValid(self._sheet) else self._make_sheet()
        sheet.add(offers)
        sheet.open()

    def take_in(self, paths: Iterable[Path], role: Role | None = None) -> None:
        """Take these paths in without asking."""
        paths = tuple(paths)
        self._expected.update(_absolute(path) for path in sort_paths(paths).sources)
        self._window.controller.add_paths(paths, role)

    def _make_sheet(self) -> IntakeDialog:
        window = self._window
        datasets = window.workspace.datasets
        known = {dataset.source: dataset.name for dataset in datasets}
        sheet = IntakeDialog(known, Counter(dataset.role for dataset in datasets), window.theme, window)
        sheet.accepted_sources.connect(self._on_accepted)
        sheet.paths_dropped.connect(self.offer)
        sheet.asking_changed.connect(self._on_asking_changed)
        sheet.finished.connect(self._on_finished)
        self._sheet = sheet
        return sheet

    def _on_finished(self, _result: int) -> None:
        self._sheet = None

    def _on_accepted(self, taken: tuple[tuple[Path, Role], ...]) -> None:
        self._expected.update(path for path, _ in taken)
        self._window.controller.scan(tuple(ScanTarget(path, None, role) for path, role in taken))

    def _on_asking_changed(self, asks: bool) -> None:
        self._window.use_preferences(replace(self._window.preferences, asks_before_adding=asks))

    def _remember(self) -> None:
        """Remember the sources that were wanted here and are now in the study: none that could not be read."""
        if not self._expected:
            return
        there = [d.source for d in self._window.workspace.datasets if d.source in self._expected]
        if there:
            self._expected.difference_update(there)
            preferences = self._window.preferences
            for path in there:
                preferences = preferences.with_folder(path)
            self._window.use_preferences(preferences)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - as `scan` does: a link is what the user chose
