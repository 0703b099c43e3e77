"""Oracle: float64 raw moments and a matrix square root, as StyleGAN2-ADA accumulates and finishes them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from planetview.engine.metrics.fid50k import fid50k
from planetview.engine.metrics.frechet import frechet_from_features, frechet_interval
from tests.engine.metrics.clouds import cloud


def by_raw_moments(x: np.ndarray, y: np.ndarray) -> float:
    statistics = []
    for features in (x.astype(np.float64), y.astype(np.float64)):
        mean = features.sum(axis=0) / len(features)
        statistics.append((mean, features.T @ features / len(features) - np.outer(mean, mean)))
    (mean_x, cov_x), (mean_y, cov_y) = statistics
    root = np.real(np.trace(sqrtm(cov_x @ cov_y)))
    return float(np.square(mean_x - mean_y).sum() + np.trace(cov_x) + np.trace(cov_y) - 2 * root)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "m"), [(400, 400), (500, 120), (90, 600)])
def test_the_distance_is_that_of_raw_moments(n, m, dtype):
    x, y = cloud(n, 24, seed=1, shift=1.0).astype(dtype), (1.3 * cloud(m, 24, seed=2, shift=1.2)).astype(dtype)

    value, _ = fid50k(x, y)

    assert value == pytest.approx(by_raw_moments(x, y), rel=1e-9)
    assert value != pytest.approx(frechet_from_features(x, y), rel=1e-4)


def test_fewer_images_than_dimensions_have_a_distance_too():
    x, y = cloud(30, 64, seed=3), cloud(40, 64, seed=4, shift=0.5)

    # The square root of a singular product holds half the digits.
    assert fid50k(x, y)[0] == pytest.approx(by_raw_moments(x, y), rel=1e-5)


def test_the_interval_surrounds_the_value_as_wide_as_the_usual_one():
    x, y = cloud(200, 6, seed=5), cloud(150, 6, seed=6, shift=0.6)
    usual = frechet_interval(x, y, seed=1)

    value, interval = fid50k(x, y, seed=1)

    assert usual is not None and interval is not None
    assert (interval.high - interval.low) == pytest.approx(usual.high - usual.low, rel=1e-9)
    assert (interval.high + interval.low) / 2 == pytest.approx(value, rel=1e-9)


def test_a_set_has_no_distance_to_itself():
    x = cloud(100, 8, seed=7)

    assert fid50k(x, x)[0] == pytest.approx(0.0, abs=1e-10)
