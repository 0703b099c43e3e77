"""Where the pictures of a tile stand: the image first, its neighbours beside it, group under group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TilePlan:
    """places: (column, row) of the image and then of each neighbour. columns, rows: the extent of them all."""

    places: tuple[tuple[int, int], ...]

    @property
    def columns(self) -> int:
        """How many pictures stand in the widest row."""
        return max(column for column, _row in self.places) + 1

    @property
    def rows(self) -> int:
        """How many rows of pictures there are."""
        return max(row for _column, row in self.places) + 1


def tile_plan(groups: Sequence[int], most: int) -> TilePlan:
    """Return the plan of an image with groups of neighbours, each group in rows of its own.

    groups: neighbours in each group. most: columns that fit; a group that needs more is wrapped under itself.
    The first column belongs to the image.
    """
    across = max(1, most - 1)
    places = [(0, 0)]
    row = 0
    for count in groups:
        places += [(1 + i % across, row + i // across) for i in range(count)]
        row += -(-count // across)
    return TilePlan(tuple(places))
