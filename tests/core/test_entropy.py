"""Oracles: scikit-image on single channels, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import shannon_entropy

from planetview.core.entropy import histogram_bins, pair_entropy_bits, shannon_entropy_bits


@pytest.fixture
def colour() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(0, top, size=(37, 53)) for top in (4, 90, 256)], axis=2).astype(np.uint8)


def test_a_grey_image_has_the_entropy_of_scikit_image(colour):
    for channel in np.moveaxis(colour, 2, 0):
        assert shannon_entropy_bits(channel) == pytest.approx(shannon_entropy(channel), rel=1e-12)


def test_a_colour_image_has_the_mean_over_its_channels(colour):
    expected = np.mean([shannon_entropy(channel) for channel in np.moveaxis(colour, 2, 0)])

    assert shannon_entropy_bits(colour) == pytest.approx(expected, rel=1e-12)


def test_grey_gives_one_number_with_one_channel_or_three(colour):
    grey = colour[:, :, 2]

    assert shannon_entropy_bits(np.repeat(grey[:, :, None], 3, axis=2)) == shannon_entropy_bits(grey)


def test_entropy_runs_from_zero_to_eight_bits():
    assert shannon_entropy_bits(np.full((5, 7), 200, dtype=np.uint8)) == 0.0
    assert shannon_entropy_bits(np.arange(256, dtype=np.uint8).reshape(16, 16)) == 8.0
    assert shannon_entropy_bits(np.tile(np.array([0, 255], dtype=np.uint8), (3, 4))) == 1.0


def test_entropy_reads_views_that_are_not_contiguous(colour):
    flipped = colour[::-1, ::2]

    assert shannon_entropy_bits(flipped) == shannon_entropy_bits(flipped.copy())


@pytest.mark.parametrize("shape", [(0, 4), (4, 4, 4), (4,), (4, 4, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="uint8"):
        shannon_entropy_bits(np.zeros(shape, dtype=np.uint8))


def test_other_depths_are_refused():
    with pytest.raises(ValueError, match="uint8"):
        shannon_entropy_bits(np.zeros((4, 4), dtype=np.uint16))


def test_the_entropy_of_a_pair_is_the_mean():
    assert pair_entropy_bits(6.0, 7.0) == 6.5


def test_shared_bins_hold_every_finite_value_of_every_dataset():
    rng = np.random.default_rng(1)
    sets = [rng.normal(5, 1, 400), rng.normal(7, 0.2, 30), np.array([np.nan, 9.5])]

    edges = histogram_bins(sets)

    counts = [np.histogram(values[np.isfinite(values)], edges)[0].sum() for values in sets]
    assert counts == [400, 30, 1]
    assert (np.diff(edges) > 0).all()
    assert 10 <= len(edges) - 1 <= 80


def test_shared_bins_of_one_value_or_none():
    assert histogram_bins([[3.0, 3.0], [3.0]]).tolist() == [2.5, 3.5]
    assert histogram_bins([[np.nan], []]).size == 0
    assert histogram_bins([]).size == 0


def test_outliers_do_not_multiply_the_bins():
    values = np.r_[np.random.default_rng(2).normal(size=500), 1e9]

    assert len(histogram_bins([values])) - 1 <= 80
    assert len(histogram_bins([np.r_[np.zeros(500), 1.0]])) - 1 <= 80
