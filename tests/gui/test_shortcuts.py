"""Keys of one's own: recorded, settled where two commands want them, kept, carried to another computer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialogButtonBox, QToolButton
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.gui import shortcuts
from planetview.gui.actions import ACTIONS
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import load_preferences
from planetview.gui.widgets.text_dialog import TextDialog


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> ShortcutsDialog:
    window.actions_by_id["edit_shortcuts"].trigger()
    (found,) = window.findChildren(ShortcutsDialog)
    assert isinstance(found, ShortcutsDialog)
    return found


def record(dialog: ShortcutsDialog, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    dialog.record.setFocus()
    qtbot.keyClick(dialog.record, key, modifier)
    qtbot.waitUntil(lambda: not dialog.record.keySequence().isEmpty())


def test_recorded_keys_hold_at_once_and_are_remembered(
    window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot
) -> None:
    dialog.choose("models")
    record(dialog, qtbot, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert dialog.note.text() == "Ctrl+M is free."

    dialog.set_button.click()
    dialog.reject()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)

    assert window.current_page() == "models"
    assert "(Ctrl+M)" in window.actions_by_id["models"].toolTip()
    assert any("(Ctrl+M)" in button.toolTip() for button in window.rail.findChildren(QToolButton))
    qtbot.waitUntil(lambda: load_preferences().shortcuts == {"models": ("Ctrl+M",)})


def test_taken_keys_name_both_commands_and_change_hands(
    window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot
) -> None:
    dialog.choose("run")
    record(dialog, qtbot, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert "Literature column" in dialog.note.text()
    assert "Run" in dialog.note.text()

    dialog.add_button.click()

    assert shortcuts.keys_of("run", dialog.keys) == ("F5", "Ctrl+L")
    assert shortcuts.keys_of("literature", dialog.keys) == ()
    assert window.actions_by_id["literature"].shortcuts() == []
    assert shortcuts.conflicts(dialog.keys) == []

    dialog.choose("literature")
    dialog.reset_button.click()
    assert shortcuts.keys_of("literature", dialog.keys) == ("Ctrl+L",)
    assert shortcuts.keys_of("run", dialog.keys) == ("F5",)


def test_the_system_s_keys_are_not_given_away(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    dialog.choose("run")
    record(dialog, qtbot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert "always belongs to 'Copy'" in dialog.note.text()
    assert not dialog.set_button.isEnabled()
    dialog.choose("copy")
    assert not dialog.remove_button.isEnabled()


def test_a_search_lists_by_name_and_by_keys(dialog: ShortcutsDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.search, "F11")
    assert dialog.chosen() == "full_screen"

    dialog.search.clear()
    qtbot.keyClicks(dialog.search, "biblatex")
    assert dialog.chosen() == ""
    assert not dialog.remove_button.isEnabled()


def test_all_keys_return(window: MainWindow, dialog: ShortcutsDialog) -> None:
    dialog.choose("save")
    dialog.remove_button.click()
    assert window.actions_by_id["save"].shortcuts() == []

    dialog.reset_all_button.click()

    assert window.actions_by_id["save"].shortcuts() == [QKeySequence("Ctrl+S")]
    assert not dialog.reset_all_button.isEnabled()


def test_keys_travel_in_a_file(dialog: ShortcutsDialog, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    dialog.choose("run")
    dialog._use(shortcuts.given("run", ("F9",), dialog.keys))
    dialog.export_to(file)
    dialog.reset_all_button.click()

    dialog.import_from(file)

    assert dialog.keys == {"run": ("F9",)}
    assert json.loads(file.read_text())["keys"]["run"] == ["F9"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a file of shortcuts"),
        ("[]", "not a file of shortcuts"),
        ('{"format": "planetview shortcuts", "keys": {"run": ["F5"], "save": ["F5"]}}', "both to 'Save' and to 'Run'"),
    ],
)
def test_a_bad_file_is_refused_and_changes_nothing(
    dialog: ShortcutsDialog, tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(text)

    dialog.import_from(file)

    assert why in dialog.note.text()
    assert dialog.keys == {}


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        shortcuts.read_keys(tmp_path / "none.json")


def test_no_two_commands_share_keys_however_they_are_given_around() -> None:
    keys: dict[str, tuple[str, ...]] = {}
    for spec, other in zip(ACTIONS, reversed(ACTIONS), strict=True):
        if not spec.focus_keys and spec is not other:
            keys = shortcuts.given(spec.id, shortcuts.keys_of(other.id, keys), keys)
            assert shortcuts.conflicts(keys) == []


def test_the_sheet_of_keys_shows_the_present_ones_and_copies(
    window: MainWindow, dialog: ShortcutsDialog, qtbot: QtBot
) -> None:
    dialog.choose("run")
    dialog._use(shortcuts.given("run", ("F9",), dialog.keys))
    dialog.reject()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)

    qtbot.keyClick(window, Qt.Key.Key_F1, Qt.KeyboardModifier.ControlModifier)
    sheet = window.findChildren(TextDialog)[-1]

    assert "F9" in sheet.text()
    assert "F5" not in sheet.text()
    buttons = sheet.findChild(QDialogButtonBox).buttons()
    assert {button.text() for button in buttons} >= {"&Copy"}
    sheet.close()
