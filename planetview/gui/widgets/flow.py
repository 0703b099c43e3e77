"""A layout that breaks its row where the width ends, as text does."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QLayoutItem, QWidget


def labelled(text: str, control: QWidget) -> QWidget:
    """Return a control with its label before it, which a row never tears apart."""
    pair = QWidget()
    label = QLabel(text)
    label.setBuddy(control)
    layout = QHBoxLayout(pair)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label)
    layout.addWidget(control)
    return pair


class FlowLayout(QLayout):
    """Lays widgets out from left to right, in as many rows as the width asks for.

    across, down: pixels between neighbours in a row, and between rows. is_even: all as wide as the widest, in columns.
    at_top: items stand at the top of their row instead of in its middle.
    """

    def __init__(
        self, across: int, down: int, parent: QWidget | None = None, *, is_even: bool = False, at_top: bool = False
    ) -> None:
        super().__init__(parent)
        self._across, self._down, self._is_even, self._at_top = across, down, is_even, at_top
        self._items: list[QLayoutItem] = []
        # Layouts around this one ask for the same heights dozens of times while a page is shown.
        self._heights: dict[int, int] = {}
        self._hint: QSize | None = None
        self._least: QSize | None = None
        self.setContentsMargins(0, 0, 0, 0)

    def invalidate(self) -> None:
        self._heights, self._hint, self._least = {}, None, None
        super().invalidate()

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)
        self.invalidate()

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # Qt asks beyond the end
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        if not 0 <= index < len(self._items):
            return None
        self._heights, self._hint, self._least = {}, None, None
        return self._items.pop(index)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._arrange(QRect(0, 0, width, 0), move=False)
        return self._heights[width]

    def setGeometry(self, area: QRect) -> None:
        super().setGeometry(area)
        self._arrange(area, move=True)

    def sizeHint(self) -> QSize:
        if self._hint is None:
            widths = [item.sizeHint().width() for item in self._items if not item.isEmpty()]
            self._hint = QSize(sum(widths) + self._across * max(0, len(widths) - 1), self.minimumSize().height())
        return self._hint

    def minimumSize(self) -> QSize:
        if self._least is None:
            size = QSize()
            for item in self._items:
                size = size.expandedTo(item.minimumSize())
            self._least = size
        return self._least

    def _arrange(self, area: QRect, *, move: bool) -> int:
        """Return the height that the rows take in the width of `area`."""
        top = area.top()
        for row in self._rows(area.width()):
            height = max(size.height() for _, size in row)
            left = area.left()
            for item, size in row:
                if move:
                    lower = 0 if self._at_top else (height - size.height()) // 2
                    item.setGeometry(QRect(QPoint(left, top + lower), size))
                left += size.width() + self._across
            top += height + self._down
        return max(0, top - self._down - area.top())

    def _rows(self, width: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        items = [item for item in self._items if not item.isEmpty()]
        widest = max((item.sizeHint().width() for item in items), default=0)
        rows: list[list[tuple[QLayoutItem, QSize]]] = []
        used = 0
        for item in items:
            size = item.sizeHint().expandedTo(QSize(widest if self._is_even else 0, 0))
            if item.hasHeightForWidth():
                size.setHeight(item.heightForWidth(size.width()))
            if not rows or used + self._across + size.width() > width:
                rows.append([])
                used = -self._across
            rows[-1].append((item, size))
            used += self._across + size.width()
        return rows
