"""Painting of image tiles: thumbnails, captions, marks; shared by the grid and the panes."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap, QPolygonF

from planetview.gui.models.wording import tr
from planetview.gui.theme import Tokens

_CHIP_PADDING = 4
_FADED = 0.35

_Shape = Callable[[QPainter, QRectF, Tokens], None]


def paint_thumbnail(
    painter: QPainter, area: QRect, pixmap: QPixmap | None, problem: str, tokens: Tokens, *, is_faded: bool = False
) -> None:
    """Paint a thumbnail in the middle of `area`; a quiet field while it loads, words when it cannot be read."""
    if pixmap is not None:
        size = pixmap.deviceIndependentSize()
        at = QPointF(area.x() + (area.width() - size.width()) / 2, area.y() + (area.height() - size.height()) / 2)
        painter.setOpacity(_FADED if is_faded else 1.0)
        painter.drawPixmap(at.toPoint(), pixmap)
        painter.setOpacity(1.0)
        return
    painter.fillRect(area, QColor(tokens.surface_alt))
    if problem:
        painter.setPen(QPen(QColor(tokens.danger), 1, Qt.PenStyle.DashLine))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.setPen(QColor(tokens.danger))
        words = tr("unreadable: {0}").format(problem) if area.width() >= 96 else tr("unreadable")
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(area.adjusted(4, 4, -4, -4), int(flags), words)


def paint_elided(painter: QPainter, area: QRect, text: str, *, middle: bool = False, right: bool = False) -> None:
    """Paint one line of text from the left, or the right, shortened to fit; `middle` keeps both ends of names."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    text = painter.fontMetrics().elidedText(text, mode, area.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, text)


def paint_marks(
    painter: QPainter, area: QRect, tokens: Tokens, *, is_flagged: bool, is_excluded: bool, rating: int = 0
) -> None:
    """Paint what a person noted on an image over its lower edge: a shape and a word for each mark. rating: 0, none."""
    line = painter.fontMetrics().height() + 2
    bottom = area.bottom() + 1
    marks = (
        (is_excluded, tr("excluded"), _cross),
        (is_flagged, tr("flagged"), _flag),
        (rating > 0, f"{rating}", _star),
    )
    for is_there, word, shape in marks:
        if is_there:
            _paint_chip(painter, QRect(area.left(), bottom - line, area.width(), line), word, tokens, shape)
            bottom -= line


def _paint_chip(painter: QPainter, area: QRect, word: str, tokens: Tokens, shape: _Shape) -> None:
    metrics = painter.fontMetrics()
    edge = metrics.ascent()
    width = min(area.width(), metrics.horizontalAdvance(word) + edge + 3 * _CHIP_PADDING)
    chip = QRect(area.left(), area.top(), width, area.height())
    painter.fillRect(chip, QColor(tokens.surface))
    painter.setPen(QColor(tokens.border))
    painter.drawRect(chip.adjusted(0, 0, -1, -1))
    mark = QRectF(chip.left() + _CHIP_PADDING, chip.top() + (chip.height() - edge) / 2, edge, edge)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    shape(painter, mark, tokens)
    painter.restore()
    painter.setPen(QColor(tokens.text))
    left = round(mark.right()) + _CHIP_PADDING
    paint_elided(painter, QRect(left, chip.top(), chip.right() - left, chip.height()), word)


def _flag(painter: QPainter, area: QRectF, tokens: Tokens) -> None:
    ink = QColor(tokens.accent)
    pole = area.left() + 0.15 * area.width()
    painter.setPen(QPen(ink, 1.5))
    painter.drawLine(QPointF(pole, area.top()), QPointF(pole, area.bottom()))
    painter.setBrush(ink)
    middle = area.top() + 0.3 * area.height()
    painter.drawPolygon(
        QPolygonF([QPointF(pole, area.top()), QPointF(area.right(), middle), QPointF(pole, area.center().y())])
    )


def _cross(painter: QPainter, area: QRectF, tokens: Tokens) -> None:
    inside = area.adjusted(1.5, 1.5, -1.5, -1.5)
    painter.setPen(QPen(QColor(tokens.danger), 2))
    painter.drawLine(inside.topLeft(), inside.bottomRight())
    painter.drawLine(inside.topRight(), inside.bottomLeft())


def _star(painter: QPainter, area: QRectF, tokens: Tokens) -> None:
    centre, radius = area.center(), area.width() / 2
    points = []
    for corner in range(10):
        far = radius * (0.42 if corner % 2 else 1.0)
        angle = math.pi * corner / 5
        points.append(centre + QPointF(far * math.sin(angle), -far * math.cos(angle)))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.warning))
    painter.drawPolygon(QPolygonF(points))


def small_font(font: QFont) -> QFont:
    """Return the font of captions."""
    small = QFont(font)
    if small.pointSizeF() > 0:
        small.setPointSizeF(small.pointSizeF() * 0.9)
    return small
