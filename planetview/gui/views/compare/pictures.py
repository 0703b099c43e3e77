"""Pixels made ready for the screen: an image and its halves, drawn quickly at any scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from planetview.core.image_compare import pyramid


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image as it is seen. levels: the whole one first, each half as large as the one before. Safe in any thread."""

    levels: tuple[QImage, ...]

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.levels[0].width()

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.levels[0].height()


def picture_of(rgb8: NDArray[np.uint8]) -> Picture:
    """Return the picture of (h, w, 3) uint8 pixels; takes 0.1 s for 4096 x 4096, so not on the GUI thread."""
    return Picture(tuple(_image(level) for level in pyramid(rgb8)))


def paint_picture(painter: QPainter, picture: Picture, target: QRectF, clip: QRectF, ratio: float) -> None:
    """Draw the part of a picture that lies in `clip`, the whole one being at `target`; logical pixels.

    Magnified pixels stay squares; reduced ones are averaged from the level next in size, so that the cost
    follows the pane and not the image.
    """
    seen = target.intersected(clip)
    if seen.isEmpty():
        return
    scale = target.width() * ratio / picture.width
    level = 0
    while scale <= 0.5 and level + 1 < len(picture.levels):
        scale, level = scale * 2, level + 1
    image = picture.levels[level]
    across, down = image.width() / target.width(), image.height() / target.height()
    left = math.floor((seen.left() - target.left()) * across)
    top = math.floor((seen.top() - target.top()) * down)
    right = min(image.width(), math.ceil((seen.right() - target.left()) * across))
    bottom = min(image.height(), math.ceil((seen.bottom() - target.top()) * down))
    source = QRectF(left, top, right - left, bottom - top)
    into = QRectF(
        target.left() + left / across, target.top() + top / down, source.width() / across, source.height() / down
    )
    painter.save()
    painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
    painter.drawImage(into, image, source)
    painter.restore()


def _image(rgb8: NDArray[np.uint8]) -> QImage:
    height, width = rgb8.shape[:2]
    flat = np.ascontiguousarray(rgb8)
    view = QImage(flat.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    # The conversion copies: `view` only borrows the array's memory.
    return view.convertToFormat(QImage.Format.Format_RGB32)
