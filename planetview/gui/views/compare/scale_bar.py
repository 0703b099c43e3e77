"""The colours of a map with their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from planetview.core.image_compare import Limits
from planetview.gui.theme import Theme
from planetview.gui.views.compare.words import number

_BAR_PX = 18
_STOPS = 32
_TICKS = 5
_SAMPLE = "−65535"


class ScaleBar(QWidget):
    """A vertical bar, largest on top, five numbers beside it; a mark shows the value under the cursor."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._limits: Limits = (0.0, 1.0)
        self._table: NDArray[np.uint8] | None = None
        self._is_clipped = False
        self._value: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Colour scale"))
        theme.changed.connect(self.update)

    def show_scale(self, limits: Limits, table: NDArray[np.uint8], *, is_clipped: bool, unit: str) -> None:
        """Show these ends and colours; clipped ones have values beyond them."""
        self._limits, self._table, self._is_clipped = limits, table, is_clipped
        ends = self.tr("Colours from {0} to {1} {2}").format(number(limits[0]), number(limits[1]), unit).strip()
        self.setAccessibleDescription(ends)
        self.setToolTip(ends)
        self.updateGeometry()
        self.update()

    def show_value(self, value: float | None) -> None:
        """Mark a value; None takes the mark away."""
        if value != self._value:
            self._value = value
            self.update()

    def tick_texts(self) -> list[str]:
        """Return the numbers, largest first."""
        low, high = self._limits
        texts = _equally_long([high - (high - low) * i / (_TICKS - 1) for i in range(_TICKS)], high - low)
        if self._is_clipped:
            texts[0] = f"≥ {texts[0]}"
            texts[-1] = f"≤ {texts[-1]}" if low < 0 else texts[-1]
        return texts

    def sizeHint(self) -> QSize:
        widest = max(self.fontMetrics().horizontalAdvance(text) for text in (*self.tick_texts(), _SAMPLE))
        return QSize(_BAR_PX + 20 + widest, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), 96)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._table is None:
            return
        tokens, line = self._theme.tokens, self.fontMetrics().height()
        bar = QRectF(8, line / 2, _BAR_PX, self.height() - line)
        gradient = QLinearGradient(bar.topLeft(), bar.bottomLeft())
        for i in range(_STOPS):
            share = i / (_STOPS - 1)
            red, green, blue = self._table[round((1 - share) * (len(self._table) - 1))].tolist()
            gradient.setColorAt(share, QColor(red, green, blue))
        painter = QPainter(self)
        painter.fillRect(bar, gradient)
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.drawRect(bar)
        painter.setPen(QColor(tokens.text))
        for i, text in enumerate(self.tick_texts()):
            y = bar.top() + bar.height() * i / (_TICKS - 1)
            painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + 4, y))
            beside = QRectF(bar.right() + 8, y - line / 2, self.width() - bar.right() - 8, line)
            painter.drawText(beside, int(Qt.AlignmentFlag.AlignVCenter), text)
        self._paint_mark(painter, bar)
        painter.end()

    def _paint_mark(self, painter: QPainter, bar: QRectF) -> None:
        low, high = self._limits
        if self._value is None or high <= low:
            return
        share = min(1.0, max(0.0, (high - self._value) / (high - low)))
        y = bar.top() + share * bar.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(self._theme.tokens.text))
        painter.drawPolygon(
            QPolygonF([QPointF(bar.left(), y), QPointF(bar.left() - 8, y - 5), QPointF(bar.left() - 8, y + 5)])
        )


def _equally_long(values: list[float], span: float) -> list[str]:
    """Return numbers with as many digits as the span of the scale needs, all with the same decimals."""
    rounded = [0.0 if abs(value) < span * 1e-9 else float(f"{value:.3g}") for value in values]
    texts = [number(value) for value in rounded]
    if any("e" in text for text in texts):
        return texts
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return [f"{value:.{decimals}f}".replace("-", "−") if value else "0" for value in rounded]
