"""Images that lie much nearer to a reference image than to any held-out one: what copying looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Role
from planetview.core.results import Results
from planetview.core.stats import wilson

# Two real neighbours of one image lie about as far from it; a copy lies far nearer to its original.
MUCH_NEARER = 0.75


def much_nearer(
    near: npt.NDArray[np.float64], far: npt.NDArray[np.float64], limit: float = MUCH_NEARER
) -> npt.NDArray[np.bool_]:
    """Return where `near` is less than `limit` times `far`, shape (n,); False where either is NaN."""
    found: npt.NDArray[np.bool_] = near < limit * far
    return found


@dataclass(frozen=True, slots=True, eq=False)
class SuspectedCopies:
    """What the distances of one candidate's images to both real sets say about copying.

    by: the space of the distances. suspected: shape (n,), much nearer to a reference image than to any held-out one.
    mirrored: how many are as much nearer to a held-out image; those cannot be copies, so it is what chance gives
    where both real sets are of one size. times: reference images a held-out image; above 1 the reference comes
    nearer by its size alone.
    """

    candidate: str
    by: str
    suspected: npt.NDArray[np.bool_]
    mirrored: int
    times: float

    @property
    def count(self) -> int:
        """How many images are suspected."""
        return int(self.suspected.sum())

    @property
    def is_beyond_chance(self) -> bool:
        """Whether more images lean towards the reference than its share of the real images explains (Wilson, 95 %)."""
        leaning = self.count + self.mirrored
        return leaning > 0 and wilson(self.count, leaning).low > self.times / (1.0 + self.times)


def suspected_copies(results: Results, candidate: str, by: str | None = None) -> SuspectedCopies | None:
    """Return the suspected copies of one candidate, or None without a held-out set or without neighbours.

    by: extractor id or perceptual metric id; None takes the first space that was searched.
    """
    reference, held_out = results.with_role(Role.REFERENCE), results.with_role(Role.HELD_OUT)
    if not reference or not held_out:
        return None
    try:
        near = results.neighbours_of(candidate, reference[0].name, by)
        far = results.neighbours_of(candidate, held_out[0].name, near.by)
    except KeyError:
        return None
    to_reference, to_held_out = near.distances[:, 0], far.distances[:, 0]
    return SuspectedCopies(
        candidate,
        near.by,
        much_nearer(to_reference, to_held_out),
        int(much_nearer(to_held_out, to_reference).sum()),
        len(reference[0]) / max(1, len(held_out[0])),
    )
