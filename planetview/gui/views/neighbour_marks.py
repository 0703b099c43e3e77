"""The marks of the images of one set of the results, and what changes them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from planetview.core.datasets import Dataset
from planetview.core.marks import ImageKey
from planetview.core.results import Results
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_filter import ImageTexts, MarkMasks, masks_of
from planetview.gui.workspace import Workspace


class ImageMarks(QObject):
    """Flags and exclusions by position in a set; nothing can be marked without a workspace."""

    changed = Signal()

    def __init__(self, workspace: Workspace | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        if workspace is not None:
            workspace.marks_changed.connect(self.changed)

    @property
    def is_possible(self) -> bool:
        """Whether there is a study to keep marks in."""
        return self._workspace is not None

    def masks(self, dataset: Dataset, texts: ImageTexts) -> MarkMasks:
        """Return which images of a set are flagged and excluded."""
        if self._workspace is None:
            nothing = np.zeros(len(dataset), np.bool_)
            return MarkMasks(nothing, nothing)
        return masks_of(self._workspace.marks, self._workspace.set_name(dataset), texts)

    def set_flagged(self, dataset: Dataset, images: Mask, is_on: bool) -> None:
        """Flag the images of a mask, or take their flags away."""
        if self._workspace is not None and images.any():
            self._workspace.set_flagged(self._keys(dataset, images), is_on)

    def set_excluded(self, dataset: Dataset, images: Mask, is_on: bool) -> None:
        """Leave the images of a mask out of the next run, or take them in again."""
        if self._workspace is not None and images.any():
            self._workspace.set_excluded(self._keys(dataset, images), is_on)

    def set_one_flagged(self, dataset: Dataset, image: str, is_on: bool) -> None:
        """Flag the image of that name, or take its flag away."""
        if self._workspace is not None:
            self._workspace.set_flagged([(self._workspace.set_name(dataset), image)], is_on)

    def set_one_excluded(self, dataset: Dataset, image: str, is_on: bool) -> None:
        """Leave the image of that name out of the next run, or take it in again."""
        if self._workspace is not None:
            self._workspace.set_excluded([(self._workspace.set_name(dataset), image)], is_on)

    def keys_in(self, results: Results) -> tuple[frozenset[ImageKey], frozenset[ImageKey]]:
        """Return the images flagged and excluded, under the names that their sets have in `results`."""
        if self._workspace is None:
            return frozenset(), frozenset()
        workspace, marks = self._workspace, self._workspace.marks
        known: dict[str, list[str]] = {}
        for dataset in results.datasets:
            known.setdefault(workspace.set_name(dataset), []).append(dataset.name)

        def renamed(keys: frozenset[ImageKey]) -> frozenset[ImageKey]:
            return frozenset((name, image) for study_name, image in keys for name in known.get(study_name, ()))

        return renamed(marks.flagged), renamed(marks.excluded)

    def _keys(self, dataset: Dataset, images: Mask) -> list[tuple[str, str]]:
        assert self._workspace is not None
        name = self._workspace.set_name(dataset)
        return [(name, dataset.images[i].name) for i in np.flatnonzero(images)]
