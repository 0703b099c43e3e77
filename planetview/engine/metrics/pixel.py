"""PSNR, SSIM and MS-SSIM of pairs of 8-bit images.

All of it is NumPy within one thread, without the interpreter's lock for most of the time: pairs are scored side by
side in the decoding threads, where operations that spread over threads themselves wait for each other (18 to 47 ms a
pair of 256 px instead of 2 to 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from planetview.core.errors import ImageProblem

Image8: TypeAlias = npt.NDArray[np.uint8]
_Floats: TypeAlias = npt.NDArray[np.float32]
_Sums: TypeAlias = npt.NDArray[np.float64]

WINDOW_PX = 11
_SIGMA_PX = 1.5
# Constants of Wang et al. 2004 for the range 0..255.
_C1 = (0.01 * 255.0) ** 2
_C2 = (0.03 * 255.0) ** 2
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Outputs per strip of the banded product: 2·(16 + 10) operations a pixel and direction, whatever the image size.
# Products this small also stay in the calling thread. Strips of 16 beat 8, 24 and 32.
_STRIP = 16
# Images are taken in tiles whose four maps stay within the second-level cache.
_TILE_ENTRIES = 3 << 16
_TILE_COLUMNS = 512
_PSNR_ROWS = 64


@dataclass(frozen=True, slots=True)
class MsSsim:
    """value in [0, 1]; levels 1..5; label "MS-SSIM", or "MS-SSIM-L4" and so on with fewer levels than five."""

    value: float
    levels: int
    label: str


def psnr(a: Image8, b: Image8) -> float:
    """Return the peak signal-to-noise ratio in dB, 10·log10(255²/MSE) over all samples.

    a, b: uint8, (H, W) or (H, W, 3), equal height and width. Higher is more alike; infinite for identical
    images, so leave those out of means and count them. Raises ImageProblem when the sizes differ.
    """
    a, b = _channels(a, b)
    squares = 0.0
    for top in range(0, len(a), _PSNR_ROWS):
        upper, lower = a[top : top + _PSNR_ROWS], b[top : top + _PSNR_ROWS]
        # |a - b| stays in uint8, so that float64 (exact here) is touched in a cache-sized piece only.
        difference = (np.maximum(upper, lower) - np.minimum(upper, lower)).astype(np.float64).ravel()
        squares += float(np.einsum("i,i->", difference, difference))
    return math.inf if squares == 0.0 else 10.0 * math.log10(255.0**2 * a.size / squares)


def ssim(a: Image8, b: Image8) -> float:
    """Return the structural similarity: Gaussian window of 11 px and sigma 1.5, valid area, mean of the channels.

    a, b as for `psnr`, both sides at least 11 px. In [-1, 1], higher is more alike; no down-sampling.
    Raises ImageProblem when the sizes differ or a side is shorter than 11 px.

    Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    return float(_similarity(_superposed(*_channels(a, b)))[0].mean())


def ms_ssim(a: Image8, b: Image8) -> MsSsim:
    """Return the multi-scale structural similarity with the number of scales that the size allows.

    a, b as for `ssim`. Sides of at least 161 px use the five published scales. Smaller images use the first L
    scales with their weights brought to sum 1, and the label says so: such values compare with each other only.
    Negative terms count as 0. Raises ImageProblem as `ssim` does.

    Wang, Simoncelli and Bovik 2003, doi:10.1109/ACSSC.2003.1292216.
    """
    return ssim_and_ms_ssim(a, b)[1]


def ssim_and_ms_ssim(a: Image8, b: Image8) -> tuple[float, MsSsim]:
    """Return what `ssim` and `ms_ssim` return, for the time of the latter: SSIM is its first scale."""
    pair = _superposed(*_channels(a, b))
    levels = ms_ssim_levels(a.shape[0], a.shape[1])
    weights = MS_SSIM_WEIGHTS[:levels]
    if levels < len(MS_SSIM_WEIGHTS):
        weights = tuple(weight / sum(weights) for weight in weights)
    first, contrast = full, _ = _similarity(pair)
    product = np.ones(len(full))
    for level, weight in enumerate(weights):
        if level > 0:
            pair = pair.halved()
            full, contrast = _similarity(pair)
        product *= np.maximum(full if level == levels - 1 else contrast, 0.0) ** weight
    return float(first.mean()), MsSsim(float(product.mean()), levels, ms_ssim_label(levels))


def ms_ssim_levels(height: int, width: int) -> int:
    """Return how many scales of MS-SSIM an image allows, 1..5; 0 below 11 px."""
    side = min(height, width)
    return sum(side >= (WINDOW_PX - 1) * 2**level + 1 for level in range(len(MS_SSIM_WEIGHTS)))


def ms_ssim_label(levels: int) -> str:
    """Return the name under which a value with that many scales may be shown."""
    return "MS-SSIM" if levels == len(MS_SSIM_WEIGHTS) else f"MS-SSIM-L{levels}"


def _channels(a: Image8, b: Image8) -> tuple[Image8, Image8]:
    """Return both images with the same number of channels: one where both are grey, else three."""
    for image in (a, b):
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise ValueError(f"images are uint8 of shape (H, W) or (H, W, 3), got {image.dtype} {image.shape}")
    if a.shape[:2] != b.shape[:2]:
        raise ImageProblem(f"sizes differ: {a.shape[1]} × {a.shape[0]} px and {b.shape[1]} × {b.shape[0]} px")
    if _is_grey(a) and _is_grey(b):
        return (image if image.ndim == 2 else image[:, :, 0] for image in (a, b))  # type: ignore[return-value]
    wide = [image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2) for image in (a, b)]
    return wide[0], wide[1]


def _is_grey(image: Image8) -> bool:
    if image.ndim == 2:
        return True
    # Most colour images differ in the first row, which saves the full comparison.
    return _has_equal_channels(image[:1]) and _has_equal_channels(image)


def _has_equal_channels(image: Image8) -> bool:
    """Compare every sample with the next one in memory, a ninth of the time of comparing strided channels."""
    rows = image.reshape(len(image), -1)
    differs = rows[:, 1:] ^ rows[:, :-1]
    differs &= _within_pixel(rows.shape[1])
    return not differs.any()


@cache
def _within_pixel(samples: int) -> Image8:
    """Return 255 where a sample and the next one belong to one pixel of three, else 0, (samples - 1,)."""
    mask = np.full(samples - 1, 255, dtype=np.uint8)
    mask[2::3] = 0
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class _Superposed:
    """Two images as their sum and their difference, float32 (channels, H, W), each about its level (channels,).

    For the sum s and the difference d of two images, 2(A² + B²) = S² + D² and 4AB = S² - D² hold for their means and,
    alike, for variances and covariance. So four maps do instead of five, and the distance of SSIM from 1 is computed
    itself, free of cancellation. The levels are left out before squaring: variances do not change by it, and
    bright or dark images of low contrast keep two more digits.
    """

    total: _Floats
    difference: _Floats
    levels: tuple[_Floats, _Floats]

    def halved(self) -> _Superposed:
        """Return the 2 × 2 means; an odd side first repeats the first row and the first column, as piq does."""
        return _Superposed(_halved(self.total), _halved(self.difference), self.levels)


def _superposed(a: Image8, b: Image8) -> _Superposed:
    if min(a.shape[:2]) < WINDOW_PX:
        raise ImageProblem(f"{a.shape[1]} × {a.shape[0]} px is smaller than the {WINDOW_PX}-px window of SSIM")
    total, total_level = _about_level(np.add(a, b, dtype=np.int16))
    difference, difference_level = _about_level(np.subtract(a, b, dtype=np.int16))
    return _Superposed(total, difference, (total_level, difference_level))


def _about_level(image: npt.NDArray[np.int16]) -> tuple[_Floats, _Floats]:
    planes = np.atleast_3d(image).transpose(2, 0, 1).astype(np.float32, order="C")
    level = np.rint(planes.mean(axis=(1, 2)))
    planes -= level[:, None, None]
    return planes, level


def _halved(planes: _Floats) -> _Floats:
    if planes.shape[1] % 2 or planes.shape[2] % 2:
        planes = np.pad(planes, ((0, 0), (1, 0), (1, 0)), mode="edge")
    height, width = planes.shape[1] // 2 * 2, planes.shape[2] // 2 * 2
    rows = planes[:, 0:height:2] + planes[:, 1:height:2]
    means: _Floats = rows[:, :, 0:width:2] + rows[:, :, 1:width:2]
    means *= 0.25
    return means


def _similarity(pair: _Superposed) -> tuple[_Sums, _Sums]:
    """Return per channel the mean of SSIM and of its contrast-structure factor."""
    channels, height, width = pair.total.shape
    rows, columns = height - WINDOW_PX + 1, width - WINDOW_PX + 1
    across = min(columns, _TILE_COLUMNS)
    down = max(_STRIP, _TILE_ENTRIES // (4 * channels * (across + WINDOW_PX - 1)) // _STRIP * _STRIP)
    losses = np.zeros((3, channels))
    for top in range(0, rows, down):
        high = slice(top, min(top + down, rows) + WINDOW_PX - 1)
        for left in range(0, columns, across):
            wide = slice(left, min(left + across, columns) + WINDOW_PX - 1)
            losses += _losses(pair.total[:, high, wide], pair.difference[:, high, wide], pair.levels)
    contrast, luminance, both = losses / (rows * columns)
    # (1 - 2c)(1 - 2l) = 1 - 2c - 2l + 4cl
    return 1.0 - 2.0 * contrast - 2.0 * luminance + 4.0 * both, 1.0 - 2.0 * contrast


def _losses(total: _Floats, difference: _Floats, levels: tuple[_Floats, _Floats]) -> _Sums:
    """Return the sums over a tile of c, l and c·l per channel, where SSIM = (1 - 2c)(1 - 2l) at each pixel."""
    maps = np.empty((4, *total.shape), dtype=np.float32)
    maps[0], maps[1] = total, difference
    np.multiply(maps[:2], maps[:2], out=maps[2:])
    blurred = _blurred(maps)
    means, variances = blurred[:2], blurred[2:]
    squares = means * means
    variances -= squares
    means += np.stack(levels)[:, :, None, None]
    np.multiply(means, means, out=squares)
    contrast = _loss(variances[0], variances[1], 2.0 * _C2)
    luminance = _loss(squares[0], squares[1], 2.0 * _C1)
    sums = [_sum(contrast), _sum(luminance)]
    contrast *= luminance
    return np.stack([*sums, _sum(contrast)])


def _loss(total: _Floats, difference: _Floats, constant: float) -> _Floats:
    """Return difference / (total + difference + constant) in the place of `difference`; `total` is used up."""
    total += difference
    total += constant
    difference /= total
    return difference


def _sum(planes: _Floats) -> _Sums:
    sums: _Sums = planes.sum(axis=2).sum(axis=1, dtype=np.float64)
    return sums


@cache
def _band(strip: int) -> _Floats:
    """Return the (strip + 10, strip) matrix that filters a stretch of samples with the Gaussian window."""
    offsets = np.arange(WINDOW_PX) - (WINDOW_PX - 1) / 2
    window = np.exp(-(offsets**2) / (2.0 * _SIGMA_PX**2))
    band = np.zeros((strip + WINDOW_PX - 1, strip), dtype=np.float32)
    for column in range(strip):
        band[column : column + WINDOW_PX, column] = window / window.sum()
    return band


def _blurred(maps: _Floats) -> _Floats:
    """Return maps (4, channels, H, W) filtered over the valid area, (4, channels, H - 10, W - 10)."""
    height, width = maps.shape[2] - WINDOW_PX + 1, maps.shape[3] - WINDOW_PX + 1
    down = np.empty((*maps.shape[:2], height, maps.shape[3]), dtype=np.float32)
    strip = min(_STRIP, height)
    weights = _band(strip).T
    for source, target in zip(_strips(maps, 2, strip, WINDOW_PX - 1), _strips(down, 2, strip, 0), strict=True):
        np.matmul(weights, source, out=target)
    across = np.empty((*maps.shape[:2], height, width), dtype=np.float32)
    strip = min(_STRIP, width)
    for source, target in zip(_strips(down, 3, strip, WINDOW_PX - 1), _strips(across, 3, strip, 0), strict=True):
        np.matmul(source, _band(strip), out=target)
    return across


def _strips(planes: _Floats, axis: int, strip: int, margin: int) -> tuple[_Floats, _Floats]:
    """Return views (4, channels, strips, ..., ...) of all strips, each `margin` longer, and of one that ends last.

    planes: contiguous. Where the strips do not fill the length, the last one repeats some of the work before it.
    """
    length, step = planes.shape[axis] - margin, planes.strides[axis]
    shape, strides = list(planes.shape), list(planes.strides)
    shape[axis] = strip + margin
    shape.insert(2, length // strip)
    strides.insert(2, strip * step)
    # A tenth of the time of `sliding_window_view`, during which no other thread could run.
    whole: _Floats = np.ndarray(shape, np.float32, planes, strides=strides)
    shape[2] = 1 if length % strip else 0
    last: _Floats = np.ndarray(shape, np.float32, planes, (length - strip) * step, strides)
    return whole, last
