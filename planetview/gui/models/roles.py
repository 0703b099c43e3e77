"""Item roles of the models that are not Qt's own."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import Qt


class CellRole(IntEnum):
    """What the metric table hands to its delegate."""

    CELL = Qt.ItemDataRole.UserRole + 1  # metric_table.Cell


class TileRole(IntEnum):
    """What the neighbour list hands to its delegate."""

    TILE = Qt.ItemDataRole.UserRole + 1  # neighbour_list.Tile
