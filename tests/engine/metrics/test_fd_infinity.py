"""Oracles: the Fréchet distance at every size, a regression by NumPy, Gaussians whose distance is known."""

from __future__ import annotations

import numpy as np
import pytest

from planetview.core.cancel import Cancelled
from planetview.engine.metrics.fd_infinity import fd_infinity
from planetview.engine.metrics.frechet import frechet_from_features
from tests.engine.metrics.clouds import CancelAfter, cloud


@pytest.mark.parametrize(("n", "m", "d"), [(300, 300, 40), (60, 60, 90), (120, 90, 100), (90, 120, 100)])
def test_each_point_is_the_distance_at_its_size(n, m, d):
    x, y = cloud(n, d, seed=1), 1.2 * cloud(m, d, seed=2, shift=0.1)
    order = np.random.default_rng(5).permutation(m)

    found = fd_infinity(x, y, seed=5, budget_bytes=1 << 16)

    expected = [frechet_from_features(x, y[order[:size]]) for size in found.sizes]
    assert found.distances == pytest.approx(expected, rel=1e-6)
    assert found.sizes == tuple(np.linspace(m // 10, m, 15).astype(int))


def test_the_value_is_the_intercept_of_a_line_over_one_by_n():
    found = fd_infinity(cloud(400, 10, seed=3), cloud(400, 10, seed=4, shift=0.2))

    (slope, intercept), covariance = np.polyfit(1 / np.array(found.sizes), found.distances, 1, cov=True)
    assert slope > 0
    assert found.value == pytest.approx(intercept, rel=1e-9)
    assert found.standard_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-9)
    # 2.1604 holds 95 % of Student's t with 13 degrees of freedom.
    assert found.interval.high - found.value == pytest.approx(2.1604 * found.standard_error, rel=1e-3)


@pytest.mark.parametrize("n", [100, 300])
def test_it_is_nearer_to_the_truth_than_the_distance_of_small_samples(n):
    scales = np.arange(1, 33) ** -0.5
    truth = 32 * 0.05**2 + np.square(scales * (np.sqrt(1.5) - 1)).sum()
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(n, 32)) * scales, rng.normal(size=(n, 32)) * scales * np.sqrt(1.5) + 0.05

    extrapolated, plain = fd_infinity(x, y).value, frechet_from_features(x, y)

    assert abs(extrapolated - truth) < 0.8 * abs(plain - truth)


def test_it_repeats_with_its_seed():
    x, y = cloud(60, 5, seed=7), cloud(60, 5, seed=8)

    assert fd_infinity(x, y, seed=1) == fd_infinity(x, y, seed=1)
    assert fd_infinity(x, y, seed=1).value != fd_infinity(x, y, seed=2).value


@pytest.mark.parametrize("d", [4, 80])
def test_cancelling_stops_between_sizes(d):
    looks = CancelAfter(10**6)
    x, y = cloud(60, d, seed=9), cloud(60, d, seed=10)
    fd_infinity(x, y, check=looks)

    assert 10**6 - looks.left > 15
    with pytest.raises(Cancelled):
        fd_infinity(x, y, check=CancelAfter(10**6 - looks.left - 1))
