"""Real images and the synthetic ones nearest to them, as tables over the whole reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Role
from planetview.core.results import FloatArray, Gap, Neighbours, Results

Mask = npt.NDArray[np.bool_]

NOBODY = -1
"""The position of the neighbour of an image that coverage does not compare."""


@dataclass(frozen=True, slots=True, eq=False)
class RealTable:
    """One space of a candidate, a row for each of the n images of the reference.

    to_candidate, to_held_out: neighbours `NOBODY` at a distance of NaN for images not compared; the second is None
    without a held-out set. radii: shape (n,), of the balls of coverage, NaN likewise. compared, gaps: masks (n,);
    a gap is an image without a synthetic one in its ball. held_out_gaps: how many have no held-out one there.
    """

    to_candidate: Neighbours
    to_held_out: Neighbours | None
    radii: FloatArray
    compared: Mask
    gaps: Mask
    held_out_gaps: int | None


def candidates_with_real_neighbours(results: Results) -> tuple[str, ...]:
    """Return the candidates whose nearest images to the real ones were kept, in study order."""
    kept = {gap.query for gap in results.gaps if gap.neighbours is not None and gap.compared.size}
    return tuple(dataset.name for dataset in results.with_role(Role.CANDIDATE) if dataset.name in kept)


def real_spaces(results: Results, candidate: str) -> tuple[str, ...]:
    """Return the extractors in which they were kept for a candidate."""
    return tuple(gap.by for gap in results.gaps if gap.query == candidate and gap.neighbours is not None)


def real_table(results: Results, candidate: str, by: str) -> RealTable:
    """Return the neighbours of real images in one candidate; KeyError where they were not kept."""
    gap = results.gap_of(candidate, by)
    kept = gap.neighbours
    if kept is None:
        raise KeyError((candidate, by))
    reference = results.with_role(Role.REFERENCE)[0]
    held_out = results.with_role(Role.HELD_OUT)
    n = len(reference)

    def table(bank: str, indices: npt.NDArray[np.int64], distances: FloatArray) -> Neighbours:
        return Neighbours(
            reference.name, bank, by, _spread(indices, gap, n, NOBODY), _spread(distances, gap, n, np.nan)
        )

    far = None
    if held_out and kept.held_out_indices is not None and kept.held_out_distances is not None:
        far = table(held_out[0].name, kept.held_out_indices[:, None], kept.held_out_distances[:, None])
    compared, gaps = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    compared[gap.compared], gaps[gap.uncovered] = True, True
    near = table(candidate, kept.indices, kept.distances)
    expected = None if gap.held_out_uncovered is None else int(gap.held_out_uncovered.size)
    return RealTable(near, far, _spread(kept.radii, gap, n, np.nan), compared, gaps, expected)


def _spread(rows: npt.NDArray[np.generic], gap: Gap, n: int, missing: float) -> npt.NDArray[np.generic]:
    """Return the rows of the images compared at their places among n."""
    if gap.compared.size == n:
        return rows
    spread = np.full((n, *rows.shape[1:]), missing, rows.dtype)
    spread[gap.compared] = rows
    return spread
