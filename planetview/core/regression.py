"""The least-squares line of one quantity on another, with the band in which it lies."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planetview.core.stats import student_quantile

Vector = npt.NDArray[np.float64]

# With fewer degrees of freedom the series for Student's quantile is off by more than 2 %.
_LEAST_DEGREES = 3


@dataclass(frozen=True, slots=True)
class Regression:
    """y = intercept + slope · x, fitted to n points.

    residual_sd: √(Σ residual² / (n - 2)), None for n = 2. x_mean, x_spread: mean of x and Σ(x - mean)².
    """

    slope: float
    intercept: float
    n: int
    residual_sd: float | None
    x_mean: float
    x_spread: float

    def at(self, x: npt.ArrayLike) -> Vector:
        """Return the line at `x`."""
        return np.asarray(self.intercept + self.slope * np.asarray(x, dtype=np.float64))

    def half_width(self, x: npt.ArrayLike, level: float = 0.95) -> Vector | None:
        """Return half the width of the pointwise confidence band of the mean of y at `x`.

        t·s·√(1/n + (x - mean)²/Σ(x - mean)²) with n - 2 degrees of freedom; None for fewer than 5 points.
        Draper and Smith 1998, 3.1. The points are taken as independent, which pairs that share a partner are not.
        """
        degrees = self.n - 2
        if self.residual_sd is None or degrees < _LEAST_DEGREES:
            return None
        away = np.square(np.asarray(x, dtype=np.float64) - self.x_mean) / self.x_spread
        return np.asarray(student_quantile(level, degrees) * self.residual_sd * np.sqrt(1.0 / self.n + away))


def fit_line(x: npt.ArrayLike, y: npt.ArrayLike) -> Regression | None:
    """Return the least-squares line of y on x.

    x, y: shape (n,), finite. None for fewer than 2 points or where x has no spread.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.size < 2:
        return None
    centred = a - a.mean()
    # Not a product of vectors: NumPy hands those to several threads, and waits 25 ms for cores that others have.
    spread = float(np.square(centred).sum())
    if spread <= (1e-13 * max(1.0, float(np.abs(a).max()))) ** 2 * a.size:
        return None
    rise = b - b.mean()
    slope = float((centred * rise).sum()) / spread
    residuals = rise - slope * centred
    deviation = math.sqrt(float(np.square(residuals).sum()) / (a.size - 2)) if a.size > 2 else None
    mean = float(a.mean())
    return Regression(slope, float(b.mean()) - slope * mean, int(a.size), deviation, mean, spread)
