"""The square inputs of the CLIP pipelines: Pillow's antialiased bicubic before or after a centre crop, on 8 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize_then_crop(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bring the shorter side to `side`, keeping the aspect, and cut out the central square.

    rgb8: (h, w, 3) uint8, returned as it is when it has that size. Returns (side, side, 3) uint8.
    Equal, pixel by pixel, to torchvision's Resize(side, BICUBIC) and CenterCrop(side) on a Pillow image, their
    rounding included: the longer side is rounded down, the first row and column half to even.
    """
    height, width = rgb8.shape[:2]
    shorter = min(height, width)
    height, width = int(side * height / shorter), int(side * width / shorter)
    resized = _bicubic(rgb8, height, width)
    top, left = round((height - side) / 2), round((width - side) / 2)
    return resized[top : top + side, left : left + side]


def crop_then_resize(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Cut out the largest central square and bring it to `side`.

    rgb8: (h, w, 3) uint8, returned as it is when it has that size. Returns (side, side, 3) uint8.
    Source: the input of CMMD, Jayasumana et al. 2024, arXiv:2401.09603; an odd margin leaves its larger half behind.
    """
    height, width = rgb8.shape[:2]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    return _bicubic(rgb8[top : top + shorter, left : left + shorter], side, side)


def _bicubic(rgb8: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    if rgb8.shape[:2] == (height, width):
        return rgb8
    resized = Image.fromarray(np.ascontiguousarray(rgb8)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(resized)
