"""The table that shows a `MetricTableModel`: two lines a cell, family headings across that open and close."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from planetview.core.catalogue import Family
from planetview.gui import local_keys
from planetview.gui.models.metric_cells import CellState
from planetview.gui.models.metric_columns import BAR, ColumnKind
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.theme import Theme
from planetview.gui.views.metric_delegate import PADDING, MetricDelegate

_MIN_COLUMN = 96
_MAX_COLUMN = 320
_MAX_HEADING = 184
# What the style sheet leaves beside the text of a heading, and its border.
_HEADING_MARGINS = 20
# So many columns are measured each; of more, all get the widest of the first few, in a turn of its own: 200 take 20 ms.
_MEASURED, _MEASURED_OF_MANY = 8, 3


class MetricTableView(QTableView):
    """Shows the metric table; the row headings stay while the candidates scroll sideways."""

    current_changed = Signal(QModelIndex)
    copy_requested = Signal()
    columns_moved = Signal(tuple)  # ids of the shown columns, in their new order
    sort_wanted = Signal(int)  # the column whose heading was clicked
    widths_changed = Signal()  # `needed_width` is another

    def __init__(self, model: MetricTableModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metrics = model
        self._theme = theme
        self._delegate = MetricDelegate(theme, self)
        self._current: tuple[MetricRow | Family, str] | None = None
        self._widths: list[int] | None = None
        self._is_moving, self._content = False, -1
        self._fitting = QTimer(self, singleShot=True, interval=0)
        self._fitting.timeout.connect(self._fit_many)
        self._showing = QTimer(self, singleShot=True, interval=0)
        self._showing.timeout.connect(partial(self.viewport().setUpdatesEnabled, True))
        self.setAccessibleName(self.tr("Metric table"))
        # Arrow keys move between cells; Tab leaves the table.
        self.setTabKeyNavigation(False)
        self.setItemDelegate(self._delegate)
        self.setShowGrid(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._set_up_headers()
        self._add_actions()
        self.horizontalScrollBar().valueChanged.connect(self.viewport().update)
        self.setModel(model)
        model.modelReset.connect(self._on_reset)
        model.dataChanged.connect(self._forget_widths)
        self.clicked.connect(self._on_clicked)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._on_reset()

    @property
    def is_stale(self) -> bool:
        """Whether the numbers are painted as those of other sets or settings."""
        return self._delegate.is_stale

    @property
    def is_fitting(self) -> bool:
        """Whether very many columns get their widths in a later turn, and are seen in the one after it."""
        return self._fitting.isActive() or self._showing.isActive()

    def show_stale(self, is_stale: bool) -> None:
        """Paint all numbers quietly, or as usual again."""
        self._delegate.is_stale = is_stale
        self.viewport().update()

    def needed_width(self) -> int:
        """Return the width in which no column is cut, 0 before there are any."""
        if self._widths is None:
            return 0
        return sum(self._widths) + self.verticalHeader().width() + self.verticalScrollBar().sizeHint().width()

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

    def go_to(self, row: MetricRow, candidate: str) -> bool:
        """Make the cell of a metric and candidate current; False where it is not shown."""
        rows, ids = self._metrics.rows, [column.candidate for column in self._metrics.columns]
        if row not in rows or candidate not in ids:
            return False
        index = self._metrics.index(rows.index(row), ids.index(candidate))
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        if current.isValid():
            self._current = (self._metrics.rows[current.row()], self._metrics.columns[current.column()].id)
        self.current_changed.emit(self._metrics.index(current.row(), current.column()))

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
            event.accept()
            return
        if self._fold_by_key(event.key()):
            event.accept()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._forget_widths()
            self._fit_rows()
            self._fit_columns()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._metrics.items and not self._metrics.rows:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._theme.tokens.text_muted))
            painter.drawText(
                self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.tr("No row matches the filter.")
            )
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._fitting.isActive():
            self._fit_columns()

    def _set_up_headers(self) -> None:
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setHighlightSections(False)
        across.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        across.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        across.setSectionsMovable(True)
        across.setSectionsClickable(True)
        across.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        across.sectionClicked.connect(self.sort_wanted)
        across.sectionMoved.connect(self._on_section_moved)
        down.setHighlightSections(False)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setTextElideMode(Qt.TextElideMode.ElideNone)
        down.sectionClicked.connect(self._fold)

    def _add_actions(self) -> None:
        for text, keys, slot in (
            (self.tr("Copy"), "", self.copy_requested.emit),
            (self.tr("Open all groups"), "", lambda: self._fold_all(frozenset())),
            (self.tr("Close all groups"), "", lambda: self._fold_all(frozenset(Family))),
            (self.tr("Move column left"), "Alt+Shift+Left", lambda: self._move_column(-1)),
            (self.tr("Move column right"), "Alt+Shift+Right", lambda: self._move_column(1)),
            (
                self.tr("Sort by this column"),
                "Alt+Shift+Down",
                lambda: self.sort_wanted.emit(self.currentIndex().column()),
            ),
        ):
            action = QAction(text, self)
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            if keys:
                local_keys.bind(action, local_keys.TABLE)
            action.triggered.connect(slot)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _fold_all(self, closed: frozenset[Family]) -> None:
        self._metrics.choose_rows(replace(self._metrics.row_choice, closed=closed))

    def _move_column(self, step: int) -> None:
        """Exchange the current column with its neighbour on the left (-1) or right (1)."""
        ids, place = [column.id for column in self._metrics.columns], self.currentIndex().column()
        if place >= 0 and 0 <= place + step < len(ids):
            ids[place], ids[place + step] = ids[place + step], ids[place]
            self.columns_moved.emit(tuple(ids))

    def _fold_by_key(self, key: int) -> bool:
        """Open or close the family whose heading is current; False where another cell is, or the key says neither."""
        index = self.currentIndex()
        item = self._metrics.rows[index.row()] if index.isValid() else None
        if not isinstance(item, Family):
            return False
        is_closed = item in self._metrics.row_choice.closed
        toggles = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if toggles or key == (Qt.Key.Key_Right if is_closed else Qt.Key.Key_Left):
            self._metrics.toggle_family(item)
            return True
        return False

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self._fold(index.row())

    @Slot(int)
    def _fold(self, row: int) -> None:
        if isinstance(item := self._metrics.rows[row], Family):
            self._metrics.toggle_family(item)

    @Slot(int, int, int)
    def _on_section_moved(self, _logical: int, _old: int, _new: int) -> None:
        if not self._is_moving:
            self._is_moving = True
            # Columns stand in the model's order, for the spans of the headings: it is told once the drag has ended.
            QTimer.singleShot(0, self, self._hand_over_order)

    def _hand_over_order(self) -> None:
        header = self.horizontalHeader()
        order = [header.logicalIndex(place) for place in range(header.count())]
        for place in range(header.count()):
            header.moveSection(header.visualIndex(place), place)
        self._is_moving = False
        self.columns_moved.emit(tuple(self._metrics.columns[column].id for column in order))

    @Slot()
    def _on_theme_changed(self) -> None:
        # Beyond the last section a heading paints the window's colour, which looks like a section of its own.
        for header in (self.horizontalHeader(), self.verticalHeader()):
            palette = header.palette()
            palette.setColor(QPalette.ColorRole.Window, QColor(self._theme.tokens.surface))
            header.setPalette(palette)

    def _forget_widths(self) -> None:
        # Columns that move under the eye while values arrive are worse than a number cut short until the end.
        self._widths = None

    def _on_reset(self) -> None:
        if self._content != self._metrics.content:
            self._content = self._metrics.content
            self._forget_widths()
        self.clearSpans()
        columns = self._metrics.columnCount()
        for row, item in enumerate(self._metrics.rows):
            if isinstance(item, Family) and columns > 1:
                self.setSpan(row, 0, 1, columns)
        self._delegate.has_bars = self._metrics.column_choice.shows(BAR)
        self._fit_rows()
        if columns > _MEASURED and self._widths is None:
            # Until then the old picture stays: columns would be seen to move.
            self.viewport().setUpdatesEnabled(False)
            self._fitting.start()
        else:
            self._fit_columns()
        self._restore_current()

    def _restore_current(self) -> None:
        """Stay on the metric that was current; else begin with the first one."""
        rows, columns = self._metrics.rows, self._metrics.columns
        if not rows or not columns:
            return
        first = next((i for i, column in enumerate(columns) if column.kind is ColumnKind.CANDIDATE), 0)
        item, id = self._current or (None, "")
        row = rows.index(item) if item in rows else min(1, len(rows) - 1)
        ids = [column.id for column in columns]
        self.setCurrentIndex(self._metrics.index(row, ids.index(id) if id in ids else first))

    def _fit_rows(self) -> None:
        height, heading = self._delegate.row_height(self.font()), self.fontMetrics().height() + 2 * PADDING
        widest = round(_MAX_HEADING * self._text_scale())
        room = QRect(0, 0, widest - _HEADING_MARGINS, 0)
        for row, item in enumerate(self._metrics.rows):
            if isinstance(item, Family):
                self.setRowHeight(row, heading)
                continue
            title = self.fontMetrics().boundingRect(room, Qt.TextFlag.TextWordWrap, self._metrics.row_title(row))
            self.setRowHeight(row, max(height, title.height() + 2 * PADDING))
        self.verticalHeader().setMaximumWidth(widest)

    def _text_scale(self) -> float:
        """Return how large the text is; the bounds of rows and columns grow with it."""
        return self.fontMetrics().height() / 15

    def _fit_columns(self) -> None:
        """Give every column what its numbers need, measured once for each content, and its part of the spare width."""
        count = self._metrics.columnCount()
        if not count:
            return
        scale = self._text_scale()
        if self._widths is None:
            first = range(count if count <= _MEASURED else _MEASURED_OF_MANY)
            measured = [self._content_width(column) for column in first]
            widths = measured + [max(measured)] * (count - len(measured))
            self._widths = [max(round(_MIN_COLUMN * scale), width) for width in widths]
            self.widths_changed.emit()
        spare = max(0, self.viewport().width() - sum(self._widths)) // count
        for column, width in enumerate(self._widths):
            wanted = min(width + spare, max(width, round(_MAX_COLUMN * scale)))
            if wanted != self.columnWidth(column):
                self.setColumnWidth(column, wanted)

    @Slot()
    def _fit_many(self) -> None:
        self._fit_columns()
        self._showing.start()

    def _content_width(self, column: int) -> int:
        """Return what the widest number of a column needs; reasons are elided, the tooltip has them in full."""
        rows = (row for row, item in enumerate(self._metrics.rows) if isinstance(item, MetricRow))
        cells = (self._metrics.cell(row, column) for row in rows)
        ready = [self._delegate.width_of(cell, self.font()) for cell in cells if cell.state is CellState.READY]
        return max(ready, default=0)
