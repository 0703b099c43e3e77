"""What a person noted on single images: look at it again, leave it out of the next run, how good it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from operator import attrgetter
from typing import Final

from planetview.core.datasets import Dataset

ImageKey = tuple[str, str]
"""Name of a set of the study and name of an image in it: unlike a position, it outlives a new scan."""

BEST_RATING: Final = 5
"""Ratings are 1 to this; 0 stands for none."""


@dataclass(frozen=True, slots=True)
class Marks:
    """flagged: images to come back to; excluded: images that runs leave out. Files are never touched.

    rated: the images rated 1, those rated 2 and so on up to `BEST_RATING`; an image has one rating or none.
    """

    flagged: frozenset[ImageKey] = frozenset()
    excluded: frozenset[ImageKey] = frozenset()
    rated: tuple[frozenset[ImageKey], ...] = (frozenset(),) * BEST_RATING

    def with_flagged(self, keys: Iterable[ImageKey], is_on: bool) -> Marks:
        """Return marks with these images flagged, or no longer."""
        return replace(self, flagged=_changed(self.flagged, keys, is_on))

    def with_excluded(self, keys: Iterable[ImageKey], is_on: bool) -> Marks:
        """Return marks with these images left out of runs, or taken in again."""
        return replace(self, excluded=_changed(self.excluded, keys, is_on))

    def with_rating(self, keys: Iterable[ImageKey], rating: int) -> Marks:
        """Return marks with these images rated 1 to `BEST_RATING`, or no longer with 0; ValueError for others."""
        if not 0 <= rating <= BEST_RATING:
            raise ValueError(f"a rating is 0 to {BEST_RATING}, not {rating}")
        keys = frozenset(keys)
        # Those that nothing is taken from stay the same objects: masks of 50,000 images are remembered by them.
        rated = [known if known.isdisjoint(keys) else known - keys for known in self.rated]
        if rating:
            rated[rating - 1] |= keys
        return replace(self, rated=tuple(rated))

    def rating_of(self, key: ImageKey) -> int:
        """Return the rating of an image, 0 where it has none."""
        return next((rating for rating, keys in enumerate(self.rated, 1) if key in keys), 0)

    def ratings_of(self, name: str) -> dict[str, int]:
        """Return name -> rating of the rated images of one set, sorted by name."""
        found = {image: rating for rating, keys in enumerate(self.rated, 1) for image in _by_set(keys).get(name, ())}
        return dict(sorted(found.items()))

    def with_keys(self, change: Callable[[frozenset[ImageKey]], frozenset[ImageKey]]) -> Marks:
        """Return the same marks on images that are known by other names."""
        return Marks(change(self.flagged), change(self.excluded), tuple(map(change, self.rated)))

    def renamed(self, old: str, new: str) -> Marks:
        """Return marks that follow a set to its new name."""
        return self.with_keys(lambda keys: _renamed(keys, old, new))

    def kept(self, dataset: Dataset) -> Dataset:
        """Return the set without its excluded images; the set itself where none of it is excluded."""
        names = self._excluded_names(dataset.name)
        if not names:
            return dataset
        images = tuple(image for image in dataset.images if image.name not in names)
        return dataset if len(images) == len(dataset.images) else replace(dataset, images=images)

    def keeps_any(self, dataset: Dataset) -> bool:
        """Return whether some image of the set is not excluded."""
        # Names are unique inside a set. Not by set: to group 50,000 keys takes three times as long as to ask for each.
        if len(self.excluded) < len(dataset.images):
            return True
        names = map(attrgetter("name"), dataset.images)
        return not self.excluded.issuperset(zip(repeat(dataset.name), names, strict=False))

    def group(self) -> None:
        """Sort the excluded images by set now; the next question about them is then answered at once."""
        _by_set(self.excluded)

    def excluded_of(self, name: str) -> tuple[str, ...]:
        """Return the sorted names of the images of one set that runs leave out."""
        return tuple(sorted(self._excluded_names(name)))

    def flagged_of(self, name: str) -> tuple[str, ...]:
        """Return the sorted names of the flagged images of one set."""
        return tuple(sorted(_by_set(self.flagged).get(name, ())))

    def _excluded_names(self, name: str) -> Collection[str]:
        return _by_set(self.excluded).get(name, ())


# Asked set by set after every change, and 50,000 keys take 20 ms.
@lru_cache(maxsize=5 + BEST_RATING)
def _by_set(keys: frozenset[ImageKey]) -> Mapping[str, Collection[str]]:
    found: dict[str, set[str]] = {}
    for name, image in keys:
        found.setdefault(name, set()).add(image)
    return found


def _changed(keys: frozenset[ImageKey], others: Iterable[ImageKey], is_on: bool) -> frozenset[ImageKey]:
    return keys.union(others) if is_on else keys.difference(others)


def _renamed(keys: Collection[ImageKey], old: str, new: str) -> frozenset[ImageKey]:
    return frozenset((new if name == old else name, image) for name, image in keys)
