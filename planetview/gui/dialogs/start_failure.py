"""The dialog of a start that failed; needs nothing of the window, whatever of it is broken."""

from __future__ import annotations

import sys

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox


class StartFailure(QMessageBox):
    """Says what failed, why and what to do; the details can be read and copied."""

    def __init__(self, reason: str, advice: str, details: str) -> None:
        super().__init__()
        self.setWindowTitle("PlanetView")
        self.setIcon(QMessageBox.Icon.Critical)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("PlanetView could not start."))
        self.setInformativeText(f"{self.tr('Why: {0}').format(reason)}\n\n{self.tr('What to do: {0}').format(advice)}")
        self.setDetailedText(details)
        self.copy_button = self.addButton(self.tr("&Copy details"), QMessageBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip(self.tr("Copy all of this, for whoever looks into it"))
        # A button of a message box closes it: this one must not.
        self.copy_button.clicked.disconnect()
        self.copy_button.clicked.connect(self._copy)
        self.close_button = self.addButton(QMessageBox.StandardButton.Close)
        self.setDefaultButton(QMessageBox.StandardButton.Close)
        self.setEscapeButton(QMessageBox.StandardButton.Close)
        self._words = "\n\n".join((self.text(), self.informativeText(), details))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._words)
        self.copy_button.setText(self.tr("Copied"))


def show_start_failure(reason: str, advice: str, details: str) -> None:
    """Show the dialog and wait until it is closed; makes the application object where there is none yet."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    QCoreApplication.setApplicationName("PlanetView")
    StartFailure(reason, advice, details).exec()
    # Some systems take the clipboard over only while its owner still runs.
    application.processEvents()
