"""The question before something unsaved or unfinished is lost."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from planetview.gui.dialogs.question import wear_mark

Answer = Literal["save", "leave", "stay"]


class CloseQuestion(QMessageBox):
    """Asks whether to save, to leave without saving, or to stay; `answered` says which."""

    answered = Signal(str)  # Answer

    def __init__(self, title: str, *, is_busy: bool, is_dirty: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wear_mark(self)
        self.setWindowTitle(self.tr("Close the study?"))
        lines = []
        if is_busy:
            lines.append(self.tr("A job is still running; it will be stopped. What it has finished is kept."))
        if is_dirty:
            lines.append(self.tr("'{0}' has changes that are not saved.").format(title))
        self.setText("\n\n".join(lines))
        if is_dirty:
            self.save_button = self.addButton(self.tr("&Save"), QMessageBox.ButtonRole.AcceptRole)
        leave = self.tr("&Don't save") if is_dirty else self.tr("&Stop and close")
        self.leave_button = self.addButton(leave, QMessageBox.ButtonRole.DestructiveRole)
        self.stay_button = self.addButton(self.tr("&Keep working"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.save_button if is_dirty else self.stay_button)
        self.setEscapeButton(self.stay_button)
        self.buttonClicked.connect(self._on_clicked)

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.stay_button:
            self.answered.emit("stay")
        else:
            self.answered.emit("leave" if button is self.leave_button else "save")


class PlaceQuestion(QMessageBox):
    """Asks where to open another study while this one has unsaved work: in a new window, or in its place."""

    new_window_chosen = Signal()
    discard_chosen = Signal()

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wear_mark(self)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWindowTitle(self.tr("Open in a new window?"))
        self.setText(self.tr("'{0}' has work that is not saved or not finished.").format(title))
        self.setInformativeText(self.tr("In a new window it stays as it is."))
        self.window_button = self.addButton(self.tr("New &window"), QMessageBox.ButtonRole.AcceptRole)
        self.discard_button = self.addButton(self.tr("&Discard it"), QMessageBox.ButtonRole.DestructiveRole)
        self.cancel_button = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(self.window_button)
        self.setEscapeButton(self.cancel_button)
        self.buttonClicked.connect(self._on_clicked)

    def _on_clicked(self, button: QAbstractButton) -> None:
        if button is self.window_button:
            self.new_window_chosen.emit()
        elif button is self.discard_button:
            self.discard_chosen.emit()


class RevertQuestion(QMessageBox):
    """Asks before the changes since the last save are given up."""

    confirmed = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wear_mark(self)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWindowTitle(self.tr("Revert to saved?"))
        self.setText(self.tr("Go back to '{0}' as it was saved last?").format(name))
        self.setInformativeText(self.tr("Everything that was changed or computed since is lost. No image is touched."))
        self.revert_button = self.addButton(self.tr("&Revert"), QMessageBox.ButtonRole.DestructiveRole)
        self.keep_button = self.addButton(self.tr("&Keep changes"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.keep_button)
        self.setEscapeButton(self.keep_button)
        self.revert_button.clicked.connect(self.confirmed)
