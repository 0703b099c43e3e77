"""Two images against each other in native units: visible ranges, differences, shared histograms, single pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planetview.core.decoding import NativeImage
from planetview.core.readers import to_rgb8
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

Limits = tuple[float, float]

# Three images of this size take 0.6 GB as native float32 RGB and as much again as pictures.
MOST_PIXELS: Final = 4096 * 4096
PERCENTILES: Final = (2.0, 98.0)
HISTOGRAM_BINS: Final = 128
_MOST_SAMPLES = 4_000_000
_LEAST_LEVEL = 256
_NO_DATA = 128
_FIXED = Stretch(StretchKind.FIXED, 0.0, 1.0)


class VisibleRange(StrEnum):
    """Which native values become black and white.

    RUN: those of the run. NONE: the whole range of the sample type. MIN_MAX: those of the image.
    PERCENTILE: 2 % to 98 % of the image. SIGMA: two standard deviations around its mean. FIXED: those a person gave.
    """

    RUN = "run"
    NONE = "none"
    MIN_MAX = "min-max"
    PERCENTILE = "percentile"
    SIGMA = "sigma"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second image, pixel by pixel.

    values: (h, w) float32, the mean over the bands of the signed or absolute difference; NaN where either image has no
    data. unit: "uint16" for native units; "" where the sample types differ, and then the values are those after each
    image's visible range was mapped to 0..255. is_resampled: whether the sizes differed; then both images were brought
    to the smaller width and the smaller height. largest: of the absolute differences, 0 for none.
    """

    values: NDArray[np.float32]
    unit: str
    is_absolute: bool
    is_resampled: bool
    largest: float

    @property
    def usual(self) -> float:
        """The absolute difference that 99 % of the pixels do not exceed; `largest` where that is 0."""
        finite = np.abs(self.values[np.isfinite(self.values)])
        return (float(np.percentile(finite, 99.0)) if finite.size else 0.0) or self.largest


@dataclass(frozen=True, slots=True)
class Pixel:
    """One pixel. x, y: from the top left corner, 0 first. values: one a band, as stored. is_valid: it holds data."""

    x: int
    y: int
    values: tuple[float, ...]
    is_valid: bool


def reduced(native: NativeImage, most_pixels: int = MOST_PIXELS) -> tuple[NativeImage, int]:
    """Return every n-th pixel of every n-th row, n being the least that leaves at most `most_pixels`, and n.

    Samples stay as stored: nothing is averaged.
    """
    height, width = native.samples.shape[:2]
    step = 1
    while -(-height // step) * -(-width // step) > most_pixels:
        step += 1
    if step == 1:
        return native, 1
    # A copy, so that the whole image can go.
    samples = native.samples[::step, ::step].copy()
    valid = None if native.valid is None else native.valid[::step, ::step].copy()
    return NativeImage(samples, valid, native.bands, native.notes), step


def visible_limits(
    native: NativeImage, kind: VisibleRange, run: ResolvedStretch, fixed: Limits = (0.0, 255.0)
) -> Limits:
    """Return the native values that become black and white.

    run: what the run used, for RUN; deeper images that it did not stretch get their own 0.5 % and 99.5 %, for display
    only. fixed: for FIXED. NONE of floating-point samples, which have no range of their own, is MIN_MAX. Beyond four
    million samples the statistics are of every n-th one.
    """
    if kind is VisibleRange.FIXED:
        return fixed
    if kind is VisibleRange.RUN:
        return _run_limits(native, run)
    if kind is VisibleRange.NONE and native.samples.dtype.kind in "ui":
        return _type_limits(native)
    samples = _some_samples(native)
    low, high = float(samples.min()), float(samples.max())
    if kind is VisibleRange.PERCENTILE:
        return _percentiles(samples, PERCENTILES)
    if kind is VisibleRange.SIGMA:
        mean, spread = float(samples.mean(dtype=np.float64)), 2 * float(samples.std(dtype=np.float64))
        return max(low, mean - spread), min(high, mean + spread)
    return low, high


def to_display(native: NativeImage, limits: Limits, table: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return (h, w, 3) uint8 with `limits` at 0 and 255; single bands through a colour table (256, 3) if given."""
    rgb8 = to_rgb8(native, ResolvedStretch(_FIXED, limits))
    if table is None or native.samples.shape[2] != 1:
        return rgb8
    coloured: NDArray[np.uint8] = table[rgb8[:, :, 0]]
    if native.valid is not None:
        coloured[~native.valid] = 0
    return coloured


def colourise(values: NDArray[np.floating[Any]], limits: Limits, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (h, w, 3) uint8: values through a colour table (n, 3) with `limits` at its ends; NaN becomes mid-grey."""
    low, high = limits
    last = len(table) - 1
    span = (high - low) or 1.0
    places = np.nan_to_num((values - low) * (last / span), nan=0.0, posinf=last, neginf=0)
    coloured: NDArray[np.uint8] = table[np.rint(np.clip(places, 0, last)).astype(np.intp)]
    coloured[np.isnan(values)] = _NO_DATA
    return coloured


def pyramid(rgb8: NDArray[np.uint8], least: int = _LEAST_LEVEL) -> list[NDArray[np.uint8]]:
    """Return the image and its halves, each the mean of 2 x 2 pixels of the one before, until a side is `least`."""
    levels = [rgb8]
    while min(levels[-1].shape[:2]) >= 2 * least:
        levels.append(np.asarray(Image.fromarray(levels[-1]).reduce(2)))
    return levels


def difference(
    first: NativeImage, second: NativeImage, limits: tuple[Limits, Limits], *, absolute: bool = False
) -> Difference:
    """Return first minus second; see `Difference`. limits: the visible range of each, used where sample types differ.

    A single band is compared with each band of a colour image. Unequal sizes: Pillow bilinear, antialiased.
    """
    unit = first.dtype if first.dtype == second.dtype else ""
    planes = [
        _planes(image, None if unit else own_limits)
        for image, own_limits in zip((first, second), limits, strict=True)
    ]  # fmt: skip
    sizes = [plane.shape[1:] for plane in planes]
    height, width = min(size[0] for size in sizes), min(size[1] for size in sizes)
    a, b = (resampled(plane, (width, height)) for plane in planes)
    gap = a - b
    if absolute:
        np.abs(gap, out=gap)
    values = gap.mean(axis=0, dtype=np.float32)
    # Here and not when it is asked for: 4096 x 4096 pixels take 25 ms, and the window asks.
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    return Difference(values, unit, absolute, sizes[0] != sizes[1], largest)


def resampled(planes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return planes (bands, h, w) at another (width, height); NaN spreads to every pixel it takes part in."""
    if planes.shape[1:] == (size[1], size[0]):
        return planes
    return np.stack([np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR)) for plane in planes])


def shared_histogram(
    natives: Sequence[NativeImage], bins: int = HISTOGRAM_BINS
) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Return edges (bins + 1,) over the values of all images, and the counts (bins,) of each, all bands together.

    Integer samples get bins of equal whole width around whole numbers, so that none holds more levels than another.
    """
    samples = [_valid_samples(native) for native in natives]
    low = min(float(part.min()) for part in samples)
    high = max(float(part.max()) for part in samples)
    if all(part.dtype.kind in "ui" for part in samples):
        width = max(1, -(-int(high - low + 1) // bins))
        edges = low - 0.5 + width * np.arange(-(-int(high - low + 1) // width) + 1, dtype=np.float64)
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    return edges, [np.histogram(part, edges)[0] for part in samples]


def pixel_at(native: NativeImage, u: float, v: float, step: int = 1) -> Pixel | None:
    """Return the pixel at a relative place, 0 to 1 from the top left corner; None outside.

    step: of `reduced`; x and y count in the whole image.
    """
    height, width = native.samples.shape[:2]
    column, row = int(np.floor(u * width)), int(np.floor(v * height))
    if not (0 <= column < width and 0 <= row < height):
        return None
    is_valid = native.valid is None or bool(native.valid[row, column])
    return Pixel(column * step, row * step, tuple(native.samples[row, column].tolist()), is_valid)


def value_at(values: NDArray[np.float32], u: float, v: float) -> float | None:
    """Return the value of a map (h, w) at a relative place; None outside and where it has none."""
    height, width = values.shape
    column, row = int(np.floor(u * width)), int(np.floor(v * height))
    if not (0 <= column < width and 0 <= row < height) or np.isnan(values[row, column]):
        return None
    return float(values[row, column])


def _planes(native: NativeImage, limits: Limits | None) -> NDArray[np.float32]:
    """Return float32 planes (bands, h, w), stretched to 0..255 with limits, NaN where there is no data."""
    planes = np.moveaxis(native.samples, 2, 0).astype(np.float32)
    if limits is not None:
        low, high = limits
        planes = np.clip((planes - low) * (255.0 / ((high - low) or 1.0)), 0, 255).astype(np.float32)
    if native.valid is not None:
        planes[:, ~native.valid] = np.nan
    return planes


def _run_limits(native: NativeImage, run: ResolvedStretch) -> Limits:
    if run.value_range is not None:
        return run.value_range
    if run.stretch.kind is StretchKind.NONE and native.samples.dtype == np.uint8:
        return 0.0, 255.0
    ends = (run.stretch.low, run.stretch.high) if run.stretch.kind is StretchKind.IMAGE_PERCENTILE else (0.5, 99.5)
    return _percentiles(_some_samples(native), ends)


def _type_limits(native: NativeImage) -> Limits:
    info = np.iinfo(native.samples.dtype)
    return float(info.min), float(info.max)


def _percentiles(samples: NDArray[Any], ends: tuple[float, float]) -> Limits:
    low, high = np.percentile(samples, ends)
    return float(low), float(high)


def _valid_samples(native: NativeImage) -> NDArray[Any]:
    return native.samples.reshape(-1) if native.valid is None else native.samples[native.valid].reshape(-1)


def _some_samples(native: NativeImage) -> NDArray[Any]:
    samples = _valid_samples(native)
    return samples[:: max(1, -(-samples.size // _MOST_SAMPLES))]
