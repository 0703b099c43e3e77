"""A row of a few thumbnails that says at a glance what a set shows."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.stretch import ResolvedStretch
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache

EDGE_PX = 64
_GAP_PX = 4


class ThumbStrip(QWidget):
    """Draws `count` images spread evenly over a set."""

    def __init__(
        self, dataset: Dataset, thumbs: ThumbnailCache, theme: Theme, count: int = 6, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._thumbs, self._theme, self._count, self._name = thumbs, theme, count, dataset.name
        self._records = _spread(dataset.images, count)
        self._is_waiting = True
        self._stretch: ResolvedStretch | None = None
        self.setAccessibleName(self.tr("Examples from {0}").format(dataset.name))
        self.setToolTip("\n".join(record.name for record in self._records))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        thumbs.refreshed.connect(self._on_refreshed)

    def show_stretch(self, stretch: ResolvedStretch) -> None:
        """Show the images through this stretch from now on, in place of the one they were last run with."""
        if stretch != self._stretch:
            self._stretch = stretch
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._count * (EDGE_PX + _GAP_PX) - _GAP_PX, EDGE_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the room of two: a narrow page shows fewer, each whole."""
        return QSize(min(2, self._count) * (EDGE_PX + _GAP_PX) - _GAP_PX, EDGE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        self._is_waiting = False
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        fitting = (self.width() + _GAP_PX) // (EDGE_PX + _GAP_PX)
        for position, record in enumerate(self._records[:fitting]):
            tile = QRect(position * (EDGE_PX + _GAP_PX), 0, EDGE_PX, EDGE_PX)
            painter.fillRect(tile, QColor(self._theme.tokens.surface_alt))
            pixmap = self._thumbs.get(record, EDGE_PX, self._name, stretch=self._stretch)
            if pixmap is None:
                self._is_waiting = True
            else:
                size = pixmap.deviceIndependentSize().toSize().scaled(tile.size(), Qt.AspectRatioMode.KeepAspectRatio)
                fitted = QRect(tile.topLeft(), size)
                fitted.moveCenter(tile.center())
                painter.drawPixmap(fitted, pixmap)
        painter.end()

    def _on_refreshed(self) -> None:
        if self._is_waiting:
            self.update()


def _spread(images: tuple[ImageRecord, ...], count: int) -> tuple[ImageRecord, ...]:
    if len(images) <= count:
        return images
    return tuple(images[i * len(images) // count] for i in range(count))
