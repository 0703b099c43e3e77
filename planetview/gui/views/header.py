"""The line above the pages: the study's title, what it still needs, Run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget

from planetview.gui.icons import icon, square_beside
from planetview.gui.shortcuts import Keys, keys_of, with_keys
from planetview.gui.theme import Theme
from planetview.gui.widgets.elided import ElidedLabel
from planetview.gui.workspace import Workspace


class Header(QFrame):
    """Shows and edits the title; says why a run cannot start, or that results are out of date."""

    run_requested = Signal()

    def __init__(self, workspace: Workspace, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._theme = workspace, theme
        self._tells_changes = True
        self.setProperty("bar", True)
        self._title = QLineEdit(self)
        self._title.setAccessibleName(self.tr("Title of the study"))
        self._title.setToolTip(self.tr("Title of the study; click to change it"))
        self._title.setMinimumWidth(220)
        self._title.setMaximumWidth(420)
        self._title.editingFinished.connect(self._on_title_edited)
        self._state = ElidedLabel(self)
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._state.setProperty("muted", True)
        self._run = QPushButton(self.tr("Run"), self)
        self._run.setProperty("primary", True)
        self._run.clicked.connect(self.run_requested)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(16)
        layout.addWidget(self._title, 2)
        layout.addWidget(self._state, 3)
        layout.addWidget(self._run)
        workspace.described.connect(self._show_study)
        theme.changed.connect(self._draw)
        self._draw()
        self.show_keys({})
        self._show_study()

    @property
    def run_button(self) -> QPushButton:
        """The button that runs."""
        return self._run

    def show_keys(self, changed: Keys) -> None:
        """Name the present keys in the tip."""
        tip = self.tr("Judge the candidates against the reference")
        self._run.setToolTip(with_keys(tip, keys_of("run", changed)))

    def state_text(self) -> str:
        """Return what the header says about the study."""
        return self._state.text()

    def set_can_run(self, can_run: bool) -> None:
        """Enable Run."""
        self._run.setEnabled(can_run)

    def leave_changes_to(self, page_id: str) -> None:
        """Leave it to the page that is shown to say that results are out of date, where it says so itself."""
        self._tells_changes = page_id != "overview"
        self._show_study()

    def _show_study(self) -> None:
        if not self._title.hasFocus() or not self._title.isModified():
            self._title.setText(self._workspace.title)
        text = self._workspace.missing_for_a_run()
        if not text and self._workspace.is_stale and self._tells_changes:
            text = self.tr("Changed since the last run: run again to update the results.")
        self._state.setText(text)
        self._state.setToolTip(text)

    def _on_title_edited(self) -> None:
        self._title.setModified(False)
        self._workspace.set_title(self._title.text())
        self._title.setText(self._workspace.title)

    def _draw(self) -> None:
        self._run.setIconSize(square_beside(self))
        self._run.setIcon(icon("run", self._theme.tokens.accent_text, self._theme.tokens.text_muted))
