"""What part of an image a pane shows; linked panes share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal

LEAST_SCALE: Final = 1 / 64
LARGEST_SCALE: Final = 64.0
ZOOM_STEP: Final = 1.25


@dataclass(frozen=True, slots=True)
class Frame:
    """A pane's place to draw in. size: logical pixels. ratio: device pixels per logical pixel."""

    size: QSizeF
    ratio: float


class ViewTransform(QObject):
    """A place and a scale, in relative image coordinates (0 to 1 from the top left corner).

    base: width and height in pixels of the image that the scale counts for; others are as large on the screen.
    centre: what stands in the middle of the pane. scale: device pixels per pixel of `base`, None fits it into the pane.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.base = QSizeF(1, 1)
        self.centre = QPointF(0.5, 0.5)
        self.scale: float | None = None

    def set_base(self, width: int, height: int) -> None:
        """Count the scale for an image of this size; the view stays."""
        if self.base != QSizeF(width, height):
            self.base = QSizeF(width, height)
            self.changed.emit()

    def fit(self) -> None:
        """Show the whole image, as large as the pane allows."""
        self._move(None, QPointF(0.5, 0.5))

    def fitting_scale(self, frame: Frame) -> float:
        """Return the scale at which the whole image fills a pane."""
        across, down = frame.size.width() / self.base.width(), frame.size.height() / self.base.height()
        return max(LEAST_SCALE, min(across, down) * frame.ratio)

    def scale_in(self, frame: Frame) -> float:
        """Return the scale in use in a pane."""
        return self.fitting_scale(frame) if self.scale is None else self.scale

    def zoom(self, scale: float, frame: Frame, at: QPointF | None = None) -> None:
        """Take another scale; what is at `at`, in logical pixels of the pane, stays there (None: its middle)."""
        place = QPointF(frame.size.width() / 2, frame.size.height() / 2) if at is None else at
        kept = self.place_at(place, frame)
        scale = min(LARGEST_SCALE, max(LEAST_SCALE, scale))
        shown = self._shown(scale, frame)
        x = kept.x() - (place.x() - frame.size.width() / 2) / shown.width()
        y = kept.y() - (place.y() - frame.size.height() / 2) / shown.height()
        self._move(scale, QPointF(x, y))

    def pan(self, by: QPointF, frame: Frame) -> None:
        """Move the image by logical pixels."""
        scale = self.scale_in(frame)
        shown = self._shown(scale, frame)
        self._move(scale, self.centre - QPointF(by.x() / shown.width(), by.y() / shown.height()))

    def take(self, other: ViewTransform) -> None:
        """Show what another transform shows."""
        self.base = other.base
        self._move(other.scale, other.centre)

    def target(self, frame: Frame) -> QRectF:
        """Return where the whole base image lies, in logical pixels of a pane."""
        shown = self._shown(self.scale_in(frame), frame)
        left = frame.size.width() / 2 - self.centre.x() * shown.width()
        top = frame.size.height() / 2 - self.centre.y() * shown.height()
        return QRectF(QPointF(left, top), shown)

    def place_at(self, at: QPointF, frame: Frame) -> QPointF:
        """Return the relative place in the image under a point of a pane."""
        target = self.target(frame)
        return QPointF((at.x() - target.left()) / target.width(), (at.y() - target.top()) / target.height())

    def _shown(self, scale: float, frame: Frame) -> QSizeF:
        return self.base * (scale / frame.ratio)

    def _move(self, scale: float | None, centre: QPointF) -> None:
        inside = QPointF(min(1.0, max(0.0, centre.x())), min(1.0, max(0.0, centre.y())))
        if (scale, inside) != (self.scale, self.centre):
            self.scale, self.centre = scale, inside
            self.changed.emit()


def inner_box(target: QRectF, width: int, height: int) -> QRectF:
    """Return the largest box of an image's shape in the middle of `target`."""
    factor = min(target.width() / width, target.height() / height)
    box = QRectF(0, 0, width * factor, height * factor)
    box.moveCenter(target.center())
    return box
