"""The overview as a person uses it: read the table, see what is best, copy it, know why a cell is empty."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import Family, literature_for
from planetview.core.ranking import best_candidate
from planetview.core.results import MetricValue, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval
from planetview.gui.models.metric_table import CellState, MetricRow, MetricTableModel
from planetview.gui.models.wording import finding, percent, with_interval
from planetview.gui.theme import DARK, Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.overview import OverviewPage


@pytest.fixture
def page(qtbot: QtBot, theme: Theme) -> Iterator[OverviewPage]:
    thumbs = ThumbnailCache()
    page = OverviewPage(SelectionState(), theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    yield page
    thumbs.shutdown()


def button(page: OverviewPage, text: str) -> QPushButton:
    return next(found for found in page.findChildren(QPushButton) if found.text() == text)


def copy_table(page: OverviewPage) -> None:
    button(page, "Copy table").click()


def choose_copy_as(page: OverviewPage, text: str) -> None:
    next(action for action in button(page, "Copy as").menu().actions() if text in action.text()).trigger()


def value(metric: str, candidate: str, number: float, half: float = 0.01, **more) -> MetricValue:
    extractor = None if metric in ("psnr", "ssim") else "vgg16-st"
    interval = Interval(number - half, number + half, 0.95, "jackknife")
    return MetricValue(metric, extractor, candidate, number, interval, **{"n": 450, "seed": 3, **more})


def row_of(model: MetricTableModel, metric: str) -> int:
    return next(i for i, row in enumerate(model.rows) if isinstance(row, MetricRow) and row.metric == metric)


def shown(model: MetricTableModel, metric: str, column: int) -> str:
    return model.index(row_of(model, metric), column).data()


def test_an_empty_page_says_what_to_do_and_a_run_fills_it(page, results):
    page.show_results(None)
    labels = [label for label in page.findChildren(QLabel) if label.isVisible()]
    assert any("press Run" in label.text() for label in labels)

    page.show_results(results)

    assert page._table.isVisible()
    assert page._model.candidates == ("gan_v1", "gan_v2")


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
    assert titles[:2] == ["Distribution", "Fréchet distance ↓"]
    assert "SSIM ↑" in titles


def test_two_extractors_give_two_rows_that_name_them():
    model = MetricTableModel()
    one = value("fd", "a", 1.0)
    model.show([one, dataclasses.replace(one, extractor="other-net")])

    titles = [model.row_title(i) for i in range(1, 3)]

    assert titles == ["Fréchet distance ↓\nVGG-16 (ST-LPIPS)", "Fréchet distance ↓\nother-net"]


def test_what_papers_have_a_name_for_is_called_by_it_and_anything_else_by_the_metric(page):
    model = page._model
    inception = dataclasses.replace(value("fd", "a", 12.0), extractor="inception-tf1")
    model.show([value("fd", "a", 1.0), inception])

    titles = [model.row_title(i) for i in range(1, 3)]
    copy_table(page)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]

    assert titles == ["Fréchet distance ↓\nVGG-16 (ST-LPIPS)", "FID (torch-fidelity) ↓\nInception-v3 (TF1-299)"]
    assert [line[:2] for line in lines[1:]] == [
        ["Fréchet distance", "vgg16-st"],
        ["FID (torch-fidelity)", "inception-tf1"],
    ]


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


def test_four_candidates_and_their_floor_fit_beside_the_explanations(qtbot, page, theme):
    page.resize(1172, 700)
    same = {"floor": 0.0177, "floor_interval": Interval(0.0, 0.0412, 0.95, "x"), "ratio": 12.7, "beyond_floor": True}
    names = ("rendered", "blurred", "few_modes", "near_copies")
    page._model.show([value("fd", name, 0.225, half=0.08, **same) for name in names])
    page._refresh()

    assert page._table.horizontalScrollBar().maximum() == 0
    assert page._table.verticalHeader().width() <= 240


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


def test_names_made_by_others_are_shown_as_text_not_as_markup(qtbot, page, results):
    evil = "<img src=x>&"
    values = tuple(dataclasses.replace(v, candidate=evil) for v in results.values if v.candidate == "gan_v1")
    page.show_results(dataclasses.replace(results, values=values))

    assert "<img" not in page._findings.text()
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


def test_ctrl_c_copies_the_table_with_a_header_as_tsv_and_html(qtbot, page, results):
    page.show_results(results)
    page._table.setFocus()

    with qtbot.waitSignal(page.notice, timeout=1000):
        qtbot.keyClick(page._table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    mime = QGuiApplication.clipboard().mimeData()
    lines = [line.split("\t") for line in mime.text().splitlines()]
    assert lines[0][:4] == ["Metric", "Extractor", "Better", "gan_v1"]
    assert len(lines) == 1 + len({v.metric for v in results.values})
    assert {len(line) for line in lines} == {len(lines[0])}
    assert float(lines[1][3]) == results.value("fd", "gan_v1").value
    assert mime.html().count("<tr>") == len(lines)
    assert "<th>gan_v1</th>" in mime.html()


def test_a_chosen_block_is_copied_alone(qtbot, page, results):
    page.show_results(results)
    page._table.setFocus()
    page._table.setCurrentIndex(page._model.index(1, page._model.column_of("gan_v1")))
    qtbot.keyClick(page._table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)

    copy_table(page)

    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["Metric", "Fréchet distance", "KID, polynomial kernel"]
    assert "gan_v2" not in lines[0]


def answer_save_dialog(monkeypatch, path: Path | str, kind: str = "") -> None:
    """Let the question for a file be answered with `path`, after choosing the kind whose words hold `kind`."""

    def choose(_parent, _title, _name, kinds, *_):
        return str(path), next(words for words in kinds.split(";;") if kind in words)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)


def test_export_writes_every_value_at_full_precision(page, results, tmp_path: Path, monkeypatch):
    page.show_results(results)
    target = tmp_path / "metrics.csv"
    answer_save_dialog(monkeypatch, target)

    button(page, "Export…").click()

    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8"))))
    assert len(rows) == len(results.values)
    by_key = {(row["metric"], row["candidate"]): row for row in rows}
    for v in results.values:
        text = by_key[v.metric, v.candidate]["value"]
        assert (float(text) == v.value) if v.value is not None else (text == "")
    assert by_key["ms-ssim", "gan_v1"]["reason"]


@pytest.mark.parametrize(
    ("kind", "suffix", "beginning"),
    [("CSV", ".csv", "metric,label"), ("JSON", ".json", "{"), ("Markdown", ".md", "| Metric"), ("LaTeX", ".tex", "% ")],
)
def test_the_kind_of_file_decides_the_format(page, results, tmp_path: Path, monkeypatch, kind, suffix, beginning):
    page.show_results(results)
    answer_save_dialog(monkeypatch, tmp_path / "table", "Comma" if kind == "CSV" else kind)

    button(page, "Export…").click()

    text = (tmp_path / f"table{suffix}").read_text("utf-8")
    assert text.startswith(beginning)
    assert "gan" in text


def test_a_suffix_that_was_typed_decides_over_the_kind(page, results, tmp_path: Path, monkeypatch):
    page.show_results(results)
    answer_save_dialog(monkeypatch, tmp_path / "table.TEX", "JSON")

    button(page, "Export…").click()

    assert r"\toprule" in (tmp_path / "table.TEX").read_text("utf-8")


def test_a_dismissed_question_writes_nothing(page, results, tmp_path: Path, monkeypatch):
    page.show_results(results)
    answer_save_dialog(monkeypatch, "")

    button(page, "Export…").click()

    assert list(tmp_path.glob("metrics*")) == []


def test_tables_for_papers_name_the_version_that_made_the_numbers(page, results):
    old = dataclasses.replace(results, provenance={"planetview": "0.0.7"})
    page.show_results(old)

    choose_copy_as(page, "LaTeX")

    assert "PlanetView 0.0.7" in QGuiApplication.clipboard().text()


def test_a_chosen_block_is_copied_alone_as_markdown(qtbot, page, results):
    page.show_results(results)
    page._table.setFocus()
    page._table.setCurrentIndex(page._model.index(1, page._model.column_of("gan_v1")))
    qtbot.keyClick(page._table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)

    with qtbot.waitSignal(page.notice) as told:
        choose_copy_as(page, "Markdown")

    lines = [line for line in QGuiApplication.clipboard().text().splitlines() if line.startswith("|")]
    assert [line.split("·")[0] for line in lines[2:]] == ["| Fréchet distance ", "| KID, polynomial kernel "]
    assert "gan\\_v1" in lines[2]
    assert told.args == ["Copied 2 metrics of 1 candidates."]


def test_an_export_that_cannot_be_written_says_so(qtbot, page, results, tmp_path: Path, monkeypatch):
    page.show_results(results)
    (tmp_path / "file").write_text("x")
    answer_save_dialog(monkeypatch, tmp_path / "file" / "metrics.csv")

    with qtbot.waitSignal(page.notice, timeout=1000) as told:
        button(page, "Export…").click()

    assert "Cannot write" in told.args[0]


def test_warnings_are_one_quiet_line_until_asked_for(qtbot, page, results: Results):
    page.show_results(results)
    strip = page._strip
    qtbot.waitUntil(strip.isVisible)
    assert "gan_v2 has 12 images" in strip._text.text()
    assert "\n" not in strip._text.text()

    qtbot.mouseClick(strip.more, Qt.MouseButton.LeftButton)
    assert "tile_0003.png: changed since it was scanned" in strip._text.text()

    clean = dataclasses.replace(results, warnings=(), unusable={}, datasets=results.datasets[:1])
    page.show_results(clean)
    qtbot.waitUntil(lambda: not strip.isVisible())


def test_findings_put_the_main_numbers_into_a_sentence():
    floor = {"floor": 0.2, "floor_interval": Interval(0.19, 0.21, 0.95, "x")}
    values = [
        value("fd", "a", 0.62, ratio=3.1, beyond_floor=True, **floor),
        value("closer-to-reference", "a", 0.76, floor=0.5, beyond_floor=True),
        value("fd", "b", 0.21, ratio=1.05, beyond_floor=False, **floor),
        value("closer-to-reference", "b", 0.87, floor=0.5, beyond_floor=False),
    ]

    assert finding("a", values) == (
        "Fréchet distance 3.1× the noise floor (n = 450); "
        "76 % of its images have their nearest real image in the reference (chance: 50 %): look for copies."
    )
    assert "not separable from held-out real images" in finding("b", values)
    assert finding("b", values).endswith(
        "87 % of its images have their nearest real image in the reference (chance: 50 %)."
    )
    assert "no noise floor" in finding("c", [value("fd", "c", 0.5)])
    assert finding("nobody", values).startswith("no number")


def test_numbers_read_as_their_interval_allows():
    assert with_interval(0.41234, Interval(0.38134, 0.44334, 0.95, "x")) == "0.412 ± 0.031"
    assert with_interval(0.96, Interval(0.91, 0.98, 0.95, "Wilson")) == "0.960 [0.910, 0.980]"
    assert with_interval(18.4321, None, "dB") == "18.43 dB"
    assert with_interval(math.inf, None) == "∞"
    assert (percent(0.9999), percent(0.001), percent(1.0), percent(0.0)) == ("> 99 %", "< 1 %", "100 %", "0 %")


def test_the_page_follows_the_theme(page, results, theme):
    page.show_results(results)

    theme.use("dark")
    image = page._table.viewport().grab().toImage()

    corner = image.pixelColor(image.width() - 3, image.height() - 3).name()
    assert corner in (DARK.surface, DARK.grid, DARK.surface_alt)
    pixels = np.array([image.pixelColor(x, 60).lightness() for x in range(0, image.width(), 2)])
    assert pixels.std() > 5
