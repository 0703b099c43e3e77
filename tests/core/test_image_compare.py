"""The pixel arithmetic of the compare view against closed forms, NumPy and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from planetview.core.decoding import NativeImage
from planetview.core.image_compare import (
    VisibleRange,
    colourise,
    difference,
    pixel_at,
    pyramid,
    reduced,
    resampled,
    shared_histogram,
    to_display,
    value_at,
    visible_limits,
)
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

UNCHANGED = ResolvedStretch(Stretch(StretchKind.NONE))
WHOLE = ((0.0, 255.0), (0.0, 255.0))


def image(samples: object, dtype: str = "uint8", valid: NDArray[np.bool_] | None = None) -> NativeImage:
    array = np.asarray(samples, dtype=dtype)
    array = array[:, :, None] if array.ndim == 2 else array
    return NativeImage(array, valid, array.shape[2])


def noise(*shape: int, dtype: str = "uint8", top: int = 256, seed: int = 0) -> NDArray[np.generic]:
    return np.random.default_rng(seed).integers(0, top, shape).astype(dtype)


def test_the_visible_range_follows_its_definition():
    samples = noise(64, 48, dtype="uint16", top=5000)
    native = image(samples, "uint16")

    assert visible_limits(native, VisibleRange.NONE, UNCHANGED) == (0, 65535)
    assert visible_limits(native, VisibleRange.MIN_MAX, UNCHANGED) == (samples.min(), samples.max())
    assert visible_limits(native, VisibleRange.PERCENTILE, UNCHANGED) == tuple(np.percentile(samples, (2, 98)))
    mean, std = samples.mean(), samples.std()
    low, high = visible_limits(native, VisibleRange.SIGMA, UNCHANGED)
    assert low == pytest.approx(max(samples.min(), mean - 2 * std))
    assert high == pytest.approx(min(samples.max(), mean + 2 * std))


def test_the_range_of_the_run_is_the_one_on_record():
    deep, shallow = image(noise(32, 32, dtype="uint16", top=900), "uint16"), image(noise(32, 32))
    fixed = ResolvedStretch(Stretch(StretchKind.SET_PERCENTILE, 1, 99), (12.5, 800.0))
    own = ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE, 5, 95))

    assert visible_limits(deep, VisibleRange.RUN, fixed) == (12.5, 800.0)
    assert visible_limits(deep, VisibleRange.FIXED, fixed, (3.0, 4.5)) == (3.0, 4.5)
    assert visible_limits(deep, VisibleRange.RUN, own) == tuple(np.percentile(deep.samples, (5, 95)))
    assert visible_limits(shallow, VisibleRange.RUN, UNCHANGED) == (0, 255)
    assert visible_limits(deep, VisibleRange.RUN, UNCHANGED) == tuple(np.percentile(deep.samples, (0.5, 99.5)))


def test_pixels_without_data_count_for_no_range_and_no_histogram():
    valid = np.ones((4, 4), dtype=bool)
    valid[0, 0] = False
    samples = np.full((4, 4), 7.0, dtype=np.float32)
    samples[0, 0], samples[3, 3] = 1e6, 9.0
    native = image(samples, "float32", valid)

    assert visible_limits(native, VisibleRange.MIN_MAX, UNCHANGED) == (7, 9)
    edges, (counts,) = shared_histogram([native])
    assert counts.sum() == 15 and edges[0] == 7 and edges[-1] == 9


def test_eight_bit_samples_pass_unchanged_under_their_own_range():
    samples = noise(20, 30, 3)
    assert np.array_equal(to_display(image(samples), (0, 255)), samples)


def test_the_display_equals_a_rescaling_by_scikit_image():
    exposure = pytest.importorskip("skimage.exposure")
    samples = noise(40, 40, dtype="uint16", top=4096)
    expected = exposure.rescale_intensity(samples.astype(float), (100, 3000), (0, 255))
    shown = to_display(image(samples, "uint16"), (100, 3000))
    assert np.abs(shown[:, :, 0] - expected).max() <= 0.5


def test_a_colour_table_serves_single_bands_only():
    table = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 9)], axis=1).astype(np.uint8)
    grey, colour = noise(8, 8), noise(8, 8, 3)
    assert np.array_equal(to_display(image(grey), (0, 255), table), table[grey])
    assert np.array_equal(to_display(image(colour), (0, 255), table), colour)


def test_the_difference_is_signed_and_in_native_units():
    a, b = noise(16, 24, dtype="uint16", top=60000, seed=1), noise(16, 24, dtype="uint16", top=60000, seed=2)

    found = difference(image(a, "uint16"), image(b, "uint16"), WHOLE)

    assert np.array_equal(found.values, a.astype(np.float64) - b.astype(np.float64))
    assert found.unit == "uint16" and not found.is_resampled
    assert found.largest == np.abs(a.astype(float) - b.astype(float)).max()
    assert found.usual == pytest.approx(np.percentile(np.abs(a.astype(float) - b.astype(float)), 99), rel=1e-6)


def test_the_absolute_difference_of_colours_does_not_cancel_between_bands():
    a, b = image([[[10, 20, 30]]]), image([[[20, 10, 30]]])
    assert difference(a, b, WHOLE).values[0, 0] == 0
    assert difference(a, b, WHOLE, absolute=True).values[0, 0] == pytest.approx(20 / 3)


def test_a_single_band_is_compared_with_every_band_of_a_colour_image():
    assert difference(image([[10]]), image([[[4, 7, 10]]]), WHOLE).values[0, 0] == pytest.approx(3)


def test_unlike_sample_types_are_compared_as_they_are_seen():
    a, b = image([[0, 255]]), image([[0, 1000]], "uint16")
    found = difference(a, b, ((0, 255), (0, 2000)))
    assert found.unit == ""
    assert np.allclose(found.values, [[0, 127.5]])


def test_what_has_no_data_has_no_difference():
    valid = np.array([[True, False]])
    found = difference(image([[5, 6]], valid=valid), image([[1, 1]]), WHOLE)
    assert found.values[0, 0] == 4 and np.isnan(found.values[0, 1])
    assert found.largest == 4


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(0, 255))
def test_flat_images_of_any_two_sizes_differ_by_a_constant(h1, w1, h2, w2, level):
    found = difference(image(np.full((h1, w1), level)), image(np.full((h2, w2), 17)), WHOLE)
    assert found.values.shape == (min(h1, h2), min(w1, w2))
    assert np.allclose(found.values, level - 17, atol=1e-3)
    assert found.is_resampled == ((h1, w1) != (h2, w2))


def test_halving_takes_the_mean_of_four_pixels():
    transform = pytest.importorskip("skimage.transform")
    planes = np.random.default_rng(1).random((1, 32, 48)).astype(np.float32)
    ramp = np.tile(np.arange(64, dtype=np.float32), (64, 1))[None]

    assert np.allclose(resampled(ramp, (32, 32))[0, 5, 4:-4], 2 * np.arange(4, 28) + 0.5)
    expected = transform.downscale_local_mean(planes[0], (2, 2))
    assert np.corrcoef(resampled(planes, (24, 16))[0].ravel(), expected.ravel())[0, 1] > 0.9
    levels = pyramid(noise(1024, 600, 3), least=256)
    assert [level.shape for level in levels] == [(1024, 600, 3), (512, 300, 3)]
    means = transform.downscale_local_mean(levels[0].astype(float), (2, 2, 1))
    assert np.abs(levels[1] - means).max() <= 1


def test_colours_run_from_one_end_of_the_table_to_the_other():
    table = np.stack([np.arange(256)] * 3, axis=1).astype(np.uint8)
    values = np.array([[-2.0, -1.0, 0.0, 1.0, 5.0, np.nan]], dtype=np.float32)
    assert colourise(values, (-1, 1), table)[0, :, 0].tolist() == [0, 0, 128, 255, 255, 128]
    assert colourise(np.zeros((1, 1), np.float32), (0, 0), table)[0, 0, 0] == 0


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=60), st.integers(1, 64))
def test_every_level_of_integers_falls_into_one_bin_and_all_bins_are_equally_wide(levels, bins):
    native = image(np.array([levels]), "uint16")
    edges, (counts,) = shared_histogram([native], bins)
    assert counts.sum() == len(levels) and counts.size <= bins
    widths = np.diff(edges)
    assert (widths == widths[0]).all() and widths[0] == int(widths[0])


def test_histograms_share_their_bins():
    a, b = noise(50, 50, top=100, seed=1), noise(50, 50, top=200, seed=2)
    edges, counts = shared_histogram([image(a), image(b)])
    for samples, found in zip((a, b), counts, strict=True):
        assert np.array_equal(found, np.histogram(samples, edges)[0])
    flat, (one,) = shared_histogram([image(np.full((3, 3), 2.5), "float32")])
    assert flat[0] == 2.5 and one.sum() == 9


def test_a_pixel_is_found_by_its_relative_place_in_images_of_any_size():
    samples = noise(10, 20, dtype="uint16", top=60000)
    native = image(samples, "uint16")

    pixel = pixel_at(native, 0.5, 0.25)
    assert pixel is not None
    assert (pixel.x, pixel.y, pixel.values) == (10, 2, (samples[2, 10],))
    corner = pixel_at(native, 0.999, 0.999)
    assert corner is not None and (corner.x, corner.y) == (19, 9)
    for u, v in ((1.0, 0.5), (0.5, 1.0), (-1e-9, 0.5), (0.5, -1e-9)):
        assert pixel_at(native, u, v) is None
    values = np.array([[1.0, np.nan]], dtype=np.float32)
    assert value_at(values, 0.2, 0.5) == 1 and value_at(values, 0.7, 0.5) is None and value_at(values, 1.2, 0) is None


def test_a_huge_image_is_thinned_without_changing_its_samples():
    samples = noise(100, 90)
    thin, step = reduced(image(samples), most_pixels=1100)
    assert step == 3 and np.array_equal(thin.samples[:, :, 0], samples[::3, ::3])
    assert thin.samples.base is None, "the whole image must be free to go"
    pixel = pixel_at(thin, 0.5, 0.5, step)
    assert pixel is not None and pixel.values == (samples[pixel.y, pixel.x],)
    same, one = reduced(image(samples))
    assert one == 1 and same.samples.shape == (100, 90, 1)


def test_a_pixel_that_holds_no_data_says_so():
    native = image([[1, 2]], valid=np.array([[False, True]]))
    found = [pixel_at(native, u, 0.5) for u in (0.1, 0.9)]
    assert [pixel.is_valid for pixel in found if pixel] == [False, True]
