"""The table that shows a `WeightTableModel`: whole rows are chosen, the current cell has a frame."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QColor, QPainter
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

from planetview.gui.models.weight_table import Column, WeightTableModel
from planetview.gui.theme import Theme

_WIDTHS = {Column.UNLOCKS: 220, Column.NOTE: 200}


class _FramedFocus(QStyledItemDelegate):
    """Frames the current cell; the style would lay a veil over its text."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        has_focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
        option.state &= ~QStyle.StateFlag.State_HasFocus
        super().paint(painter, option, index)
        if has_focus:
            painter.save()
            painter.setPen(QColor(self._theme.tokens.text))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
            painter.restore()


def weight_table_view(model: WeightTableModel, theme: Theme, parent: QWidget) -> QTableView:
    """Return the table around a model."""
    table = QTableView(parent)
    table.setModel(model)
    table.setItemDelegate(_FramedFocus(theme, table))
    table.setAccessibleName(table.tr("Weight files"))
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setTabKeyNavigation(False)
    table.setCornerButtonEnabled(False)
    table.setWordWrap(False)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setStretchLastSection(True)
    for column in Column:
        if column in _WIDTHS:
            table.setColumnWidth(column, _WIDTHS[column])
        else:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
    return table
