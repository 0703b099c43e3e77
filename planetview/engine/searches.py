"""Nearest-neighbour searches between the sets of a study, each done once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from planetview.core.results import Neighbours
from planetview.core.settings import RunSettings
from planetview.engine.inputs import Inputs
from planetview.engine.memo import Array, Memo
from planetview.engine.neighbours import nearest, nearest_st_lpips
from planetview.engine.perceptual import PairNetwork
from planetview.engine.sampling import set_digest
from planetview.engine.values import Sets

Check = Callable[[], None]


class Searches:
    """Exact searches under one set of settings; finished ones are read from the store.

    spaces: extractor id -> what decides its features. perceptual: loaded networks by id.
    """

    def __init__(
        self,
        sets: Sets,
        settings: RunSettings,
        memo: Memo,
        spaces: dict[str, str],
        perceptual: dict[str, PairNetwork],
        check: Check,
    ) -> None:
        self._sets = sets
        self._settings = settings
        self._memo = memo
        self._spaces = spaces
        self._perceptual = perceptual
        self._check = check

    def nearest(self, query: Inputs, bank: Inputs, by: str, k: int) -> Neighbours:
        """Return the k nearest images (fewer in a smaller bank) of every query image."""
        k = min(k, len(bank.dataset))
        found = self._search(query, bank, by, k)
        return Neighbours(query.dataset.name, bank.dataset.name, by, found[0].astype(np.int64), found[1])

    def nearest_real(self, candidate: Inputs, by: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return whether the nearest real image of each image is a reference image, and which real image it is.

        Both (n,); the second numbers the reference images from 0 and the held-out images behind them.
        Raises ValueError without a held-out set.
        """
        if self._sets.held_out is None:
            raise ValueError("needs a held-out set")
        k = self._settings.neighbours_k
        near, far = (self.nearest(candidate, bank, by, k) for bank in (self._sets.reference, self._sets.held_out))
        is_reference: npt.NDArray[np.bool_] = near.distances[:, 0] < far.distances[:, 0]
        behind = len(self._sets.reference.dataset)
        return is_reference, np.where(is_reference, near.indices[:, 0], behind + far.indices[:, 0])

    def _search(self, query: Inputs, bank: Inputs, by: str, k: int) -> npt.NDArray[np.float64]:
        """Return (2, n, k): indices and distances."""
        space = f"{by} {self._spaces.get(by) or self._perceptual[by].weights_digest}"
        inputs = [
            set_digest([i.digest for i in query.dataset.images], f"{space} {query.stretch.key}"),
            set_digest([i.digest for i in bank.dataset.images], f"{space} {bank.stretch.key}"),
            str(k),
        ]
        budget = self._settings.memory_mib * 2**20 // 2

        def compute() -> Array:
            if by in self._perceptual:
                found = nearest_st_lpips(
                    lambda i: query.load(query.dataset.images[i]), len(query.dataset),
                    lambda i: bank.load(bank.dataset.images[i]), len(bank.dataset), k,
                    model=self._perceptual[by], check=self._check, budget_bytes=budget,
                )  # fmt: skip
            else:
                found = nearest(query.features[by], bank.features[by], k, check=self._check, budget_bytes=budget)
            return np.stack([found[0].astype(np.float64), found[1]])

        return self._memo.array("nearest 1", inputs, (2, len(query.dataset), k), compute)
