"""Cutting long arrays into blocks that fit a memory budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

Features: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Check: TypeAlias = Callable[[], None]

DEFAULT_BUDGET_BYTES = 1 << 30
# 2048 x 2048 x 2048 in float64 takes 0.1 to 0.2 s on two cores: one step between two looks at the cancel token.
LARGEST_BLOCK = 2048
_SMALLEST_BLOCK = 64
# Numbers of a float64 temporary that stays in the second-level cache; twice as fast as whole blocks.
_CACHED_ENTRIES = 1 << 16
_PAIRS_BETWEEN_CHECKS = 1 << 14


def no_check() -> None:
    """Do nothing; the default of every `check` hook."""


def block_rows(row_bytes: int, budget_bytes: int, largest: int = LARGEST_BLOCK) -> int:
    """Return how many rows of `row_bytes` fit the budget, within 64..`largest`."""
    return max(_SMALLEST_BLOCK, min(largest, budget_bytes // max(1, row_bytes)))


def square_block(dimension: int, item_bytes: int, budget_bytes: int, temporaries: int) -> int:
    """Return the edge of square blocks such that `temporaries` blocks and two feature blocks fit the budget.

    dimension: feature length. item_bytes: 4 or 8. The edge lies within 64..2048.
    """
    # Positive root of temporaries·e² + 2·dimension·e = budget / item_bytes.
    room = budget_bytes / item_bytes
    edge = (math.sqrt(dimension**2 + temporaries * room) - dimension) / temporaries
    return max(_SMALLEST_BLOCK, min(LARGEST_BLOCK, int(edge)))


def slices(n: int, size: int) -> Iterator[slice]:
    """Yield consecutive slices of at most `size` that cover 0..n."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def tensor64(rows: Features) -> torch.Tensor:
    """Return a float64 copy as a tensor; read-only memory maps are fine."""
    return torch.from_numpy(np.array(rows, dtype=np.float64))


def cached_rows(dimension: int) -> int:
    """Return how many rows of float64 make a temporary that stays in the cache."""
    return max(1, _CACHED_ENTRIES // max(1, dimension))


def squared_distances(
    a: Features, b: Features, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], check: Check = no_check
) -> npt.NDArray[np.float64]:
    """Return |a_i - b_j|² of pairs of rows as float64 sums of squared differences, the same bits for (i, j) and (j, i).

    a: (n, d), b: (m, d); i, j: (pairs,) indices. Exact copies are at distance exactly 0.
    """
    squared = np.empty(len(i))
    step = cached_rows(a.shape[1])
    for start in range(0, len(i), step):
        if start % _PAIRS_BETWEEN_CHECKS < step:
            check()
        part = slice(start, start + step)
        difference = a[i[part]].astype(np.float64)
        difference -= b[j[part]]
        np.einsum("pd,pd->p", difference, difference, out=squared[part])
    return squared


def column_mean(features: Features, check: Check = no_check) -> npt.NDArray[np.float64]:
    """Return the mean row in float64, (d,)."""
    total = np.zeros(features.shape[1])
    for part in slices(len(features), LARGEST_BLOCK):
        check()
        total += features[part].sum(axis=0, dtype=np.float64)
    return total / len(features)


def require_features(features: Features, least: int) -> None:
    """Raise ValueError unless `features` is a finite float matrix of at least `least` rows."""
    if features.ndim != 2 or features.dtype not in (np.float32, np.float64):
        raise ValueError(f"features are a float32 or float64 matrix, got {features.dtype} of shape {features.shape}")
    if len(features) < least or features.shape[1] < 1:
        raise ValueError(f"needs at least {least} images, got {len(features)}")
    if not all(np.isfinite(features[part]).all() for part in slices(len(features), LARGEST_BLOCK)):
        raise ValueError("features hold values that are not finite")


def require_pair(x: Features, y: Features, least: int) -> None:
    """Raise ValueError unless both are feature matrices of at least `least` rows and of equal width."""
    require_features(x, least)
    require_features(y, least)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"feature lengths differ: {x.shape[1]} and {y.shape[1]}")
