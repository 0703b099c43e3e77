"""Oracles: torch-fidelity, NumPy covariances, closed forms for Gaussians, explicit deletion."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from planetview.core.cancel import Cancelled
from planetview.engine.metrics.frechet import (
    GaussianStats,
    frechet_distance,
    frechet_from_features,
    frechet_interval,
    gaussian_stats,
)
from tests.engine.metrics.clouds import CancelAfter, cloud


def torch_fidelity_fid(x: np.ndarray, y: np.ndarray) -> float:
    statistics = [fid_features_to_statistics(torch.from_numpy(features)) for features in (x, y)]
    return fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]


def stats_of(mean: list[float], cov: np.ndarray) -> GaussianStats:
    return GaussianStats(np.array(mean, dtype=np.float64), np.asarray(cov, dtype=np.float64), 1000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_are_numpys_in_float64(dtype):
    features = (cloud(5000, 13, seed=1) + 100.0).astype(dtype)

    ours = gaussian_stats(features)

    assert ours.n == 5000
    np.testing.assert_allclose(ours.mean, features.astype(np.float64).mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(ours.cov, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-9, atol=1e-12)


def test_statistics_do_not_depend_on_the_budget():
    features = cloud(700, 9, seed=2)

    whole, pieces = gaussian_stats(features), gaussian_stats(features, budget_bytes=1)

    np.testing.assert_allclose(whole.cov, pieces.cov, rtol=1e-12)


def test_statistics_of_a_read_only_memory_map(tmp_path):
    np.save(tmp_path / "features.npy", cloud(50, 4, seed=3))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")

    np.testing.assert_allclose(gaussian_stats(mapped).cov, np.cov(np.array(mapped), rowvar=False))


def test_distance_of_known_gaussians_in_one_dimension():
    assert frechet_distance(stats_of([1.0], [[4.0]]), stats_of([4.0], [[25.0]])) == pytest.approx(9 + (2 - 5) ** 2)


def test_distance_of_commuting_covariances_is_the_sum_over_axes():
    rng = np.random.default_rng(4)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    first, second = rng.uniform(0.1, 3.0, size=(2, 6))

    distance = frechet_distance(
        stats_of([0.0] * 6, axes @ np.diag(first) @ axes.T), stats_of([1.0] * 6, axes @ np.diag(second) @ axes.T)
    )

    assert distance == pytest.approx(6 + np.sum((np.sqrt(first) - np.sqrt(second)) ** 2), rel=1e-12)


def test_distance_of_covariances_that_do_not_commute():
    # For 2 x 2 matrices Tr (AB)^½ = √(Tr AB + 2 √det AB).
    a, b = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.7], [-0.7, 3.0]])
    root = math.sqrt(np.trace(a @ b) + 2 * math.sqrt(np.linalg.det(a @ b)))

    assert frechet_distance(stats_of([0, 0], a), stats_of([0, 0], b)) == pytest.approx(7.0 - 2 * root, rel=1e-12)


@pytest.mark.parametrize(("rank_a", "rank_b"), [(2, 5), (5, 2), (2, 3), (0, 5), (0, 0)])
def test_singular_covariances_keep_their_digits(rank_a, rank_b):
    first, second = np.r_[np.full(rank_a, 4.0), np.zeros(5 - rank_a)], np.r_[np.full(rank_b, 9.0), np.zeros(5 - rank_b)]
    axes = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 5)))[0]

    distance = frechet_distance(
        stats_of([0.0] * 5, axes @ np.diag(first) @ axes.T), stats_of([0.0] * 5, axes @ np.diag(second) @ axes.T)
    )

    assert distance == pytest.approx(np.sum((np.sqrt(first) - np.sqrt(second)) ** 2), abs=1e-11)


def test_features_that_never_fire_do_not_disturb():
    x, y = cloud(300, 10, seed=6), cloud(300, 10, seed=7, shift=0.3)
    dead = np.zeros((300, 4))

    expected = frechet_from_features(x, y)
    assert frechet_from_features(np.c_[x, dead], np.c_[y, dead]) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("n", "m"), [(300, 260), (40, 30), (40, 300), (300, 40), (64, 65), (65, 64), (2, 2)])
def test_features_give_the_distance_of_torch_fidelity(n, m):
    x, y = cloud(n, 64, seed=8), cloud(m, 64, seed=9, shift=0.2)

    # Its eigenvalues of a singular product are good to the root of the machine precision only.
    tolerance = 1e-11 if min(n, m) > 64 else 1e-6
    assert frechet_from_features(x, y) == pytest.approx(torch_fidelity_fid(x, y), rel=tolerance)


@pytest.mark.parametrize(("n", "m"), [(40, 30), (40, 300), (65, 64)])
def test_both_routes_agree_far_beyond_single_precision(n, m):
    x, y = cloud(n, 64, seed=8, decay=0.2), cloud(m, 64, seed=9, decay=0.2)

    by_statistics = frechet_distance(gaussian_stats(x), gaussian_stats(y))

    assert frechet_from_features(x, y) == pytest.approx(by_statistics, rel=1e-10)


@pytest.mark.parametrize("n", [30, 500])
def test_a_set_has_no_distance_to_itself(n):
    x = cloud(n, 64, seed=10, decay=0.3) * 50

    scale = np.var(x, axis=0).sum()
    assert frechet_from_features(x, x.copy()) == pytest.approx(0.0, abs=1e-11 * scale)
    assert frechet_distance(gaussian_stats(x), gaussian_stats(x)) == pytest.approx(0.0, abs=1e-11 * scale)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 40), m=st.integers(3, 40), shift=st.floats(-1e3, 1e3))
def test_distance_is_symmetric_never_negative_and_blind_to_a_common_shift(seed, n, m, shift):
    x, y = cloud(n, 12, seed=seed), cloud(m, 12, seed=seed + 1)

    distance = frechet_from_features(x, y)

    assert distance >= -1e-9
    assert frechet_from_features(y, x) == pytest.approx(distance, rel=1e-9, abs=1e-9)
    assert frechet_from_features(x + shift, y + shift) == pytest.approx(distance, rel=1e-7, abs=1e-7)


def test_moving_one_set_adds_the_squared_step():
    x, y = cloud(60, 8, seed=11), cloud(50, 8, seed=12)
    y += x.mean(axis=0) - y.mean(axis=0)

    moved = frechet_from_features(x, y + 3.0)

    assert moved == pytest.approx(frechet_from_features(x, y) + 8 * 9.0, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(400, 330), (25, 30), (25, 400), (400, 25)])
def test_the_interval_is_that_of_explicit_deletions(n, m):
    x, y = cloud(n, 32, seed=13), cloud(m, 32, seed=14, shift=0.1)
    rng = np.random.default_rng(3)
    cuts = [np.array_split(rng.permutation(size), 5) for size in (n, m)]
    variance = 0.0
    for side, cut in enumerate(cuts):
        deleted = [
            frechet_from_features(*(np.delete(f, group, axis=0) if s == side else f for s, f in enumerate((x, y))))
            for group in cut
        ]
        variance += 4 / 5 * np.square(deleted - np.mean(deleted)).sum()

    interval = frechet_interval(x, y, groups=5, seed=3)

    value = frechet_from_features(x, y)
    assert (interval.low + interval.high) / 2 == pytest.approx(value, rel=1e-9)
    # Student's quantile lies between those of 8 and of 4 degrees of freedom.
    assert 2.3060 <= (interval.high - interval.low) / 2 / math.sqrt(variance) <= 2.7765


def test_the_interval_covers_the_expected_distance_about_as_often_as_it_says():
    samples = [(cloud(150, 4, seed=2 * i), cloud(150, 4, seed=2 * i + 1, shift=0.4)) for i in range(80)]
    expected = np.mean([frechet_from_features(x, y) for x, y in samples])

    intervals = [frechet_interval(x, y, groups=10, seed=i) for i, (x, y) in enumerate(samples)]

    covered = sum(interval.low <= expected <= interval.high for interval in intervals)
    assert 0.86 * 80 <= covered < 80


def test_the_interval_repeats_with_its_seed_and_needs_four_images():
    x, y = cloud(60, 8, seed=15), cloud(50, 8, seed=16)

    assert frechet_interval(x, y, seed=1) == frechet_interval(x, y, seed=1)
    assert frechet_interval(x, y, seed=1) != frechet_interval(x, y, seed=2)
    assert frechet_interval(x[:3], y) is None


@pytest.mark.parametrize("run", [frechet_from_features, frechet_interval])
@pytest.mark.parametrize("n", [20, 5000])
def test_cancelling_stops_between_chunks(run, n):
    x = cloud(n, 32, seed=17)

    with pytest.raises(Cancelled):
        run(x, x, check=CancelAfter(1))


def test_bad_features_are_refused_in_words():
    good = cloud(5, 3, seed=18)

    with pytest.raises(ValueError, match="lengths differ: 3 and 2"):
        frechet_from_features(good, good[:, :2])
    with pytest.raises(ValueError, match="lengths differ"):
        frechet_distance(gaussian_stats(good), gaussian_stats(good[:, :2]))
    with pytest.raises(ValueError, match="at least 2 images, got 1"):
        gaussian_stats(good[:1])
    with pytest.raises(ValueError, match="not finite"):
        gaussian_stats(np.where(good > 0, np.nan, good))
    with pytest.raises(ValueError, match="float32 or float64"):
        gaussian_stats(good.astype(np.float16))
