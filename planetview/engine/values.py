"""Numbers beside their noise floor: the cells of the metric table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import METRICS, Direction, MetricSpec
from planetview.core.datasets import Role
from planetview.core.results import Gap, MetricValue, PairTable, RealNeighbours
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval, bootstrap_mean_interval, normal_quantile, wilson
from planetview.engine.distribution import (
    OWN_SIZES,
    Comparison,
    NearestOthers,
    Outcome,
    distribution_outcome,
    nearest_others,
    own_sizes,
    uncovered_reference,
)
from planetview.engine.inputs import Inputs
from planetview.engine.memo import Memo
from planetview.engine.sampling import set_digest, subsample

Check = Callable[[], None]
NO_HELD_OUT = "no held-out set: give one, or set part of the reference aside, to see the noise floor"
_BOOTSTRAP_REPLICATES = 2000


@dataclass(frozen=True)
class Sets:
    """The sets of a study as numbers: reference, held-out or None, candidates."""

    reference: Inputs
    held_out: Inputs | None
    candidates: tuple[Inputs, ...]

    @property
    def queries(self) -> tuple[Inputs, ...]:
        """Every set whose images are looked up in the reference: the held-out set, then the candidates."""
        return (*((self.held_out,) if self.held_out else ()), *self.candidates)


class DistributionTable:
    """Distribution metrics of every candidate; the floor is computed once a sample size.

    spaces: extractor id -> what decides its features besides image and stretch; part of every stored number.
    classifiers: extractor id -> (dim, classes) from features to class logits, or None; needed by the Inception Score
    alone, which has no value for an extractor that is missing here.
    """

    def __init__(
        self,
        sets: Sets,
        settings: RunSettings,
        memo: Memo,
        spaces: dict[str, str],
        check: Check,
        classifiers: Mapping[str, npt.NDArray[np.float32] | None] | None = None,
    ) -> None:
        self._sets = sets
        self._settings = settings
        self._memo = memo
        self._spaces = spaces
        self._check = check
        self._classifiers = classifiers or {}
        self._floors: dict[tuple[str, str, tuple[int, int]], Outcome] = {}

    def value(self, metric: str, extractor: str, candidate: Inputs) -> MetricValue:
        """Return one cell with its floor at the same sample size."""
        held_out = self._sets.held_out
        sizes, floor_sizes = self._sizes(metric, candidate)
        outcome = self._outcome(metric, extractor, candidate, Role.CANDIDATE, sizes)
        floor = Outcome(reason=NO_HELD_OUT)
        if held_out is not None:
            key = (metric, extractor, floor_sizes)
            if key not in self._floors:
                self._floors[key] = self._outcome(metric, extractor, held_out, Role.HELD_OUT, floor_sizes)
            floor = self._floors[key]
        notes = (*outcome.notes, *self._size_notes(candidate, sizes, floor_sizes))
        return beside_floor(
            METRICS[metric], extractor, candidate.dataset.name, outcome, floor, sizes[1], self._settings, notes
        )

    def gap(self, extractor: str, candidate: Inputs) -> Gap | None:
        """Return the reference images that coverage does not count, or None where it has too few images."""
        held_out = self._sets.held_out
        (n, _), _ = self._sizes("coverage", candidate)
        if n < METRICS["coverage"].min_images:
            return None
        compared = subsample(len(self._sets.reference.dataset), n, self._settings.seed, Role.REFERENCE)
        rows, near = self._uncovered(extractor, candidate, Role.CANDIDATE, n)
        neighbours = RealNeighbours(near.indices, near.distances, near.radii)
        floor = None
        if held_out is not None:
            floor_rows, far = self._uncovered(extractor, held_out, Role.HELD_OUT, n)
            floor = compared[floor_rows]
            neighbours = replace(
                neighbours, held_out_indices=far.indices[:, 0], held_out_distances=far.distances[:, 0].copy()
            )
        return Gap(candidate.dataset.name, extractor, compared, compared[rows], floor, neighbours)

    def _uncovered(
        self, extractor: str, other: Inputs, role: Role, n: int
    ) -> tuple[npt.NDArray[np.int64], NearestOthers]:
        """Return the rows of the sample of the reference without an image of a set, and what is nearest to each.

        The nearest are positions in that set, whose sample of n images is compared.
        """
        pair = self._pair(extractor, other, role, (n, n))
        rows = uncovered_reference(pair, self._settings, self._memo, self._check)
        found = nearest_others(pair, self._settings, self._memo, self._check)
        drawn = subsample(len(other.dataset), n, self._settings.seed, role)
        return rows, replace(found, indices=drawn[found.indices])

    def _sizes(self, metric: str, candidate: Inputs) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the images of reference and candidate, and those of reference and held-out for the floor."""
        real, n = len(self._sets.reference.dataset), len(candidate.dataset)
        held = n if self._sets.held_out is None else len(self._sets.held_out.dataset)
        if metric in OWN_SIZES:
            real, n = own_sizes(metric, real, n)
            return (real, n), (real, min(n, held))
        least = min(real, n, held)
        return (least, least), (least, least)

    def _outcome(self, metric: str, extractor: str, other: Inputs, role: Role, sizes: tuple[int, int]) -> Outcome:
        pair = self._pair(extractor, other, role, sizes)
        return distribution_outcome(metric, pair, self._settings, self._memo, self._check)

    def _pair(self, extractor: str, other: Inputs, role: Role, sizes: tuple[int, int]) -> Comparison:
        sides = []
        for inputs, side_role, n in ((self._sets.reference, Role.REFERENCE, sizes[0]), (other, role, sizes[1])):
            rows = subsample(len(inputs.dataset), n, self._settings.seed, side_role)
            digests = [inputs.dataset.images[i].digest for i in rows]
            features = inputs.features[extractor]
            sides.append(
                (
                    features if n == len(features) else features[rows],
                    set_digest(digests, f"{extractor} {self._spaces[extractor]} {inputs.stretch.key}"),
                )
            )
        (reference, reference_key), (others, other_key) = sides
        return Comparison(reference, others, reference_key, other_key, self._classifiers.get(extractor))

    def _size_notes(self, candidate: Inputs, sizes: tuple[int, int], floor_sizes: tuple[int, int]) -> tuple[str, ...]:
        held_out = self._sets.held_out
        used = [(self._sets.reference, sizes[0]), (candidate, sizes[1])]
        if held_out is not None:
            used.append((held_out, floor_sizes[1]))
        cut: dict[int, list[str]] = {}
        for inputs, n in used:
            if len(inputs.dataset) > n:
                cut.setdefault(n, []).append(f"{len(inputs.dataset):,} of {inputs.dataset.name}")
        notes = tuple(f"seeded subsample of {n:,} from {' and '.join(names)}" for n, names in cut.items())
        if floor_sizes[1] < sizes[1]:
            unequal = f"the floor has {floor_sizes[1]:,} held-out images against {sizes[1]:,} here: not an equal size"
            notes = (*notes, unequal)
        return notes


def beside_floor(
    spec: MetricSpec,
    extractor: str | None,
    candidate: str,
    outcome: Outcome,
    floor: Outcome,
    n: int,
    settings: RunSettings,
    notes: tuple[str, ...],
) -> MetricValue:
    """Return a cell: the number, its floor, their ratio, and whether the intervals tell them apart."""
    ratio = None
    if spec.has_ratio and outcome.value is not None and floor.value is not None:
        # An unbiased distance near zero says "not distinguishable", and dividing by it says nothing.
        unclear = floor.interval is not None and floor.interval.low < 0
        if floor.value > 0 and not unclear:
            ratio = outcome.value / floor.value
        else:
            notes = (*notes, "no ratio: the floor cannot be told from 0")
    return MetricValue(
        spec.id, extractor, candidate, outcome.value, outcome.interval, floor.value, floor.interval,
        floor.reason, ratio, _is_beyond(spec, outcome, floor), n, settings.seed, outcome.variant, notes,
        outcome.extra, outcome.reason,
    )  # fmt: skip


def _is_beyond(spec: MetricSpec, outcome: Outcome, floor: Outcome) -> bool | None:
    if outcome.value is None or floor.value is None or outcome.interval is None or not outcome.spans_samples:
        return None
    floor_low = floor.interval.low if floor.interval else floor.value
    floor_high = floor.interval.high if floor.interval else floor.value
    if spec.direction is Direction.LOWER:
        return outcome.interval.low > floor_high
    return outcome.interval.high < floor_low


def closer_to_reference(
    is_reference: npt.NDArray[np.bool_],
    nearest: npt.NDArray[np.int64],
    candidate: Inputs,
    sets: Sets,
    extractor: str,
    settings: RunSettings,
) -> MetricValue:
    """Return the share of images whose nearest real image is a reference image.

    is_reference, nearest: (n,) from `Searches.nearest_real`. The floor is what chance gives when candidate images know
    neither set: then it is chance which real images are the reference ones. Its interval follows from drawing
    them at random among all real images, and is wide when a few real images are the nearest of many.
    Raises ValueError without a held-out set.
    """
    if sets.held_out is None:
        raise ValueError("needs a held-out set")
    real, held = len(sets.reference.dataset), len(sets.held_out.dataset)
    count, n = int(is_reference.sum()), len(is_reference)
    interval = wilson(count, n)
    interval = Interval(interval.low, interval.high, interval.level, "Wilson, given both real sets")
    share = real / (real + held)
    followers = np.bincount(nearest)
    # Variance of a sum of follower counts over a draw without replacement of the reference among all real images.
    spread = float(np.square(followers).sum()) / n**2 - 1.0 / (real + held)
    drawn = (real + held) / max(1, real + held - 1)
    half = normal_quantile(0.95) * math.sqrt(max(0.0, share * (1 - share) * drawn * spread))
    floor = Outcome(
        share,
        Interval(max(0.0, share - half), min(1.0, share + half), 0.95, "random labels of the real images, normal"),
    )
    hubs = int((followers > 0).sum())
    notes = (f"{hubs:,} different real images are the nearest of {n:,}",)
    variant = f"nearest by {extractor} among {real:,} reference and {held:,} held-out images"
    spec = METRICS["closer-to-reference"]
    outcome = Outcome(count / n, interval, variant=variant)
    return beside_floor(spec, extractor, candidate.dataset.name, outcome, floor, n, settings, notes)


def pairwise_value(
    metric: str, table: PairTable, floor_table: PairTable | None, forms: dict[str, str], settings: RunSettings
) -> MetricValue:
    """Return the mean of a pairwise metric over a candidate's pairs; the floor is the mean over held-out pairs.

    forms: query name -> the form of the metric (MS-SSIM with fewer scales is another metric).
    """
    spec = METRICS[metric]
    outcome, n = _mean(metric, table, settings)
    floor = Outcome(reason=NO_HELD_OUT)
    if floor_table is not None:
        floor, _ = _mean(metric, floor_table, settings)
        if metric == "ms-ssim" and forms.get(table.query) != forms.get(floor_table.query):
            floor = Outcome(reason=f"the held-out pairs have another form: {forms.get(floor_table.query)}")
    note = table.notes.get(metric)
    notes = (*outcome.notes, *((note,) if note else ()))
    return beside_floor(spec, None, table.query, outcome, floor, n, settings, notes)


def _mean(metric: str, table: PairTable, settings: RunSettings) -> tuple[Outcome, int]:
    scores = table.scores[metric]
    finite = scores[np.isfinite(scores)]
    identical = int(np.isposinf(scores).sum())
    notes = (f"{identical} identical pairs left out (infinite)",) if identical else ()
    variant = f"mean over each image and its nearest reference image ({table.paired_by})"
    if not len(finite):
        why = "every pair is identical" if identical else table.notes.get(metric, "no pair has a value")
        return Outcome(notes=notes, variant=variant, reason=why), 0
    interval = bootstrap_mean_interval(finite, seed=settings.seed, replicates=_BOOTSTRAP_REPLICATES)
    if interval is not None:
        kind = f"bootstrap over pairs, {_BOOTSTRAP_REPLICATES:,} replicates"
        interval = Interval(interval.low, interval.high, interval.level, kind)
    return Outcome(float(finite.mean()), interval, {}, notes, variant), len(finite)
