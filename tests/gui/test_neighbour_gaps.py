"""Real images beside the nearest synthetic ones, as a person looks at the gaps of a candidate."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from planetview.core.results import Results
from planetview.gui.models.neighbour_filter import Show
from planetview.gui.models.neighbour_order import Order, real_scores_of, real_values_of
from planetview.gui.models.neighbour_set import NeighbourSet, Toward
from planetview.gui.models.roles import TileRole
from planetview.gui.views.neighbours import NeighboursPage
from tests.gui.neighbour_pages import pick, shown
from tests.gui.neighbour_samples import CLASSES, SPACES, results_with_gaps, two_space_results


@pytest.fixture
def results() -> Results:
    return results_with_gaps(30)


@pytest.fixture
def page(make_page: Callable[[Results], NeighboursPage], results: Results) -> NeighboursPage:
    return make_page(results)


def farthest_first(results: Results, by: str = SPACES[0]) -> list[int]:
    gap = results.gap_of("gan", by)
    return gap.compared[np.argsort(-gap.neighbours.distances[:, 0], kind="stable")].tolist()


def test_real_images_are_shown_beside_their_nearest_synthetic_ones_the_farthest_first(page, results):
    pick(page._bar.toward, Toward.SYNTHETIC)

    assert shown(page) == farthest_first(results)
    tile, near = page._model.tile(0), results.gap_of("gan", SPACES[0]).neighbours
    assert (tile.dataset, tile.nearest.dataset, tile.held_out.dataset) == ("ref", "gan", "held")
    assert tile.nearest.index == near.indices[tile.index, 0]
    assert tile.nearest.distance == near.distances[tile.index, 0]
    assert tile.held_out.index == near.held_out_indices[tile.index]
    assert tile.radius == near.radii[tile.index]
    assert page.selection.current == ("ref", shown(page)[0])


def test_only_gaps_can_be_shown_and_the_line_below_says_how_many(page, results):
    pick(page._bar.toward, Toward.SYNTHETIC)
    pick(page._bar.show_only, Show.GAPS)

    gap = results.gap_of("gan", SPACES[0])
    assert sorted(shown(page)) == gap.uncovered.tolist()
    words = page._frame.count.text()
    assert words.startswith(f"{gap.uncovered.size} of 30 real images")
    assert f"{gap.uncovered.size} gaps of 30: no image of gan" in words
    assert f"held-out: {gap.held_out_uncovered.size}" in words
    assert all(page._model.tile(row).is_gap for row in range(gap.uncovered.size))


def test_gaps_of_one_class(qtbot, page, results):
    pick(page._bar.toward, Toward.SYNTHETIC)
    pick(page._bar.show_only, Show.GAPS)
    qtbot.waitUntil(lambda: page._bar.label.findData("dune") >= 0, timeout=20_000)
    pick(page._bar.label, "dune")

    of_class = [i for i in results.gap_of("gan", SPACES[0]).uncovered.tolist() if CLASSES[i % 3] == "dune"]
    assert sorted(shown(page)) == of_class and of_class


def test_the_way_back_brings_the_order_of_before(page):
    before = shown(page)
    pick(page._bar.toward, Toward.SYNTHETIC)
    assert page._bar.order.currentText() == "Farthest first"
    pick(page._bar.show_only, Show.GAPS)
    pick(page._bar.order, Order.BEST)

    pick(page._bar.toward, Toward.REAL)
    assert shown(page) == before
    assert page._bar.order.currentText() == "Best first"
    assert page._bar.show_only.findData(Show.GAPS) < 0
    pick(page._bar.toward, Toward.SYNTHETIC)
    assert page._bar.order.currentText() == "Nearest first"
    assert page._bar.order.findData(Order.COPIES) < 0


def test_a_finding_leads_to_its_gaps(qtbot, page, results):
    pick(page._bar.order, Order.BEST)
    page._bar.text.setText("nothing is called so")

    page.show_gaps("gan", SPACES[1], None)

    gap = results.gap_of("gan", SPACES[1])
    assert shown(page) == [i for i in farthest_first(results, SPACES[1]) if i in set(gap.uncovered.tolist())]
    assert page.selection.current == ("ref", shown(page)[0])
    page.show_gaps("gan", SPACES[0], "crater")
    qtbot.waitUntil(lambda: page._bar.label.currentData() == "crater", timeout=20_000)
    assert {CLASSES[i % 3] for i in shown(page)} == {"crater"}
    assert page.selection.current == ("ref", shown(page)[0])


def test_only_real_images_that_were_compared_are_shown(make_page):
    results = results_with_gaps(30, compared=20)
    page = make_page(results)
    pick(page._bar.toward, Toward.SYNTHETIC)

    assert shown(page) == farthest_first(results)
    assert "20 of the 30 real images are compared" in page._frame.count.text()
    for score in real_scores_of(results, "gan"):
        pick(page._bar.score, page._bar.score.itemData(0) if score.id == f"distance:{SPACES[0]}" else score.id)
        assert sorted(shown(page)) == results.gap_of("gan", SPACES[0]).compared.tolist()
    pick(page._bar.show_only, Show.INCLUDED)
    assert len(shown(page)) == 20


@pytest.mark.parametrize("by", SPACES)
def test_every_score_of_real_images_is_what_the_results_hold(by):
    results = results_with_gaps(30, compared=20)
    gap = results.gap_of("gan", by)
    near, rows = gap.neighbours, gap.compared
    expected = {
        "distance": near.distances[:, 0], "radius": near.distances[:, 0] / near.radii,
        "held-out": near.held_out_distances,
    }  # fmt: skip
    for kind, numbers in expected.items():
        values = real_values_of(results, "gan", f"{kind}:{by}")
        assert values[rows].tolist() == numbers.tolist()
        assert np.isnan(np.delete(values, rows)).all()
    assert (real_values_of(results, "gan", f"radius:{by}")[gap.uncovered] >= 1).all()


def test_two_spaces_side_by_side_agree_where_a_loop_finds_that_they_do(page, results):
    pick(page._bar.toward, Toward.SYNTHETIC)
    pick(page._bar.other, SPACES[1])

    a, b = (results.gap_of("gan", by).neighbours.indices for by in SPACES)
    found = NeighbourSet(results, "gan", *SPACES, Toward.SYNTHETIC)
    assert found.ranks.tolist() == [
        next((place for place, at in enumerate(b[i], 1) if at == a[i, 0]), 0) for i in range(30)
    ]
    tile = page._model.tile(0)
    assert tile.other.partners[0].index == b[tile.index, 0]
    assert "gaps of 30" in page._frame.count.text()


def test_an_image_of_the_reference_chosen_elsewhere_turns_the_page_and_a_synthetic_one_turns_it_back(page):
    page.selection.set_current(("ref", 7))
    assert page._bar.chosen_toward is Toward.SYNTHETIC
    assert page._model.image_at(page._grid.currentIndex().row()) == 7

    page.selection.set_current(("gan", 4))
    assert page._bar.chosen_toward is Toward.REAL
    assert page._model.image_at(page._grid.currentIndex().row()) == 4


def test_the_inspector_and_the_words_of_a_tile_say_what_a_gap_is(page):
    page.show_gaps("gan", SPACES[0], None)

    words = page._model.data(page._model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert "nearest synthetic: " in words and "gap: no synthetic image is as near as its 5th real neighbour" in words
    assert "No synthetic image is as near" in page._inspector._verdict.text()
    assert page._inspector.panes[1].accessibleName().startswith("Nearest synthetic")
    assert page._model.data(page._model.index(0), TileRole.TILE).is_gap


def test_marks_are_of_the_real_images(qtbot, page):
    page.show_gaps("gan", SPACES[0], None)
    page._actions.flag.trigger()

    marks = page.workspace.marks
    assert marks.flagged == {("ref", page._results.dataset("ref").images[shown(page)[0]].name)}


def test_the_list_of_gaps_is_written_with_every_digit(qtbot, page, results, tmp_path):
    page.show_gaps("gan", SPACES[0], None)
    page._actions.export.trigger()
    dialog = page.findChild(QFileDialog)
    with qtbot.waitSignal(page.notice, check_params_cb=lambda words: words.startswith("Wrote"), timeout=20_000):
        dialog.filesSelected.emit([str(tmp_path / "gaps.csv")])
        dialog.done(0)

    rows = list(csv.DictReader(io.StringIO((tmp_path / "gaps.csv").read_text("utf-8-sig"))))
    gap, by = results.gap_of("gan", SPACES[0]), SPACES[0]
    assert len(rows) == gap.uncovered.size
    at = shown(page)[0]
    names = [image.name for image in results.dataset("gan").images]
    assert rows[0]["dataset"] == "ref" and rows[0]["candidate"] == "gan"
    assert float(rows[0][f"{by}.synthetic_1_distance"]) == gap.neighbours.distances[at, 0]
    assert rows[0][f"{by}.synthetic_2"] == names[gap.neighbours.indices[at, 1]]
    assert float(rows[0][f"{by}.radius"]) == gap.neighbours.radii[at]
    assert {row[f"{by}.is_gap"] for row in rows} == {"true"}
    assert float(rows[0]["entropy_bits"]) == results.entropy_bits["ref"][at]


def test_results_without_neighbours_of_real_images_offer_one_direction(make_page):
    page = make_page(two_space_results(30))
    assert not page._bar.toward.isVisibleTo(page)

    page.show_results(results_with_gaps(30))
    assert page._bar.toward.isVisibleTo(page)
    pick(page._bar.toward, Toward.SYNTHETIC)
    page.show_results(two_space_results(30))
    assert page._bar.chosen_toward is Toward.REAL
    assert page._model.rowCount() == 30


def test_fifty_thousand_real_images_are_turned_to_sorted_and_filtered_without_a_stop(qtbot, make_page, gap_meter):
    page = make_page(results_with_gaps(50_000))
    gap_meter.begin()

    pick(page._bar.toward, Toward.SYNTHETIC)
    qtbot.waitUntil(lambda: page._model.neighbours.real is not None and page._reading.is_done, timeout=30_000)
    qtbot.wait(30)
    page.show_gaps("gan", SPACES[1], "dune")
    qtbot.waitUntil(lambda: page._bar.label.currentData() == "dune", timeout=30_000)
    qtbot.waitUntil(lambda: 0 < page._model.rowCount() < 10_000, timeout=30_000)
    qtbot.wait(30)
    pick(page._bar.score, f"radius:{SPACES[1]}")
    qtbot.wait(30)
    pick(page._bar.other, SPACES[0])
    qtbot.waitUntil(lambda: page._shown.found.other is not None and page._reading.is_done, timeout=30_000)
    qtbot.wait(30)

    worst = gap_meter.end()
    print(f"most work in a turn: {worst:.0f} ms")
    assert worst < 500
