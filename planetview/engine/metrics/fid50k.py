"""The Fréchet distance with covariances divided by n, as StyleGAN2-ADA's fid50k computes it from raw moments."""

from __future__ import annotations

import math

import numpy as np

from planetview.core.stats import Interval
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    LARGEST_BLOCK,
    Check,
    Features,
    column_mean,
    no_check,
    require_pair,
    slices,
)
from planetview.engine.metrics.frechet import frechet_from_features, frechet_interval


def fid50k(
    x: Features,
    y: Features,
    *,
    level: float = 0.95,
    groups: int = 20,
    seed: int = 0,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> tuple[float, Interval | None]:
    """Return the distance and its jackknife interval.

    x, y: (n, d) and (m, d), at least 2 rows each; the sizes may differ. The mean is that of E[x], the covariance
    E[x xᵀ] - E[x] E[x]ᵀ. With a = (n - 1)/n and b = (m - 1)/m it is the usual distance with the traces times a and
    b and the mixed term times √(a b), so it is taken from the usual one without a second eigenvalue problem.
    The interval has the width of `frechet_interval`; None for fewer than 4 rows on a side.

    Karras et al. 2020 (arXiv:2006.06676), appendix A.
    """
    require_pair(x, y, least=2)
    usual = frechet_from_features(x, y, check, budget_bytes)
    step = float(np.square(column_mean(x, check) - column_mean(y, check)).sum())
    trace_x, trace_y = _trace(x, check), _trace(y, check)
    mixed = step + trace_x + trace_y - usual
    a, b = 1.0 - 1.0 / len(x), 1.0 - 1.0 / len(y)
    value = step + a * trace_x + b * trace_y - math.sqrt(a * b) * mixed
    around = frechet_interval(x, y, level=level, groups=groups, seed=seed, check=check, budget_bytes=budget_bytes)
    if around is None:
        return value, None
    half = around.high - max(0.0, usual)
    return value, Interval(max(0.0, value - half), max(0.0, value + half), level, around.kind)


def _trace(features: Features, check: Check) -> float:
    """Return the trace of the covariance with divisor n - 1."""
    mean = column_mean(features, check)
    total = 0.0
    for part in slices(len(features), LARGEST_BLOCK):
        check()
        total += float(np.square(features[part] - mean).sum())
    return total / (len(features) - 1)
