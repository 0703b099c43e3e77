"""Oracles: scipy and numpy for the line and its band, scipy for order statistics and distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as oracle

from planetview.core.regression import fit_line
from planetview.core.spread import distribution_distance, spread_of


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.normal(6, 0.5, 200)
    return x, 3 - 2 * x + rng.normal(0, 0.3, 200)


def test_the_line_is_that_of_scipy(points):
    found, expected = fit_line(*points), oracle.linregress(*points)

    assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept))
    assert found.at([6.0]) == pytest.approx([expected.slope * 6 + expected.intercept])


@pytest.mark.parametrize("n", [5, 12, 200])
def test_the_band_is_the_one_of_the_covariance_of_the_fit(points, n):
    x, y = points[0][:n], points[1][:n]
    _, covariance = np.polyfit(x, y, 1, cov=True)
    places = np.linspace(5, 7, 9)
    design = np.stack([places, np.ones_like(places)])
    standard_errors = np.sqrt(np.einsum("ip,ij,jp->p", design, covariance, design))

    expected = oracle.t.ppf(0.975, n - 2) * standard_errors

    assert fit_line(x, y).half_width(places) == pytest.approx(expected, rel=0.02 if n == 5 else 2e-4)


def test_a_handful_of_points_has_no_band(points):
    assert fit_line(points[0][:4], points[1][:4]).half_width([6.0]) is None


@pytest.mark.parametrize("x", [[], [1.0], [0.1, 0.1, 0.1]])
def test_no_line_without_spread(x):
    assert fit_line(x, x) is None


def test_order_statistics_are_those_of_numpy():
    values = np.random.default_rng(2).gamma(2, 1, 101)

    found = spread_of([*values, np.nan, np.inf])

    assert (found.n, found.missing) == (101, 2)
    assert (found.median, found.mean) == pytest.approx((np.median(values), values.mean()))
    assert found.quartile_range == pytest.approx(oracle.iqr(values))
    assert (found.least, found.most) == (values.min(), values.max())


def test_nothing_has_no_order_statistics():
    assert spread_of([np.nan]).n == 0
    assert np.isnan(spread_of([np.nan]).median)


def test_the_distance_is_that_of_scipy():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, 90).round(1), rng.normal(0.4, 1.2, 140).round(1)

    assert distribution_distance(a, b) == pytest.approx(oracle.ks_2samp(a, b).statistic)
    assert distribution_distance(a, a) == 0.0
    assert distribution_distance(a, [np.nan]) is None
