"""The neighbours page as a person uses it: choose an order, look, step through, follow other pages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.copies import MUCH_NEARER
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.results import Neighbours, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.gui.models.neighbour_filter import Show
from planetview.gui.models.neighbour_list import NeighbourListModel
from planetview.gui.models.neighbour_order import Order, order_of
from planetview.gui.models.neighbour_set import NeighbourSet
from planetview.gui.models.roles import TileRole
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.neighbours import NeighboursPage


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, selection: SelectionState, results: Results):
    page = NeighboursPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show_results(results)
    page.show()
    qtbot.waitUntil(lambda: selection.current is not None)
    return page


def large_results(n: int, held_out: bool = True) -> Results:
    """Return results over n images a side that are nowhere on disk."""

    def records(name: str) -> tuple[ImageRecord, ...]:
        return tuple(
            ImageRecord(f"{i}.png", Path("/nowhere") / f"{i}.png", None, None, f"{name}{i}", 1, 64, 64, 1, "uint8")
            for i in range(n)
        )

    roles = {"ref": Role.REFERENCE, "held": Role.HELD_OUT, "gan": Role.CANDIDATE}
    names = [name for name in roles if held_out or name != "held"]
    datasets = tuple(Dataset(name, roles[name], Path(), SourceKind.FOLDER, records(name)) for name in names)
    rng = np.random.default_rng(7)
    tables = tuple(
        Neighbours("gan", bank, "vgg16-st", rng.integers(0, max(n, 1), (n, 2)), np.sort(rng.random((n, 2)), axis=1))
        for bank in names[:-1]
    )
    return Results(datasets, RunSettings(), (), tables, (), (), {})


def shown_images(page: NeighboursPage) -> list[int]:
    return [page._model.image_at(row) for row in range(page._model.rowCount())]


def pick(box: QComboBox, data: object) -> None:
    """Choose an entry of a list as a person would."""
    position = box.findData(data)
    assert position >= 0, f"{data!r} is not offered"
    box.setCurrentIndex(position)
    box.activated.emit(position)


def choose(page: NeighboursPage, order: Order) -> None:
    pick(page._bar.order, order)


def test_orders_follow_the_distances(results):
    table = results.neighbours_of("gan_v1", "real_train")
    held = results.neighbours_of("gan_v1", "real_test").distances[:, 0]
    nearest = table.distances[:, 0]

    best = nearest[order_of(Order.BEST, nearest)]
    worst = nearest[order_of(Order.WORST, nearest)]
    typical = np.abs(nearest[order_of(Order.TYPICAL, nearest)] - np.median(nearest))
    copies = (nearest / held)[order_of(Order.COPIES, nearest, held)]

    assert (np.diff(best) >= 0).all() and best[0] == nearest.min()
    assert (np.diff(worst) <= 0).all() and worst[0] == nearest.max()
    assert (np.diff(typical) >= 0).all()
    assert (np.diff(copies) >= 0).all()


def test_a_random_order_is_the_same_for_the_same_seed_and_another_for_another():
    nearest = np.linspace(0, 1, 100)
    first = order_of(Order.RANDOM, nearest, seed=4)

    assert sorted(first) == list(range(100))
    assert np.array_equal(first, order_of(Order.RANDOM, nearest, seed=4))
    assert not np.array_equal(first, order_of(Order.RANDOM, nearest, seed=5))


@pytest.mark.parametrize("order", [Order.BEST, Order.WORST, Order.TYPICAL, Order.COPIES])
def test_images_without_a_distance_come_last_in_every_sorted_order(order):
    nearest = np.array([0.2, np.nan, 0.1, 0.4])
    assert order_of(order, nearest, np.ones(4))[-1] == 1


def test_an_image_at_no_distance_from_both_is_no_copy():
    rows = order_of(Order.COPIES, np.array([0.0, 0.0, 0.5]), np.array([0.0, 0.3, 1.0]))
    assert list(rows) == [1, 2, 0]


@pytest.mark.parametrize("n", [0, 1, 60])
def test_the_model_keeps_the_rules_of_models(qtmodeltester: ModelTester, n):
    model = NeighbourListModel()
    qtmodeltester.check(model)

    model.show(NeighbourSet(large_results(n), "gan", "vgg16-st"), Order.WORST)
    qtmodeltester.check(model)
    assert model.rowCount() == n


def test_a_tile_holds_the_nearest_of_both_banks_and_flags_what_looks_copied(results):
    neighbours = NeighbourSet(results, "gan_v1", "vgg16-st")
    model = NeighbourListModel()
    model.show(neighbours)
    to_reference = results.neighbours_of("gan_v1", "real_train")
    to_held_out = results.neighbours_of("gan_v1", "real_test")

    for row in range(model.rowCount()):
        tile = model.index(row).data(TileRole.TILE)
        i = tile.index
        assert tile.nearest.record is results.dataset("real_train").images[to_reference.indices[i, 0]]
        assert tile.held_out.record is results.dataset("real_test").images[to_held_out.indices[i, 0]]
        ratio = to_reference.distances[i, 0] / to_held_out.distances[i, 0]
        assert tile.is_much_nearer == (ratio < MUCH_NEARER)
        spoken = model.index(row).data(Qt.ItemDataRole.AccessibleTextRole)
        assert tile.record.name in spoken
        assert ("nearer to reference" in spoken) == tile.is_much_nearer


def test_the_page_offers_each_order_and_shows_the_seed_of_the_random_one(qtbot, page, results):
    nearest = results.neighbours_of("gan_v1", "real_train").distances[:, 0]
    assert shown_images(page) == list(np.argsort(nearest, kind="stable"))

    choose(page, Order.WORST)
    assert shown_images(page) == list(np.argsort(-nearest, kind="stable"))
    assert not page._bar.shuffle.isVisible()

    choose(page, Order.RANDOM)
    before = shown_images(page)
    assert page._bar.seed_label.text() == "seed 0"
    qtbot.mouseClick(page._bar.shuffle, Qt.MouseButton.LeftButton)
    assert page._bar.seed_label.text() == "seed 1"
    assert shown_images(page) != before
    assert sorted(shown_images(page)) == sorted(before)


def test_clicking_a_tile_makes_it_the_current_image_everywhere(qtbot, page, selection):
    changes = []
    selection.subscribe(changes.append)
    index = page._model.index(1)

    qtbot.mouseClick(page._grid.viewport(), Qt.MouseButton.LeftButton, pos=page._grid.visualRect(index).center())

    assert selection.current == ("gan_v1", page._model.image_at(1))
    assert changes[-1].origin is page
    assert page._inspector.panes[0].record is page._shown.found.query.images[page._model.image_at(1)]


def test_the_page_begins_with_the_first_tile_and_leaves_an_image_that_was_chosen_alone(page, selection, results):
    first = ("gan_v1", page._model.image_at(0))
    assert selection.current == first
    assert page._inspector.panes[0].record is page._shown.found.query.images[first[1]]

    selection.set_current(("gan_v2", 3), origin=None)
    page.show_results(results)

    assert selection.current == ("gan_v2", 3)


def test_arrow_keys_walk_the_grid(qtbot, page, selection):
    page._grid.setFocus()
    page._grid.setCurrentIndex(page._model.index(0))

    qtbot.keyClick(page._grid, Qt.Key.Key_Right)

    assert selection.current == ("gan_v1", page._model.image_at(1))


def test_an_image_chosen_elsewhere_is_shown_here_even_in_another_dataset(qtbot, page, selection):
    selection.set_current(("gan_v2", 3), origin="another page")

    assert page._bar.query.currentData() == "gan_v2"
    row = page._grid.currentIndex().row()
    assert page._model.image_at(row) == 3
    assert page._grid.viewport().rect().intersects(page._grid.visualRect(page._grid.currentIndex()))

    selection.set_current(("real_train", 0), origin="another page")
    assert page._bar.query.currentData() == "gan_v2", "a reference image has no neighbours to show"


def test_the_current_image_stays_current_when_the_order_changes(qtbot, page, selection):
    selection.set_current(("gan_v1", 7), origin="another page")

    choose(page, Order.WORST)

    assert page._model.image_at(page._grid.currentIndex().row()) == 7
    assert selection.current == ("gan_v1", 7)


def test_only_what_other_pages_selected_can_be_shown(page, selection):
    assert page._bar.show_only.findData(Show.SELECTED) < 0, "nothing is selected, so it is not offered"
    mask = np.zeros(24, dtype=bool)
    mask[[2, 5, 11]] = True
    selection.select("gan_v1", mask, origin="another page")

    pick(page._bar.show_only, Show.SELECTED)

    assert sorted(shown_images(page)) == [2, 5, 11]
    assert "3 of 24" in page._frame.count.text()

    selection.clear(origin="another page")
    assert len(shown_images(page)) == 24
    assert page._bar.wanted.show is Show.ALL


def test_the_inspector_gives_sizes_entropy_distances_and_pair_scores(qtbot, page, selection, results):
    selection.set_current(("gan_v1", 0), origin="another page")
    text = " ".join(label.text() for label in page._inspector.findChildren(QLabel))
    table = results.pairs_of("gan_v1")

    assert f"entropy {results.entropy_bits['gan_v1'][0]:.3f} bits" in text
    assert "48 × 48 px, grey, uint8" in text
    assert f"{results.neighbours_of('gan_v1', 'real_train').distances[0, 0]:.4g}" in text
    assert "∞ dB" in text, "identical images have an infinite PSNR"
    assert "n/a: 48 × 48 px is too small for the standard form" in text
    assert f"{table.scores['ssim'][0]:.4f}" in text


def test_enter_opens_the_large_view_whose_keys_step_through_the_order(qtbot, page, selection):
    page._grid.setFocus()
    page._grid.setCurrentIndex(page._model.index(0))
    qtbot.keyClick(page._grid, Qt.Key.Key_Return)
    dialog = page._compare.dialog
    assert dialog.isVisible()
    assert dialog.panes[0].record.name == page._model.tile(0).record.name

    qtbot.waitUntil(dialog.isActiveWindow, timeout=2000)
    qtbot.keyClick(dialog, Qt.Key.Key_PageDown)

    assert dialog.panes[0].record is page._model.tile(1).record
    assert dialog.panes[1].record is page._model.tile(1).nearest.record
    assert selection.current == ("gan_v1", page._model.image_at(1))
    dialog.close()


def test_ctrl_c_copies_the_path_of_the_current_image(qtbot, page):
    page._grid.setFocus()
    page._grid.setCurrentIndex(page._model.index(2))

    with qtbot.waitSignal(page.notice, timeout=1000):
        qtbot.keyClick(page._grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    assert QGuiApplication.clipboard().text() == str(page._model.tile(2).record.path)


def test_an_unreadable_image_is_said_to_be_so_and_the_others_are_shown(qtbot, page, results, thumbs):
    record = page._model.tile(0).record
    record.path.unlink()

    page._bar.edge.setValue(200)

    qtbot.waitUntil(lambda: thumbs.problem(record, "gan_v1") != "", timeout=5000)

    assert "not there" in thumbs.problem(record, "gan_v1")
    other = page._model.tile(1).record
    qtbot.waitUntil(lambda: thumbs.get(other, 200, "gan_v1") is not None, timeout=5000)


def test_without_a_held_out_set_tiles_hold_two_images(qtbot, theme, thumbs):
    results = large_results(5, held_out=False)
    page = NeighboursPage(SelectionState({"ref": 5, "gan": 5}), theme, thumbs)
    qtbot.addWidget(page)
    page.show_results(results)
    page.show()

    assert page._model.tile(0).held_out is None
    assert page._grid.delegate.plan.columns == 2
    assert "No held-out set" in page._frame.count.text()
    page._on_image_opened(0)
    assert not page._compare.dialog.panes[2].isVisible()
    page._compare.close()


def test_results_come_and_go(qtbot, page, results, selection):
    page.show_results(None)
    assert page._model.rowCount() == 0
    assert page._frame.is_empty

    page.show_results(dataclasses.replace(results, neighbours=()))
    assert page._frame.is_empty

    page.show_results(results)
    assert page._model.rowCount() == 24


def test_fifty_thousand_tiles_show_at_once_and_the_last_can_be_reached(qtbot, theme, thumbs, gap_meter):
    model = NeighbourListModel()
    grid = ImageGrid(model, theme, thumbs)
    qtbot.addWidget(grid)
    grid.resize(900, 700)
    neighbours = NeighbourSet(large_results(50_000), "gan", "vgg16-st")
    gap_meter.begin()

    model.show(neighbours)
    grid.show()
    grid.reveal(49_990)

    index = model.index(49_990)
    qtbot.waitUntil(lambda: grid.viewport().rect().intersects(grid.visualRect(index)), timeout=10_000)
    assert gap_meter.end() < 1500
    assert grid.currentIndex() == index


def test_the_thumbnail_size_changes_how_many_tiles_fit(qtbot, page):
    first = page._grid.visualRect(page._model.index(0)).size()

    page._bar.edge.setValue(200)

    qtbot.waitUntil(lambda: page._grid.visualRect(page._model.index(0)).height() > first.height(), timeout=2000)
