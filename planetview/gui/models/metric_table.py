"""The metric table: metrics as rows in families, candidates as columns, the noise floor beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QPixmap

from planetview.core.catalogue import METRICS, Direction, Family
from planetview.core.ranking import best_candidate
from planetview.core.results import MetricValue
from planetview.core.settings import RunSettings
from planetview.gui.models.expected_run import STOPPED, ExpectedRun, Key
from planetview.gui.models.literature_words import literature_html
from planetview.gui.models.metric_cells import (
    Cell,
    CellState,
    count_cell,
    extractor_cell,
    floor_cell,
    heading_cell,
    literature_cell,
    unfinished_cell,
    value_cell,
)
from planetview.gui.models.metric_columns import (
    BAR,
    INTERVAL,
    Column,
    ColumnChoice,
    ColumnKind,
    column_help,
    column_title,
)
from planetview.gui.models.metric_details import cell_html, metric_html
from planetview.gui.models.metric_rows import (
    MetricRow,
    RowChoice,
    arranged_rows,
    catalogue_order,
    family_help,
    family_title,
    filtered_rows,
)
from planetview.gui.models.roles import CellRole
from planetview.gui.models.wording import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class MetricTableModel(QAbstractTableModel):
    """Values as they come; a cell that is expected and not yet there says so.

    Columns are what the `ColumnChoice` shows: the candidates and, where every candidate has the same noise floor, that
    floor before them; else each cell names its own. Rows are what the `RowChoice` leaves, under the headings of their
    families. filtered_count: rows that the filter leaves. content: goes up when numbers or columns change, not rows.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values: dict[Key, MetricValue] = {}
        self._items: list[MetricRow] = []
        self._rows: list[MetricRow | Family] = []
        self._candidates: tuple[str, ...] = ()
        self._columns: tuple[Column, ...] = ()
        self._kinds: set[ColumnKind] = set()
        self.filtered_count = self.content = 0
        self._best: dict[MetricRow, str | None] = {}
        # Painting, measuring and reading out ask for the same cells again and again.
        self._cells: dict[tuple[int, int], Cell] = {}
        self._has_shared_floor = self._has_several_extractors = False
        self._row_choice = RowChoice()
        self._column_choice = ColumnChoice()
        self._marks: Mapping[str, QPixmap] = {}
        self._expected, self._stage = ExpectedRun(), ""
        self._computing: frozenset[Key] = frozenset()

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names of all candidates, in study order, those of hidden columns too."""
        return self._candidates

    @property
    def columns(self) -> tuple[Column, ...]:
        """What each column shows."""
        return self._columns

    @property
    def rows(self) -> tuple[MetricRow | Family, ...]:
        """What each row stands for."""
        return tuple(self._rows)

    @property
    def items(self) -> tuple[MetricRow, ...]:
        """All rows in the catalogue's order, those that a filter or a closed family hides too."""
        return tuple(self._items)

    @property
    def values(self) -> tuple[MetricValue, ...]:
        """The values that are there, in no special order."""
        return tuple(self._values.values())

    @property
    def row_choice(self) -> RowChoice:
        """What is filtered, sorted and folded away."""
        return self._row_choice

    @property
    def column_choice(self) -> ColumnChoice:
        """Which columns are shown, in which order."""
        return self._column_choice

    def expect(self, candidates: Iterable[str], settings: RunSettings) -> None:
        """Start empty, with the rows and columns that a run with these settings will fill."""
        self._expected = ExpectedRun.of(candidates, settings)
        self._values, self._stage = {}, ""
        self._rebuild()

    def show(self, values: Iterable[MetricValue]) -> None:
        """Replace everything by these values."""
        self._expected, self._stage, self._values = ExpectedRun(), "", {}
        self._take(values)
        self._rebuild()

    def add(self, values: Iterable[MetricValue]) -> None:
        """Add values to those there; one that came before is replaced."""
        before = (self._items, self._candidates, self._has_shared_floor)
        self._take(values)
        layout = (*self._layout(), self._floors_are_shared())
        if self._rows and layout == before and not self._row_choice.only_beyond and self._row_choice.sort is None:
            self._follow_stage()
            self._repaint()
        else:
            self._rebuild()

    def show_stage(self, stage: str) -> None:
        """Say which cells are being computed; `stage` is the id of the engine's present stage, or STOPPED."""
        if stage != self._stage:
            before, self._stage = (self._computing, self._stage == STOPPED), stage
            self._follow_stage()
            if before != (self._computing, stage == STOPPED):
                self._repaint()

    def use_marks(self, marks: Mapping[str, QPixmap]) -> None:
        """Set the mark, colour and shape, that stands for each candidate in the header."""
        self._marks = marks
        if self._columns:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._columns) - 1)

    def choose_columns(self, choice: ColumnChoice) -> None:
        """Show other columns, or the same in another order."""
        if choice != self._column_choice:
            self._column_choice = choice
            self._rebuild()

    def choose_rows(self, choice: RowChoice) -> None:
        """Filter, sort or fold rows otherwise."""
        if choice != self._row_choice:
            self._row_choice = choice
            self._rebuild(has_new_content=False)

    def show_literature(self, is_shown: bool) -> None:
        """Add or take away the column of published values."""
        self.choose_columns(self._column_choice.with_shown(ColumnKind.LITERATURE.value, is_shown))

    def toggle_family(self, family: Family) -> None:
        """Fold the rows of a family away, or back."""
        self.choose_rows(replace(self._row_choice, closed=self._row_choice.closed ^ {family}))

    def is_literature(self, column: int) -> bool:
        """Return whether a column shows published values."""
        return self._columns[column].kind is ColumnKind.LITERATURE

    def candidate_at(self, column: int) -> str | None:
        """Return whose values a column shows; None for the noise floor's and the others'."""
        return self._columns[column].candidate or None if 0 <= column < len(self._columns) else None

    def column_of(self, candidate: str) -> int:
        """Return the column of a candidate; ValueError when none is shown."""
        return self._columns.index(Column(ColumnKind.CANDIDATE, candidate))

    def value_of(self, row: MetricRow, candidate: str) -> MetricValue | None:
        """Return one value, or None while it is not there."""
        return self._values.get((row.metric, row.extractor, candidate))

    def value_at(self, row: int, column: int) -> MetricValue | None:
        """Return the value behind a cell; for the floor column, that of the first candidate with a floor."""
        item = self._rows[row]
        if not isinstance(item, MetricRow):
            return None
        shown = self._columns[column]
        if shown.kind is ColumnKind.FLOOR:
            return next((value for value in self._row_values(item) if value.floor is not None), None)
        return self.value_of(item, shown.candidate) if shown.kind is ColumnKind.CANDIDATE else None

    def ordered_values(self) -> list[MetricValue]:
        """Return all values row by row in the catalogue's order, whatever is hidden."""
        found = (self.value_of(row, name) for row in self._items for name in self._candidates)
        return [value for value in found if value is not None]

    def cell(self, row: int, column: int) -> Cell:
        """Return what a cell shows."""
        found = self._cells.get((row, column))
        if found is None:
            found = self._cells[row, column] = self._make_cell(row, column)
        return found

    def row_title(self, row: int) -> str:
        """Return the heading of a row: published name or metric, direction, the extractor where there are several."""
        item = self._rows[row]
        if isinstance(item, Family):
            return f"{'▸' if item in self._row_choice.closed else '▾'} {family_title(item)}"
        title = f"{item.name} {METRICS[item.metric].direction.arrow}"
        if item.extractor is None or not self._has_several_extractors or ColumnKind.EXTRACTOR in self._kinds:
            return title
        return f"{title}\n{item.extractor_label}"

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == CellRole.CELL:
            return self.cell(row, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(row, column).text
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

    def _take(self, values: Iterable[MetricValue]) -> None:
        for value in values:
            # A metric that this version does not know has no direction, so nothing can be said of it.
            if value.metric in METRICS:
                self._values[(value.metric, value.extractor, value.candidate)] = value

    def _rebuild(self, *, has_new_content: bool = True) -> None:
        self.beginResetModel()
        self.content += has_new_content
        (self._items, self._candidates), self._has_shared_floor = self._layout(), self._floors_are_shared()
        self._columns = tuple(self._shown_columns()) if self._candidates else ()
        self._kinds = {column.kind for column in self._columns}
        kept = filtered_rows(self._items, self._candidates, self._row_choice, self.value_of)
        self.filtered_count = len(kept)
        self._rows = arranged_rows(kept, self._row_choice, self.value_of)
        self._has_several_extractors = len({row.extractor for row in self._items} - {None}) > 1
        self._follow_stage()
        self._best, self._cells = {}, {}
        self.endResetModel()

    def _repaint(self) -> None:
        self._best, self._cells = {}, {}
        if self._rows and self._columns:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self._columns) - 1))

    def _shown_columns(self) -> Iterable[Column]:
        for column in self._column_choice.columns(self._candidates):
            is_there = column.kind is not ColumnKind.FLOOR or self._has_shared_floor
            if is_there and self._column_choice.shows(column.id):
                yield column

    def _layout(self) -> tuple[list[MetricRow], tuple[str, ...]]:
        keys = dict.fromkeys((metric, extractor) for metric, extractor, _ in self._values)
        rows = dict.fromkeys((*self._expected.rows, *(MetricRow(*key) for key in keys)))
        candidates = dict.fromkeys((*self._expected.candidates, *(name for _, _, name in self._values)))
        return catalogue_order(rows), tuple(candidates)

    def _follow_stage(self) -> None:
        self._computing = self._expected.computing(self._stage, self._values)

    def _floors_are_shared(self) -> bool:
        floors: dict[tuple[str, str | None], tuple[float, int]] = {}
        for value in self._values.values():
            if value.floor is not None:
                own = (value.floor, value.n)
                if floors.setdefault((value.metric, value.extractor), own) != own:
                    return False
        return bool(floors)

    def _row_values(self, row: MetricRow) -> Sequence[MetricValue]:
        keys = ((row.metric, row.extractor, candidate) for candidate in self._candidates)
        return [self._values[key] for key in keys if key in self._values]

    def _best_of(self, row: MetricRow) -> str | None:
        if row not in self._best:
            values = self._row_values(row)
            # A best among some would be taken back when the others arrive.
            self._best[row] = best_candidate(values) if len(values) == len(self._candidates) else None
        return self._best[row]

    def _make_cell(self, row: int, column: int) -> Cell:
        item, shown = self._rows[row], self._columns[column]
        if isinstance(item, Family):
            folded = sum(row.family is item for row in self._items) if item in self._row_choice.closed else 0
            return heading_cell(item, folded) if column == 0 else Cell("", "", CellState.READY, is_text=True)
        kind = shown.kind
        if kind is ColumnKind.CANDIDATE:
            return self._candidate_cell(item, shown.candidate)
        if kind is ColumnKind.FLOOR:
            running = any((item.metric, item.extractor, name) in self._computing for name in self._candidates)
            stopped, values = self._stage == STOPPED, self._row_values(item)
            return floor_cell(item, values, len(self._candidates), is_running=running, has_stopped=stopped)
        if kind is ColumnKind.COUNT:
            return count_cell(self._row_values(item))
        return extractor_cell(item) if kind is ColumnKind.EXTRACTOR else literature_cell(item)

    def _candidate_cell(self, row: MetricRow, candidate: str) -> Cell:
        value = self.value_of(row, candidate)
        if value is None:
            return unfinished_cell((row.metric, row.extractor, candidate) in self._computing, self._stage == STOPPED)
        return value_cell(
            value,
            is_best=self._best_of(row) == candidate,
            with_floor=ColumnKind.FLOOR not in self._kinds,
            with_interval=self._column_choice.shows(INTERVAL),
            with_bar=self._column_choice.shows(BAR),
        )

    def _column_header(self, section: int, role: int) -> Any:
        column, choice = self._columns[section], self._row_choice
        is_sorted = choice.sort == column.id
        if role == Qt.ItemDataRole.DisplayRole:
            arrow = "▴" if choice.is_reversed else "▾"
            return f"{column_title(column)} {arrow}" if is_sorted else column_title(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column_help(column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            order = tr("best first") if choice.is_reversed else tr("worst first")
            return f"{column_title(column)}, {order}" if is_sorted else column_title(column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.kind is ColumnKind.EXTRACTOR:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return self._marks.get(column.candidate) if role == Qt.ItemDataRole.DecorationRole else None

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
            state = tr("closed") if item in self._row_choice.closed else tr("open")
            return f"{family_title(item)}, {state}"
        lower = METRICS[item.metric].direction is Direction.LOWER
        title = self.row_title(row).replace("\n", ", ").replace(" ↓", "").replace(" ↑", "")
        return f"{title}, {tr('lower is better') if lower else tr('higher is better')}"

    def _accessible_text(self, row: int, column: int) -> str:
        cell = self.cell(row, column)
        best = tr("best") if cell.is_best else ""
        parts = (
            self._spoken_row(row),
            column_title(self._columns[column]),
            cell.line.removeprefix("★ "),
            cell.sub,
            best,
        )
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
