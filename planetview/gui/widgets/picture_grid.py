"""Pictures in rows of equal squares, each with a caption; filled one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from planetview.gui.theme import Theme

_GAP_PX = 6
_ACROSS, _WIDE_PX = 8, 440
_LEAST_EDGE_PX = 48


class PictureGrid(QWidget):
    """Draws as many squares as there are captions, as large as fit: eight in a row, or all where `is_strip`."""

    def __init__(self, theme: Theme, *, is_strip: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._is_strip = theme, is_strip
        self._captions: tuple[str, ...] = ()
        self._pictures: list[QPixmap | None] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    @property
    def shown(self) -> int:
        """How many pictures are there."""
        return sum(picture is not None for picture in self._pictures)

    @property
    def captions(self) -> tuple[str, ...]:
        """What is written under the squares."""
        return self._captions

    def expect(self, captions: Sequence[str]) -> None:
        """Show empty squares with these captions."""
        self._captions, self._pictures = tuple(captions), [None] * len(captions)
        self._take_no_more_than_fits()
        self.update()

    def put(self, place: int, images: NDArray[np.uint8]) -> None:
        """Show images (n, height, width, 1 or 3) from `place` on."""
        for i, pixels in enumerate(images, place):
            if i < len(self._pictures):
                self._pictures[i] = _pixmap(pixels)
        self.update()

    def picture(self, place: int) -> QPixmap | None:
        """Return a picture, or None where it has not come."""
        return self._pictures[place]

    def minimumSizeHint(self) -> QSize:
        line = self.fontMetrics().height()
        return QSize(240, self._rows() * (_LEAST_EDGE_PX + line + _GAP_PX))

    def sizeHint(self) -> QSize:
        return QSize(720, 96 if self._is_strip else 260)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_no_more_than_fits()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            found = [i for i, tile in enumerate(self._tiles()) if tile.contains(event.pos())]
            QToolTip.showText(event.globalPos(), self._captions[found[0]] if found else "", self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        line = self.fontMetrics().height()
        for tile, picture, caption in zip(self._tiles(), self._pictures, self._captions, strict=True):
            if picture is None:
                painter.fillRect(tile, QColor(tokens.surface_alt))
            else:
                fitted = QRect(tile.topLeft(), picture.size().scaled(tile.size(), Qt.AspectRatioMode.KeepAspectRatio))
                fitted.moveCenter(tile.center())
                painter.drawPixmap(fitted, picture)
            painter.setPen(QColor(tokens.text_muted))
            below = QRectF(tile.left() - _GAP_PX / 2, tile.bottom() + 1, tile.width() + _GAP_PX, line)
            if self.fontMetrics().horizontalAdvance(caption) < below.width():
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, caption)
        painter.end()

    def _tiles(self) -> list[QRect]:
        edge, across, line = self._edge(), self._across(), self.fontMetrics().height()
        return [
            QRect(i % across * (edge + _GAP_PX), i // across * (edge + line + _GAP_PX), edge, edge)
            for i in range(len(self._captions))
        ]

    def _edge(self) -> int:
        """Return the side of a square, as large as both sides of the widget allow."""
        rows = self._rows()
        high = (self.height() + _GAP_PX) // rows - _GAP_PX - self.fontMetrics().height()
        return max(8, min(self._edge_by_width(), high))

    def _edge_by_width(self) -> int:
        return max(8, (self.width() + _GAP_PX) // self._across() - _GAP_PX)

    def _across(self) -> int:
        if self._is_strip:
            return max(1, len(self._captions))
        return _ACROSS if self.width() >= _WIDE_PX else _ACROSS // 2

    def _rows(self) -> int:
        return max(1, -(-len(self._captions) // self._across()))

    def _take_no_more_than_fits(self) -> None:
        """Leave the height that the squares cannot use at this width to others."""
        rows = self._rows()
        most = rows * (max(_LEAST_EDGE_PX, self._edge_by_width()) + self.fontMetrics().height() + _GAP_PX)
        if self.maximumHeight() != most:
            self.setMaximumHeight(most)
            self.updateGeometry()


def _pixmap(pixels: NDArray[Any]) -> QPixmap:
    height, width, channels = pixels.shape
    flat = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QPixmap.fromImage(QImage(flat.data, width, height, channels * width, kind))
