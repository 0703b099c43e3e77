"""Order statistics of every entropy curve, as a table to read and copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QPushButton, QTableView, QWidget

from planetview.core.spread import Spread, distance_of_ordered, in_order, spread_of, spread_of_ordered
from planetview.gui.models.entropy_series import EntropySeries
from planetview.gui.models.metric_export import grid_html, grid_tsv
from planetview.gui.views.panels import GAP, fill_column

AnyIndex = QModelIndex | QPersistentModelIndex
Vector = npt.NDArray[np.float64]

# To show the rows lays the table out anew.
_ROWS_AT_ONCE = 8


@dataclass(frozen=True)
class SpreadRow:
    """One curve in numbers. shift, distance: against the baseline, None for it and where there is none."""

    name: str
    spread: Spread
    shift: float | None
    distance: float | None


def spread_row(one: EntropySeries, finite: Vector, against: Vector | None) -> SpreadRow:
    """Return the numbers of a curve. finite: its values in order. against: those of what it is compared with."""
    if not finite.size:
        return SpreadRow(one.name, spread_of(one.values), None, None)
    spread = spread_of_ordered(finite, one.values.size - finite.size)
    if against is None or not against.size:
        return SpreadRow(one.name, spread, None, None)
    shift = spread.median - spread_of_ordered(against).median
    return SpreadRow(one.name, spread, shift, distance_of_ordered(finite, against))


class SpreadModel(QAbstractTableModel):
    """The numbers, in bits with two decimals; each row says its comparison in words."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[SpreadRow, ...] = ()
        self.against = ""
        # Views ask for headers several hundred times a layout.
        self._titles = self._title_columns()

    def show(self, rows: tuple[SpreadRow, ...], against: str) -> None:
        """Replace all rows; `against` names what they are compared with, "" for nothing."""
        self.beginResetModel()
        if against != self.against:
            self.against = against
            self._titles = self._title_columns()
        self.rows = rows
        self.endResetModel()

    def titles(self) -> list[tuple[str, str]]:
        """Return title and explanation of every column after the name."""
        return self._titles

    def _title_columns(self) -> list[tuple[str, str]]:
        against = self.against or self.tr("a reference")
        return [
            ("n", self.tr("Values: images, or pairs")),
            (self.tr("Median"), self.tr("Half of the values lie below it; bits")),
            (self.tr("Mean"), self.tr("Arithmetic mean; bits")),
            (self.tr("IQR"), self.tr("Interquartile range: the middle half of the values spans this; bits")),
            (self.tr("Min"), self.tr("Smallest value; bits")),
            (self.tr("Max"), self.tr("Largest value; bits")),
            (self.tr("Shift"), self.tr("Median less the median of {}; bits").format(against)),
            ("KS", self.tr("Kolmogorov-Smirnov distance to {}: 0 alike, 1 wholly apart").format(against)),
        ]

    def numbers(self, row: int) -> list[float | int | None]:
        """Return the numbers of one row, one a column after the name."""
        one = self.rows[row]
        s = one.spread
        if not s.n:
            return [0, *[None] * 7]
        return [s.n, s.median, s.mean, s.quartile_range, s.least, s.most, one.shift, one.distance]

    def words(self, row: int) -> str:
        """Return what the row says, as a sentence or two."""
        one, s = self.rows[row], self.rows[row].spread
        if not s.n:
            return self.tr("{}: no values").format(one.name)
        parts = [self.tr("{}: n = {:,}, median {:.2f} bits, quartiles {:.2f} to {:.2f}").format(
            one.name, s.n, s.median, s.lower, s.upper)]  # fmt: skip
        if s.missing:
            parts.append(self.tr("{:,} images have no entropy").format(s.missing))
        if one.shift is not None and one.distance is not None:
            side = self.tr("above") if one.shift > 0 else self.tr("below")
            parts.append(
                self.tr("its median lies {:.2f} bits {} that of {}; the distribution functions part by {:.2f}").format(
                    abs(one.shift), side, self.against, one.distance
                )
            )
        return ". ".join(part[:1].upper() + part[1:] if i else part for i, part in enumerate(parts)) + "."

    def grid(self) -> list[list[str]]:
        """Return header and rows with every digit, for the clipboard."""
        lines = [["", *(title for title, _ in self.titles())]]
        for row, one in enumerate(self.rows):
            lines.append([one.name, *("" if value is None else repr(value) for value in self.numbers(row))])
        return lines

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.titles())

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _shown(self.numbers(index.row())[index.column()], is_signed=index.column() == 6)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.words(index.row())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Vertical:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.rows[section].name
            return self.words(section) if role == Qt.ItemDataRole.ToolTipRole else None
        title, tip = self.titles()[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return {Qt.ItemDataRole.DisplayRole: title, Qt.ItemDataRole.ToolTipRole: tip}.get(Qt.ItemDataRole(role))


class SpreadTable(QTableView):
    """Shows a `SpreadModel`; Ctrl+C copies all of it with every digit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.spreads = SpreadModel(self)
        self.setModel(self.spreads)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setAccessibleName(self.tr("Entropy statistics"))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        action = QAction(self.tr("&Copy table"), self)
        action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(self.copy)
        self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_rows(self, rows: tuple[SpreadRow, ...], against: str) -> None:
        """Replace all rows; `against` names what they are compared with, "" for nothing."""
        self.spreads.show(rows, against)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        # Headers that follow their contents measure every cell at each resize, show and layout: 10 ms at a first look.
        self.resizeColumnsToContents()
        self.resizeRowsToContents()

    @Slot()
    def copy(self) -> None:
        """Put the table on the clipboard as TSV and HTML."""
        grid = self.spreads.grid()
        mime = QMimeData()
        mime.setText(grid_tsv(grid))
        mime.setHtml(grid_html(grid))
        QGuiApplication.clipboard().setMimeData(mime)


class SpreadPane(QWidget):
    """A `SpreadTable` under what it is compared with, and a button that copies it."""

    notice = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._against = QLabel(wordWrap=True)
        self._table = SpreadTable()
        copy = QPushButton(self.tr("Copy table"))
        copy.setToolTip(self.tr("Copy all numbers with every digit, for spreadsheets and documents (Ctrl+C)."))
        copy.clicked.connect(self._on_copy_clicked)
        fill_column(self, self._against, copy, self._table, left=GAP)

    def fill_in(
        self, series: list[EntropySeries], finite: Mapping[str, Vector], against: EntropySeries | None
    ) -> Iterator[None]:
        """Show the numbers of these curves, a few at a time. finite: the values of each by its name, in order."""
        name = "" if against is None else against.name
        self._against.setText(self.tr("Statistics, against {}").format(name) if name else self.tr("Statistics"))
        self._table.show_rows((), name)
        yield
        # Of classes, what they are compared with is not among the curves.
        ordered = None if against is None else finite[name] if name in finite else in_order(against.values)
        yield
        found = []
        for number, one in enumerate(series, 1):
            found.append(spread_row(one, finite[one.name], None if one.name == name else ordered))
            yield
            if number % _ROWS_AT_ONCE == 0 or number == len(series):
                self._table.show_rows(tuple(found), name)
                yield

    @Slot()
    def _on_copy_clicked(self) -> None:
        self._table.copy()
        self.notice.emit(self.tr("Copied the entropy statistics."))


def _shown(value: float | None, *, is_signed: bool) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    words = f"{value:+.2f}" if is_signed else f"{value:.2f}"
    return "0.00" if float(words) == 0 else words.replace("-", "−")
