"""Feature sets for the metric tests, and a cancel hook that counts."""

from __future__ import annotations

import numpy as np

from planetview.core.cancel import Cancelled


def cloud(n: int, d: int, seed: int, *, shift: float = 0.0, decay: float = 0.0) -> np.ndarray:
    """Return (n, d) float64 Gaussian features with correlated columns; `decay` shrinks the later columns."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(d, d)) / np.sqrt(d)
    return (rng.normal(size=(n, d)) * np.exp(-decay * np.arange(d))) @ mixing + shift


class CancelAfter:
    """A check hook that lets some calls pass and then raises `Cancelled`."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled
