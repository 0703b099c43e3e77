"""FD∞: the Fréchet distance at several sample sizes, extrapolated to endlessly many candidate images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from planetview.core.stats import Interval, student_quantile
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    Check,
    Features,
    block_rows,
    column_mean,
    no_check,
    require_pair,
    slices,
    tensor64,
)
from planetview.engine.metrics.frechet import GaussianStats, frechet_distance, gaussian_stats

_SMALLEST_MOST = 5000


@dataclass(frozen=True, slots=True)
class FdInfinity:
    """The intercept of the line through (1/n, distance at n).

    standard_error, interval: of the intercept in that fit alone, not of another sample of images.
    sizes, distances: the points of the fit.
    """

    value: float
    standard_error: float
    interval: Interval
    sizes: tuple[int, ...]
    distances: tuple[float, ...]


def fd_infinity(
    x: Features,
    y: Features,
    *,
    points: int = 15,
    seed: int = 2020,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> FdInfinity:
    """Return the Fréchet distance of x and y, extrapolated over the number of rows of y.

    x: (m, d), used whole, so that its share of the bias stays. y: (n, d), n >= 4. The sizes are those of dgm-eval:
    `points` >= 3 steps from min(5000, max(n // 10, 2)) to n. Each sample is part of the next larger one, so that
    sums run on instead of starting anew; the order is seeded. Lower is closer; below 0 where the line overshoots.
    `check` runs between sizes and between chunks.

    Chong and Forsyth 2020 (arXiv:1911.07023).
    """
    require_pair(x, y, least=4)
    if points < 3:
        raise ValueError(f"a line with an error needs at least 3 points, got {points}")
    order = np.random.default_rng(seed).permutation(len(y))
    sizes = np.linspace(min(_SMALLEST_MOST, max(len(y) // 10, 2)), len(y), points).astype(np.int64)
    route = _by_gram if max(len(x), len(y)) <= x.shape[1] else _by_moments
    distances = np.fromiter(route(x, y, order, sizes, check, budget_bytes), np.float64, points)
    value, error = _intercept(1.0 / sizes, distances)
    half = student_quantile(level, points - 2) * error
    interval = Interval(value - half, value + half, level, "standard error of the intercept")
    return FdInfinity(value, error, interval, tuple(sizes.tolist()), tuple(distances.tolist()))


def _intercept(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return intercept and its standard error of an ordinary least squares line."""
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = float(centred @ (y - y.mean())) / spread
    value = float(y.mean() - slope * x.mean())
    variance = float(np.square(y - value - slope * x).sum()) / (len(x) - 2)
    return value, math.sqrt(variance * (1.0 / len(x) + float(x.mean()) ** 2 / spread))


def _by_moments(
    x: Features,
    y: Features,
    order: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    check: Check,
    budget_bytes: int,
) -> Iterator[float]:
    """Yield the distance at each size from running sums of first and second moments."""
    fixed = gaussian_stats(x, check, budget_bytes)
    centre = column_mean(y, check)
    shift = torch.from_numpy(centre)
    total = torch.zeros(len(centre), dtype=torch.float64)
    scatter = torch.zeros((len(centre), len(centre)), dtype=torch.float64)
    done = 0
    rows = block_rows(2 * 8 * len(centre), budget_bytes)
    for n in sizes.tolist():
        for part in slices(n - done, rows):
            check()
            chunk = tensor64(y[order[done + part.start : done + part.stop]]).sub_(shift)
            total += chunk.sum(dim=0)
            scatter.addmm_(chunk.T, chunk)
        done = n
        check()
        cov = (scatter - torch.outer(total, total) / n) / (n - 1)
        yield frechet_distance(fixed, GaussianStats(centre + (total / n).numpy(), cov.numpy(), n))


def _by_gram(
    x: Features,
    y: Features,
    order: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    check: Check,
    budget_bytes: int,
) -> Iterator[float]:
    """Yield the distance at each size when no set has more members than dimensions.

    With centred rows X and Y, Tr (Sx Sy)^½ is the sum of the roots of the eigenvalues of Y Xᵀ X Yᵀ: one matrix of
    the size of the largest sample, of which every smaller sample takes a corner and centres it anew.
    """
    mean_x, centre = column_mean(x, check), column_mean(y, check)
    left = tensor64(x) - torch.from_numpy(mean_x)
    right = tensor64(y[order]) - torch.from_numpy(centre)
    check()
    mixed = right @ left.T
    check()
    gram = mixed @ mixed.T
    trace_x = float(left.square().sum()) / (len(x) - 1)
    squares = right.square().sum(dim=1)
    for n in sizes.tolist():
        check()
        drift = right[:n].mean(dim=0)
        trace_y = (float(squares[:n].sum()) - n * float(drift @ drift)) / (n - 1)
        corner = gram[:n, :n]
        row_means = corner.mean(dim=1, keepdim=True)
        corner = (corner - row_means - row_means.T + row_means.mean()) / ((n - 1) * (len(x) - 1))
        root = float(torch.linalg.eigvalsh(corner).clamp_(min=0.0).sqrt_().sum())
        step = centre + drift.numpy() - mean_x
        yield float(step @ step) + trace_x + trace_y - 2.0 * root
