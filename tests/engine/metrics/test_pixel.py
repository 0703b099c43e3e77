"""Oracles: piq in float64, scikit-image."""

from __future__ import annotations

import math

import numpy as np
import piq
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from planetview.core.errors import ImageProblem
from planetview.engine.metrics.pixel import (
    MS_SSIM_WEIGHTS,
    ms_ssim,
    ms_ssim_label,
    ms_ssim_levels,
    psnr,
    ssim,
    ssim_and_ms_ssim,
)


def scene(height: int, width: int, seed: int, noise: float = 12.0) -> np.ndarray:
    """Return colour blocks of 8 px with noise, uint8 (height, width, 3); equal blocks for equal `seed` // 10."""
    blocks = np.random.default_rng(seed // 10).normal(110, 40, size=(height // 8 + 1, width // 8 + 1, 3))
    smooth = blocks.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    return np.clip(smooth + np.random.default_rng(seed).normal(0, noise, smooth.shape), 0, 255).astype(np.uint8)


def as_piq(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, 2, 0)[None])).double() / 255.0


SIZES = [(11, 11), (12, 43), (64, 64), (75, 200), (150, 227), (40, 517)]


@pytest.mark.parametrize("size", SIZES)
def test_ssim_is_piqs_without_down_sampling(size):
    a, b = scene(*size, seed=10), scene(*size, seed=11)

    assert ssim(a, b) == pytest.approx(float(piq.ssim(as_piq(a), as_piq(b), downsample=False)), abs=1e-6)


def test_ssim_is_scikit_images_with_the_gaussian_window():
    a, b = scene(64, 80, seed=20), scene(64, 80, seed=21)
    theirs = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, use_sample_covariance=False, data_range=255
    )

    assert ssim(a, b) == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("size", [(161, 161), (162, 227), (250, 170)])
def test_ms_ssim_is_piqs_from_161_px(size):
    a, b = scene(*size, seed=30), scene(*size, seed=31, noise=30)

    ours = ms_ssim(a, b)

    assert ours.value == pytest.approx(float(piq.multi_scale_ssim(as_piq(a), as_piq(b))), abs=1e-6)
    assert (ours.levels, ours.label) == (5, "MS-SSIM")


@pytest.mark.parametrize(("side", "levels"), [(160, 4), (81, 4), (80, 3), (41, 3), (40, 2), (21, 2), (20, 1), (11, 1)])
def test_small_images_use_fewer_scales_and_say_so(side, levels):
    a, b = scene(side, side + 9, seed=40), scene(side, side + 9, seed=41)
    weights = torch.tensor(MS_SSIM_WEIGHTS[:levels], dtype=torch.float64)

    ours = ms_ssim(a, b)

    theirs = float(piq.multi_scale_ssim(as_piq(a), as_piq(b), scale_weights=weights))
    assert ours.value == pytest.approx(theirs, abs=1e-6)
    assert (ours.levels, ours.label) == (levels, f"MS-SSIM-L{levels}")


@pytest.mark.parametrize("size", [(11, 30), (64, 64), (170, 200)])
def test_both_at_once_are_the_two_alone(size):
    a, b = scene(*size, seed=45), scene(*size, seed=46)

    assert ssim_and_ms_ssim(a, b) == (ssim(a, b), ms_ssim(a, b))


def test_images_wider_than_a_tile_are_piqs_too():
    a, b = scene(300, 1100, seed=47), scene(300, 1100, seed=48)

    assert ssim(a, b) == pytest.approx(float(piq.ssim(as_piq(a), as_piq(b), downsample=False)), abs=1e-6)


def test_levels_follow_from_the_shorter_side():
    assert [ms_ssim_levels(side, 500) for side in (10, 11, 21, 41, 81, 160, 161)] == [0, 1, 2, 3, 4, 4, 5]
    assert ms_ssim_levels(500, 21) == 2
    assert [ms_ssim_label(levels) for levels in (3, 5)] == ["MS-SSIM-L3", "MS-SSIM"]


def test_inverted_structure_counts_as_zero_in_ms_ssim():
    a = np.random.default_rng(50).integers(0, 256, size=(180, 180, 3)).astype(np.uint8)

    assert ms_ssim(a, 255 - a).value == 0.0
    assert ssim(a, 255 - a) < 0


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (227, 227), (300, 200)])
def test_psnr_is_scikit_images(size):
    a, b = scene(*size, seed=60), scene(*size, seed=61, noise=40)

    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), rel=1e-12)


def test_one_grey_level_in_one_sample_is_seen():
    a = np.full((400, 400), 7, dtype=np.uint8)
    b = a.copy()
    b[399, 399] = 8

    assert psnr(a, b) == pytest.approx(10 * math.log10(255**2 * 160_000), rel=1e-12)


def test_identical_images_are_infinitely_close():
    a = scene(180, 200, seed=70)

    assert psnr(a, a.copy()) == math.inf
    assert ssim(a, a.copy()) == pytest.approx(1.0, abs=1e-7)
    assert ms_ssim(a, a.copy()).value == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("measure", [psnr, ssim, lambda a, b: ms_ssim(a, b).value])
def test_measures_are_symmetric_and_read_views(measure):
    a, b = scene(200, 230, seed=80), scene(200, 230, seed=81)

    assert measure(a, b) == pytest.approx(measure(b, a), abs=1e-7)
    assert measure(a[::-1, ::-1], b[::-1, ::-1]) == pytest.approx(measure(a[::-1, ::-1].copy(), b[::-1, ::-1].copy()))


@pytest.mark.parametrize("measure", [psnr, ssim, lambda a, b: ms_ssim(a, b).value])
def test_grey_images_give_one_number_however_stored(measure):
    a, b = scene(180, 180, seed=90)[:, :, 0], scene(180, 180, seed=91)[:, :, 0]
    wide_a, wide_b = (np.repeat(grey[:, :, None], 3, axis=2) for grey in (a, b))

    assert measure(a, b) == measure(wide_a, wide_b) == measure(a, wide_b)
    by_piq = as_piq(wide_a), as_piq(wide_b)
    assert ssim(a, b) == pytest.approx(float(piq.ssim(*by_piq, downsample=False)), abs=1e-6)


def test_a_single_coloured_sample_makes_an_image_colour():
    grey = np.repeat(scene(64, 64, seed=95)[:, :, :1], 3, axis=2)
    for channel in range(3):
        tinted = grey.copy()
        tinted[40, 63, channel] ^= 8

        assert psnr(grey, tinted) == pytest.approx(10 * math.log10(255**2 * grey.size / 64), rel=1e-12)


def test_a_grey_image_meets_a_colour_image_as_three_equal_channels():
    grey, colour = scene(64, 64, seed=100)[:, :, 0], scene(64, 64, seed=101)
    wide = np.repeat(grey[:, :, None], 3, axis=2)

    assert psnr(grey, colour) == pytest.approx(peak_signal_noise_ratio(wide, colour, data_range=255), rel=1e-12)
    assert ssim(colour, grey) == pytest.approx(
        float(piq.ssim(as_piq(colour), as_piq(wide), downsample=False)), abs=1e-6
    )


def test_low_contrast_keeps_its_digits():
    rng = np.random.default_rng(110)
    a, b = (rng.integers(250, 253, size=(96, 96, 3)).astype(np.uint8) for _ in range(2))

    assert ssim(a, b) == pytest.approx(float(piq.ssim(as_piq(a), as_piq(b), downsample=False)), abs=2e-6)


def test_images_that_cannot_be_compared_are_problems_in_words():
    a = scene(64, 64, seed=120)

    with pytest.raises(ImageProblem, match="sizes differ: 64 × 64 px and 60 × 64 px"):
        psnr(a, a[:, :60])
    with pytest.raises(ImageProblem, match="9 × 64 px is smaller"):
        ssim(a[:, :9], a[:, :9])
    with pytest.raises(ImageProblem, match="smaller"):
        ms_ssim(a[:10], a[:10])
    with pytest.raises(ValueError, match="uint8"):
        ssim(a / 255.0, a / 255.0)
