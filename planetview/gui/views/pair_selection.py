"""Which pairs are selected, which is the current one, and the choice of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from planetview.core.results import PairTable, Results
from planetview.core.selection import ImageRef, SelectionState
from planetview.gui.views.pair_series import PairSets

Mask = npt.NDArray[np.bool_]


class PairSelection:
    """The selection of images as one of the pairs of a run: a pair is selected where its query image is."""

    def __init__(self, selection: SelectionState, results: Results, sets: PairSets) -> None:
        self._selection, self._results, self._sets = selection, results, sets

    def masks(self, names: Iterable[str]) -> dict[str, Mask]:
        """Return which rows of these tables are selected."""
        return {name: self._mask(self._sets.tables[name]) for name in names}

    def _mask(self, table: PairTable) -> Mask:
        if self._selection.sizes.get(table.query) != len(self._results.dataset(table.query).images):
            return np.zeros(table.query_index.size, dtype=np.bool_)
        mask: Mask = self._selection.selected(table.query)[table.query_index]
        return mask

    def row_of(self, current: ImageRef | None, names: Iterable[str]) -> tuple[str, int] | None:
        """Return the first of these tables that has a pair of the current image, and its row."""
        for name in names:
            table = self._sets.tables[name]
            if current is not None and table.query == current[0]:
                row = table.row_of(current[1])
                if row is not None:
                    return name, row
        return None

    def with_current(self, masks: Mapping[str, Mask], current: ImageRef | None) -> dict[str, Mask]:
        """Return masks with every pair of the current image in them too."""
        found = dict(masks)
        for name, mask in masks.items():
            here = self.row_of(current, [name])
            if here is not None:
                found[name] = mask.copy()
                found[name][here[1]] = True
        return found

    def choose(self, inside: Mapping[str, npt.NDArray[np.intp]], origin: object, *, extend: bool) -> bool:
        """Select both images of the pairs in these rows; False where an image is of a set nobody knows any more."""
        masks: dict[str, Mask] = {}
        for name, rows in inside.items():
            table = self._sets.tables[name]
            for dataset, index in ((table.query, table.query_index[rows]), (table.bank, table.bank_index[rows])):
                if dataset not in self._selection.sizes:
                    return False
                mask = masks.setdefault(dataset, np.zeros(self._selection.sizes[dataset], dtype=np.bool_))
                mask[index] = True
        self._selection.select_many(masks, origin, extend=extend)
        return True
