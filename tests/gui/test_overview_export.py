"""The overview's numbers on the clipboard and in files."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from planetview.gui.views.overview import OverviewPage
from tests.gui.overview_parts import button, copy_table, value


@pytest.fixture
def page(overview_page: OverviewPage) -> OverviewPage:
    return overview_page


def choose_copy_as(page: OverviewPage, text: str) -> None:
    next(action for action in button(page, "Copy as").menu().actions() if text in action.text()).trigger()


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
