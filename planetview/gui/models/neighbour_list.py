"""The tiles of the neighbours page in the chosen order, and what they say in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from planetview.core.copies import MUCH_NEARER
from planetview.core.formatting import format_value
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_order import Order, order_of, space_label
from planetview.gui.models.neighbour_set import NeighbourSet, Other, Partner, Rows, Tile, Toward
from planetview.gui.models.roles import TileRole
from planetview.gui.models.wording import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


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
    is_real = tile.toward is Toward.SYNTHETIC
    nearest = tr("nearest synthetic") if is_real else tr("nearest reference")
    words = [f"{tile.dataset}: {tile.record.name}", _partner_words(nearest, tile.nearest)]
    if tile.held_out is not None:
        words.append(_partner_words(tr("nearest held-out"), tile.held_out))
    if tile.other is not None:
        role = tr("nearest synthetic by {0}") if is_real else tr("nearest reference by {0}")
        words.append(_partner_words(role.format(space_label(tile.other.by)), tile.other.partners[0]))
        words.append(verdict_words(tile.other))
    if tile.is_gap:
        words.append(tr("gap: no synthetic image is as near as its 5th real neighbour"))
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
