from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QFileDialog, QPushButton

from planetview.core.results import PairTable
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import MAX_POINTS, ScatterPlot
from planetview.gui.views.correlation import CorrelationPage
from planetview.gui.views.correlation_matrix import MatrixView
from planetview.gui.views.tile_strip import TileStrip
from tests.gui.correlating import box, choose, scatter
from tests.gui.plotting import click, drag, pixel_of


@pytest.fixture
def page(qtbot, selection, theme, thumbs, results, monkeypatch):
    # Moves closer than 10 ms would be left out, and a test drags faster than a hand.
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)
    page = CorrelationPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show_results(results)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def plot(page):
    """The large scatter of the first metric, opened from its panel."""
    panels = page.findChild(PanelView)
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Return)
    return scatter(page)


def table_of(results, name="gan_v1"):
    return results.pairs_of(name)


def test_without_pairs_the_page_says_what_to_do(qtbot, selection, theme, thumbs, results):
    page = CorrelationPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.show_results(dataclasses.replace(results, pairs=()))

    assert page.findChild(ScatterPlot) is None


def test_the_text_gives_what_the_run_found(plot, results):
    found = next(one for one in results.correlations if (one.metric, one.candidate) == ("psnr", "gan_v1"))

    text = plot.legend_texts()[0].replace("−", "-")

    assert f"n = {found.n} pairs, {found.dropped} dropped, {found.distinct_partners} distinct partners" in text
    assert f"r = {found.r:.2f} [{found.r_interval.low:.2f}, {found.r_interval.high:.2f}]" in text
    assert f"ρ = {found.rho:.2f} [" in text


def test_a_shift_drag_selects_exactly_the_pairs_inside(page, plot, selection, results):
    table = table_of(results)
    start, end = pixel_of(plot, 5.9, 17.0), pixel_of(plot, 6.6, 12.0)
    corners = [plot.view_box.mapSceneToView(plot.scene.views()[0].mapToScene(at)) for at in (start, end)]

    drag(plot, start, end, Qt.KeyboardModifier.ShiftModifier)

    score = table.scores["psnr"]
    wanted = (
        (table.entropy_bits >= corners[0].x())
        & (table.entropy_bits <= corners[1].x())
        & (score <= corners[0].y())
        & (score >= corners[1].y())
    )
    assert 0 < wanted.sum() < wanted.size
    assert np.flatnonzero(selection.selected("gan_v1")).tolist() == table.query_index[wanted].tolist()
    assert np.flatnonzero(selection.selected("real_train")).tolist() == np.unique(table.bank_index[wanted]).tolist()
    assert sorted(plot.ringed["gan_v1"].tolist()) == np.flatnonzero(wanted).tolist()


def test_selected_pairs_are_shown_side_by_side_with_score_and_entropy(page, plot, selection, results):
    table = table_of(results)

    drag(plot, pixel_of(plot, 5.9, 17.0), pixel_of(plot, 6.6, 12.0), Qt.KeyboardModifier.ShiftModifier)

    strip = page.findChild(TileStrip)
    assert strip.model().rowCount() == selection.counts()["gan_v1"]
    (query, row), (bank, partner) = strip.tiles.refs(0)
    assert (query, bank) == ("gan_v1", "real_train")
    assert partner == table.bank_index[row]
    text = strip.model().index(0).data()
    assert f"PSNR {table.scores['psnr'][row]:.3g}, {table.entropy_bits[row]:.3g} bits" in text


def test_a_plain_drag_moves_the_view_and_brush_mode_selects(page, plot, selection):
    start, end = pixel_of(plot, 5.9, 17.0), pixel_of(plot, 6.6, 12.0)
    before = plot.view_box.viewRect()

    drag(plot, start, end)
    assert plot.view_box.viewRect() != before
    assert sum(selection.counts().values()) == 0

    plot.reset_view()
    QTest.mouseClick(
        next(button for button in page.findChildren(QPushButton) if button.isCheckable()), Qt.MouseButton.LeftButton
    )
    drag(plot, pixel_of(plot, 5.9, 17.0), pixel_of(plot, 6.6, 12.0))
    assert selection.counts()["gan_v1"] > 0


def test_the_keyboard_selects_all_pairs_in_view(page, plot, selection, results):
    plot.grab()
    plot.setFocus()

    QTest.keyClick(plot, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)

    assert selection.counts()["gan_v1"] == np.isfinite(table_of(results).scores["psnr"]).sum()


def test_a_click_near_a_point_makes_its_image_current(page, plot, selection, results):
    table = table_of(results)

    click(plot, float(table.entropy_bits[7]), float(table.scores["psnr"][7]))

    assert selection.current == ("gan_v1", int(table.query_index[7]))
    assert page.findChild(TileStrip).tiles.refs(0) == (selection.current, ("real_train", int(table.bank_index[7])))


def test_a_click_far_from_all_points_chooses_nothing(page, plot, selection, results):
    table = table_of(results)
    finite = table.scores["psnr"][np.isfinite(table.scores["psnr"])]

    click(plot, float(table.entropy_bits.min()), float(finite.min()))

    assert selection.current is None


def test_images_selected_elsewhere_are_ringed(page, plot, selection, results):
    mask = np.zeros(len(results.dataset("gan_v1").images), dtype=bool)
    mask[[3, 9]] = True

    selection.select("gan_v1", mask, origin="another page")

    assert plot.ringed["gan_v1"].tolist() == [3, 9]
    assert page.findChild(TileStrip).model().rowCount() == 2


def test_choosing_a_metric_redraws_with_its_own_numbers(page, plot):
    choose(box(page, "Metric"), "ssim")

    matrix = page.findChild(MatrixView)
    names = matrix.matrix.names
    assert (names[matrix.currentIndex().row()], names[matrix.currentIndex().column()]) == ("ssim", "entropy")


def test_a_metric_without_values_says_why(page, plot):
    choose(box(page, "Metric"), "ms-ssim")

    assert "No pair has a finite value of both MS-SSIM and Entropy" in plot.empty_text()
    assert "too small" in plot.empty_text()


def test_another_dataset_brings_its_own_pairs(page, plot, results):
    choose(box(page, "Dataset"), "gan_v2")

    assert plot.legend_texts()[0].startswith("gan_v2")


def test_overlaid_datasets_each_have_their_text(page, plot, results):
    next(box for box in page.findChildren(QCheckBox) if "Overlay" in box.text()).click()

    assert [text.split()[0] for text in plot.legend_texts()] == [table.query for table in results.pairs]


def test_a_click_on_a_cell_plots_its_two_columns(page, plot, results):
    view = page.findChild(MatrixView)
    names = view.matrix.names
    index = view.model().index(names.index("st-lpips-alex"), names.index("ssim"))

    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())

    assert (box(page, "Metric").currentData(), box(page, "Quantity").currentData()) == ("st-lpips-alex", "ssim")
    table = table_of(results)
    r = np.corrcoef(table.scores["ssim"], table.scores["st-lpips-alex"])[0, 1]
    assert f"r = {r:.2f}".replace("-", "−") in plot.legend_texts()[0]


def test_enter_on_a_cell_of_the_entropy_row_puts_entropy_across(page):
    view = page.findChild(MatrixView)
    view.setCurrentIndex(view.model().index(0, view.matrix.names.index("ssim")))

    QTest.keyClick(view, Qt.Key.Key_Return)

    assert (box(page, "Metric").currentData(), box(page, "Quantity").currentData()) == ("ssim", "entropy")


def test_many_points_become_a_density_that_can_still_be_brushed(page, plot, results, selection):
    many = MAX_POINTS + 1
    rng = np.random.default_rng(1)
    images = len(results.dataset("gan_v1").images)
    entropy = rng.normal(6, 0.5, many)
    table = PairTable(
        "gan_v1", "real_train", "vgg16-st", rng.integers(0, images, many), rng.integers(0, 48, many), entropy,
        {"psnr": 20 - entropy},
    )  # fmt: skip
    page.show_results(dataclasses.replace(results, pairs=(table,), correlations=()))

    assert plot.shows_density
    drag(plot, pixel_of(plot, 5.0, 15.0), pixel_of(plot, 7.0, 13.0), Qt.KeyboardModifier.ShiftModifier)
    assert selection.counts()["gan_v1"] == images


def test_names_with_markup_show_as_they_are(page, plot, results, selection):
    named = tuple(
        dataclasses.replace(dataset, name="<b>x</b>") if dataset.name == "gan_v1" else dataset
        for dataset in results.datasets
    )
    tables = (dataclasses.replace(table_of(results), query="<b>x</b>"),)
    page.show_results(dataclasses.replace(results, datasets=named, pairs=tables, correlations=()))

    assert plot.legend_texts()[0].startswith("<b>x</b>")


def test_the_points_are_exported_with_every_digit(page, plot, results, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plot"), ""))

    next(action for action in plot.actions() if "data" in action.text()).trigger()

    header, *rows = list(csv.reader(io.StringIO((tmp_path / "plot.csv").read_text("utf-8"), newline="")))
    assert header[:2] == ["set", "row"]
    assert {name for name, *_ in rows} == {"gan_v1"}
    # One pair has an infinite PSNR, which no plot shows.
    assert len(rows) in (len(results.dataset("gan_v1")), len(results.dataset("gan_v1")) - 1)
    for name, row, *cells in rows:
        pairs = results.pairs_of(name)
        known = [pairs.entropy_bits, *pairs.scores.values()]
        assert all(any(float(cell) == column[int(row)] for column in known) for cell in cells)


def test_the_current_image_is_marked_in_every_panel(page, selection):
    selection.set_current(("gan_v1", 5), origin="another page")

    assert np.flatnonzero(page.findChild(PanelView).selected["gan_v1"]).tolist() == [5]
