"""Fréchet distance between Gaussians fitted to two feature sets. No matrix square root is ever formed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from planetview.core.stats import Interval, jackknife_interval
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    Check,
    Features,
    block_rows,
    column_mean,
    no_check,
    require_features,
    require_pair,
    slices,
    tensor64,
)

# Below this ratio of Cholesky pivots a covariance counts as singular and its rank is found by pivoting.
_LEAST_PIVOT_RATIO = 1e-7
# Eight panels of the upper triangle cost 56 % of the full product, four 62 %; more lose to call overhead.
_PANELS = 8


@dataclass(frozen=True, slots=True, eq=False)
class GaussianStats:
    """Mean (d,) and covariance (d, d), divisor n - 1, float64, of n feature vectors."""

    mean: npt.NDArray[np.float64]
    cov: npt.NDArray[np.float64]
    n: int


def gaussian_stats(
    features: Features, check: Check = no_check, budget_bytes: int = DEFAULT_BUDGET_BYTES
) -> GaussianStats:
    """Return mean and covariance of a feature set.

    features: (n, d), n >= 2, float32 or float64. Two passes in float64, so that a large common offset
    costs no digits. Raises ValueError for fewer than 2 rows or non-finite values.
    """
    require_features(features, least=2)
    mean = column_mean(features, check)
    scatter = _scatter(_centred_chunks(features, mean, check, budget_bytes), features.shape[1])
    return GaussianStats(mean, (scatter / (len(features) - 1)).numpy(), len(features))


def frechet_distance(a: GaussianStats, b: GaussianStats) -> float:
    """Return the squared 2-Wasserstein distance between two Gaussians.

    |μ_a - μ_b|² + Tr S_a + Tr S_b - 2 Tr (S_a S_b)^½; lower is closer, 0 for equal statistics, never below
    -1e-12 of the traces by rounding. Biased upwards by about c/n: compare only at equal n. Singular
    covariances are fine. Raises ValueError when the dimensions differ.

    Dowson and Landau 1982; Heusel et al. 2017 (arXiv:1706.08500), eq. 6.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"feature lengths differ: {a.mean.size} and {b.mean.size}")
    return _assemble(a.mean, b.mean, float(np.trace(a.cov) + np.trace(b.cov)), _trace_root_of_product(a.cov, b.cov))


def frechet_from_features(
    x: Features, y: Features, check: Check = no_check, budget_bytes: int = DEFAULT_BUDGET_BYTES
) -> float:
    """Return the Fréchet distance between two feature sets, (n, d) and (m, d), n and m >= 2.

    Same number as `frechet_distance` of their statistics. When a set has no more members than dimensions its
    covariance is singular; the trace term is then the nuclear norm of a product of centred data, which keeps
    all digits where eigenvalue routes keep half, and needs no (d, d) matrix for that set.
    """
    require_pair(x, y, least=2)
    if min(len(x), len(y)) > x.shape[1]:
        return frechet_distance(gaussian_stats(x, check, budget_bytes), gaussian_stats(y, check, budget_bytes))
    sides = [_side(features, check, budget_bytes) for features in (x, y)]
    product = sides[0].factor.T @ sides[1].factor
    check()
    root = float(torch.linalg.svdvals(product).sum())
    return _assemble(sides[0].mean, sides[1].mean, sides[0].trace + sides[1].trace, root)


def frechet_interval(
    x: Features,
    y: Features,
    *,
    level: float = 0.95,
    groups: int = 20,
    seed: int = 0,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> Interval | None:
    """Return a delete-a-group jackknife interval around the Fréchet distance of two feature sets.

    Each set is cut at random into `groups` groups; every group is left out once. Jackknife, not bootstrap:
    drawing with replacement repeats members, shrinks the rank of the covariances and shifts this distance
    upwards by as much as its own sampling bias. The interval tells how far the value moves with another
    sample of the same sizes; it does not remove the bias of about c/n. None when a set has fewer than
    4 members. Costs about 2·groups symmetric eigenvalue problems of size min(n, d).

    Kott 2001, J. Official Statistics 17.
    """
    require_pair(x, y, least=2)
    if min(len(x), len(y)) < 4:
        return None
    rng = np.random.default_rng(seed)
    cuts = [np.array_split(rng.permutation(len(f)), max(2, min(groups, len(f) // 2))) for f in (x, y)]
    sides = [_side(f, check, budget_bytes) for f in (x, y)]
    full = float(torch.linalg.svdvals(sides[0].factor.T @ sides[1].factor).sum())
    estimate = _assemble(sides[0].mean, sides[1].mean, sides[0].trace + sides[1].trace, full)
    replicates = [
        np.fromiter(_deletions(f, own, other, cut, check=check, budget_bytes=budget_bytes), np.float64, len(cut))
        for f, own, other, cut in ((x, sides[0], sides[1], cuts[0]), (y, sides[1], sides[0], cuts[1]))
    ]
    return jackknife_interval(estimate, replicates, level, minimum=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """One set as its mean and a factor (d, r) with covariance = factor · factorᵀ."""

    mean: npt.NDArray[np.float64]
    trace: float
    factor: torch.Tensor


def _side(features: Features, check: Check, budget_bytes: int) -> _Side:
    n, d = features.shape
    if n > d:
        stats = gaussian_stats(features, check, budget_bytes)
        return _Side(stats.mean, float(np.trace(stats.cov)), _factor(stats.cov))
    mean = column_mean(features, check)
    factor = ((tensor64(features) - torch.from_numpy(mean)) / math.sqrt(n - 1)).T
    return _Side(mean, float(factor.square().sum()), factor)


def _assemble(
    mean_a: npt.NDArray[np.float64], mean_b: npt.NDArray[np.float64], traces: float, trace_root: float
) -> float:
    return float(np.square(mean_a - mean_b).sum()) + traces - 2.0 * trace_root


def _centred_chunks(
    features: Features, mean: npt.NDArray[np.float64], check: Check, budget_bytes: int
) -> Iterator[torch.Tensor]:
    shift = torch.from_numpy(mean)
    for part in slices(len(features), block_rows(2 * 8 * features.shape[1], budget_bytes)):
        check()
        yield tensor64(features[part]).sub_(shift)


def _scatter(chunks: Iterator[torch.Tensor], d: int) -> torch.Tensor:
    """Return Σ chunkᵀ·chunk from the panels of the upper triangle."""
    total = torch.zeros((d, d), dtype=torch.float64)
    panels = list(slices(d, max(64, -(-d // _PANELS))))
    for chunk in chunks:
        for panel in panels:
            total[panel, panel.start :].addmm_(chunk[:, panel].T, chunk[:, panel.start :])
    return torch.triu(total) + torch.triu(total, diagonal=1).T


def _trace_root_of_product(cov_a: npt.NDArray[np.float64], cov_b: npt.NDArray[np.float64]) -> float:
    """Return Tr (S_a S_b)^½ of two symmetric positive semi-definite matrices."""
    factors = [_cholesky(cov_a), _cholesky(cov_b)]
    if factors[0] is not None and factors[1] is not None:
        return _root_trace(_congruence(factors[0], cov_b))
    if factors[0] is None and factors[1] is None:
        return float(torch.linalg.svdvals(_pivoted_factor(cov_a).T @ _pivoted_factor(cov_b)).sum())
    # Factoring the singular one leaves no exact zeros, whose rounding a square root would blow up to 1e-8.
    singular, regular = (cov_a, cov_b) if factors[0] is None else (cov_b, cov_a)
    return _root_trace(_congruence(_pivoted_factor(singular), regular))


def _congruence(factor: torch.Tensor, cov: npt.NDArray[np.float64]) -> torch.Tensor:
    return factor.T @ tensor64(cov) @ factor


def _root_trace(matrix: torch.Tensor) -> float:
    return float(torch.linalg.eigvalsh(matrix).clamp_(min=0.0).sqrt_().sum())


def _factor(cov: npt.NDArray[np.float64]) -> torch.Tensor:
    lower = _cholesky(cov)
    return _pivoted_factor(cov) if lower is None else lower


def _cholesky(cov: npt.NDArray[np.float64]) -> torch.Tensor | None:
    """Return the lower factor, or None when the matrix is singular to working precision."""
    factored = torch.linalg.cholesky_ex(tensor64(cov))
    lower: torch.Tensor = factored.L
    pivots = lower.diagonal()
    # Written so that pivots of NaN fail the comparison too.
    if int(factored.info) == 0 and float(pivots.min()) >= _LEAST_PIVOT_RATIO * float(pivots.max()):
        return lower
    return None


def _pivoted_factor(cov: npt.NDArray[np.float64]) -> torch.Tensor:
    """Return a factor (d, rank) with cov = factor · factorᵀ by Cholesky with complete pivoting.

    LAPACK through SciPy, since torch has no pivoted Cholesky. Higham 1990.
    """
    from scipy.linalg.lapack import dpstrf

    packed, pivots, rank, _ = dpstrf(cov, lower=1)
    factor = np.zeros((len(cov), rank))
    factor[pivots - 1] = np.tril(packed)[:, :rank]
    return torch.from_numpy(factor)


def _deletions(
    features: Features,
    own: _Side,
    other: _Side,
    cut: list[npt.NDArray[np.intp]],
    *,
    check: Check,
    budget_bytes: int,
) -> Iterator[float]:
    """Yield the distance with each group of `features` left out.

    The eigenvalues of S_own·S_other are those of the covariance of the data mapped by the fixed factor of the
    other side: leaving rows out needs no new product of (d, d) matrices.
    """
    n = len(features)
    centred_sum_of_squares = own.trace * (n - 1)
    if n <= other.factor.shape[1]:
        roots = _deleted_roots_by_gram(features, own, other, cut, check)
    else:
        roots = _deleted_roots_by_moments(features, own, other, cut, check=check, budget_bytes=budget_bytes)
    for group, root in zip(cut, roots, strict=True):
        kept = n - len(group)
        rows = np.asarray(features[group], dtype=np.float64) - own.mean
        drift = -rows.sum(axis=0) / kept
        trace = (centred_sum_of_squares - float(np.square(rows).sum()) - kept * float(drift @ drift)) / (kept - 1)
        yield _assemble(own.mean + drift, other.mean, trace + other.trace, root)


def _deleted_roots_by_gram(
    features: Features, own: _Side, other: _Side, cut: list[npt.NDArray[np.intp]], check: Check
) -> Iterator[float]:
    """Yield Tr (S_own S_other)^½ per deletion, by slicing and re-centring one (n, n) matrix."""
    mapped = (tensor64(features) - torch.from_numpy(own.mean)) @ other.factor
    gram = mapped @ mapped.T
    for group in cut:
        check()
        kept = torch.from_numpy(np.setdiff1d(np.arange(len(features)), group))
        part = gram[kept][:, kept]
        row_means = part.mean(dim=1, keepdim=True)
        part = part - row_means - row_means.T + row_means.mean()
        yield _root_trace(part / (len(kept) - 1))


def _deleted_roots_by_moments(
    features: Features,
    own: _Side,
    other: _Side,
    cut: list[npt.NDArray[np.intp]],
    *,
    check: Check,
    budget_bytes: int,
) -> Iterator[float]:
    """Yield Tr (S_own S_other)^½ per deletion, by taking group moments from those of all rows."""
    n = len(features)
    link = own.factor.T @ other.factor
    total = link.T @ link * (n - 1)
    for group in cut:
        kept = n - len(group)
        scatter, moved = torch.zeros_like(total), torch.zeros(len(total), dtype=torch.float64)
        for chunk in _centred_chunks(features[group], own.mean, check, budget_bytes):
            mapped = chunk @ other.factor
            scatter.addmm_(mapped.T, mapped)
            moved += mapped.sum(dim=0)
        check()
        yield _root_trace((total - scatter - torch.outer(moved, moved) / kept) / (kept - 1))
