"""Pictures of the sizes that the networks' parity is checked at, and the way features are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planetview.engine.extractors import Extractor
from tests.conftest import terrain

Image8 = NDArray[np.uint8]
SIZES = ((64, 64), (227, 227), (256, 256), (512, 512), (1024, 1024), (300, 227), (225, 640))


def image(height: int, width: int, *, grey: bool = False, seed: int = 0) -> Image8:
    """Terrain with a colour cast and some noise, so that position, colour and fine texture all show."""
    rng = np.random.default_rng((seed, height, width))
    relief = terrain(max(height, width, 2), rng)[:height, :width, None].astype(np.float64)
    casts = np.ones(3) if grey else rng.uniform(0.6, 1.2, 3)
    noise = rng.normal(0, 8, (height, width, 1 if grey else 3))
    return np.clip(relief * casts + noise, 0, 255).astype(np.uint8)


def largest_difference(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Largest difference, relative to the largest value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def features(subject: Extractor, *pictures: Image8) -> NDArray[np.float32]:
    return subject.features(np.stack([subject.prepare(picture) for picture in pictures]))
