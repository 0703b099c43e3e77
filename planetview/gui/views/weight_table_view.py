"""The table that shows a `WeightTableModel`: whole rows are chosen, the current cell has a frame."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QSize
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

from planetview.gui.models.weight_table import Column, WeightTableModel, column_title
from planetview.gui.theme import Theme

_PADDING = 8
# The tooltip and the details have long texts in full.
_MOST_LETTERS = 28


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


class WeightTableView(QTableView):
    """Chooses whole rows. Widths are measured once for each content: asking every cell at each layout took 120 ms."""

    def __init__(self, model: WeightTableModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights = model
        self.setItemDelegate(_FramedFocus(theme, self))
        self.setAccessibleName(self.tr("Weight files"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setStretchLastSection(True)
        self.setModel(model)
        model.dataChanged.connect(self._on_data_changed)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _on_data_changed(self, _first: QModelIndex, _last: QModelIndex, roles: list[int]) -> None:
        if not roles:
            self._fit()

    def _fit(self) -> None:
        metrics = self.fontMetrics()
        line = metrics.height()
        self.setIconSize(QSize(line, line))
        self.verticalHeader().setDefaultSectionSize(line + 2 * _PADDING)
        for column in Column:
            texts = (str(self._weights.index(row, column).data()) for row in range(self._weights.rowCount()))
            widest = max(metrics.horizontalAdvance(text) for text in (column_title(column), *texts))
            icon = line + _PADDING if column is Column.STATE else 0
            most = _MOST_LETTERS * metrics.averageCharWidth() if column in (Column.UNLOCKS, Column.NOTE) else widest
            self.setColumnWidth(column, min(widest, most) + icon + 3 * _PADDING)
