"""A grid of image tiles that a plot has picked: one image a tile, or a pair side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from planetview.core.results import Results
from planetview.core.selection import ImageRef
from planetview.gui.plots.styles import SeriesStyle, dataset_style, draw_marker
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache

EDGE_PX = 96
_GAP_PX = 8
_TILE_ROLE = Qt.ItemDataRole.UserRole + 1

AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Tiles:
    """What a strip shows.

    dataset, index: shape (n, k): which image each of the k places of a tile holds; `dataset` counts in `names`.
    captions: tile number -> two lines of text.
    """

    names: tuple[str, ...]
    dataset: npt.NDArray[np.intp]
    index: npt.NDArray[np.intp]
    captions: Callable[[int], tuple[str, str]]

    def refs(self, tile: int) -> tuple[ImageRef, ...]:
        """Return the images of one tile."""
        return tuple((self.names[int(d)], int(i)) for d, i in zip(self.dataset[tile], self.index[tile], strict=True))


class TileModel(QAbstractListModel):
    """Tiles as a list; texts are made when they are asked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tiles: Tiles | None = None

    def show(self, tiles: Tiles | None) -> None:
        """Replace all tiles."""
        self.beginResetModel()
        self.tiles = tiles
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() or self.tiles is None else int(self.tiles.index.shape[0])

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self.tiles is None or not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join(self.tiles.captions(index.row()))
        if role == _TILE_ROLE:
            return self.tiles.refs(index.row())
        return None


class TileStrip(QListView):
    """The tiles; the current one is the current image of the study."""

    picked = Signal(object)  # ImageRef of the first image of the tile

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, places: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = TileModel(self)
        self._is_following = False
        self._theme, self._empty_text = theme, ""
        self._delegate = _TileDelegate(theme, thumbs, places, self)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(500)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._fit_grid()
        self.setMinimumHeight(self.gridSize().height() + 12)
        thumbs.refreshed.connect(self._on_thumbs_refreshed)
        theme.changed.connect(self._on_thumbs_refreshed)
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    @property
    def tiles(self) -> Tiles | None:
        """What is shown."""
        return self._model.tiles

    def set_empty_text(self, text: str) -> None:
        """Set what stands in the middle while there are no tiles: how to get some."""
        self._empty_text = text
        self.viewport().update()

    def show_tiles(self, results: Results | None, tiles: Tiles | None) -> None:
        """Replace all tiles; their images belong to `results`."""
        self._delegate.use(results)
        if tiles is not None and self._delegate.hold(tiles.index.shape[1]):
            self._fit_grid()
        self._model.show(tiles)

    def follow(self, ref: ImageRef | None) -> None:
        """Make the tile that starts with this image the current one, without telling anybody."""
        row = self._row_of(ref)
        self._is_following = True
        try:
            if row is None:
                self.selectionModel().clear()
            else:
                self.setCurrentIndex(self._model.index(row))
        finally:
            self._is_following = False

    def _row_of(self, ref: ImageRef | None) -> int | None:
        tiles = self._model.tiles
        if ref is None or tiles is None or ref[0] not in tiles.names:
            return None
        here = (tiles.dataset[:, 0] == tiles.names.index(ref[0])) & (tiles.index[:, 0] == ref[1])
        return int(np.argmax(here)) if here.any() else None

    @Slot()
    def _on_thumbs_refreshed(self) -> None:
        self.viewport().update()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid() and not self._is_following:
            refs = now.data(_TILE_ROLE)
            self.picked.emit(refs[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._empty_text and not self._model.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._theme.tokens.text_muted))
            area = self.viewport().rect().adjusted(4 * _GAP_PX, _GAP_PX, -4 * _GAP_PX, -_GAP_PX)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._empty_text)
            painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit_grid()

    def _fit_grid(self) -> None:
        self.setGridSize(self._delegate.tile_size(self.fontMetrics()))


class _TileDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, thumbs: ThumbnailCache, places: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._thumbs, self._places = theme, thumbs, places
        self._results: Results | None = None
        self._styles: dict[str, SeriesStyle] = {}

    def use(self, results: Results | None) -> None:
        self._results = results
        names = [dataset.name for dataset in results.datasets] if results else []
        self._styles = {name: dataset_style(results, name) for name in names} if results else {}

    def hold(self, places: int) -> bool:
        """Set how many images a tile holds; return whether that is another number than before."""
        is_other = places != self._places
        self._places = places
        return is_other

    def tile_size(self, metrics: QFontMetrics) -> QSize:
        width = self._places * (EDGE_PX + _GAP_PX) + 2 * _GAP_PX
        return QSize(max(width, 136), EDGE_PX + 2 * metrics.height() + 4 * _GAP_PX)

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return self.tile_size(option.fontMetrics)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        rect: QRect = option.rect.adjusted(2, 2, -2, -2)
        state: QStyle.StateFlag = option.state
        tokens = self._theme.tokens
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.setBrush(QColor(tokens.surface_alt))
            painter.drawRoundedRect(rect, 6, 6)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(tokens.border), 1))
            painter.drawRoundedRect(rect, 6, 6)
        refs: tuple[ImageRef, ...] = index.data(_TILE_ROLE)
        inner = self._places * EDGE_PX + (self._places - 1) * _GAP_PX
        left = rect.left() + (rect.width() - inner) // 2
        for place, ref in enumerate(refs):
            box = QRect(left + place * (EDGE_PX + _GAP_PX), rect.top() + _GAP_PX, EDGE_PX, EDGE_PX)
            self._paint_image(painter, ref, box)
        self._paint_captions(painter, index, rect)
        painter.restore()

    def _paint_image(self, painter: QPainter, ref: ImageRef, box: QRect) -> None:
        tokens = self._theme.tokens
        if self._results is None:
            return
        record = self._results.dataset(ref[0]).images[ref[1]]
        pixmap = self._thumbs.get(record, EDGE_PX, ref[0])
        if pixmap is None:
            painter.fillRect(box, QColor(tokens.surface_alt))
            problem = self._thumbs.problem(record, ref[0])
            painter.setPen(QColor(tokens.text_muted))
            words = self.tr("Unreadable") if problem else "…"
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        else:
            size = pixmap.deviceIndependentSize().toSize()
            corner = box.center() - QRect(0, 0, size.width(), size.height()).center()
            painter.drawPixmap(corner, pixmap)
        style = self._styles[ref[0]]
        badge = QPointF(box.left() + 9, box.top() + 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.surface))
        painter.drawEllipse(badge, 9, 9)
        draw_marker(painter, style, tokens, badge, 10)

    def _paint_captions(self, painter: QPainter, index: AnyIndex, rect: QRect) -> None:
        tokens = self._theme.tokens
        metrics = painter.fontMetrics()
        lines = str(index.data(Qt.ItemDataRole.DisplayRole)).split("\n")
        top = rect.top() + EDGE_PX + 2 * _GAP_PX - 2
        # Both ends of a file name tell it from others; of the second line the beginning matters.
        looks = ((tokens.text, Qt.TextElideMode.ElideMiddle), (tokens.text_muted, Qt.TextElideMode.ElideRight))
        for line, (colour, elide) in zip(lines, looks, strict=False):
            box = QRect(rect.left() + 6, top, rect.width() - 12, metrics.height())
            painter.setPen(QColor(colour))
            words = metrics.elidedText(line, elide, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
            top += metrics.height()
