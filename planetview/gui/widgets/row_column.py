"""Widgets one below the other, to which one more can be added without laying all of them out anew."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class RowColumn(QWidget):
    """Gives each row the height that it asks for at the width there is; a scroll area shows it.

    A QVBoxLayout gives every row its place twice for each row that comes: 20 ms with 300 of them.
    """

    def __init__(self, gap_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gap_px = gap_px
        self._rows: list[QWidget] = []

    def add(self, row: QWidget) -> None:
        """Put one more row at the end."""
        top = self._rows[-1].geometry().bottom() + 1 + self._gap_px if self._rows else 0
        self._rows.append(row)
        row.setParent(self)
        self._place(row, top)
        self.setMinimumHeight(row.geometry().bottom() + 1)
        row.show()

    def remove(self, row: QWidget) -> None:
        """Take a row out; it stays a child, hidden."""
        self._rows.remove(row)
        row.hide()
        self._place_all()

    def height_of(self, row: QWidget, width: int) -> int:
        """Return what a row takes at a width."""
        return max(row.heightForWidth(width), row.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._place_all()

    def event(self, event: QEvent) -> bool:
        # What a row holds has changed, and it asks for another height.
        if event.type() == QEvent.Type.LayoutRequest:
            self._place_all()
        return super().event(event)

    def _place_all(self) -> None:
        top = 0
        for row in self._rows:
            self._place(row, top)
            top = row.geometry().bottom() + 1 + self._gap_px
        self.setMinimumHeight(max(0, top - self._gap_px))

    def _place(self, row: QWidget, top: int) -> None:
        place = QRect(0, top, self.width(), self.height_of(row, self.width()))
        if place != row.geometry():
            row.setGeometry(place)
