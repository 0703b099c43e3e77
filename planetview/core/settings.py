"""What a run computes and how: the choices of a user, complete and frozen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from planetview.core.catalogue import (
    DEFAULT_EXTRACTORS,
    DEFAULT_METRICS,
    EXTRACTORS,
    METRICS,
    NEIGHBOUR_SPACES,
)
from planetview.core.errors import UserError
from planetview.core.stretch import Stretch


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The choices of one run; part of its provenance.

    metrics, extractors: ids of the catalogue. neighbours_by: ids of `NEIGHBOUR_SPACES`; the first also pairs each
    image with its nearest reference image for the pairwise metrics.
    precision: "float32", or "fast" for the lower precision of those extractors for which the catalogue allows one.
    neighbours_k: neighbours kept per image. seed: for every subsample, subset and bootstrap.
    device: "auto", "cpu", "cuda" or "mps". threads: None for cores less one.
    memory_mib: budget for the blocks of all-pairs work.
    kid_subsets, kid_subset_size: as torch-fidelity; the size shrinks to n with a note.
    random_pairs: pairs of a random image and a random reference image scored beside the nearest pairs of each dataset,
    at most one per image; 0 for none.
    split_reference: share of the reference set aside as held-out when there is no held-out set; 0 for none.
    """

    metrics: tuple[str, ...] = DEFAULT_METRICS
    extractors: tuple[str, ...] = DEFAULT_EXTRACTORS
    neighbours_by: tuple[str, ...] = DEFAULT_EXTRACTORS
    neighbours_k: int = 5
    stretch: Stretch = field(default_factory=Stretch)
    seed: int = 2020
    device: str = "auto"
    precision: str = "float32"
    threads: int | None = None
    memory_mib: int = 1024
    kid_subsets: int = 100
    kid_subset_size: int = 1000
    split_reference: float = 0.0
    random_pairs: int = 1000

    def validated(self) -> RunSettings:
        """Return self, or raise `UserError` that names the first wrong choice and the allowed ones."""
        _check_known("metric", self.metrics, METRICS)
        _check_known("extractor", self.extractors, EXTRACTORS)
        _check_known("neighbour space", self.neighbours_by, NEIGHBOUR_SPACES)
        if not self.neighbours_by or not self.extractors:
            raise UserError("At least one extractor and one neighbour space are needed.")
        for name, value, least in (
            ("neighbours_k", self.neighbours_k, 1),
            ("memory_mib", self.memory_mib, 64),
            ("kid_subsets", self.kid_subsets, 1),
            ("kid_subset_size", self.kid_subset_size, 2),
            ("seed", self.seed, 0),
            ("random_pairs", self.random_pairs, 0),
        ):
            if value < least:
                raise UserError(f"{name} is {value}; it must be at least {least}.")
        if self.precision not in ("float32", "fast"):
            raise UserError(f"Unknown precision '{self.precision}'.", hint="Known: float32, fast.")
        if self.seed >= 2**32:
            raise UserError(f"seed is {self.seed}; it must be below 2^32.")
        if not 0 <= self.split_reference < 1:
            raise UserError(f"split_reference is {self.split_reference:g}; it must lie in [0, 1).")
        return self


def _check_known(kind: str, given: tuple[str, ...], allowed: Collection[str]) -> None:
    for item in given:
        if item not in allowed:
            raise UserError(f"Unknown {kind} '{item}'.", hint=f"Known: {', '.join(allowed)}.")
    if len(set(given)) != len(given):
        raise UserError(f"A {kind} is named twice: {', '.join(given)}.")
