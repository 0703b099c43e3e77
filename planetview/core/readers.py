"""From a record of a dataset to the 8-bit RGB that every metric sees, by a stretch that is on record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planetview.core.archives import read_member
from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.decoding import MAX_FILE_BYTES, MAX_PIXELS, NativeImage, read_native
from planetview.core.errors import ImageProblem, UserError
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

__all__ = [
    "MAX_FILE_BYTES", "MAX_PIXELS", "NativeImage", "load_native", "load_rgb8", "read_bytes", "read_native",
    "resolve_stretch", "to_rgb8",
]  # fmt: skip

STRETCH_IMAGES = 200
STRETCH_SAMPLES_PER_IMAGE = 32_768
_ROWS_SAMPLES = 4_000_000


def read_bytes(path: Path, member: str | None = None) -> bytes:
    """Return the encoded bytes of one file, or of one zip member; safe from several threads.

    Raises ImageProblem when it cannot be read or is larger than MAX_FILE_BYTES.
    """
    if member is not None:
        return read_member(path, member)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImageProblem(f"file of {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageProblem(os_reason(error)) from error


def os_reason(error: Exception) -> str:
    """Return what the system answered, without the path that tables show anyway."""
    if isinstance(error, FileNotFoundError):
        return "not there, or a broken link"
    if isinstance(error, PermissionError):
        return "permission denied"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def load_native(record: ImageRecord) -> NativeImage:
    """Read and decode one image of a dataset; safe from several threads.

    Raises ImageProblem when its bytes are gone, damaged, or no longer those that were scanned.
    """
    data = read_bytes(record.path, record.member)
    if hashlib.sha256(data).hexdigest() != record.digest:
        raise ImageProblem("changed since it was scanned: scan the dataset again")
    try:
        return read_native(data, record.name)
    except MemoryError as error:
        raise ImageProblem("needs more memory than is free") from error


def load_rgb8(record: ImageRecord, resolved: ResolvedStretch) -> NDArray[np.uint8]:
    """Read one image of a dataset as (height, width, 3) uint8, C-contiguous.

    Safe from several threads. Raises ImageProblem as `load_native` and `to_rgb8` do.
    """
    return to_rgb8(load_native(record), resolved)


def to_rgb8(native: NativeImage, resolved: ResolvedStretch) -> NDArray[np.uint8]:
    """Turn native samples into (height, width, 3) uint8, C-contiguous.

    A native range low..high becomes round(255 (x - low) / (high - low)), in float64, half to even,
    saturated at 0 and 255; a range without extent makes all samples above it white and the rest
    black. One range serves all bands, which keeps the colours. It applies to 8-bit samples as well:
    one choice treats all sets alike. Grey becomes three equal bands; pixels without data become 0.

    Raises ImageProblem when no stretch was chosen and the samples are deeper than 8 bits.
    """
    samples = native.samples
    if resolved.stretch.kind is StretchKind.NONE:
        if samples.dtype != np.uint8:
            kind = "floating-point" if samples.dtype.kind == "f" else f"{samples.dtype.itemsize * 8}-bit"
            raise ImageProblem(
                f"{kind} samples need a stretch: choose a fixed range, or percentiles of the set or of each image"
            )
        limits = None
    elif resolved.value_range is not None:
        limits = resolved.value_range
    elif resolved.stretch.kind is StretchKind.IMAGE_PERCENTILE:
        limits = _image_percentiles(native, resolved.stretch)
    else:
        raise ValueError(f"a {resolved.stretch.kind.value} stretch needs its value range: see resolve_stretch")
    out = np.empty((*samples.shape[:2], 3), dtype=np.uint8)
    if limits is None:
        out[:] = samples
    else:
        _scale(samples, limits, out)
    if native.valid is not None:
        out[~native.valid] = 0
    return out


def resolve_stretch(
    stretch: Stretch, dataset: Dataset, seed: int = 0, check: Callable[[], None] = lambda: None
) -> ResolvedStretch:
    """Make a stretch concrete for one dataset.

    SET_PERCENTILE takes the percentiles over all valid samples of all bands of at most STRETCH_IMAGES
    images, chosen by `seed` without replacement (all of them in a smaller set). Samples of up to
    16 bits are counted exactly; of deeper images, STRETCH_SAMPLES_PER_IMAGE seeded samples
    stand for the rest, weighted by how many they stand for. Percentiles interpolate linearly.

    check: called between images; raises to cancel. Raises UserError when no image can be read.
    """
    if stretch.kind is StretchKind.FIXED:
        return ResolvedStretch(stretch, (stretch.low, stretch.high))
    if stretch.kind is not StretchKind.SET_PERCENTILE:
        return ResolvedStretch(stretch)
    rng = np.random.default_rng(seed)
    order = np.sort(rng.permutation(len(dataset))[:STRETCH_IMAGES])
    values: list[NDArray[Any]] = []
    counts: list[NDArray[np.int64]] = []
    for index in order:
        check()
        try:
            samples = _valid_samples(load_native(dataset.images[index]))
        except ImageProblem:
            continue
        shallow = _is_shallow(samples.dtype)
        image_values, image_counts = _level_counts(samples) if shallow else _drawn_counts(samples, rng)
        values, counts = _merged([*values, image_values], [*counts, image_counts])
    if not values:
        raise UserError(f"No image of {dataset.name} can be read, so its percentiles are unknown.", exit_code=3)
    return ResolvedStretch(stretch, _percentiles(np.concatenate(values), np.concatenate(counts), stretch))


def _merged(
    values: list[NDArray[Any]], counts: list[NDArray[np.int64]]
) -> tuple[list[NDArray[Any]], list[NDArray[np.int64]]]:
    """Sum the counts of equal values once many have piled up: 200 images of 65,536 levels would take 200 MB."""
    if sum(part.size for part in values) < 1_000_000:
        return values, counts
    unique, inverse = np.unique(np.concatenate(values), return_inverse=True)
    sums = np.zeros(unique.size, dtype=np.int64)
    np.add.at(sums, inverse, np.concatenate(counts))
    return [unique], [sums]


def _is_shallow(dtype: np.dtype[Any]) -> bool:
    """Whether there are so few levels, 65,536 at most, that each can be counted."""
    return dtype.kind in "ui" and dtype.itemsize <= 2


def _valid_samples(native: NativeImage) -> NDArray[Any]:
    return native.samples.reshape(-1) if native.valid is None else native.samples[native.valid].reshape(-1)


def _level_counts(samples: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the levels that occur in shallow samples, and how often each does."""
    lowest = int(np.iinfo(samples.dtype).min)
    histogram = np.zeros(int(np.iinfo(samples.dtype).max) - lowest + 1, dtype=np.int64)
    for part in _parts(samples):
        histogram += np.bincount(part.astype(np.int64) - lowest, minlength=histogram.size)
    levels = np.flatnonzero(histogram)
    return (levels + lowest).astype(np.float64), histogram[levels]


def _drawn_counts(samples: NDArray[Any], rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return seeded samples, and how many samples of the image each stands for."""
    stands_for = 1
    if samples.size > STRETCH_SAMPLES_PER_IMAGE:
        stands_for = round(samples.size / STRETCH_SAMPLES_PER_IMAGE)
        samples = samples[rng.integers(0, samples.size, STRETCH_SAMPLES_PER_IMAGE)]
    return samples.astype(np.float64), np.full(samples.size, stands_for, dtype=np.int64)


def _image_percentiles(native: NativeImage, stretch: Stretch) -> tuple[float, float]:
    samples = _valid_samples(native)
    if _is_shallow(samples.dtype):
        return _percentiles(*_level_counts(samples), stretch)
    low, high = np.percentile(samples, (stretch.low, stretch.high))
    return float(low), float(high)


def _parts(samples: NDArray[Any]) -> Iterator[NDArray[Any]]:
    # bincount wants 8 bytes a sample: a 200 Mpx image at once would take 1.6 GB.
    for start in range(0, samples.size, _ROWS_SAMPLES):
        yield samples[start : start + _ROWS_SAMPLES]


def _percentiles(values: NDArray[np.float64], counts: NDArray[np.int64], stretch: Stretch) -> tuple[float, float]:
    """Return the low and high percentile of values that occur `counts` times, as numpy.percentile does."""
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(counts[order])
    ranks = (float(ends[-1]) - 1) * np.array([stretch.low, stretch.high]) / 100
    below = values[order][np.searchsorted(ends, np.floor(ranks), side="right")]
    above = values[order][np.searchsorted(ends, np.ceil(ranks), side="right")]
    low, high = below + (above - below) * (ranks - np.floor(ranks))
    return float(low), float(high)


def _scale(samples: NDArray[Any], limits: tuple[float, float], out: NDArray[np.uint8]) -> None:
    """Write the stretched samples into `out`, by table where the levels are few, else by bands of rows."""
    if _is_shallow(samples.dtype):
        info = np.iinfo(samples.dtype)
        table = _stretched(np.arange(int(info.min), int(info.max) + 1, dtype=np.float64), limits)
        # A negative level counts from the end of the table, so the rolled table needs no offset.
        out[:] = np.roll(table, int(info.min))[samples]
        return
    rows = max(1, _ROWS_SAMPLES // max(1, samples.shape[1] * samples.shape[2]))
    for start in range(0, samples.shape[0], rows):
        out[start : start + rows] = _stretched(samples[start : start + rows].astype(np.float64), limits)


def _stretched(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = limits
    if high <= low:
        return np.where(values > low, 255, 0).astype(np.uint8)
    scaled = np.nan_to_num(255.0 * (values - low) / (high - low), nan=0.0, posinf=255.0, neginf=0.0)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
