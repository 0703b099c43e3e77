"""The real images that a candidate comes nowhere near, as pictures beside what is nearest to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planetview.core.catalogue import EXTRACTORS
from planetview.core.datasets import ImageRecord, Role
from planetview.core.findings import main_value, percent
from planetview.core.formatting import format_count
from planetview.core.real_neighbours import candidates_with_real_neighbours, real_spaces, real_table
from planetview.core.results import Results


@dataclass(frozen=True, slots=True)
class GapPictures:
    """The worst gaps of one candidate.

    by: label of the space. words: how many there are. rows: for each image what stands beside it, the image itself
    first: (what it is, record, distance or None).
    """

    name: str
    by: str
    words: str
    rows: tuple[tuple[tuple[str, ImageRecord, float | None], ...], ...]


def worst_gaps(results: Results, most: int) -> Iterator[GapPictures]:
    """Yield, for every candidate with gaps, the `most` real images that are farthest from its images.

    In the space of the number that speaks first for the candidate, where that was searched.
    """
    for candidate in candidates_with_real_neighbours(results):
        spaces = real_spaces(results, candidate)
        main = main_value(value for value in results.values if value.candidate == candidate)
        by = main.extractor if main is not None and main.extractor in spaces else spaces[0]
        rows = tuple(_rows(results, candidate, by, most))
        if rows:
            label = EXTRACTORS[by].label if by in EXTRACTORS else by
            yield GapPictures(candidate, label, _words(results, candidate, by), rows)


def _rows(
    results: Results, candidate: str, by: str, most: int
) -> Iterator[tuple[tuple[str, ImageRecord, float | None], ...]]:
    table = real_table(results, candidate, by)
    gaps = np.flatnonzero(table.gaps)
    images = {dataset.name: dataset.images for dataset in results.datasets}
    farthest = gaps[np.argsort(-table.to_candidate.distances[gaps, 0], kind="stable")][:most]
    for at in farthest.tolist():
        row: list[tuple[str, ImageRecord, float | None]] = [("real", images[table.to_candidate.query][at], None)]
        for words, bank in (("synthetic", table.to_candidate), ("held-out", table.to_held_out)):
            if bank is not None:
                row.append((words, images[bank.bank][int(bank.indices[at, 0])], float(bank.distances[at, 0])))
        yield tuple(row)


def _words(results: Results, candidate: str, by: str) -> str:
    gap = results.gap_of(candidate, by)
    count, total = gap.uncovered.size, gap.compared.size
    beside = ""
    if gap.held_out_uncovered is not None:
        held_out = results.with_role(Role.HELD_OUT)
        name = held_out[0].name if held_out else "held-out"
        beside = f"; beside as many images of {name}, {format_count(gap.held_out_uncovered.size)} would be"
    return f"{format_count(count)} of {format_count(total)} ({percent(count / total)}) are gaps{beside}"
