"""The sheet of all keys: those of the menus, and those that hold only in one page or panel."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui.actions import PAGE_ACTIONS
from planetview.gui.main_window import MainWindow
from planetview.gui.widgets.text_dialog import TextDialog


@pytest.fixture
def sheet(filled: MainWindow, results: Results, qtbot: QtBot) -> str:
    """Return the text of the key sheet, asked for by its key after every page was seen."""
    filled.workspace.set_results(results)
    for page in PAGE_ACTIONS:
        filled.show_page(page)
    qtbot.keyClick(filled, Qt.Key.Key_F1, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = (one for one in filled.findChildren(TextDialog) if one.isVisible())
    text = dialog.findChild(QTextBrowser).toPlainText()
    dialog.close()
    return str(text)


def part(sheet: str, title: str, after: str = "Where they are pressed") -> str:
    """Return the lines below a title, up to the next empty line or title."""
    rest = sheet[sheet.index(after) :]
    return rest[rest.index(f"\n{title}\n") :][:900]


def test_the_keys_of_the_tiles_stand_under_their_page(sheet: str) -> None:
    words = part(sheet, "Neighbours")

    for keys, what in (
        ("F", "Mark images to come"),
        ("X", "Leave images out"),
        ("Enter", "Open the large view"),
        ("Space", "Select the"),
    ):
        assert f"{keys}\n{what}" in words, keys


def test_the_keys_of_plots_panels_and_the_compare_view_are_told_too(sheet: str) -> None:
    assert "Reset view" in part(sheet, "Entropy")
    assert "F2" in part(sheet, "Panel: Sets of the study")
    assert "Side by side" in part(sheet, "Compare view")


def test_the_keys_of_the_menus_come_first(sheet: str) -> None:
    assert sheet.index("Ctrl+1") < sheet.index("Where they are pressed")
