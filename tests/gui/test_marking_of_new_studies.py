"""The marking that new studies begin with, and the strips on panels that were taken out of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from planetview.core.messages import Engine
from planetview.core.results import Results
from planetview.core.results_io import write_results
from planetview.core.study import Study, save_study
from planetview.gui.dialogs.preferences import PreferencesDialog
from planetview.gui.dialogs.provenance import ProvenanceDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.marking import follow_marking
from planetview.gui.preferences import Preferences, load_preferences, preferences_path, save_preferences
from planetview.gui.widgets.text_dialog import TextDialog
from tests.gui.accessibility import cut
from tests.gui.conftest import close_without_saving
from tests.gui.fake_engine import FakeEngine
from tests.gui.test_marking import MARKING, strips

AREA = Qt.DockWidgetArea.RightDockWidgetArea


def choose(window: MainWindow, text: str, qtbot: QtBot) -> None:
    """Type a marking for new studies into the preferences."""
    window.actions_by_id["preferences"].trigger()
    dialog = next(one for one in window.findChildren(PreferencesDialog) if one.isVisible())
    dialog.marking.setFocus()
    dialog.marking.selectAll()
    qtbot.keyClick(dialog.marking, Qt.Key.Key_Backspace)
    qtbot.keyClicks(dialog.marking, text)
    dialog.close()


def test_there_is_no_marking_until_somebody_chooses_one(window: MainWindow) -> None:
    assert window.preferences.marking == "" and strips(window) == []


def test_the_empty_study_and_those_that_follow_bear_the_chosen_marking(window: MainWindow, qtbot: QtBot) -> None:
    choose(window, f" {MARKING}  ", qtbot)

    assert strips(window) == [MARKING, MARKING]
    assert not window.isWindowModified() and not window.workspace.undo_stack.canUndo()
    window.workspace.set_marking("")
    window.controller.new_study(discarding=True)
    assert strips(window) == [MARKING, MARKING]


def test_a_study_with_images_keeps_what_it_has_and_the_next_one_is_marked(filled: MainWindow, qtbot: QtBot) -> None:
    choose(filled, MARKING, qtbot)
    assert strips(filled) == []

    filled.controller.new_study(discarding=True)
    assert strips(filled) == [MARKING, MARKING]


def test_a_marking_that_was_taken_off_an_empty_study_does_not_come_back(window: MainWindow, qtbot: QtBot) -> None:
    choose(window, MARKING, qtbot)
    window.workspace.set_marking("")

    choose(window, "CUI", qtbot)

    assert strips(window) == []


def test_a_saved_study_keeps_its_own_marking(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    save_study(Study("Mars"), tmp_path / "mars.planetview")
    choose(window, MARKING, qtbot)

    with qtbot.waitSignal(window.controller.files.opened):
        window.controller.open_study(tmp_path / "mars.planetview", discarding=True)

    assert strips(window) == []


def test_the_study_that_results_make_is_a_new_one(
    window: MainWindow, results: Results, tmp_path: Path, qtbot: QtBot
) -> None:
    write_results(results, tmp_path / "results.json")
    choose(window, MARKING, qtbot)

    with qtbot.waitSignal(window.controller.files.opened, timeout=45_000):
        window.controller.open_study(tmp_path / "results.json", discarding=True)

    assert strips(window) == [MARKING, MARKING] and not window.workspace.is_dirty
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=45_000)


def test_the_window_about_the_numbers_bears_the_marking(filled: MainWindow, results: Results) -> None:
    filled.workspace.set_results(results)
    filled.workspace.set_marking(MARKING)
    filled.actions_by_id["provenance"].trigger()
    dialog = filled.findChild(ProvenanceDialog)

    assert strips(dialog) == [MARKING, MARKING]
    filled.workspace.set_marking("")
    assert strips(dialog) == []
    dialog.close()


def test_the_next_window_begins_with_it(
    make_window: Callable[[Engine], MainWindow], engine: FakeEngine, qtbot: QtBot
) -> None:
    first = make_window(engine)
    choose(first, MARKING, qtbot)
    close_without_saving(first)
    assert load_preferences().marking == MARKING

    assert strips(make_window(engine)) == [MARKING, MARKING]


def test_the_defaults_of_the_preferences_have_no_marking(window: MainWindow, qtbot: QtBot) -> None:
    choose(window, MARKING, qtbot)
    dialog = window.shell.open_preferences()
    assert dialog.marking.text() == MARKING

    dialog._on_defaults()

    assert dialog.marking.text() == "" and window.preferences.marking == "" and strips(window) == []
    dialog.close()


@pytest.mark.parametrize(("stored", "read"), [("CUI\n x", "CUI x"), ("y" * 500, "y" * 120), (7, ""), (None, "")])
def test_a_stored_marking_is_one_line_or_nothing(stored: object, read: str, window: MainWindow) -> None:
    save_preferences(replace(Preferences(), marking=stored))  # type: ignore[arg-type]

    assert load_preferences().marking == read
    preferences_path().unlink()


def shown(dock: QDockWidget) -> list[QLabel]:
    found = [one for one in dock.findChildren(QLabel) if one.property("strip") and one.isVisible()]
    return [one for one in found if one.window() is dock.window()]


def taken_out(window: MainWindow) -> QDockWidget:
    dock = window.add_dock("notes", "Notes", QLineEdit(), AREA)
    dock.show()
    dock.setFloating(True)
    QApplication.processEvents()
    return dock


def test_a_panel_taken_out_of_the_window_bears_the_marking_and_follows_it(filled: MainWindow) -> None:
    dock = taken_out(filled)
    assert shown(dock) == []

    filled.workspace.set_marking("NOT FOR EXPORT WITHOUT A LICENCE")
    dock.resize(180, 300)
    QApplication.processEvents()
    top, bottom = shown(dock)
    field = dock.findChild(QLineEdit)
    assert [top.text(), bottom.text()] == ["NOT FOR EXPORT WITHOUT A LICENCE"] * 2
    assert top.geometry().bottom() < field.geometry().top()
    assert field.geometry().bottom() < bottom.geometry().top()
    assert not [words for words in cut(dock) if "NOT FOR" in words]
    assert top.accessibleName() == "Marking: NOT FOR EXPORT WITHOUT A LICENCE"

    dock.setFloating(False)
    QApplication.processEvents()
    assert shown(dock) == [] and field.parentWidget().contentsMargins().isNull()
    dock.setFloating(True)
    assert len(shown(dock)) == 2
    filled.workspace.set_marking("")
    assert shown(dock) == []


def test_a_window_opened_from_a_panel_is_marked_wherever_the_panel_is(filled: MainWindow) -> None:
    filled.workspace.set_marking(MARKING)
    dock = filled.add_dock("notes", "Notes", QLineEdit(), AREA)
    dock.show()
    dialog = TextDialog("Notes", "text", dock.findChild(QLineEdit))
    follow_marking(dialog)
    dialog.show()

    assert strips(dialog) == [MARKING, MARKING] and shown(dock) == []
    dialog.close()
