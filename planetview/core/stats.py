"""Intervals and correlations. NumPy alone, float64, seeded."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float64]

# Resampling index blocks stay below this many entries (32 MB of int64).
_BLOCK_ENTRIES = 4_000_000
# A vector whose spread is below this fraction of its size holds rounding noise only.
_CONSTANT_SPREAD = 1e-13


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval: ends in the unit of the value, level in (0, 1), and the method in words."""

    low: float
    high: float
    level: float
    kind: str


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation coefficient with what it rests on.

    value: in [-1, 1], or None where undefined; `reason` then says why, and is empty otherwise.
    n: pairs used. dropped: pairs left out because a member was not finite.
    """

    value: float | None
    interval: Interval | None
    n: int
    dropped: int
    reason: str = ""


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal variable lies in [-z, z] with probability `level` in (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level lies in (0, 1), got {level:g}")
    return NormalDist().inv_cdf(0.5 + level / 2.0)


def student_quantile(level: float, degrees: float) -> float:
    """Return t such that a Student variable lies in [-t, t] with probability `level`.

    degrees: degrees of freedom, at least 1. Asymptotic series, within 1e-4 relative for `degrees` >= 9
    and 1.5 % at 3 for level 0.95. Abramowitz and Stegun 1964, 26.7.5.
    """
    if degrees < 1.0:
        raise ValueError(f"degrees of freedom start at 1, got {degrees:g}")
    z = normal_quantile(level)
    terms = (
        (z**3 + z) / 4.0,
        (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / 96.0,
        (3.0 * z**7 + 19.0 * z**5 + 17.0 * z**3 - 15.0 * z) / 384.0,
        (79.0 * z**9 + 776.0 * z**7 + 1482.0 * z**5 - 1920.0 * z**3 - 945.0 * z) / 92160.0,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, start=1))


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return the Wilson score interval of a proportion.

    successes: 0..n. n: trials, at least 1. Ends lie in [0, 1]. Wilson 1927, JASA 22.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n >= 1, got {successes} of {n}")
    z = normal_quantile(level)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high, level, "Wilson")


def normal_mean_interval(values: npt.ArrayLike, level: float = 0.95, minimum: float = -math.inf) -> Interval | None:
    """Return mean ± z·sd/√n of independent values, cut at `minimum`; None for fewer than 2 values."""
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < 2:
        return None
    mean = float(sample.mean())
    half = normal_quantile(level) * float(sample.std(ddof=1)) / math.sqrt(sample.size)
    return Interval(max(minimum, mean - half), max(minimum, mean + half), level, "normal")


def bootstrap_mean_interval(
    values: npt.ArrayLike, level: float = 0.95, *, seed: int = 0, replicates: int = 2000
) -> Interval | None:
    """Return the percentile bootstrap interval of a mean, resampling values with replacement.

    Non-finite values are left out; None for fewer than 2 finite values. Efron 1979.
    """
    sample = np.asarray(values, dtype=np.float64).ravel()
    sample = sample[np.isfinite(sample)]
    if sample.size < 2:
        return None
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK_ENTRIES // sample.size)
    means = [
        sample[rng.integers(sample.size, size=(min(step, replicates - done), sample.size))].mean(axis=1)
        for done in range(0, replicates, step)
    ]
    return _percentiles(np.concatenate(means), level, "bootstrap")


def jackknife_interval(
    estimate: float, sides: Sequence[Vector], level: float = 0.95, minimum: float = -math.inf
) -> Interval | None:
    """Return the jackknife interval of a statistic of several independent samples.

    estimate: the statistic of all data. sides: one vector per sample; each entry is the statistic with
    one member, or one group of about equal size, of that sample deleted. The variances
    (g - 1)/g · Σ(θ_i - mean θ)² add up over the samples; the quantile is Student's with Welch's degrees of
    freedom. None when a side has fewer than 2 entries. Tukey 1958; Kott 2001 (groups).
    """
    if any(side.size < 2 for side in sides):
        return None
    variances = [float((side.size - 1) / side.size * np.square(side - side.mean()).sum()) for side in sides]
    total = sum(variances)
    if total > 0.0:
        degrees = total**2 / sum(v**2 / (side.size - 1) for v, side in zip(variances, sides, strict=True))
        half = student_quantile(level, max(1.0, degrees)) * math.sqrt(total)
    else:
        half = 0.0
    return Interval(max(minimum, estimate - half), max(minimum, estimate + half), level, "jackknife")


def pearson(x: npt.ArrayLike, y: npt.ArrayLike, level: float = 0.95) -> Correlation:
    """Return Pearson's r with its Fisher-z interval.

    x, y: equally long vectors, n >= 4 finite pairs; pairs with a non-finite member are dropped and counted.
    The interval has half-width z/√(n - 3) on the atanh scale. Fisher 1921.
    """
    a, b, dropped = _finite_pairs(x, y)
    return _correlate(a, b, dropped, level, kind="Fisher z", spread=0.0)


def spearman(x: npt.ArrayLike, y: npt.ArrayLike, level: float = 0.95) -> Correlation:
    """Return Spearman's rho on average ranks, with the Bonett-Wright interval.

    Arguments as for `pearson`. The interval has half-width z·√((1 + rho²/2)/(n - 3)) on the atanh scale.
    Bonett and Wright 2000, Psychometrika 65.
    """
    a, b, dropped = _finite_pairs(x, y)
    return _correlate(average_ranks(a), average_ranks(b), dropped, level, kind="Bonett-Wright", spread=0.5)


def average_ranks(values: npt.ArrayLike) -> Vector:
    """Return ranks 1..n, where equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Vector = (last - (counts - 1) / 2.0)[inverse]
    return ranks


def pearson_cluster_interval(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    clusters: Sequence[Hashable] | npt.NDArray[np.generic],
    *,
    seed: int = 0,
    replicates: int = 2000,
    level: float = 0.95,
) -> Interval | None:
    """Return the percentile interval of Pearson's r when pairs of one cluster depend on each other.

    clusters: the cluster of each pair, for example the real image that several pairs share. Whole clusters
    are drawn with replacement; draws without spread are left out. None for fewer than 4 clusters, or when
    more than half of the draws are without spread. Field and Welsh 2007, JRSS B 69.
    """
    a, b = _vectors(x, y)
    if len(clusters) != a.size:
        raise ValueError(f"{a.size} pairs need as many cluster labels, got {len(clusters)}")
    finite = np.isfinite(a) & np.isfinite(b)
    numbers: dict[Hashable, int] = {}
    used = np.flatnonzero(finite).tolist()
    members = np.array([numbers.setdefault(clusters[i], len(numbers)) for i in used], dtype=np.intp)
    if len(numbers) < 4:
        return None
    a, b = _scaled(a[finite]), _scaled(b[finite])
    moments = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b], axis=1)
    sums = np.zeros((len(numbers), 6))
    np.add.at(sums, members, moments)

    rng = np.random.default_rng(seed)
    shares = np.full(len(numbers), 1.0 / len(numbers))
    step = max(1, _BLOCK_ENTRIES // len(numbers))
    drawn = [
        rng.multinomial(len(numbers), shares, size=min(step, replicates - done)) @ sums
        for done in range(0, replicates, step)
    ]
    n, sa, sb, saa, sbb, sab = np.concatenate(drawn).T
    var_a, var_b = saa / n - (sa / n) ** 2, sbb / n - (sb / n) ** 2
    valid = (var_a > _CONSTANT_SPREAD) & (var_b > _CONSTANT_SPREAD)
    if valid.sum() * 2 < replicates:
        return None
    r = (sab / n - sa * sb / n**2)[valid] / np.sqrt(var_a * var_b)[valid]
    return _percentiles(np.clip(r, -1.0, 1.0), level, "cluster bootstrap")


def _percentiles(replicates: Vector, level: float, kind: str) -> Interval:
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, kind)


def _vectors(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Vector, Vector]:
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"correlation needs two vectors of equal length, got shapes {a.shape} and {b.shape}")
    return a, b


def _finite_pairs(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Vector, Vector, int]:
    a, b = _vectors(x, y)
    finite = np.isfinite(a) & np.isfinite(b)
    return a[finite], b[finite], int(a.size - finite.sum())


def _scaled(values: Vector) -> Vector:
    """Return values with zero mean and unit largest magnitude, so that squares neither overflow nor vanish."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return values
    unit = values / largest
    centred = unit - unit.mean()
    reach = float(np.abs(centred).max())
    return centred / reach if reach > _CONSTANT_SPREAD else np.zeros_like(values)


def _correlate(a: Vector, b: Vector, dropped: int, level: float, *, kind: str, spread: float) -> Correlation:
    n = int(a.size)
    if n < 4:
        return Correlation(None, None, n, dropped, f"needs at least 4 finite pairs, got {n}")
    a, b = _scaled(a), _scaled(b)
    if not a.any() or not b.any():
        return Correlation(None, None, n, dropped, "one of the two quantities is constant")
    r = float(np.clip((a * b).sum() / math.sqrt(float(np.square(a).sum()) * float(np.square(b).sum())), -1.0, 1.0))
    if abs(r) == 1.0:
        return Correlation(r, Interval(r, r, level, kind), n, dropped)
    half = normal_quantile(level) * math.sqrt((1.0 + spread * r * r) / (n - 3))
    interval = Interval(math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half), level, kind)
    return Correlation(r, interval, n, dropped)
