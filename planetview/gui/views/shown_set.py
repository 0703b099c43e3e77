"""The set that the neighbours page shows: its neighbours, its selection, its marks, and what commands are for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from planetview import __version__
from planetview.core.results import Results
from planetview.core.selection import ImageRef, Mask, SelectionState
from planetview.gui.models.neighbour_export import NeighbourRows
from planetview.gui.models.neighbour_filter import ImageTexts, MarkMasks, Show
from planetview.gui.models.neighbour_order import CLASS, RATING, Order, Score, order_of, real_values_of, values_of
from planetview.gui.models.neighbour_set import NeighbourSet, Toward
from planetview.gui.views.neighbour_marks import ImageMarks


class ShownSet:
    """What is known of the images of one set of `results`; `found` is None while there is none."""

    def __init__(self, selection: SelectionState, marks: ImageMarks) -> None:
        self._selection, self._marks = selection, marks
        self.results: Results | None = None
        self.found: NeighbourSet | None = None
        self.texts: ImageTexts | None = None
        self.masks: MarkMasks | None = None

    @property
    def selected(self) -> Mask | None:
        """Which images of the set are selected, None where none is."""
        if self.found is None or not self._selection.counts().get(self.found.query.name):
            return None
        mask = self._selection.selected(self.found.query.name)
        return mask if mask.size == len(self.found) else None

    def use(self, results: Results | None, found: NeighbourSet | None) -> bool:
        """Show another set of `results`, or the same in other spaces; return whether it is another one."""
        before, self.found, self.results = self.found, found, results
        if before is not None and found is not None and before.bank is found.bank:
            found.equal = before.equal
        is_other = found is not None and (before is None or before.query is not found.query)
        if found is None:
            self.texts = None
        elif is_other:
            self.texts = ImageTexts(found.query)
        self.read_marks()
        return is_other

    def read(self) -> Iterator[None]:
        """Take records apart in short steps, ahead of filters that need them."""
        if self.texts is not None:
            yield from self.texts.read()
        if self.found is not None:
            yield from self.found.equal.read()

    def read_marks(self) -> None:
        """Look up the marks anew."""
        self.masks = None
        if self.found is not None and self.texts is not None:
            self.masks = self._marks.masks(self.found.query, self.texts)

    def holds(self, ref: ImageRef | None) -> bool:
        """Return whether an image is one of the set."""
        found = self.found
        if ref is None or found is None or ref[0] != found.query.name or ref[1] >= len(found):
            return False
        return found.compared is None or bool(found.compared[ref[1]])

    @property
    def current(self) -> int | None:
        """The position of the image in focus, None where that is not in the set."""
        ref = self._selection.current
        return ref[1] if ref is not None and self.holds(ref) else None

    def kinds(self) -> dict[Show, Mask]:
        """Return the images of each kind that can be asked for."""
        found, masks = self.found, {}
        if found is None:
            return {}
        if (selected := self.selected) is not None:
            masks[Show.SELECTED] = selected
        if self.masks is not None and self._marks.is_possible:
            masks |= {Show.FLAGGED: self.masks.flagged, Show.EXCLUDED: self.masks.excluded}
            masks |= {Show.INCLUDED: ~self.masks.excluded} | self.masks.rated()
        if found.real is not None:
            masks[Show.GAPS] = found.real.gaps
        elif found.held_out is not None:
            masks[Show.NEARER] = found.much_nearer
        if found.other is not None:
            masks |= {Show.SAME: found.agree, Show.DIFFERENT: ~found.agree}
        return masks if found.compared is None else {kind: mask & found.compared for kind, mask in masks.items()}

    def rows(self, order: Order, score: Score | None, seed: int) -> npt.NDArray[np.int64] | None:
        """Return the images in an order, by a score where the order has one."""
        if self.found is None or self.results is None:
            return None
        if score is None or order in (Order.COPIES, Order.RANDOM):
            return self._compared(order_of(order, self.found.nearest, self.found.held_out_distance, seed))
        if score.id == CLASS and self.texts is not None:
            values = self.texts.class_ranks()
        elif score.id == RATING:
            given = np.zeros(len(self.found)) if self.masks is None else self.masks.ratings.astype(np.float64)
            values = np.where(given > 0, given, np.nan)
        else:
            read = real_values_of if self.found.toward is Toward.SYNTHETIC else values_of
            values = read(self.results, self.found.name, score.id)
        return self._compared(order_of(order, values, better=score.better))

    def _compared(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Leave out images that have no neighbours: coverage compares as many real images as synthetic ones."""
        compared = None if self.found is None else self.found.compared
        return rows if compared is None else rows[compared[rows]]

    def targets(self, shown: npt.NDArray[np.int64]) -> Mask:
        """Return the images that a command is for: of those shown, the selected ones if the current is one, else it.

        shown: the images shown.
        """
        if self.found is None:
            return np.zeros(0, np.bool_)
        mine, selected = self.current, self.selected
        targets = np.zeros(len(self.found), np.bool_)
        if selected is not None and (mine is None or selected[mine]):
            targets[shown] = selected[shown]
        # Filters may hide all that is selected: the inspector still shows the current image.
        if mine is not None and not targets.any():
            targets[mine] = True
        return targets

    def listed(self, shown: npt.NDArray[np.int64]) -> NeighbourRows | None:
        """Return what an export holds: the selected images of those shown, or all shown, in their order."""
        if self.found is None or self.results is None or self.masks is None:
            return None
        selected = self.selected
        if selected is None or not selected[shown].any():
            selected, chosen = np.zeros(len(self.found), np.bool_), shown
        else:
            chosen = shown[selected[shown]]
        made_by = str(self.results.provenance.get("version") or __version__)
        found = self.found
        bank = found.name if found.toward is Toward.SYNTHETIC else None
        return NeighbourRows(self.results, found.query.name, chosen, self.masks, selected, made_by, bank)
