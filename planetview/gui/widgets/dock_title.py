"""The title of a panel: grows with the text, which Qt's own does not."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from planetview.gui.icons import icon, square_beside
from planetview.gui.widgets.bare_button import BARE


class DockTitle(QWidget):
    """Names a panel; the buttons undock and close it, a drag or a double click anywhere else moves it."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._dock = dock
        label = QLabel(dock.windowTitle(), self)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        dock.windowTitleChanged.connect(label.setText)
        self.float_button = self._button(self.tr("Undock the panel '{0}', or put it back").format(dock.windowTitle()))
        self.float_button.clicked.connect(self._on_float)
        self.close_button = self._button(self.tr("Close the panel '{0}'").format(dock.windowTitle()))
        self.close_button.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 6, 2)
        row.setSpacing(2)
        row.addWidget(label, 1)
        row.addWidget(self.float_button)
        row.addWidget(self.close_button)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._draw()

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setStyleSheet(BARE)
        return button

    @Slot()
    def _on_float(self) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    def _draw(self) -> None:
        ink = self.palette().placeholderText().color().name()
        for button, name in ((self.float_button, "float"), (self.close_button, "remove")):
            button.setIcon(icon(name, ink))
            button.setIconSize(square_beside(self))
