"""The menu bar: the table of actions, the recent studies, the themes, the layouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMainWindow, QMenu

from planetview.gui.actions import ACTIONS, MENUS, tr
from planetview.gui.preferences import Preferences
from planetview.gui.theme import THEME_NAMES

_THEME_TEXTS = {"system": "&System", "light": "&Light", "dark": "&Dark", "contrast": "High &contrast"}


class Menus(QObject):
    """Fills the menu bar of a window; belongs to it."""

    theme_chosen = Signal(str)
    recent_chosen = Signal(object)  # Path
    recent_pinned = Signal(object, bool)  # Path, whether it is to stay
    recent_cleared = Signal()
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
                self._recent = menu.addMenu(self.tr("Open &recent"))
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

    def show_recent(self, preferences: Preferences, missing: frozenset[Path]) -> None:
        """List the studies that were open before, pinned ones first; those in `missing` cannot be opened."""
        self._recent.clear()
        paths = preferences.recent_studies()
        for path in paths:
            name = path.stem.replace("&", "&&")
            if preferences.is_pinned(path):
                name = self.tr("{0} (pinned)").format(name)
            action = self._recent.addAction(self.tr("{0} (not found)").format(name) if path in missing else name)
            action.setStatusTip(str(path))
            action.setEnabled(path not in missing)
            action.triggered.connect(partial(self._on_recent_triggered, path))
        if paths:
            self._recent.addSeparator()
            pins = self._recent.addMenu(self.tr("&Pin"))
            for path in paths:
                action = pins.addAction(path.stem.replace("&", "&&"))
                action.setCheckable(True)
                action.setChecked(preferences.is_pinned(path))
                action.setStatusTip(self.tr("Keep '{0}' in this list").format(path))
                action.toggled.connect(partial(self.recent_pinned.emit, path))
            clear = self._recent.addAction(self.tr("&Clear list"))
            clear.setStatusTip(self.tr("Forget the studies that are not pinned; their files stay"))
            clear.setEnabled(any(not preferences.is_pinned(path) for path in paths))
            clear.triggered.connect(lambda _checked=False: self.recent_cleared.emit())
        self._recent.setEnabled(bool(paths))

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

    def _on_recent_triggered(self, path: Path, _checked: bool = False) -> None:
        self.recent_chosen.emit(path)
