"""Every control of every page and dialog: named, explained, reached by Tab, its text whole at twice the size."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QDockWidget, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui.actions import PAGE_ACTIONS
from planetview.gui.dialogs.closing import CloseQuestion, PlaceQuestion
from planetview.gui.dialogs.intake import IntakeDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.views.compare.dialog import CompareDialog
from planetview.gui.views.compare.settings import mode_texts
from planetview.gui.views.image_grid import ImageGrid
from tests.gui.accessibility import cut, nameless, unreachable, without_help
from tests.gui_fixtures import sheet_of


@pytest.fixture
def with_results(filled: MainWindow, results: Results) -> MainWindow:
    filled.workspace.set_results(results)
    return filled


def show(window: MainWindow, page: str) -> None:
    window.show_page(page)
    QApplication.processEvents()


@pytest.fixture
def at_twice_the_text(with_results: MainWindow) -> Iterator[MainWindow]:
    with_results.use_preferences(with_results.preferences.scaled(20))
    yield with_results
    with_results.use_preferences(with_results.preferences.scaled(0))


def test_every_control_of_every_page_is_named_explained_and_reached(with_results: MainWindow) -> None:
    found = {}
    for page in PAGE_ACTIONS:
        show(with_results, page)
        found[page] = nameless(with_results) + without_help(with_results) + unreachable(with_results)

    assert found == {page: [] for page in PAGE_ACTIONS}


def test_every_control_of_the_start_page_is_named_explained_and_reached(window: MainWindow, tmp_path: Path) -> None:
    window.use_preferences(window.preferences.with_study(tmp_path / "gone.planetview").with_folder(tmp_path))

    assert nameless(window) == []
    assert without_help(window) == []
    assert unreachable(window) == []


def dialogs(window: MainWindow) -> dict[str, Callable[[], object]]:
    shell = window.shell
    return {
        "palette": shell.open_palette,
        "shortcuts": shell.edit_shortcuts,
        "keys": shell.show_keys,
        "help": window.actions_by_id["show_help"].trigger,
        "about": window.actions_by_id["show_about"].trigger,
        "how to cite": window.actions_by_id["show_citation"].trigger,
        "export a generator": window.actions_by_id["show_export"].trigger,
        "close": lambda: CloseQuestion("Mars", is_busy=True, is_dirty=True, parent=window).open(),
        "place": lambda: PlaceQuestion("Mars", window).open(),
        "tour": window.start_tour,
        "intake": lambda: window.intake.offer([dataset.source for dataset in window.workspace.datasets]),
    }


DIALOGS = (
    "palette", "shortcuts", "keys", "help", "about", "how to cite", "export a generator", "close", "place", "tour",
    "intake",
)  # fmt: skip


@pytest.mark.parametrize("name", DIALOGS)
def test_every_control_of_a_dialog_is_named_explained_and_reached(filled: MainWindow, name: str, qtbot: QtBot) -> None:
    dialogs(filled)[name]()
    found: list[QWidget] = [dialog for dialog in filled.findChildren(QDialog) if dialog.isVisible()]
    root = found[0] if name != "tour" else filled.findChild(QWidget, "tour")
    assert set(dialogs(filled)) == set(DIALOGS)

    assert nameless(root) == []
    assert unreachable(root) == []
    if name not in ("close", "place"):  # the buttons of a question say what they do
        assert without_help(root) == []
    root.close()


@pytest.mark.parametrize(("width", "height"), [(960, 620), (1280, 800)])
def test_at_twice_the_text_size_no_label_or_button_of_a_page_is_cut(
    at_twice_the_text: MainWindow, width: int, height: int, qtbot: QtBot
) -> None:
    at_twice_the_text.resize(width, height)
    qtbot.waitUntil(lambda: at_twice_the_text.rail.width() > 92)
    found = {}
    for page in PAGE_ACTIONS:
        show(at_twice_the_text, page)
        with contextlib.suppress(QtBot.TimeoutError):  # a layout may take a few turns
            qtbot.waitUntil(lambda: not cut(at_twice_the_text), timeout=1000)
        found[page] = cut(at_twice_the_text)

    assert found == {page: [] for page in PAGE_ACTIONS}


@pytest.mark.parametrize(("width", "height"), [(960, 620), (1280, 800)])
def test_at_twice_the_text_size_nothing_of_the_start_page_is_cut(
    window: MainWindow, tmp_path: Path, width: int, height: int
) -> None:
    preferences = window.preferences.with_study(tmp_path / "gone.planetview").with_folder(tmp_path)
    window.use_preferences(replace(preferences, text_scale=2.0))
    window.resize(width, height)
    QApplication.processEvents()

    assert cut(window) == []
    window.use_preferences(replace(preferences, text_scale=1.0))


@pytest.mark.parametrize("name", [name for name in DIALOGS if name not in ("close", "place")])
def test_at_twice_the_text_size_no_label_or_button_of_a_dialog_is_cut(
    at_twice_the_text: MainWindow, name: str, qtbot: QtBot
) -> None:
    at_twice_the_text.resize(960, 620)
    dialogs(at_twice_the_text)[name]()
    QApplication.processEvents()
    found: list[QWidget] = [dialog for dialog in at_twice_the_text.findChildren(QDialog) if dialog.isVisible()]
    root = found[0] if name != "tour" else at_twice_the_text.findChild(QWidget, "tour")
    if isinstance(root, IntakeDialog):  # rows and what is told of them arrive over several turns
        qtbot.waitUntil(lambda: root.is_complete)
    with contextlib.suppress(QtBot.TimeoutError):  # a layout may take a few turns
        qtbot.waitUntil(lambda: not cut(root))

    assert cut(root) == []
    root.close()


def test_f6_goes_round_the_parts_of_the_window_and_back(with_results: MainWindow, qtbot: QtBot) -> None:
    with_results.activateWindow()
    qtbot.waitUntil(with_results.isActiveWindow)
    show(with_results, "overview")
    with_results.rail.findChild(QWidget).setFocus()
    seen = []
    for _ in range(3):
        qtbot.keyClick(with_results, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        seen.append(next(part for part in with_results._parts() if part is focus or part.isAncestorOf(focus)))

    assert seen[0] is with_results.header
    assert seen[1] is with_results._content
    assert seen[2] is with_results.rail
    qtbot.keyClick(with_results, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert with_results._content.isAncestorOf(QApplication.focusWidget())


def test_every_control_of_the_panels_is_named_explained_and_reached(with_results: MainWindow) -> None:
    found = {}
    for dock in with_results.findChildren(QDockWidget):
        dock.show()
        dock.raise_()
        QApplication.processEvents()
        found[dock.windowTitle()] = nameless(dock) + without_help(dock) + unreachable(dock)

    assert len(found) >= 3
    assert not any(found.values()), found


def test_every_control_of_the_compare_view_is_named_explained_and_reached_in_every_mode(
    with_results: MainWindow, qtbot: QtBot
) -> None:
    show(with_results, "neighbours")
    grid = with_results.pages.page("neighbours").findChild(ImageGrid)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    view = with_results.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete)
    found = {}
    for mode, (_, key, _tip) in mode_texts().items():
        qtbot.keyClick(view, Qt.Key(ord(key)))
        assert view.settings.mode is mode
        found[mode] = nameless(view) + without_help(view) + unreachable(view)
    view.close()

    assert not any(found.values()), found


@pytest.mark.parametrize("command", ["preferences", "show_manual", "export_report", "archive", "provenance"])
def test_every_control_of_a_study_dialog_is_named_explained_and_reached(
    with_results: MainWindow, command: str, qtbot: QtBot
) -> None:
    with_results.actions_by_id[command].trigger()
    (dialog,) = (one for one in with_results.findChildren(QDialog) if one.isVisible())

    assert nameless(dialog) == []
    assert without_help(dialog) == []
    assert unreachable(dialog) == []
    dialog.close()


def test_from_the_empty_window_to_a_compared_pair_without_a_mouse(
    window: MainWindow, sets: dict[str, Path], qtbot: QtBot
) -> None:
    for number, folder in enumerate(sets.values(), start=1):
        qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
        (dialog,) = (one for one in window.findChildren(QFileDialog) if one.isVisible())
        # What is typed into it is Qt's part: its model rewrites the field while it reads the disk, then Enter is lost.
        dialog.filesSelected.emit([str(folder)])
        dialog.close()
        qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
        qtbot.waitUntil(lambda number=number: len(window.workspace.datasets) == number)
        qtbot.waitUntil(lambda: not window.controller.is_busy)
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.workspace.results is not None and not window.controller.is_busy)
    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    grid = window.pages.page("neighbours").findChild(ImageGrid)
    # A page that was hidden is filled in a turn of its own.
    qtbot.waitUntil(grid.isVisible)
    for _ in range(60):
        if QApplication.focusWidget() is grid:
            break
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is grid
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, Qt.Key.Key_Return)

    view = window.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete)
    view.close()
