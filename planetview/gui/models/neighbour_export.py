"""The list of neighbours for files and the clipboard: one line an image, every digit, where it came from."""

from __future__ import annotations

import io
import json
import math
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from planetview.core.collecting import collector_held_back
from planetview.core.datasets import Role
from planetview.core.files import write_atomically
from planetview.core.neighbour_table import NeighbourColumns, neighbour_columns, real_columns
from planetview.core.results import PairTable, Results
from planetview.core.selection import Mask
from planetview.core.tables import Cell, rows_csv
from planetview.gui.models.neighbour_filter import MarkMasks


@dataclass(frozen=True, eq=False, slots=True)
class NeighbourRows:
    """What is written: images of one set of `results`, in an order, with their marks.

    order: positions in the set. marks: of its images. selected: mask over the set. made_by: the program's version.
    bank: the candidate among whose images those of the reference were looked up; None for images of a candidate.
    """

    results: Results
    query: str
    order: npt.NDArray[np.int64]
    marks: MarkMasks
    selected: Mask
    made_by: str
    bank: str | None = None


_FIXED = (
    "rank", "dataset", "image", "class", "path", "member", "sha256", "flagged", "excluded", "rating", "selected",
)  # fmt: skip
# The writer of cells keeps the interpreter's lock: 500 rows of 50 cells stop the window for 10 ms.
_ROWS_AT_ONCE = 50
_ORIGIN = ("reference", "held_out", "candidate", "seed", "planetview")


def columns_of(rows: NeighbourRows) -> tuple[str, ...]:
    """Return the names of the columns.

    The columns of the neighbours are those of `core.neighbour_table`; `pair.<metric>` are the scores of the image with
    its first partner. The last columns, equal in all rows, say where the numbers come from: a comment line would be
    taken for data by many readers.
    """
    names = [*_FIXED, *_near_columns(rows).names, "entropy_bits"]
    pairs = _pairs(rows)
    if pairs is not None:
        names += ["pair.paired_by", "pair.partner", "pair.entropy_bits", *(f"pair.{metric}" for metric in pairs.scores)]
    return (*names, *_ORIGIN)


def cells_of(rows: NeighbourRows) -> Iterator[list[Cell]]:
    """Yield one list of cells an image, in the order of `columns_of`."""
    results, dataset = rows.results, rows.results.dataset(rows.query)
    near, pairs = _near_columns(rows), _pairs(rows)
    partners = [] if pairs is None else [image.name for image in results.dataset(pairs.bank).images]
    paired, first = np.unique(pairs.query_index if pairs is not None else np.empty(0, int), return_index=True)
    pair_of = dict(zip(paired.tolist(), first.tolist(), strict=True))
    entropy = results.entropy_bits.get(rows.query)
    origin = _origin(rows)
    for rank, at in enumerate(rows.order.tolist(), 1):
        record = dataset.images[at]
        cells: list[Cell] = [rank, rows.query, record.name, record.label, str(record.path), record.member]
        cells += [record.digest, bool(rows.marks.flagged[at]), bool(rows.marks.excluded[at])]
        cells += [int(rows.marks.ratings[at]) or None, bool(rows.selected[at])]
        cells += near.cells(at)
        cells.append(float(entropy[at]) if entropy is not None and at < entropy.size else None)
        if pairs is not None:
            cells += _scores(pairs, partners, pair_of.get(at))
        yield cells + origin


def write_list(rows: NeighbourRows, path: Path) -> None:
    """Write `rows` to a file, whole or not at all: JSON where its suffix says so, else CSV.

    Raises UserError when the place cannot be written.
    """
    put = write_json if path.suffix.lower() == ".json" else write_csv
    # The lists of cells go at once: looks for cycles among them would only take time.
    with collector_held_back():
        write_atomically(path, lambda stream: put(rows, stream))


def list_as_tsv(rows: NeighbourRows) -> pickle.PickleBuffer:
    """Return `rows_as_tsv` as what need not be copied on its way from another process: 50,000 rows are 100 MB."""
    with collector_held_back():
        return pickle.PickleBuffer(rows_as_tsv(rows))


def write_csv(rows: NeighbourRows, stream: BinaryIO) -> None:
    """Write one row an image as CSV in UTF-8, with the rules for cells of `core.tables`."""
    cells = cells_of(rows)
    part: list[Sequence[Cell]] = [columns_of(rows)]
    # In parts: encoding 50 MB in one call would hold the interpreter's lock.
    while part:
        _write(stream, rows_csv((), part).removeprefix("\r\n"))
        part = list(islice(cells, _ROWS_AT_ONCE))


def rows_as_tsv(rows: NeighbourRows) -> bytes:
    """Return the same table as tab-separated text in UTF-8 for the clipboard."""
    text = io.BytesIO()
    _write(text, "\t".join(columns_of(rows)) + "\n")
    for cells in cells_of(rows):
        _write(text, "\t".join(map(_inert, cells)) + "\n")
    return text.getvalue()


def write_json(rows: NeighbourRows, stream: BinaryIO) -> None:
    """Write an object: "planetview" is the version, "provenance" that of the run, "images" one object an image.

    Infinities are the strings "inf" and "-inf", an undefined number is null.
    """
    columns = columns_of(rows)[: -len(_ORIGIN)]
    head = dict(zip(_ORIGIN, _origin(rows), strict=True)) | {"provenance": rows.results.provenance}
    _write(stream, json.dumps(head, ensure_ascii=False, default=str)[:-1] + ', "images": [')
    # One image at a time: a single call for 50,000 would hold the interpreter's lock for a second.
    for number, cells in enumerate(cells_of(rows)):
        image = dict(zip(columns, map(_json, cells), strict=False))
        _write(stream, (",\n" if number else "\n") + json.dumps(image, ensure_ascii=False, allow_nan=False))
    _write(stream, "\n]}\n")


def _write(stream: BinaryIO, text: str) -> None:
    # Names of files may hold bytes that are no UTF-8.
    stream.write(text.encode("utf-8", "surrogateescape"))


def _near_columns(rows: NeighbourRows) -> NeighbourColumns:
    if rows.bank is not None:
        return real_columns(rows.results, rows.bank)
    return neighbour_columns(rows.results, rows.query)


def _pairs(rows: NeighbourRows) -> PairTable | None:
    return next((table for table in rows.results.pairs if table.query == rows.query), None)


def _scores(pairs: PairTable, bank: list[str], row: int | None) -> list[Cell]:
    if row is None:
        return [None] * (3 + len(pairs.scores))
    partner = bank[int(pairs.bank_index[row])]
    scores = [float(column[row]) for column in pairs.scores.values()]
    return [pairs.paired_by, partner, float(pairs.entropy_bits[row]), *scores]


def _origin(rows: NeighbourRows) -> list[Cell]:
    reference = rows.results.with_role(Role.REFERENCE)
    held_out = rows.results.with_role(Role.HELD_OUT)
    names = [sets[0].name if sets else None for sets in (reference, held_out)]
    judged = rows.query if rows.query not in names else rows.bank
    return [*names, judged, rows.results.settings.seed, rows.made_by]


def _inert(cell: Cell) -> str:
    """Return a cell as text that no spreadsheet runs as a formula: names are made by others."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str):
        return repr(cell)
    plain = " ".join(cell.split())
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain


def _json(cell: Cell) -> Cell:
    if isinstance(cell, float) and not math.isfinite(cell):
        return None if math.isnan(cell) else str(cell)
    return cell
