"""Paints one tile: an image with its nearest reference and held-out images, or with those of two spaces."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from planetview.core.datasets import ImageRecord
from planetview.core.formatting import format_value
from planetview.core.selection import Mask
from planetview.gui.models.neighbour_filter import MarkMasks
from planetview.gui.models.neighbour_list import verdict_words
from planetview.gui.models.neighbour_set import Partner, Tile, Toward
from planetview.gui.models.roles import TileRole
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.tile_painting import paint_elided, paint_marks, paint_thumbnail, small_font
from planetview.gui.views.tile_plan import TilePlan, tile_plan

EDGE_DEFAULT = 112
_PADDING = 10
_GAP = 6
_MARGIN = 4


class TileDelegate(QStyledItemDelegate):
    """Paints tiles: images in rows, under each its role, distance and name.

    groups: neighbours in each group of a tile. selected, marks: what is painted on the tiles, by image.
    query_role, query_colour: of the images; bank_colour: of the synthetic ones beside real images.
    """

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._thumbs = thumbs
        self.edge_px = EDGE_DEFAULT
        self.groups: tuple[int, ...] = (2,)
        self.cell_size = QSize()
        self.query_role = ""
        self.query_colour = self.bank_colour = ""
        self.selected: Mask | None = None
        self.marks: MarkMasks | None = None
        self._plan = tile_plan(self.groups, 3)

    @property
    def plan(self) -> TilePlan:
        """Where the pictures of a tile stand, as of the last `fit`."""
        return self._plan

    def fit(self, metrics: QFontMetrics, width: int) -> QSize:
        """Arrange the pictures of a tile for a view of `width` pixels and return the size of every tile."""
        room = width - 2 * (_PADDING + _MARGIN) + _GAP
        self._plan = tile_plan(self.groups, max(2, room // (self.edge_px + _GAP)))
        return self._tile_size(metrics)

    def _tile_size(self, metrics: QFontMetrics) -> QSize:
        wide = self._plan.columns * (self.edge_px + _GAP) - _GAP
        # Badge line above, two caption lines below each row of pictures.
        high = metrics.height() + self._plan.rows * (self._row_height(metrics)) - _GAP // 2
        return QSize(wide + 2 * (_PADDING + _MARGIN), high + 2 * (_PADDING + _MARGIN))

    def _row_height(self, metrics: QFontMetrics) -> int:
        return self.edge_px + 2 * metrics.height() + _GAP + _GAP // 2

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return self.cell_size

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tile: Tile | None = index.data(TileRole.TILE)
        if tile is None:
            return
        painter.save()
        painter.setFont(small_font(option.font))
        metrics = painter.fontMetrics()
        card = QRect(QPoint(), self._tile_size(metrics) - QSize(2 * _MARGIN, 2 * _MARGIN))
        card.moveCenter(option.rect.center())
        is_selected = self.selected is not None and bool(self.selected[tile.index])
        self._paint_card(painter, card, option, is_selected)
        line = metrics.height()
        inside = card.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
        self._paint_badges(painter, QRect(inside.left(), inside.top(), inside.width(), line), tile, is_selected)
        ratio = option.widget.devicePixelRatioF()
        for part, (column, row) in zip(self._parts(tile), self._plan.places, strict=False):
            left = inside.left() + column * (self.edge_px + _GAP)
            top = inside.top() + line + row * self._row_height(metrics)
            self._paint_part(painter, QRect(left, top, self.edge_px, self.edge_px), part, ratio)
        painter.restore()

    def _parts(self, tile: Tile) -> list[_Part]:
        tokens = self._theme.tokens
        is_flagged = self.marks is not None and bool(self.marks.flagged[tile.index])
        is_excluded = self.marks is not None and bool(self.marks.excluded[tile.index])
        rating = 0 if self.marks is None else int(self.marks.ratings[tile.index])
        mine = _Part(tile.dataset, tile.record, self.query_role, self.query_colour, None)
        parts = [mine._replace(is_flagged=is_flagged, is_excluded=is_excluded, rating=rating)]
        role, short, colour = self.tr("reference"), self.tr("ref."), tokens.reference
        if tile.toward is Toward.SYNTHETIC:
            role, short, colour = self.tr("synthetic"), self.tr("syn."), self.bank_colour
        if tile.other is not None:
            role = short = "A"
        parts += [
            _part(partner, _numbered(role, i), _numbered(short, i), colour) for i, partner in enumerate(tile.partners)
        ]
        if tile.other is not None:
            parts += [
                _part(partner, _numbered("B", i), _numbered("B", i), colour)
                for i, partner in enumerate(tile.other.partners)
            ]
        elif tile.held_out is not None:
            parts.append(_part(tile.held_out, self.tr("held-out"), self.tr("held"), tokens.held_out))
        return parts

    def _paint_part(self, painter: QPainter, area: QRect, part: _Part, ratio: float) -> None:
        tokens, line = self._theme.tokens, painter.fontMetrics().height()
        pixmap = self._thumbs.get(part.record, self.edge_px, part.dataset, ratio)
        problem = self._thumbs.problem(part.record, part.dataset) if pixmap is None else ""
        paint_thumbnail(painter, area, pixmap, problem, tokens, is_faded=part.is_excluded)
        noted = {"is_flagged": part.is_flagged, "is_excluded": part.is_excluded}
        paint_marks(painter, area, tokens, **noted, rating=part.rating)
        painter.fillRect(QRect(area.left(), area.bottom() + 1, self.edge_px, 3), QColor(part.colour))
        caption = QRect(area.left(), area.bottom() + _GAP, self.edge_px, line)
        painter.setPen(QColor(tokens.text))
        fits = (text for text in part.captions if painter.fontMetrics().horizontalAdvance(text) <= caption.width())
        paint_elided(painter, caption, next(fits, part.captions[-1]))
        painter.setPen(QColor(tokens.text_muted))
        paint_elided(painter, caption.translated(0, line), part.record.name, middle=True)

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
        tokens, metrics = self._theme.tokens, painter.fontMetrics()
        words = self.tr("✓ selected") if is_selected else f"#{tile.index + 1:,}"
        if tile.is_gap and tile.other is not None:
            words += self.tr(" ○ gap")  # the other end of the line says whether the two spaces agree
        painter.setPen(QColor(tokens.accent if is_selected else tokens.text_muted))
        paint_elided(painter, area, words)
        rest = area.adjusted(metrics.horizontalAdvance(words) + _GAP, 0, 0, 0)
        if tile.other is not None:
            sign = "=" if tile.other.is_same else "≠"
            painter.setPen(QColor(tokens.success if tile.other.is_same else tokens.warning))
            paint_elided(painter, rest, f"{sign} {verdict_words(tile.other, is_short=True)}", right=True)
        elif tile.is_gap:
            painter.setPen(QColor(tokens.warning))
            paint_elided(painter, rest, self.tr("○ gap"), right=True)
        elif tile.is_much_nearer:
            painter.setPen(QColor(tokens.warning))
            paint_elided(painter, rest, self.tr("▲ nearer to reference"), right=True)


class _Part(NamedTuple):
    dataset: str
    record: ImageRecord
    role: str
    colour: str
    distance: float | None
    is_flagged: bool = False
    is_excluded: bool = False
    rating: int = 0
    short_role: str = ""

    @property
    def captions(self) -> tuple[str, ...]:
        """What stands below the picture, from the longest to what the narrowest still has to say."""
        if self.distance is None:
            return (self.role,)
        number = format_value(self.distance)
        return (f"{self.role} {number}", f"{self.short_role} {number}", f"{self.short_role[:1].upper()} {number}")


def _part(partner: Partner, role: str, short_role: str, colour: str) -> _Part:
    return _Part(partner.dataset, partner.record, role, colour, partner.distance, short_role=short_role)


def _numbered(role: str, place: int) -> str:
    return role if place == 0 else f"{role} {place + 1}:"
