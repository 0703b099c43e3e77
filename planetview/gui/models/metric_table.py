"""The metric table: metrics as rows in families, candidates as columns, the noise floor beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPixmap

from planetview.core.catalogue import EXTRACTORS, METRICS, Direction, Family, published_name
from planetview.core.formatting import format_value, value_and_spread
from planetview.core.ranking import best_candidate
from planetview.core.results import MetricValue
from planetview.core.settings import RunSettings
from planetview.gui.models.literature_words import literature_help, literature_html, literature_range
from planetview.gui.models.metric_details import cell_html, floor_help, metric_html
from planetview.gui.models.roles import CellRole
from planetview.gui.models.wording import NO_VALUE, floor_words, tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_SWATCH_PX = 10


class CellState(StrEnum):
    """How far a cell is."""

    WAITING = "waiting"
    READY = "ready"
    UNAVAILABLE = "n/a"


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row: a metric on one extractor, or on pixels (extractor None)."""

    metric: str
    extractor: str | None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows: a number with its quiet spread, a quiet second line, and whether it is the best."""

    main: str
    sub: str
    state: CellState
    is_best: bool = False
    spread: str = ""

    @property
    def line(self) -> str:
        """The first line in full."""
        return f"{self.main} {self.spread}".rstrip()


def family_title(family: Family) -> str:
    """Return the heading of a family."""
    return {
        Family.DISTRIBUTION: tr("Distribution"),
        Family.GENERALISATION: tr("Generalisation"),
        Family.PAIRWISE: tr("Pairwise"),
    }[family]


def family_help(family: Family) -> str:
    """Return what the metrics of a family ask."""
    return {
        Family.DISTRIBUTION: tr("Do the sets look alike as wholes?"),
        Family.GENERALISATION: tr("Did the generator copy what it was trained on?"),
        Family.PAIRWISE: tr("How close is each image to its nearest reference image? Means over pairs."),
    }[family]


class MetricTableModel(QAbstractTableModel):
    """Values as they come; a cell that is expected and not yet there says so.

    Columns are the candidates and, where every candidate has the same noise floor, that floor before them;
    else each cell names its own. Published values come last, when asked for. Family headings are rows whose cells
    are empty.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values: dict[tuple[str, str | None, str], MetricValue] = {}
        self._rows: list[MetricRow | Family] = []
        self._candidates: tuple[str, ...] = ()
        self._best: dict[MetricRow, str | None] = {}
        # Painting, measuring and reading out ask for the same cells again and again.
        self._cells: dict[tuple[int, int], Cell] = {}
        self._has_floor_column = False
        self._has_several_extractors = False
        self._has_literature = False
        self._colours: Mapping[str, str] = {}
        self._expected: tuple[tuple[str, ...], tuple[MetricRow, ...]] = ((), ())

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names of the candidates, in column order."""
        return self._candidates

    @property
    def rows(self) -> tuple[MetricRow | Family, ...]:
        """What each row stands for."""
        return tuple(self._rows)

    @property
    def values(self) -> tuple[MetricValue, ...]:
        """The values that are there, in no special order."""
        return tuple(self._values.values())

    def expect(self, candidates: Iterable[str], settings: RunSettings) -> None:
        """Start empty, with the rows and columns that a run with these settings will fill."""
        rows = tuple(
            MetricRow(metric, extractor)
            for metric in settings.metrics
            for extractor in (settings.extractors if METRICS[metric].on_features else (None,))
        )
        self._expected = (tuple(candidates), rows)
        self._values = {}
        self._rebuild()

    def show(self, values: Iterable[MetricValue]) -> None:
        """Replace everything by these values."""
        self._expected = ((), ())
        self._values = {}
        self._take(values)
        self._rebuild()

    def add(self, values: Iterable[MetricValue]) -> None:
        """Add values to those there; one that came before is replaced."""
        self._take(values)
        layout = (*self._layout(), self._floors_are_shared())
        if self._rows and layout == (self._rows, self._candidates, self._has_floor_column):
            self._best = {row: self._find_best(row) for row in self._rows if isinstance(row, MetricRow)}
            self._cells = {}
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, self.columnCount() - 1))
        else:
            self._rebuild()

    def use_colours(self, colours: Mapping[str, str]) -> None:
        """Set the "#rrggbb" that marks each candidate in the header."""
        self._colours = colours
        if self._candidates:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)

    def show_literature(self, is_shown: bool) -> None:
        """Add or take away the column of published values."""
        if is_shown is not self._has_literature:
            self.beginResetModel()
            self._has_literature = is_shown
            self._cells = {}
            self.endResetModel()

    def is_literature(self, column: int) -> bool:
        """Return whether a column shows published values."""
        return self._has_literature and column == self.columnCount() - 1

    def candidate_at(self, column: int) -> str | None:
        """Return whose values a column shows; None for the noise floor's and the published ones."""
        if column < self._has_floor_column or self.is_literature(column):
            return None
        return self._candidates[column - self._has_floor_column]

    def column_of(self, candidate: str) -> int:
        """Return the column of a candidate; ValueError when there is none."""
        return self._candidates.index(candidate) + self._has_floor_column

    def value_at(self, row: int, column: int) -> MetricValue | None:
        """Return the value behind a cell; for the floor column, the first candidate's."""
        item = self._rows[row]
        if not isinstance(item, MetricRow) or not self._candidates or self.is_literature(column):
            return None
        candidate = self.candidate_at(column)
        if candidate is None:
            return next((v for v in self._row_values(item) if v.floor is not None), None)
        return self._values.get((item.metric, item.extractor, candidate))

    def cell(self, row: int, column: int) -> Cell:
        """Return what a cell shows."""
        found = self._cells.get((row, column))
        if found is None:
            found = self._cells[row, column] = self._make_cell(row, column)
        return found

    def _make_cell(self, row: int, column: int) -> Cell:
        item = self._rows[row]
        if isinstance(item, Family):
            return Cell(family_help(item) if column == 0 else "", "", CellState.READY)
        if self.is_literature(column):
            ends, what = literature_range(item.metric, item.extractor)
            return Cell(ends, what, CellState.READY) if ends else Cell(tr("none"), "", CellState.UNAVAILABLE)
        value = self.value_at(row, column)
        if self.candidate_at(column) is None:
            return self._floor_cell(item, value)
        if value is None:
            return Cell(tr("waiting…"), "", CellState.WAITING)
        if value.value is None:
            return Cell(NO_VALUE, value.reason, CellState.UNAVAILABLE)
        is_best = self._best.get(item) == value.candidate
        main, spread = value_and_spread(value.value, value.interval, METRICS[item.metric].unit)
        sub = floor_words(value, with_floor=not self._has_floor_column, is_short=True)
        return Cell(f"★ {main}" if is_best else main, sub, CellState.READY, is_best, spread)

    def row_title(self, row: int) -> str:
        """Return the heading of a row: published name or metric, direction, the extractor where there are several."""
        item = self._rows[row]
        if isinstance(item, Family):
            return family_title(item)
        spec = METRICS[item.metric]
        title = f"{published_name(item.metric, item.extractor) or spec.label} {spec.direction.arrow}"
        if item.extractor is None or not self._has_several_extractors:
            return title
        extractor = EXTRACTORS.get(item.extractor)
        return f"{title}\n{extractor.label if extractor else item.extractor}"

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        if parent.isValid() or not self._candidates:
            return 0
        return len(self._candidates) + self._has_floor_column + self._has_literature

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == CellRole.CELL:
            return self.cell(row, column)
        if role == Qt.ItemDataRole.DisplayRole:
            cell = self.cell(row, column)
            return f"{cell.line}\n{cell.sub}" if cell.sub else cell.line
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._accessible_text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            return self._column_header(section, role) if 0 <= section < self.columnCount() else None
        return self._row_header(section, role) if 0 <= section < len(self._rows) else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def _take(self, values: Iterable[MetricValue]) -> None:
        for value in values:
            # A metric that this version does not know has no direction, so nothing can be said of it.
            if value.metric in METRICS:
                self._values[(value.metric, value.extractor, value.candidate)] = value

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._rows, self._candidates, self._has_floor_column = *self._layout(), self._floors_are_shared()
        items = [row for row in self._rows if isinstance(row, MetricRow)]
        self._has_several_extractors = len({row.extractor for row in items if row.extractor is not None}) > 1
        self._best = {row: self._find_best(row) for row in items}
        self._cells = {}
        self.endResetModel()

    def _layout(self) -> tuple[list[MetricRow | Family], tuple[str, ...]]:
        keys = [MetricRow(value.metric, value.extractor) for value in self._values.values()]
        items = list(dict.fromkeys((*self._expected[1], *keys)))
        order = {metric: position for position, metric in enumerate(METRICS)}
        items.sort(key=lambda row: order[row.metric])
        rows: list[MetricRow | Family] = []
        for family in Family:
            members = [row for row in items if METRICS[row.metric].family is family]
            rows += [family, *members] if members else []
        candidates = dict.fromkeys((*self._expected[0], *(value.candidate for value in self._values.values())))
        return rows, tuple(candidates)

    def _floors_are_shared(self) -> bool:
        floors: dict[tuple[str, str | None], set[tuple[float, int]]] = {}
        for value in self._values.values():
            if value.floor is not None:
                floors.setdefault((value.metric, value.extractor), set()).add((value.floor, value.n))
        return bool(floors) and all(len(found) == 1 for found in floors.values())

    def _row_values(self, row: MetricRow) -> list[MetricValue]:
        keys = ((row.metric, row.extractor, candidate) for candidate in self._candidates)
        return [self._values[key] for key in keys if key in self._values]

    def _find_best(self, row: MetricRow) -> str | None:
        values = self._row_values(row)
        # A best among some would be taken back when the others arrive.
        return best_candidate(values) if len(values) == len(self._candidates) else None

    def _floor_cell(self, row: MetricRow, value: MetricValue | None) -> Cell:
        values = self._row_values(row)
        if value is not None and value.floor is not None:
            unit, interval = METRICS[row.metric].unit, value.floor_interval
            # The copying share's chance is one number, but how far it scatters depends on the candidate.
            is_shared = all(v.floor_interval == interval for v in values if v.floor is not None)
            if is_shared:
                return Cell(*value_and_spread(value.floor, interval, unit), CellState.READY)
            return Cell(format_value(value.floor, interval, unit), "", CellState.READY)
        if len(values) < len(self._candidates):
            return Cell(tr("waiting…"), "", CellState.WAITING)
        reason = next((v.floor_reason or v.reason for v in values if v.floor_reason or v.reason), "")
        return Cell(NO_VALUE, reason, CellState.UNAVAILABLE)

    def _column_header(self, section: int, role: int) -> Any:
        if self.is_literature(section):
            texts = {Qt.ItemDataRole.DisplayRole: tr("Literature"), Qt.ItemDataRole.ToolTipRole: literature_help()}
            return texts.get(Qt.ItemDataRole(role))
        candidate = self.candidate_at(section)
        is_floor = candidate is None
        name = candidate or tr("Noise floor")
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            return floor_help() if is_floor else name
        if role == Qt.ItemDataRole.DecorationRole and not is_floor and name in self._colours:
            swatch = QPixmap(QSize(_SWATCH_PX, _SWATCH_PX))
            swatch.fill(QColor(self._colours[name]))
            return swatch
        return None

    def _row_header(self, section: int, role: int) -> Any:
        item = self._rows[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.row_title(section)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken_row(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return family_help(item) if isinstance(item, Family) else metric_html(item.metric, item.extractor)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            # Long names break into the second line that every row has room for.
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextWordWrap)
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setBold(isinstance(item, Family))
            return font
        return None

    def _spoken_row(self, row: int) -> str:
        item = self._rows[row]
        if isinstance(item, Family):
            return family_title(item)
        lower = METRICS[item.metric].direction is Direction.LOWER
        title = self.row_title(row).replace("\n", ", ").replace(" ↓", "").replace(" ↑", "")
        return f"{title}, {tr('lower is better') if lower else tr('higher is better')}"

    def _accessible_text(self, row: int, column: int) -> str:
        cell = self.cell(row, column)
        heading = self._column_header(column, Qt.ItemDataRole.DisplayRole)
        best = tr("best") if cell.is_best else ""
        parts = (self._spoken_row(row), heading, cell.line.removeprefix("★ "), cell.sub, best)
        return ", ".join(part for part in parts if part)

    def _tool_tip(self, row: int, column: int) -> str:
        item = self._rows[row]
        if isinstance(item, Family):
            return family_help(item)
        if self.is_literature(column):
            return literature_html(item.metric, item.extractor)
        value = self.value_at(row, column)
        if value is None:
            return metric_html(item.metric, item.extractor)
        return cell_html(value) + metric_html(item.metric, item.extractor)
