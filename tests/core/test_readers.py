"""Native samples reach 8 bits by exact, recorded arithmetic; other tools' silent conversion does not."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import threading
import warnings
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.errors import ImageProblem, UserError
from planetview.core.readers import NativeImage, load_rgb8, read_native, resolve_stretch, to_rgb8
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from tests.patience import PATIENCE_S

Array = np.ndarray[Any, Any]
AS_STORED = ResolvedStretch(Stretch())
LOSSLESS_JP2 = {"QUALITY": "100", "REVERSIBLE": "YES"}


def with_gdal(samples: Array, driver: str, **options: Any) -> bytes:
    """Encode (height, width[, bands]) samples with rasterio."""
    planes = samples[None] if samples.ndim == 2 else np.moveaxis(samples, 2, 0)
    count, height, width = planes.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver=driver, height=height, width=width, count=count, dtype=planes.dtype, **options) as out:
            out.write(planes)
        return bytes(memory.read())


def with_pillow(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def fixed(low: float, high: float) -> ResolvedStretch:
    return ResolvedStretch(Stretch(StretchKind.FIXED, low, high), (low, high))


def set_of(folder: Path, encoded: list[bytes]) -> Dataset:
    """Write encoded images and describe them as a scan would, without scanning."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for i, data in enumerate(encoded):
        path = folder / f"{i}.bin"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        records.append(ImageRecord(path.name, path, None, None, digest, len(data), 1, 1, 1, "uint16"))
    return Dataset("set", Role.CANDIDATE, folder, SourceKind.FOLDER, tuple(records))


RAMP_16 = np.linspace(700, 52_000, 64 * 64).round().astype(np.uint16).reshape(64, 64)
RAMP_10 = np.linspace(3, 1020, 64 * 64).round().astype(np.uint16).reshape(64, 64)
REFLECTANCE = np.linspace(0.02, 0.31, 64 * 64, dtype=np.float32).reshape(64, 64)

DEEP = [
    pytest.param(RAMP_16, "PNG", {}, id="16-bit PNG"),
    pytest.param(RAMP_16, "GTiff", {"compress": "deflate"}, id="16-bit TIFF"),
    pytest.param(REFLECTANCE, "GTiff", {}, id="float TIFF"),
    pytest.param(RAMP_10, "JP2OpenJPEG", {"NBITS": 10, **LOSSLESS_JP2}, id="10-bit JPEG 2000"),
]


@pytest.mark.parametrize(("samples", "driver", "options"), DEEP)
def test_deep_samples_are_read_exactly_as_stored(samples: Array, driver: str, options: dict[str, Any]) -> None:
    native = read_native(with_gdal(samples, driver, **options))
    assert native.dtype == str(samples.dtype)
    assert native.valid is None
    np.testing.assert_array_equal(native.samples[:, :, 0], samples)


@pytest.mark.parametrize(("samples", "driver", "options"), DEEP)
def test_the_stretch_keeps_levels_that_pillow_destroys(samples: Array, driver: str, options: dict[str, Any]) -> None:
    data = with_gdal(samples, driver, **options)
    low, high = float(samples.min()), float(samples.max())
    wide = samples.astype(np.float64)
    expected = np.rint(255 * (wide - low) / (high - low)).astype(np.uint8)

    ours = to_rgb8(read_native(data), fixed(low, high))
    np.testing.assert_array_equal(ours, np.repeat(expected[:, :, None], 3, axis=2))
    assert (np.diff(ours[:, :, 0].ravel().astype(int)) >= 0).all()
    assert len(np.unique(ours)) == 256

    pillows = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert len(np.unique(pillows)) < 256, "Pillow keeps the levels by now: the detour may go"


def test_pillow_turns_reflectance_black_and_loses_12_bit_levels() -> None:
    faint = Image.open(io.BytesIO(with_gdal(REFLECTANCE, "GTiff"))).convert("RGB")
    assert np.asarray(faint).max() == 0
    twelve_bits = np.linspace(256, 4095, 64, dtype=np.uint16).reshape(8, 8)
    deep = np.asarray(Image.open(io.BytesIO(with_gdal(twelve_bits, "PNG"))).convert("RGB"))
    assert len(np.unique(deep)) <= 16


def test_deep_samples_without_a_stretch_are_refused_and_never_clipped() -> None:
    with pytest.raises(ImageProblem, match="16-bit samples need a stretch: choose"):
        to_rgb8(read_native(with_gdal(RAMP_16, "PNG")), AS_STORED)
    with pytest.raises(ImageProblem, match="floating-point samples need a stretch: choose"):
        to_rgb8(read_native(with_gdal(REFLECTANCE, "GTiff")), AS_STORED)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"])
def test_every_sample_type_follows_the_same_formula(dtype: str) -> None:
    values = np.array([-300, -100, -7, 0, 1, 2, 50, 100, 127, 128, 255, 300, 40_000])
    if np.dtype(dtype).kind != "f":
        info = np.iinfo(dtype)
        values = values[(values >= info.min) & (values <= info.max)]
    samples = values.astype(dtype).reshape(1, -1, 1)
    ours = to_rgb8(NativeImage(samples, None, 1), fixed(-20, 130))
    expected = np.rint(np.clip(255 * (values + 20.0) / 150, 0, 255)).astype(np.uint8)
    np.testing.assert_array_equal(ours[0, :, 1], expected)


def test_8_bit_samples_pass_unchanged_and_contiguous() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    ours = to_rgb8(read_native(with_pillow(Image.fromarray(rgb), "PNG")), AS_STORED)
    np.testing.assert_array_equal(ours, rgb)
    assert ours.flags.c_contiguous
    assert ours.dtype == np.uint8


def test_nan_and_no_data_count_neither_in_percentiles_nor_as_brightness() -> None:
    samples = np.linspace(0.1, 0.9, 400, dtype=np.float32).reshape(20, 20)
    holed = samples.copy()
    holed[0] = np.nan
    holed[1] = -9999
    holed[2, 0] = np.inf
    native = read_native(with_gdal(holed, "GTiff", nodata=-9999))
    stretch = Stretch(StretchKind.IMAGE_PERCENTILE, 1, 99)
    ours = to_rgb8(native, ResolvedStretch(stretch))[:, :, 0]

    good = np.concatenate([samples[2, 1:], samples[3:].ravel()])
    low, high = np.percentile(good, [1, 99])
    expected = np.rint(np.clip(255 * (samples[3:].astype(np.float64) - low) / (high - low), 0, 255))
    np.testing.assert_array_equal(ours[3:], expected)
    assert (ours[:2] == 0).all()
    assert ours[2, 0] == 0


def test_an_image_without_one_valid_pixel_is_a_problem() -> None:
    with pytest.raises(ImageProblem, match="no valid pixel"):
        read_native(with_gdal(np.full((4, 4), np.nan, np.float32), "GTiff"))


def test_a_constant_image_becomes_black_and_divides_by_nothing() -> None:
    native = NativeImage(np.full((3, 3, 1), 1234, np.uint16), None, 1)
    assert to_rgb8(native, ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE))).max() == 0


def test_set_percentiles_equal_numpys_over_all_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    images = [rng.integers(0, 3000 + 500 * i, (20, 20), dtype=np.uint16) for i in range(7)]
    dataset = set_of(tmp_path, [with_gdal(image, "PNG") for image in images])
    resolved = resolve_stretch(Stretch(StretchKind.SET_PERCENTILE, 0.5, 99.5), dataset)
    expected = np.percentile(np.concatenate([image.ravel() for image in images]).astype(np.float64), [0.5, 99.5])
    assert resolved.value_range == pytest.approx(tuple(expected), rel=1e-12)


def test_set_percentiles_mix_sample_types_and_skip_the_unreadable(tmp_path: Path) -> None:
    deep = np.arange(100, 500, dtype=np.uint16).reshape(20, 20)
    real = np.linspace(-3, 900, 400, dtype=np.float32).reshape(20, 20)
    dataset = set_of(tmp_path, [with_gdal(deep, "GTiff"), b"nothing", with_gdal(real, "GTiff")])
    resolved = resolve_stretch(Stretch(StretchKind.SET_PERCENTILE, 2, 98), dataset)
    expected = np.percentile(np.concatenate([deep.ravel(), real.ravel()]).astype(np.float64), [2, 98])
    assert resolved.value_range == pytest.approx(tuple(expected), rel=1e-12)


def test_set_percentiles_of_large_float_images_are_a_seeded_estimate(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    images = [rng.normal(5, 2, (300, 300)).astype(np.float32) for _ in range(2)]
    dataset = set_of(tmp_path, [with_gdal(image, "GTiff") for image in images])
    stretch = Stretch(StretchKind.SET_PERCENTILE, 5, 95)
    first, again, other = (resolve_stretch(stretch, dataset, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    np.testing.assert_allclose(first.value_range or (), np.percentile(np.stack(images), [5, 95]), atol=0.05)


def test_a_set_without_a_readable_image_has_no_percentiles(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="percentiles are unknown") as caught:
        resolve_stretch(Stretch(StretchKind.SET_PERCENTILE), set_of(tmp_path, [b"x"]))
    assert caught.value.exit_code == 3


def test_the_other_stretches_resolve_without_reading(tmp_path: Path) -> None:
    empty = set_of(tmp_path, [])
    assert resolve_stretch(Stretch(), empty).value_range is None
    assert resolve_stretch(Stretch(StretchKind.FIXED, 10, 20), empty).value_range == (10, 20)
    assert resolve_stretch(Stretch(StretchKind.IMAGE_PERCENTILE), empty).value_range is None


@pytest.mark.parametrize("format", ["PNG", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_lossless_8_bit_formats_agree_with_their_source(format: str, mode: str) -> None:
    levels = np.random.default_rng(2).integers(0, 256, (12, 10), dtype=np.uint8)
    image = Image.fromarray(np.stack([levels, levels[::-1], levels[:, ::-1]], axis=2)).convert(mode)
    data = with_pillow(image, format)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(to_rgb8(read_native(data), AS_STORED), expected)


def test_white_is_zero_grey_is_turned_round() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    native = read_native(with_pillow(Image.fromarray(levels), "TIFF", tiffinfo={262: 0}))
    np.testing.assert_array_equal(native.samples[:, :, 0], levels)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(format: str) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    native = read_native(with_pillow(red, format))
    assert native.bands == 4
    np.testing.assert_allclose(native.samples.reshape(-1, 3).mean(axis=0), [255, 0, 0], atol=3)


@pytest.mark.parametrize(
    ("format", "depth"), [("PNG", "uint8"), ("WebP", "uint8"), ("GTiff", "uint8"), ("GTiff", "uint16")]
)
def test_transparent_pixels_are_no_data_and_half_transparent_ones_are_data(format: str, depth: str) -> None:
    rgba = np.full((4, 4, 4), 200, np.uint8)
    rgba[0, :, 3], rgba[1, :, 3], rgba[2:, :, 3] = 0, 128, 255
    if format == "GTiff":
        scale = 257 if depth == "uint16" else 1
        data = with_gdal(rgba.astype(depth) * np.array(scale, depth), format, photometric="RGB", alpha="YES")
    else:
        data = with_pillow(Image.fromarray(rgba), format, **({"lossless": True} if format == "WebP" else {}))
    native = read_native(data)
    assert native.bands == 4
    assert native.samples.shape == (4, 4, 3)
    assert native.valid is not None
    np.testing.assert_array_equal(native.valid[:, 0], [False, True, True, True])
    stretch = fixed(0, 65535) if depth == "uint16" else AS_STORED
    np.testing.assert_array_equal(to_rgb8(native, stretch)[:, 0, 0], [0, 200, 200, 200])


def test_opaque_alpha_leaves_no_trace() -> None:
    native = read_native(with_pillow(Image.new("RGBA", (3, 3), (9, 8, 7, 255)), "PNG"))
    assert native.valid is None
    assert native.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    levels = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    upright = {
        1: levels, 2: levels[:, ::-1], 3: levels[::-1, ::-1], 4: levels[::-1], 5: levels.T,
        6: np.rot90(levels, -1), 7: levels[::-1, ::-1].T, 8: np.rot90(levels),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    native = read_native(with_pillow(Image.fromarray(levels), "PNG", exif=exif))
    np.testing.assert_array_equal(native.samples[:, :, 0], upright[orientation])
    assert bool(native.notes) == (orientation != 1)


@pytest.mark.parametrize("bands", [2, 5])
def test_band_counts_that_are_no_picture_are_refused(bands: int) -> None:
    with pytest.raises(ImageProblem, match=f"{bands} bands"):
        read_native(with_gdal(np.ones((4, 4, bands), np.uint16), "GTiff"))


def test_of_four_colour_bands_the_first_three_are_used_with_a_note() -> None:
    samples = np.arange(64, dtype=np.uint16).reshape(4, 4, 4)
    native = read_native(with_gdal(samples, "GTiff", alpha="UNSPECIFIED"))
    np.testing.assert_array_equal(native.samples, samples[:, :, :3])
    assert "first three" in native.notes[0]


def test_complex_samples_are_refused() -> None:
    with pytest.raises(ImageProblem, match="complex64"):
        read_native(with_gdal(np.ones((4, 4), np.complex64), "GTiff"))


def record_of(path: Path, data: bytes, member: str | None = None) -> ImageRecord:
    return ImageRecord("x", path, member, None, hashlib.sha256(data).hexdigest(), len(data), 8, 8, 1, "uint8")


def test_an_image_that_changed_since_the_scan_is_refused(tmp_path: Path, tiles: Callable[..., Path]) -> None:
    path = tiles(1, 8) / "tile_0000.png"
    record = record_of(path, path.read_bytes())
    assert load_rgb8(record, AS_STORED).shape == (8, 8, 3)
    Image.new("L", (8, 8)).save(path)
    with pytest.raises(ImageProblem, match="changed since it was scanned"):
        load_rgb8(record, AS_STORED)
    path.unlink()
    with pytest.raises(ImageProblem, match="not there"):
        load_rgb8(record, AS_STORED)


def test_zip_members_load_alike_from_many_threads(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (24, 24), dtype=np.uint8) for _ in range(40)]
    encoded = [with_pillow(Image.fromarray(image), "PNG") for image in images]
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i, data in enumerate(encoded):
            archive.writestr(f"{i}.png", data)
    records = [record_of(path, data, f"{i}.png") for i, data in enumerate(encoded)]
    together = threading.Barrier(4)

    def read_all(_: int) -> list[Array]:
        together.wait(PATIENCE_S)
        return [load_rgb8(record, AS_STORED)[:, :, 0] for record in records]

    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(read_all, range(4)):
            np.testing.assert_array_equal(np.stack(result), np.stack(images))


def test_a_zip_replaced_under_the_same_name_is_opened_anew(tmp_path: Path) -> None:
    path, data = tmp_path / "set.zip", with_pillow(Image.new("L", (8, 8)), "PNG")
    for member in ("first.png", "second.png"):
        path.unlink(missing_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, data)
        assert load_rgb8(record_of(path, data, member), AS_STORED).max() == 0
    with pytest.raises(ImageProblem, match="no longer in the zip"):
        load_rgb8(record_of(path, data, "first.png"), AS_STORED)


def test_rasters_load_alike_from_many_threads(tmp_path: Path) -> None:
    dataset = set_of(tmp_path, [with_gdal(RAMP_16 + np.uint16(i), "GTiff", compress="deflate") for i in range(12)])
    stretch = fixed(0, 65535)
    alone = [load_rgb8(image, stretch) for image in dataset.images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: load_rgb8(image, stretch), dataset.images))
    np.testing.assert_array_equal(np.stack(together), np.stack(alone))


LEVELS = np.random.default_rng(4).integers(0, 256, (16, 16), dtype=np.uint8)
SEEDS = [with_pillow(Image.fromarray(LEVELS), name) for name in ("PNG", "JPEG", "WebP", "BMP", "GIF")]
SEEDS += [with_gdal(LEVELS.astype(np.uint16), name) for name in ("PNG", "GTiff", "JP2OpenJPEG")]


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 2000),
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_bytes_are_read_or_refused_but_nothing_else(
    seed: bytes, edits: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(seed)
    for place, value in edits:
        data[place % len(data)] = value
    try:
        native = read_native(bytes(data[: max(cut, 1)]))
    except ImageProblem as problem:
        assert problem.reason
        assert "vsimem" not in problem.reason
    else:
        assert native.samples.ndim == 3
        assert native.samples.shape[2] in (1, 3)


def test_a_record_is_not_needed_to_be_in_the_scans_folder(tmp_path: Path, tiles: Callable[..., Path]) -> None:
    path = tiles(1, 8) / "tile_0000.png"
    elsewhere = tmp_path / "elsewhere.png"
    elsewhere.write_bytes(path.read_bytes())
    record = dataclasses.replace(record_of(path, path.read_bytes()), path=elsewhere)
    np.testing.assert_array_equal(load_rgb8(record, AS_STORED)[:, :, 0], np.asarray(Image.open(path)))
