"""Pictures in rows of equal squares, each with a caption; filled one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from planetview.gui.theme import Theme

_GAP_PX = 6


class PictureGrid(QWidget):
    """Draws as many squares as there are captions, as large as fit; in one row where `is_strip`."""

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
        return QSize(240, 64 if self._is_strip else 132)

    def sizeHint(self) -> QSize:
        return QSize(720, 96 if self._is_strip else 260)

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
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, caption)
        painter.end()

    def _tiles(self) -> list[QRect]:
        count = len(self._captions)
        if not count:
            return []
        line = self.fontMetrics().height()
        across, edge = max(
            ((n, self._edge(n, line)) for n in ([count] if self._is_strip else _even_rows(count))),
            key=lambda choice: choice[1],
        )
        return [
            QRect(i % across * (edge + _GAP_PX), i // across * (edge + line + _GAP_PX), edge, edge)
            for i in range(count)
        ]

    def _edge(self, across: int, line: int) -> int:
        rows = -(-len(self._captions) // across)
        wide = (self.width() + _GAP_PX) // across - _GAP_PX
        high = (self.height() + _GAP_PX) // rows - _GAP_PX - line
        return max(8, min(wide, high))


def _even_rows(count: int) -> list[int]:
    """Return the numbers of columns that leave no row unfilled."""
    return [n for n in range(1, count + 1) if count % n == 0]


def _pixmap(pixels: NDArray[Any]) -> QPixmap:
    height, width, channels = pixels.shape
    flat = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QPixmap.fromImage(QImage(flat.data, width, height, channels * width, kind))
