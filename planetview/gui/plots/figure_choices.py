"""How all figures leave the window: the size of their text, and the scale of copied images."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

# A figure of a page's width that is set in one column of two is reduced to half, and its text with it.
TEXT_SCALES = (1.0, 1.25, 1.5, 2.0)
IMAGE_SCALES = (1, 2, 4)


class FigureChoices(QObject):
    """The choices that all plots of the process share. text_scale, image_scale: of the lists above."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text_scale = 1.0
        self.image_scale = 2

    def use(self, text_scale: float, image_scale: int) -> None:
        """Put these in force; what is in neither list is left out."""
        before = (self.text_scale, self.image_scale)
        self.text_scale = text_scale if text_scale in TEXT_SCALES else self.text_scale
        self.image_scale = image_scale if image_scale in IMAGE_SCALES else self.image_scale
        if before != (self.text_scale, self.image_scale):
            self.changed.emit()


FIGURES = FigureChoices()
