"""The matrix of Pearson coefficients between all pairwise scores and entropy, as numbers on a tint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from planetview.core.results import PairTable
from planetview.core.stats import Correlation, pearson
from planetview.gui.theme import LIGHT, Theme
from planetview.gui.views.pair_columns import ENTROPY, column_label, signed

_NEGATIVE, _POSITIVE = QColor(LIGHT.reference), QColor(LIGHT.candidates[0])
# A full tint hides the number on it in neither theme.
_STRONGEST = 0.85

AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class CorrelationMatrix:
    """Pearson coefficients between all columns of a pair table.

    names: "entropy", then metric ids. cells: (row, column) -> coefficient, symmetric.
    """

    names: tuple[str, ...]
    cells: dict[tuple[int, int], Correlation]


def correlation_matrix(table: PairTable) -> CorrelationMatrix:
    """Correlate entropy and all scores of a pair table with each other, over the pairs where both are finite."""
    columns: dict[str, npt.NDArray[np.float64]] = {ENTROPY: table.entropy_bits, **table.scores}
    names = tuple(columns)
    cells: dict[tuple[int, int], Correlation] = {}
    for row, first in enumerate(names):
        for column in range(row, len(names)):
            found = pearson(columns[first], columns[names[column]])
            cells[row, column] = cells[column, row] = found
    return CorrelationMatrix(names, cells)


class MatrixModel(QAbstractTableModel):
    """The matrix for a table view; undefined coefficients read "n/a" and say why in their tooltip."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.matrix = CorrelationMatrix((), {})

    def show(self, matrix: CorrelationMatrix) -> None:
        """Replace the matrix."""
        self.beginResetModel()
        self.matrix = matrix
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.matrix.names)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return self.rowCount(parent)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        cell = self.matrix.cells[index.row(), index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return "n/a" if cell.value is None else signed(cell.value)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignCenter)
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._tint(cell.value)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._theme.tokens.text_muted) if cell.value is None else _ink_on(self._tint(cell.value))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column_label(self.matrix.names[section])
        return None

    def _words(self, row: int, column: int) -> str:
        cell = self.matrix.cells[row, column]
        names = self.tr("{} and {}").format(
            column_label(self.matrix.names[row]), column_label(self.matrix.names[column])
        )
        if cell.value is None:
            return self.tr("{}: no coefficient, {}").format(names, cell.reason)
        span = "" if cell.interval is None else f" [{signed(cell.interval.low)}, {signed(cell.interval.high)}]"
        return self.tr("{}: Pearson r = {}{}, n = {:,}").format(names, signed(cell.value), span, cell.n)

    def _tint(self, value: float | None) -> QColor:
        ground = QColor(self._theme.tokens.surface)
        if value is None:
            return ground
        share = _STRONGEST * abs(value)
        end = _POSITIVE if value > 0 else _NEGATIVE
        return QColor(
            round(ground.red() + share * (end.red() - ground.red())),
            round(ground.green() + share * (end.green() - ground.green())),
            round(ground.blue() + share * (end.blue() - ground.blue())),
        )


class _CellDelegate(QStyledItemDelegate):
    """Frames the current cell: the usual fill would hide its tint."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        option.state &= ~(QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_HasFocus)
        super().paint(painter, option, index)
        if is_current:
            painter.save()
            painter.setPen(QPen(QColor(self._theme.tokens.text), 2))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()


class MatrixView(QTableView):
    """The matrix; a click or Enter on a cell asks for the scatter of its two columns."""

    cell_chosen = Signal(str, str)  # row name, column name

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = MatrixModel(theme, self)
        self.setModel(self._model)
        self.setItemDelegate(_CellDelegate(theme, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter | Qt.AlignmentFlag(int(Qt.TextFlag.TextWordWrap)))
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._fit_sections()
        self.clicked.connect(self._on_cell)
        theme.changed.connect(self._on_theme_changed)

    @property
    def matrix(self) -> CorrelationMatrix:
        """What is shown."""
        return self._model.matrix

    def show_matrix(self, matrix: CorrelationMatrix) -> None:
        """Replace the matrix."""
        self._model.show(matrix)

    def point_at(self, row: str, column: str) -> None:
        """Mark the cell that the scatter shows."""
        names = self._model.matrix.names
        if row in names and column in names:
            self.setCurrentIndex(self._model.index(names.index(row), names.index(column)))

    def _fit_sections(self) -> None:
        """Make every coefficient fit at the present text size."""
        metrics = self.fontMetrics()
        self.horizontalHeader().setMinimumSectionSize(max(58, metrics.horizontalAdvance(signed(-0.99)) + 18))
        self.horizontalHeader().setMinimumHeight(3 * metrics.height() + 12)
        self.verticalHeader().setMinimumSectionSize(metrics.height() + 10)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_sections()

    @Slot(QModelIndex)
    def _on_cell(self, index: QModelIndex) -> None:
        names = self._model.matrix.names
        self.cell_chosen.emit(names[index.row()], names[index.column()])

    @Slot()
    def _on_theme_changed(self) -> None:
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self._on_cell(self.currentIndex())
        else:
            super().keyPressEvent(event)


def _ink_on(ground: QColor) -> QColor:
    """Return black or white, whichever stands out more (WCAG relative luminance)."""
    shares = (ground.redF(), ground.greenF(), ground.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return QColor("#000000") if luminance > 0.179 else QColor("#ffffff")
