"""Precision, recall, density and coverage: is a point inside the nearest-neighbour balls of the other set?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from planetview.core.stats import Interval, normal_mean_interval, wilson
from planetview.engine.metrics.blocks import (
    DEFAULT_BUDGET_BYTES,
    Check,
    Features,
    column_mean,
    no_check,
    require_pair,
    slices,
    square_block,
)

# Squared distances from float32 products are trusted outside of this band around a radius: a share of the
# radius, and a share of the squared lengths that cancel in |a|² + |b|² - 2a·b. Largest error of the second
# kind over 2 million pairs with near copies, d = 512 to 4096: 7.3e-7.
_RADIUS_BAND = 1e-5
_LENGTH_BAND = 3e-6
# Neighbours kept beyond k, so that the exact order of near-ties is settled in float64.
_SPARE_NEIGHBOURS = 4


@dataclass(frozen=True, slots=True, eq=False)
class ManifoldScores:
    """The four scores, their intervals, and what each image adds to them.

    precision, recall, coverage in [0, 1]; density >= 0, may exceed 1; higher is better; strongly dependent
    on both set sizes. Intervals: Wilson for the proportions, normal for density, all given the manifold of
    the other set. k_pr, k_dc: neighbours that span the balls of precision and recall, density and coverage.
    fake_inside (m,): in some real ball (precision is its mean). fake_density (m,): real balls around it,
    divided by k_dc (density is its mean). real_recalled (n,): in some fake ball. real_covered (n,): has a
    fake inside its own ball. real_radii (n,), fake_radii (m,): distance to the k_pr-th neighbour in the own set.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    precision_interval: Interval
    recall_interval: Interval
    density_interval: Interval | None
    coverage_interval: Interval
    k_pr: int
    k_dc: int
    inclusive: bool
    fake_inside: npt.NDArray[np.bool_]
    fake_density: npt.NDArray[np.float64]
    real_recalled: npt.NDArray[np.bool_]
    real_covered: npt.NDArray[np.bool_]
    real_radii: npt.NDArray[np.float64]
    fake_radii: npt.NDArray[np.float64]


def manifold(
    real: Features,
    fake: Features,
    *,
    k_pr: int = 3,
    k_dc: int = 5,
    inclusive: bool = True,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
) -> ManifoldScores:
    """Return precision, recall, density and coverage of `fake` against `real`.

    real, fake: (n, d) and (m, d), more than max(k_pr, k_dc) rows each. A ball reaches to the k-th neighbour in
    the own set, itself not counted. inclusive: for precision and recall a point on the surface is inside
    (torch-fidelity) or not (prdc); density and coverage leave it out, as published. The difference shows
    with exact duplicates, whose radius is 0. Comparisons are exact in float64.

    Kynkäänniemi et al. 2019 (arXiv:1904.06991); Naeem et al. 2020 (arXiv:2002.09797).
    """
    if min(k_pr, k_dc) < 1:
        raise ValueError(f"k starts at 1, got {k_pr} and {k_dc}")
    require_pair(real, fake, least=max(k_pr, k_dc) + 1)
    edge = square_block(real.shape[1], 4, budget_bytes, temporaries=8)
    shift = (column_mean(real, check) + column_mean(fake, check)) / 2.0
    sides = _Cloud(real, shift, edge), _Cloud(fake, shift, edge)
    nearest_real = _squared_radii(sides[0], (k_pr, k_dc), check)
    nearest_fake = _squared_radii(sides[1], (k_pr,), check)
    flags = _cross(sides, nearest_real[0], nearest_real[1], nearest_fake[0], inclusive=inclusive, check=check)
    fake_density = flags.balls_around / k_dc
    return ManifoldScores(
        precision=float(flags.fake_inside.mean()),
        recall=float(flags.real_recalled.mean()),
        density=float(fake_density.mean()),
        coverage=float(flags.real_covered.mean()),
        precision_interval=_share(flags.fake_inside, level),
        recall_interval=_share(flags.real_recalled, level),
        density_interval=normal_mean_interval(fake_density, level, minimum=0.0),
        coverage_interval=_share(flags.real_covered, level),
        k_pr=k_pr,
        k_dc=k_dc,
        inclusive=inclusive,
        fake_inside=flags.fake_inside,
        fake_density=fake_density,
        real_recalled=flags.real_recalled,
        real_covered=flags.real_covered,
        real_radii=np.sqrt(nearest_real[0]),
        fake_radii=np.sqrt(nearest_fake[0]),
    )


def _share(flags: npt.NDArray[np.bool_], level: float) -> Interval:
    return wilson(int(flags.sum()), len(flags), level)


class _Cloud:
    """One feature set, served as centred float32 blocks with their squared lengths."""

    def __init__(self, features: Features, shift: npt.NDArray[np.float64], edge: int) -> None:
        self.features = features
        self.edge = edge
        # One float32 shift for both sets: subtracting it from float32 features loses nothing that matters.
        self._shift = shift.astype(np.float32)

    def __len__(self) -> int:
        return len(self.features)

    def blocks(self) -> list[slice]:
        return list(slices(len(self.features), self.edge))

    def block(self, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        centred = torch.from_numpy((self.features[rows] - self._shift).astype(np.float32, copy=False))
        return centred, centred.square().sum(dim=1)


def _block_distances(a: tuple[torch.Tensor, torch.Tensor], b: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return squared distances in float32, good to `_LENGTH_BAND` of the squared lengths."""
    return torch.addmm(b[1], a[0], b[0].T, alpha=-2.0).add_(a[1].unsqueeze(1))


def _exact_squared(
    a: Features, b: Features, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], check: Check
) -> npt.NDArray[np.float64]:
    """Return |a_i - b_j|² in float64, the same bits for (i, j) and (j, i)."""
    out = np.empty(len(i))
    for part in slices(len(i), max(1, 4_000_000 // a.shape[1])):
        check()
        difference = a[i[part]].astype(np.float64) - b[j[part]].astype(np.float64)
        out[part] = np.einsum("pd,pd->p", difference, difference)
    return out


def _squared_radii(cloud: _Cloud, ks: tuple[int, ...], check: Check) -> list[npt.NDArray[np.float64]]:
    """Return, for each k, the squared distance of every point to its k-th neighbour in the own set."""
    n = len(cloud)
    keep = min(n - 1, max(ks) + _SPARE_NEIGHBOURS)
    best = torch.full((n, keep), torch.inf)
    index = torch.zeros((n, keep), dtype=torch.int64)
    for rows in cloud.blocks():
        a = cloud.block(rows)
        for columns in cloud.blocks():
            if columns.start < rows.start:
                continue
            check()
            distances = _block_distances(a, a if columns == rows else cloud.block(columns))
            if columns == rows:
                distances.fill_diagonal_(torch.inf)
            else:
                _merge_nearest(best[columns], index[columns], distances.T, rows.start)
            _merge_nearest(best[rows], index[rows], distances, columns.start)
    i = np.repeat(np.arange(n), keep)
    exact = _exact_squared(cloud.features, cloud.features, i, index.numpy().ravel(), check).reshape(n, keep)
    exact.sort(axis=1)
    return [exact[:, k - 1].copy() for k in ks]


def _merge_nearest(best: torch.Tensor, index: torch.Tensor, distances: torch.Tensor, offset: int) -> None:
    """Update the running k smallest of each row, in place."""
    found, where = torch.topk(distances, min(best.shape[1], distances.shape[1]), dim=1, largest=False, sorted=False)
    candidates = torch.cat([best, found], dim=1)
    places = torch.cat([index, where + offset], dim=1)
    values, order = torch.topk(candidates, best.shape[1], dim=1, largest=False, sorted=False)
    best.copy_(values)
    index.copy_(places.gather(1, order))


@dataclass(frozen=True, slots=True, eq=False)
class _Flags:
    fake_inside: npt.NDArray[np.bool_]
    real_recalled: npt.NDArray[np.bool_]
    real_covered: npt.NDArray[np.bool_]
    balls_around: npt.NDArray[np.float64]


def _cross(
    sides: tuple[_Cloud, _Cloud],
    radii_pr: npt.NDArray[np.float64],
    radii_dc: npt.NDArray[np.float64],
    radii_fake: npt.NDArray[np.float64],
    *,
    inclusive: bool,
    check: Check,
) -> _Flags:
    """Compare the mixed distances with all radii; only pairs that may be inside leave the dense block."""
    real, fake = sides
    n, m = len(real), len(fake)
    flags = _Flags(np.zeros(m, bool), np.zeros(n, bool), np.zeros(n, bool), np.zeros(m))
    inside = np.less_equal if inclusive else np.less
    widest = np.maximum(radii_pr, radii_dc)
    for rows in real.blocks():
        a = real.block(rows)
        for columns in fake.blocks():
            check()
            b = fake.block(columns)
            distances = _block_distances(a, b)
            slack = _LENGTH_BAND * (float(a[1].max()) + float(b[1].max()))
            near = distances <= _reach(widest[rows], slack).unsqueeze(1)
            near |= distances <= _reach(radii_fake[columns], slack)
            places = near.nonzero().numpy()
            squared = distances.numpy()[places[:, 0], places[:, 1]].astype(np.float64)
            i, j = places[:, 0] + rows.start, places[:, 1] + columns.start
            balls = radii_pr[i], radii_dc[i], radii_fake[j]
            lengths = a[1].numpy()[places[:, 0]] + b[1].numpy()[places[:, 1]]
            unsure = np.zeros(len(i), dtype=bool)
            for ball in balls:
                unsure |= np.abs(squared - ball) <= _RADIUS_BAND * ball + _LENGTH_BAND * lengths
            squared[unsure] = _exact_squared(real.features, fake.features, i[unsure], j[unsure], check)
            flags.fake_inside[j[inside(squared, balls[0])]] = True
            flags.real_recalled[i[inside(squared, balls[2])]] = True
            dense = squared < balls[1]
            flags.real_covered[i[dense]] = True
            flags.balls_around[columns] += np.bincount(places[dense, 1], minlength=columns.stop - columns.start)
    return flags


def _reach(squared_radii: npt.NDArray[np.float64], slack: float) -> torch.Tensor:
    """Return the largest float32 squared distance that may still lie within each radius."""
    return torch.from_numpy((squared_radii * (1.0 + 2.0 * _RADIUS_BAND) + 2.0 * slack).astype(np.float32))
