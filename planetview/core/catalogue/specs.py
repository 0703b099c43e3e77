"""What the catalogue says of a metric, an extractor, a perceptual network, a weight file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """How a metric looks at images; also the order of groups in tables."""

    DISTRIBUTION = "distribution"
    GENERALISATION = "generalisation"
    PAIRWISE = "pairwise"


class Direction(StrEnum):
    """Which way a value is better."""

    LOWER = "lower"
    HIGHER = "higher"

    @property
    def arrow(self) -> str:
        """ "↓" where lower is better, "↑" where higher is better."""
        return "↓" if self is Direction.LOWER else "↑"

    def is_worse(self, value: float, than: float) -> bool:
        """Return whether `value` is worse than `than`."""
        return value > than if self is Direction.LOWER else value < than


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric.

    id: stable name for files and the command line. label: for tables.
    on_features: whether it is computed on an extractor's features (else on pixels).
    has_ratio: whether value / noise floor is meaningful (a zero that means "equal", no decibels).
    min_images: least images per side for a value. unit: "" for none.
    value_range, definition, formula, caveats, citation, parity: words for people.
    weights: ids of `WEIGHTS` that a pairwise metric needs. embedding: the extractor whose features a pairwise metric
    compares, or None; its features are computed even where no other metric asks for them.
    """

    id: str
    label: str
    family: Family
    direction: Direction
    on_features: bool
    has_ratio: bool
    min_images: int
    unit: str
    value_range: str
    definition: str
    formula: str
    caveats: str
    citation: str
    parity: str
    weights: tuple[str, ...] = ()
    embedding: str | None = None


@dataclass(frozen=True, slots=True)
class ExtractorSpec:
    """One feature extractor: a network cut at a layer, with its preprocessing.

    weights: ids of `WEIGHTS` that must be present. dim: length of a feature vector.
    preprocessing: the pipeline's name and steps, in words. `definition` to `citation`: words for people.
    parity: the reference implementation its features are equal to.
    fast: the lower precision that the choice "fast" takes ("bfloat16"), or "" where the measurements of
    `docs/precision.md` forbid one. has_classes: whether the network also gives class probabilities.
    """

    id: str
    label: str
    weights: tuple[str, ...]
    dim: int
    preprocessing: str
    definition: str
    caveats: str
    licence: str
    citation: str
    parity: str
    fast: str = ""
    has_classes: bool = False
