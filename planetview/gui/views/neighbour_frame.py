"""Where the parts of the neighbours page stand: bar, grid, inspector, foot, and words where there is nothing to see."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.neighbour_actions import NeighbourActions
from planetview.gui.views.neighbour_bar import NeighbourBar
from planetview.gui.views.neighbour_inspector import NeighbourInspector
from planetview.gui.views.panels import GAP, empty_state, side_by_side
from planetview.gui.widgets.roomy import RoomyArea


class NeighbourFrame(QWidget):
    """Lays the parts out; `is_empty` and `has_no_match` tell which words stand in their place.

    count: the line below the grid, which says what is shown.
    """

    def __init__(
        self, bar: NeighbourBar, grid: ImageGrid, inspector: NeighbourInspector, actions: NeighbourActions
    ) -> None:
        super().__init__()
        self._actions = actions
        self.count = QLabel(wordWrap=True)
        self.count.setProperty("muted", True)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(2 * GAP, 2 * GAP, 2 * GAP, GAP)
        layout.setSpacing(GAP)
        layout.addWidget(bar)
        layout.addWidget(side_by_side(self._build_grid(bar, grid), self._build_side(inspector)), 1)
        layout.addLayout(self._build_foot())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(
            empty_state(
                self.tr(
                    "No neighbours yet. Run a comparison to see each synthetic image beside the nearest real ones, and "
                    "each real image beside the nearest synthetic ones."
                )
            )
        )
        self._stack.addWidget(RoomyArea(content, parent=self))

    @property
    def is_empty(self) -> bool:
        """Whether words stand in place of everything."""
        return self._stack.currentIndex() == 0

    @property
    def has_no_match(self) -> bool:
        """Whether words stand in place of the grid."""
        return self._grid_or_words.currentIndex() == 1

    def show_content(self, has_content: bool) -> None:
        """Show the parts, or what a run would bring."""
        self._stack.setCurrentIndex(1 if has_content else 0)

    def show_no_match(self, words: str) -> None:
        """Show words in place of the grid; "" for the grid."""
        self._no_match.setText(words)
        self._grid_or_words.setCurrentIndex(1 if words else 0)

    def say(self, words: str) -> None:
        """Say what is shown."""
        self.count.setText(words)
        # A low window with large text shows its first lines only.
        self.count.setToolTip(words)

    def _build_grid(self, bar: NeighbourBar, grid: ImageGrid) -> QWidget:
        holder, nothing = QWidget(), QWidget()
        self._no_match = empty_state("")
        every = QPushButton(self.tr("Show all images"))
        every.clicked.connect(bar.show_all)
        column = QVBoxLayout(nothing)
        column.addStretch(1)
        column.addWidget(self._no_match)
        column.addWidget(every, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(1)
        self._grid_or_words = QStackedLayout(holder)
        self._grid_or_words.addWidget(grid)
        self._grid_or_words.addWidget(nothing)
        return holder

    def _build_side(self, inspector: NeighbourInspector) -> QWidget:
        side = QWidget()
        buttons = QHBoxLayout()
        for action in (self._actions.flag, self._actions.exclude, self._actions.compare):
            buttons.addWidget(self._actions.button(action), 1)
        layout = QVBoxLayout(side)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(buttons)
        layout.addWidget(inspector, 1)
        return side

    def _build_foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self.count, 1)
        for action in (self._actions.copy_list, self._actions.export):
            foot.addWidget(self._actions.button(action), 0, Qt.AlignmentFlag.AlignTop)
        return foot
