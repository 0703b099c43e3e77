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
    """An image as it is seen; safe in any thread.

    levels: the whole one first, each half as large as the one before. They borrow the memory of `pixels`: who keeps one
    for longer than the picture copies it. step: pixels of the image across one of the picture, 1 unless it was thinned.
    """

    levels: tuple[QImage, ...]
    pixels: tuple[NDArray[np.uint32], ...]
    step: int = 1

    @property
    def width(self) -> int:
        """Pixels of the image across."""
        return self.levels[0].width() * self.step

    @property
    def height(self) -> int:
        """Pixels of the image down."""
        return self.levels[0].height() * self.step


def picture_of(rgb8: NDArray[np.uint8], step: int = 1) -> Picture:
    """Return the picture of (h, w, 3) uint8 pixels; takes 0.3 s for 4096 x 4096, so not on the GUI thread."""
    pixels = tuple(_packed(level) for level in pyramid(rgb8))
    images = tuple(
        QImage(level.data, level.shape[1], level.shape[0], 4 * level.shape[1], QImage.Format.Format_RGB32)
        for level in pixels
    )
    return Picture(images, pixels, step)


def paint_picture(painter: QPainter, picture: Picture, target: QRectF, clip: QRectF, ratio: float) -> None:
    """Draw the part of a picture that lies in `clip`, the whole one being at `target`; logical pixels.

    Magnified pixels stay squares; reduced ones are averaged from the level next in size, so that the cost
    follows the pane and not the image.
    """
    seen = target.intersected(clip)
    if seen.isEmpty():
        return
    scale = target.width() * ratio / picture.levels[0].width()
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


def _packed(rgb8: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return 0xffRRGGBB, (h, w), C-contiguous.

    Qt's own conversion holds the interpreter for 90 ms of 4096 x 4096; NumPy's arithmetic leaves it to the window.
    """
    packed = np.full(rgb8.shape[:2], 0xFF, dtype=np.uint32)
    for band in range(3):
        packed <<= 8
        packed |= rgb8[:, :, band]
    return packed
