"""How a window closes: at once, or after the question what becomes of a job and of unsaved work."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from planetview.gui.controller import Controller
from planetview.gui.dialogs.closing import CloseQuestion


class Closing(QObject):
    """Asks for one window whether it may close, and closes it when the answer, or the saving it asks for, has come."""

    save_wanted = Signal()

    def __init__(self, window: QWidget, controller: Controller) -> None:
        super().__init__(window)
        self._window, self._controller = window, controller
        self._closes_after_save = self._is_closing = False
        controller.study_saved.connect(self._on_saved)
        controller.files.failed.connect(self._on_file_failed)

    def may_close(self) -> bool:
        """Return whether the window may close now; where it may not, the question is asked."""
        workspace, controller = self._controller.workspace, self._controller
        if self._is_closing or not (controller.is_busy or workspace.is_dirty):
            return True
        question = CloseQuestion(
            workspace.title, is_busy=controller.is_busy, is_dirty=workspace.is_dirty, parent=self._window
        )
        question.answered.connect(self._on_answered)
        question.open()
        return False

    def _on_answered(self, answer: str) -> None:
        if answer == "leave":
            self._close()
        elif answer == "save":
            self._closes_after_save = True
            self.save_wanted.emit()

    def _on_saved(self, _path: Path) -> None:
        if self._closes_after_save:
            self._closes_after_save = False
            self._close()

    def _on_file_failed(self, what: str, _why: object) -> None:
        if what == "save":
            self._closes_after_save = False

    def _close(self) -> None:
        self._is_closing = True
        self._window.close()
