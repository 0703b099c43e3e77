"""Painting of image tiles: thumbnails, captions, rings; shared by the grid and the panes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap

from planetview.gui.models.wording import tr
from planetview.gui.theme import Tokens


def paint_thumbnail(painter: QPainter, area: QRect, pixmap: QPixmap | None, problem: str, tokens: Tokens) -> None:
    """Paint a thumbnail in the middle of `area`; a quiet field while it loads, words when it cannot be read."""
    if pixmap is not None:
        size = pixmap.deviceIndependentSize()
        at = QPointF(area.x() + (area.width() - size.width()) / 2, area.y() + (area.height() - size.height()) / 2)
        painter.drawPixmap(at.toPoint(), pixmap)
        return
    painter.fillRect(area, QColor(tokens.surface_alt))
    if problem:
        painter.setPen(QPen(QColor(tokens.danger), 1, Qt.PenStyle.DashLine))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.setPen(QColor(tokens.danger))
        words = tr("unreadable: {0}").format(problem) if area.width() >= 96 else tr("unreadable")
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(area.adjusted(4, 4, -4, -4), int(flags), words)


def paint_elided(painter: QPainter, area: QRect, text: str, *, middle: bool = False) -> None:
    """Paint one line of text from the left, shortened to fit; `middle` keeps both ends of file names."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    text = painter.fontMetrics().elidedText(text, mode, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)


def small_font(font: QFont) -> QFont:
    """Return the font of captions."""
    small = QFont(font)
    if small.pointSizeF() > 0:
        small.setPointSizeF(small.pointSizeF() * 0.9)
    return small
