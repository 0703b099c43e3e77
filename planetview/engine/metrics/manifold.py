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
    squared_distances,
)
from planetview.engine.metrics.kept_nearest import KeptNearest
from planetview.engine.metrics.rounding import (
    Format,
    FormatChoice,
    Rounded,
    choose_format,
    lower_bounds,
    product_error,
    upper_bounds,
)

# Squared distances from float32 products are trusted outside of this band around a radius: a share of the
# radius, and a share of the squared lengths that cancel in |a|² + |b|² - 2a·b. Largest error of the second
# kind over 2 million pairs with near copies, d = 512 to 4096: 7.3e-7. Bfloat16 has bounds of its own.
_RADIUS_BAND = 1e-5
_LENGTH_BAND = 3e-6
_ROUNDINGS = 16
# Neighbours kept beyond k, so that the exact order of near-ties is settled in float64, and proved for nearly all.
_SPARE_NEIGHBOURS: dict[Format, int] = {"float32": 4, "bfloat16": 12}
# Unsure pairs per image of a block, or share of radii, from which bfloat16 is too coarse for these features.
_MOST_UNSURE = 16
_MOST_UNPROVED = 0.1
_AGAIN_AT_ONCE = 256
# Blocks are kept rounded, to be used again, while they take no more than this share of the budget.
_KEPT_SHARE = 1 / 8


@dataclass(frozen=True, slots=True, eq=False)
class ManifoldScores:
    """The four scores, their intervals, and what each image adds to them.

    precision, recall, coverage in [0, 1]; density >= 0, may exceed 1; higher is better; strongly dependent
    on both set sizes. Intervals: Wilson for the proportions, normal for density, all given the manifold of
    the other set. k_pr, k_dc: neighbours that span the balls of precision and recall, density and coverage.
    fake_inside (m,): in some real ball (precision is its mean). fake_density (m,): real balls around it,
    divided by k_dc (density is its mean). real_recalled (n,): in some fake ball. real_covered (n,): has a
    fake inside its own ball. real_radii (n,), fake_radii (m,): distance to the k_pr-th neighbour in the own set.
    real_reaches (n,): distance to the k_dc-th. nearest_fakes (n, k) int64, nearest_distances (n, k): the fakes nearest
    to every real image, nearest first, ties to the lower index; no columns where none were asked for.
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
    real_reaches: npt.NDArray[np.float64]
    nearest_fakes: npt.NDArray[np.int64]
    nearest_distances: npt.NDArray[np.float64]


def manifold(
    real: Features,
    fake: Features,
    *,
    k_pr: int = 3,
    k_dc: int = 5,
    inclusive: bool = True,
    neighbours: int = 0,
    level: float = 0.95,
    check: Check = no_check,
    budget_bytes: int = DEFAULT_BUDGET_BYTES,
    screen: FormatChoice = "auto",
) -> ManifoldScores:
    """Return precision, recall, density and coverage of `fake` against `real`.

    real, fake: (n, d) and (m, d), more than max(k_pr, k_dc) rows each. A ball reaches to the k-th neighbour in
    the own set, itself not counted. inclusive: for precision and recall a point on the surface is inside
    (torch-fidelity) or not (prdc); density and coverage leave it out, as published. The difference shows
    with exact duplicates, whose radius is 0. Comparisons are exact in float64.
    neighbours: how many of the nearest fakes of every real image to keep, at most m; the distances that decide
    coverage pass by anyway.
    screen: number format that rules out the pairs nowhere near a radius, by default the faster one; it never
    changes a score.

    Kynkäänniemi et al. 2019 (arXiv:1904.06991); Naeem et al. 2020 (arXiv:2002.09797).
    """
    if min(k_pr, k_dc) < 1:
        raise ValueError(f"k starts at 1, got {k_pr} and {k_dc}")
    require_pair(real, fake, least=max(k_pr, k_dc) + 1)
    edge = square_block(real.shape[1], 4, budget_bytes, temporaries=8)
    shift = (column_mean(real, check) + column_mean(fake, check)) / 2.0
    form = choose_format(screen, (len(real) + len(fake)) ** 2 // 2 * real.shape[1])
    kept_bytes = int(budget_bytes * _KEPT_SHARE)
    sides = _Cloud(real, shift, edge, form, kept_bytes), _Cloud(fake, shift, edge, form, kept_bytes)
    nearest_real = _squared_radii(sides[0], (k_pr, k_dc), check)
    nearest_fake = _squared_radii(sides[1], (k_pr,), check)
    kept = KeptNearest(len(real), min(len(fake), neighbours + _SPARE_NEIGHBOURS[form])) if neighbours else None
    flags = _cross(sides, nearest_real[0], nearest_real[1], nearest_fake[0], kept, inclusive=inclusive, check=check)
    nearest_fakes, squared = _settled(kept, real, fake, min(neighbours, len(fake)), check, budget_bytes)
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
        real_reaches=np.sqrt(nearest_real[1]),
        nearest_fakes=nearest_fakes,
        nearest_distances=np.sqrt(squared),
    )


def _share(flags: npt.NDArray[np.bool_], level: float) -> Interval:
    return wilson(int(flags.sum()), len(flags), level)


class _Cloud:
    """One feature set, served as centred and rounded blocks."""

    def __init__(
        self, features: Features, shift: npt.NDArray[np.float64], edge: int, form: Format, kept_bytes: int
    ) -> None:
        self.features = features
        self.edge = edge
        self.form: Format = form
        # One float32 shift for both sets: subtracting it from float32 features loses nothing that matters.
        self._shift = shift.astype(np.float32)
        self._keeps = 4 * features.size <= kept_bytes
        self._kept: dict[tuple[int, Format], Rounded] = {}

    def __len__(self) -> int:
        return len(self.features)

    def blocks(self) -> list[slice]:
        return list(slices(len(self.features), self.edge))

    def block(self, rows: slice, form: Format | None = None) -> Rounded:
        """Return a block of `blocks`, by default in the format of the set."""
        key = rows.start, form or self.form
        if key in self._kept:
            return self._kept[key]
        rounded = self.rounded(self.features[rows], form or self.form)
        if self._keeps:
            self._kept[key] = rounded
        return rounded

    def rounded(self, rows: Features, form: Format) -> Rounded:
        centred = torch.from_numpy((rows - self._shift).astype(np.float32, copy=False))
        return Rounded.of(centred, centred.square().sum(dim=1), form)


def _slack(a: Rounded, b: Rounded) -> float:
    return product_error(a, b, _ROUNDINGS) if a.is_coarse else _LENGTH_BAND


def _least_distances(a: Rounded, b: Rounded) -> torch.Tensor:
    """Return squared distances in float32 less the most that they may be too large."""
    return lower_bounds(a, b, _slack(a, b))


def _squared_radii(cloud: _Cloud, ks: tuple[int, ...], check: Check) -> list[npt.NDArray[np.float64]]:
    """Return, for each k, the squared distance of every point to its k-th neighbour in the own set."""
    n = len(cloud)
    keep = min(n - 1, max(ks) + _SPARE_NEIGHBOURS[cloud.form])
    kept = KeptNearest(n, keep)
    for rows in cloud.blocks():
        a = cloud.block(rows)
        for columns in cloud.blocks():
            if columns.start < rows.start:
                continue
            check()
            distances = _least_distances(a, a if columns == rows else cloud.block(columns))
            if columns == rows:
                distances.fill_diagonal_(torch.inf)
            else:
                kept.take(columns, distances.T, rows.start)
            kept.take(rows, distances, columns.start)
    exact = kept.exact(cloud.features, cloud.features, check)
    exact.sort(axis=1)
    radii = exact[:, : max(ks)].copy()
    # Whatever was not kept is at least as far away as the last one kept, and nothing is nearer than a copy.
    is_proved = (kept.farthest >= radii[:, -1]) | (radii[:, -1] == 0.0) | (keep == n - 1)
    unproved = np.flatnonzero(~is_proved)
    if cloud.form == "bfloat16" and len(unproved) > _MOST_UNPROVED * n:
        cloud.form = "float32"
        return _squared_radii(cloud, ks, check)
    for part in slices(len(unproved), _AGAIN_AT_ONCE):
        radii[unproved[part]] = _searched_again(cloud, unproved[part], radii[unproved[part]], check)
    return [radii[:, k - 1].copy() for k in ks]


def _searched_again(
    cloud: _Cloud, points: npt.NDArray[np.intp], nearest: npt.NDArray[np.float64], check: Check
) -> npt.NDArray[np.float64]:
    """Return the k smallest squared distances of points, (points, k), from all pairs that float32 cannot rule out.

    nearest: (points, k) squared distances to any k others, ascending; the last one is the limit.
    """
    a = cloud.rounded(cloud.features[points], "float32")
    limit = _reach(nearest[:, -1]).unsqueeze(1)
    every, k = np.arange(len(points)), nearest.shape[1]
    best = np.full(nearest.shape, np.inf)
    for columns in cloud.blocks():
        check()
        least = _least_distances(a, cloud.block(columns, "float32"))
        own = np.flatnonzero((points >= columns.start) & (points < columns.stop))
        least[own, points[own] - columns.start] = torch.inf
        i, j = np.divmod(np.flatnonzero((least <= limit).numpy()), least.shape[1])
        squared = squared_distances(cloud.features, cloud.features, points[i], j + columns.start, check)
        row, value = np.concatenate([np.repeat(every, k), i]), np.concatenate([best.ravel(), squared])
        order = np.lexsort((value, row))
        best = value[order[np.searchsorted(row[order], every)[:, None] + np.arange(k)]]
    return best


def _settled(
    kept: KeptNearest | None, queries: Features, bank: Features, k: int, check: Check, budget_bytes: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the k nearest of `bank` for every query and their squared distances, (n, k), in the order of float64."""
    if kept is None:
        return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0))
    from planetview.engine.neighbours import nearest

    indices, squared, is_proved = kept.settled(queries, bank, k, check)
    again = np.flatnonzero(~is_proved)
    if len(again):
        # Few, but for copies and features too coarse for the format: these are searched for again, all pairs.
        found, distances = nearest(queries[again], bank, k, check=check, budget_bytes=budget_bytes)
        indices[again], squared[again] = found, np.square(distances)
    return indices, squared


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
    kept: KeptNearest | None,
    *,
    inclusive: bool,
    check: Check,
) -> _Flags:
    """Compare the mixed distances with all radii; only pairs that may be inside leave the dense block.

    kept: where the nearest fakes of every real image are kept on the way, None for nowhere.
    """
    real, fake = sides
    n, m = len(real), len(fake)
    flags = _Flags(np.zeros(m, bool), np.zeros(n, bool), np.zeros(n, bool), np.zeros(m))
    inside = np.less_equal if inclusive else np.less
    form: Format = "bfloat16" if real.form == fake.form == "bfloat16" else "float32"
    for rows in real.blocks():
        for columns in fake.blocks():
            check()
            radii = radii_pr[rows], radii_dc[rows], radii_fake[columns]
            found = _near(real.block(rows, form), fake.block(columns, form), *radii)
            if form == "bfloat16" and int(found.unsure.sum()) > _MOST_UNSURE * (len(radii[0]) + len(radii[2])):
                form = "float32"
                found = _near(real.block(rows, form), fake.block(columns, form), *radii)
            if kept is not None:
                kept.take(rows, found.least, columns.start)
            i, j, squared = found.i + rows.start, found.j + columns.start, found.squared
            unsure = found.unsure
            squared[unsure] = squared_distances(real.features, fake.features, i[unsure], j[unsure], check)
            flags.fake_inside[j[inside(squared, radii_pr[i])]] = True
            flags.real_recalled[i[inside(squared, radii_fake[j])]] = True
            dense = squared < radii_dc[i]
            flags.real_covered[i[dense]] = True
            flags.balls_around[columns] += np.bincount(found.j[dense], minlength=columns.stop - columns.start)
    return flags


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """Pairs of a block that may be inside of a ball; squared: on the right side of every radius unless `unsure`.

    least: lower bounds of all squared distances of the block.
    """

    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    squared: npt.NDArray[np.float64]
    unsure: npt.NDArray[np.bool_]
    least: torch.Tensor


def _near(
    a: Rounded,
    b: Rounded,
    radii_pr: npt.NDArray[np.float64],
    radii_dc: npt.NDArray[np.float64],
    radii_fake: npt.NDArray[np.float64],
) -> _Near:
    least = _least_distances(a, b)
    near = least <= _reach(np.maximum(radii_pr, radii_dc)).unsqueeze(1)
    near |= least <= _reach(radii_fake)
    i, j = np.divmod(np.flatnonzero(near.numpy()), least.shape[1])
    lower = least.numpy()[i, j].astype(np.float64)
    squares = a.squares.numpy()[i].astype(np.float64) + b.squares.numpy()[j]
    upper = upper_bounds(lower, squares, _slack(a, b), is_coarse=a.is_coarse)
    unsure = np.zeros(len(i), dtype=bool)
    for ball in (radii_pr[i], radii_dc[i], radii_fake[j]):
        unsure |= (lower <= (1.0 + _RADIUS_BAND) * ball) & (upper >= (1.0 - _RADIUS_BAND) * ball)
    return _Near(i, j, lower, unsure, least)


def _reach(squared_radii: npt.NDArray[np.float64]) -> torch.Tensor:
    """Return the largest float32 bound of a squared distance that may still lie within each radius."""
    return torch.from_numpy((squared_radii * (1.0 + 2.0 * _RADIUS_BAND)).astype(np.float32))
