"""What a person chooses on the neighbours page: another order, another space beside it, fewer images, marks."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QComboBox, QFileDialog, QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.gui.models.neighbour_filter import Show
from planetview.gui.models.neighbour_order import Order, scores_of, values_of
from planetview.gui.models.neighbour_set import NeighbourSet
from planetview.gui.views.neighbours import NeighboursPage
from planetview.gui.views.tile_plan import tile_plan
from tests.gui.neighbour_pages import pick, shown
from tests.gui.neighbour_samples import SPACES, two_space_results

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def results() -> Results:
    return two_space_results(30)


@pytest.fixture
def page(make_page: Callable[[Results], NeighboursPage], results: Results) -> NeighboursPage:
    return make_page(results)


def press(qtbot: QtBot, page: NeighboursPage, key: Qt.Key, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    page.activateWindow()
    page._grid.setFocus()
    qtbot.waitUntil(page._grid.hasFocus)
    qtbot.keyClick(page._grid, key, modifiers)


def click(qtbot: QtBot, page: NeighboursPage, row: int, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    place = page._grid.visualRect(page._model.index(row)).center()
    qtbot.mouseClick(page._grid.viewport(), LEFT, modifiers, pos=place)


def selected(page: NeighboursPage) -> list[int]:
    return np.flatnonzero(page.selection.selected("gan")).tolist()


def oracle(results: Results, score: str) -> np.ndarray:
    """Return the numbers of a score, taken straight from the results."""
    kind, _, name = score.partition(":")
    near = {by: results.neighbours_of("gan", "ref", by).distances[:, 0] for by in SPACES}
    far = {by: results.neighbours_of("gan", "held", by).distances[:, 0] for by in SPACES}
    pairs = results.pairs_of("gan")
    found = {
        "distance": lambda: near[name], "held-out": lambda: far[name], "ratio": lambda: near[name] / far[name],
        "pair": lambda: pairs.scores[name], "pair-entropy": lambda: pairs.entropy_bits,
        "entropy": lambda: results.entropy_bits["gan"],
    }  # fmt: skip
    return found[kind]()


@pytest.mark.parametrize(
    ("score", "best_is_high"),
    [
        ("distance:dinov2-vitb14", False), ("held-out:vgg16-st", False), ("ratio:vgg16-st", False),
        ("ratio:dinov2-vitb14", False), ("pair:psnr", True), ("pair:ssim", True), ("pair-entropy", False),
        ("entropy", False),
    ],
)  # fmt: skip
def test_images_are_sorted_by_any_number_of_the_run_in_both_directions(page, results, score, best_is_high):
    values = oracle(results, score)
    finite = ~np.isnan(values)

    pick(page._bar.score, score)
    best = shown(page)
    pick(page._bar.order, Order.WORST)
    worst = shown(page)

    for order, is_falling in ((best, best_is_high), (worst, not best_is_high)):
        sorted_values = values[order][: finite.sum()]
        steps = np.sign(sorted_values[1:] - sorted_values[:-1])
        assert (steps <= 0).all() if is_falling else (steps >= 0).all()
        assert np.isnan(values[order][finite.sum() :]).all(), "images without the number come last"
        assert sorted(order) == list(range(30))


def test_typical_images_of_a_score_lie_around_its_median(page, results):
    values = oracle(results, "entropy")
    pick(page._bar.score, "entropy")
    pick(page._bar.order, Order.TYPICAL)

    assert (np.diff(np.abs(values - np.median(values))[shown(page)]) >= 0).all()


def test_images_are_sorted_by_name_and_by_class(page, results):
    pick(page._bar.score, "name")
    assert [page._bar.order.itemText(i) for i in range(2)] == ["A to Z", "Z to A"]
    assert shown(page) == list(range(30))

    pick(page._bar.score, "class")
    labels = [results.dataset("gan").images[i].label for i in shown(page)]
    assert labels == ["crater"] * 10 + ["dune"] * 10 + [None] * 10


def test_every_score_offered_has_a_value_for_every_image(results):
    offered = [score.id for score in scores_of(results, "gan")]
    assert len(offered) == len(set(offered)) == 2 * 3 + 1 + 3 + 1 + 3
    for score in offered:
        if score not in ("class", "rating"):
            assert values_of(results, "gan", score).shape == (30,)


def test_of_several_pairs_of_an_image_the_first_is_its_score(results):
    pairs = results.pairs_of("gan")
    rows = np.array([3, 1, 3, 1])
    doubled = dataclasses.replace(
        pairs, query_index=rows, bank_index=rows, entropy_bits=np.array([1.0, 2.0, 3.0, 4.0]), scores={}
    )
    values = values_of(dataclasses.replace(results, pairs=(doubled,)), "gan", "pair-entropy")
    assert (values[3], values[1]) == (1.0, 2.0)
    assert np.isnan(values[0])


def test_two_spaces_are_compared_in_words_and_those_that_differ_can_be_shown_alone(page, results):
    pick(page._bar.other, SPACES[1])

    assert "the same nearest image for 15 of 30" in page._frame.count.text()
    tile = page._model.tile(page._model.row_of(0))
    assert tile.other.is_same and tile.other.rank == 1
    assert tile.other.partners[0].index == results.neighbours_of("gan", "ref", SPACES[1]).indices[0, 0]
    spoken = page._model.index(page._model.row_of(0)).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "same image" in spoken

    pick(page._bar.show_only, Show.DIFFERENT)
    assert sorted(shown(page)) == list(range(1, 30, 2))
    spoken = page._model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "different: A's is not among the 4 nearest by B" in spoken

    pick(page._bar.other, "")
    assert page._bar.wanted.show is Show.ALL, "what needs a second space is taken back with it"
    assert len(shown(page)) == 30


def test_the_rank_of_a_neighbour_in_the_other_space_is_what_a_loop_finds(results):
    ab, ba = NeighbourSet(results, "gan", *SPACES), NeighbourSet(results, "gan", *SPACES[::-1])
    for found in (ab, ba):
        mine = results.neighbours_of("gan", "ref", found.by).indices
        other = results.neighbours_of("gan", "ref", found.other).indices
        for i in range(30):
            places = [place for place, at in enumerate(other[i], 1) if at == mine[i, 0]]
            assert found.ranks[i] == (places[0] if places else 0)
    assert (ba.ranks == 2).any()


def test_reference_images_of_equal_bytes_count_as_the_same(results):
    reference = results.dataset("ref")
    same = tuple(dataclasses.replace(image, digest="one") for image in reference.images)
    datasets = (dataclasses.replace(reference, images=same), *results.datasets[1:])
    assert NeighbourSet(dataclasses.replace(results, datasets=datasets), "gan", *SPACES).agree.all()


def test_as_many_neighbours_are_shown_as_were_asked_for(qtbot, page):
    page._bar.count.setValue(3)

    tile = page._model.tile(0)
    assert len(tile.partners) == 3
    assert page._grid.delegate.plan.columns * page._grid.delegate.plan.rows >= 5
    qtbot.waitUntil(lambda: [pane.isVisibleTo(page) for pane in page._inspector.panes[:5]] == [True] * 5)
    distances = [partner.distance for partner in tile.partners]
    assert distances == sorted(distances)

    page._bar.count.setValue(1)
    assert not any(pane.isVisibleTo(page) for pane in page._inspector.panes[3:])


def test_pictures_that_were_never_needed_before_are_made_in_later_turns_and_only_while_wanted(qtbot, page):
    page._bar.count.setValue(4)
    assert len(page._inspector.panes) == 3
    page._bar.count.setValue(1)
    qtbot.wait(50)
    assert len(page._inspector.panes) == 3

    page._bar.count.setValue(4)
    qtbot.waitUntil(lambda: page._inspector._making.is_done)

    tile, panes = page._model.tile(0), page._inspector.panes
    wanted = [tile.record, *(partner.record for partner in tile.partners), tile.held_out.record]
    assert [pane.record for pane in panes] == wanted
    assert all(pane.isVisibleTo(page) for pane in panes)


def test_the_pictures_of_a_tile_stand_group_under_group_and_wrap_beside_the_image():
    assert tile_plan((2,), 5).places == ((0, 0), (1, 0), (2, 0))
    two = tile_plan((3, 3), 5)
    assert two.places == ((0, 0), (1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (3, 1))
    narrow = tile_plan((5,), 3)
    assert (narrow.columns, narrow.rows) == (3, 3)
    assert tile_plan((4,), 1).columns == 2, "an image and a neighbour always stand beside each other"


def test_images_are_found_by_a_part_of_their_name_in_any_script(qtbot, page):
    page.activateWindow()
    qtbot.keyClick(page, Qt.Key.Key_F, CTRL)
    qtbot.waitUntil(page._bar.text.hasFocus)
    for words, rest in (("レーター", 0), ("فوهة", 1), ("CRATER_", 2)):
        page._bar.text.setText(words)
        qtbot.waitUntil(lambda rest=rest: {i % 3 for i in shown(page)} == {rest}, timeout=2000)
    page._bar.text.setText("カ\u3099")
    qtbot.waitUntil(lambda: page._frame.has_no_match, timeout=2000)

    (every,) = (button for button in page.findChildren(QPushButton) if button.text() == "Show all images")
    qtbot.mouseClick(every, LEFT)
    assert len(shown(page)) == 30
    assert page._bar.text.text() == ""


def test_one_class_can_be_shown_alone(page):
    offered = [page._bar.label.itemText(i) for i in range(page._bar.label.count())]
    assert offered == ["Any class", "crater (10)", "dune (10)", "No class (10)"]

    pick(page._bar.label, "dune")
    assert {i % 3 for i in shown(page)} == {1}
    pick(page._bar.label, "")
    assert {i % 3 for i in shown(page)} == {2}


def test_clicks_with_keys_select_and_plain_ones_do_not(qtbot, page):
    order = shown(page)
    click(qtbot, page, 0)
    assert selected(page) == []

    click(qtbot, page, 1, CTRL)
    click(qtbot, page, 3, CTRL)
    assert selected(page) == sorted([order[1], order[3]])
    click(qtbot, page, 1, CTRL)
    assert selected(page) == [order[3]]

    click(qtbot, page, 0)
    click(qtbot, page, 3, SHIFT)
    assert selected(page) == sorted(order[:4])
    assert page.selection.current == ("gan", order[3])


def test_space_selects_shift_and_arrows_extend_and_everything_can_be_selected(qtbot, page):
    order = shown(page)
    page._grid.reveal(0)
    press(qtbot, page, Qt.Key.Key_Space)
    assert selected(page) == [order[0]]

    press(qtbot, page, Qt.Key.Key_Right, SHIFT)
    press(qtbot, page, Qt.Key.Key_Right, SHIFT)
    assert selected(page) == sorted(order[:3])

    press(qtbot, page, Qt.Key.Key_A, CTRL)
    assert selected(page) == list(range(30))
    press(qtbot, page, Qt.Key.Key_A, CTRL | SHIFT)
    assert selected(page) == []


def test_a_frame_dragged_over_tiles_selects_them(qtbot, page):
    view = page._grid.viewport()
    first, last = (page._grid.visualRect(page._model.index(row)) for row in (0, 3))
    begin, end = first.topLeft() + QPoint(20, 20), last.center()
    qtbot.mousePress(view, LEFT, pos=begin)
    for share in (0.3, 0.6, 1.0):
        qtbot.mouseMove(view, begin + (end - begin) * share)
    qtbot.mouseRelease(view, LEFT, pos=end)

    expected = [
        page._model.image_at(row)
        for row in range(page._model.rowCount())
        if page._grid.visualRect(page._model.index(row)).intersects(
            page._grid.visualRect(page._model.index(0)).united(last)
        )
        and page._grid.visualRect(page._model.index(row)).top() <= end.y()
        and page._grid.visualRect(page._model.index(row)).left() <= end.x()
    ]
    assert selected(page) == sorted(expected)
    assert len(expected) >= 4


def test_the_selection_of_other_sets_stays_when_one_image_is_toggled(qtbot, page):
    page.selection.select("held", np.arange(30) < 2)
    page._grid.reveal(0)
    press(qtbot, page, Qt.Key.Key_Space)
    assert page.selection.counts() == {"ref": 0, "held": 2, "gan": 1}


def test_keys_flag_and_leave_out_the_current_image_and_undo_takes_it_back(qtbot, page):
    name = page._model.tile(0).record.name
    page._grid.reveal(0)
    press(qtbot, page, Qt.Key.Key_F)
    press(qtbot, page, Qt.Key.Key_X)

    assert page.workspace.marks.flagged == {("gan", name)}
    assert page.workspace.marks.excluded == {("gan", name)}
    assert "Excluded from the next run" in page._inspector.marks.text()
    kept = page.workspace.marks.kept(page.workspace.datasets[2])
    assert name not in {image.name for image in kept.images}

    page.workspace.undo_stack.undo()
    assert not page.workspace.marks.excluded
    assert "Left out" not in page._inspector.marks.text()
    press(qtbot, page, Qt.Key.Key_F)
    assert not page.workspace.marks.flagged


def test_commands_are_for_the_selected_images_that_are_shown(qtbot, page):
    page.selection.select("gan", np.arange(30) < 6)
    page.selection.set_current(("gan", 0))
    pick(page._bar.label, "crater")
    (button,) = (b for b in page.findChildren(QPushButton) if b.text() == "Exclude (2)")

    qtbot.mouseClick(button, LEFT)

    images = page._shown.found.query.images
    assert page.workspace.marks.excluded == {("gan", images[i].name) for i in (0, 3)}
    assert button.text() == "Take in again (2)"
    page.selection.set_current(("gan", 9))
    assert button.text() == "Exclude", "an image outside the selection is meant alone"


def test_marked_images_can_be_shown_alone(page):
    images = page._shown.found.query.images
    page.workspace.set_flagged([("gan", images[i].name) for i in (4, 7)], True)
    page.workspace.set_excluded([("gan", images[7].name)], True)

    pick(page._bar.show_only, Show.FLAGGED)
    assert sorted(shown(page)) == [4, 7]
    pick(page._bar.show_only, Show.EXCLUDED)
    assert shown(page) == [7]
    page.workspace.set_excluded([("gan", images[7].name)], False)
    assert page._frame.has_no_match, "the last one left the view while it was looked at"
    pick(page._bar.show_only, Show.INCLUDED)
    assert len(shown(page)) == 30


@pytest.mark.qt_log_ignore("does not support grabbing the keyboard", extend=True)
def test_the_menu_of_a_tile_offers_every_command(qtbot, page):
    page._grid.customContextMenuRequested.emit(QPoint(10, 10))
    menu, ratings = page._grid.findChildren(QMenu)
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == [
        "Compare…", "Flag", "Exclude", "Rating", "Select all shown", "Clear selection", "Copy path",
        "Show in file manager", "Copy list", "Export list…",
    ]  # fmt: skip
    for action in menu.actions():
        assert action.isSeparator() or action.toolTip()
    assert [action.text() for action in ratings.actions()][::5] == ["No rating", "Rate ★ 5 of 5"]
    menu.close()


def test_digits_rate_the_image_or_all_that_are_selected_and_that_can_be_undone(qtbot, page):
    images, marks = page._shown.found.query.images, page.workspace
    page.selection.set_current(("gan", 2))
    press(qtbot, page, Qt.Key.Key_4)
    press(qtbot, page, Qt.Key.Key_4)
    assert marks.marks.ratings_of("gan") == {images[2].name: 4}
    assert "★ 4 of 5" in page._inspector.marks.text()
    assert page._actions.rate[4].isChecked(), "the same rating again is no other one"

    page.selection.select("gan", np.arange(30) < 3)
    press(qtbot, page, Qt.Key.Key_5)
    assert marks.marks.ratings_of("gan") == {images[i].name: 5 for i in range(3)}
    marks.undo_stack.undo()
    assert marks.marks.ratings_of("gan") == {images[2].name: 4}
    press(qtbot, page, Qt.Key.Key_0)
    assert not marks.marks.ratings_of("gan") and not page._inspector.marks.text()


def test_rated_images_are_sorted_and_shown_alone(page):
    images = page._shown.found.query.images
    assert page._bar.show_only.findData(Show.UNRATED) < 0, "nothing is rated yet"
    for at, rating in ((7, 3), (9, 5), (11, 3)):
        page.workspace.set_rating([("gan", images[at].name)], rating)

    pick(page._bar.score, "rating")
    assert shown(page)[:3] == [9, 7, 11]
    pick(page._bar.show_only, Show.RATED_4)
    assert shown(page) == [9] and page._bar.show_only.currentText() == "★ 4 or more (1)"
    page.workspace.set_rating([("gan", images[7].name)], 5)
    assert shown(page) == [7, 9]
    pick(page._bar.show_only, Show.UNRATED)
    assert len(shown(page)) == 27
    page.workspace.set_rating([("gan", image.name) for image in images], 0)
    assert len(shown(page)) == 30, "a filter by ratings goes with the last one"


def answer(page: NeighboursPage, path) -> None:
    (dialog,) = page.findChildren(QFileDialog)
    dialog.filesSelected.emit([str(path)])
    dialog.done(0)


def test_the_list_is_written_with_every_digit_and_where_it_comes_from(qtbot, page, results, tmp_path):
    page.workspace.set_flagged([("gan", page._shown.found.query.images[5].name)], True)
    page.workspace.set_rating([("gan", page._shown.found.query.images[6].name)], 4)
    page._actions.export.trigger()
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: words.startswith("Wrote 30"), timeout=5000):
        answer(page, tmp_path / "リスト.csv")

    with (tmp_path / "リスト.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == [results.dataset("gan").images[i].name for i in shown(page)]
    for at, row in zip(shown(page), rows, strict=True):
        for by in SPACES:
            table = results.neighbours_of("gan", "ref", by)
            for place in range(4):
                assert float(row[f"{by}.reference_{place + 1}_distance"]) == table.distances[at, place]
                name = results.dataset("ref").images[table.indices[at, place]].name
                assert row[f"{by}.reference_{place + 1}"] == name
        assert float(row["entropy_bits"]) == results.entropy_bits["gan"][at]
        assert float(row["pair.psnr"]) == results.pairs_of("gan").scores["psnr"][at]
        assert row["flagged"] == ("true" if at == 5 else "false")
        assert row["rating"] == ("4" if at == 6 else "")
        assert (row["reference"], row["held_out"], row["planetview"], row["seed"]) == ("ref", "held", "1.2.3", "2020")
        assert row["pair.ms-ssim"] == "nan"


def test_selected_images_alone_are_written_as_json(qtbot, page, results, tmp_path):
    page.selection.select("gan", np.arange(30) < 3)
    page._actions.export.trigger()
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: words.startswith("Wrote 3"), timeout=5000):
        answer(page, tmp_path / "list.json")

    found = json.loads((tmp_path / "list.json").read_text("utf-8"))
    assert found["provenance"] == {"version": "1.2.3"}
    assert sorted(image["image"] for image in found["images"]) == sorted(
        image.name for image in results.dataset("gan").images[:3]
    )
    (first,) = (image for image in found["images"] if image["image"] == results.dataset("gan").images[0].name)
    assert first["pair.psnr"] == "inf"
    assert first["pair.ms-ssim"] is None
    assert first["selected"] is True


def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(qtbot, page, tmp_path):
    (tmp_path / "file").write_text("")
    page._actions.export.trigger()
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: "Cannot write" in words, timeout=5000):
        answer(page, tmp_path / "file" / "list.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_list_is_copied_for_spreadsheets(qtbot, page):
    page.activateWindow()
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: words.startswith("Copied the list"), timeout=5000):
        press(qtbot, page, Qt.Key.Key_C, CTRL | SHIFT)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 31
    assert len({line.count("\t") for line in lines}) == 1
    table = list(csv.reader(io.StringIO("\n".join(lines)), delimiter="\t"))
    assert table[0][:3] == ["rank", "dataset", "image"]


def test_the_folder_of_an_image_is_opened_and_one_that_is_gone_is_named(qtbot, page, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: "Cannot open the folder" in words):
        page._actions.reveal.trigger()
    assert opened == []


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_no_control_is_cut_in_a_small_window(qtbot, page, theme, scale):
    theme.use("dark", scale)
    page.resize(852, 510)
    qtbot.wait(50)
    for box in (page._bar.query, page._bar.order, page._bar.show_only, page._bar.edge, page._bar.text):
        place = box.mapTo(page, QPoint(0, 0))
        assert place.x() >= 0 and place.x() + box.width() <= page.width()
    assert page._grid.viewport().height() > 100 / scale


def test_every_control_has_a_name(page):
    boxes = page._bar.findChildren(QComboBox)
    assert {box.accessibleName() for box in boxes} == {
        "Direction", "Images", "Space", "Second space", "Sort", "Sort by", "Show", "Class",
    }  # fmt: skip
    assert all(box.toolTip() for box in boxes)
    assert page._bar.text.accessibleName() and page._bar.edge.accessibleName() and page._bar.count.accessibleName()
    assert all(label.buddy() is not None for label in page._bar.findChildren(QLabel) if label.text().count("&"))


def test_one_image_alone_can_be_looked_at(make_page):
    page = make_page(two_space_results(1))
    pick(page._bar.other, SPACES[1])
    for order in (Order.TYPICAL, Order.WORST, Order.COPIES, Order.RANDOM):
        pick(page._bar.order, order)
        assert shown(page) == [0]
    assert page._frame.count.text().startswith("1 image.")


def test_fifty_thousand_images_are_sorted_filtered_and_selected_without_a_stop(qtbot, make_page, gap_meter):
    page = make_page(two_space_results(50_000, k=3))
    gap_meter.begin()

    pick(page._bar.score, "pair:psnr")
    qtbot.waitUntil(lambda: shown(page)[0] == 0, timeout=3000)
    qtbot.wait(30)
    pick(page._bar.label, "dune")
    qtbot.waitUntil(lambda: page._model.rowCount() == 16_667, timeout=3000)
    qtbot.wait(30)
    page._grid.verticalScrollBar().setValue(page._grid.verticalScrollBar().maximum() // 2)
    qtbot.wait(30)
    page._grid.select_all()
    qtbot.wait(30)

    worst = gap_meter.end()
    assert page.selection.counts()["gan"] == 16_667
    assert worst < 500
