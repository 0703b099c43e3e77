"""A plot as a file: always light, at the chosen scale, with the data that are drawn."""

from __future__ import annotations

import csv
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog

from planetview.gui import plot_export
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.theme import DARK, LIGHT

NAMES = ("real_train", "real_test", "gan_v1", "gan_v2")


@pytest.fixture
def page(entropy_page):
    return entropy_page


@pytest.fixture
def plot(page):
    return page.findChild(HistogramPlot)


def inside(results, name, low, high):
    values = results.entropy_bits[name]
    return (values >= low) & (values < high)


def test_png_export_is_light_and_twice_the_size_under_the_dark_theme(page, plot, theme, tmp_path):
    theme.use("dark")

    plot_export.export_png(plot, tmp_path / "plot.png")

    image = QImage(str(tmp_path / "plot.png"))
    assert image.size() == plot.viewport.size() * 2
    assert image.pixelColor(2, 2) == QColor(LIGHT.surface)
    assert plot.tokens is DARK


def test_svg_export_is_xml_with_the_axis_texts(page, plot, tmp_path):
    plot_export.export_svg(plot, tmp_path / "plot.svg")

    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    words = " ".join(text for text in root.itertext() if text.strip())
    assert "Shannon entropy (bits)" in words
    assert "Images" in words
    assert "gan_v1: n = 24" in words
    assert "6.0" in words


def test_an_export_that_cannot_be_written_tells_why(page, plot, tmp_path, monkeypatch):
    told = []
    page.notice.connect(told.append)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "plot.png"), ""))

    next(action for action in plot.actions() if "PNG" in action.text()).trigger()

    assert len(told) == 1
    assert told[0].startswith("Cannot write")


def test_the_chosen_file_gets_the_suffix_of_its_kind(page, plot, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "figure"), ""))

    next(action for action in plot.actions() if "SVG" in action.text()).trigger()

    assert (tmp_path / "figure.svg").stat().st_size > 0


def choose_export(plot, words: str) -> None:
    next(action for action in plot.actions() if words in action.text().replace("&", "")).trigger()


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_picture_has_the_chosen_scale(page, plot, tmp_path, monkeypatch, scale):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plot"), ""))

    choose_export(plot, f"PNG ({scale}×)")

    assert QImage(str(tmp_path / "plot.png")).size() == plot.viewport.size() * scale


def test_pdf_export_is_one_page_of_the_size_of_the_plot_with_real_text(page, plot, theme, tmp_path, monkeypatch):
    theme.use("dark")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plot.pdf"), ""))

    choose_export(plot, "PDF")

    data = (tmp_path / "plot.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1
    box = re.search(rb"/MediaBox\s*\[([^\]]+)\]", data)
    assert box is not None
    width, height = map(float, box[1].split()[2:])
    per_pixel = 72 / plot.logicalDpiX()
    assert abs(width - plot.viewport.width() * per_pixel) <= 1
    assert abs(height - plot.viewport.height() * per_pixel) <= 1
    assert b"/Font" in data
    assert plot.tokens is DARK


def test_the_data_of_a_histogram_are_exported_as_they_are_drawn(page, plot, results, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "plot"), ""))

    choose_export(plot, "data (CSV)")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "plot.csv").read_text("utf-8"), newline="")))
    assert {row["set"] for row in rows} == set(NAMES)
    for name in NAMES:
        mine = [row for row in rows if row["set"] == name]
        for row in mine:
            low, high = (float(row[f"Shannon entropy (bits) {end}"]) for end in ("from", "to"))
            counted = inside(results, name, low, high).sum()
            # The last bin holds its upper edge too.
            assert float(row["Images"]) == counted or row is mine[-1]
        assert float(mine[0]["median Shannon entropy (bits)"]) == float(np.median(results.entropy_bits[name]))
