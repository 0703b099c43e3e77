"""The menu bar: the table of actions, the recent studies and folders, the themes, the layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu

from planetview.gui.actions import ACTIONS, MENUS, tr
from planetview.gui.recent_menu import RecentMenu
from planetview.gui.theme import THEME_NAMES

_THEME_TEXTS = {"system": "&System", "light": "&Light", "dark": "&Dark", "contrast": "High &contrast"}


class Menus(QObject):
    """Fills the menu bar of a window; belongs to it."""

    theme_chosen = Signal(str)
    layout_chosen = Signal(str)
    layout_forgotten = Signal(str)
    layout_wanted = Signal()  # keep the present one under a name

    def __init__(self, window: QMainWindow, actions: Mapping[str, QAction], theme: str) -> None:
        super().__init__(window)
        menus = {name: window.menuBar().addMenu(tr(name)) for name in MENUS}
        group: dict[str, int] = {}
        for spec in ACTIONS:
            menu = menus[spec.menu]
            if group.setdefault(spec.menu, spec.group) != spec.group:
                menu.addSeparator()
                group[spec.menu] = spec.group
            menu.addAction(actions[spec.id])
            if spec.id == "open_study":
                clear = self.tr("Forget the studies that are not pinned; their files stay")
                self.studies = RecentMenu(menu.addMenu(self.tr("Open &recent")), clear, whole_names=False)
            if spec.id == "add_files":
                clear = self.tr("Forget the folders that are not pinned; they stay where they are")
                self.folders = RecentMenu(menu.addMenu(self.tr("Recent fol&ders")), clear, whole_names=True)
            if spec.id == "literature":
                self._add_themes(menu.addMenu(self.tr("&Theme")), theme)
                self._panels = menu.addMenu(self.tr("P&anels"))
                self._panels.setEnabled(False)
                self._layouts = menu.addMenu(self.tr("La&youts"))
        window.addActions(list(actions.values()))

    def show_theme(self, name: str) -> None:
        """Mark the theme in use."""
        self._themes[name].setChecked(True)

    def theme_actions(self) -> Mapping[str, QAction]:
        """Return the entries of the themes by name."""
        return self._themes

    def add_panel(self, toggle: QAction) -> None:
        """Add the entry that shows and hides a panel."""
        self._panels.addAction(toggle)
        self._panels.setEnabled(True)

    def show_layouts(self, names: Sequence[str]) -> None:
        """List the layouts that are kept."""
        self._layouts.clear()
        for name in names:
            action = self._layouts.addAction(name.replace("&", "&&"))
            action.setStatusTip(self.tr("Put the panels where they were in '{0}'.").format(name))
            action.triggered.connect(partial(self._on_layout_triggered, name))
        if names:
            self._layouts.addSeparator()
        save = self._layouts.addAction(self.tr("&Save this layout…"))
        save.setStatusTip(self.tr("Keep the places of the panels under a name."))
        save.triggered.connect(lambda _checked=False: self.layout_wanted.emit())
        if names:
            forget = self._layouts.addMenu(self.tr("&Forget"))
            for name in names:
                action = forget.addAction(name.replace("&", "&&"))
                action.triggered.connect(lambda _checked=False, name=name: self.layout_forgotten.emit(name))

    def _add_themes(self, menu: QMenu, chosen: str) -> None:
        group = QActionGroup(self)
        self._themes: dict[str, QAction] = {}
        for name in THEME_NAMES:
            action = menu.addAction(self.tr(_THEME_TEXTS[name]))
            action.setCheckable(True)
            action.setChecked(name == chosen)
            action.triggered.connect(partial(self._on_theme_triggered, name))
            group.addAction(action)
            self._themes[name] = action

    def _on_theme_triggered(self, name: str, _checked: bool = False) -> None:
        self.theme_chosen.emit(name)

    def _on_layout_triggered(self, name: str, _checked: bool = False) -> None:
        self.layout_chosen.emit(name)
