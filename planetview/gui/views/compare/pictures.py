"""Pixels made ready for the screen: an image and its halves, drawn quickly at any scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from planetview.core.image_compare import pyramid

_HATCH_GROUND, _HATCH_LINES = QColor(90, 90, 90), QColor(190, 190, 190)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image as it is seen; safe in any thread.

    levels: the whole one first, each half as large as the one before. They borrow the memory of `pixels`: who keeps one
    for longer than the picture copies it. step: pixels of the image across one of the picture, 1 unless it was thinned.
    holes: for each level, which share of a pixel has no data, uint8 (h, w), 255 for all of it; () where all have data.
    share_empty: of the pixels without data, 0 to 1.
    """

    levels: tuple[QImage, ...]
    pixels: tuple[NDArray[np.uint32], ...]
    step: int = 1
    holes: tuple[NDArray[np.uint8], ...] = ()
    share_empty: float = 0.0

    @property
    def width(self) -> int:
        """Pixels of the image across."""
        return self.levels[0].width() * self.step

    @property
    def height(self) -> int:
        """Pixels of the image down."""
        return self.levels[0].height() * self.step


def picture_of(rgb8: NDArray[np.uint8], step: int = 1, valid: NDArray[np.bool_] | None = None) -> Picture:
    """Return the picture of (h, w, 3) uint8 pixels; takes 0.3 s for 4096 x 4096, so not on the GUI thread.

    valid: (h, w), which pixels have data, None for all.
    """
    pixels = tuple(_packed(level) for level in pyramid(rgb8))
    images = tuple(
        QImage(level.data, level.shape[1], level.shape[0], 4 * level.shape[1], QImage.Format.Format_RGB32)
        for level in pixels
    )
    if valid is None or valid.all():
        return Picture(images, pixels, step)
    holes = tuple(pyramid(np.where(valid, 0, 255).astype(np.uint8)))
    return Picture(images, pixels, step, holes, 1 - float(valid.mean()))


def paint_picture(painter: QPainter, picture: Picture, target: QRectF, clip: QRectF, ratio: float) -> None:
    """Draw the part of a picture that lies in `clip`, the whole one being at `target`; logical pixels.

    Magnified pixels stay squares; reduced ones are averaged from the level next in size, so that the cost
    follows the pane and not the image.
    """
    if (found := _part_seen(picture, target, clip, ratio)) is None:
        return
    level, source, into, is_reduced = found
    painter.save()
    painter.setClipRect(clip, Qt.ClipOperation.IntersectClip)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_reduced)
    painter.drawImage(into, picture.levels[level], QRectF(source))
    painter.restore()


def paint_holes(painter: QPainter, picture: Picture, target: QRectF, clip: QRectF, ratio: float) -> None:
    """Hatch the pixels without data in the part of a picture that lies in `clip`; as `paint_picture`.

    The hatch keeps its width on the screen, and is of two greys, so that it is seen on any image.
    """
    if not picture.holes or (found := _part_seen(picture, target, clip, ratio)) is None:
        return
    level, source, into, is_reduced = found
    rows = slice(source.top(), source.top() + source.height())
    part = np.ascontiguousarray(picture.holes[level][rows, source.left() : source.left() + source.width()])
    if not part.any():
        return
    area = into.intersected(clip).toAlignedRect()
    hatch = QImage(area.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    hatch.setDevicePixelRatio(ratio)
    hatch.fill(_HATCH_GROUND)
    height, width = part.shape
    shape = QImage(part.data, width, height, width, QImage.Format.Format_Alpha8)
    drawing = QPainter(hatch)
    drawing.setBrushOrigin(-area.topLeft())
    drawing.fillRect(hatch.rect(), QBrush(_HATCH_LINES, Qt.BrushStyle.BDiagPattern))
    drawing.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    drawing.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_reduced)
    drawing.drawImage(into.translated(-QPointF(area.topLeft())), shape)
    drawing.end()
    painter.save()
    painter.setClipRect(clip.intersected(target), Qt.ClipOperation.IntersectClip)
    painter.drawImage(area.topLeft(), hatch)
    painter.restore()


def _part_seen(picture: Picture, target: QRectF, clip: QRectF, ratio: float) -> tuple[int, QRect, QRectF, bool] | None:
    """Return the level to draw, the part of it that is seen, where that goes, and whether it becomes smaller."""
    seen = target.intersected(clip)
    if seen.isEmpty():
        return None
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
    source = QRect(left, top, right - left, bottom - top)
    into = QRectF(
        target.left() + left / across, target.top() + top / down, source.width() / across, source.height() / down
    )
    return level, source, into, scale < 1


def _packed(rgb8: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return 0xffRRGGBB, (h, w), C-contiguous.

    Qt's own conversion holds the interpreter for 90 ms of 4096 x 4096; NumPy's arithmetic leaves it to the window.
    """
    packed = np.full(rgb8.shape[:2], 0xFF, dtype=np.uint32)
    for band in range(3):
        packed <<= 8
        packed |= rgb8[:, :, band]
    return packed
