"""The metric table's model: families, floors, the best, what a cell says to eye, pointer and screen reader."""

from __future__ import annotations

import dataclasses
import math

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from planetview.core.catalogue import Family
from planetview.core.ranking import best_candidate
from planetview.core.results import MetricValue
from planetview.core.stats import Interval
from planetview.gui.models.metric_cells import CellState
from planetview.gui.models.metric_table import MetricTableModel
from planetview.gui.models.wording import percent, with_interval
from tests.gui.overview_parts import shown, value


@pytest.mark.parametrize("count", [0, 1, 8])
def test_the_model_keeps_the_rules_of_models(qtmodeltester: ModelTester, count):
    model = MetricTableModel()
    model.show([value("fd", f"c{i}", 0.5 + i, floor=0.2) for i in range(count)])
    qtmodeltester.check(model)

    model.add([value("ssim", "c0", 0.5)])
    qtmodeltester.check(model)


def test_rows_stand_in_families_and_show_which_way_is_better(results):
    model = MetricTableModel()
    model.show(results.values)

    families = [row for row in model.rows if isinstance(row, Family)]
    titles = [model.headerData(i, Qt.Orientation.Vertical) for i in range(model.rowCount())]

    assert families == [Family.DISTRIBUTION, Family.GENERALISATION, Family.PAIRWISE]
    assert titles[:2] == ["▾ Distribution", "Fréchet distance ↓"]
    assert "SSIM ↑" in titles


def test_two_extractors_give_two_rows_that_name_them():
    model = MetricTableModel()
    one = value("fd", "a", 1.0)
    model.show([one, dataclasses.replace(one, extractor="other-net")])

    titles = [model.row_title(i) for i in range(1, 3)]

    assert titles == ["Fréchet distance ↓\nVGG-16 (ST-LPIPS)", "Fréchet distance ↓\nother-net"]


def test_one_floor_column_where_all_candidates_share_the_floor_else_each_cell_names_its_own():
    model = MetricTableModel()
    same = {"floor": 0.2, "ratio": 3.1, "beyond_floor": True}
    model.show([value("fd", "a", 0.62, **same), value("fd", "b", 0.62, **same)])
    headings = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(3)]
    assert headings == ["Noise floor", "a", "b"]
    assert shown(model, "fd", 0) == "0.2000"
    assert shown(model, "fd", 1) == "0.620 ± 0.010\n3.1× floor · worse"

    model.show([value("fd", "a", 0.62, **same), value("fd", "b", 0.2, n=90, floor=0.19, ratio=1.1, beyond_floor=False)])
    assert model.columnCount() == 2
    assert shown(model, "fd", 1).endswith("1.1× floor 0.1900 · within")


def test_a_floor_whose_spread_differs_between_candidates_is_shown_without_a_spread():
    def with_spread(candidate: str, half: float) -> MetricValue:
        share = value("closer-to-reference", candidate, 0.8, floor=0.5, beyond_floor=True)
        return dataclasses.replace(share, floor_interval=Interval(0.5 - half, 0.5 + half, 0.95, "random labels"))

    model = MetricTableModel()
    model.show([with_spread("a", 0.1), with_spread("b", 0.1)])
    assert shown(model, "closer-to-reference", 0) == "0.50\n± 0.10"

    model.show([with_spread("a", 0.1), with_spread("b", 0.2)])
    assert shown(model, "closer-to-reference", 0) == "0.50"


def test_the_best_is_starred_only_where_intervals_separate():
    clear = [value("fd", "a", 1.0), value("fd", "b", 2.0), value("fd", "c", 1.5)]
    assert best_candidate(clear) == "a"
    assert best_candidate([value("fd", "a", 1.0, half=0.6), *clear[1:]]) is None
    assert best_candidate([value("ssim", "a", 0.4), value("ssim", "b", 0.6)]) == "b"
    assert best_candidate([clear[0], dataclasses.replace(clear[1], interval=None)]) is None
    assert best_candidate(clear[:1]) is None


def test_nobody_is_best_at_copying_least():
    assert best_candidate([value("closer-to-reference", "a", 0.3), value("closer-to-reference", "b", 0.6)]) is None


def test_values_from_clearly_different_sample_sizes_are_not_ranked_on_features():
    assert best_candidate([value("fd", "a", 1.0, n=450), value("fd", "b", 2.0, n=90)]) is None
    assert best_candidate([value("psnr", "a", 9.0, n=450), value("psnr", "b", 2.0, n=90)]) == "a"


def test_a_cell_without_a_value_gives_its_reason_to_the_eye_the_pointer_and_the_screen_reader():
    model = MetricTableModel()
    model.show([MetricValue("ms-ssim", None, "a", reason="needs sides of 161 px")])
    index = model.index(1, 0)

    assert model.cell(1, 0).state is CellState.UNAVAILABLE
    assert index.data().startswith("n/a")
    assert "needs sides of 161 px" in index.data(Qt.ItemDataRole.ToolTipRole)
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "MS-SSIM, higher is better, a, n/a, needs sides of 161 px"


def test_numbers_read_as_their_interval_allows():
    assert with_interval(0.41234, Interval(0.38134, 0.44334, 0.95, "x")) == "0.412 ± 0.031"
    assert with_interval(0.96, Interval(0.91, 0.98, 0.95, "Wilson")) == "0.960 [0.910, 0.980]"
    assert with_interval(18.4321, None, "dB") == "18.43 dB"
    assert with_interval(math.inf, None) == "∞"
    assert (percent(0.9999), percent(0.001), percent(1.0), percent(0.0)) == ("> 99 %", "< 1 %", "100 %", "0 %")
