"""A menu of recent studies or folders."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from planetview.gui.recent import RecentPlaces


class RecentMenu(QObject):
    """Fills `menu` with places, pinned ones first; those that are gone are greyed.

    whole_names: a folder is shown with all of its name, a study without the suffix of its file.
    """

    chosen = Signal(object)  # Path
    pinned = Signal(object, bool)  # Path, whether it is to stay
    forgotten = Signal(object)  # Path
    cleared = Signal()

    def __init__(self, menu: QMenu, clear_tip: str, *, whole_names: bool) -> None:
        super().__init__(menu)
        self.menu, self._clear_tip, self._whole_names = menu, clear_tip, whole_names
        menu.setToolTipsVisible(True)

    def show_places(self, places: RecentPlaces, missing: frozenset[Path]) -> None:
        """List these; those in `missing` cannot be opened."""
        menu = self.menu
        menu.clear()
        paths = places.ordered()
        for path in paths:
            name = self._name(path)
            if places.is_pinned(path):
                name = self.tr("{0} (pinned)").format(name)
            action = menu.addAction(self.tr("{0} (not found)").format(name) if path in missing else name)
            tip = self.tr("{0} is not there: it was moved, or its disk is not connected").format(path)
            action.setStatusTip(tip if path in missing else str(path))
            action.setToolTip(action.statusTip())
            action.setEnabled(path not in missing)
            action.triggered.connect(partial(self._on_triggered, path))
        if paths:
            menu.addSeparator()
            pins = menu.addMenu(self.tr("&Pin"))
            for path in paths:
                action = pins.addAction(self._name(path))
                action.setCheckable(True)
                action.setChecked(places.is_pinned(path))
                action.setStatusTip(self.tr("Keep '{0}' in this list").format(path))
                action.toggled.connect(partial(self.pinned.emit, path))
            clear = menu.addAction(self.tr("&Clear list"))
            clear.setStatusTip(self._clear_tip)
            clear.setEnabled(any(not places.is_pinned(path) for path in paths))
            clear.triggered.connect(lambda _checked=False: self.cleared.emit())
        menu.setEnabled(bool(paths))

    def _name(self, path: Path) -> str:
        return (path.name if self._whole_names else path.stem).replace("&", "&&")

    def _on_triggered(self, path: Path, _checked: bool = False) -> None:
        self.chosen.emit(path)
