"""The rail on the left: one button per page."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from planetview.gui.actions import ACTIONS, PAGE_ACTIONS, tr
from planetview.gui.icons import icon
from planetview.gui.shortcuts import Keys, keys_of, with_keys
from planetview.gui.theme import Theme


class NavigationRail(QFrame):
    """Chooses the page; arrow keys move between the buttons."""

    page_chosen = Signal(str)  # page id

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("rail")
        self.setAccessibleName(self.tr("Pages"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._drawn: dict[str, tuple[int, str]] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 12, 8, 12)
        layout.setSpacing(4)
        layout.addStrut(92)
        specs = {spec.id: spec for spec in ACTIONS}
        for page in PAGE_ACTIONS:
            spec = specs[page]
            button = QToolButton(self)
            button.setCheckable(True)
            button.setText(tr(spec.text).replace("&", ""))
            button.setAccessibleName(button.text())
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _checked=False, page=page: self.page_chosen.emit(page))
            self._group.addButton(button)
            self._buttons[page] = button
            layout.addWidget(button)
        layout.addStretch(1)
        theme.changed.connect(self._draw)
        self._draw()
        self.show_keys({})

    def show_keys(self, changed: Keys) -> None:
        """Name the present keys in the tips."""
        for spec in ACTIONS:
            if spec.id in self._buttons:
                self._buttons[spec.id].setToolTip(with_keys(tr(spec.tip), keys_of(spec.id, changed)))

    def set_page(self, page: str) -> None:
        """Mark the page that is shown."""
        self._buttons[page].setChecked(True)
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def minimumSizeHint(self) -> QSize:
        # Where the window is low and the text large, the names alone fit.
        return QSize(super().minimumSizeHint().width(), 0)

    def _fit(self, edge_px: int) -> None:
        """Give each button the height its text needs, and a picture where there is room for all of them."""
        line = self.fontMetrics().height()
        with_picture = max(60, edge_px + line + 20)
        has_room = len(self._buttons) * (with_picture + 4) + 24 <= self.height()
        style = Qt.ToolButtonStyle.ToolButtonTextUnderIcon if has_room else Qt.ToolButtonStyle.ToolButtonTextOnly
        for button in self._buttons.values():
            button.setToolButtonStyle(style)
            button.setFixedHeight(with_picture if has_room else line + 14)

    def _draw(self) -> None:
        tokens = self._theme.tokens
        # The line is 15 px high at the usual text size.
        edge = round(24 * max(1.0, self.fontMetrics().height() / 15))
        self._fit(edge)
        for page, button in self._buttons.items():
            colour = tokens.accent if button.isChecked() else tokens.text_muted
            if self._drawn.get(page) != (edge, colour):
                self._drawn[page] = (edge, colour)
                button.setIconSize(QSize(edge, edge))
                button.setIcon(icon(page, colour))
