"""Places of the panels under names: kept, taken up again, forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from planetview.gui.models.palette import PaletteEntry
from planetview.gui.preferences import Preferences

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow

_LONGEST = 60


class Layouts(QObject):
    """The layouts of one window; all windows share the names."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._shown: tuple[str, ...] | None = None
        menus = window.menus
        menus.layout_chosen.connect(self.use)
        menus.layout_forgotten.connect(self.forget)
        menus.layout_wanted.connect(self.ask_for_name)
        self.follow(window.preferences)

    def follow(self, preferences: Preferences) -> None:
        """List the names in the menu; let panels slide to their places unless motion is unwanted."""
        window, names = self._window, tuple(preferences.layouts)
        if names != self._shown:
            self._shown = names
            window.menus.show_layouts(names)
        window.theme.calm(preferences.reduces_motion)
        window.setAnimated(not window.theme.reduces_motion)

    def ask_for_name(self) -> QInputDialog:
        """Ask for a name, then keep the present places under it."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(self.tr("Save this layout"))
        dialog.setLabelText(self.tr("Name; one that exists is replaced:"))
        known = self._window.preferences.layouts
        number = next(n for n in range(1, len(known) + 2) if self.tr("Layout {0}").format(n) not in known)
        dialog.setTextValue(self.tr("Layout {0}").format(number))
        dialog.textValueSelected.connect(self.keep)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def keep(self, name: str) -> None:
        """Keep the present places under this name; an empty one keeps nothing."""
        window, name = self._window, name.strip()[:_LONGEST]
        if name:
            window.use_preferences(window.preferences.with_layout(name, window.docks.state()))

    def use(self, name: str) -> None:
        """Put the panels where they were."""
        self._window.docks.restore(self._window.preferences.layouts.get(name, ""))

    def forget(self, name: str) -> None:
        """Keep this layout no more; the panels stay where they are."""
        self._window.use_preferences(self._window.preferences.without_layout(name))

    def entries(self) -> Iterator[PaletteEntry]:
        """Yield the layouts for the palette."""
        for name in self._window.preferences.layouts:
            title = self.tr("Layout: {0}").format(name)
            yield PaletteEntry(f"layout {name}", title, self.tr("View"), partial(self.use, name))
