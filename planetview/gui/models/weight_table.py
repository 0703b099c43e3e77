"""The table of weight files: one row a network, what was found of each, what it makes possible."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor, QIcon

from planetview.core.catalogue import EXTRACTORS, WEIGHTS, WeightsSpec, metric_label
from planetview.core.formatting import format_bytes
from planetview.core.models import WeightState, WeightStatus
from planetview.gui.icons import icon, icon_pixmap
from planetview.gui.models.wording import tr
from planetview.gui.theme import Tokens

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_ICON_PX = 32
_ICONS = {
    WeightStatus.PRESENT: "present",
    WeightStatus.MISSING: "missing",
    WeightStatus.WRONG_DIGEST: "warning",
    WeightStatus.UNKNOWN_FILE: "unknown",
}


class Column(IntEnum):
    """What a column shows."""

    NAME = 0
    STATE = 1
    SIZE = 2
    LICENCE = 3
    UNLOCKS = 4
    NOTE = 5


class WeightTableModel(QAbstractTableModel):
    """All weights of the catalogue, also before anything is known of the files."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._specs = tuple(WEIGHTS.values())
        self._unlocks = tuple(", ".join(unlocked(spec)) for spec in self._specs)
        self._states: Mapping[str, WeightState] = {}
        self._icons: dict[WeightStatus, QIcon] = {}
        self._colours: dict[WeightStatus, QBrush] = {}

    def show_states(self, states: Mapping[str, WeightState]) -> None:
        """Show these states by weights id; one that is not there counts as not looked at yet."""
        if states != self._states:
            self._states = states
            self._tell_all(())

    def use_tokens(self, tokens: Tokens) -> None:
        """Draw the states in the colours of a theme."""
        colours = {
            WeightStatus.PRESENT: tokens.success,
            WeightStatus.MISSING: tokens.text_muted,
            WeightStatus.WRONG_DIGEST: tokens.danger,
            WeightStatus.UNKNOWN_FILE: tokens.warning,
        }
        self._colours = {status: QBrush(QColor(colour)) for status, colour in colours.items()}
        self._icons = {}
        for status, colour in colours.items():
            drawn = icon(_ICONS[status], colour)
            drawn.addPixmap(icon_pixmap(_ICONS[status], tokens.accent_text, _ICON_PX), QIcon.Mode.Selected)
            self._icons[status] = drawn
        self._tell_all((Qt.ItemDataRole.DecorationRole, Qt.ItemDataRole.ForegroundRole))

    def spec_at(self, row: int) -> WeightsSpec:
        """Return whose row it is."""
        return self._specs[row]

    def state_at(self, row: int) -> WeightState | None:
        """Return what was found, or None while that is not known."""
        return self._states.get(self._specs[row].id)

    def row_of(self, weights_id: str) -> int:
        """Return the row of weights; ValueError for an unknown id."""
        return [spec.id for spec in self._specs].index(weights_id)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._specs)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._text(row, column) or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column_title(column)}: {self._text(row, column) or tr('none')}"
        if role == Qt.ItemDataRole.TextAlignmentRole and column is Column.SIZE:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        state = self.state_at(row)
        if column is Column.STATE and state is not None:
            if role == Qt.ItemDataRole.DecorationRole:
                return self._icons.get(state.status)
            if role == Qt.ItemDataRole.ForegroundRole:
                return self._colours.get(state.status)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(Column):
            if role == Qt.ItemDataRole.DisplayRole:
                return column_title(Column(section))
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if section == Column.SIZE else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: int, column: Column) -> str:
        spec, state = self._specs[row], self.state_at(row)
        if column is Column.NAME:
            return spec.title
        if column is Column.STATE:
            return status_words(state)
        if column is Column.SIZE:
            return size_words(spec, state)
        if column is Column.LICENCE:
            return spec.licence
        if column is Column.UNLOCKS:
            return self._unlocks[row]
        return note_words(state)

    def _tell_all(self, roles: tuple[Qt.ItemDataRole, ...]) -> None:
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._specs) - 1, len(Column) - 1), list(roles))


def column_title(column: Column) -> str:
    """Return the heading of a column."""
    return {
        Column.NAME: tr("Weights of"),
        Column.STATE: tr("State"),
        Column.SIZE: tr("Size"),
        Column.LICENCE: tr("Licence"),
        Column.UNLOCKS: tr("Needed for"),
        Column.NOTE: tr("Note"),
    }[column]


def status_words(state: WeightState | None) -> str:
    """Return the state in one or two words."""
    if state is None:
        return tr("not looked at yet")
    return {
        WeightStatus.PRESENT: tr("present"),
        WeightStatus.MISSING: tr("missing"),
        WeightStatus.WRONG_DIGEST: tr("wrong digest"),
        WeightStatus.UNKNOWN_FILE: tr("unknown file"),
    }[state.status]


def size_words(spec: WeightsSpec, state: WeightState | None) -> str:
    """Return the size of the file that is there, else about that of the published one."""
    if state is not None and state.size_bytes:
        return format_bytes(state.size_bytes)
    return f"≈ {format_bytes(spec.size_mib * 2**20)}"


def unlocked(spec: WeightsSpec) -> tuple[str, ...]:
    """Return the labels of the extractors and metrics that need these weights."""
    labels = (EXTRACTORS[key].label if key in EXTRACTORS else metric_label(key) for key in spec.used_by)
    return tuple(dict.fromkeys(labels))


def note_words(state: WeightState | None) -> str:
    """Return what to know about the origin of a file, or the next step where it cannot be used."""
    if state is None:
        return ""
    return state.note or ("" if state.status is WeightStatus.MISSING else state.advice)
