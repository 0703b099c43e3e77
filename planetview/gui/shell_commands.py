"""The commands about the window itself: the palette, shortcuts, panels, several windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget

from planetview.core.catalogue import EXTRACTORS, METRICS
from planetview.gui import shortcuts
from planetview.gui.actions import ACTIONS, PAGE_ACTIONS, State, tr
from planetview.gui.controller import DEMO
from planetview.gui.diagnosing import save_diagnostics_of
from planetview.gui.dialogs.closing import PlaceQuestion
from planetview.gui.dialogs.help import (
    show_about,
    show_citation,
    show_export,
    show_help,
    show_keys,
    show_topic,
    topic_of,
)
from planetview.gui.dialogs.licences import LicencesDialog
from planetview.gui.dialogs.palette import CommandPalette
from planetview.gui.dialogs.preferences import PreferencesDialog
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.models.palette import PaletteEntry
from planetview.gui.page_keys import compare_group, local_groups
from planetview.gui.preferences import Preferences

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow


class ShellCommands(QObject):
    """What concerns one window as a window, not its study."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def slots(self) -> dict[str, Callable[..., object]]:
        """Return what to call for each action of the table in `actions`, by its id."""
        window = self._window
        return {
            "palette": self.open_palette,
            "edit_shortcuts": self.edit_shortcuts,
            "preferences": self.open_preferences,
            "show_keys": self.show_keys,
            "show_help": self.show_help,
            "show_export": partial(show_export, window),
            "show_about": partial(show_about, window),
            "show_citation": partial(show_citation, window),
            "show_licences": self.show_licences,
            "show_tour": window.start_tour,
            "save_diagnostics": self.save_diagnostics,
            "new_window": lambda: window.new_window_requested.emit(None),
            "quit": self.quit,
            "next_panel": lambda: window.panels.move(1),
            "previous_panel": lambda: window.panels.move(-1),
            "reset_layout": window.docks.reset,
        }

    def open_palette(self) -> CommandPalette:
        """Open the command palette."""
        preferences = self._window.preferences
        palette = CommandPalette(self.entries(), preferences.commands, self._window.theme, self._window)
        palette.ran.connect(lambda id: self._change(lambda now: now.with_command(id)))
        palette.show()
        return palette

    def edit_shortcuts(self) -> ShortcutsDialog:
        """Open the dialog of shortcuts."""
        dialog = ShortcutsDialog(self._window.preferences.shortcuts, self._window)
        dialog.changed.connect(lambda keys: self._change(lambda now: now.with_shortcuts(keys)))
        dialog.open()
        return dialog

    def open_preferences(self) -> PreferencesDialog:
        """Open the preferences; they hold at once, and follow what is changed in the menus meanwhile."""
        window = self._window
        dialog = PreferencesDialog(window.preferences, window)
        dialog.changed.connect(window.use_preferences)
        window.kept.changed.connect(dialog.show_preferences)
        dialog.open()
        return dialog

    def show_keys(self) -> None:
        """Show the table of the present shortcuts."""
        panels = [(a.text().replace("&", ""), a.shortcut().toString()) for a in self._window.docks.toggles()]
        show_keys(
            self._window,
            self._window.preferences.shortcuts,
            tuple(pair for pair in panels if pair[1]),
            (*local_groups(self._places()), compare_group()),
        )

    def _places(self) -> Iterator[tuple[str, QWidget]]:
        """Yield the pages that were made and the panels, by title."""
        window = self._window
        yield shortcuts.title_of("datasets"), window.role_sheet
        for page_id in PAGE_ACTIONS:
            if (page := window.pages.page(page_id)) is not None:
                yield shortcuts.title_of(page_id), page
        for dock in window.findChildren(QDockWidget):
            yield self.tr("Panel: {0}").format(dock.windowTitle()), dock

    def show_help(self) -> None:
        """Explain what has the focus where that is known, else the page that is shown."""
        topic = topic_of(QApplication.focusWidget())
        if topic:
            show_topic(topic, self._window)
        else:
            show_help(self._window, self._window.current_page())

    def show_licences(self) -> LicencesDialog:
        """Show what PlanetView is made of, beside the work."""
        dialog = LicencesDialog(self._window.background, self._window)
        dialog.show()
        return dialog

    def save_diagnostics(self) -> None:
        """Ask where to write what helps to find a fault."""
        save_diagnostics_of(self._window)

    def quit(self) -> None:
        """Close every window; each that would lose something asks for itself, and keeps no other from closing."""
        for window in QApplication.topLevelWidgets():
            if isinstance(window, type(self._window)) and window.isVisible():
                window.close()

    def ask_for_place(self, what: object) -> None:
        """Ask where to open a study (its path), an empty one (None) or the demo while unsaved work is here."""
        window = self._window
        question = PlaceQuestion(window.workspace.title, window)
        question.new_window_chosen.connect(lambda: window.new_window_requested.emit(what))
        question.discard_chosen.connect(lambda: self._open_here(what))
        question.open()

    def decline_tour(self) -> None:
        """Offer the tour no more; the Help menu keeps it."""
        self._change(lambda now: replace(now, knows_tour=True))

    def entries(self) -> list[PaletteEntry]:
        """Return everything the palette offers now: commands, recent studies and folders, sets, topics of help."""
        window = self._window
        recent = (*window.studies.entries(), *window.folders.entries())
        return [*self._commands(), *recent, *self._sets(), *self._topics()]

    def _commands(self) -> Iterator[PaletteEntry]:
        window = self._window
        keys = window.preferences.shortcuts
        for spec in ACTIONS:
            if spec.id == "palette":
                continue
            action = window.actions_by_id[spec.id]
            shown = next(iter(shortcuts.keys_of(spec.id, keys)), "")
            place = self.tr("Page") if spec.id in PAGE_ACTIONS else tr(spec.menu).replace("&", "")
            why = "" if action.isEnabled() else self.why_not(spec.enabled_when)
            title = shortcuts.title_of(spec.id)
            yield PaletteEntry(spec.id, title, place, action.trigger, shortcuts.native(shown), tr(spec.tip), why)
        for toggle in window.docks.toggles():
            native = toggle.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            title = toggle.text().replace("&", "")
            yield PaletteEntry(toggle.objectName(), title, self.tr("Panel"), toggle.trigger, native, toggle.toolTip())
        for name, entry in window.menus.theme_actions().items():
            title = self.tr("Theme: {0}").format(entry.text().replace("&", ""))
            yield PaletteEntry(f"theme {name}", title, self.tr("View"), entry.trigger)
        yield from window.layouts.entries()

    def _sets(self) -> Iterator[PaletteEntry]:
        for dataset in self._window.workspace.datasets:
            hint = self.tr("{0} images in {1}").format(len(dataset), dataset.source)
            run = partial(self._window.show_page, "datasets")
            yield PaletteEntry(f"set {dataset.name}", dataset.name, self.tr("Set"), run, "", hint)

    def _topics(self) -> Iterator[PaletteEntry]:
        for place, specs in ((self.tr("Help: metric"), METRICS), (self.tr("Help: network"), EXTRACTORS)):
            for id, spec in specs.items():
                yield PaletteEntry(
                    f"help {id}", spec.label, place, partial(show_topic, id, self._window), "", spec.definition
                )

    def why_not(self, state: State) -> str:
        """Return why a command that needs `state` cannot be used now."""
        controller = self._window.controller
        busy = self.tr("A job is running.")
        reasons: Mapping[str, str] = {
            "idle": busy,
            "busy": self.tr("No job is running."),
            "ready": busy if controller.is_busy else controller.workspace.missing_for_a_run(),
            "content": self.tr("There is no study yet: add a set first."),
            "changed": self.tr("There is nothing to go back to: the study is as it was saved, or never was."),
            "results": self.tr("There are no results yet: run first."),
            "undo": self.tr("There is nothing to take back."),
            "redo": self.tr("There is nothing to do again."),
        }
        return reasons.get(state) or self.tr("It does not fit what is shown now.")

    def _open_here(self, what: object) -> None:
        controller = self._window.controller
        if what == DEMO:
            controller.open_demo(discarding=True)
        elif isinstance(what, Path):
            controller.open_study(what, discarding=True)
        else:
            controller.new_study(discarding=True)

    def _change(self, change: Callable[[Preferences], Preferences]) -> None:
        self._window.use_preferences(change(self._window.preferences))
