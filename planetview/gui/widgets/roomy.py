"""A page that scrolls where the window is too low for it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

# What a page has in the smallest window with text of the usual size.
LEAST_LINES = 30


class RoomyArea(QScrollArea):
    """Gives a page at least the height of `lines` lines of text; as wide as there is room."""

    def __init__(self, content: QWidget, lines: int = LEAST_LINES, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self._lines = lines
        self.setFrameShape(QFrame.Shape.NoFrame)
        # The parts of the page take the keyboard, not their frame.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)

    def set_lines(self, lines: int) -> None:
        """Give the page at least the height of this many lines from now on."""
        self._lines = lines
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._make_room()

    def _make_room(self) -> None:
        content = self.widget()
        if content is not None:
            # Any least width lets Qt overlook that of the parts, which shrink rather than scroll sideways.
            content.setMinimumSize(1, self._lines * self.fontMetrics().lineSpacing())
