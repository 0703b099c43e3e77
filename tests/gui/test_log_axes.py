"""Logarithmic axes of scatters, the cross-hair of small panels, and legends with very many entries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox
from pytestqt.qtbot import QtBot

from planetview.core.regression import fit_line
from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.gui import plot_export
from planetview.gui.plots.legend import LegendList
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.plots.series import Scales, ScatterSeries
from planetview.gui.plots.styles import candidate_style
from planetview.gui.plots.ticks import log_ticks
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.correlation import CorrelationPage
from tests.gui.correlating import scatter


def series(name: str = "a", number: int = 0, text: str = "") -> ScatterSeries:
    rng = np.random.default_rng(number)
    x = rng.uniform(0.5, 20, 60)
    y = 0.3 + 0.2 * x + rng.normal(0, 0.1, 60)
    legend = text or f"<b>{name}</b><br>n = 60"
    return ScatterSeries(name, legend, candidate_style(number), x, y, np.arange(60), fit_line(x, y), f"{name}: r 0.99")


@pytest.fixture
def page(
    qtbot: QtBot, theme: Theme, results: Results, selection: SelectionState, thumbs: ThumbnailCache
) -> Iterator[CorrelationPage]:
    page = CorrelationPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 900)
    above = []
    for table in results.pairs:
        scores = dict(table.scores)
        scores["ssim"] = np.abs(scores["ssim"]) + 0.01
        scores["st-lpips-alex"] = scores["st-lpips-alex"] - 1
        above.append(replace(table, scores=scores))
    page.show_results(replace(results, pairs=tuple(above)))
    page.show()
    qtbot.waitExposed(page)
    qtbot.waitUntil(lambda: page._filling.is_done)
    return page


@pytest.fixture
def panels(page: CorrelationPage) -> PanelView:
    return page.findChild(PanelView)


def test_a_line_of_the_values_is_a_curve_on_logarithmic_axes() -> None:
    one = series()
    assert one.line is not None

    curve = one.on(Scales(is_log_x=True, is_log_y=True)).curve()

    assert curve is not None
    x, y = 10**curve.x, 10**curve.y
    assert np.allclose(y, one.line.at(x))
    assert x[0] == pytest.approx(one.x.min())
    half = one.line.half_width(x)
    assert half is not None
    assert curve.high is not None
    assert np.allclose(10**curve.high, one.line.at(x) + half)
    bends = np.diff(np.diff(curve.y) / np.diff(curve.x))
    assert np.abs(bends).max() > 1e-4


def test_a_line_ends_where_it_has_no_logarithm() -> None:
    x = np.linspace(1, 10, 40)
    y = np.clip(5 - x, 0.01, None)
    one = ScatterSeries("a", "a", candidate_style(0), x, y, np.arange(40), fit_line(x, y))
    assert one.line is not None

    curve = one.on(Scales(is_log_y=True)).curve()

    assert curve is not None
    assert np.array_equal(np.isnan(curve.y), one.line.at(curve.x) <= 0)
    assert np.isnan(curve.y).any()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.0, 3.0, [1, 10, 100, 1000]), (-1.0, 0.0, [0.1, 0.2, 0.5, 1]), (np.log10(4.8), np.log10(7.3), [5, 6, 7])],
)
def test_logarithmic_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == pytest.approx(ticks)


def test_y_makes_the_axis_of_a_panel_logarithmic_there_and_in_its_scatter(
    page: CorrelationPage, panels: PanelView, qtbot: QtBot
) -> None:
    row = next(row for row, panel in enumerate(panels.panels) if panel.key.startswith("ssim"))
    table = panels.data_table()
    panels.setCurrentIndex(panels.model().index(row, 0))
    panels.setFocus()

    QTest.keyClick(panels, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: page._filling.is_done)

    assert [panel.scales.is_log_y for panel in panels.panels] == [panel.key[:4] == "ssim" for panel in panels.panels]
    assert "r and lines: of the values" in panels.panels[row].words
    assert panels.currentIndex().row() == row
    assert panels.data_table() == table

    QTest.keyClick(panels, Qt.Key.Key_Return)
    plot = scatter(page)
    assert plot.label_words("left").endswith("logarithmic axis")
    assert "logarithmic" not in plot.data_table()[0][3]
    drawn = [row[3] for row in plot.data_table()[1]]
    assert min(drawn) > 0
    assert any("not of their logarithms" in text for text in plot.legend_texts())


def test_a_logarithmic_panel_is_as_high_as_its_neighbours(
    page: CorrelationPage, panels: PanelView, qtbot: QtBot
) -> None:
    row = next(row for row, panel in enumerate(panels.panels) if panel.key.startswith("ssim"))
    page._want_log("ssim", True)
    qtbot.waitUntil(lambda: page._filling.is_done)

    assert len(panels.panels[row].words) > min(len(panel.words) for panel in panels.panels)
    assert len({panels.rect_of(panel.key).height() for panel in panels.panels}) == 1


def test_values_below_nought_keep_their_axis_linear_and_it_is_said(page: CorrelationPage, panels: PanelView) -> None:
    told: list[str] = []
    page.notice.connect(told.append)
    page._open("st-lpips-alex", "entropy")

    next(box for box in page.findChildren(QCheckBox) if box.text() == "Log y").click()

    assert "values of 0 or below" in told[0]
    assert not next(box for box in page.findChildren(QCheckBox) if box.text() == "Log y").isChecked()
    assert "logarithmic" not in scatter(page).label_words("left")


def test_the_cursor_over_a_small_panel_reads_its_axes(page: CorrelationPage, panels: PanelView) -> None:
    page.grab()
    at = QPointF(panels.rect_of(panels.panels[0].key).center())
    where = QPointF(panels.viewport().mapToGlobal(at.toPoint()))
    none = Qt.MouseButton.NoButton
    move = QMouseEvent(QEvent.Type.MouseMove, at, where, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(panels.viewport(), move)

    x, y = panels.cross_hair.text.split("\n")

    span = panels.panels[0].span
    assert span is not None
    assert float(x.split()[-1]) == pytest.approx(span.center().x(), abs=0.05 * span.width())
    assert float(y.split()[-1]) == pytest.approx(span.center().y(), abs=0.05 * span.height())


@pytest.fixture
def crowded(qtbot: QtBot, theme: Theme) -> ScatterPlot:
    plot = ScatterPlot(theme, "Points")
    qtbot.addWidget(plot)
    plot.set_axes("Pair entropy", "bits", "LPIPS", "")
    plot.resize(520, 360)
    plot.show()
    qtbot.waitExposed(plot)
    plot.show_series(tuple(series(f"candidate_with_a_long_name_{n}", n) for n in range(12)))
    return plot


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_legend_of_many_sets_leaves_four_fifths_of_the_plot_and_lists_the_rest(crowded: ScatterPlot) -> None:
    assert crowded.legend.size().height() <= 0.2 * crowded.height() + 10
    assert crowded.legend.hidden > 0
    assert len(crowded.legend_texts()) == 12
    assert crowded.legend.more_rect is not None
    place = crowded.legend.mapToScene(crowded.legend.more_rect.center())
    at: QPoint = crowded.scene.views()[0].mapFromScene(place)

    QTest.mouseClick(crowded.viewport, Qt.MouseButton.LeftButton, pos=at)

    found = crowded.findChild(LegendList)
    assert found is not None
    assert found.list.count() == 12
    assert "candidate_with_a_long_name_11" in found.list.item(11).text()
    found.close()


def test_an_elided_entry_tells_its_whole_text_under_the_cursor(crowded: ScatterPlot) -> None:
    assert "candidate_with_a_long_name_0" in crowded.legend.tip_at(QPointF(20, 8))


def test_a_figure_names_every_set(crowded: ScatterPlot) -> None:
    size = crowded.viewport.size()

    image = plot_export.render_image(crowded, 1.0)

    assert image.height() > size.height()
    assert image.width() == size.width()
    assert crowded.legend.hidden > 0


def test_bands_end_at_the_axes_in_svg(crowded: ScatterPlot, tmp_path: Path) -> None:
    plot_export.export_svg(crowded, tmp_path / "plot.svg")

    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    assert any(element.tag.endswith("clipPath") for element in root.iter())
    assert any("clip-path" in element.attrib for element in root.iter())
