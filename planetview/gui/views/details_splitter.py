"""The table of the overview and what is known about its current cell, in whatever room there is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from planetview.gui.views.metric_view import MetricTableView
from planetview.gui.views.panels import GAP, card

# In characters: below the first, table and details stand below each other; details are as wide as the others allow.
_NARROW, _LEAST_DETAILS, _MOST_DETAILS = 140, 36, 54
_LEAST_LINES = 9


class DetailsSplitter(QSplitter):
    """Gives the table the width that its columns need, as far as the details can spare it.

    Where both beside each other would be narrow, the details stand below. A border that a person moved stays there.
    """

    def __init__(self, table: MetricTableView, details: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent, childrenCollapsible=False)
        self._table, self._is_moved = table, False
        self.details = card(details)
        self.addWidget(card(table))
        self.addWidget(self.details)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self.setHandleWidth(GAP)
        self.splitterMoved.connect(self._on_moved)
        table.widths_changed.connect(self.share)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.share()

    @Slot()
    def share(self) -> None:
        """Share the room anew, after another size or other columns."""
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().lineSpacing()
        is_narrow = self.width() < _NARROW * letter
        wanted = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        if wanted != self.orientation():
            self.setOrientation(wanted)
            self._is_moved = False
        parts = 2 if is_narrow and self.details.isVisibleTo(self) else 1
        self.setMinimumHeight(parts * _LEAST_LINES * line)
        if self._is_moved:
            return
        if is_narrow:
            self.setSizes([self.height() * 3 // 5, self.height() * 2 // 5])
            return
        # Two cards with their margins and lines, and the border between them.
        spare = self.width() - self._table.needed_width() - 5 * GAP - 4
        side = max(_LEAST_DETAILS * letter, min(spare, _MOST_DETAILS * letter))
        self.setSizes([self.width() - side - GAP, side])

    @Slot()
    def _on_moved(self) -> None:
        self._is_moved = True
