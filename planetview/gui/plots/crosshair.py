"""Lines under the cursor of a plot, and a plate that says in words what stands there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from planetview.gui.theme import Tokens

_AWAY_PX = 14
_INSET_PX = 6
_LINE_OPACITY = 150
_MOST_LINES = 12

Words = Callable[[QPoint], Sequence[str]]


class CrossHair(QWidget):
    """Lies over the viewport of a plot and follows the mouse.

    It is no part of the scene, so that no export shows it, and its strips are all that is painted when it moves.
    words: asked with a place in the viewport; nothing is shown where it returns nothing. area: asked with that
    place where the data around it are drawn; the lines end there.
    """

    def __init__(self, viewport: QWidget, words: Words, area: Callable[[QPoint], QRect], tokens: Tokens) -> None:
        super().__init__(viewport)
        self._words, self._area, self._tokens = words, area, tokens
        self._at: QPoint | None = None
        self._lines: tuple[str, ...] = ()
        self.is_on = True
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.resize(viewport.size())
        viewport.installEventFilter(self)

    @property
    def text(self) -> str:
        """What the plate says, one fact a line; "" while nothing is pointed at."""
        return "\n".join(self._lines)

    def dress(self, tokens: Tokens) -> None:
        """Use these colours."""
        self._tokens = tokens
        self.update()

    def set_on(self, on: bool) -> None:
        """Follow the mouse, or do not."""
        self.is_on = on
        self._point(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._point(event.position().toPoint())
        elif kind is QEvent.Type.Leave:
            self._point(None)
        elif kind is QEvent.Type.Resize and isinstance(watched, QWidget):
            self.resize(watched.size())
        return False

    def _point(self, at: QPoint | None) -> None:
        before = self._painted()
        lines = tuple(self._words(at)) if at is not None and self.is_on else ()
        if len(lines) > _MOST_LINES:
            lines = (*lines[: _MOST_LINES - 1], "…")
        self._at, self._lines = (at, lines) if lines else (None, ())
        for area in (*before, *self._painted()):
            self.update(area)

    def _painted(self) -> tuple[QRect, ...]:
        """Return what is covered now."""
        if self._at is None:
            return ()
        area = self._area(self._at)
        across = QRect(area.left(), self._at.y() - 1, area.width(), 3)
        down = QRect(self._at.x() - 1, area.top(), 3, area.height())
        return across, down, self._plate().adjusted(-1, -1, 1, 1)

    def _plate(self) -> QRect:
        """Return where the words stand: beside the cursor, on the side that has room."""
        assert self._at is not None
        metrics = self.fontMetrics()
        width = max(metrics.horizontalAdvance(line) for line in self._lines) + 2 * _INSET_PX
        size = QSize(width, len(self._lines) * metrics.lineSpacing() + 2 * _INSET_PX)
        x, y = self._at.x() + _AWAY_PX, self._at.y() - _AWAY_PX - size.height()
        if x + size.width() > self.width():
            x = max(0, self._at.x() - _AWAY_PX - size.width())
        if y < 0:
            y = min(self._at.y() + _AWAY_PX, self.height() - size.height())
        return QRect(QPoint(x, y), size)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._at is None:
            return
        painter = QPainter(self)
        line = QColor(self._tokens.text_muted)
        line.setAlpha(_LINE_OPACITY)
        painter.setPen(QPen(line, 1, Qt.PenStyle.DashLine))
        area = self._area(self._at)
        painter.drawLine(area.left(), self._at.y(), area.right(), self._at.y())
        painter.drawLine(self._at.x(), area.top(), self._at.x(), area.bottom())
        plate = self._plate()
        painter.setPen(QPen(QColor(self._tokens.border), 1))
        painter.setBrush(QColor(self._tokens.surface))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(self._tokens.text))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        painter.drawText(plate.adjusted(_INSET_PX, _INSET_PX, _INSET_PX, 0), flags, self.text)
        painter.end()


def place_words(value: float, step: float, unit: str) -> str:
    """Return a position on an axis with the digits that one pixel, `step` wide, can tell apart: "6.32 bits"."""
    digits = min(12, max(0, math.ceil(-math.log10(step)))) if step > 0 and math.isfinite(step) else 3
    text = f"{value:,.{digits}f}".replace("-", "−")
    return f"{text} {unit}" if unit else text
