"""Oracles: scipy.stats, and frequencies over simulated samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from planetview.core.stats import (
    Interval,
    average_ranks,
    bootstrap_mean_interval,
    jackknife_interval,
    normal_mean_interval,
    normal_quantile,
    pearson,
    pearson_cluster_interval,
    spearman,
    student_quantile,
    wilson,
)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_normal_quantile_is_scipys(level):
    assert normal_quantile(level) == pytest.approx(scipy_stats.norm.ppf(0.5 + level / 2), rel=1e-12)


@pytest.mark.parametrize(("degrees", "error"), [(3, 0.015), (9, 1e-4), (19, 1e-5), (38, 1e-6), (5000, 1e-9)])
def test_student_quantile_keeps_the_promised_accuracy(degrees, error):
    assert student_quantile(0.95, degrees) == pytest.approx(scipy_stats.t.ppf(0.975, degrees), rel=error)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, math.nan])
def test_levels_outside_of_the_open_unit_interval_are_refused(level):
    with pytest.raises(ValueError, match="level"):
        normal_quantile(level)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (830, 1000), (1, 1)])
def test_wilson_is_scipys(successes, n):
    theirs = scipy_stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")

    ours = wilson(successes, n)

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert ours.level == 0.95


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_wilson_refuses_impossible_counts(successes, n):
    with pytest.raises(ValueError, match="proportion"):
        wilson(successes, n)


def test_pearson_and_its_interval_are_scipys():
    rng = np.random.default_rng(1)
    x = rng.normal(size=80)
    y = 0.6 * x + rng.normal(size=80)
    theirs = scipy_stats.pearsonr(x, y)

    ours = pearson(x, y, level=0.9)

    assert ours.value == pytest.approx(theirs.statistic, rel=1e-12)
    expected = theirs.confidence_interval(0.9)
    assert (ours.interval.low, ours.interval.high) == pytest.approx((expected.low, expected.high), rel=1e-10)
    assert (ours.n, ours.dropped, ours.reason) == (80, 0, "")


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_pearson_ignores_scale_and_offset(scale, offset):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 50))

    assert pearson((x + offset) * scale, y).value == pytest.approx(pearson(x, y).value, rel=1e-8)


def test_a_perfect_line_has_r_of_one_without_width():
    result = pearson([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0])

    assert result.value == pytest.approx(1.0, abs=1e-15)
    assert result.interval.low == pytest.approx(1.0, abs=1e-6)


def test_spearman_with_ties_is_scipys():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 12, size=60)
    y = x + rng.integers(0, 12, size=60)

    assert spearman(x, y).value == pytest.approx(scipy_stats.spearmanr(x, y).statistic, rel=1e-12)
    assert np.array_equal(average_ranks(x), scipy_stats.rankdata(x))


def test_spearman_interval_has_the_bonett_wright_width():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 103))
    result = spearman(x, y)

    half = (math.atanh(result.interval.high) - math.atanh(result.interval.low)) / 2

    assert half == pytest.approx(1.959963984540054 * math.sqrt((1 + result.value**2 / 2) / 100), rel=1e-10)
    assert result.interval.kind == "Bonett-Wright"


def test_pairs_that_are_not_finite_are_dropped_and_counted():
    x = [1.0, 2.0, math.inf, 4.0, 5.0, math.nan, 7.0]
    y = [2.0, 1.0, 3.0, 5.0, math.nan, 6.0, 7.0]

    result = pearson(x, y)

    assert (result.n, result.dropped) == (4, 3)
    assert result.value == pytest.approx(scipy_stats.pearsonr([1, 2, 4, 7], [2, 1, 5, 7]).statistic)


@pytest.mark.parametrize("correlate", [pearson, spearman])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e30])
def test_a_constant_vector_has_no_correlation(correlate, constant):
    result = correlate([constant] * 9, np.arange(9.0))

    assert result.value is None
    assert result.interval is None
    assert "constant" in result.reason


@pytest.mark.parametrize("correlate", [pearson, spearman])
def test_fewer_than_four_pairs_have_no_correlation(correlate):
    result = correlate([1.0, 2.0, 3.0, math.nan], [3.0, 1.0, 2.0, 4.0])

    assert result.value is None
    assert "4" in result.reason
    assert result.dropped == 1


def test_vectors_of_different_length_are_refused():
    with pytest.raises(ValueError, match="equal length"):
        pearson([1.0, 2.0], [1.0])


def test_bootstrap_of_a_mean_agrees_with_the_normal_interval_and_repeats():
    values = np.random.default_rng(5).exponential(size=400)

    bootstrap, normal = bootstrap_mean_interval(values, seed=7, replicates=4000), normal_mean_interval(values)

    assert (bootstrap.low, bootstrap.high) == pytest.approx((normal.low, normal.high), abs=0.02)
    assert bootstrap == bootstrap_mean_interval(values, seed=7, replicates=4000)
    assert bootstrap != bootstrap_mean_interval(values, seed=8, replicates=4000)


def test_bootstrap_leaves_out_what_is_not_finite():
    assert bootstrap_mean_interval([1.0, 1.0, math.inf]) == Interval(1.0, 1.0, 0.95, "bootstrap")
    assert bootstrap_mean_interval([1.0, math.nan]) is None


def test_the_jackknife_of_two_means_is_the_welch_interval():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=12), rng.normal(2.0, 3.0, size=20)
    sides = [
        np.array([np.delete(x, i).mean() for i in range(12)]) - y.mean(),
        x.mean() - np.array([np.delete(y, i).mean() for i in range(20)]),
    ]

    ours = jackknife_interval(x.mean() - y.mean(), sides)

    theirs = scipy_stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-4)


def test_the_jackknife_of_equal_replicates_has_no_width():
    assert jackknife_interval(3.0, [np.full(5, 3.0), np.full(4, 3.0)]) == Interval(3.0, 3.0, 0.95, "jackknife")


def _shared_partner_pairs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    clusters = np.repeat(np.arange(30), 20)
    return rng.normal(size=30)[clusters], rng.normal(size=30)[clusters], clusters


def test_clusters_widen_the_interval_of_repeated_pairs():
    x, y, clusters = _shared_partner_pairs(np.random.default_rng(8))

    clustered = pearson_cluster_interval(x, y, clusters, seed=1)

    naive, honest = pearson(x, y).interval, pearson(x[::20], y[::20]).interval
    assert clustered.high - clustered.low > 3 * (naive.high - naive.low)
    assert clustered.high - clustered.low == pytest.approx(honest.high - honest.low, rel=0.3)


def test_the_cluster_interval_covers_the_true_correlation_about_as_often_as_it_says():
    rng = np.random.default_rng(9)

    covered = 0
    for seed in range(100):
        interval = pearson_cluster_interval(*_shared_partner_pairs(rng), seed=seed, replicates=400)
        covered += interval.low <= 0.0 <= interval.high

    assert 84 <= covered <= 100


def test_singleton_clusters_give_the_ordinary_bootstrap_of_r():
    rng = np.random.default_rng(10)
    x = rng.normal(size=300)
    y = x + rng.normal(size=300)
    theirs = scipy_stats.bootstrap(
        (x, y),
        lambda a, b: scipy_stats.pearsonr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=800,
        method="percentile",
        rng=1,
    ).confidence_interval

    ours = pearson_cluster_interval(x, y, [f"pair {i}" for i in range(300)], seed=2)

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.015)


def test_too_few_clusters_or_a_constant_have_no_cluster_interval():
    x = np.arange(9.0)

    assert pearson_cluster_interval(x, x**2, [0, 0, 0, 1, 1, 1, 2, 2, 2]) is None
    assert pearson_cluster_interval(x, np.ones(9), list(range(9))) is None
    with pytest.raises(ValueError, match="labels"):
        pearson_cluster_interval(x, x, [0])
