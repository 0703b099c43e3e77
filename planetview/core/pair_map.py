"""Where a perceptual metric sees two images differ, as a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PairMap:
    """The distance of two images, spread over the places where it arises.

    values: (h, w) float32, 0 or more, at the size the pair was compared at; their mean is `score`.
    score: the scalar distance of the pair. metric: catalogue id. note: what to know about it in words, or "".
    """

    values: NDArray[np.float32]
    score: float
    metric: str
    note: str = ""
