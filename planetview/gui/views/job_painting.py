"""How a job and the progress of a stage are drawn in lists and tables."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from planetview.gui.models.job_list import FRACTION_ROLE, SUBTITLE_ROLE
from planetview.gui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_GAP = 8
_BAR_PX = 4


class JobDelegate(QStyledItemDelegate):
    """A mark, the title, how the job stands, and a thin bar while it is at work."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        line = option.fontMetrics.height()
        return QSize(12 * line, 2 * line + _BAR_PX + 3 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = self._theme.tokens
        rect, state = option.rect, option.state
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_selected or state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.accent if is_selected else tokens.surface_alt))
        line = option.fontMetrics.height()
        top = rect.top() + _GAP
        mark = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(mark, QIcon):
            mode = QIcon.Mode.Selected if is_selected else QIcon.Mode.Normal
            mark.paint(painter, QRect(rect.left() + _GAP, top, line, line), Qt.AlignmentFlag.AlignCenter, mode)
        text = QRect(rect.left() + line + 2 * _GAP, top, max(0, rect.width() - line - 3 * _GAP), line)
        title = QFont(option.font)
        title.setWeight(QFont.Weight.DemiBold)
        painter.setFont(title)
        painter.setPen(QColor(tokens.accent_text if is_selected else tokens.text))
        _draw_elided(painter, text, str(index.data()))
        painter.setFont(option.font)
        painter.setPen(QColor(tokens.accent_text if is_selected else tokens.text_muted))
        text.translate(0, line + _GAP // 4)
        _draw_elided(painter, text, str(index.data(SUBTITLE_ROLE)))
        fraction = index.data(FRACTION_ROLE)
        if fraction is not None:
            ground = tokens.accent_text if is_selected else tokens.border
            fill = tokens.accent_text if is_selected else tokens.accent
            place = QRectF(text.left(), text.bottom() + _GAP / 2, text.width(), _BAR_PX)
            draw_bar(painter, place, fraction, ground, fill)
        painter.restore()


class BarDelegate(QStyledItemDelegate):
    """A cell's text above a thin bar, where the cell has a fraction."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        fraction = index.data(FRACTION_ROLE)
        if fraction is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens, rect = self._theme.tokens, option.rect
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ground, fill = (tokens.accent_text, tokens.accent_text) if is_selected else (tokens.border, tokens.accent)
        draw_bar(painter, QRectF(rect.left() + 4, rect.bottom() - 4, rect.width() - 8, 3), fraction, ground, fill)
        painter.restore()


def draw_bar(painter: QPainter, place: QRectF, fraction: float, ground: str, fill: str) -> None:
    """Draw a bar filled to `fraction`, 0 to 1."""
    painter.setPen(Qt.PenStyle.NoPen)
    faded = QColor(ground)
    faded.setAlphaF(0.45)
    painter.setBrush(faded)
    painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)
    place.setWidth(place.width() * min(1.0, max(0.0, fraction)))
    painter.setBrush(QColor(fill))
    painter.drawRoundedRect(place, place.height() / 2, place.height() / 2)


def _draw_elided(painter: QPainter, place: QRect, text: str) -> None:
    elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, place.width())
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
