"""The marks of the images of one set of the results, and what changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import numpy as np
from PySide6.QtCore import QObject, Signal

from planetview.core.datasets import Dataset
from planetview.core.marks import BEST_RATING, ImageKey, Marks
from planetview.core.results import Results
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_filter import ImageTexts, MarkMasks, mask_of
from planetview.gui.turns import Turns
from planetview.gui.workspace import Workspace

# The records of 50,000 images lie all over the memory: to look at all of them takes up to 60 ms.
_AT_ONCE = 4000
_KEPT_MASKS = 24
_FLAGGED, _EXCLUDED = "flagged", "excluded"
_RATED = tuple(f"rated {rating}" for rating in range(1, BEST_RATING + 1))
_KINDS = (_FLAGGED, _EXCLUDED, *_RATED)


class ImageMarks(QObject):
    """Flags, exclusions and ratings by position in a set; nothing can be marked without a workspace."""

    changed = Signal()

    def __init__(self, workspace: Workspace | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._marking = Turns(self)
        self._left: Iterator[None] = iter(())
        # While a command marks: whose images, and the masks of each kind that come of it.
        self._coming: tuple[Dataset, dict[str, Mask]] | None = None
        # Masks by the keys they are of, with whose images: undo comes back to the same keys.
        self._masks: dict[tuple[int, int], tuple[Dataset, frozenset[ImageKey], Mask]] = {}
        self._asked: tuple[Dataset, str, ImageTexts] | None = None
        self._reading = Turns(self)
        if workspace is not None:
            workspace.marks_changed.connect(self._on_marks_changed)

    @property
    def is_possible(self) -> bool:
        """Whether there is a study to keep marks in."""
        return self._workspace is not None

    def masks(self, dataset: Dataset, texts: ImageTexts) -> MarkMasks:
        """Return which images of a set are flagged and excluded, and how they are rated."""
        ratings = np.zeros(len(dataset), np.uint8)
        if self._workspace is None:
            nothing = np.zeros(len(dataset), np.bool_)
            return MarkMasks(nothing, nothing, ratings)
        name = self._workspace.set_name(dataset)
        self._asked = (dataset, name, texts)
        flagged, excluded = (self._mask(kind, dataset, name, texts) for kind in (_FLAGGED, _EXCLUDED))
        for rating, kind in enumerate(_RATED, 1):
            if self._keys(kind):
                ratings[self._mask(kind, dataset, name, texts)] = rating
        return MarkMasks(flagged, excluded, ratings)

    def set_flagged(self, dataset: Dataset, images: Mask, is_on: bool) -> None:
        """Flag the images of a mask, or take their flags away; many images in later turns of the event loop."""
        if self._workspace is not None:
            change = self._workspace.set_flagged
            self._set({_FLAGGED: is_on}, dataset, images, lambda keys: change(keys, is_on))

    def set_excluded(self, dataset: Dataset, images: Mask, is_on: bool) -> None:
        """Leave the images of a mask out of the next run, or take them in again; many images in later turns."""
        if self._workspace is not None:
            change = self._workspace.set_excluded
            self._set({_EXCLUDED: is_on}, dataset, images, lambda keys: change(keys, is_on))

    def set_rating(self, dataset: Dataset, images: Mask, rating: int) -> None:
        """Rate the images of a mask, 0 for no longer; many images in later turns."""
        if self._workspace is not None:
            change = self._workspace.set_rating
            kinds = {kind: rating == of for of, kind in enumerate(_RATED, 1)}
            self._set(kinds, dataset, images, lambda keys: change(keys, rating))

    def set_one_flagged(self, dataset: Dataset, image: str, is_on: bool) -> None:
        """Flag the image of that name, or take its flag away."""
        if self._workspace is not None:
            self._workspace.set_flagged([(self._workspace.set_name(dataset), image)], is_on)

    def set_one_excluded(self, dataset: Dataset, image: str, is_on: bool) -> None:
        """Leave the image of that name out of the next run, or take it in again."""
        if self._workspace is not None:
            self._workspace.set_excluded([(self._workspace.set_name(dataset), image)], is_on)

    def set_one_rating(self, dataset: Dataset, image: str, rating: int) -> None:
        """Rate the image of that name, 0 for no longer."""
        if self._workspace is not None:
            self._workspace.set_rating([(self._workspace.set_name(dataset), image)], rating)

    def marks_in(self, results: Results) -> Marks:
        """Return the marks under the names that the sets have in `results`."""
        if self._workspace is None:
            return Marks()
        workspace, marks = self._workspace, self._workspace.marks
        known: dict[str, list[str]] = {}
        for dataset in results.datasets:
            known.setdefault(workspace.set_name(dataset), []).append(dataset.name)

        def renamed(keys: frozenset[ImageKey]) -> frozenset[ImageKey]:
            return frozenset((name, image) for study_name, image in keys for name in known.get(study_name, ()))

        return marks.with_keys(renamed)

    def _keys(self, kind: str) -> frozenset[ImageKey]:
        assert self._workspace is not None
        marks = self._workspace.marks
        if kind in _RATED:
            return marks.rated[_RATED.index(kind)]
        return marks.flagged if kind == _FLAGGED else marks.excluded

    def _mask(self, kind: str, dataset: Dataset, name: str, texts: ImageTexts) -> Mask:
        keys, known = self._keys(kind), self._known_mask(kind, dataset)
        if known is None:
            coming = self._coming[1] if self._coming is not None and self._coming[0] is dataset else {}
            known = coming[kind] if kind in coming else mask_of(keys, name, texts)
            self._keep(dataset, keys, known)
        return known

    def _keep(self, dataset: Dataset, keys: frozenset[ImageKey], mask: Mask) -> None:
        mask.flags.writeable = False
        self._masks[id(dataset), id(keys)] = (dataset, keys, mask)
        while len(self._masks) > _KEPT_MASKS:
            del self._masks[next(iter(self._masks))]

    def _on_marks_changed(self) -> None:
        new = []
        if self._asked is not None and self._coming is None:
            new = [kind for kind in _KINDS if len(self._keys(kind)) > _AT_ONCE]
            new = [kind for kind in new if self._known_mask(kind, self._asked[0]) is None]
        if new and self._asked is not None:
            self._reading.begin_later(self._read(new, *self._asked))
        else:
            self._reading.stop()
            self.changed.emit()

    def _read(self, kinds: list[str], dataset: Dataset, name: str, texts: ImageTexts) -> Iterator[None]:
        """Find the masks of many marks that came from elsewhere part by part, then tell that they changed."""
        for kind in kinds:
            keys, mask = self._keys(kind), np.zeros(len(dataset), np.bool_)
            rest = iter(keys)
            while part := tuple(islice(rest, _AT_ONCE)):
                mask |= mask_of(part, name, texts)
                yield
            self._keep(dataset, keys, mask)
        self.changed.emit()

    def _known_mask(self, kind: str, dataset: Dataset) -> Mask | None:
        keys = self._keys(kind)
        known = self._masks.get((id(dataset), id(keys)))
        return known[2] if known is not None and known[0] is dataset and known[1] is keys else None

    def _set(
        self, kinds: Mapping[str, bool], dataset: Dataset, images: Mask, change: Callable[[set[ImageKey]], None]
    ) -> None:
        for _ in self._left:  # of a command before, whose images must not be lost
            pass
        if images.any():
            self._left = self._steps(kinds, dataset, images, change)
            self._marking.begin(self._left)

    def _steps(
        self, kinds: Mapping[str, bool], dataset: Dataset, images: Mask, change: Callable[[set[ImageKey]], None]
    ) -> Iterator[None]:
        """Gather the keys part by part, then mark them all as one change. kinds: whether each kind is on then."""
        workspace = self._workspace
        assert workspace is not None
        sets, name, places = workspace.datasets, workspace.set_name(dataset), np.flatnonzero(images).tolist()
        keys: set[ImageKey] = set()
        for first in range(0, len(places), _AT_ONCE):
            if first:
                yield
            keys.update((name, dataset.images[i].name) for i in places[first : first + _AT_ONCE])
        if len(keys) > _AT_ONCE:
            yield
        if workspace.datasets is not sets:
            return  # another study has been opened meanwhile
        coming = {}
        for kind, is_on in kinds.items():
            before = self._known_mask(kind, dataset)
            if before is not None:
                coming[kind] = before | images if is_on else before & ~images
        self._coming = (dataset, coming)
        change(keys)
        self._coming = None
