"""Panels beside the pages: hidden at first, shown by menu or keys, where they were at the next start."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from planetview.core.messages import Engine
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import Preferences, load_preferences
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


def test_a_layout_is_kept_by_name_taken_up_again_and_forgotten(window: MainWindow, qtbot: QtBot) -> None:
    field = add(window)
    window.docks.dock("notes").show()
    window.addDockWidget(LEFT, window.docks.dock("notes"))
    dialog = window.layouts.ask_for_name()
    dialog.setTextValue("Review")
    dialog.accept()
    assert list(load_after_writing(window, qtbot).layouts) == ["Review"]

    window.actions_by_id["reset_layout"].trigger()
    assert not field.isVisible()
    layouts_entry(window, "Review").trigger()
    assert field.isVisible()
    assert window.dockWidgetArea(window.docks.dock("notes")) is LEFT
    assert "Layout: Review" in [entry.title for entry in window.shell.entries()]

    forget = next(action for action in layouts_menu(window).actions() if action.menu() is not None)
    menu = forget.menu()
    assert isinstance(menu, QMenu)
    menu.actions()[0].trigger()
    assert window.preferences.layouts == {}
    assert [action.text() for action in layouts_menu(window).actions()] == ["&Save this layout…"]


def load_after_writing(window: MainWindow, qtbot: QtBot) -> Preferences:
    qtbot.waitUntil(lambda: not window.background.is_busy)
    return load_preferences()


def layouts_menu(window: MainWindow) -> QMenu:
    found = window.menus._layouts
    assert isinstance(found, QMenu)
    return found


def layouts_entry(window: MainWindow, name: str) -> QAction:
    return next(action for action in layouts_menu(window).actions() if action.text() == name)


def test_unwanted_motion_stops_sliding_panels_and_blinking(window: MainWindow, qtbot: QtBot) -> None:
    dialog = window.shell.open_preferences()
    dialog.switches["reduces_motion"].click()
    assert window.theme.reduces_motion
    assert not window.isAnimated()
    dialog.switches["reduces_motion"].click()
    assert window.isAnimated() is not window.theme.reduces_motion
    dialog.close()
