"""Which images of a set are shown: by mark, selection, class and name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planetview.core.datasets import Dataset
from planetview.core.marks import Marks
from planetview.core.selection import Mask

NO_CLASS = ""


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
        self._names: list[str] | None = None
        self._places: dict[str, int] | None = None

    def __len__(self) -> int:
        return len(self._dataset)

    def with_text(self, text: str) -> Mask:
        """Return which names hold `text`, whatever the case and the composition of accents; shape (n,)."""
        if self._names is None:
            self._names = [_folded(image.name) for image in self._dataset.images]
        wanted = _folded(text)
        return np.fromiter((wanted in name for name in self._names), np.bool_, len(self._names))

    def with_label(self, label: str) -> Mask:
        """Return which images are of a class, `NO_CLASS` for those without; shape (n,)."""
        images = self._dataset.images
        return np.fromiter(((image.label or NO_CLASS) == label for image in images), np.bool_, len(images))

    def named(self, names: Iterable[str]) -> Mask:
        """Return which images have one of these names; shape (n,)."""
        if self._places is None:
            self._places = {image.name: i for i, image in enumerate(self._dataset.images)}
        mask = np.zeros(len(self._dataset), np.bool_)
        mask[[self._places[name] for name in names if name in self._places]] = True
        return mask


@dataclass(frozen=True, slots=True)
class MarkMasks:
    """Which images of a set are flagged, and which the next run leaves out; shape (n,) each."""

    flagged: Mask
    excluded: Mask


def masks_of(marks: Marks, name: str, texts: ImageTexts) -> MarkMasks:
    """Return the marks of the set that the study calls `name`."""
    flagged = texts.named(image for dataset, image in marks.flagged if dataset == name)
    return MarkMasks(flagged, texts.named(image for dataset, image in marks.excluded if dataset == name))


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
