"""Keys of one place: changed, told, taken from each other, kept in a file; the usual ones never clash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui import local_keys, shortcuts
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.local_keys import LOCAL
from planetview.gui.main_window import MainWindow
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.views.compare.dialog import CompareDialog
from planetview.gui.views.compare.settings import Mode
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.metric_view import MetricTableView


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


@pytest.fixture
def plot(filled: MainWindow, results: Results, qtbot: QtBot) -> HistogramPlot:
    filled.workspace.set_results(results)
    filled.show_page("entropy")
    plot: HistogramPlot = filled.pages.page("entropy").findChild(HistogramPlot)
    filled.activateWindow()
    qtbot.waitUntil(filled.isActiveWindow)
    plot.setFocus()
    return plot


def test_the_keys_of_plots_can_be_changed_and_are_told_in_their_tips(
    filled: MainWindow, plot: HistogramPlot, qtbot: QtBot
) -> None:
    assert "(0)" in plot.toolTip()
    give(filled, "Plots:0", "K")
    give(filled, "Plots:+", "M", "F8")
    before = plot.view_box.viewRect().width()

    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.view_box.viewRect().width() == before
    qtbot.keyClick(plot, Qt.Key.Key_M)
    qtbot.keyClick(plot, Qt.Key.Key_F8)
    assert plot.view_box.viewRect().width() == pytest.approx(0.64 * before)
    qtbot.keyClick(plot, Qt.Key.Key_0)
    assert plot.view_box.viewRect().width() == pytest.approx(0.64 * before)
    qtbot.keyClick(plot, Qt.Key.Key_K)
    assert plot.view_box.viewRect().width() == pytest.approx(before)
    assert "(K)" in plot.toolTip()


def test_plus_zooms_with_shift_and_on_the_number_pad(plot: HistogramPlot, qtbot: QtBot) -> None:
    widths = [plot.view_box.viewRect().width()]
    for keys in (Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.KeypadModifier):
        qtbot.keyClick(plot, Qt.Key.Key_Plus, keys)
        widths.append(plot.view_box.viewRect().width())

    assert widths[1:] == pytest.approx([0.8 * widths[0], 0.64 * widths[0]])


def test_the_shape_of_the_brush_follows_its_key(filled: MainWindow, plot: HistogramPlot, qtbot: QtBot) -> None:
    box = next(one for one in filled.findChildren(QComboBox) if one.accessibleName() == "Drag selects")
    give(filled, "Plots:S", "J")

    qtbot.keyClick(plot, Qt.Key.Key_J)

    assert plot.view_box.shape_drawn is BrushShape.RECTANGLE
    assert box.currentText() == "Rectangle"
    assert "(J)" in box.toolTip()


def test_keys_of_plots_are_taken_only_from_plots_and_menus() -> None:
    assert shortcuts.given("Plots:H", ("L",), {}) == {"Plots:H": ("L",), "Plots:L": ()}
    assert shortcuts.given("Plots:H", ("F",), {}) == {"Plots:H": ("F",)}
    assert shortcuts.given("Plots:H", ("Left",), {}) == {}
    assert shortcuts.given("Metric table:Alt+Shift+Left", ("Ctrl+C",), {}) == {}


def test_the_metric_table_sorts_and_moves_its_columns_by_changed_keys(
    filled: MainWindow, results: Results, qtbot: QtBot
) -> None:
    filled.workspace.set_results(results)
    filled.show_page("overview")
    table = filled.pages.page("overview").findChild(MetricTableView)
    give(filled, "Metric table:Alt+Shift+Left", "Ctrl+Alt+M")
    give(filled, "Metric table:Alt+Shift+Down", "Ctrl+Alt+J")
    filled.activateWindow()
    qtbot.waitUntil(filled.isActiveWindow)
    table.setFocus()
    moved, sorted_by = [], []
    table.columns_moved.connect(moved.append)
    table.sort_wanted.connect(sorted_by.append)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier

    qtbot.keyClick(table, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier)
    assert moved == []
    table.setCurrentIndex(table.model().index(1, 1))
    qtbot.keyClick(table, Qt.Key.Key_M, both)
    qtbot.keyClick(table, Qt.Key.Key_J, both)

    assert len(moved) == 1
    assert sorted_by == [table.currentIndex().column()]


def test_the_dialog_lists_plots_and_table_and_names_what_is_fixed(filled: MainWindow, qtbot: QtBot) -> None:
    dialog = filled.shell.edit_shortcuts()
    dialog.choose("Plots:H")
    dialog.record.setKeySequence(QKeySequence("X"))
    assert "Horizontal axis" in dialog.note.text()
    dialog.record.setKeySequence(QKeySequence("Home"))
    assert "always belongs" in dialog.note.text()
    assert not dialog.set_button.isEnabled()
    qtbot.keyClicks(dialog.search, "metric table")
    shown = [dialog.table.topLevelItem(row) for row in range(dialog.table.topLevelItemCount())]
    assert {item.text(0) for item in shown if not item.isHidden()} >= {"Move the column left", "Sort by the column"}
    dialog.close()


def test_a_tip_that_is_set_later_names_the_changed_key_too(filled: MainWindow, grid: ImageGrid, qtbot: QtBot) -> None:
    give(filled, "Compare view:N", "Q")
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    view = filled.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=20_000)

    view.controls.offer_hatching(True)
    assert "(Q)" in view.controls.hatched.toolTip()
    give(filled, "Compare view:N", "F9")
    assert "(F9)" in view.controls.hatched.toolTip()
    view.controls.offer_hatching(False)
    assert view.controls.hatched.toolTip() == "Every pixel of these images has data."
    give(filled, "Compare view:C", "Y")
    assert view.controls.hatched.toolTip() == "Every pixel of these images has data."
    view.controls.offer(("one", "two"), "As the run", True)
    assert "(Y)" in view.controls._colours.toolTip()
    # An earlier change is not lost when two keys change places.
    give(filled, "Compare view:[", "]")
    give(filled, "Compare view:]", "[")
    assert "shorter (]), longer ([)" in view.controls.options.interval.toolTip()
    view.close()


def test_in_the_compare_view_a_plot_with_the_keyboard_has_its_own_keys(
    filled: MainWindow, grid: ImageGrid, qtbot: QtBot
) -> None:
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    view = filled.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=20_000)
    qtbot.keyClick(view, Qt.Key.Key_G)
    plot = view.findChild(HistogramPlot)
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    plot.setFocus()

    qtbot.keyClick(plot, Qt.Key.Key_H)
    assert not plot.cross_hair.is_on
    assert view.settings.mode is Mode.SIDE
    # It has no such key: the view's works.
    qtbot.keyClick(plot, Qt.Key.Key_W)
    assert view.settings.mode is Mode.SWIPE
    view.close()
