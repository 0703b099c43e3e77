"""The menu bar: the table of actions, the recent studies, the themes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu

from planetview.gui.actions import ACTIONS, MENUS, tr
from planetview.gui.theme import THEME_NAMES

_THEME_TEXTS = {"system": "&System", "light": "&Light", "dark": "&Dark", "contrast": "High &contrast"}


class Menus(QObject):
    """Fills the menu bar of a window; belongs to it."""

    theme_chosen = Signal(str)
    recent_chosen = Signal(object)  # Path

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
                self._recent = menu.addMenu(self.tr("Open &recent"))
            if spec.id == "literature":
                self._add_themes(menu.addMenu(self.tr("&Theme")), theme)
        window.addActions(list(actions.values()))

    def show_theme(self, name: str) -> None:
        """Mark the theme in use."""
        self._themes[name].setChecked(True)

    def show_recent(self, paths: Iterable[Path]) -> None:
        """List the studies that were open before."""
        self._recent.clear()
        for path in paths:
            action = self._recent.addAction(path.stem.replace("&", "&&"))
            action.setStatusTip(str(path))
            action.triggered.connect(partial(self._on_recent_triggered, path))
        self._recent.setEnabled(not self._recent.isEmpty())

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

    def _on_recent_triggered(self, path: Path, _checked: bool = False) -> None:
        self.recent_chosen.emit(path)
