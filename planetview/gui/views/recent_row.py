"""One line of the recent studies: open it, keep it, or forget one that is gone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from planetview.gui.icons import icon, square_beside
from planetview.gui.theme import Theme


class RecentRow(QWidget):
    """A study that was open before; greyed, with "not found", when its file is gone."""

    chosen = Signal(object)  # Path
    pinned = Signal(object, bool)  # Path, whether it is to stay
    forgotten = Signal(object)  # Path

    def __init__(self, path: Path, is_pinned: bool, is_missing: bool, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._is_pinned = theme, is_pinned
        name = self.tr("{0} · not found").format(path.stem) if is_missing else path.stem
        self.open_button = QPushButton(name.replace("&", "&&"), self)
        self.open_button.setProperty("quiet", True)
        self.open_button.setStyleSheet("text-align: left;")
        self.open_button.setToolTip(str(path))
        self.open_button.setAccessibleName(self.tr("Open {0}").format(name))
        self.open_button.setEnabled(not is_missing)
        # A long name is cut at its end instead of widening the page.
        self.open_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.pin_button = self._tool(
            self.tr("Unpin {0}").format(path.stem) if is_pinned else self.tr("Pin {0}: keep it here").format(path.stem)
        )
        self.pin_button.setCheckable(True)
        self.pin_button.setChecked(is_pinned)
        self.pin_button.toggled.connect(lambda is_on: self.pinned.emit(path, is_on))
        self.forget_button = self._tool(self.tr("Take {0} off the list").format(path.stem))
        self.forget_button.setVisible(is_missing)
        self.forget_button.clicked.connect(lambda: self.forgotten.emit(path))
        self.open_button.clicked.connect(lambda: self.chosen.emit(path))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.open_button, 1)
        layout.addWidget(self.forget_button)
        layout.addWidget(self.pin_button)
        theme.changed.connect(self._draw)
        self._draw()

    def _tool(self, tip: str) -> QToolButton:
        button = QToolButton(self, autoRaise=True)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _draw(self) -> None:
        tokens = self._theme.tokens
        for button, name, ink in (
            (self.pin_button, "pinned" if self._is_pinned else "pin", tokens.accent if self._is_pinned else ""),
            (self.forget_button, "remove", ""),
        ):
            button.setIcon(icon(name, ink or tokens.text_muted))
            button.setIconSize(square_beside(self))
