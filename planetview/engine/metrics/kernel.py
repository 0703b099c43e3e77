"""Maximum mean discrepancies: KID (polynomial and Gaussian kernel) and CMMD, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from planetview.core.stats import Interval, jackknife_interval
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    Check,
    Features,
    column_mean,
    no_check,
    require_pair,
    slices,
    square_block,
    tensor64,
)

KidKernel: TypeAlias = Literal["poly", "rbf"]
Kernel: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

_KID_DEGREE = 3
_KID_COEF0 = 1.0
_KID_SIGMA = 10.0
_STRIP_ENTRIES = 1 << 17


@dataclass(frozen=True, slots=True)
class KidResult:
    """KID as published (mean over subsets) and without random subsets.

    mean, sd: over the subsets; sd is the population standard deviation and no standard error, for subsets
    overlap; it is 0 when each subset is the whole of both sets. subset_size: as used, which is the
    smaller set when that is smaller than the size asked for; `shrunk` then is True.
    all_pairs: the unbiased estimate from all pairs, with a jackknife interval; None when not asked for.
    """

    mean: float
    sd: float
    subsets: int
    subset_size: int
    shrunk: bool
    all_pairs: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class CmmdResult:
    """CMMD, multiplied by its scale.

    biased: the published value, with the pairs of each image with itself; never negative. unbiased: without
    them; around 0 for equal distributions, so slightly negative values are right. Intervals by jackknife.
    """

    biased: float
    unbiased: float
    biased_interval: Interval | None
    unbiased_interval: Interval | None


def kid(
    x: Features,
    y: Features,
    kernel: KidKernel = "poly",
    *,
    subsets: int = 100,
    subset_size: int = 1000,
    seed: int = 2020,
    all_pairs: bool = True,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> KidResult:
    """Return the kernel Inception distance: the unbiased squared MMD over random subsets.

    x, y: (n, d) and (m, d), at least 2 rows each. kernel: "poly" is (x·y/d + 1)³; "rbf" is
    exp(-|x - y|²/200) on the features as they are. The subsets are those of torch-fidelity for the same
    argument order and seed. Lower is closer; small negative values are right.
    One pass over the kernel matrices serves all subsets and the all-pairs value; without `all_pairs` the
    subsets are evaluated one by one where that costs less. Float64 throughout.

    Bińkowski et al. 2018 (arXiv:1801.01401).
    """
    require_pair(x, y, least=2)
    if subsets < 1 or subset_size < 2:
        raise ValueError(f"KID needs subsets >= 1 of size >= 2, got {subsets} of {subset_size}")
    n, m = len(x), len(y)
    size = min(subset_size, n, m)
    rng = np.random.RandomState(seed)
    # Arguments evaluate left to right: the first set is drawn before the second, as torch-fidelity draws.
    draws = [(rng.choice(n, size, replace=False), rng.choice(m, size, replace=False)) for _ in range(subsets)]
    function = _poly_kernel(x.shape[1]) if kernel == "poly" else _rbf_kernel(_KID_SIGMA)

    # Half of each own matrix by symmetry, the whole of the mixed one; plus the indicator products.
    whole = (n * n + m * m + 2 * n * m) * (x.shape[1] + subsets)
    if not all_pairs and whole > 4 * subsets * size**2 * x.shape[1]:
        values = _subset_loop(x, y, draws, function, check=check, budget_bytes=budget_bytes)
        return _kid_result(values, size, subset_size, None, None)
    masks = (_masks([first for first, _ in draws], n), _masks([second for _, second in draws], m))
    sums = _pair_sums(x, y, function, torch.float64, check=check, budget_bytes=budget_bytes, masks=masks)
    values = (sums.subsets_xx + sums.subsets_yy) / (size * (size - 1)) - 2.0 * sums.subsets_xy / size**2
    if not all_pairs:
        return _kid_result(values, size, subset_size, None, None)
    return _kid_result(values, size, subset_size, sums.unbiased(), _interval(sums, sums.unbiased(), level, False, 1.0))


def mmd_cmmd(
    x: Features,
    y: Features,
    *,
    sigma: float = 10.0,
    scale: float = 1000.0,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> CmmdResult:
    """Return CMMD: `scale` times the squared MMD of unit-length features with kernel exp(-|x - y|²/(2·sigma²)).

    x, y: (n, d) and (m, d), at least 2 rows each, not of zero length; rows are brought to unit length here.
    Sums run over exp(·) - 1, which leaves the value unchanged and avoids subtracting means that agree in
    four digits. Float32 features use float32 products and float64 sums (off by 3e-10 where the value is
    5e-3, d = 768); float64 features use float64.

    Jayasumana et al. 2024 (arXiv:2401.09603).
    """
    require_pair(x, y, least=2)
    dtype = torch.float32 if x.dtype == y.dtype == np.float32 else torch.float64
    unit_x, unit_y = _unit_rows(x, check), _unit_rows(y, check)
    # Distances do not change under a shift, and short vectors lose fewer digits in |a|² + |b|² - 2a·b.
    shift = (column_mean(unit_x) + column_mean(unit_y)) / 2.0
    unit_x -= shift.astype(unit_x.dtype)
    unit_y -= shift.astype(unit_y.dtype)
    sums = _pair_sums(unit_x, unit_y, _expm1_kernel(sigma), dtype, check=check, budget_bytes=budget_bytes)
    biased, unbiased = scale * sums.biased(), scale * sums.unbiased()
    return CmmdResult(
        biased,
        unbiased,
        _interval(sums, biased, level, True, scale),
        _interval(sums, unbiased, level, False, scale),
    )


def _poly_kernel(dimension: int) -> Kernel:
    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        base = (a @ b.T).mul_(1.0 / dimension).add_(_KID_COEF0)
        return base.square().mul_(base) if _KID_DEGREE == 3 else base**_KID_DEGREE

    return kernel


def _exponent(a: torch.Tensor, b: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return -|a_i - b_j|²/(2 sigma²), at most 0."""
    exponent = torch.addmm(-b.square().sum(dim=1), a, b.T, alpha=2.0)
    return exponent.sub_(a.square().sum(dim=1, keepdim=True)).clamp_(max=0.0).div_(2.0 * sigma**2)


def _rbf_kernel(sigma: float) -> Kernel:
    return lambda a, b: _exponent(a, b, sigma).exp_()


def _expm1_kernel(sigma: float) -> Kernel:
    return lambda a, b: _exponent(a, b, sigma).expm1_()


def _unit_rows(features: Features, check: Check) -> Features:
    unit = np.empty_like(features)
    for part in slices(len(features), 2048):
        check()
        rows = features[part].astype(np.float64)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not lengths.all():
            raise ValueError("a feature vector of zero length has no direction")
        unit[part] = rows / lengths
    return unit


@dataclass(slots=True, eq=False)
class _PairSums:
    """Row sums of the three kernel matrices; own pairs (i, i) are left out of xx and yy.

    diagonal_x, diagonal_y: k(x_i, x_i). subsets_*: the sums inside each subset.
    """

    xx: torch.Tensor
    yy: torch.Tensor
    xy: torch.Tensor
    yx: torch.Tensor
    diagonal_x: torch.Tensor
    diagonal_y: torch.Tensor
    subsets_xx: torch.Tensor
    subsets_yy: torch.Tensor
    subsets_xy: torch.Tensor

    def unbiased(self) -> float:
        n, m = len(self.xx), len(self.yy)
        own = self.xx.sum() / (n * (n - 1)) + self.yy.sum() / (m * (m - 1))
        return float(own - 2.0 * self.xy.sum() / (n * m))

    def biased(self) -> float:
        n, m = len(self.xx), len(self.yy)
        own = (self.xx.sum() + self.diagonal_x.sum()) / n**2 + (self.yy.sum() + self.diagonal_y.sum()) / m**2
        return float(own - 2.0 * self.xy.sum() / (n * m))


def _pair_sums(
    x: Features,
    y: Features,
    kernel: Kernel,
    dtype: torch.dtype,
    *,
    check: Check,
    budget_bytes: int,
    masks: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> _PairSums:
    """Return all sums from one pass over blocks of the kernel matrices."""
    mask_x, mask_y = masks if masks is not None else (torch.zeros(0, len(x)), torch.zeros(0, len(y)))
    edge = square_block(x.shape[1], 8, budget_bytes, temporaries=3)
    xx, diagonal_x, subsets_xx = _own_sums(x, kernel, dtype, edge, mask_x, check=check)
    yy, diagonal_y, subsets_yy = _own_sums(y, kernel, dtype, edge, mask_y, check=check)
    xy, yx = torch.zeros(len(x), dtype=torch.float64), torch.zeros(len(y), dtype=torch.float64)
    subsets_xy = torch.zeros(len(mask_x), dtype=torch.float64)
    for rows in slices(len(x), edge):
        a = tensor64(x[rows]).to(dtype)
        for columns in slices(len(y), edge):
            check()
            block = kernel(a, tensor64(y[columns]).to(dtype))
            row_sums, column_sums = _sums64(block)
            xy[rows] += row_sums
            yx[columns] += column_sums
            subsets_xy += _inside(mask_x[:, rows], block, mask_y[:, columns])
    return _PairSums(xx, yy, xy, yx, diagonal_x, diagonal_y, subsets_xx, subsets_yy, subsets_xy)


def _own_sums(
    x: Features, kernel: Kernel, dtype: torch.dtype, edge: int, mask: torch.Tensor, *, check: Check
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return row sums without the diagonal, the diagonal, and the sums inside each subset."""
    sums, diagonal = torch.zeros(len(x), dtype=torch.float64), torch.zeros(len(x), dtype=torch.float64)
    subsets = torch.zeros(len(mask), dtype=torch.float64)
    for rows in slices(len(x), edge):
        a = tensor64(x[rows]).to(dtype)
        for columns in slices(len(x), edge):
            if columns.start < rows.start:
                continue
            check()
            is_diagonal = columns == rows
            block = kernel(a, a if is_diagonal else tensor64(x[columns]).to(dtype))
            if is_diagonal:
                diagonal[rows] = block.diagonal().double()
                block.fill_diagonal_(0.0)
            row_sums, column_sums = _sums64(block)
            sums[rows] += row_sums
            if not is_diagonal:
                sums[columns] += column_sums
            subsets += (1.0 if is_diagonal else 2.0) * _inside(mask[:, rows], block, mask[:, columns])
    return sums, diagonal, subsets


def _sums64(block: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return row sums and column sums in float64.

    Strips of rows are widened within the cache, by NumPy, which starts no threads for so little work: 3 ms for
    2048 x 2048 float32 whatever else the cores do, against 24 to 90 ms for torch's own two sums into float64.
    """
    if block.dtype == torch.float64:
        return block.sum(dim=1), block.sum(dim=0)
    values = block.numpy()
    row_sums, column_sums = np.empty(block.shape[0]), np.zeros(block.shape[1])
    strip = np.empty((max(1, _STRIP_ENTRIES // block.shape[1]), block.shape[1]))
    for rows in slices(len(values), len(strip)):
        wide = strip[: rows.stop - rows.start]
        wide[:] = values[rows]
        row_sums[rows] = wide.sum(axis=1)
        column_sums += wide.sum(axis=0)
    return torch.from_numpy(row_sums), torch.from_numpy(column_sums)


def _inside(left: torch.Tensor, block: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Return per subset s the sum of block[i, j] over i in left[s] and j in right[s]; masks hold 0 and 1."""
    if len(left) == 0:
        return torch.zeros(0, dtype=torch.float64)
    return ((left @ block) * right).sum(dim=1)


def _masks(draws: list[npt.NDArray[np.int64]], n: int) -> torch.Tensor:
    mask = torch.zeros(len(draws), n, dtype=torch.float64)
    for row, draw in zip(mask, draws, strict=True):
        row[torch.from_numpy(draw)] = 1.0
    return mask


def _subset_loop(
    x: Features,
    y: Features,
    draws: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    kernel: Kernel,
    *,
    check: Check,
    budget_bytes: int,
) -> torch.Tensor:
    values = [
        _pair_sums(x[first], y[second], kernel, torch.float64, check=check, budget_bytes=budget_bytes).unbiased()
        for first, second in draws
    ]
    return torch.tensor(values, dtype=torch.float64)


def _kid_result(
    values: torch.Tensor, size: int, asked: int, all_pairs: float | None, interval: Interval | None
) -> KidResult:
    mean, sd = float(values.mean()), float(values.std(correction=0))
    return KidResult(mean, sd, len(values), size, size < asked, all_pairs, interval)


def _interval(sums: _PairSums, estimate: float, level: float, biased: bool, scale: float) -> Interval | None:
    """Return the delete-one jackknife interval from the row sums; None for sets of fewer than 4."""
    n, m = len(sums.xx), len(sums.yy)
    if min(n, m) < 4:
        return None
    cross = sums.xy.sum()
    sides = []
    for own, diagonal, to_other, other, other_diagonal, size, other_size in (
        (sums.xx, sums.diagonal_x, sums.xy, sums.yy, sums.diagonal_y, n, m),
        (sums.yy, sums.diagonal_y, sums.yx, sums.xx, sums.diagonal_x, m, n),
    ):
        inside, outside = own.sum() - 2.0 * own, other.sum()
        if biased:
            inside = (inside + diagonal.sum() - diagonal) / (size - 1) ** 2
            outside = (outside + other_diagonal.sum()) / other_size**2
        else:
            inside = inside / ((size - 1) * (size - 2))
            outside = outside / (other_size * (other_size - 1))
        between = (cross - to_other) / ((size - 1) * other_size)
        sides.append((scale * (inside + outside - 2.0 * between)).numpy())
    return jackknife_interval(estimate, sides, level, minimum=0.0 if biased else -np.inf)
