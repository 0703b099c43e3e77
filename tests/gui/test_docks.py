"""Panels beside the pages: hidden at first, shown by menu or keys, where they were at the next start."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from planetview.core.messages import Engine
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import load_preferences
from tests.gui.conftest import close_without_saving
from tests.gui.fake_engine import FakeEngine

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea


def add(window: MainWindow) -> QLineEdit:
    """Add a panel with one field."""
    field = QLineEdit()
    field.setAccessibleName("Notes")
    window.add_dock("notes", "Notes", field, RIGHT, "Ctrl+Shift+9")
    return field


def test_a_panel_is_hidden_until_its_keys_are_pressed_and_then_has_the_focus(window: MainWindow, qtbot: QtBot) -> None:
    field = add(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    assert not field.isVisible()

    qtbot.keyClick(window, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)

    assert field.isVisible()
    assert field.hasFocus()
    assert "Notes" in [action.text() for action in window.docks.toggles()]
    assert "panel_notes" in [entry.id for entry in window.shell.entries()]


def test_a_panel_is_where_it_was_at_the_next_start(
    make_window: Callable[[Engine], MainWindow], engine: FakeEngine, qtbot: QtBot
) -> None:
    first = make_window(engine)
    add(first)
    first.addDockWidget(LEFT, first.docks.dock("notes"))
    first.docks.dock("notes").show()
    close_without_saving(first)
    assert load_preferences().docks

    second = make_window(engine)
    field = add(second)

    assert field.isVisible()
    assert second.dockWidgetArea(second.docks.dock("notes")) is LEFT
    second.actions_by_id["reset_layout"].trigger()
    assert not field.isVisible()
    assert second.dockWidgetArea(second.docks.dock("notes")) is RIGHT


@pytest.mark.parametrize("damaged", ["", "AAAA", "ünïcode", "!!!"])
def test_a_damaged_layout_changes_nothing(window: MainWindow, damaged: str) -> None:
    field = add(window)

    window.docks.restore(damaged)

    assert not field.isVisible()


def test_f6_reaches_a_panel_that_is_shown(window: MainWindow, qtbot: QtBot) -> None:
    field = add(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.docks.dock("notes").show()
    window.welcome.setFocus()

    for _ in range(8):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        if QApplication.focusWidget() is field:
            break

    assert field.hasFocus()
