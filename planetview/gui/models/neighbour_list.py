"""Each image with its nearest reference and its nearest held-out images, in one neighbour space or two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from planetview.core.copies import MUCH_NEARER, much_nearer
from planetview.core.datasets import Dataset, ImageRecord, Role
from planetview.core.formatting import format_value
from planetview.core.results import Neighbours, Results
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_order import Order, order_of, space_label
from planetview.gui.models.roles import TileRole
from planetview.gui.models.wording import tr

__all__ = [
    "MUCH_NEARER", "NeighbourListModel", "NeighbourSet", "Order", "Other", "Partner", "Tile", "order_of",
    "space_label", "tile_words", "verdict_words",
]  # fmt: skip

Index = QModelIndex | QPersistentModelIndex
Rows = npt.NDArray[np.int64]
_ROOT = QModelIndex()
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Partner:
    """A near neighbour: its dataset, position and record, and how far it is."""

    dataset: str
    index: int
    record: ImageRecord
    distance: float


@dataclass(frozen=True, slots=True)
class Other:
    """What a second space says of the same image.

    by: the space. partners: its nearest reference images, nearest first.
    is_same: whether both spaces have the same nearest image, or one of equal bytes.
    rank: which neighbour of the second space the first space's nearest is, 1 for the nearest; None beyond `depth`.
    """

    by: str
    partners: tuple[Partner, ...]
    is_same: bool
    rank: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a dataset with its neighbours; held_out is None where there is no such set.

    references: the nearest reference images, `reference` first, as many as were asked for.
    other: what a second space says, None where one space is shown.
    """

    dataset: str
    index: int
    record: ImageRecord
    reference: Partner
    held_out: Partner | None
    is_much_nearer: bool
    references: tuple[Partner, ...] = ()
    other: Other | None = None


class EqualImages:
    """Which images of a set have equal bytes."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._firsts: dict[str, int] = {}
        self._first: list[int] = []

    def read(self) -> Iterator[None]:
        """Look at the records in short steps; `first` waits for all of them."""
        images = self._dataset.images
        while len(self._first) < len(images):
            begin = len(self._first)
            part = enumerate(images[begin : begin + _AT_ONCE], begin)
            self._first += [self._firsts.setdefault(image.digest, i) for i, image in part]
            yield

    @property
    def first(self) -> Rows:
        """The first image with the bytes of each, shape (n,)."""
        for _ in self.read():
            pass
        return np.array(self._first, np.int64)


class NeighbourSet:
    """The neighbours of one dataset in one space, and in a second one beside it.

    query, reference, held_out: the datasets. by, other: the spaces, `other` None for one alone.
    nearest, held_out_distance: shape (n,), to the nearest image of each, in `by`.
    depth: neighbours per image. equal: which reference images are the same; may be that of a set looked at before.
    KeyError when the results do not hold the reference neighbours.
    """

    def __init__(self, results: Results, query: str, by: str, other: str | None = None) -> None:
        self.query = results.dataset(query)
        self.by, self.other = by, other
        self.reference = results.with_role(Role.REFERENCE)[0]
        self._to_reference = results.neighbours_of(query, self.reference.name, by)
        self._by_other = None if other is None else results.neighbours_of(query, self.reference.name, other)
        self.equal = EqualImages(self.reference)
        self.nearest = self._to_reference.distances[:, 0]
        self.depth = int(self._to_reference.indices.shape[1])
        if self._by_other is not None:
            self.depth = max(self.depth, int(self._by_other.indices.shape[1]))
        self.held_out: Dataset | None = None
        self.held_out_distance: npt.NDArray[np.float64] | None = None
        self._to_held_out: Neighbours | None = None
        for dataset in results.with_role(Role.HELD_OUT):
            try:
                self._to_held_out = results.neighbours_of(query, dataset.name, by)
            except KeyError:
                continue
            self.held_out, self.held_out_distance = dataset, self._to_held_out.distances[:, 0]

    def __len__(self) -> int:
        return int(self.nearest.size)

    @cached_property
    def much_nearer(self) -> Mask:
        """Which images lie much nearer to a reference than to any held-out image, shape (n,)."""
        if self.held_out_distance is None:
            return np.zeros(len(self), np.bool_)
        return much_nearer(self.nearest, self.held_out_distance)

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """Which neighbour of the second space the first space's nearest is, from 1; 0 beyond its depth; shape (n,).

        Without a second space all are 0. Reference images of equal bytes count as one.
        """
        if self._by_other is None:
            return np.zeros(len(self), np.int64)
        same = self.equal.first
        hits = same[self._by_other.indices] == same[self._to_reference.indices[:, :1]]
        return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)

    @property
    def agree(self) -> Mask:
        """Which images have the same nearest reference image in both spaces, shape (n,)."""
        return np.asarray(self.ranks == 1)

    def tile(self, index: int, count: int = 1) -> Tile:
        """Return one image with its `count` nearest neighbours, fewer where there are no more."""
        references = _partners(self.reference, self._to_reference, index, count)
        held_out = None
        if self.held_out is not None and self._to_held_out is not None:
            held_out = _partners(self.held_out, self._to_held_out, index, 1)[0]
        other = self._other(index, count)
        is_near = bool(self.much_nearer[index])
        record = self.query.images[index]
        return Tile(self.query.name, index, record, references[0], held_out, is_near, references, other)

    def _other(self, index: int, count: int) -> Other | None:
        if self._by_other is None:
            return None
        rank = int(self.ranks[index])
        partners = _partners(self.reference, self._by_other, index, count)
        return Other(self._by_other.by, partners, rank == 1, rank or None, int(self._by_other.indices.shape[1]))


def _partners(bank: Dataset, table: Neighbours, index: int, count: int) -> tuple[Partner, ...]:
    found = zip(table.indices[index, :count], table.distances[index, :count], strict=True)
    return tuple(Partner(bank.name, int(at), bank.images[int(at)], float(distance)) for at, distance in found)


class NeighbourListModel(QAbstractListModel):
    """Tiles in the chosen order; identity is the image's position in its dataset, never the row.

    count: neighbours that a tile holds.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.count = 1
        self._set: NeighbourSet | None = None
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._row_of: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    @property
    def neighbours(self) -> NeighbourSet | None:
        """The set shown."""
        return self._set

    @property
    def order(self) -> Rows:
        """The images shown, in the order of the rows."""
        return self._order

    def show(
        self,
        neighbours: NeighbourSet | None,
        order: Order = Order.BEST,
        seed: int = 0,
        only: Mask | None = None,
    ) -> None:
        """Show these neighbours in an order of their distances; see `show_rows`."""
        rows = None
        if neighbours is not None:
            rows = order_of(order, neighbours.nearest, neighbours.held_out_distance, seed)
        self.show_rows(neighbours, rows, only)

    def show_rows(self, neighbours: NeighbourSet | None, rows: Rows | None, only: Mask | None = None) -> None:
        """Show the images `rows` of a set in that order; `only`, a mask over the images, leaves the others out."""
        self.beginResetModel()
        self._set = neighbours
        if neighbours is None or rows is None:
            self._order = np.zeros(0, np.int64)
            self._row_of = np.zeros(0, np.int64)
        else:
            self._order = rows if only is None else rows[only[rows]]
            self._row_of = np.full(len(neighbours), -1, np.int64)
            self._row_of[self._order] = np.arange(self._order.size)
        self.endResetModel()

    def image_at(self, row: int) -> int:
        """Return which image of the dataset a row shows."""
        return int(self._order[row])

    def row_of(self, image: int) -> int | None:
        """Return the row of an image, or None where it is not shown."""
        row = int(self._row_of[image]) if 0 <= image < self._row_of.size else -1
        return row if row >= 0 else None

    def rows_mask(self, first: int, last: int) -> Mask:
        """Return the images in the rows `first` to `last`, as a mask over the set."""
        mask = np.zeros(self._row_of.size, np.bool_)
        mask[self._order[max(0, first) : last + 1]] = True
        return mask

    def images_mask(self, rows: list[int]) -> Mask:
        """Return the images in some rows, as a mask over the set."""
        mask = np.zeros(self._row_of.size, np.bool_)
        mask[self._order[np.array(rows, np.int64)]] = True
        return mask

    def tile(self, row: int) -> Tile | None:
        """Return what a row shows."""
        return self._set.tile(self.image_at(row), self.count) if self._set is not None else None

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else int(self._order.size)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._set is None:
            return None
        if role == TileRole.TILE:
            return self.tile(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._set.query.images[self.image_at(index.row())].name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            tile = self.tile(index.row())
            separator = "\n" if role == Qt.ItemDataRole.ToolTipRole else ", "
            return separator.join(tile_words(tile)) if tile else None
        return None


def tile_words(tile: Tile) -> list[str]:
    """Return what a tile shows, one fact a line."""
    words = [f"{tile.dataset}: {tile.record.name}", _partner_words(tr("nearest reference"), tile.reference)]
    if tile.held_out is not None:
        words.append(_partner_words(tr("nearest held-out"), tile.held_out))
    if tile.other is not None:
        role = tr("nearest reference by {0}").format(space_label(tile.other.by))
        words += [_partner_words(role, tile.other.partners[0]), verdict_words(tile.other)]
    if tile.is_much_nearer:
        limit = tr("nearer to reference: less than {0}× as far as the nearest held-out image")
        words.append(limit.format(f"{MUCH_NEARER:g}"))
    return words


def verdict_words(other: Other, *, is_short: bool = False) -> str:
    """Return whether two spaces agree on an image's neighbour, and where A's stands in B where they do not."""
    if other.is_same:
        return tr("same image")
    if other.rank is None:
        place = tr("not in B's {0}") if is_short else tr("different: A's is not among the {0} nearest by B")
        return place.format(other.depth)
    place = tr("A's is B's no. {0}") if is_short else tr("different: A's is number {0} by B")
    return place.format(other.rank)


def _partner_words(role: str, partner: Partner) -> str:
    return tr("{0}: {1}, distance {2}").format(role, partner.record.name, format_value(partner.distance))
