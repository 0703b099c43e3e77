"""The table that shows a `MetricTableModel`: two lines a cell, family headings across."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QEvent, QItemSelection, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from planetview.core.catalogue import Family
from planetview.gui.models.metric_table import Cell, CellState, MetricRow, MetricTableModel
from planetview.gui.models.roles import CellRole
from planetview.gui.theme import Theme
from planetview.gui.views.tile_painting import small_font

_PADDING = 6
_SPREAD_GAP = 4
_LINE_GAP = 2
_MIN_COLUMN = 96
_MAX_COLUMN = 240
_MAX_HEADING = 184
# What the style sheet leaves beside the text of a heading, and its border.
_HEADING_MARGINS = 20


class MetricDelegate(QStyledItemDelegate):
    """Paints a cell's value above its standing to the noise floor, right-aligned."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        cell: Cell = index.data(CellRole.CELL)
        tokens = self._theme.tokens
        model = index.model()
        is_heading = isinstance(model, MetricTableModel) and isinstance(model.rows[index.row()], Family)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        fill = tokens.accent if is_chosen else tokens.surface_alt if is_heading else None
        painter.save()
        if fill is not None:
            painter.fillRect(option.rect, QColor(fill))
        area = option.rect.adjusted(_PADDING, 0, -_PADDING, 0)
        if is_heading and isinstance(option.widget, QTableView):
            # The text of a heading stays in sight while the columns under it scroll.
            area.setLeft(max(area.left(), _PADDING))
            area.setRight(min(area.right(), option.widget.viewport().width() - _PADDING))
        strong = QColor(tokens.accent_text if is_chosen else tokens.text)
        quiet = QColor(tokens.accent_text if is_chosen else tokens.text_muted)
        if is_heading:
            painter.setFont(option.font)
            painter.setPen(quiet)
            elided = option.fontMetrics.elidedText(cell.main, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        else:
            _paint_lines(painter, area, option.font, cell, (strong, quiet))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(tokens.text))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self.width_of(index.data(CellRole.CELL), option.font), row_height(option.font))

    @staticmethod
    def width_of(cell: Cell, font: QFont) -> int:
        """Return the width that shows both lines of a cell in full."""
        small = small_font(font).toString()
        spread = _advance(small, cell.spread) + _SPREAD_GAP if cell.spread else 0
        main = _advance(main_font(font, cell).toString(), cell.main)
        return max(main + spread, _advance(small, cell.sub)) + 2 * _PADDING + 2


@lru_cache(maxsize=4096)
def _advance(font: str, text: str) -> int:
    """Return the width of `text`; every change of the table asks again for the same few hundred."""
    described = QFont()
    described.fromString(font)
    return QFontMetrics(described).horizontalAdvance(text)


def _paint_lines(painter: QPainter, area: QRect, font: QFont, cell: Cell, pens: tuple[QColor, QColor]) -> None:
    strong, quiet = pens
    bold, small = main_font(font, cell), small_font(font)
    bold_metrics, small_metrics = QFontMetrics(bold), QFontMetrics(small)
    height = bold_metrics.height() + (small_metrics.height() + _LINE_GAP if cell.sub else 0)
    line = QRect(area.left(), area.center().y() - height // 2, area.width(), bold_metrics.height())
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    elide = Qt.TextElideMode.ElideRight
    below = QRect(area.left(), line.bottom() + 1 + _LINE_GAP, area.width(), small_metrics.height())
    painter.setFont(small)
    painter.setPen(quiet)
    if cell.sub:
        painter.drawText(below, right, small_metrics.elidedText(cell.sub, elide, area.width()))
    if cell.spread:
        painter.drawText(line, right, cell.spread)
        line.setRight(line.right() - small_metrics.horizontalAdvance(cell.spread) - _SPREAD_GAP)
    painter.setFont(bold)
    painter.setPen(strong if cell.state is CellState.READY else quiet)
    painter.drawText(line, right, bold_metrics.elidedText(cell.main, elide, line.width()))


def main_font(font: QFont, cell: Cell) -> QFont:
    """Return the font of a cell's first line: bold for the best of its row, italic where there is no value."""
    font = QFont(font)
    font.setBold(cell.is_best)
    font.setItalic(cell.state is not CellState.READY)
    return font


def row_height(font: QFont) -> int:
    """Return the height of a row with two lines."""
    return QFontMetrics(font).height() + QFontMetrics(small_font(font)).height() + _LINE_GAP + 2 * _PADDING


class MetricTableView(QTableView):
    """Shows the metric table; the row headings stay while the candidates scroll sideways."""

    current_changed = Signal(QModelIndex)
    copy_requested = Signal()

    def __init__(self, model: MetricTableModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metrics = model
        self._current: tuple[MetricRow | Family, str | None] | None = None
        self._widths: list[int] | None = None
        self.setAccessibleName(self.tr("Metric table"))
        self.setItemDelegate(MetricDelegate(theme, self))
        self.setShowGrid(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.verticalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.horizontalScrollBar().valueChanged.connect(self.viewport().update)
        self.setModel(model)
        model.modelReset.connect(self._on_reset)
        model.modelAboutToBeReset.connect(self._forget_widths)
        model.dataChanged.connect(self._forget_widths)
        self._on_reset()

    def chosen_block(self) -> tuple[list[int], list[int]]:
        """Return the rows and columns of the selection where it is more than one cell, else all."""
        rows = range(self._metrics.rowCount())
        columns = range(self._metrics.columnCount())
        ranges = self.selectionModel().selection().toList()
        cells = sum(part.width() * part.height() for part in ranges)
        if cells <= 1:
            return list(rows), list(columns)
        return (
            [row for row in rows if any(part.top() <= row <= part.bottom() for part in ranges)],
            [column for column in columns if any(part.left() <= column <= part.right() for part in ranges)],
        )

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self._current = (self._metrics.rows[current.row()], self._metrics.candidate_at(current.column()))
        self.current_changed.emit(self._metrics.index(current.row(), current.column()))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
            event.accept()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._forget_widths()
            self._fit_rows()
            self._fit_columns()

    def _forget_widths(self) -> None:
        # Columns that move under the eye while values arrive are worse than a number cut short until the end.
        self._widths = None

    def _on_reset(self) -> None:
        self.clearSpans()
        columns = self._metrics.columnCount()
        for row, item in enumerate(self._metrics.rows):
            if isinstance(item, Family) and columns > 1:
                self.setSpan(row, 0, 1, columns)
        self._fit_rows()
        self._fit_columns()
        self._restore_current()

    def _restore_current(self) -> None:
        """Stay on the metric that was current; else begin with the first one."""
        rows = self._metrics.rows
        if not rows or not self._metrics.columnCount():
            return
        names = self._metrics.candidates
        item, name = self._current or (None, names[0])
        row = rows.index(item) if item in rows else min(1, len(rows) - 1)
        # Without a name the noise floor was current: the first column, unless each cell names its own now.
        column = 0 if name is None else self._metrics.column_of(name if name in names else names[0])
        self.setCurrentIndex(self._metrics.index(row, column))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_rows(self) -> None:
        height, heading = row_height(self.font()), self.fontMetrics().height() + 2 * _PADDING
        widest = round(_MAX_HEADING * self._text_scale())
        room = QRect(0, 0, widest - _HEADING_MARGINS, 0)
        for row, item in enumerate(self._metrics.rows):
            title = self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, self._metrics.row_title(row))
            needed = title.height() + 2 * _PADDING
            self.setRowHeight(row, heading if isinstance(item, Family) else max(height, needed))
        self.verticalHeader().setMaximumWidth(widest)

    def _text_scale(self) -> float:
        """Return how large the text is; the bounds of rows and columns grow with it."""
        return self.fontMetrics().height() / 15

    def _fit_columns(self) -> None:
        """Give every column what its numbers need, measured once for each content, and its part of the spare width."""
        columns, scale = range(self._metrics.columnCount()), self._text_scale()
        if columns:
            if self._widths is None:
                self._widths = [max(round(_MIN_COLUMN * scale), self._content_width(column)) for column in columns]
            widths = self._widths
            spare = max(0, self.viewport().width() - sum(widths)) // len(columns)
            for column, width in zip(columns, widths, strict=True):
                self.setColumnWidth(column, min(width + spare, max(width, round(_MAX_COLUMN * scale))))

    def _content_width(self, column: int) -> int:
        """Return what the widest number of a column needs; reasons are elided, the tooltip has them in full."""
        delegate = self.itemDelegate()
        assert isinstance(delegate, MetricDelegate)
        rows = (row for row, item in enumerate(self._metrics.rows) if isinstance(item, MetricRow))
        cells = (self._metrics.cell(row, column) for row in rows)
        return max((delegate.width_of(cell, self.font()) for cell in cells if cell.state is CellState.READY), default=0)
