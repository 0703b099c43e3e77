"""A grid of tiles, each an image beside its nearest reference and its nearest held-out image."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    QTimerEvent,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from planetview.core.datasets import ImageRecord
from planetview.core.formatting import format_value
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_list import NeighbourListModel, Partner, Tile
from planetview.gui.models.roles import TileRole
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.tile_painting import paint_elided, paint_thumbnail, small_font

EDGE_MIN, EDGE_MAX, EDGE_DEFAULT = 64, 256, 112
_PADDING = 10
_GAP = 6
_MARGIN = 4
_RELAYOUT_MS = 100


class TripleDelegate(QStyledItemDelegate):
    """Paints one tile: images in a row, under each its role, distance and name."""

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thumbs = thumbs
        self.edge_px = EDGE_DEFAULT
        self.images_per_tile = 3
        self.cell_size = QSize()
        self.query_role = ""
        self.query_colour = ""
        self.selected: Mask | None = None

    def tile_size(self, metrics: QFontMetrics) -> QSize:
        """Return the size of every tile."""
        wide = self.images_per_tile * (self.edge_px + _GAP) - _GAP
        # Badge line above, two caption lines below.
        high = self.edge_px + 3 * metrics.height() + _GAP
        return QSize(wide + 2 * (_PADDING + _MARGIN), high + 2 * (_PADDING + _MARGIN))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return self.cell_size

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tile: Tile | None = index.data(TileRole.TILE)
        if tile is None:
            return
        tokens = self._theme.tokens
        painter.save()
        painter.setFont(small_font(option.font))
        card = QRect(QPoint(), self.tile_size(painter.fontMetrics()) - QSize(2 * _MARGIN, 2 * _MARGIN))
        card.moveCenter(option.rect.center())
        is_selected = self.selected is not None and bool(self.selected[tile.index])
        self._paint_card(painter, card, option, is_selected)
        line = painter.fontMetrics().height()
        inside = card.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
        self._paint_badges(painter, QRect(inside.left(), inside.top(), inside.width(), line), tile, is_selected)
        left, top = inside.left(), inside.top() + line
        own = _Part(tile.dataset, tile.record, self.query_role, self.query_colour, None)
        parts = [own, _part(tile.reference, self.tr("reference"), tokens.reference)]
        if tile.held_out is not None:
            parts.append(_part(tile.held_out, self.tr("held-out"), tokens.held_out))
        for part in parts:
            area = QRect(left, top, self.edge_px, self.edge_px)
            pixmap = self._thumbs.get(part.record, self.edge_px, part.dataset, option.widget.devicePixelRatioF())
            paint_thumbnail(painter, area, pixmap, self._thumbs.problem(part.record, part.dataset), tokens)
            painter.fillRect(QRect(left, area.bottom() + 1, self.edge_px, 3), QColor(part.colour))
            caption = QRect(left, area.bottom() + _GAP, self.edge_px, line)
            painter.setPen(QColor(tokens.text))
            paint_elided(painter, caption, part.caption)
            painter.setPen(QColor(tokens.text_muted))
            paint_elided(painter, caption.translated(0, line), part.record.name, middle=True)
            left += self.edge_px + _GAP
        painter.restore()

    def _paint_card(self, painter: QPainter, card: QRect, option: QStyleOptionViewItem, is_selected: bool) -> None:
        tokens = self._theme.tokens
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)
        has_focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.fillRect(card, QColor(tokens.surface_alt if is_current or is_hovered else tokens.surface))
        ring = tokens.accent if is_current or is_selected else tokens.border
        width = 3 if is_current and has_focus else 2 if is_current or is_selected else 1
        style = Qt.PenStyle.DashLine if is_selected and not is_current else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(ring), width, style))
        painter.drawRect(card.adjusted(1, 1, -2, -2))

    def _paint_badges(self, painter: QPainter, area: QRect, tile: Tile, is_selected: bool) -> None:
        tokens = self._theme.tokens
        words = self.tr("✓ selected") if is_selected else f"#{tile.index + 1:,}"
        painter.setPen(QColor(tokens.accent if is_selected else tokens.text_muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        if tile.is_much_nearer:
            painter.setPen(QColor(tokens.warning))
            badge = self.tr("▲ nearer to reference")
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, badge)


class _Part(NamedTuple):
    dataset: str
    record: ImageRecord
    role: str
    colour: str
    distance: float | None

    @property
    def caption(self) -> str:
        return self.role if self.distance is None else f"{self.role} {format_value(self.distance)}"


def _part(partner: Partner, role: str, colour: str) -> _Part:
    return _Part(partner.dataset, partner.record, role, colour, partner.distance)


class ImageGrid(QListView):
    """The virtualised grid; only tiles in view are asked for their images."""

    image_chosen = Signal(int)  # position in the dataset of the tile that became current by hand
    image_opened = Signal(int)  # double-click or Enter
    copy_requested = Signal()  # Ctrl+C

    def __init__(
        self, model: NeighbourListModel, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tiles = model
        self._is_told = False
        self._awaited: QPersistentModelIndex | None = None
        self.delegate = TripleDelegate(theme, thumbs, self)
        self.setAccessibleName(self.tr("Nearest neighbours"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        # This combination shows 50,000 tiles in 18 ms; the plain icon mode takes 430.
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(500)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self._relayout = QTimer(self, singleShot=True, interval=_RELAYOUT_MS)
        self._relayout.timeout.connect(self.fit_tiles)
        self.setModel(model)
        self.fit_tiles()
        self.doubleClicked.connect(self._on_double_clicked)
        theme.changed.connect(self.viewport().update)
        thumbs.refreshed.connect(self.viewport().update)

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
        self._bring_into_view(index)

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
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.image_opened.emit(self._tiles.image_at(self.currentIndex().row()))
            event.accept()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
            event.accept()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._set_grid()
        super().resizeEvent(event)

    @Slot()
    def fit_tiles(self) -> None:
        """Lay out anew for the current thumbnail size and font."""
        self._set_grid()
        if self.currentIndex().isValid():
            self._bring_into_view(self.currentIndex())

    def _set_grid(self) -> None:
        """Share the width among as many columns as fit."""
        tile = self.delegate.tile_size(QFontMetrics(small_font(self.font())))
        # One pixel less: a row that fills the view exactly is wrapped.
        width = self.viewport().width() - 1
        cell = QSize(max(tile.width(), width // max(1, width // tile.width())), tile.height())
        if cell != self.gridSize():
            self.delegate.cell_size = cell
            self.setGridSize(cell)

    @Slot(QModelIndex)
    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.image_opened.emit(self._tiles.image_at(index.row()))
