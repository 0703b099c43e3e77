"""The overview's table as a person arranges it: filter, sort, fold, choose and order columns, read the bars."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import Family
from planetview.core.results import MetricValue, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval
from planetview.gui.models.expected_run import STOPPED
from planetview.gui.models.metric_cells import CellState
from planetview.gui.models.metric_columns import ColumnChoice
from planetview.gui.models.metric_rows import RowChoice, times_worse
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.metric_delegate import bar_span
from planetview.gui.views.overview import OverviewPage
from tests.gui.overview_parts import button, copy_table, row_of, shown, titles, value


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, results: Results) -> Iterator[OverviewPage]:
    thumbs = ThumbnailCache()
    page = OverviewPage(SelectionState(), theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    page.show_results(results)
    yield page
    thumbs.shutdown()


def floored(metric: str, candidate: str, number: float, floor: float, beyond: bool) -> MetricValue:
    return value(metric, candidate, number, floor=floor, ratio=number / floor, beyond_floor=beyond)


def three_rows() -> list[MetricValue]:
    """FD 2× and coverage 0.1× (ten times worse) and KID 5× the floor for "a"; "b" is within all of them."""
    found = [floored("fd", "a", 2.0, 1.0, True), floored("fd", "b", 1.0, 1.0, False)]
    found += [floored("kid-poly", "a", 5.0, 1.0, True), floored("kid-poly", "b", 1.1, 1.0, False)]
    found += [floored("coverage", "a", 0.1, 1.0, True), floored("coverage", "b", 0.9, 1.0, False)]
    return found


def headings(page: OverviewPage) -> list[str]:
    model = page._model
    return [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]


def test_ctrl_f_goes_to_the_filter_and_its_words_leave_the_rows_that_have_them(qtbot, page):
    page._table.setFocus()
    qtbot.keyClick(page._table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(page._tools.filter.hasFocus)

    qtbot.keyClicks(page._tools.filter, "kid gauss")
    qtbot.keyClick(page._tools.filter, Qt.Key.Key_Return)
    assert titles(page._model) == ["▾ Distribution", "KID, Gaussian kernel ↓"]
    assert "1 of " in page._tools._count.text()

    button(page, "Show all rows").click()
    assert page._model.filtered_count == len(page._model.items)
    assert page._tools.filter.text() == ""


def test_the_filter_also_finds_features_and_groups(results):
    model = MetricTableModel()
    model.show(results.values)

    model.choose_rows(RowChoice(text="pairwise lpips"))
    assert all("LPIPS" in title for title in titles(model)[1:])

    model.choose_rows(RowChoice(text="vgg16-st"))
    assert titles(model)[0] == "▾ Distribution"
    assert not any("PSNR" in title for title in titles(model))


def test_a_filter_that_nothing_has_leaves_the_page_and_its_way_back(qtbot, page):
    page._tools.filter.setText("no such metric")
    qtbot.waitUntil(lambda: page._model.rowCount() == 0)

    assert page._table.isVisible()
    assert button(page, "Show all rows").isVisible()


def test_beyond_floor_only_leaves_the_rows_in_which_somebody_is_worse():
    model = MetricTableModel()
    model.show([*three_rows(), floored("ssim", "a", 0.5, 0.5, False), floored("ssim", "b", 0.5, 0.5, False)])

    model.choose_rows(RowChoice(only_beyond=True))
    assert model.filtered_count == 3

    model.choose_rows(RowChoice(only_beyond=True, beyond_of="b"))
    assert model.filtered_count == 0


def test_a_click_on_a_candidate_sorts_worst_first_then_best_first_then_as_before(qtbot, page):
    page._model.show(three_rows())
    header = page._table.horizontalHeader()
    column = page._model.column_of("a")
    catalogue = titles(page._model)

    def click() -> list[str]:
        at = QPoint(header.sectionViewportPosition(column) + 60, header.height() // 2)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        return [title.partition(" ")[0].rstrip(",") for title in titles(page._model)[1:]]

    assert click() == ["Coverage", "KID", "Fréchet"], "a tenth of the floor is worse than five times it"
    assert headings(page)[column] == "a ▾"
    assert click() == ["Fréchet", "KID", "Coverage"]
    click()
    assert titles(page._model) == catalogue


def test_sorting_by_name_stays_inside_of_the_groups(page):
    page._tools.sort_by("name")

    model = page._model
    groups: dict[Family, list[str]] = {}
    for row in model.rows:
        if isinstance(row, Family):
            groups[row] = []
        else:
            groups[row.family].append(row.name.casefold())
    assert list(groups) == list(Family)
    assert all(names == sorted(names) for names in groups.values())


@pytest.mark.parametrize(
    ("metric", "ratio", "expected"), [("fd", 3.0, 3.0), ("coverage", 0.25, 4.0), ("coverage", 0.0, math.inf)]
)
def test_times_worse_turns_round_where_higher_is_better(metric, ratio, expected):
    assert times_worse(MetricValue(metric, "x", "a", 1.0, floor=1.0, ratio=ratio)) == expected


def test_groups_fold_away_by_key_and_by_click_and_say_how_much_they_hide(qtbot, page):
    table, model = page._table, page._model
    rows = model.rowCount()
    members = sum(row.family is Family.DISTRIBUTION for row in model.items)
    table.setFocus()
    table.setCurrentIndex(model.index(0, 0))

    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert model.rowCount() == rows - members
    assert titles(model)[:2] == ["▸ Distribution", "▾ Generalisation"]
    assert f"{members} rows" in model.index(0, 0).data()
    assert model.headerData(0, Qt.Orientation.Vertical, Qt.ItemDataRole.AccessibleTextRole) == "Distribution, closed"

    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(model.index(0, 0)).center())
    assert model.rowCount() == rows

    qtbot.keyClick(table, Qt.Key.Key_Left)
    assert model.rowCount() == rows - members
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert model.rowCount() == rows


def test_columns_are_chosen_in_the_menu_and_the_choice_can_be_kept(qtbot, page, theme, results):
    menu = page._tools.columns.menu()
    menu.fill()
    states: list[tuple[str, ...]] = []
    page.columns_changed.connect(states.append)

    for text in ("Features", "n", "gan_v1"):
        menu.fill()
        next(action for action in menu.actions() if action.text() == text).trigger()

    assert headings(page) == ["Features", "gan_v2", "n"]
    assert shown(page._model, "psnr", 0) == "pixels"
    assert states[-1] == page.columns_state()
    assert "-candidate:gan_v1" in states[-1]

    other = OverviewPage(SelectionState(), theme, page_thumbs := ThumbnailCache())
    qtbot.addWidget(other)
    other.use_columns(states[-1])
    other.show_results(results)
    assert headings(other) == ["Features", "gan_v2", "n"]
    page_thumbs.shutdown()


def test_a_state_of_another_study_hides_nothing_of_this_one():
    choice = ColumnChoice.of_state(("candidate:old", "-floor", "n", "details", "nonsense"))

    shown_ids = [column.id for column in choice.columns(("new",)) if choice.shows(column.id)]

    assert sorted(shown_ids) == ["candidate:new", "n"]
    assert ColumnChoice.of_state(choice.state(("new",))).columns(("new",)) == choice.columns(("new",))


def test_a_dragged_column_stays_where_it_was_put_and_is_copied_there(qtbot, page):
    header = page._table.horizontalHeader()
    assert headings(page) == ["gan_v1", "gan_v2"]

    header.moveSection(1, 0)
    qtbot.waitUntil(lambda: headings(page) == ["gan_v2", "gan_v1"])
    assert header.visualIndex(0) == 0

    copy_table(page)
    first = QGuiApplication.clipboard().text().splitlines()[0].split("\t")
    assert first.index("gan_v2") < first.index("gan_v1")


def test_columns_are_moved_and_sorted_by_keys_too(qtbot, page):
    both = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    page._table.setFocus()
    page._table.setCurrentIndex(page._model.index(1, page._model.column_of("gan_v2")))

    qtbot.keyClick(page._table, Qt.Key.Key_Left, both)
    assert headings(page) == ["gan_v2", "gan_v1"]
    assert page._model.candidate_at(page._table.currentIndex().column()) == "gan_v2"

    qtbot.keyClick(page._table, Qt.Key.Key_Left, both)
    assert headings(page) == ["gan_v2", "gan_v1"], "there is nothing further left"

    qtbot.keyClick(page._table, Qt.Key.Key_Down, both)
    assert headings(page) == ["gan_v2 ▾", "gan_v1"]


def test_what_is_filtered_away_is_not_copied_yet_exported(page):
    page._model.choose_rows(RowChoice(text="psnr"))

    copy_table(page)

    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["Metric", "PSNR"]
    assert len(page._model.ordered_values()) == len(page._model.values)


def test_intervals_and_bars_can_be_left_out_of_the_cells():
    model = MetricTableModel()
    model.show([floored("fd", "a", 0.62, 0.2, True)])
    assert model.cell(1, 1).bar == pytest.approx(math.log10(3.1))
    assert model.cell(1, 1).spread == "± 0.010"

    model.choose_columns(ColumnChoice().with_shown("interval", False).with_shown("bar", False))

    assert model.cell(1, 1).bar is None
    assert model.cell(1, 1).text == "0.620\n3.1× floor · worse"


def test_bars_are_on_one_logarithmic_scale_with_the_floor_as_a_tick():
    tick, end = bar_span(math.log10(10.0), 300.0)
    assert (tick, end) == (pytest.approx(100.0), pytest.approx(200.0))
    assert bar_span(math.log10(0.1), 300.0)[1] == pytest.approx(0.0)
    assert bar_span(math.inf, 300.0)[1] == 300.0
    assert bar_span(-math.inf, 300.0)[1] == 0.0


def test_cells_of_a_run_say_queued_computing_or_their_number():
    settings = dataclasses.replace(RunSettings(), metrics=("fd", "kid-poly", "closer-to-reference", "psnr"))
    model = MetricTableModel()
    model.expect(("a", "b"), settings)
    model.add([value("fd", "a", 1.0)])

    model.show_stage("distribution")
    assert shown(model, "kid-poly", 0) == "computing…"
    assert shown(model, "fd", 1) == "queued"
    assert model.cell(row_of(model, "fd"), 0).state is CellState.READY

    model.show_stage("pairs/b")
    assert (shown(model, "psnr", 0), shown(model, "psnr", 1)) == ("queued", "computing…")
    assert shown(model, "kid-poly", 0) == "queued"


def test_cells_of_a_run_that_stopped_wait_for_nothing():
    model = MetricTableModel()
    model.expect(("a", "b"), dataclasses.replace(RunSettings(), metrics=("fd", "psnr")))
    model.add([value("fd", "a", 1.0)])

    model.show_stage(STOPPED)

    cells = [model.cell(row_of(model, metric), column) for metric in ("fd", "psnr") for column in range(2)]
    assert ["stopped" in cell.sub for cell in cells] == [False, True, True, True]
    assert not {cell.state for cell in cells} & {CellState.WAITING, CellState.RUNNING}

    model.expect(("a", "b"), dataclasses.replace(RunSettings(), metrics=("fd", "psnr")))
    assert shown(model, "fd", 0) == "queued"


def test_two_hundred_candidates_by_many_rows_keep_the_rules_of_models(qtmodeltester: ModelTester):
    names = [f"gan_{i}" for i in range(200)]
    model = MetricTableModel()
    model.show([floored(metric, name, 2.0 + i, 1.0, True) for metric in ("fd", "psnr") for i, name in enumerate(names)])

    model.choose_rows(RowChoice(sort="candidate:gan_7"))

    assert model.columnCount() == 201
    assert model.cell(1, 1).is_best
    qtmodeltester.check(model)


def test_the_floor_of_a_hidden_column_is_named_in_each_cell():
    same = {"floor": 0.2, "floor_interval": Interval(0.1, 0.3, 0.95, "x"), "ratio": 3.1, "beyond_floor": True}
    model = MetricTableModel()
    model.show([value("fd", "a", 0.62, **same)])
    assert shown(model, "fd", 1) == "0.620 ± 0.010\n3.1× floor · worse"

    model.choose_columns(ColumnChoice().with_shown("floor", False))

    assert shown(model, "fd", 0) == "0.620 ± 0.010\n3.1× floor 0.20 · worse"


def test_very_many_columns_are_fitted_in_a_turn_of_their_own_and_seen_only_then(qtbot, page):
    names = [f"gan_{i}" for i in range(30)]
    page.show()
    qtbot.waitUntil(lambda: page._stepping.isActive() is False)
    table = page._table

    page._model.show([value("fd", name, 1234567.25) for name in names])
    assert not table.viewport().updatesEnabled()
    assert table.needed_width() == 0
    qtbot.waitUntil(lambda: table.viewport().updatesEnabled())

    widths = {table.columnWidth(column) for column in range(page._model.columnCount())}
    assert len(widths) == 1
    assert widths.pop() >= table._content_width(1)
    assert table.needed_width() > 30 * table._content_width(1)


def test_few_columns_are_fitted_at_once(page):
    page._model.show([value("fd", f"gan_{i}", 1.0 + i) for i in range(3)])

    assert page._table.viewport().updatesEnabled()
    assert page._table.needed_width() > 0


@given(st.integers(0, 5), st.data())
def test_columns_not_named_in_an_order_stand_behind_the_one_that_they_follow_at_first(count: int, data):
    names = [f"gan_{i}" for i in range(count)]
    everything = ColumnChoice().columns(names)
    order = data.draw(st.lists(st.sampled_from([*(column.id for column in everything), "candidate:gone"]), unique=True))

    found = ColumnChoice(tuple(order)).columns(names)

    assert sorted(column.id for column in found) == sorted(column.id for column in everything)
    assert [column.id for column in found if column.id in order] == [id for id in order if id != "candidate:gone"]
    for before, column in zip((None, *everything), everything, strict=False):
        if column.id not in order:
            place = found.index(column)
            assert (found[place - 1] if place else None) == before
