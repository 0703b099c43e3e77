"""What was open before: places in the order of their use, some of them pinned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

MOST_PLACES = 10


@dataclass(frozen=True, slots=True)
class RecentPlaces:
    """latest: paths, the latest first; those in `pinned` stay."""

    latest: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()

    def with_place(self, path: Path) -> RecentPlaces:
        """Return them with `path` as the latest; the oldest that is not pinned goes."""
        text = str(path)
        texts = [text, *(known for known in self.latest if known != text)]
        while len(texts) > MOST_PLACES:
            loose = [known for known in texts[1:] if known not in self.pinned]
            texts.remove(loose[-1] if loose else texts[-1])
        return replace(self, latest=tuple(texts))

    def without(self, path: Path) -> RecentPlaces:
        """Return them without `path`."""
        return RecentPlaces(
            tuple(known for known in self.latest if known != str(path)),
            tuple(known for known in self.pinned if known != str(path)),
        )

    def with_pin(self, path: Path, is_pinned: bool) -> RecentPlaces:
        """Return them with `path` kept for good, or no longer."""
        rest = tuple(known for known in self.pinned if known != str(path))
        return replace(self, pinned=(*rest, str(path)) if is_pinned else rest)

    def without_unpinned(self) -> RecentPlaces:
        """Return the pinned ones."""
        return replace(self, latest=tuple(known for known in self.latest if known in self.pinned))

    def ordered(self) -> tuple[Path, ...]:
        """Return the places, pinned ones first, then the latest first."""
        return tuple(Path(text) for text in sorted(self.latest, key=lambda text: text not in self.pinned))

    def is_pinned(self, path: Path) -> bool:
        """Return whether `path` is pinned."""
        return str(path) in self.pinned
