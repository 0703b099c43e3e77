"""Keys of one place: changed, told, taken from each other, kept in a file; the usual ones never clash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui import local_keys, shortcuts
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.local_keys import LOCAL
from planetview.gui.main_window import MainWindow
from planetview.gui.views.compare.dialog import CompareDialog
from planetview.gui.views.compare.settings import Mode
from planetview.gui.views.image_grid import ImageGrid


@pytest.fixture(autouse=True)
def usual_keys_afterwards() -> Iterator[None]:
    yield
    local_keys.use({})


@pytest.fixture
def grid(filled: MainWindow, results: Results, qtbot: QtBot) -> ImageGrid:
    filled.workspace.set_results(results)
    filled.show_page("neighbours")
    QApplication.processEvents()
    grid = filled.pages.page("neighbours").findChild(ImageGrid)
    filled.activateWindow()
    qtbot.waitUntil(filled.isActiveWindow)
    grid.setFocus()
    return grid


def give(window: MainWindow, command: str, *keys: str) -> None:
    changed = shortcuts.given(command, keys, window.preferences.shortcuts)
    window.use_preferences(window.preferences.with_shortcuts(changed))


def test_the_usual_keys_clash_nowhere() -> None:
    assert shortcuts.conflicts({}) == []
    assert len({spec.id for spec in LOCAL}) == len(LOCAL)


def test_a_changed_key_of_the_images_works_and_is_told_on_its_button(
    filled: MainWindow, grid: ImageGrid, qtbot: QtBot
) -> None:
    give(filled, "Images:F", "K")

    qtbot.keyClick(grid, Qt.Key.Key_F)
    assert not filled.workspace.marks.flagged
    qtbot.keyClick(grid, Qt.Key.Key_K)
    assert len(filled.workspace.marks.flagged) == 1
    tips = [button.toolTip() for button in filled.pages.page("neighbours").findChildren(QPushButton)]
    assert "Mark images to come back to. (K)" in tips


def test_the_compare_view_has_its_changed_keys_from_the_first_and_after_every_change(
    filled: MainWindow, grid: ImageGrid, qtbot: QtBot
) -> None:
    give(filled, "Compare view:W", "Q")
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    view = filled.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=20_000)
    qtbot.keyClick(view, Qt.Key.Key_W)
    assert view.settings.mode is Mode.SIDE
    qtbot.keyClick(view, Qt.Key.Key_Q)
    assert view.settings.mode is Mode.SWIPE

    # Two keys change places: each tip names its own.
    give(filled, "Compare view:F", "J")
    give(filled, "Compare view:X", "F")
    assert "(J)" in view.flag.toolTip() and "(F)" in view.exclude.toolTip()
    view.show_keys()
    assert "Q" in view._keys_page.text().split("Swipe")[0].split()
    filled.use_preferences(filled.preferences.with_shortcuts({}))
    assert "(F)" in view.flag.toolTip() and "(X)" in view.exclude.toolTip()
    qtbot.keyClick(view, Qt.Key.Key_S)
    assert view.settings.mode is Mode.SIDE
    view.close()


def test_keys_are_taken_from_the_same_place_and_from_the_menus_but_from_no_other_place() -> None:
    changed = shortcuts.given("Images:F", ("X",), {})
    assert changed == {"Images:F": ("X",), "Images:X": ()}

    assert shortcuts.given("Images:F", ("Ctrl+S",), {}) == {"Images:F": ("Ctrl+S",), "save": ()}
    assert shortcuts.given("save", ("F2",), {}) == {"save": ("F2",), "Panel: sets:F2": ()}
    # The compare view is a window of its own.
    assert shortcuts.owner_of("Ctrl+S", {}, but="Compare view:Ctrl+S") == ""


@pytest.mark.parametrize(("command", "keys"), [("Compare view:F", "Left"), ("Images:F", "Return"), ("Images:F", "F5")])
def test_what_lists_and_views_do_with_arrows_and_enter_stays(command: str, keys: str) -> None:
    changed = shortcuts.given(command, (keys,), {})

    assert changed == ({} if keys != "F5" else {"Images:F": ("F5",), "run": ()})


def test_a_person_changes_a_key_of_the_compare_view_in_the_dialog(filled: MainWindow, qtbot: QtBot) -> None:
    dialog = filled.shell.edit_shortcuts()
    assert isinstance(dialog, ShortcutsDialog)
    qtbot.keyClicks(dialog.search, "swipe")
    dialog.choose("Compare view:W")
    assert dialog.chosen() == "Compare view:W"
    dialog.record.setKeySequence(QKeySequence("B"))
    assert "Blink" in dialog.note.text()
    dialog.set_button.click()

    assert filled.preferences.shortcuts == {"Compare view:W": ("B",), "Compare view:B": ()}
    dialog.reset_all_button.click()
    assert filled.preferences.shortcuts == {}
    dialog.close()


def test_local_keys_travel_in_the_file_of_keys(tmp_path: Path) -> None:
    changed = shortcuts.given("Images:F", ("K",), {})
    shortcuts.write_keys(changed, tmp_path / "keys.json")

    assert shortcuts.read_keys(tmp_path / "keys.json") == changed
