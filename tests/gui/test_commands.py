"""Every command of the table: connected, and harmless to call at any time in a window with results."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui.actions import ACTIONS, PAGE_ACTIONS
from planetview.gui.main_window import MainWindow


@pytest.fixture
def with_results(filled: MainWindow, results: Results) -> MainWindow:
    filled.workspace.set_results(results)
    return filled


def test_every_command_can_be_given_in_a_window_with_results(with_results: MainWindow, qtbot: QtBot) -> None:
    window = with_results
    failed = {}
    for spec in ACTIONS:
        window.show_page("overview")
        action = window.actions_by_id[spec.id]
        action.setEnabled(True)
        with qtbot.captureExceptions() as failures:
            action.trigger()
            QApplication.processEvents()
        if failures or (spec.id in PAGE_ACTIONS and window.current_page() != spec.id):
            failed[spec.id] = failures
        assert window.isVisible(), spec.id
        qtbot.waitUntil(lambda: not window.controller.is_busy)
        put_away_dialogs(window)

    assert failed == {}


def test_every_command_is_connected(window: MainWindow) -> None:
    place = QAction.staticMetaObject.indexOfSignal("triggered(bool)")
    signal = QAction.staticMetaObject.method(place)

    assert [id for id, action in window.actions_by_id.items() if not action.isSignalConnected(signal)] == []


def put_away_dialogs(window: MainWindow) -> None:
    for dialog in window.findChildren(QDialog):
        dialog.close()
    if (tour := window.findChild(QWidget, "tour")) is not None:
        tour.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
