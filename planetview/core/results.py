"""The numbers of a study with everything that makes them citable, and the images behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import PlainSerializer, PlainValidator, SerializationInfo, ValidationInfo

from planetview.core.datasets import Dataset, Role, SharedImages
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval

SCHEMA = 1
RANDOM = "random"
"""What `PairTable.paired_by` says where partners were drawn, not searched."""


def _array_out(array: np.ndarray, info: SerializationInfo) -> Any:
    # With a sink the arrays travel as binary members beside the JSON (study files); without, as plain lists.
    sink = (info.context or {}).get("sink")
    if sink is not None:
        key = f"a{len(sink)}"
        sink[key] = array
        return {"array": key}
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    return _without_infinities(array.tolist())


def _without_infinities(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_infinities(item) for item in value]
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _array_in(kind: type) -> Any:
    def read(value: Any, info: ValidationInfo) -> np.ndarray:
        if isinstance(value, dict):
            value = (info.context or {})["arrays"][value["array"]]
        array: np.ndarray = np.asarray(value if isinstance(value, np.ndarray) else _numbers(value), dtype=kind)
        array.flags.writeable = False
        return array

    return read


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return np.nan if value is None else float(value) if isinstance(value, str) else value


FloatArray = Annotated[np.ndarray, PlainValidator(_array_in(np.float64)), PlainSerializer(_array_out)]
IntArray = Annotated[np.ndarray, PlainValidator(_array_in(np.int64)), PlainSerializer(_array_out)]


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One number with its label, or the reason why there is none.

    metric: catalogue id. extractor: catalogue id, or None for pixel metrics.
    candidate: name of the dataset that was judged against the reference.
    value: None when not computable; then `reason` says why, in words, with the next step.
    interval: uncertainty of `value`; its `kind` says how it was made.
    floor, floor_interval: the same number for held-out against reference at the same sample size;
    None without a held-out set (`floor_reason` says so).
    ratio: value / floor where that means something, else None.
    beyond_floor: whether value is worse than the floor with separate intervals; None when unknown.
    n: images per side. variant: the settings that name the number exactly, in words.
    extra: companion numbers by name (for example "unbiased").
    """

    metric: str
    extractor: str | None
    candidate: str
    value: float | None = None
    interval: Interval | None = None
    floor: float | None = None
    floor_interval: Interval | None = None
    floor_reason: str = ""
    ratio: float | None = None
    beyond_floor: bool | None = None
    n: int = 0
    seed: int = 0
    variant: str = ""
    notes: tuple[str, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest images of one dataset for every image of another.

    by: extractor id or perceptual metric id. indices, distances: shape (n, k), nearest first; row i
    belongs to image i of `query`, indices count in `bank`. Distances are Euclidean in feature space,
    or the perceptual metric itself.
    """

    query: str
    bank: str
    by: str
    indices: IntArray
    distances: FloatArray


@dataclass(frozen=True, slots=True)
class PairTable:
    """Images of one dataset, each with its nearest or a random reference image, and the scores of that pair.

    query: dataset name (a candidate or the held-out set). bank: the reference's name.
    paired_by: the neighbour space in which the partner is nearest, or `RANDOM`.
    query_index, bank_index: shape (n,), positions in the two datasets.
    entropy_bits: shape (n,), mean Shannon entropy of the two images.
    scores: metric id -> shape (n,); NaN where a pair has no value, inf for identical images (PSNR).
    notes: metric id -> what to know about that column (for example the MS-SSIM form used).
    """

    query: str
    bank: str
    paired_by: str
    query_index: IntArray
    bank_index: IntArray
    entropy_bits: FloatArray
    scores: dict[str, FloatArray]
    notes: dict[str, str] = field(default_factory=dict)

    def row_of(self, image: int) -> int | None:
        """Return the row of an image of the query, None where it has no pair."""
        rows = np.flatnonzero(self.query_index == image)
        return int(rows[0]) if rows.size else None


@dataclass(frozen=True, slots=True)
class Correlation:
    """How a pairwise metric follows pair entropy over one dataset's pairs.

    r, rho: Pearson and Spearman coefficients, None with `reason` when undefined.
    n: pairs used. dropped: pairs without a finite score. distinct_partners: different reference
    images among the pairs; fewer than n means the pairs are not independent.
    """

    metric: str
    candidate: str
    r: float | None
    r_interval: Interval | None
    rho: float | None
    rho_interval: Interval | None
    n: int
    dropped: int
    distinct_partners: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RealNeighbours:
    """For every reference image that coverage compares, the nearest images of another set among those compared.

    Rows as `Gap.compared`. indices: shape (n, k), positions in the other set, nearest first. distances: shape (n, k),
    Euclidean in feature space. radii: shape (n,), of each image's ball; a gap is as far from the nearest image or
    farther. held_out_indices, held_out_distances: shape (n,), the nearest held-out image; None without such a set.
    """

    indices: IntArray
    distances: FloatArray
    radii: FloatArray
    held_out_indices: IntArray | None = None
    held_out_distances: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """The reference images that another set comes nowhere near: no image of it lies in their ball.

    query: dataset name of a candidate. by: extractor id; the balls are those of coverage.
    compared: shape (n,), ascending positions in the reference of the images that were compared.
    uncovered: those of `compared` without an image of the candidate; their share is 1 - coverage.
    held_out_uncovered: those without a held-out image, at the same sample size; None without a held-out set.
    neighbours: the nearest images of the candidate; None in results that were made before they were kept.
    """

    query: str
    by: str
    compared: IntArray
    uncovered: IntArray
    held_out_uncovered: IntArray | None = None
    neighbours: RealNeighbours | None = None


@dataclass(frozen=True)
class Results:
    """Everything one run found.

    datasets: as used, reference first, then held-out, then candidates (a seeded split shows as two sets).
    values: in catalogue order, candidates in study order. entropy_bits: dataset name -> shape (n,).
    channel_bits: dataset name -> shape (n, 3), entropy of red, green and blue; only sets with colour images.
    random_pairs, random_correlations: as `pairs` and `correlations`, over seeded random pairs.
    unusable: dataset name -> images that failed after the scan, with reasons.
    gaps: one for every value of coverage; results that were made before gaps were kept have none.
    provenance: versions, device, weights, preprocessing, seeds, times; JSON-ready.
    """

    datasets: tuple[Dataset, ...]
    settings: RunSettings
    values: tuple[MetricValue, ...]
    neighbours: tuple[Neighbours, ...]
    pairs: tuple[PairTable, ...]
    correlations: tuple[Correlation, ...]
    entropy_bits: dict[str, FloatArray]
    shared: tuple[SharedImages, ...] = ()
    unusable: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA
    channel_bits: dict[str, FloatArray] = field(default_factory=dict)
    random_pairs: tuple[PairTable, ...] = ()
    random_correlations: tuple[Correlation, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def dataset(self, name: str) -> Dataset:
        """Return the dataset of that name; KeyError when there is none."""
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(name)

    def with_role(self, role: Role) -> tuple[Dataset, ...]:
        """Return the datasets of one role, in study order."""
        return tuple(dataset for dataset in self.datasets if dataset.role is role)

    def value(self, metric: str, candidate: str, extractor: str | None = None) -> MetricValue:
        """Return one cell; `extractor` None takes the first. KeyError when it was not asked for."""
        for cell in self.values:
            if cell.metric == metric and cell.candidate == candidate and extractor in (None, cell.extractor):
                return cell
        raise KeyError((metric, candidate, extractor))

    def neighbours_of(self, query: str, bank: str, by: str | None = None) -> Neighbours:
        """Return the neighbour table of `query` in `bank`; `by` None takes the first. KeyError when absent."""
        for table in self.neighbours:
            if table.query == query and table.bank == bank and by in (None, table.by):
                return table
        raise KeyError((query, bank, by))

    def gap_of(self, query: str, by: str | None = None) -> Gap:
        """Return the gaps of a candidate; `by` None takes the first. KeyError when absent."""
        for gap in self.gaps:
            if gap.query == query and by in (None, gap.by):
                return gap
        raise KeyError((query, by))

    def pairs_of(self, query: str) -> PairTable:
        """Return the nearest-reference pairs of one dataset; KeyError when absent."""
        for table in self.pairs:
            if table.query == query:
                return table
        raise KeyError(query)
