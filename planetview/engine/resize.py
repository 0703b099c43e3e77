"""The named resizes of the extractors, each equal to the one its metric was published with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def squash(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize an image to side x side, not keeping its aspect, by Pillow's antialiased bicubic on 8 bits.

    rgb8: (h, w, 3) uint8, returned as it is when it has that size. Equal channels stay equal.
    Raises ValueError for anything else.
    """
    _require_rgb8(rgb8)
    if rgb8.shape[:2] == (side, side):
        return rgb8
    resized = Image.fromarray(np.ascontiguousarray(rgb8)).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(resized)


def tensorflow1_bilinear(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Resize an image to side x side as TensorFlow 1 did: the resize of torch-fidelity and StyleGAN2-ADA.

    rgb8: (h, w, 3) uint8. Returns (side, side, 3) float32 in 0..255. Output pixel i reads position i * in / out,
    without half-pixel centres and without antialiasing; the last row and column repeat at the border.
    Raises ValueError for anything else. Source: `ResizeBilinear` of TensorFlow 1 with align_corners=False.
    """
    _require_rgb8(rgb8)
    height, width = rgb8.shape[:2]
    steps = np.arange(side, dtype=np.float32)
    rows, columns = steps * np.float32(height / side), steps * np.float32(width / side)
    return _bilinear(rgb8, rows, columns)


def pytorch_bilinear(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Resize an image to side x side as pytorch-fid does: `interpolate`, bilinear, align_corners=False.

    rgb8: (h, w, 3) uint8. Returns (side, side, 3) float32 in 0..255. Half-pixel centres, no antialiasing.
    Raises ValueError for anything else.
    """
    _require_rgb8(rgb8)
    height, width = rgb8.shape[:2]
    centres = np.arange(side, dtype=np.float64) + 0.5
    # PyTorch multiplies and subtracts in one step: the float32 scale is exact, the position is rounded once.
    positions = (centres * float(np.float32(size / side)) - 0.5 for size in (height, width))
    rows, columns = (np.maximum(position, 0.0).astype(np.float32) for position in positions)
    return _bilinear(rgb8, rows, columns)


def float_bicubic(rgb8: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """Resize an image to side x side as clean-fid's mode "clean" does: Pillow's bicubic on float channels.

    rgb8: (h, w, 3) uint8. Returns (side, side, 3) float32 clipped to 0..255, not rounded; antialiased.
    Raises ValueError for anything else. Source: Parmar et al. 2022, arXiv:2104.11222.
    """
    _require_rgb8(rgb8)
    resized = np.empty((side, side, 3), dtype=np.float32)
    for channel in range(3):
        plane = Image.fromarray(rgb8[..., channel].astype(np.float32))
        resized[..., channel] = np.asarray(plane.resize((side, side), Image.Resampling.BICUBIC))
    return np.clip(resized, 0.0, 255.0, out=resized)


def _require_rgb8(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected an (h, w, 3) uint8 image, got {image.dtype} of shape {image.shape}")


def _bilinear(rgb8: NDArray[np.uint8], rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Read an image at fractional rows and columns, all at least 0, columns first, in float32."""
    height, width = rgb8.shape[:2]
    above, below, down = _neighbours(rows, height)
    left, right, across = _neighbours(columns, width)
    # Only the rows that are read: a 1024 px image has 598 of them.
    needed, places = np.unique(np.concatenate((above, below)), return_inverse=True)
    source = rgb8[needed]
    lines = source[:, left].astype(np.float32)
    lines += (source[:, right].astype(np.float32) - lines) * across[:, None]
    upper = lines[places[: len(rows)]]
    upper += (lines[places[len(rows) :]] - upper) * down[:, None, None]
    return upper


def _neighbours(
    positions: NDArray[np.float32], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the pixel before and after each position, the last one repeated, and the share of the one after."""
    before = np.minimum(positions.astype(np.int64), size - 1)
    after = np.minimum(before + 1, size - 1)
    return before, after, positions - before.astype(np.float32)
