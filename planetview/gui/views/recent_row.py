"""The recent studies or folders of the start page: open one, keep it, or forget one that is gone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from planetview.gui.icons import icon, square_beside
from planetview.gui.recent import RecentPlaces
from planetview.gui.theme import Theme
from planetview.gui.widgets.bare_button import BARE

_MOST_SHOWN = 6


class RecentList(QWidget):
    """Lists recent places under a title, pinned ones first.

    none: what is said while there are none. whole_names: as `RecentMenu` takes it.
    """

    chosen = Signal(object)  # Path
    pinned = Signal(object, bool)  # Path, whether it is to stay
    forgotten = Signal(object)  # Path
    cleared = Signal()

    def __init__(
        self, title: str, none: str, clear_tip: str, theme: Theme, parent: QWidget, *, whole_names: bool
    ) -> None:
        super().__init__(parent)
        self._none, self._theme, self._whole_names = none, theme, whole_names
        self.setAccessibleName(title)
        label = QLabel(title, self)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        self.clear_button = QPushButton(self.tr("Clear list"), self)
        self.clear_button.setProperty("quiet", True)
        self.clear_button.setStyleSheet("text-align: left; padding-left: 0;")
        self.clear_button.setToolTip(clear_tip)
        self.clear_button.setAccessibleName(self.tr("Clear list: {0}").format(title))
        self.clear_button.clicked.connect(self.cleared)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(label)
        column.addLayout(self._rows)
        column.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)

    def show_places(self, places: RecentPlaces, missing: frozenset[Path]) -> None:
        """List these; those in `missing` cannot be opened."""
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        paths = places.ordered()[:_MOST_SHOWN]
        for path in paths:
            name = path.name if self._whole_names else path.stem
            row = RecentRow(path, name, places.is_pinned(path), path in missing, self._theme, self)
            row.chosen.connect(self.chosen)
            row.pinned.connect(self.pinned)
            row.forgotten.connect(self.forgotten)
            self._rows.addWidget(row)
        if not paths:
            none = QLabel(self._none, self, wordWrap=True)
            none.setProperty("muted", True)
            self._rows.addWidget(none)
        self.clear_button.setVisible(any(not places.is_pinned(path) for path in paths))


class RecentRow(QWidget):
    """A study or folder that was open before; greyed, with "not found", when it is gone."""

    chosen = Signal(object)  # Path
    pinned = Signal(object, bool)  # Path, whether it is to stay
    forgotten = Signal(object)  # Path

    def __init__(
        self, path: Path, title: str, is_pinned: bool, is_missing: bool, theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme, self._is_pinned = theme, is_pinned
        name = self.tr("{0} · not found").format(title) if is_missing else title
        self.open_button = QPushButton(name.replace("&", "&&"), self)
        self.open_button.setProperty("quiet", True)
        # The name begins under the title of the list.
        self.open_button.setStyleSheet("text-align: left; padding-left: 0;")
        gone = self.tr("{0} is not there: it was moved, or its disk is not connected").format(path)
        self.open_button.setToolTip(gone if is_missing else str(path))
        self.open_button.setAccessibleName(self.tr("Open {0}").format(name))
        self.open_button.setEnabled(not is_missing)
        # A long name is cut at its end instead of widening the page.
        self.open_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.pin_button = self._tool(
            self.tr("Unpin {0}").format(title) if is_pinned else self.tr("Pin {0}: keep it here").format(title)
        )
        self.pin_button.setCheckable(True)
        # The filled pin says it already; the style's own box around it would look like the focus.
        self.pin_button.setStyleSheet(BARE)
        self.pin_button.setChecked(is_pinned)
        self.pin_button.toggled.connect(lambda is_on: self.pinned.emit(path, is_on))
        self.forget_button = self._tool(self.tr("Take {0} off the list").format(title))
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
