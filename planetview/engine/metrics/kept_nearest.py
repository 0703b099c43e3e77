"""The nearest columns of every row, kept while blocks of rounded distances pass by, and put in order in float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from planetview.engine.metrics.blocks import Check, Features, squared_distances


class KeptNearest:
    """For each of `rows` queries the `keep` candidates with the smallest lower bounds on their squared distance.

    Every column of every row must pass `take` once, and there must be at least `keep` of them.
    """

    def __init__(self, rows: int, keep: int) -> None:
        self._best = torch.full((rows, keep), torch.inf)
        self._index = torch.zeros((rows, keep), dtype=torch.int64)

    def take(self, rows: slice, least: torch.Tensor, offset: int) -> None:
        """Take in lower bounds (rows, b) on the squared distances to the columns from `offset` on."""
        best, index = self._best[rows], self._index[rows]
        keep = best.shape[1]
        found, where = torch.topk(least, min(keep, least.shape[1]), dim=1, largest=False, sorted=False)
        values, order = torch.topk(torch.cat([best, found], dim=1), keep, dim=1, largest=False, sorted=False)
        best.copy_(values)
        index.copy_(torch.cat([index, where + offset], dim=1).gather(1, order))

    @property
    def farthest(self) -> npt.NDArray[np.float32]:
        """The largest lower bound kept of each row; those of all other columns are no smaller."""
        return np.asarray(self._best.amax(dim=1).numpy())

    def exact(self, queries: Features, bank: Features, check: Check) -> npt.NDArray[np.float64]:
        """Return the squared distances of what is kept, (rows, keep), as float64 sums, in no order."""
        rows, keep = self._index.shape
        i = np.repeat(np.arange(rows), keep)
        return squared_distances(queries, bank, i, self._index.numpy().ravel(), check).reshape(rows, keep)

    def settled(
        self, queries: Features, bank: Features, k: int, check: Check
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """Return the k nearest, indices and squared distances (rows, k), and whether each row is proved (rows,).

        Nearest first, ties to the lower index. A row is proved when nothing that was not kept can be as near.
        """
        exact, index = self.exact(queries, bank, check), self._index.numpy()
        order = np.lexsort((index, exact), axis=-1)[:, :k]
        squared = np.take_along_axis(exact, order, axis=1)
        is_proved = (self.farthest > squared[:, -1]) | (index.shape[1] == len(bank))
        return np.take_along_axis(index, order, axis=1), squared, is_proved
