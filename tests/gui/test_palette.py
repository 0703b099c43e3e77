"""The command palette: a few letters find anything, Enter does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import EXTRACTORS, METRICS
from planetview.gui.dialogs.palette import CommandPalette
from planetview.gui.main_window import MainWindow
from planetview.gui.models.palette import PaletteEntry, found, match, spans
from planetview.gui.widgets.text_dialog import TextDialog
from tests.gui.fake_engine import FakeEngine


def entry(title: str, id: str = "", why_not: str = "") -> PaletteEntry:
    return PaletteEntry(id or title, title, "Menu", lambda: None, why_not=why_not)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("save", "Save"),
        ("sav as", "Save as"),
        ("lit", "Literature column"),
        ("mt", "Copy as methods text"),
        ("bibtex", "Copy BibTeX"),
        ("column", "Literature column"),
        ("nbrs", "Neighbours"),
    ],
)
def test_a_few_letters_find_the_command(query: str, best: str) -> None:
    titles = ("Save as", "Save", "Literature column", "Copy BibTeX", "Copy as methods text", "Neighbours", "Run")

    assert found([entry(title) for title in titles], query)[0].title == best


def test_without_letters_the_recent_ones_come_first_then_all_in_order() -> None:
    entries = [entry("a"), entry("b"), entry("c"), entry("d")]

    assert [e.id for e in found(entries, " ", ("c", "b"))] == ["c", "b", "a", "d"]


def test_a_command_that_can_be_done_comes_before_its_equal_that_cannot() -> None:
    entries = [entry("Run now", why_not="A job is running."), entry("Run all")]

    assert [e.title for e in found(entries, "run")] == ["Run all", "Run now"]


@given(st.text(max_size=12), st.text(max_size=30))
def test_what_is_marked_lies_in_the_title(query: str, title: str) -> None:
    assert all(0 <= place < len(title) for place in spans(query, title))
    assert match(query, title) >= 0 or title.casefold() != title


def test_every_title_finds_itself() -> None:
    for spec in (*METRICS.values(), *EXTRACTORS.values()):
        assert match(spec.label, spec.label) > 0


@pytest.fixture
def opened(filled: MainWindow, qtbot: QtBot) -> Callable[[], CommandPalette]:
    def open_palette() -> CommandPalette:
        filled.activateWindow()
        qtbot.waitUntil(filled.isActiveWindow)
        qtbot.keyClick(filled, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        (palette,) = [found for found in filled.findChildren(CommandPalette) if found.isVisible()]
        qtbot.waitUntil(palette.query.hasFocus)
        return palette

    return open_palette


def test_a_page_is_shown_by_letters_and_enter(
    filled: MainWindow, opened: Callable[[], CommandPalette], qtbot: QtBot
) -> None:
    palette = opened()
    qtbot.keyClicks(palette.query, "entr")
    current = palette.current()
    assert current is not None
    assert (current.title, current.place, current.keys) == ("Entropy", "Page", "Ctrl+4")

    qtbot.keyClick(palette.query, Qt.Key.Key_Return)

    assert filled.current_page() == "entropy"
    assert filled.preferences.commands == ("entropy",)
    assert opened().titles()[0] == "Entropy"


def test_a_command_that_cannot_be_done_says_why_and_stays(
    filled: MainWindow, engine: FakeEngine, opened: Callable[[], CommandPalette], qtbot: QtBot
) -> None:
    palette = opened()
    qtbot.keyClicks(palette.query, "export report")
    assert "There are no results yet" in palette.note.text()

    qtbot.keyClick(palette.query, Qt.Key.Key_Return)

    assert palette.isVisible()
    index = palette.list.currentIndex()
    assert "not now" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_up_and_down_choose_and_escape_closes(
    filled: MainWindow, opened: Callable[[], CommandPalette], qtbot: QtBot
) -> None:
    palette = opened()
    titles = palette.titles()
    qtbot.keyClick(palette.query, Qt.Key.Key_Down)
    assert palette.current() is not None
    assert palette.current().title == titles[1]  # type: ignore[union-attr]
    qtbot.keyClick(palette.query, Qt.Key.Key_Up)
    qtbot.keyClick(palette.query, Qt.Key.Key_Up)
    assert palette.current().title == titles[-1]  # type: ignore[union-attr]

    qtbot.keyClick(palette.query, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not filled.findChildren(CommandPalette))
    assert filled.isVisible()


def test_sets_recent_studies_and_help_are_found_too(
    filled: MainWindow, opened: Callable[[], CommandPalette], tmp_path: Path, qtbot: QtBot
) -> None:
    gone = tmp_path / "gone.planetview"
    filled.use_preferences(replace(filled.preferences.with_study(gone), theme=filled.preferences.theme))
    qtbot.waitUntil(lambda: any(e.why_not and e.title == "gone" for e in filled.shell.entries()))
    places = {e.title: e.place for e in filled.shell.entries()}

    assert places["gan_v1"] == "Set"
    assert places["gone"] == "Recent study"
    assert places[METRICS["fd"].label] == "Help: metric"
    assert places["Theme: Dark"] == "View"

    palette = opened()
    palette.query.setText(METRICS["fd"].label)
    qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    dialog = filled.findChildren(TextDialog)[-1]
    assert METRICS["fd"].formula in dialog.text()
    assert METRICS["fd"].citation in dialog.text()
    dialog.close()


def test_nothing_found_says_so(opened: Callable[[], CommandPalette], qtbot: QtBot) -> None:
    palette = opened()
    qtbot.keyClicks(palette.query, "qqqq")

    assert palette.titles() == []
    assert "Nothing is called that" in palette.note.text()
    qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    assert palette.isVisible()
