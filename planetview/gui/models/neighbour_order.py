"""By which number images are sorted, and in which order: every score of a run can be the key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import EXTRACTORS, METRICS, Direction, metric_label
from planetview.core.datasets import Role
from planetview.core.real_neighbours import real_spaces, real_table
from planetview.core.results import Results
from planetview.gui.models.wording import tr

Vector = npt.NDArray[np.float64]

NAME, CLASS, RATING, ENTROPY, PAIR_ENTROPY = "name", "class", "rating", "entropy", "pair-entropy"
_DISTANCE, _HELD_OUT, _RATIO, _PAIR = "distance:", "held-out:", "ratio:", "pair:"
_RADII = "radius:"


class Order(StrEnum):
    """In which order images are shown."""

    BEST = "best"
    TYPICAL = "typical"
    WORST = "worst"
    COPIES = "copies"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Score:
    """One number that every image of a set has.

    better: which end is the better one; None where neither is. is_text: sorted as words, for example classes.
    """

    id: str
    label: str
    unit: str = ""
    better: Direction | None = None
    is_text: bool = False


def order_of(
    order: Order,
    keys: Vector,
    held_out: Vector | None = None,
    seed: int = 0,
    better: Direction | None = Direction.LOWER,
) -> npt.NDArray[np.int64]:
    """Return the positions of images in an order, equal ones by position, NaN last (not in RANDOM).

    keys: the number to sort by, shape (n,). better: its better end; None counts as the lower one.
    BEST: the better end first. WORST: the other end first. TYPICAL: by distance from the median of all.
    COPIES: by keys / held_out, smallest first; as BEST where there is no held-out set.
    RANDOM: a permutation that `seed` decides.
    """
    if order is Order.RANDOM:
        return np.random.default_rng(seed).permutation(keys.size)
    if order is Order.TYPICAL:
        finite = keys[np.isfinite(keys)]
        keys = np.abs(keys - (np.median(finite) if finite.size else 0.0))
    elif order is Order.COPIES and held_out is not None:
        keys = nearness(keys, held_out)
    elif (order is Order.WORST) != (better is Direction.HIGHER):
        keys = -keys
    return np.argsort(keys, kind="stable")


def nearness(nearest: Vector, held_out: Vector) -> Vector:
    """Return distance to reference / distance to held-out, or one to any other; 1 where both are zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = nearest / held_out
    return np.where((nearest == 0) & (held_out == 0), 1.0, ratio)


def space_label(by: str) -> str:
    """Return what distances in a neighbour space are called."""
    return EXTRACTORS[by].label if by in EXTRACTORS else metric_label(by)


def scores_of(results: Results, query: str) -> tuple[Score, ...]:
    """Return the numbers that images of `query` can be sorted by, distances first, rating, name and class last."""
    reference = results.with_role(Role.REFERENCE)[0].name
    banks = {(table.by, table.bank) for table in results.neighbours if table.query == query}
    held_out = _held_out_name(results, {bank for _by, bank in banks})
    found = []
    for by in dict.fromkeys(table.by for table in results.neighbours if (table.by, reference) in banks):
        label = space_label(by)
        found.append(Score(_DISTANCE + by, tr("Distance, {0}").format(label), better=Direction.LOWER))
        if held_out is not None and (by, held_out) in banks:
            found.append(Score(_HELD_OUT + by, tr("Held-out distance, {0}").format(label)))
            found.append(Score(_RATIO + by, tr("Reference / held-out, {0}").format(label)))
    for table in results.pairs:
        if table.query == query:
            found.append(Score(PAIR_ENTROPY, tr("Pair entropy"), "bits"))
            found.extend(_pair_score(metric) for metric in table.scores)
    if query in results.entropy_bits:
        found.append(Score(ENTROPY, tr("Image entropy"), "bits"))
    found.append(Score(RATING, tr("Rating"), better=Direction.HIGHER))
    return (*found, Score(NAME, tr("Name"), is_text=True), Score(CLASS, tr("Class"), is_text=True))


def real_scores_of(results: Results, candidate: str) -> tuple[Score, ...]:
    """Return the numbers that real images can be sorted by beside their nearest images of a candidate."""
    found = []
    for by in real_spaces(results, candidate):
        label = space_label(by)
        found.append(Score(_DISTANCE + by, tr("Distance, {0}").format(label), better=Direction.LOWER))
        found.append(Score(_RADII + by, tr("Distance / radius, {0}").format(label), better=Direction.LOWER))
        if real_table(results, candidate, by).to_held_out is not None:
            found.append(Score(_HELD_OUT + by, tr("Held-out distance, {0}").format(label)))
    if results.with_role(Role.REFERENCE)[0].name in results.entropy_bits:
        found.append(Score(ENTROPY, tr("Image entropy"), "bits"))
    found.append(Score(RATING, tr("Rating"), better=Direction.HIGHER))
    return (*found, Score(NAME, tr("Name"), is_text=True), Score(CLASS, tr("Class"), is_text=True))


def real_values_of(results: Results, candidate: str, score: str) -> Vector:
    """Return one number of every real image, shape (n,), NaN where it has none; as `values_of`."""
    if score in (NAME, ENTROPY):
        return values_of(results, results.with_role(Role.REFERENCE)[0].name, score)
    kind, _, by = score.partition(":")
    table = real_table(results, candidate, by)
    nearest = table.to_candidate.distances[:, 0]
    if kind + ":" == _DISTANCE:
        return np.asarray(nearest)
    if kind + ":" == _RADII:
        return nearness(nearest, table.radii)
    if kind + ":" != _HELD_OUT or table.to_held_out is None:
        raise KeyError(score)
    return np.asarray(table.to_held_out.distances[:, 0])


def distance_score(by: str) -> str:
    """Return the id of the distance to the nearest reference image in one space."""
    return _DISTANCE + by


def values_of(results: Results, query: str, score: str) -> Vector:
    """Return one number of every image of `query`, shape (n,), float64, NaN where it has none.

    Names are their ranks; those of classes are with `ImageTexts`, ratings with the marks. A score of the pairs belongs
    to an image's first pair. KeyError for a score that the results do not hold.
    """
    dataset = results.dataset(query)
    n = len(dataset)
    if score == NAME:
        return np.arange(n, dtype=np.float64)  # images of a set lie in natural order of their names
    if score == ENTROPY:
        return _sized(results.entropy_bits[query], n)
    if score == PAIR_ENTROPY or score.startswith(_PAIR):
        pairs = results.pairs_of(query)
        column = pairs.entropy_bits if score == PAIR_ENTROPY else pairs.scores[score.removeprefix(_PAIR)]
        values = np.full(n, np.nan)
        # Written from the last to the first: the first pair of an image is the one that stays.
        values[pairs.query_index[::-1]] = column[::-1]
        return values
    return _distances(results, query, score)


def _distances(results: Results, query: str, score: str) -> Vector:
    kind, _, by = score.partition(":")
    reference = results.with_role(Role.REFERENCE)[0].name
    if kind + ":" == _DISTANCE:
        return np.asarray(results.neighbours_of(query, reference, by).distances[:, 0])
    held_out = _held_out_name(results, {table.bank for table in results.neighbours if table.query == query})
    if held_out is None:
        raise KeyError(score)
    far = np.asarray(results.neighbours_of(query, held_out, by).distances[:, 0])
    if kind + ":" == _HELD_OUT:
        return far
    return nearness(np.asarray(results.neighbours_of(query, reference, by).distances[:, 0]), far)


def _held_out_name(results: Results, banks: set[str]) -> str | None:
    names = [dataset.name for dataset in results.with_role(Role.HELD_OUT) if dataset.name in banks]
    return names[-1] if names else None


def _pair_score(metric: str) -> Score:
    spec = METRICS.get(metric)
    return Score(_PAIR + metric, metric_label(metric), spec.unit if spec else "", spec.direction if spec else None)


def _sized(values: Vector, n: int) -> Vector:
    if values.size == n:
        return values
    sized = np.full(n, np.nan)
    sized[: min(n, values.size)] = values[:n]
    return sized
