"""The matrix of coefficients between all pairwise scores and entropy, as numbers on a tint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
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
from planetview.core.stats import Correlation, pearson, spearman
from planetview.core.tables import Cell
from planetview.gui.plots.export_menu import ExportMenu
from planetview.gui.theme import LIGHT, Theme, Tokens
from planetview.gui.views.pair_columns import ENTROPY, column_label, signed

_NEGATIVE, _POSITIVE = QColor(LIGHT.reference), QColor(LIGHT.candidates[0])
# A full tint hides the number on it in neither theme.
_STRONGEST = 0.85

AnyIndex = QModelIndex | QPersistentModelIndex


class Method(StrEnum):
    """Which coefficient."""

    PEARSON = "pearson"
    SPEARMAN = "spearman"

    @property
    def label(self) -> str:
        """Its name and letter."""
        return "Pearson r" if self is Method.PEARSON else "Spearman ρ"


@dataclass(frozen=True)
class CorrelationMatrix:
    """Coefficients between all columns of a pair table.

    names: "entropy", then metric ids. cells: (row, column) -> coefficient, symmetric; those not yet known are missing.
    """

    names: tuple[str, ...]
    cells: dict[tuple[int, int], Correlation]
    method: Method = Method.PEARSON


def matrix_names(table: PairTable) -> tuple[str, ...]:
    """Return the columns of the matrix of a pair table."""
    return (ENTROPY, *table.scores)


def matrix_cells(table: PairTable, method: Method = Method.PEARSON) -> Iterator[tuple[int, int, Correlation]]:
    """Yield row, column and coefficient of entropy and all scores, over the pairs where both are finite."""
    columns = {ENTROPY: table.entropy_bits, **table.scores}
    names = list(columns)
    correlate = pearson if method is Method.PEARSON else spearman
    for row, first in enumerate(names):
        for column in range(row, len(names)):
            yield row, column, correlate(columns[first], columns[names[column]])


def correlation_matrix(table: PairTable, method: Method = Method.PEARSON) -> CorrelationMatrix:
    """Correlate entropy and all scores of a pair table with each other."""
    cells: dict[tuple[int, int], Correlation] = {}
    for row, column, found in matrix_cells(table, method):
        cells[row, column] = cells[column, row] = found
    return CorrelationMatrix(matrix_names(table), cells, method)


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

    def put(self, row: int, column: int, found: Correlation) -> None:
        """Fill in one coefficient and its mirror image."""
        for one, other in {(row, column), (column, row)}:
            self.matrix.cells[one, other] = found
            index = self.index(one, other)
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.matrix.names)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return self.rowCount(parent)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        cell = self.matrix.cells.get((index.row(), index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignCenter)
        if cell is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return "n/a" if cell.value is None else signed(cell.value)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row(), index.column())
        if role == Qt.ItemDataRole.BackgroundRole:
            return tint(cell.value, self._theme.tokens)
        if role == Qt.ItemDataRole.ForegroundRole:
            return ink_for(cell.value, self._theme.tokens)
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
        return self.tr("{}: {} = {}{}, n = {:,}").format(
            names, self.matrix.method.label, signed(cell.value), span, cell.n
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
    notice = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = MatrixModel(theme, self)
        self._caption = ""
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
        self.exports = ExportMenu(self)
        self.exports.notice.connect(self.notice)
        self.clicked.connect(self._on_cell)
        theme.changed.connect(self._on_theme_changed)

    @property
    def matrix(self) -> CorrelationMatrix:
        """What is shown."""
        return self._model.matrix

    def show_matrix(self, matrix: CorrelationMatrix) -> None:
        """Replace the matrix."""
        self._model.show(matrix)
        self._fit_sections()

    def put(self, row: int, column: int, found: Correlation) -> None:
        """Fill in one coefficient."""
        self._model.put(row, column, found)

    def figure_size(self) -> QSize:
        """Return the size of the matrix as a figure, in logical pixels."""
        side, height, top = self._figure_cells()
        columns = len(self.matrix.names)
        return QSize(side + columns * max(height * 3, self._widest_word()), top + columns * height)

    def set_caption(self, text: str) -> None:
        """Set what stands above the matrix in a figure."""
        self._caption = text

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw the matrix with its names as a figure; it has no cosmetic lines, so `line_scale` changes nothing."""
        side, height, top = self._figure_cells()
        width = max(height * 3, self._widest_word())
        painter.save()
        painter.setFont(self.font())
        painter.fillRect(QRect(QPoint(), self.figure_size()), QColor(tokens.surface))
        over = 2 * self.fontMetrics().height() if self._caption else 0
        painter.setPen(QColor(tokens.text))
        painter.drawText(
            QRect(6, 0, self.figure_size().width(), over), int(Qt.AlignmentFlag.AlignVCenter), self._caption
        )
        centred = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        beside = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for row, name in enumerate(self.matrix.names):
            painter.setPen(QColor(tokens.text))
            painter.drawText(QRect(side + row * width, over, width, top - over), centred, column_label(name))
            painter.drawText(QRect(6, top + row * height, side - 6, height), beside, column_label(name))
            for column in range(len(self.matrix.names)):
                found = self.matrix.cells.get((row, column))
                value = None if found is None else found.value
                box = QRect(side + column * width, top + row * height, width, height)
                painter.fillRect(box, tint(value, tokens))
                painter.setPen(ink_for(value, tokens))
                painter.drawText(box, centred, "n/a" if value is None else signed(value))
        painter.restore()

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return one line for every cell, with interval and counts."""
        rows: list[list[Cell]] = []
        for row, first in enumerate(self.matrix.names):
            for column, second in enumerate(self.matrix.names):
                found = self.matrix.cells.get((row, column))
                if found is not None:
                    ends = (found.interval.low, found.interval.high) if found.interval else (None, None)
                    rows.append([column_label(first), column_label(second), str(self.matrix.method), found.value, *ends,
                                 found.n, found.dropped, found.reason])  # fmt: skip
        return ["row", "column", "method", "coefficient", "low", "high", "n", "dropped", "reason"], rows

    def _figure_cells(self) -> tuple[int, int, int]:
        """Return the width of the names at the side, the height of a row, and that of the names on top."""
        metrics = self.fontMetrics()
        side = max((metrics.horizontalAdvance(column_label(name)) for name in self.matrix.names), default=0) + 18
        return side, metrics.height() + 14, (5 if self._caption else 3) * metrics.height() + 8

    def _widest_word(self) -> int:
        words = (word for name in self.matrix.names for word in column_label(name).split())
        return max((self.fontMetrics().horizontalAdvance(word) for word in words), default=0) + 12

    def point_at(self, row: str, column: str) -> None:
        """Mark the cell that the scatter shows."""
        names = self._model.matrix.names
        if row in names and column in names:
            self.setCurrentIndex(self._model.index(names.index(row), names.index(column)))

    def _fit_sections(self) -> None:
        """Make every coefficient fit at the present text size."""
        metrics = self.fontMetrics()
        self.horizontalHeader().setMinimumSectionSize(
            max(58, metrics.horizontalAdvance(signed(-0.99)) + 18, self._widest_word() + 12)
        )
        lines = max((len(column_label(name).split()) for name in self.matrix.names), default=1)
        self.horizontalHeader().setMinimumHeight(lines * metrics.height() + 12)
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


def tint(value: float | None, tokens: Tokens) -> QColor:
    """Return the ground of a coefficient: the stronger, the fuller its colour."""
    ground = QColor(tokens.surface)
    if value is None:
        return ground
    share = _STRONGEST * abs(value)
    end = _POSITIVE if value > 0 else _NEGATIVE
    return QColor(
        round(ground.red() + share * (end.red() - ground.red())),
        round(ground.green() + share * (end.green() - ground.green())),
        round(ground.blue() + share * (end.blue() - ground.blue())),
    )


def ink_for(value: float | None, tokens: Tokens) -> QColor:
    """Return the colour of a coefficient's number: black or white, whichever stands out more from its tint."""
    if value is None:
        return QColor(tokens.text_muted)
    ground = tint(value, tokens)
    shares = (ground.redF(), ground.greenF(), ground.blueF())
    # WCAG relative luminance.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return QColor("#000000") if luminance > 0.179 else QColor("#ffffff")
