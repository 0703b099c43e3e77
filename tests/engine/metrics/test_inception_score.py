"""Oracles: torch-fidelity for the score, explicit deletion for its interval, sets with a known score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_fidelity.metric_isc import isc_features_to_metric

from planetview.core.cancel import Cancelled
from planetview.core.stats import jackknife_interval
from planetview.engine.metrics.inception_score import inception_score
from tests.engine.metrics.clouds import CancelAfter, cloud


def sure_of(classes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features and a classifier that leave no doubt about the given classes."""
    return 1000.0 * np.eye(count)[classes], np.eye(count)


def direct(logits: np.ndarray) -> float:
    p = torch.from_numpy(logits).softmax(dim=1).numpy()
    return float(np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean()))


@pytest.mark.parametrize(("n", "splits"), [(1003, 10), (400, 1), (23, 10), (57, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_score_is_torch_fidelitys_on_the_same_logits(n, splits, dtype):
    features, classifier = cloud(n, 24, seed=1).astype(dtype), (3 * cloud(24, 40, seed=2)).astype(dtype)
    logits = torch.from_numpy(features).double() @ torch.from_numpy(classifier).double()

    found = inception_score(features, classifier, splits=splits, budget_bytes=1 << 16)

    theirs = isc_features_to_metric(logits, splits=splits, rng_seed=2020)
    assert found.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-10)
    assert found.sd == pytest.approx(theirs["inception_score_std"], rel=1e-8, abs=1e-12)


def test_sure_and_balanced_images_score_the_number_of_classes():
    found = inception_score(*sure_of(np.arange(60) % 6, 6), splits=1)

    assert found.mean == pytest.approx(6.0)
    assert (found.sd, found.ceiling) == (0.0, 6)


def test_few_images_in_a_split_cap_the_score():
    features, classifier = sure_of(np.arange(30), 30)

    found = inception_score(features, classifier, splits=10)

    assert found.mean == pytest.approx(3.0)
    assert found.ceiling == 3
    assert found.one_split == pytest.approx(30.0)


def test_images_of_one_class_score_one():
    found = inception_score(*sure_of(np.zeros(40, dtype=int), 5), splits=1)

    assert found.mean == pytest.approx(1.0)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(found.interval.high)


def test_the_interval_is_that_of_explicit_deletions():
    features, classifier = cloud(90, 8, seed=3), 2 * cloud(8, 12, seed=4)
    groups = np.array_split(np.random.RandomState(2020).permutation(90), 15)
    left_out = np.array([direct(np.delete(features, group, axis=0) @ classifier) for group in groups])
    expected = jackknife_interval(direct(features @ classifier), [left_out], minimum=1.0)

    found = inception_score(features, classifier, splits=1, groups=15)

    assert expected is not None and found.interval is not None
    assert found.one_split == pytest.approx(direct(features @ classifier), rel=1e-12)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high), rel=1e-10)


def test_cancelling_stops_between_blocks():
    with pytest.raises(Cancelled):
        inception_score(cloud(40, 4, seed=5), cloud(4, 3, seed=6), check=CancelAfter(3))


def test_what_cannot_be_scored_is_refused_in_words():
    with pytest.raises(ValueError, match="at least 10 images"):
        inception_score(cloud(9, 4, seed=7), cloud(4, 3, seed=8))
    with pytest.raises(ValueError, match="classifier of 4 rows"):
        inception_score(cloud(20, 4, seed=7), cloud(5, 3, seed=8))
