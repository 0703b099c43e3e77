"""How a cell of the metric table is painted: the value, its standing to the floor, and that as a bar."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from planetview.core.catalogue import Family
from planetview.gui.models.metric_cells import Cell, CellState
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.models.roles import CellRole
from planetview.gui.theme import Theme, Tokens
from planetview.gui.views.tile_painting import small_font

PADDING = 6
_SPREAD_GAP = 4
_LINE_GAP = 2
# The bars run from a tenth of the floor to a hundred times it; beyond, they end in a point.
_LOG_LOW, _LOG_HIGH = -1.0, 2.0
_BAR_SHARE = 0.24


class MetricDelegate(QStyledItemDelegate):
    """Paints a cell's value above its standing to the noise floor, right-aligned, a bar below.

    is_stale: whether sets or settings have changed since, so that nothing is painted strong. has_bars: whether rows
    keep room for bars.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_stale = False
        self.has_bars = True

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
        area = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        if is_heading and isinstance(option.widget, QTableView):
            # The text of a heading stays in sight while the columns under it scroll.
            area.setLeft(max(area.left(), PADDING))
            area.setRight(min(area.right(), option.widget.viewport().width() - PADDING))
        quiet = QColor(tokens.accent_text if is_chosen else tokens.text_muted)
        strong = QColor(tokens.accent_text if is_chosen else tokens.text_muted if self.is_stale else tokens.text)
        if is_heading or cell.is_text:
            painter.setFont(option.font)
            painter.setPen(quiet if is_heading else strong)
            elided = option.fontMetrics.elidedText(cell.main, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
        else:
            if self.has_bars:
                height = bar_height(option.font)
                strip = QRectF(area.left(), area.bottom() - PADDING - height + 1, area.width(), height)
                if cell.bar is not None:
                    _paint_bar(painter, strip, cell, tokens, quiet if is_chosen or self.is_stale else None)
                if cell.state is CellState.READY:
                    # Numbers of a row stand on one line, whether a bar is below them or not.
                    area.setBottom(area.bottom() - round(height) - _LINE_GAP)
            _paint_lines(painter, area, option.font, cell, (strong, quiet))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(tokens.text))
            painter.drawRect(option.rect.adjusted(1, 1, -2, -2))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(self.width_of(index.data(CellRole.CELL), option.font), self.row_height(option.font))

    def row_height(self, font: QFont) -> int:
        """Return the height of a row with two lines and, where there are bars, the bar."""
        lines = QFontMetrics(font).height() + QFontMetrics(small_font(font)).height() + _LINE_GAP
        return lines + (round(bar_height(font)) + _LINE_GAP if self.has_bars else 0) + 2 * PADDING

    @staticmethod
    def width_of(cell: Cell, font: QFont) -> int:
        """Return the width that shows both lines of a cell in full."""
        small = small_font(font).toString()
        spread = _advance(small, cell.spread) + _SPREAD_GAP if cell.spread else 0
        main = _advance(main_font(font, cell).toString(), cell.main)
        return max(main + spread, _advance(small, cell.sub)) + 2 * PADDING + 2


def bar_height(font: QFont) -> float:
    """Return the height of a bar, which grows with the text."""
    return max(3.0, _BAR_SHARE * QFontMetrics(font).height())


def bar_span(log_ratio: float, width: float) -> tuple[float, float]:
    """Return where the floor's tick and the end of a bar lie, from the left, in `width` pixels.

    log_ratio: log10 of value / floor. The scale is logarithmic, the same in every cell; ends beyond it are cut.
    """
    scale = width / (_LOG_HIGH - _LOG_LOW)
    end = min(max(log_ratio, _LOG_LOW), _LOG_HIGH)
    return -_LOG_LOW * scale, (end - _LOG_LOW) * scale


def main_font(font: QFont, cell: Cell) -> QFont:
    """Return the font of a cell's first line: bold for the best of its row, italic where there is no value."""
    font = QFont(font)
    font.setBold(cell.is_best)
    font.setItalic(cell.state is not CellState.READY)
    return font


@lru_cache(maxsize=4096)
def _advance(font: str, text: str) -> int:
    """Return the width of `text`; every change of the table asks again for the same few hundred."""
    described = QFont()
    described.fromString(font)
    return QFontMetrics(described).horizontalAdvance(text)


def _paint_bar(painter: QPainter, strip: QRectF, cell: Cell, tokens: Tokens, ink: QColor | None) -> None:
    """Paint a bar from the floor's tick to the value. ink: one colour for all of it, on a chosen or stale cell."""
    log_ratio = cell.bar or 0.0
    tick, end = bar_span(log_ratio, strip.width())
    track = QColor(ink or QColor(tokens.grid))
    if ink is not None:
        track.setAlphaF(0.35)
    middle = strip.center().y()
    painter.fillRect(QRectF(strip.left(), middle - 0.5, strip.width(), 1.0), track)
    colour = ink or QColor(tokens.danger if cell.is_beyond else tokens.text_muted)
    left, right = sorted((strip.left() + tick, strip.left() + end))
    painter.fillRect(QRectF(left, strip.top(), right - left, strip.height()), colour)
    if log_ratio > _LOG_HIGH or log_ratio < _LOG_LOW:
        _paint_point(painter, strip, colour, is_right=log_ratio > 0)
    painter.fillRect(QRectF(strip.left() + tick - 0.5, strip.top() - 2, 1.5, strip.height() + 4), ink or tokens.text)


def _paint_point(painter: QPainter, strip: QRectF, colour: QColor, *, is_right: bool) -> None:
    """Paint the point of a bar that goes on beyond the scale."""
    tip, sign = (strip.right(), 1.0) if is_right else (strip.left(), -1.0)
    rise = strip.height()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    middle = strip.center().y()
    corners = ((tip - sign * rise, middle - rise), (tip, middle), (tip - sign * rise, middle + rise))
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


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
