"""Oracles: torch-fidelity for KID, dense float64 matrices for MMD, explicit deletion for the jackknife."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from planetview.core.cancel import Cancelled
from planetview.engine.metrics.kernel import kid, mmd_cmmd
from tests.engine.metrics.clouds import CancelAfter, cloud


def torch_fidelity_kid(x: np.ndarray, y: np.ndarray, kernel: str, subsets: int, size: int) -> tuple[float, float]:
    result = kid_features_to_metric(
        torch.from_numpy(x),
        torch.from_numpy(y),
        kid_kernel=kernel,
        kid_subsets=subsets,
        kid_subset_size=size,
        kid_kernel_poly_degree=3,
        kid_kernel_poly_gamma=None,
        kid_kernel_poly_coef0=1,
        kid_kernel_rbf_sigma=10.0,
        rng_seed=2020,
        verbose=False,
    )
    return result["kernel_inception_distance_mean"], result["kernel_inception_distance_std"]


def poly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a @ b.T / a.shape[1] + 1.0) ** 3


def gaussian(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.exp(-np.square(a[:, None, :] - b[None, :, :]).sum(axis=2) / 200.0)


def unit(a: np.ndarray) -> np.ndarray:
    return a / np.linalg.norm(a, axis=1, keepdims=True)


def unbiased(kernel, x: np.ndarray, y: np.ndarray) -> float:
    n, m = len(x), len(y)
    xx, yy = kernel(x, x), kernel(y, y)
    own = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return own - 2 * kernel(x, y).mean()


def biased(kernel, x: np.ndarray, y: np.ndarray) -> float:
    return kernel(x, x).mean() + kernel(y, y).mean() - 2 * kernel(x, y).mean()


def jackknife_half_width(statistic, x: np.ndarray, y: np.ndarray) -> float:
    first = np.array([statistic(np.delete(x, i, axis=0), y) for i in range(len(x))])
    second = np.array([statistic(x, np.delete(y, i, axis=0)) for i in range(len(y))])
    return 1.96 * math.sqrt(sum((len(s) - 1) / len(s) * np.square(s - s.mean()).sum() for s in (first, second)))


@pytest.mark.parametrize("kernel", ["poly", "rbf"])
@pytest.mark.parametrize("all_pairs", [True, False])
def test_kid_is_torch_fidelitys_on_the_same_subsets(kernel, all_pairs):
    x, y = cloud(230, 24, seed=1), cloud(190, 24, seed=2, shift=0.4)

    result = kid(x, y, kernel, subsets=12, subset_size=40, all_pairs=all_pairs)

    assert (result.mean, result.sd) == pytest.approx(torch_fidelity_kid(x, y, kernel, 12, 40), rel=1e-10)
    assert (result.subsets, result.subset_size, result.shrunk) == (12, 40, False)


def test_kid_in_single_precision_is_torch_fidelitys_to_its_rounding():
    x, y = cloud(300, 48, seed=3).astype(np.float32), cloud(300, 48, seed=4, shift=0.4).astype(np.float32)

    result = kid(x, y, subsets=5, subset_size=100)

    assert (result.mean, result.sd) == pytest.approx(torch_fidelity_kid(x, y, "poly", 5, 100), rel=1e-4)


@pytest.mark.parametrize(("kernel", "formula"), [("poly", poly), ("rbf", gaussian)])
def test_all_pairs_is_the_dense_unbiased_estimate_in_any_budget(kernel, formula):
    x, y = cloud(210, 10, seed=5), cloud(170, 10, seed=6, shift=0.3)

    for budget_bytes in (1, 1 << 30):
        result = kid(x, y, kernel, subsets=3, subset_size=50, budget_bytes=budget_bytes)

        assert result.all_pairs == pytest.approx(unbiased(formula, x, y), rel=1e-10)


def test_a_small_set_shrinks_the_subsets_and_says_so():
    x, y = cloud(60, 8, seed=7), cloud(90, 8, seed=8, shift=0.2)

    result = kid(x, y, subsets=4)

    assert (result.subset_size, result.shrunk) == (60, True)
    assert result.mean == pytest.approx(torch_fidelity_kid(x, y, "poly", 4, 60)[0], rel=1e-10)
    assert result.sd > 0


def test_subsets_of_everything_have_no_spread_but_the_interval_has():
    x, y = cloud(60, 8, seed=7), cloud(60, 8, seed=8, shift=0.2)

    result = kid(x, y, subsets=4)

    assert result.sd == pytest.approx(0.0, abs=1e-12)
    assert result.mean == pytest.approx(result.all_pairs, rel=1e-10)
    assert result.interval.low < result.all_pairs < result.interval.high


def test_kid_of_a_set_with_itself_is_slightly_negative():
    x = cloud(100, 8, seed=9)

    assert kid(x, x, subsets=2).all_pairs < 0


def test_kid_repeats_with_its_seed():
    x, y = cloud(80, 8, seed=10), cloud(80, 8, seed=11)

    assert kid(x, y, subsets=3, subset_size=20) == kid(x, y, subsets=3, subset_size=20)
    assert kid(x, y, subsets=3, subset_size=20) != kid(x, y, subsets=3, subset_size=20, seed=1)


@pytest.mark.parametrize(("kernel", "formula"), [("poly", poly), ("rbf", gaussian)])
def test_the_interval_of_all_pairs_is_that_of_explicit_deletions(kernel, formula):
    x, y = cloud(90, 6, seed=12), cloud(75, 6, seed=13, shift=0.5)

    result = kid(x, y, kernel, subsets=1)

    expected = jackknife_half_width(lambda a, b: unbiased(formula, a, b), x, y)
    assert (result.interval.high - result.interval.low) / 2 == pytest.approx(expected, rel=0.02)
    assert (result.interval.high + result.interval.low) / 2 == pytest.approx(result.all_pairs, rel=1e-9)


def test_the_interval_covers_the_expected_kid_about_as_often_as_it_says():
    samples = [(cloud(80, 4, seed=2 * i), cloud(80, 4, seed=2 * i + 1, shift=0.5)) for i in range(150)]

    results = [kid(x, y, subsets=1, subset_size=10) for x, y in samples]

    expected = np.mean([result.all_pairs for result in results])
    covered = sum(result.interval.low <= expected <= result.interval.high for result in results)
    assert 0.87 * 150 <= covered <= 0.995 * 150


def test_without_all_pairs_there_is_no_interval():
    x = cloud(80, 8, seed=10)

    result = kid(x, x + 1.0, subsets=3, subset_size=20, all_pairs=False)

    assert result.all_pairs is None
    assert result.interval is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("budget_bytes", [1, 1 << 30])
def test_cmmd_is_the_dense_value_in_float64(dtype, budget_bytes):
    x, y = cloud(150, 32, seed=14, shift=1.0).astype(dtype), cloud(130, 32, seed=15, shift=1.1).astype(dtype)
    exact_x, exact_y = unit(x.astype(np.float64)), unit(y.astype(np.float64))

    result = mmd_cmmd(x, y, budget_bytes=budget_bytes)

    tolerance = 1e-6 if dtype == np.float32 else 1e-10
    assert result.biased == pytest.approx(1000 * biased(gaussian, exact_x, exact_y), rel=tolerance)
    assert result.unbiased == pytest.approx(1000 * unbiased(gaussian, exact_x, exact_y), rel=tolerance)


def test_cmmd_is_to_first_order_ten_times_the_squared_distance_of_the_means():
    x, y = cloud(400, 32, seed=16, shift=0.2), cloud(400, 32, seed=17, shift=-0.2)

    step = unit(x).mean(axis=0) - unit(y).mean(axis=0)

    assert mmd_cmmd(x, y).biased == pytest.approx(10 * step @ step, rel=0.02)


def test_cmmd_of_a_set_with_itself_is_zero():
    x = cloud(300, 16, seed=18)

    assert mmd_cmmd(x, x).biased == pytest.approx(0.0, abs=1e-10)
    assert mmd_cmmd(x.astype(np.float32), x.astype(np.float32)).biased == pytest.approx(0.0, abs=1e-6)


def test_cmmd_ignores_the_length_of_features():
    x, y = cloud(60, 16, seed=19), cloud(70, 16, seed=20)

    assert mmd_cmmd(x * 1e3, y * 1e-3).biased == pytest.approx(mmd_cmmd(x, y).biased, rel=1e-9)


def test_cmmd_intervals_are_those_of_explicit_deletions():
    x, y = cloud(60, 6, seed=21, shift=0.5), cloud(50, 6, seed=22, shift=0.8)

    result = mmd_cmmd(x, y)

    for interval, statistic in ((result.biased_interval, biased), (result.unbiased_interval, unbiased)):
        expected = jackknife_half_width(lambda a, b, s=statistic: 1000 * s(gaussian, unit(a), unit(b)), x, y)
        value = result.biased if statistic is biased else result.unbiased
        assert interval.high - value == pytest.approx(expected, rel=0.03)
    assert result.biased_interval.low == 0.0


def test_a_feature_of_zero_length_has_no_direction():
    with pytest.raises(ValueError, match="zero length"):
        mmd_cmmd(np.zeros((3, 4)), np.ones((3, 4)))


@pytest.mark.parametrize("run", [kid, mmd_cmmd])
def test_cancelling_stops_between_blocks(run):
    x = cloud(500, 8, seed=23)

    with pytest.raises(Cancelled):
        run(x, x, check=CancelAfter(5), budget_bytes=1)


def test_very_small_sets_have_a_value_but_no_interval():
    x, y = cloud(3, 4, seed=24), cloud(2, 4, seed=25)

    assert kid(x, y).interval is None
    assert math.isfinite(kid(x, y).all_pairs)
    with pytest.raises(ValueError, match="at least 2 images, got 1"):
        kid(x, y[:1])
    with pytest.raises(ValueError, match="size >= 2"):
        kid(x, y, subset_size=1)
