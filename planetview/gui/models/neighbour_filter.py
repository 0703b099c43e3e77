"""Which images of a set are shown: by mark, selection, class and name."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Dataset
from planetview.core.marks import ImageKey
from planetview.core.selection import Mask

NO_CLASS = ""
# The records of 50,000 images lie all over the memory: a look at all of them takes 60 ms.
_AT_ONCE = 2000


class Show(StrEnum):
    """Which images to show."""

    ALL = "all"
    SELECTED = "selected"
    FLAGGED = "flagged"
    EXCLUDED = "excluded"
    INCLUDED = "included"
    NEARER = "nearer"
    SAME = "same"
    DIFFERENT = "different"
    GAPS = "gaps"
    UNRATED = "unrated"
    RATED_1, RATED_2, RATED_3, RATED_4, RATED_5 = "rated 1", "rated 2", "rated 3", "rated 4", "rated 5"  # or more


RATED: Final = (Show.RATED_1, Show.RATED_2, Show.RATED_3, Show.RATED_4, Show.RATED_5)
FOLLOW_MARKS: Final = frozenset((Show.SELECTED, Show.FLAGGED, Show.EXCLUDED, Show.INCLUDED, Show.UNRATED, *RATED))
"""What is shown changes with every mark or selection."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an image must be to be shown. label: its class, None for any. text: what its name holds, in any case."""

    show: Show = Show.ALL
    label: str | None = None
    text: str = ""


class ImageTexts:
    """Names and classes of a set, taken apart once: asked at every letter typed."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._labels: list[str] = []

    def __len__(self) -> int:
        return len(self._dataset)

    def read(self) -> Iterator[None]:
        """Take the records apart in short steps; what is asked for earlier waits for all of them."""
        images = self._dataset.images
        while len(self._names) < len(images):
            first = len(self._names)
            part = images[first : first + _AT_ONCE]
            self._places.update({image.name: first + i for i, image in enumerate(part)})
            self._labels += [image.label or NO_CLASS for image in part]
            self._names += [_folded(image.name) for image in part]
            yield

    @property
    def labels(self) -> dict[str, int]:
        """Count of images per class, largest first; `NO_CLASS` for those without."""
        self._read_all()
        return dict(Counter(self._labels).most_common())

    def class_ranks(self) -> npt.NDArray[np.float64]:
        """Return the place of each image's class among the sorted classes, NaN without one; shape (n,)."""
        ranks = {label: float(rank) for rank, label in enumerate(sorted(self.labels))} | {NO_CLASS: np.nan}
        return np.array([ranks[label] for label in self._labels], np.float64)

    def with_text(self, text: str) -> Mask:
        """Return which names hold `text`, whatever the case and the composition of accents; shape (n,)."""
        self._read_all()
        wanted = _folded(text)
        return np.fromiter((wanted in name for name in self._names), np.bool_, len(self._names))

    def with_label(self, label: str) -> Mask:
        """Return which images are of a class, `NO_CLASS` for those without; shape (n,)."""
        self._read_all()
        return np.fromiter((own == label for own in self._labels), np.bool_, len(self._labels))

    def named(self, names: Collection[str]) -> Mask:
        """Return which images have one of these names; shape (n,)."""
        mask = np.zeros(len(self._dataset), np.bool_)
        if names:
            self._read_all()
            places = map(self._places.get, names)
            mask[[place for place in places if place is not None]] = True
        return mask

    def _read_all(self) -> None:
        for _ in self.read():
            pass


@dataclass(frozen=True, slots=True)
class MarkMasks:
    """Which images of a set are flagged, which the next run leaves out, how each is rated, 0 for not; shape (n,)."""

    flagged: Mask
    excluded: Mask
    ratings: npt.NDArray[np.uint8]

    def rated(self) -> dict[Show, Mask]:
        """Return the images of each rating or better, and those without; nothing where none is rated."""
        if not self.ratings.any():
            return {}
        best = int(self.ratings.max())
        found = {show: self.ratings >= least for least, show in enumerate(RATED[:best], 1)}
        return found | {Show.UNRATED: self.ratings == 0}


def mask_of(keys: Collection[ImageKey], name: str, texts: ImageTexts) -> Mask:
    """Return which images of the set that the study calls `name` are among `keys`."""
    return texts.named([image for dataset, image in keys if dataset == name])


def shown_mask(wanted: Wanted, texts: ImageTexts, masks: Mapping[Show, Mask]) -> Mask | None:
    """Return which images are shown, None for all.

    masks: the images that each choice of `Show` means; one that is not there means none.
    """
    parts = []
    if wanted.show is not Show.ALL:
        parts.append(masks.get(wanted.show, np.zeros(len(texts), np.bool_)))
    if wanted.label is not None:
        parts.append(texts.with_label(wanted.label))
    if wanted.text.strip():
        parts.append(texts.with_text(wanted.text.strip()))
    if not parts:
        return None
    return np.asarray(np.logical_and.reduce(parts))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
