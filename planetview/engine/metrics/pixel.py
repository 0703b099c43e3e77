"""PSNR, SSIM and MS-SSIM of pairs of 8-bit images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from planetview.core.errors import ImageProblem

Image8: TypeAlias = npt.NDArray[np.uint8]

WINDOW_PX = 11
_SIGMA_PX = 1.5
# Constants of Wang et al. 2004 for the range 0..255.
_C1 = (0.01 * 255.0) ** 2
_C2 = (0.03 * 255.0) ** 2
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Outputs per strip of the banded product: 2·(32 + 10) operations a pixel and direction, whatever the image size.
# Strips of 32 beat 64, 128 and direct convolution at 256 and 1024 px.
_STRIP = 32
# Rows are taken in tiles whose four maps stay within the second-level cache.
_TILE_ENTRIES = 1 << 17
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
    x, y = _planes(*_channels(a, b))
    return float(_similarity(x, y)[0].mean())


def ms_ssim(a: Image8, b: Image8) -> MsSsim:
    """Return the multi-scale structural similarity with the number of scales that the size allows.

    a, b as for `ssim`. Sides of at least 161 px use the five published scales. Smaller images use the first L
    scales with their weights brought to sum 1, and the label says so: such values compare with each other only.
    Negative terms count as 0. Raises ImageProblem as `ssim` does.

    Wang, Simoncelli and Bovik 2003, doi:10.1109/ACSSC.2003.1292216.
    """
    x, y = _planes(*_channels(a, b))
    levels = ms_ssim_levels(a.shape[0], a.shape[1])
    weights = MS_SSIM_WEIGHTS[:levels]
    if levels < len(MS_SSIM_WEIGHTS):
        weights = tuple(weight / sum(weights) for weight in weights)
    product = torch.ones(x.samples.shape[1], dtype=torch.float64)
    for level, weight in enumerate(weights):
        if level > 0:
            x, y = _halved(x), _halved(y)
        full, contrast = _similarity(x, y)
        product *= (full if level == levels - 1 else contrast).clamp(min=0.0) ** weight
    return MsSsim(float(product.mean()), levels, ms_ssim_label(levels))


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
    return image.ndim == 2 or (
        # Most colour images differ in the first row, which saves the full comparison.
        np.array_equal(image[0, :, 0], image[0, :, 1])
        and np.array_equal(image[:, :, 0], image[:, :, 1])
        and np.array_equal(image[:, :, 0], image[:, :, 2])
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Planes:
    """One image as float32 samples (H, channels, W) about the level (1, channels, 1) of each channel.

    Rows come first, so that blurs are plain products. The level is left out before squaring: variances do not
    change by it, and bright or dark images of low contrast keep two more digits.
    """

    samples: torch.Tensor
    level: torch.Tensor


def _planes(a: Image8, b: Image8) -> tuple[_Planes, _Planes]:
    if min(a.shape[:2]) < WINDOW_PX:
        raise ImageProblem(f"{a.shape[1]} × {a.shape[0]} px is smaller than the {WINDOW_PX}-px window of SSIM")
    return _about_level(a), _about_level(b)


def _about_level(image: Image8) -> _Planes:
    samples = torch.from_numpy(np.atleast_3d(image).transpose(0, 2, 1).astype(np.float32, order="C"))
    level = samples.mean(dim=(0, 2), keepdim=True).round_()
    return _Planes(samples.sub_(level), level)


def _halved(image: _Planes) -> _Planes:
    """Return the 2 × 2 mean; an odd side first repeats the first row and the first column, as piq does."""
    planes = image.samples
    if planes.shape[0] % 2 or planes.shape[2] % 2:
        planes = torch.cat([planes[:1], planes])
        planes = torch.cat([planes[:, :, :1], planes], dim=2)
    height, width = planes.shape[0] // 2 * 2, planes.shape[2] // 2 * 2
    rows = planes[0:height:2] + planes[1:height:2]
    return _Planes((rows[:, :, 0:width:2] + rows[:, :, 1:width:2]).mul_(0.25), image.level)


def _similarity(x: _Planes, y: _Planes) -> tuple[torch.Tensor, torch.Tensor]:
    """Return per channel the mean of SSIM and of its contrast-structure factor, float64."""
    height, channels, width = x.samples.shape
    rows = height - WINDOW_PX + 1
    tile = max(_STRIP, _TILE_ENTRIES // (4 * channels * width) // _STRIP * _STRIP)
    full = torch.zeros(channels, dtype=torch.float64)
    contrast = torch.zeros(channels, dtype=torch.float64)
    for top in range(0, rows, tile):
        bottom = min(top + tile, rows) + WINDOW_PX - 1
        full_sum, contrast_sum = _similarity_sums(
            _Planes(x.samples[top:bottom], x.level), _Planes(y.samples[top:bottom], y.level)
        )
        full += full_sum
        contrast += contrast_sum
    pixels = rows * (width - WINDOW_PX + 1)
    return full / pixels, contrast / pixels


def _similarity_sums(x: _Planes, y: _Planes) -> tuple[torch.Tensor, torch.Tensor]:
    # Four maps instead of five: only the sum of both variances is needed.
    a, b = x.samples, y.samples
    mean_x, mean_y, power, product = _blurred(torch.stack([a, b, a * a + b * b, a * b], dim=1)).unbind(1)
    variances = power.sub_(mean_x * mean_x).sub_(mean_y * mean_y)
    covariance = product.sub_(mean_x * mean_y)
    contrast = covariance.mul_(2.0).add_(_C2).div_(variances.add_(_C2))
    mean_x.add_(x.level)
    mean_y.add_(y.level)
    luminance = (mean_x * mean_y).mul_(2.0).add_(_C1)
    luminance.div_(mean_x.square_().add_(mean_y.square_()).add_(_C1))
    contrast_sum = contrast.sum(dim=2).sum(dim=0, dtype=torch.float64)
    return luminance.mul_(contrast).sum(dim=2).sum(dim=0, dtype=torch.float64), contrast_sum


@cache
def _band(strip: int) -> torch.Tensor:
    """Return the (strip + 10, strip) matrix that filters a stretch of samples with the Gaussian window."""
    offsets = np.arange(WINDOW_PX) - (WINDOW_PX - 1) / 2
    window = np.exp(-(offsets**2) / (2.0 * _SIGMA_PX**2))
    band = np.zeros((strip + WINDOW_PX - 1, strip), dtype=np.float32)
    for column in range(strip):
        band[column : column + WINDOW_PX, column] = window / window.sum()
    return torch.from_numpy(band)


def _blurred(maps: torch.Tensor) -> torch.Tensor:
    """Return maps (H, 4, channels, W) filtered over the valid area, (H - 10, 4, channels, W - 10)."""
    height, _, channels, width = maps.shape
    rows, columns = height - WINDOW_PX + 1, width - WINDOW_PX + 1
    source = maps.view(height, -1)
    down = torch.empty((rows, source.shape[1]))
    for top in range(0, rows, _STRIP):
        bottom = min(top + _STRIP, rows)
        torch.mm(_band(bottom - top).T, source[top : bottom + WINDOW_PX - 1], out=down[top:bottom])
    source = down.view(-1, width)
    across = torch.empty((len(source), columns))
    for left in range(0, columns, _STRIP):
        right = min(left + _STRIP, columns)
        torch.mm(source[:, left : right + WINDOW_PX - 1], _band(right - left), out=across[:, left:right])
    return across.view(rows, 4, channels, columns)
