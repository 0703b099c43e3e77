"""The place where a pane draws: layers of pictures under one transform, with a cross and, in a swipe, a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from planetview.gui.theme import Theme
from planetview.gui.views.compare.pictures import Picture, paint_holes, paint_picture
from planetview.gui.views.compare.transform import ZOOM_STEP, Frame, ViewTransform, inner_box

_PAN_STEP = 0.1
_GRIP_PX = 7
_WHEEL_NOTCH = 120.0
_ARROWS: Final = {
    Qt.Key.Key_Left: QPointF(1, 0),
    Qt.Key.Key_Right: QPointF(-1, 0),
    Qt.Key.Key_Up: QPointF(0, 1),
    Qt.Key.Key_Down: QPointF(0, -1),
}


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One picture. side: which part the dividing line leaves to it, -1 the left, 1 the right, 0 all."""

    picture: Picture
    opacity: float = 1.0
    side: int = 0


class Canvas(QWidget):
    """Draws layers; wheel, drag and keys change the transform, which other canvases may share.

    Keys: arrows pan, Shift with arrows moves the cross by a pixel.
    """

    pointed = Signal(object)  # QPointF, relative place in the image under the cursor; None when it has left
    divider_moved = Signal(float)  # 0 to 1 of the width
    resized = Signal()

    def __init__(self, name: str, theme: Theme, transform: ViewTransform, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._transform = transform
        self._layers: tuple[Layer, ...] = ()
        self._words = ""
        self._is_problem = False
        self._cross: QPointF | None = None
        self._divider: float | None = None
        self._grabbed: QPointF | None = None
        self._holds_divider = False
        self._shows_holes = True
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        transform.changed.connect(self.update)
        theme.changed.connect(self.update)

    @property
    def transform(self) -> ViewTransform:
        """What part of the image is seen."""
        return self._transform

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What is drawn, lowest first."""
        return self._layers

    @property
    def words(self) -> str:
        """What stands in place of an image, or ""."""
        return self._words

    @property
    def cross(self) -> QPointF | None:
        """Where the cross stands, relative to the image."""
        return self._cross

    def frame(self) -> Frame:
        """Return the place to draw in."""
        return Frame(QSizeF(self.size()), self.devicePixelRatioF())

    def use_transform(self, transform: ViewTransform) -> None:
        """Follow another transform."""
        if transform is not self._transform:
            self._transform.changed.disconnect(self.update)
            self._transform = transform
            transform.changed.connect(self.update)
            self.update()

    def show_layers(self, layers: tuple[Layer, ...]) -> None:
        """Draw these pictures at one place, each as large as the first; no words."""
        self._layers, self._words = layers, ""
        self.update()

    def show_words(self, words: str, *, is_problem: bool = False) -> None:
        """Write instead of drawing, with a frame around what went wrong."""
        self._layers, self._words, self._is_problem = (), words, is_problem
        self.update()

    def show_cross(self, place: QPointF | None) -> None:
        """Mark a place of the image, relative; None takes the mark away."""
        if place != self._cross:
            self._cross = place
            self.update()

    def show_holes(self, on: bool) -> None:
        """Hatch pixels without data, or show them as they are."""
        if on != self._shows_holes:
            self._shows_holes = on
            self.update()

    def show_divider(self, share: float | None) -> None:
        """Draw the line of a swipe at a share of the width; None for no line."""
        if share != self._divider:
            self._divider = share
            self.update()

    def image_box(self) -> QRectF:
        """Return where the whole image lies, in logical pixels."""
        target = self._transform.target(self.frame())
        if not self._layers:
            return target
        return inner_box(target, self._layers[0].picture.width, self._layers[0].picture.height)

    def scale(self) -> float:
        """Return device pixels per pixel of the image that is drawn."""
        if not self._layers:
            return self._transform.scale_in(self.frame())
        return self.image_box().width() * self.devicePixelRatioF() / self._layers[0].picture.width

    def place_at(self, at: QPointF) -> QPointF:
        """Return the relative place in the image under a point of the canvas."""
        box = self.image_box()
        return QPointF((at.x() - box.left()) / box.width(), (at.y() - box.top()) / box.height())

    def picture(self) -> QImage:
        """Return what is drawn, without cross and line: one image at its full size and unhatched, several as shown."""
        if len(self._layers) == 1:
            return self._layers[0].picture.levels[0].copy()
        ratio = self.devicePixelRatioF()
        image = QImage((QSizeF(self.size()) * ratio).toSize(), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(QColor(self._theme.tokens.surface_alt))
        painter = QPainter(image)
        self._paint_layers(painter)
        painter.end()
        return image

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarge around a point of the canvas, None for its middle."""
        frame = self.frame()
        self._transform.zoom(self._transform.scale_in(frame) * factor, frame, at)

    def zoom_to(self, scale: float) -> None:
        """Take a scale in device pixels per pixel of the image that is drawn, keeping the middle."""
        frame = self.frame()
        self._transform.zoom(self._transform.scale_in(frame) * scale / self.scale(), frame)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.surface_alt))
        if self._words:
            colour = QColor(tokens.danger if self._is_problem else tokens.text_muted)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            if self._is_problem:
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(12, 12, -12, -12), int(flags), self._words)
        self._paint_layers(painter)
        self._paint_marks(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_layers(self, painter: QPainter) -> None:
        box, clip = self.image_box(), QRectF(self.rect())
        line = clip.left() + (0.5 if self._divider is None else self._divider) * clip.width()
        for layer in self._layers:
            part = QRectF(clip)
            if layer.side < 0:
                part.setRight(line)
            elif layer.side > 0:
                part.setLeft(line)
            painter.setOpacity(layer.opacity)
            paint_picture(painter, layer.picture, box, part, self.devicePixelRatioF())
            if self._shows_holes:
                paint_holes(painter, layer.picture, box, part, self.devicePixelRatioF())
        painter.setOpacity(1.0)

    def _paint_marks(self, painter: QPainter) -> None:
        if self._divider is not None and self._layers:
            x = self._divider * self.width()
            _paint_line(painter, QPointF(x, 0), QPointF(x, self.height()), QColor(self._theme.tokens.accent))
            grip = QRectF(x - 5, self.height() / 2 - 16, 10, 32)
            painter.setPen(QPen(QColor("white"), 1))
            painter.setBrush(QColor(self._theme.tokens.accent))
            painter.drawRoundedRect(grip, 4, 4)
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._cross is not None and self._layers:
            box = self.image_box()
            at = QPointF(box.left() + self._cross.x() * box.width(), box.top() + self._cross.y() * box.height())
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                # Open in the middle, where the pixel is that the read-out names.
                _paint_line(
                    painter, at + QPointF(5 * dx, 5 * dy), at + QPointF(14 * dx, 14 * dy), QColor("#ffe14d"), dark=True
                )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / _WHEEL_NOTCH
        if notches:
            self.zoom_by(ZOOM_STEP**notches, event.position())
            self.pointed.emit(self.place_at(event.position()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._grabbed = event.position()
            self._holds_divider = self._is_on_divider(event.position())
            if not self._holds_divider:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._grabbed is None:
            on_line = self._is_on_divider(at)
            self.setCursor(Qt.CursorShape.SplitHCursor if on_line else Qt.CursorShape.CrossCursor)
        elif self._holds_divider:
            self.divider_moved.emit(min(1.0, max(0.0, at.x() / max(1, self.width()))))
        else:
            self._transform.pan(at - self._grabbed, self.frame())
            self._grabbed = at
        self.pointed.emit(self.place_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed, self._holds_divider = None, False
        self.setCursor(Qt.CursorShape.CrossCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._transform.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)

    def focusInEvent(self, event: object) -> None:
        self.update()

    def focusOutEvent(self, event: object) -> None:
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _ARROWS.get(Qt.Key(event.key()))
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if step is None or plain not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            super().keyPressEvent(event)
        elif plain == Qt.KeyboardModifier.ShiftModifier:
            self._step_cross(-step)
        else:
            far = QPointF(step.x() * self.width() * _PAN_STEP, step.y() * self.height() * _PAN_STEP)
            self._transform.pan(far, self.frame())

    def _step_cross(self, step: QPointF) -> None:
        if not self._layers:
            return
        width, height = self._layers[0].picture.width, self._layers[0].picture.height
        if self._cross is None:
            place = QPointF((width // 2 + 0.5) / width, (height // 2 + 0.5) / height)
        else:
            place = QPointF(
                _middle(self._cross.x() * width + step.x(), width), _middle(self._cross.y() * height + step.y(), height)
            )
        self.pointed.emit(place)

    def _is_on_divider(self, at: QPointF) -> bool:
        return self._divider is not None and abs(at.x() - self._divider * self.width()) <= _GRIP_PX


def _middle(pixel: float, count: int) -> float:
    """Return the relative place of the middle of a pixel, kept inside."""
    return (min(max(int(pixel), 0), count - 1) + 0.5) / count


def _paint_line(painter: QPainter, start: QPointF, end: QPointF, colour: QColor, *, dark: bool = False) -> None:
    """Draw a line with an edge of the other brightness, so that it is seen on any image."""
    painter.setPen(QPen(QColor("black" if dark else "white"), 4))
    painter.drawLine(start, end)
    painter.setPen(QPen(colour, 2))
    painter.drawLine(start, end)
