"""The overview as a person uses it: read the table, see what is best, know why a cell is empty or stale."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from planetview.core.catalogue import literature_for
from planetview.core.results import MetricValue, Results
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval
from planetview.gui.models.metric_cells import CellState
from planetview.gui.models.metric_details import unbroken
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.theme import DARK
from planetview.gui.views.overview import OverviewPage
from tests.gui.overview_parts import button, copy_table, row_of, shown, value


@pytest.fixture
def page(overview_page: OverviewPage) -> OverviewPage:
    return overview_page


def test_an_empty_page_says_what_to_do_and_a_run_fills_it(page, results):
    page.show_results(None)
    labels = [label for label in page.findChildren(QLabel) if label.isVisible()]
    assert any("press Run" in label.text() for label in labels)

    page.show_results(results)

    assert page._table.isVisible()
    assert page._model.candidates == ("gan_v1", "gan_v2")


def test_a_title_of_three_lines_gets_the_height_it_needs(page):
    long = dataclasses.replace(value("fid50k", "a", 12.0), extractor="inception-tf1")
    page.show_partial([value("fd", "a", 1.0), long])
    view, model = page._table, page._model
    rows = [row_of(model, "fd"), row_of(model, "fid50k")]
    texts = [
        view.fontMetrics().boundingRect(0, 0, 164, 0, Qt.TextFlag.TextWordWrap, model.row_title(row)).height()
        for row in rows
    ]

    assert texts[1] > texts[0]
    assert all(view.rowHeight(row) >= text + 12 for row, text in zip(rows, texts, strict=True))


RICH = Qt.TextFormat.RichText


def lacking(metric: str, extractor: str | None, title: str) -> MetricValue:
    reason = f"The weights of {title} are not on this computer. Get it with: planetview models fetch it"
    return MetricValue(metric, extractor, "a", reason=reason)


@pytest.mark.parametrize(
    ("missing", "weights_id"),
    [
        (lacking("fd", "dinov2-vitl14", "DINOv2 ViT-L/14"), "dinov2-vitl14"),
        (lacking("isc", "inception-tf1", "Inception-v3 of the first FID"), "inception-2015-12-05"),
        (lacking("lpips-vgg", None, "LPIPS heads for VGG-16"), "lpips-vgg"),
        (lacking("lpips-vgg", None, "VGG-16 for ImageNet"), "torchvision-vgg16"),
    ],
)
def test_a_cell_without_weights_offers_the_page_that_has_them(qtbot, page, missing, weights_id):
    page._model.show([missing, value("psnr", "a", 20.0)])
    page._refresh()

    page._table.setCurrentIndex(page._model.index(row_of(page._model, missing.metric), 0))
    assert page._models.isVisible()
    with qtbot.waitSignal(page.weights_wanted, timeout=1000) as wanted:
        page._models.click()
    assert wanted.args == [weights_id]

    page._table.setCurrentIndex(page._model.index(row_of(page._model, "psnr"), 0))
    assert not page._models.isVisible()


def test_a_cell_that_is_empty_for_another_reason_offers_no_weights(page):
    page._model.show([MetricValue("fd", "vgg16-st", "a", reason="needs at least 2 images")])
    page._refresh()
    page._table.setCurrentIndex(page._model.index(1, 0))

    assert not page._models.isVisible()


def test_published_values_stand_beside_ones_own_when_asked_for(qtbot, page):
    fid = dataclasses.replace(value("fid50k", "a", 12.0), extractor="inception-tf1")
    page._model.show([fid, value("fd", "a", 1.0)])
    page._refresh()
    model, row = page._model, row_of(page._model, "fid50k")
    assert model.columnCount() == 1

    page.show_literature(True)
    assert [model.headerData(c, Qt.Orientation.Horizontal) for c in range(2)] == ["a", "Literature"]
    numbers = [v.number for v in literature_for("fid50k", "inception-tf1")]
    assert shown(model, "fid50k", 1) == (f"{min(numbers):.4g} to {max(numbers):.4g}\n{len(numbers)} published values")
    assert shown(model, "fd", 1) == "none"

    page._table.setCurrentIndex(model.index(row, 1))
    qtbot.waitUntil(lambda: "Published values" in page._details.toPlainText())
    said = page._details.toPlainText()
    assert "no rank" in said
    assert "FFHQ 1024, StyleGAN2 (config F)" in said
    assert "arXiv:1912.04958" in said
    assert "no rank" in model.index(row, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert "no rank" in model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    copy_table(page)
    assert "2.84" not in QGuiApplication.clipboard().text()

    page.show_literature(False)
    assert model.columnCount() == 1


def test_four_candidates_and_their_floor_fit_beside_the_explanations(qtbot, page, theme):
    page.resize(1172, 700)
    same = {"floor": 0.0177, "floor_interval": Interval(0.0, 0.0412, 0.95, "x"), "ratio": 12.7, "beyond_floor": True}
    names = ("rendered", "blurred", "few_modes", "near_copies")
    page._model.show([value("fd", name, 0.225, half=0.08, **same) for name in names])
    page._refresh()

    assert page._table.horizontalScrollBar().maximum() == 0
    assert page._table.verticalHeader().width() <= 240


def test_names_made_by_others_are_shown_as_text_not_as_markup(qtbot, page, results):
    evil = "<img src=x>&"
    values = tuple(dataclasses.replace(v, candidate=evil) for v in results.values if v.candidate == "gan_v1")
    page.show_results(dataclasses.replace(results, values=values))

    qtbot.waitUntil(lambda: page._findings.text() != "")
    rich = [label.text() for label in page._findings.findChildren(QLabel) if label.textFormat() is RICH]
    assert len(rich) >= 2
    assert not any("<img" in text for text in rich)
    assert "<img" not in page._model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    qtbot.waitUntil(lambda: evil in page._details.toPlainText())


def test_partial_results_fill_the_expected_table_as_they_come(page, results):
    page.expect(("gan_v1", "gan_v2"), RunSettings())
    fd = row_of(page._model, "fd")
    assert page._model.cell(fd, 0).state is CellState.WAITING

    page.show_partial((results.value("fd", "gan_v1"),))

    assert page._model.cell(fd, page._model.column_of("gan_v1")).state is CellState.READY
    assert page._model.cell(fd, page._model.column_of("gan_v2")).state is CellState.WAITING
    assert not page._model.cell(fd, 0).is_best, "no best while another candidate is still waiting"


def test_the_first_partial_values_of_a_new_run_replace_the_old_table(page, results):
    page.show_results(results)

    page.show_partial((value("psnr", "new", 20.0),))

    assert page._model.candidates == ("new",)
    assert [row for row in page._model.rows if isinstance(row, MetricRow)] == [MetricRow("psnr", None)]


def test_walking_the_table_with_the_keyboard_explains_each_metric(qtbot, page, results):
    page.show_results(results)
    page._table.setFocus()

    qtbot.keyClick(page._table, Qt.Key.Key_Down)

    qtbot.waitUntil(lambda: "KID, polynomial kernel" in page._details.toPlainText())
    assert "subset size 1000 > 24 images: used 24" in page._details.toPlainText()
    assert "Bińkowski" in page._details.toPlainText()


def test_the_current_metric_stays_current_while_values_arrive(qtbot, page, results):
    page.expect(("gan_v1", "gan_v2"), RunSettings())
    recall, second = row_of(page._model, "recall"), page._model.column_of("gan_v2")
    page._table.setCurrentIndex(page._model.index(recall, second))

    page.show_results(results)

    assert page._table.currentIndex().row() == row_of(page._model, "recall")
    assert page._model.candidate_at(page._table.currentIndex().column()) == "gan_v2"


def test_warnings_are_one_quiet_line_until_asked_for(qtbot, page, results: Results):
    page.show_results(results)
    strip = page._warnings
    qtbot.waitUntil(strip.isVisible)
    assert "gan_v2 has 12 images" in strip.text()
    assert "\n" not in strip.text()

    qtbot.mouseClick(strip.more, Qt.MouseButton.LeftButton)
    assert "tile_0003.png: changed since it was scanned" in strip.text()

    clean = dataclasses.replace(results, warnings=(), unusable={}, datasets=results.datasets[:1])
    page.show_results(clean)
    qtbot.waitUntil(lambda: not strip.isVisible())


def test_the_page_follows_the_theme(page, results, theme):
    page.show_results(results)

    theme.use("dark")
    image = page._table.viewport().grab().toImage()

    corner = image.pixelColor(image.width() - 3, image.height() - 3).name()
    assert corner in (DARK.surface, DARK.grid, DARK.surface_alt)
    pixels = np.array([image.pixelColor(x, 60).lightness() for x in range(0, image.width(), 2)])
    assert pixels.std() > 5


def test_stale_numbers_are_greyed_and_say_how_to_make_new_ones(qtbot, page, results):
    page.show_results(results)
    page.show_stale(True)

    again = button(page, "Run again (F5)")
    qtbot.waitUntil(again.isVisible)
    assert page._table.is_stale
    with qtbot.waitSignal(page.run_wanted, timeout=1000):
        again.click()

    page.expect(("gan_v1",), RunSettings())
    qtbot.waitUntil(lambda: not again.isVisible())
    assert not page._table.is_stale, "what a run gives is not of another time"


def test_the_number_can_be_cited_from_the_panel_beside_it(qtbot, page, results):
    page.show_results(results)
    page._table.go_to(MetricRow("kid-poly", "vgg16-st"), "gan_v1")

    with qtbot.waitSignal(page.notice):
        button(page, "Copy BibTeX").click()
    entries = QGuiApplication.clipboard().text()
    assert "Demystifying" in entries
    assert "Heusel" not in entries

    with qtbot.waitSignal(page.notice):
        button(page, "Copy as methods text").click()
    text = QGuiApplication.clipboard().text()
    assert "KID, polynomial kernel" in text
    assert "Fréchet" not in text


def test_the_panel_can_be_hidden_and_the_state_says_so(page, results):
    page.show_results(results)
    assert page._panel.width() >= 300

    button(page, "Hide &details").click()
    assert not page._panel.isVisible()
    assert page.columns_state()[-1] == "-details"

    page.use_columns(())
    assert page._panel.isVisible()


def test_formulas_end_their_lines_only_between_terms():
    formula = unbroken("‖μr − μg‖² + Tr(Sr) − 2 Tr((Sr Sg)^½)")

    assert formula.split(" ") == ["‖μr", "−\xa0μg‖²", "+\xa0Tr(Sr)", "−\xa02\xa0Tr((Sr\xa0Sg)^½)"]


def test_a_low_page_with_large_text_scrolls_instead_of_hiding_the_table(qtbot, page, results, theme):
    page.resize(850, 520)
    theme.use("light", 2.0)
    page.show_results(results)

    line = page.fontMetrics().lineSpacing()
    qtbot.waitUntil(lambda: page._table.height() >= 8 * line)
    assert page._scroll.verticalScrollBar().maximum() > 0
