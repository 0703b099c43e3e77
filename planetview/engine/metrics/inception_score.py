"""Inception Score: how sure a classifier is of each image, and how many classes it finds in all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from planetview.core.stats import Interval, jackknife_interval
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    Check,
    Features,
    block_rows,
    no_check,
    require_features,
    slices,
    tensor64,
)


@dataclass(frozen=True, slots=True)
class InceptionScore:
    """The score as published, and of all images at once.

    mean, sd: over the splits; sd is the population standard deviation, 0 for one split. one_split: the score
    of all images together. ceiling: what no set can exceed, the classes or the images of the largest split.
    groups: of the jackknife. interval: around `mean`, its width from deletions of groups in the one-split score;
    None for fewer than 4 images.
    """

    mean: float
    sd: float
    one_split: float
    splits: int
    groups: int
    ceiling: int
    interval: Interval | None


def inception_score(
    features: Features,
    classifier: Features,
    *,
    splits: int = 10,
    seed: int = 2020,
    groups: int = 20,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> InceptionScore:
    """Return exp(mean KL(p(y|x) ‖ p(y))) over splits of the shuffled images.

    features: (n, d), n >= splits. classifier: (d, classes), so that `features @ classifier` are the class logits;
    the published score leaves the bias out. Softmax in float64; the order is RandomState(seed).permutation and
    split i runs from i·n // splits to (i + 1)·n // splits, as in torch-fidelity. At least 1; higher is better.
    Raises ValueError for fewer images than splits, lengths that do not fit or non-finite values.

    Salimans et al. 2016 (arXiv:1606.03498); Barratt and Sharma 2018 (arXiv:1801.01973) on its limits.
    """
    require_features(features, least=max(1, splits))
    n, d = features.shape
    if splits < 1 or classifier.ndim != 2 or len(classifier) != d:
        raise ValueError(f"needs splits >= 1 and a classifier of {d} rows, got {splits} and {classifier.shape}")
    # Each split is a whole number of groups: one pass serves the splits and the deletions.
    fold = max(1, min(groups, n) // splits)
    sums = _group_sums(features, classifier, splits * fold, seed, check, budget_bytes)
    scores = np.array([sums.part(slice(i * fold, (i + 1) * fold)).score() for i in range(splits)])
    whole = sums.part(slice(None))
    interval = None
    if n >= 4 and splits * fold > 1:
        left_out = [whole.without(sums.part(slice(g, g + 1))).score() for g in range(splits * fold)]
        interval = jackknife_interval(float(scores.mean()), [np.array(left_out)], level, minimum=1.0)
    ceiling = min(classifier.shape[1], -(-n // splits))
    return InceptionScore(
        float(scores.mean()), float(scores.std()), whole.score(), splits, splits * fold, ceiling, interval
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Σ p(y|x) as (groups, classes), Σ Σy p log p and the number of images as (groups,)."""

    probabilities: np.ndarray
    negative_entropies: np.ndarray
    counts: np.ndarray

    def part(self, groups: slice) -> _Sums:
        """Return the sums of some groups as one group."""
        return _Sums(
            self.probabilities[groups].sum(axis=0, keepdims=True),
            self.negative_entropies[groups].sum(keepdims=True),
            self.counts[groups].sum(keepdims=True),
        )

    def without(self, other: _Sums) -> _Sums:
        # A difference of sums can fall below zero by rounding, where a class has no share left.
        return _Sums(
            np.maximum(self.probabilities - other.probabilities, 0.0),
            self.negative_entropies - other.negative_entropies,
            self.counts - other.counts,
        )

    def score(self) -> float:
        """Return the score of a single group: KL is Σ p log p - Σ q log q, since p averages to q."""
        q = self.probabilities[0] / self.counts[0]
        shares = q[q > 0.0]
        return float(np.exp(self.negative_entropies[0] / self.counts[0] - float(shares @ np.log(shares))))


def _group_sums(
    features: Features, classifier: Features, groups: int, seed: int, check: Check, budget_bytes: int
) -> _Sums:
    n, d = features.shape
    order = np.random.RandomState(seed).permutation(n)
    weights = tensor64(classifier)
    rows = block_rows(8 * (d + 4 * classifier.shape[1]), budget_bytes)
    probabilities, negative_entropies = np.zeros((groups, classifier.shape[1])), np.zeros(groups)
    bounds = [g * n // groups for g in range(groups + 1)]
    for g in range(groups):
        for part in slices(bounds[g + 1] - bounds[g], rows):
            check()
            chosen = order[bounds[g] + part.start : bounds[g] + part.stop]
            log_p = torch.log_softmax(tensor64(features[chosen]) @ weights, dim=1)
            p = log_p.exp()
            probabilities[g] += p.sum(dim=0).numpy()
            negative_entropies[g] += float((p * log_p).sum())
    return _Sums(probabilities, negative_entropies, np.diff(np.array(bounds)))
