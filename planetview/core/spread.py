"""How a quantity is spread over several sets: order statistics, and how far one set lies from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """Order statistics of the finite values of one set, in their unit.

    n: finite values. missing: values that are not. lower, upper: quartiles (linear between values).
    All others are NaN when n is 0.
    """

    n: int
    missing: int
    median: float
    mean: float
    lower: float
    upper: float
    least: float
    most: float

    @property
    def quartile_range(self) -> float:
        """The distance of the quartiles."""
        return self.upper - self.lower


def spread_of(values: npt.ArrayLike) -> Spread:
    """Return the order statistics of a vector; values that are not finite are counted and left out."""
    sample = np.asarray(values, dtype=np.float64).ravel()
    finite = in_order(sample)
    if not finite.size:
        nothing = float("nan")
        return Spread(0, sample.size, nothing, nothing, nothing, nothing, nothing, nothing)
    return spread_of_ordered(finite, sample.size - finite.size)


def in_order(values: Vector) -> Vector:
    """Return the finite values, smallest first."""
    return np.sort(values[np.isfinite(values)])


def spread_of_ordered(finite: Vector, missing: int = 0) -> Spread:
    """Return the order statistics of values that `in_order` gave, at least one. missing: values that it left out."""
    places = np.array([0.0, 0.25, 0.5, 0.75, 1.0]) * (finite.size - 1)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, finite.size - 1)
    between = finite[below] + (places - below) * (finite[above] - finite[below])
    least, lower, median, upper, most = between.tolist()
    return Spread(finite.size, missing, median, float(finite.mean()), lower, upper, least, most)


def distribution_distance(first: npt.ArrayLike, second: npt.ArrayLike) -> float | None:
    """Return the Kolmogorov-Smirnov distance of two samples: the largest gap of their distribution functions.

    In [0, 1]; None when one sample has no finite value. Kolmogorov 1933, Smirnov 1948.
    """
    a, b = (in_order(np.asarray(sample, dtype=np.float64).ravel()) for sample in (first, second))
    return distance_of_ordered(a, b) if a.size and b.size else None


def distance_of_ordered(a: Vector, b: Vector) -> float:
    """Return the same of two samples that `in_order` gave, at least one value each."""
    places = np.concatenate([a, b])
    gaps = np.searchsorted(a, places, side="right") / a.size - np.searchsorted(b, places, side="right") / b.size
    return float(np.abs(gaps).max())
