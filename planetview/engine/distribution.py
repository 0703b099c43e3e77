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
# What fid50k draws at most from either side.
_FID50K_MOST = 50_000
# Splits of tens of images say nothing: from here on each of the ten has a hundred.
_TEN_SPLITS_FROM = 1_000
_LEVEL = 0.95

DISTRIBUTION_METRICS = tuple(spec.id for spec in METRICS.values() if spec.family is Family.DISTRIBUTION)
# Metrics that take all images of both sides, up to their own limits, instead of equally many.
OWN_SIZES = ("fid50k", "fid50k-full")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One number of one comparison, before it meets its noise floor; `reason` when there is none.

    spans_samples: whether the interval says how far another sample would move the value; only then can it be held
    against the floor's.
    """

    value: float | None = None
    interval: Interval | None = None
    extra: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    variant: str = ""
    reason: str = ""
    spans_samples: bool = True


@dataclass(frozen=True)
class Comparison:
    """Two feature sets with the keys of everything that decided them; of equal size but for `OWN_SIZES`.

    reference, other: (n, d) and (m, d). reference_key, other_key: text; equal keys mean equal features in equal
    order. classifier: (d, classes) from features to class logits, or None for features without classes.
    """

    reference: Features
    other: Features
    reference_key: str
    other_key: str
    classifier: Features | None = None

    @property
    def key(self) -> str:
        """Both keys as one text."""
        return f"{self.reference_key} {self.other_key}"


def own_sizes(metric: str, reference: int, other: int) -> tuple[int, int]:
    """Return how many of the images of each side a metric of `OWN_SIZES` draws."""
    return reference if metric == "fid50k-full" else min(reference, _FID50K_MOST), min(other, _FID50K_MOST)


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

    value, low, high = memo.array("frechet 2", [pair.key, str(settings.seed), str(groups)], (3,), compute).tolist()
    n, d = pair.other.shape
    notes = (f"{n} images for {d} dimensions: mostly small-sample bias, read it against the floor",) if n <= d else ()
    return Outcome(
        value, _interval(low, high, f"delete-a-group jackknife, {groups} groups a side"), {}, notes,
        "mean and covariance (n − 1) in float64",
    )  # fmt: skip


def _fd_infinity(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
    from planetview.engine.metrics.fd_infinity import fd_infinity

    def compute() -> Array:
        found = fd_infinity(
            pair.reference, pair.other, seed=settings.seed, level=_LEVEL, check=check, budget_bytes=_budget(settings)
        )
        return np.array([found.value, found.standard_error, *_ends(found.interval), found.sizes[0], len(found.sizes)])

    inputs = [pair.key, str(settings.seed)]
    value, error, low, high, smallest, points = memo.array("fd infinity 1", inputs, (6,), compute).tolist()
    n, d = pair.other.shape
    notes: tuple[str, ...] = ("the bias of the reference's own sample size stays in",)
    if smallest <= d:
        notes = (f"small sample: sizes from {smallest:,.0f} images for {d:,} dimensions bend the line", *notes)
    return Outcome(
        value, _interval(low, high, "standard error of the intercept: of the fit, not of another sample"),
        {"standard error of the fit": error}, notes,
        f"intercept of the distance over 1/n at {points:.0f} sizes, {smallest:,.0f} to {n:,}; all "
        f"{len(pair.reference):,} reference images each time", spans_samples=False,
    )  # fmt: skip


def _fid50k(full: bool) -> Callable[[Comparison, RunSettings, Memo, Check], Outcome]:
    def outcome(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
        from planetview.engine.metrics.fid50k import fid50k

        n, m = len(pair.reference), len(pair.other)
        groups = 20 if m <= 1000 else 10

        def compute() -> Array:
            value, interval = fid50k(
                pair.reference, pair.other, level=_LEVEL, groups=groups, seed=settings.seed, check=check,
                budget_bytes=_budget(settings),
            )  # fmt: skip
            return np.array([value, *_ends(interval)])

        inputs = [pair.key, str(settings.seed), str(groups)]
        value, low, high = memo.array("fid50k 1", inputs, (3,), compute).tolist()
        apart = "published runs draw 50,000 fresh images with random noise"
        if not full:
            apart += ", and with mirror training count mirrored real images too"
        notes = [f"the convention, not a published run: {apart}"]
        if min(n, m) <= pair.other.shape[1]:
            notes.append(f"{pair.other.shape[1]} dimensions: mostly small-sample bias, read it against the floor")
        return Outcome(
            value, _interval(low, high, f"delete-a-group jackknife, {groups} groups a side"), {}, tuple(notes),
            f"{n:,} reference and {m:,} candidate images, no mirrored images, covariance divided by n, float64",
        )  # fmt: skip

    return outcome


def _inception_score(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
    from planetview.engine.metrics.inception_score import inception_score

    classifier, n = pair.classifier, len(pair.other)
    if classifier is None:
        return Outcome(reason="this extractor has no classes")
    splits = 10 if n >= _TEN_SPLITS_FROM else 1

    def score(features: Features, key: str) -> Array:
        def compute() -> Array:
            found = inception_score(
                features, classifier, splits=splits, seed=settings.seed, level=_LEVEL, check=check,
                budget_bytes=_budget(settings),
            )  # fmt: skip
            return np.array(
                [found.mean, found.sd, found.one_split, found.groups, found.ceiling, *_ends(found.interval)]
            )

        return memo.array("isc 1", [key, str(splits), str(settings.seed)], (7,), compute)

    mean, sd, one_split, groups, ceiling, low, high = score(pair.other, pair.other_key).tolist()
    extra = {
        "reference": float(score(pair.reference, pair.reference_key)[0]),
        "sd over splits": sd,
        "one split": one_split,
    }
    variant = f"{splits} splits, shuffled, logits without bias, float64"
    if splits == 1:
        variant = "1 split, since there are below 1,000 images (published: 10), logits without bias, float64"
    notes = (
        f"cannot exceed {ceiling:,.0f}: {classifier.shape[1]:,} classes, {-(-n // splits):,} images a split",
        "ImageNet classes mean little for regolith: read it beside the score of the reference",
    )
    kind = f"delete-a-group jackknife of the one-split score, {groups:.0f} groups"
    return Outcome(mean, _interval(low, high, kind), extra, notes, variant)


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
            notes = (f"subset size {settings.kid_subset_size:,} > {n:,} images: used {size:,}",)
        if size == n:
            notes = (*notes, "every subset is all images, so their sd is 0")
        words = "(x·y/d + 1)³" if kernel == "poly" else "exp(−‖x−y‖²/200) on raw features"
        variant = f"{words}, {settings.kid_subsets} subsets of {size:,}, unbiased, float64, not times 10³"
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


_MANIFOLD_METRICS = ("precision", "recall", "density", "coverage")


def uncovered_reference(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> npt.NDArray[np.int64]:
    """Return the rows of `pair.reference` that coverage does not count, ascending.

    Their share is 1 - coverage. Raises ValueError where coverage has too few images.
    """
    n = min(len(pair.reference), len(pair.other))
    if n < METRICS["coverage"].min_images:
        raise ValueError(f"coverage needs at least {METRICS['coverage'].min_images} images on each side, have {n}")
    return np.flatnonzero(_manifold_numbers(pair, settings, memo, check)[1] == 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class NearestOthers:
    """What lies nearest to every reference image of a comparison: rows of the other side (n, k), their distances.

    radii: shape (n,), of the balls of coverage.
    """

    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    radii: npt.NDArray[np.float64]


def nearest_others(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> NearestOthers:
    """Return the `neighbours_k` nearest of the other side for every reference image, fewer where there are no more.

    They are found in the pass that makes precision, recall, density and coverage. Raises ValueError as
    `uncovered_reference`, which goes first: it makes them both.
    """
    columns = min(settings.neighbours_k, len(pair.other))
    what, shape = _nearest_memo(pair, settings), (len(pair.reference), 1 + 2 * columns)
    stored = memo.find(*what, shape)
    if stored is None:
        _, stored = _make_manifold(pair, settings, memo, check)
    return NearestOthers(stored[:, 1 : 1 + columns].astype(np.int64), stored[:, 1 + columns :], stored[:, 0])


def _nearest_memo(pair: Comparison, settings: RunSettings) -> tuple[str, list[str]]:
    _, k_dc = _neighbour_counts(pair)
    return "nearest others 1", [pair.key, str(k_dc), str(settings.neighbours_k)]


def _neighbour_counts(pair: Comparison) -> tuple[int, int]:
    """Return k of precision and recall, and of density and coverage."""
    # Below the floor of density and coverage, precision and recall still need a k they can fill.
    return 3, min(5, min(len(pair.reference), len(pair.other)) - 1)


def _manifold_numbers(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> tuple[Array, Array]:
    """Return (4, 3) values with the ends of their intervals, and (n,) whether each reference image is covered."""
    numbers = memo.find(*_manifold_memo(pair), (12 + len(pair.reference),))
    if numbers is None:
        numbers, _ = _make_manifold(pair, settings, memo, check)
    return numbers[:12].reshape(4, 3), numbers[12:]


def _manifold_memo(pair: Comparison) -> tuple[str, list[str]]:
    k_pr, k_dc = _neighbour_counts(pair)
    return "manifold 3", [pair.key, f"{k_pr} {k_dc}"]


def _make_manifold(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> tuple[Array, Array]:
    """Compute and store what `_manifold_numbers` returns, in one array, and what `nearest_others` does, in one."""
    from planetview.engine.metrics.manifold import manifold

    k_pr, k_dc = _neighbour_counts(pair)
    found = manifold(
        pair.reference, pair.other, k_pr=k_pr, k_dc=k_dc, neighbours=settings.neighbours_k, level=_LEVEL, check=check,
        budget_bytes=_budget(settings),
    )  # fmt: skip
    values = [
        [value, *_ends(interval)]
        for value, interval in (
            (found.precision, found.precision_interval),
            (found.recall, found.recall_interval),
            (found.density, found.density_interval),
            (found.coverage, found.coverage_interval),
        )
    ]
    nearest = np.column_stack([found.real_reaches, found.nearest_fakes, found.nearest_distances])
    numbers = np.concatenate([np.ravel(values), found.real_covered])
    return memo.keep(*_manifold_memo(pair), numbers), memo.keep(*_nearest_memo(pair, settings), nearest)


def _manifold(metric: str) -> Callable[[Comparison, RunSettings, Memo, Check], Outcome]:
    def outcome(pair: Comparison, settings: RunSettings, memo: Memo, check: Check) -> Outcome:
        k_pr, k_dc = _neighbour_counts(pair)
        table, _ = _manifold_numbers(pair, settings, memo, check)
        value, low, high = table[_MANIFOLD_METRICS.index(metric)].tolist()
        given = "given the manifold of the other set"
        kind = f"normal, {given}" if metric == "density" else f"Wilson, {given}"
        variant = f"k = {k_dc}, surface outside (<)"
        if metric in ("precision", "recall"):
            variant = f"k = {k_pr}, surface inside (≤), features not rounded to 16 bits"
        return Outcome(value, _interval(low, high, kind), {}, (), variant)

    return outcome


_COMPUTE: dict[str, Callable[[Comparison, RunSettings, Memo, Check], Outcome]] = {
    "fd": _frechet,
    "fd-infinity": _fd_infinity,
    "fid50k": _fid50k(full=False),
    "fid50k-full": _fid50k(full=True),
    "isc": _inception_score,
    "kid-poly": _kid("poly"),
    "kid-rbf": _kid("rbf"),
    "cmmd": _cmmd,
    **{metric: _manifold(metric) for metric in _MANIFOLD_METRICS},
}
