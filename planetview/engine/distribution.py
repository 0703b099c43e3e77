"""Distribution metrics of two feature sets as labelled values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import METRICS, Family
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval
from planetview.engine.memo import Array, Memo

Features = npt.NDArray[np.float32]
Check = Callable[[], None]

# All pairs of two sets of this size take about half a minute on two cores; beyond it KID rests on its subsets alone.
_ALL_PAIRS_MOST = 20_000
_LEVEL = 0.95

DISTRIBUTION_METRICS = tuple(spec.id for spec in METRICS.values() if spec.family is Family.DISTRIBUTION)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of one comparison, before it meets its noise floor; `reason` when there is none."""

    value: float | None = None
    interval: Interval | None = None
    extra: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    variant: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two feature sets of equal size with the key of everything that decided them.

    reference, other: (n, d). key: text; equal keys mean equal features in equal order.
    """

    reference: Features
    other: Features
    key: str


def distribution_outcome(metric: str, pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
    """Return one distribution metric of a comparison, from the store when it was computed before.

    Raises KeyError for a metric of another family.
    """
    compute = _COMPUTE[metric]
    n = min(len(pair.reference), len(pair.other))
    least = METRICS[metric].min_images
    if n < least:
        return Outcome(reason=f"needs at least {least} images on each side, have {n}")
    check()
    return compute(pair, settings, memo, check)


def _budget(settings: RunSettings) -> int:
    return settings.memory_mib * 2**20 // 2


def _interval(low: float, high: float, kind: str) -> Interval | None:
    return None if np.isnan(low) else Interval(low, high, _LEVEL, kind)


def _ends(interval: Interval | None) -> tuple[float, float]:
    return (np.nan, np.nan) if interval is None else (interval.low, interval.high)


def _frechet(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
    from planetview.engine.metrics.frechet import frechet_from_features, frechet_interval

    # Forty eigenvalue problems of a thousand dimensions and more take half a minute; twenty tell as much there.
    groups = 20 if len(pair.other) <= 1000 else 10

    def compute() -> Array:
        budget = _budget(settings)
        value = frechet_from_features(pair.reference, pair.other, check=check, budget_bytes=budget)
        interval = frechet_interval(
            pair.reference,
            pair.other,
            level=_LEVEL,
            groups=groups,
            seed=settings.seed,
            check=check,
            budget_bytes=budget,
        )
        return np.array([value, *_ends(interval)])

    value, low, high = memo.array("frechet 1", [pair.key, str(settings.seed), str(groups)], (3,), compute).tolist()
    n, d = pair.other.shape
    notes = (f"{n} images for {d} dimensions: mostly small-sample bias, read it against the floor",) if n <= d else ()
    return Outcome(
        value, _interval(low, high, f"delete-a-group jackknife, {groups} groups a side"), {}, notes,
        "mean and covariance (n − 1) in float64",
    )  # fmt: skip


def _kid(kernel: str) -> Callable[[Comparison, RunSettings, Memo, Check], Outcome]:
    def outcome(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
        from planetview.engine.metrics.kernel import kid

        n = min(len(pair.reference), len(pair.other))
        size = min(settings.kid_subset_size, n)
        with_all = n <= _ALL_PAIRS_MOST

        def compute() -> Array:
            found = kid(
                pair.reference, pair.other, "poly" if kernel == "poly" else "rbf", subsets=settings.kid_subsets,
                subset_size=settings.kid_subset_size, seed=settings.seed, all_pairs=with_all, level=_LEVEL,
                check=check, budget_bytes=_budget(settings),
            )  # fmt: skip
            unbiased = np.nan if found.all_pairs is None else found.all_pairs
            return np.array([found.mean, found.sd, unbiased, *_ends(found.interval)])

        inputs = [pair.key, kernel, str(settings.kid_subsets), str(size), str(settings.seed), str(with_all)]
        mean, sd, unbiased, low, high = memo.array("kid 1", inputs, (5,), compute).tolist()
        extra = {"sd over subsets": sd}
        if with_all:
            extra["all pairs"] = unbiased
        notes: tuple[str, ...] = ()
        if size < settings.kid_subset_size:
            notes = (f"subset size {settings.kid_subset_size:,} > {n:,} images: used {size:,}, so every subset is all",)
        words = "(x·y/d + 1)³" if kernel == "poly" else "exp(−‖x−y‖²/200) on raw features"
        variant = f"{words}, {settings.kid_subsets} subsets of {size:,}, float64"
        return Outcome(mean, _interval(low, high, "delete-one jackknife over all pairs"), extra, notes, variant)

    return outcome


def _cmmd(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
    from planetview.engine.metrics.kernel import mmd_cmmd

    def compute() -> Array:
        found = mmd_cmmd(pair.reference, pair.other, level=_LEVEL, check=check, budget_bytes=_budget(settings))
        return np.array([found.biased, found.unbiased, *_ends(found.biased_interval)])

    biased, unbiased, low, high = memo.array("cmmd 1", [pair.key], (4,), compute).tolist()
    return Outcome(
        biased, _interval(low, high, "delete-one jackknife"), {"unbiased": unbiased}, (),
        "unit-length features, σ = 10, ×1000, biased",
    )  # fmt: skip


def _manifold(metric: str) -> Callable[[Comparison, RunSettings, Memo, Check], Outcome]:
    def outcome(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
        from planetview.engine.metrics.manifold import manifold

        n = min(len(pair.reference), len(pair.other))
        # Below the floor of density and coverage, precision and recall still need a k they can fill.
        k_pr, k_dc = 3, min(5, n - 1)

        def compute() -> Array:
            found = manifold(
                pair.reference,
                pair.other,
                k_pr=k_pr,
                k_dc=k_dc,
                level=_LEVEL,
                check=check,
                budget_bytes=_budget(settings),
            )
            return np.array(
                [
                    [value, *_ends(interval)]
                    for value, interval in (
                        (found.precision, found.precision_interval),
                        (found.recall, found.recall_interval),
                        (found.density, found.density_interval),
                        (found.coverage, found.coverage_interval),
                    )
                ]
            )

        table = memo.array("manifold 1", [pair.key, f"{k_pr} {k_dc}"], (4, 3), compute)
        value, low, high = table[("precision", "recall", "density", "coverage").index(metric)].tolist()
        given = "given the manifold of the other set"
        kind = f"normal, {given}" if metric == "density" else f"Wilson, {given}"
        published = "k = 3, surface inside (≤)" if metric in ("precision", "recall") else "k = 5, surface outside (<)"
        return Outcome(value, _interval(low, high, kind), {}, (), published)

    return outcome


_COMPUTE: dict[str, Callable[[Comparison, RunSettings, Memo, Check], Outcome]] = {
    "fd": _frechet,
    "kid-poly": _kid("poly"),
    "kid-rbf": _kid("rbf"),
    "cmmd": _cmmd,
    **{metric: _manifold(metric) for metric in ("precision", "recall", "density", "coverage")},
}
