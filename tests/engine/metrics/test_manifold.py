"""Oracles: prdc, torch-fidelity, and exact distances of small sets."""

from __future__ import annotations

import dataclasses
import resource
import sys

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors
from torch_fidelity.metric_prc import calculate_precision_recall_full

from planetview.core.cancel import Cancelled
from planetview.core.stats import wilson
from planetview.engine.metrics.manifold import manifold
from tests.engine.metrics.clouds import CancelAfter, cloud


def four(scores) -> tuple[float, float, float, float]:
    return scores.precision, scores.recall, scores.density, scores.coverage


@pytest.mark.parametrize("budget_bytes", [1, 1 << 30])
@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_all_four_are_those_of_prdc(budget_bytes, k, dtype, screen):
    real, fake = cloud(310, 12, seed=1).astype(dtype), (cloud(270, 12, seed=2, shift=0.2) * 1.1).astype(dtype)
    theirs = compute_prdc(real.astype(np.float64), fake.astype(np.float64), k)

    ours = manifold(real, fake, k_pr=k, k_dc=k, inclusive=False, budget_bytes=budget_bytes, screen=screen)

    expected = [float(theirs[name]) for name in ("precision", "recall", "density", "coverage")]
    assert four(ours) == pytest.approx(expected, abs=1e-12)


def test_precision_and_recall_are_those_of_torch_fidelity():
    real, fake = cloud(310, 12, seed=3), cloud(270, 12, seed=4, shift=0.2) * 1.1
    theirs = calculate_precision_recall_full(torch.from_numpy(fake), torch.from_numpy(real), neighborhood=3)

    ours = manifold(real, fake)

    assert (ours.precision, ours.recall) == pytest.approx(theirs, abs=1e-6)


def test_one_call_serves_both_neighbourhoods():
    real, fake = cloud(150, 6, seed=5), cloud(140, 6, seed=6)

    both = manifold(real, fake, k_pr=3, k_dc=5)

    assert four(both)[:2] == four(manifold(real, fake, k_pr=3, k_dc=3))[:2]
    assert four(both)[2:] == four(manifold(real, fake, k_pr=5, k_dc=5))[2:]


def test_a_large_common_offset_changes_nothing():
    real, fake = cloud(200, 16, seed=7), cloud(200, 16, seed=8)
    # Multiples of 2^-10 stay exact when the offset is added, also in float32.
    real, fake = np.round(real * 1024) / 1024, np.round(fake * 1024) / 1024

    far = manifold((real + 1000).astype(np.float32), (fake + 1000).astype(np.float32))

    near = manifold(real, fake)
    assert np.array_equal(far.fake_density, near.fake_density)
    assert np.array_equal(far.real_recalled, near.real_recalled)
    np.testing.assert_array_equal(far.real_radii, near.real_radii)


def outskirts(n: int, seed: int) -> np.ndarray:
    """Return mostly a wide cloud, and a few tight clusters whose inner distances bfloat16 cannot tell apart."""
    points = cloud(n, 16, seed=seed)
    rng = np.random.default_rng(seed)
    points[:30] = np.repeat(rng.normal(size=(1, 16)) * 20, 30, axis=0) + rng.normal(size=(30, 16)) * 1e-3
    return points.astype(np.float32)


@pytest.mark.parametrize("tight", [False, True])
def test_the_number_format_of_the_screen_changes_nothing(tight):
    # Few tight points are searched again by themselves; where all are tight, all are.
    real, fake = (cloud(400, 16, seed=s).astype(np.float32) * 1e-4 + s for s in (31, 32)) if tight else (
        outskirts(400, 31), outskirts(420, 31))  # fmt: skip

    coarse, fine = (manifold(real, fake, screen=screen) for screen in ("bfloat16", "float32"))

    for field in dataclasses.fields(fine):
        np.testing.assert_array_equal(getattr(coarse, field.name), getattr(fine, field.name))
    distances = np.linalg.norm(real[:, None].astype(np.float64) - real[None], axis=2)
    np.testing.assert_allclose(coarse.real_radii, np.sort(distances, axis=1)[:, 3], rtol=1e-12)


@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_near_ties_are_settled_in_float64(screen):
    # One dimension: reals at 0, 1, 2 ...; fakes a hair inside or outside of the first ball, radius 1.
    real = np.arange(8.0)[:, None]
    hair = 1e-9
    fake = np.array([-1 + hair, -1 - hair, -1.0, -500.0])[:, None]

    strict = manifold(real, fake, k_pr=1, k_dc=1, inclusive=False, screen=screen)
    closed = manifold(real, fake, k_pr=1, k_dc=1, inclusive=True, screen=screen)

    assert strict.fake_inside.tolist() == [True, False, False, False]
    assert closed.fake_inside.tolist() == [True, False, True, False]
    assert strict.fake_density.tolist() == closed.fake_density.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_exact_copies_tell_the_two_conventions_apart():
    real = cloud(30, 5, seed=9)
    collapsed = np.repeat(real[:1], 10, axis=0)

    closed, strict = manifold(real, collapsed, inclusive=True), manifold(real, collapsed, inclusive=False)

    assert closed.precision == strict.precision == 1.0
    assert closed.recall == pytest.approx(1 / 30)
    assert strict.recall == 0.0
    assert (closed.fake_radii == 0).all()


def test_flags_and_contributions_average_to_the_scores():
    real, fake = cloud(90, 4, seed=10), cloud(70, 4, seed=11, shift=0.5)

    scores = manifold(real, fake)

    assert four(scores) == (
        scores.fake_inside.mean(),
        scores.real_recalled.mean(),
        scores.fake_density.mean(),
        scores.real_covered.mean(),
    )
    distances = np.linalg.norm(real[:, None] - real[None], axis=2)
    np.testing.assert_allclose(scores.real_radii, np.sort(distances, axis=1)[:, 3], rtol=1e-12)


def test_intervals_are_wilsons_for_proportions_and_hold_the_density():
    real, fake = cloud(90, 4, seed=10), cloud(70, 4, seed=11, shift=0.5)

    scores = manifold(real, fake)

    assert scores.precision_interval == wilson(int(scores.fake_inside.sum()), 70)
    assert scores.recall_interval == wilson(int(scores.real_recalled.sum()), 90)
    assert scores.coverage_interval == wilson(int(scores.real_covered.sum()), 90)
    assert 0 <= scores.density_interval.low < scores.density < scores.density_interval.high


def test_equal_distributions_have_density_one_and_the_known_coverage():
    real, fake = cloud(1500, 3, seed=12), cloud(1500, 3, seed=13)

    scores = manifold(real, fake)

    assert scores.density == pytest.approx(1.0, abs=0.05)
    assert scores.coverage == pytest.approx(1 - 2**-5, abs=0.02)


def test_distant_sets_share_nothing():
    assert four(manifold(cloud(40, 4, seed=14), cloud(40, 4, seed=15, shift=100.0))) == (0.0, 0.0, 0.0, 0.0)


def test_swapping_the_sets_swaps_precision_and_recall():
    real, fake = cloud(90, 4, seed=16), cloud(70, 4, seed=17, shift=0.5)

    assert manifold(real, fake).precision == manifold(fake, real).recall


def test_memory_stays_within_the_budget():
    real = cloud(6000, 4, seed=18).astype(np.float32)
    manifold(real[:200], real[:200])
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    manifold(real, real[::-1].copy(), budget_bytes=16 << 20)

    # One dense float32 matrix of this size alone would take 144 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before < 80 << 20


def test_cancelling_stops_between_blocks():
    real = cloud(300, 4, seed=19)

    with pytest.raises(Cancelled):
        manifold(real, real, check=CancelAfter(6), budget_bytes=1)


def test_sets_must_exceed_the_neighbourhood():
    real = cloud(6, 4, seed=20)

    assert 0 <= manifold(real, real).coverage <= 1
    with pytest.raises(ValueError, match="at least 6 images, got 5"):
        manifold(real, real[:5])
    with pytest.raises(ValueError, match="k starts at 1"):
        manifold(real, real, k_pr=0)


@pytest.mark.parametrize("budget_bytes", [1, 1 << 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_the_nearest_fakes_of_real_images_are_those_of_scikit_learn(budget_bytes, dtype, screen):
    real, fake = cloud(310, 12, seed=1).astype(dtype), (cloud(270, 12, seed=2, shift=0.2) * 1.1).astype(dtype)
    search = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(fake.astype(np.float64))
    distances, indices = search.kneighbors(real.astype(np.float64))

    ours = manifold(real, fake, neighbours=4, budget_bytes=budget_bytes, screen=screen)

    assert ours.nearest_fakes.tolist() == indices.tolist()
    assert ours.nearest_distances == pytest.approx(distances, rel=1e-6, abs=1e-6)
    assert np.array_equal(ours.real_covered, ours.nearest_distances[:, 0] < ours.real_reaches)


@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_copies_and_near_ties_come_in_the_order_of_float64(screen):
    rng = np.random.default_rng(5)
    few = (100.0 + 1e-4 * rng.normal(size=(40, 16))).astype(np.float32)
    real, fake = few[rng.integers(0, 40, 300)], few[rng.integers(0, 40, 260)]
    squared = np.square(real.astype(np.float64)[:, None] - fake.astype(np.float64)[None]).sum(axis=2)
    expected = np.argsort(squared, axis=1, kind="stable")[:, :5]

    ours = manifold(real, fake, neighbours=5, screen=screen)

    assert ours.nearest_fakes.tolist() == expected.tolist()
    assert ours.nearest_distances == pytest.approx(np.sqrt(np.take_along_axis(squared, expected, axis=1)), rel=1e-12)


def test_no_more_neighbours_are_kept_than_there_are_and_none_unasked():
    real, fake = cloud(40, 5, seed=1), cloud(8, 5, seed=2)

    assert manifold(real, fake, neighbours=50).nearest_fakes.shape == (40, 8)
    assert manifold(real, fake).nearest_distances.shape == (40, 0)
