"""Watches sources that were missing and are found: are they what they were, and are their neighbours there too?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from planetview.core.datasets import Dataset
from planetview.core.relinking import Match, match, moved_along
from planetview.gui.models.wording import tr
from planetview.gui.workspace import MissingSource, Workspace


@dataclass(frozen=True)
class Relinked:
    """A source that was found at another place.

    match: None without results that know its images. difference: from what it was when the study was saved, in words;
    "" for none, None where that is not known.
    """

    missing: MissingSource
    place: Path
    match: Match | None
    difference: str | None = None

    @property
    def words(self) -> str:
        """What is to be said about it."""
        if self.match is None:
            if self.difference is None:
                return tr("Found at a new place. The study does not know which images it held.")
            if not self.difference:
                return tr("The images are those that the study knew, all of them.")
            return tr("⚠ Not the images that the study knew: {0}.").format(self.difference)
        known, equal = f"{self.match.known:,}", f"{self.match.equal:,}"
        if self.match.is_same:
            return tr("{0} of {1} images match what the study knew.").format(equal, known)
        words = tr("⚠ Only {0} of {1} images match what the study knew; this place holds {2}.")
        if self.match.equal == self.match.known:
            words = tr("⚠ All {1} images that the study knew are here, among {2}.")
        elif self.match.named:
            words += " " + tr("{0} have the same name with other content.").format(f"{self.match.named:,}")
        return words.format(equal, known, f"{self.match.found:,}")

    @property
    def is_doubtful(self) -> bool:
        """Whether a person should look before going on."""
        return bool(self.difference) if self.match is None else not self.match.is_same


class Relinker(QObject):
    """Compares what is found with the last results; every change goes through the workspace and its undo."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._missing: dict[str, MissingSource] = {}
        self._found: dict[str, Relinked] = {}
        self._offers: tuple[tuple[MissingSource, Path], ...] = ()
        workspace.contents_changed.connect(self._on_contents_changed)
        workspace.results_changed.connect(self._on_results_changed)
        self._on_contents_changed()

    @property
    def offers(self) -> tuple[tuple[MissingSource, Path], ...]:
        """Sources still missing that lie where one that was found leads to, and their places."""
        return self._offers

    def found(self, dataset: Dataset) -> Relinked | None:
        """Return what is to be said about a set that was found again, None once it has been accepted."""
        found = self._found.get(dataset.name)
        return found if found is not None and found.place == dataset.source else None

    def accept(self, name: str) -> None:
        """Say no more about a set."""
        if self._found.pop(name, None) is not None:
            self.changed.emit()

    def reject(self, name: str) -> MissingSource | None:
        """Take a set that was found out again, so that it is missing as before; return its source."""
        relinked = self._found.pop(name, None)
        if relinked is None:
            return None
        stack = self._workspace.undo_stack
        stack.beginMacro(tr("Look for '{0}' elsewhere").format(name))
        self._workspace.remove(name)
        self._workspace.add((), (relinked.missing,))
        stack.endMacro()
        return relinked.missing

    def _on_contents_changed(self) -> None:
        contents = self._workspace.contents
        now = {item.source.name: item for item in contents.missing}
        news = [
            self._compare(missing, dataset)
            for dataset in contents.datasets
            if (missing := self._missing.get(dataset.name)) is not None and missing.source.path != dataset.source
        ]
        for relinked in news:
            self._found[relinked.missing.source.name] = relinked
        self._found = {name: item for name, item in self._found.items() if name not in now}
        self._missing = now
        self._offers = self._others(news[-1]) if news else tuple(o for o in self._offers if o[0] in contents.missing)
        self.changed.emit()

    def _on_results_changed(self, _results: object) -> None:
        self._found, self._offers = {}, ()
        self.changed.emit()

    def _compare(self, missing: MissingSource, dataset: Dataset) -> Relinked:
        results, fingerprint = self._workspace.results, missing.source.fingerprint
        known = next((d for d in results.datasets if d.name == dataset.name), None) if results is not None else None
        if known is not None:
            return Relinked(missing, dataset.source, match(known, dataset))
        difference = fingerprint.difference(dataset) if fingerprint is not None else None
        return Relinked(missing, dataset.source, None, difference)

    def _others(self, relinked: Relinked) -> tuple[tuple[MissingSource, Path], ...]:
        old, new = relinked.missing.source.path, relinked.place
        places = ((item, moved_along(old, new, item.source.path)) for item in self._workspace.contents.missing)
        return tuple((item, place) for item, place in places if place is not None and _exists(place))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
