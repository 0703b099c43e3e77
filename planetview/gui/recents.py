"""The recent studies or folders of one window: in the menu, on the start page, in the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from PySide6.QtCore import QCoreApplication, QObject, SignalInstance, Slot

from planetview.gui.models.palette import PaletteEntry
from planetview.gui.preferences import Preferences
from planetview.gui.recent import RecentPlaces

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow

Kind = Literal["studies", "folders"]


class RecentListing(Protocol):
    """Something that lists recent places and passes on what is done with them."""

    chosen: SignalInstance  # Path
    pinned: SignalInstance  # Path, whether it is to stay
    forgotten: SignalInstance  # Path
    cleared: SignalInstance

    def show_places(self, places: RecentPlaces, missing: frozenset[Path]) -> None:
        """List these; those in `missing` cannot be opened."""


@dataclass(frozen=True, slots=True)
class RecentWords:
    """What a kind of places is called. place: in the palette. gone: of one that is not there; {0} is its path."""

    place: str
    gone: str


class Recents(QObject):
    """Keeps the listings of one kind of places as the preferences say; looks in the background which are gone.

    open_place: opens one that was chosen.
    """

    def __init__(
        self,
        window: MainWindow,
        kind: Kind,
        listings: Iterable[RecentListing],
        open_place: Callable[[Path], object],
        words: RecentWords,
    ) -> None:
        super().__init__(window)
        self._window, self._kind, self._listings = window, kind, tuple(listings)
        self._open, self._words = open_place, words
        self._missing: frozenset[Path] = frozenset()
        for listing in self._listings:
            listing.chosen.connect(open_place)
            listing.pinned.connect(self.pin)
            listing.forgotten.connect(self.forget)
            listing.cleared.connect(self.clear)
        window.kept.changed.connect(self._on_preferences_changed)
        self.refresh()

    def refresh(self) -> None:
        """List the places; look which are gone."""
        self._list()
        # A folder of the network may take seconds to answer.
        look = partial(_missing_of, self._places().ordered())
        self._window.background.submit(look, self._on_missing_found)

    def pin(self, path: Path, is_pinned: bool) -> None:
        """Keep a place in the list, or no longer."""
        self._use(self._places().with_pin(path, is_pinned))

    def forget(self, path: Path) -> None:
        """Take a place off the list."""
        self._use(self._places().without(path))

    def clear(self) -> None:
        """Forget the places that are not pinned."""
        self._use(self._places().without_unpinned())

    def entries(self) -> Iterator[PaletteEntry]:
        """Yield what the palette offers."""
        one = {"studies": "study", "folders": "folder"}[self._kind]
        for path in self._places().ordered():
            why = self._words.gone.format(path) if path in self._missing else ""
            name = path.stem if self._kind == "studies" else path.name
            run = partial(self._open, path)
            yield PaletteEntry(f"{one} {path}", name, self._words.place, run, "", str(path.parent), why)

    def _places(self) -> RecentPlaces:
        places: RecentPlaces = getattr(self._window.preferences, self._kind)
        return places

    def _use(self, places: RecentPlaces) -> None:
        preferences = self._window.preferences
        is_studies = self._kind == "studies"
        changed = replace(preferences, studies=places) if is_studies else replace(preferences, folders=places)
        self._window.use_preferences(changed)

    @Slot(object, object)
    def _on_preferences_changed(self, now: Preferences, before: Preferences) -> None:
        if getattr(now, self._kind) != getattr(before, self._kind):
            self.refresh()

    def _on_missing_found(self, missing: frozenset[Path]) -> None:
        if missing != self._missing:
            self._missing = missing
            self._list()

    def _list(self) -> None:
        for listing in self._listings:
            listing.show_places(self._places(), self._missing)


def recents_of(window: MainWindow) -> tuple[Recents, Recents]:
    """Connect the listings of a window; return its recent studies and folders."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("Recents", text)

    menus, welcome = window.menus, window.welcome
    gone = tr("'{0}' was not found.")
    studies = (menus.studies, welcome.studies)
    folders = (menus.folders, welcome.folders)
    words = RecentWords(tr("Recent study"), gone), RecentWords(tr("Recent folder"), gone)
    return (
        Recents(window, "studies", studies, window.controller.open_study, words[0]),
        Recents(window, "folders", folders, lambda path: window.intake.offer((path,)), words[1]),
    )


def _missing_of(paths: Iterable[Path]) -> frozenset[Path]:
    return frozenset(path for path in paths if not path.exists())
