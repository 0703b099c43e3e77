"""Nearest-neighbour searches between the sets of a study, each done once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Role
from planetview.core.results import Neighbours
from planetview.core.settings import RunSettings
from planetview.engine.inputs import Inputs
from planetview.engine.memo import Array, Memo
from planetview.engine.neighbours import nearest, nearest_st_lpips
from planetview.engine.perceptual.st_lpips import StLpips
from planetview.engine.sampling import set_digest, subsample
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
        perceptual: dict[str, StLpips],
        check: Check,
    ) -> None:
        self._sets = sets
        self._settings = settings
        self._memo = memo
        self._spaces = spaces
        self._perceptual = perceptual
        self._check = check

    def nearest(self, query: Inputs, bank: Inputs, by: str, k: int) -> Neighbours:
        """Return the k nearest images (fewer in a smaller bank) of every query image, by features or ST-LPIPS."""
        k = min(k, len(bank.dataset))
        found = self._search(query, bank, by, k, None)
        return Neighbours(query.dataset.name, bank.dataset.name, by, found[0].astype(np.int64), found[1])

    def nearer_to_reference(self, candidate: Inputs, by: str) -> tuple[npt.NDArray[np.bool_], int]:
        """Return which images are nearer to the reference than to the held-out set, and the size of both banks.

        The larger bank is cut to the size of the smaller by a seeded subsample: a larger bank would be nearer by
        its size alone. Raises ValueError without a held-out set.
        """
        if self._sets.held_out is None:
            raise ValueError("needs a held-out set")
        banks = (self._sets.reference, Role.REFERENCE), (self._sets.held_out, Role.HELD_OUT)
        size = min(len(bank.dataset) for bank, _ in banks)
        distances = []
        for bank, role in banks:
            rows = subsample(len(bank.dataset), size, self._settings.seed, role)
            distances.append(self._search(candidate, bank, by, 1, rows)[1][:, 0])
        return distances[0] < distances[1], size

    def _search(
        self, query: Inputs, bank: Inputs, by: str, k: int, rows: npt.NDArray[np.int64] | None
    ) -> npt.NDArray[np.float64]:
        """Return (2, n, k): indices and distances."""
        picked = range(len(bank.dataset)) if rows is None else rows.tolist()
        space = f"{by} {self._spaces.get(by) or self._perceptual[by].weights_digest}"
        inputs = [
            set_digest([i.digest for i in query.dataset.images], f"{space} {query.stretch.key}"),
            set_digest([bank.dataset.images[i].digest for i in picked], f"{space} {bank.stretch.key}"),
            str(k),
        ]
        budget = self._settings.memory_mib * 2**20 // 2

        def compute() -> Array:
            if by in self._perceptual:
                found = nearest_st_lpips(
                    lambda i: query.load(query.dataset.images[i]), len(query.dataset),
                    lambda i: bank.load(bank.dataset.images[picked[i]]), len(picked), k,
                    model=self._perceptual[by], check=self._check, budget_bytes=budget,
                )  # fmt: skip
            else:
                features = bank.features[by]
                found = nearest(
                    query.features[by], features if rows is None else features[rows], k,
                    check=self._check, budget_bytes=budget,
                )  # fmt: skip
            return np.stack([found[0].astype(np.float64), found[1]])

        return self._memo.array("nearest 1", inputs, (2, len(query.dataset), k), compute)
