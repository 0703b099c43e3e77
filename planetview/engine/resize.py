"""The one resize of the offline extractors: Pillow's antialiased bicubic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def squash(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize an image to side x side, not keeping its aspect.

    rgb8: (h, w, 3) uint8, returned as it is when it has that size. Equal channels stay equal.
    Raises ValueError for anything else.
    """
    if rgb8.dtype != np.uint8 or rgb8.ndim != 3 or rgb8.shape[2] != 3:
        raise ValueError(f"expected an (h, w, 3) uint8 image, got {rgb8.dtype} of shape {rgb8.shape}")
    if rgb8.shape[:2] == (side, side):
        return rgb8
    resized = Image.fromarray(np.ascontiguousarray(rgb8)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(resized)
