"""Each image with its nearest reference and its nearest held-out image, in a chosen order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from planetview.core.catalogue import EXTRACTORS, metric_label
from planetview.core.datasets import Dataset, ImageRecord, Role
from planetview.core.formatting import format_value
from planetview.core.results import Neighbours, Results
from planetview.gui.models.roles import TileRole
from planetview.gui.models.wording import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
# Two real neighbours of one image lie about as far from it; a copy lies far nearer to its original.
MUCH_NEARER = 0.75


class Order(StrEnum):
    """In which order images are shown."""

    BEST = "best"
    TYPICAL = "typical"
    WORST = "worst"
    COPIES = "copies"
    RANDOM = "random"


def order_of(
    order: Order, nearest: npt.NDArray[np.float64], held_out: npt.NDArray[np.float64] | None = None, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Return the positions of images in an order, equal ones by position, NaN last (not in RANDOM).

    nearest: distance of each image to its nearest reference image, shape (n,).
    BEST: nearest first. WORST: farthest first. TYPICAL: by distance from the median of all.
    COPIES: by nearest / held_out, smallest first; as BEST where there is no held-out set.
    RANDOM: a permutation that `seed` decides.
    """
    if order is Order.RANDOM:
        return np.random.default_rng(seed).permutation(nearest.size)
    if order is Order.TYPICAL:
        finite = nearest[np.isfinite(nearest)]
        keys = np.abs(nearest - (np.median(finite) if finite.size else 0.0))
    elif order is Order.WORST:
        keys = -nearest
    elif order is Order.COPIES and held_out is not None:
        keys = nearness(nearest, held_out)
    else:
        keys = nearest
    return np.argsort(keys, kind="stable")


def nearness(nearest: npt.NDArray[np.float64], held_out: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return distance to reference / distance to held-out; 1 where both are zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = nearest / held_out
    return np.where((nearest == 0) & (held_out == 0), 1.0, ratio)


@dataclass(frozen=True, slots=True)
class Partner:
    """A nearest neighbour: its dataset, position and record, and how far it is."""

    dataset: str
    index: int
    record: ImageRecord
    distance: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a dataset with its neighbours; held_out is None where there is no such set."""

    dataset: str
    index: int
    record: ImageRecord
    reference: Partner
    held_out: Partner | None
    is_much_nearer: bool


class NeighbourSet:
    """The neighbours of one dataset in one space.

    query, reference, held_out: the datasets. nearest, held_out_distance: shape (n,), to the nearest
    image of each. KeyError when the results do not hold the reference neighbours.
    """

    def __init__(self, results: Results, query: str, by: str) -> None:
        self.query = results.dataset(query)
        self.by = by
        self.reference = results.with_role(Role.REFERENCE)[0]
        self._to_reference = results.neighbours_of(query, self.reference.name, by)
        self.nearest = self._to_reference.distances[:, 0]
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

    def tile(self, index: int) -> Tile:
        """Return one image with its nearest neighbours."""
        reference = _partner(self.reference, self._to_reference, index)
        held_out = None
        if self.held_out is not None and self._to_held_out is not None:
            held_out = _partner(self.held_out, self._to_held_out, index)
        much_nearer = held_out is not None and reference.distance < MUCH_NEARER * held_out.distance
        record = self.query.images[index]
        return Tile(self.query.name, index, record, reference, held_out, bool(much_nearer))


def _partner(bank: Dataset, table: Neighbours, index: int) -> Partner:
    at = int(table.indices[index, 0])
    return Partner(bank.name, at, bank.images[at], float(table.distances[index, 0]))


def space_label(by: str) -> str:
    """Return what distances in a neighbour space are called."""
    return EXTRACTORS[by].label if by in EXTRACTORS else metric_label(by)


class NeighbourListModel(QAbstractListModel):
    """Tiles in the chosen order; identity is the image's position in its dataset, never the row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._set: NeighbourSet | None = None
        self._order: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._row_of: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def show(
        self,
        neighbours: NeighbourSet | None,
        order: Order = Order.BEST,
        seed: int = 0,
        only: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Show these neighbours in an order; `only`, a mask over the images, leaves the others out."""
        self.beginResetModel()
        self._set = neighbours
        if neighbours is None:
            self._order = np.zeros(0, np.int64)
            self._row_of = np.zeros(0, np.int64)
        else:
            rows = order_of(order, neighbours.nearest, neighbours.held_out_distance, seed)
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

    def tile(self, row: int) -> Tile | None:
        """Return what a row shows."""
        return self._set.tile(self.image_at(row)) if self._set is not None else None

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else int(self._order.size)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == TileRole.TILE:
            return self.tile(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            tile = self.tile(index.row())
            return tile.record.name if tile else None
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            tile = self.tile(index.row())
            separator = "\n" if role == Qt.ItemDataRole.ToolTipRole else ", "
            return separator.join(tile_words(tile)) if tile else None
        return None


def tile_words(tile: Tile) -> list[str]:
    """Return what a tile shows, one fact a line."""
    near = tile.reference
    words = [f"{tile.dataset}: {tile.record.name}", _partner_words(tr("nearest reference"), near)]
    if tile.held_out is not None:
        words.append(_partner_words(tr("nearest held-out"), tile.held_out))
    if tile.is_much_nearer:
        limit = tr("nearer to reference: less than {0}× as far as the nearest held-out image")
        words.append(limit.format(f"{MUCH_NEARER:g}"))
    return words


def _partner_words(role: str, partner: Partner) -> str:
    return tr("{0}: {1}, distance {2}").format(role, partner.record.name, format_value(partner.distance))
