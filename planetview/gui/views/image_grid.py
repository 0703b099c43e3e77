"""A grid of tiles: one is current, any number are selected; only those in view are asked for their images."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    QTimerEvent,
    Signal,
    Slot,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from planetview.gui.models.neighbour_list import NeighbourListModel
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.rubber_band import RubberBand
from planetview.gui.views.tile_delegate import EDGE_DEFAULT, TileDelegate
from planetview.gui.views.tile_painting import small_font

__all__ = ["EDGE_DEFAULT", "EDGE_MAX", "EDGE_MIN", "ImageGrid"]

EDGE_MIN, EDGE_MAX = 64, 256
_RELAYOUT_MS = 100
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_ARROWS = frozenset(
    (
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
        Qt.Key.Key_Home, Qt.Key.Key_End,
    )
)  # fmt: skip


class ImageGrid(QListView):
    """The virtualised grid.

    A click makes a tile current and leaves the selection alone; Ctrl and Space change one, Shift a row of them,
    dragging those under the frame. The selection itself is kept by whoever listens: Qt's own takes half a
    second for ten thousand scattered tiles.
    """

    image_chosen = Signal(int)  # position in the dataset of the tile that became current by hand
    image_opened = Signal(int)  # double-click or Enter
    copy_requested = Signal()  # Ctrl+C
    toggled = Signal(int)  # position of the image to select or not
    selection_wished = Signal(object, bool)  # mask over the dataset; whether it joins what is selected

    def __init__(
        self, model: NeighbourListModel, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tiles = model
        self._is_told = False
        self._anchor = 0
        self._awaited: QPersistentModelIndex | None = None
        self.delegate = TileDelegate(theme, thumbs, self)
        self.setAccessibleName(self.tr("Nearest neighbours"))
        self.setAccessibleDescription(
            self.tr("Enter opens the large view, Space selects, F flags, X leaves out of the next run, 0 to 5 rate.")
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        # This combination shows 50,000 tiles in 18 ms; the plain icon mode takes 430.
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(500)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self._band = RubberBand(self)
        self._band.framed.connect(self._on_framed)
        self._relayout = QTimer(self, singleShot=True, interval=_RELAYOUT_MS)
        self._relayout.timeout.connect(self.fit_tiles)
        self.setModel(model)
        self.fit_tiles()
        self.doubleClicked.connect(self._on_double_clicked)
        theme.changed.connect(self.viewport().update)
        thumbs.refreshed.connect(self.viewport().update)

    def key_words(self) -> tuple[tuple[str, str], ...]:
        """Return (what they do, keys) of the keys that no action has, for the key sheet."""
        return (
            (self.tr("Open the large view"), self.tr("Enter")),
            (self.tr("Select the tile, or no longer"), self.tr("Space")),
            (self.tr("Select a row of tiles"), self.tr("Shift+arrows")),
            (self.tr("Select all shown"), "Ctrl+A"),
            (self.tr("Copy the path of the image"), "Ctrl+C"),
        )

    def set_edge(self, edge_px: int) -> None:
        """Set the longer side of thumbnails; the grid follows once the slider rests."""
        self.delegate.edge_px = edge_px
        self._relayout.start()

    def reveal(self, row: int) -> None:
        """Make a row current and bring it into view, without reporting it as chosen by hand."""
        index = self._tiles.index(row)
        self._is_told = True
        self.setCurrentIndex(index)
        self._is_told = False
        self._anchor = row
        self._bring_into_view(index)

    def select_all(self) -> None:
        """Wish for all tiles shown."""
        if self._tiles.rowCount():
            self.selection_wished.emit(self._tiles.rows_mask(0, self._tiles.rowCount() - 1), False)

    def select_none(self) -> None:
        """Wish for no tile."""
        self.selection_wished.emit(self._tiles.rows_mask(0, -1), False)

    def keyboardSearch(self, _typed: str) -> None:
        """Do nothing: letters are commands here, and Qt would ask 50,000 tiles for their names."""

    def _bring_into_view(self, index: QModelIndex | QPersistentModelIndex) -> None:
        self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        # Batches lay out 500 tiles at a time; scrolling to one that has no place yet does nothing.
        is_there = self.viewport().rect().intersects(self.visualRect(index))
        self._awaited = None if is_there else QPersistentModelIndex(index)

    def timerEvent(self, event: QTimerEvent) -> None:
        super().timerEvent(event)
        if self._awaited is not None and self._awaited.isValid():
            self._bring_into_view(self._awaited)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().currentChanged(current, previous)
        self._awaited = None
        if current.isValid() and not self._is_told:
            self.image_chosen.emit(self._tiles.image_at(current.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, is_extending = self.currentIndex().row(), bool(event.modifiers() & _SHIFT)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.image_opened.emit(self._tiles.image_at(row))
        elif event.key() == Qt.Key.Key_Space and row >= 0:
            self._toggle(row)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() in _ARROWS:
            self._walk(event, is_extending)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def _walk(self, event: QKeyEvent, is_extending: bool) -> None:
        # Qt would take Shift for a selection of its own.
        plain = QKeyEvent(event.type(), event.key(), event.modifiers() & ~_SHIFT, event.text())
        super().keyPressEvent(plain)
        if is_extending:
            self._extend_to(self.currentIndex().row(), joins=False)
        else:
            self._anchor = self.currentIndex().row()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index, modifiers = self.indexAt(event.position().toPoint()), event.modifiers()
        is_left = event.button() is Qt.MouseButton.LeftButton
        if is_left and index.isValid() and modifiers & (_CTRL | _SHIFT):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            if modifiers & _SHIFT:
                self._extend_to(index.row(), joins=bool(modifiers & _CTRL))
            else:
                self._toggle(index.row())
            self.setCurrentIndex(index)
            event.accept()
            return
        super().mousePressEvent(event)
        if is_left:
            self._band.press(event.position().toPoint(), joins=bool(modifiers & _CTRL))
            if index.isValid():
                self._anchor = index.row()
            elif not modifiers:
                self.select_none()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        # Qt's own dragging would make every tile on the way current.
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._band.move(event.position().toPoint())
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._band.release()
        super().mouseReleaseEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_grid()
        super().resizeEvent(event)

    def _toggle(self, row: int) -> None:
        self._anchor = row
        self.toggled.emit(self._tiles.image_at(row))

    def _extend_to(self, row: int, joins: bool) -> None:
        first, last = sorted((min(self._anchor, self._tiles.rowCount() - 1), row))
        self.selection_wished.emit(self._tiles.rows_mask(first, last), joins)

    @Slot(QRect, bool)
    def _on_framed(self, area: QRect, joins: bool) -> None:
        """Select the tiles that a frame touches; `area` counts from the top of all tiles."""
        self.selection_wished.emit(self._tiles.images_mask(self._rows_in(area)), joins)

    def _rows_in(self, area: QRect) -> list[int]:
        cell, total = self.gridSize(), self._tiles.rowCount()
        across = max(1, (self.viewport().width() - 1) // cell.width())
        columns = range(max(0, area.left() // cell.width()), min(across - 1, area.right() // cell.width()) + 1)
        lines = range(max(0, area.top() // cell.height()), area.bottom() // cell.height() + 1)
        return [row for line in lines for column in columns if (row := line * across + column) < total]

    @Slot()
    def fit_tiles(self) -> None:
        """Lay out anew for the current thumbnail size, contents and font."""
        self._set_grid()
        if self.currentIndex().isValid():
            self._bring_into_view(self.currentIndex())

    def _set_grid(self) -> None:
        """Share the width among as many columns as fit."""
        # One pixel less: a row that fills the view exactly is wrapped.
        width = self.viewport().width() - 1
        tile = self.delegate.fit(QFontMetrics(small_font(self.font())), width)
        cell = QSize(max(tile.width(), width // max(1, width // tile.width())), tile.height())
        if cell != self.gridSize():
            self.delegate.cell_size = cell
            self.setGridSize(cell)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.image_opened.emit(self._tiles.image_at(index.row()))
