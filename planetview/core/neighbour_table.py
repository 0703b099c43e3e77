"""Columns that say what is nearest to each image, in every space of a run; shared by lists of the window and files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planetview.core.copies import MUCH_NEARER
from planetview.core.datasets import Role
from planetview.core.real_neighbours import RealTable, real_spaces, real_table
from planetview.core.results import Neighbours, Results
from planetview.core.tables import Cell


@dataclass(frozen=True, slots=True)
class NeighbourColumns:
    """Names of columns, and the cells of one image, by its position in its set."""

    names: tuple[str, ...]
    cells: Callable[[int], list[Cell]]


def neighbour_columns(results: Results, query: str) -> NeighbourColumns:
    """Return what is nearest to the images of `query` in the reference and in the held-out set.

    For each space `<space>.reference_1`, `<space>.reference_1_distance` and so on, all neighbours of the run; with a
    held-out set their ratio and whether an image is much nearer to the reference.
    """
    roles = {bank.name: bank.role for bank in results.datasets}
    mine = [table for table in results.neighbours if table.query == query]
    names: list[str] = []
    spaces: list[dict[str, Neighbours]] = []
    for by in dict.fromkeys(table.by for table in mine):
        of_role = {roles[table.bank]: table for table in mine if table.by == by}
        named = ((Role.REFERENCE, "reference"), (Role.HELD_OUT, "held_out"))
        tables = {name: of_role[role] for role, name in named if role in of_role}
        names += [name for role, table in tables.items() for name in _numbered(by, role, table)]
        if len(tables) > 1:
            names += [f"{by}.reference_over_held_out", f"{by}.nearer_to_reference"]
        spaces.append(tables)
    images = _names(results, {table.bank for table in mine})

    def cells(at: int) -> list[Cell]:
        row: list[Cell] = []
        for tables in spaces:
            for table in tables.values():
                row += _near(table, images[table.bank], at)
            if len(tables) > 1:
                near, far = (float(tables[role].distances[at, 0]) for role in ("reference", "held_out"))
                row += [_ratio(near, far), near < MUCH_NEARER * far]
        return row

    return NeighbourColumns(tuple(names), cells)


def real_columns(results: Results, candidate: str) -> NeighbourColumns:
    """Return what is nearest to the images of the reference among those of a candidate.

    For each space `<space>.is_gap`, `<space>.radius`, `<space>.distance_over_radius`, then `<space>.synthetic_1` and
    `<space>.synthetic_1_distance` and so on, and the nearest held-out image. Empty for images that coverage does not
    compare.
    """
    names: list[str] = []
    spaces: list[RealTable] = []
    for by in real_spaces(results, candidate):
        table = real_table(results, candidate, by)
        names += [f"{by}.is_gap", f"{by}.radius", f"{by}.distance_over_radius"]
        names += _numbered(by, "synthetic", table.to_candidate)
        names += [] if table.to_held_out is None else _numbered(by, "held_out", table.to_held_out)
        spaces.append(table)
    images = _names(results, {bank.name for bank in results.datasets if bank.role is not Role.REFERENCE})

    def cells(at: int) -> list[Cell]:
        row: list[Cell] = []
        for table in spaces:
            banks = [table.to_candidate] + ([] if table.to_held_out is None else [table.to_held_out])
            if not table.compared[at]:
                row += [None] * (3 + sum(2 * bank.indices.shape[1] for bank in banks))
                continue
            radius, near = float(table.radii[at]), float(table.to_candidate.distances[at, 0])
            row += [bool(table.gaps[at]), radius, _ratio(near, radius)]
            for bank in banks:
                row += _near(bank, images[bank.bank], at)
        return row

    return NeighbourColumns(tuple(names), cells)


def _names(results: Results, banks: set[str]) -> dict[str, list[str]]:
    return {bank.name: [image.name for image in bank.images] for bank in results.datasets if bank.name in banks}


def _numbered(by: str, role: str, table: Neighbours) -> list[str]:
    places = range(1, table.indices.shape[1] + 1)
    return [name for place in places for name in (f"{by}.{role}_{place}", f"{by}.{role}_{place}_distance")]


def _near(table: Neighbours, names: list[str], at: int) -> list[Cell]:
    pairs = zip(table.indices[at].tolist(), table.distances[at].tolist(), strict=True)
    return [cell for index, distance in pairs for cell in (names[index], distance)]


def _ratio(near: float, far: float) -> float:
    if near == 0 and far == 0:
        return 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(near) / np.float64(far))
