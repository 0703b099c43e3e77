"""The small scatters: every metric at once, brushed, opened, with random pairs, exported."""

from __future__ import annotations

import csv
import dataclasses
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPolygonF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton
from scipy import stats as oracle

from planetview.core.results import PairTable
from planetview.gui import plot_export
from planetview.gui.plots.brushing import inside_outline
from planetview.gui.plots.density import cell_counts, opacity_of
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import MAX_POINTS, ScatterPlot
from planetview.gui.plots.ticks import nice_ticks
from planetview.gui.theme import LIGHT
from planetview.gui.views.correlation import CorrelationPage
from planetview.gui.views.tile_strip import TileStrip
from tests.gui.correlating import box, choose, scatter, with_random_pairs

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def drawn(results):
    return with_random_pairs(results)


@pytest.fixture
def page(qtbot, selection, theme, thumbs, drawn):
    page = CorrelationPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 900)
    page.show_results(drawn)
    page.show()
    qtbot.waitExposed(page)
    qtbot.waitUntil(lambda: page._filling.is_done)
    return page


@pytest.fixture
def panels(page):
    return page.findChild(PanelView)


def drag(panels, key, start, end, keys=NO_KEY, over=()):
    """Press, move and release in a panel; positions as shares of its plot, y upwards."""
    plot = panels.rect_of(key)
    places = [
        QPoint(plot.left() + round(x * plot.width()), plot.bottom() - round(y * plot.height()))
        for x, y in (start, *over, end)
    ]
    QTest.mousePress(panels.viewport(), LEFT, keys, places[0])
    for place in places[1:]:
        QTest.mouseMove(panels.viewport(), place)
    QTest.mouseRelease(panels.viewport(), LEFT, keys, places[-1])


def panel(panels, key):
    return next(one for one in panels.panels if one.key == key)


def test_every_metric_has_a_panel_with_its_coefficients(panels, results):
    assert [one.key for one in panels.panels] == [f"{metric}/nearest" for metric in results.pairs_of("gan_v1").scores]

    found = next(one for one in results.correlations if (one.metric, one.candidate) == ("ssim", "gan_v1"))
    words = " ".join(panel(panels, "ssim/nearest").words).replace("−", "-")
    assert f"r = {found.r:.2f} [{found.r_interval.low:.2f}, {found.r_interval.high:.2f}]" in words
    assert f"ρ = {found.rho:.2f}" in words
    assert f"n = {found.n}" in words


def test_the_first_panel_has_the_size_that_all_of_them_will_have(page, panels):
    page._filling.stop()
    count = page._sets.panel_count(page._datasets(), page._controls.pairing)
    sizes = set()

    panels.clear("", in_twos=False, expected=count)
    for panel in page._sets.panels(page._datasets(), page._controls.pairing):
        panels.add(panel)
        sizes.add(panels.gridSize().toTuple())

    # It was drawn as if it were the only one, and again once there were more.
    assert len(panels.panels) == count > 2
    assert len(sizes) == 1


def test_a_metric_without_values_says_why_in_its_panel(panels):
    assert "too small" in panel(panels, "ms-ssim/nearest").text()


def test_each_panel_says_what_it_shows_to_people_who_do_not_see_it(panels):
    text = panels.model().index(0).data(Qt.ItemDataRole.AccessibleTextRole)

    assert text.startswith("PSNR\nr = ")


def test_a_click_opens_a_panel_and_escape_returns(page, panels):
    plot = panels.rect_of("ssim/nearest")

    QTest.mouseClick(panels.viewport(), LEFT, NO_KEY, plot.center())
    large = scatter(page)
    assert large.isVisible()
    assert not panels.isVisible()
    assert box(page, "Metric").currentData() == "ssim"

    QTest.keyClick(large, Qt.Key.Key_Escape)
    assert panels.isVisible()
    assert panels.hasFocus()


def test_arrows_and_enter_open_a_panel_and_a_button_returns(page, panels):
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Right)
    QTest.keyClick(panels, Qt.Key.Key_Return)
    assert box(page, "Metric").currentData() == panels.panels[1].key.partition("/")[0]

    next(button for button in page.findChildren(QPushButton) if "All metrics" in button.text().replace("&", "")).click()

    assert panels.isVisible()


def test_a_drag_in_a_panel_selects_its_pairs_everywhere(page, panels, selection, results):
    key = "psnr/nearest"
    drag(panels, key, (0.0, 0.5), (1.0, 1.0))

    one = panel(panels, key).series[0]
    chosen = np.flatnonzero(selection.selected("gan_v1"))
    assert 0 < chosen.size < one.x.size
    # The upper half of the plot holds the upper half of the scores.
    inside = np.isin(one.rows, chosen)
    assert one.y[inside].min() > one.y[~inside].max()
    assert panels.selected["gan_v1"].sum() == chosen.size
    assert page.findChild(TileStrip).model().rowCount() == chosen.size


def test_ctrl_adds_what_is_drawn_in_another_panel(panels, selection):
    drag(panels, "psnr/nearest", (0.0, 0.6), (1.0, 1.0))
    first = selection.selected("gan_v1").copy()

    drag(panels, "ssim/nearest", (0.0, 0.0), (1.0, 0.4), Qt.KeyboardModifier.ControlModifier)

    now = selection.selected("gan_v1")
    assert now[first].all()
    assert now.sum() > first.sum()


def test_a_lasso_selects_what_is_inside_it(page, panels, selection):
    choose(box(page, "Shape"), "lasso")

    drag(panels, "psnr/nearest", (0.0, 0.0), (0.0, 1.0), over=[(1.0, 1.0)])

    one = panel(panels, "psnr/nearest").series[0]
    inside = np.isin(one.rows, np.flatnonzero(selection.selected("gan_v1")))
    span = one.span()
    above = (one.y - span.top()) / span.height() - (one.x - span.left()) / span.width()
    assert inside[above > 0.05].all()
    assert not inside[above < -0.05].any()


def test_escape_ends_a_drag_without_a_selection(panels, selection):
    plot = panels.rect_of("psnr/nearest")
    panels.setFocus()
    QTest.mousePress(panels.viewport(), LEFT, NO_KEY, plot.topLeft())
    QTest.mouseMove(panels.viewport(), plot.center())

    QTest.keyClick(panels, Qt.Key.Key_Escape)
    QTest.mouseRelease(panels.viewport(), LEFT, NO_KEY, plot.center())

    assert sum(selection.counts().values()) == 0
    assert panels.isVisible()


def test_random_pairs_show_their_own_coefficients(page, panels, drawn):
    choose(box(page, "Pairs"), "random")

    table = next(table for table in drawn.random_pairs if table.query == "gan_v1")
    r = oracle.pearsonr(table.entropy_bits, table.scores["psnr"]).statistic
    assert panels.panels[0].key == "psnr/random"
    assert f"r = {r:.2f}".replace("-", "−") in panels.panels[0].words[0]


def test_a_panel_of_nearest_pairs_tells_the_coefficients_of_random_ones_too(panels, drawn):
    found = next(one for one in drawn.random_correlations if (one.metric, one.candidate) == ("psnr", "gan_v1"))

    tip = panels.model().index(0).data(Qt.ItemDataRole.ToolTipRole)

    assert f"Random pairs: r {found.r:.2f}".replace("-", "−") in tip


def test_both_kinds_stand_side_by_side_with_the_same_axes(page, panels, qtbot):
    choose(box(page, "Pairs"), "both")
    qtbot.waitUntil(lambda: len(panels.panels) > 1)

    first, second = panels.panels[:2]
    assert (first.key, second.key) == ("psnr/nearest", "psnr/random")
    assert first.span == second.span
    assert panels.visualRect(panels.model().index(0)).top() == panels.visualRect(panels.model().index(1)).top()


def test_two_large_scatters_have_the_same_axes(page, panels):
    choose(box(page, "Pairs"), "both")
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Return)

    nearest = scatter(page)
    random = next(plot for plot in page.findChildren(ScatterPlot) if plot is not nearest)
    assert nearest.isVisible()
    assert random.isVisible()
    page.grab()
    one, other = (plot.view_box.viewRect() for plot in (nearest, random))
    assert (one.top(), one.bottom()) == pytest.approx((other.top(), other.bottom()), rel=1e-6)
    assert "random pairs" in random.legend_texts()[0]


def test_a_point_of_the_random_pairs_brings_its_own_partner(page, panels, drawn, selection):
    choose(box(page, "Pairs"), "random")

    drag(panels, "psnr/random", (0.0, 0.5), (1.0, 1.0))

    table = next(table for table in drawn.random_pairs if table.query == "gan_v1")
    (_, row), (bank, partner) = page.findChild(TileStrip).tiles.refs(0)
    assert (bank, partner) == ("real_train", table.bank_index[row])
    assert "random" in page.findChild(TileStrip).model().index(0).data()


def test_runs_without_random_pairs_say_so(page, results):
    page.show_results(results)

    item = box(page, "Pairs").model().item(1)
    assert not item.isEnabled()
    assert "no random pairs" in item.toolTip()


def test_many_points_are_shown_as_a_density_and_points_when_zoomed_in(page, panels, results, qtbot):
    rng, many = np.random.default_rng(1), MAX_POINTS + 5000
    entropy = rng.normal(6, 0.5, many)
    table = PairTable("gan_v1", "real_train", "vgg16-st", rng.integers(0, 24, many), rng.integers(0, 48, many),
                      entropy, {"psnr": 20 - entropy})  # fmt: skip
    page.show_results(dataclasses.replace(results, pairs=(table,), correlations=()))
    qtbot.waitUntil(lambda: page._filling.is_done)
    assert panels.panels[0].is_dense
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Return)
    plot = scatter(page)
    assert plot.shows_density
    assert any("logarithmic" in text for text in plot.legend_texts())

    plot.view_box.setRange(QRectF(5.9, 13.9, 0.1, 0.2), padding=0)
    qtbot.waitUntil(lambda: not plot.shows_density)
    plot.reset_view()
    qtbot.waitUntil(lambda: plot.shows_density)


def test_all_panels_are_exported_as_one_light_figure(panels, theme, tmp_path):
    theme.use("dark")

    plot_export.export_png(panels, tmp_path / "panels.png", 2.0)
    plot_export.export_svg(panels, tmp_path / "panels.svg")
    plot_export.export_pdf(panels, tmp_path / "panels.pdf")

    image = QImage(str(tmp_path / "panels.png"))
    assert image.size() == panels.figure_size() * 2
    assert image.pixelColor(1, 1) == QColor(LIGHT.surface)
    words = " ".join(ElementTree.parse(tmp_path / "panels.svg").getroot().itertext())
    assert "SSIM" in words
    assert "r = " in words
    assert (tmp_path / "panels.pdf").read_bytes().startswith(b"%PDF-")


def test_a_picture_for_print_says_its_resolution(panels, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "panels"), ""))

    next(action for action in panels.actions() if "300" in action.text()).trigger()

    image = QImage(str(tmp_path / "panels.png"))
    assert image.dotsPerMeterX() == pytest.approx(300 / 0.0254, abs=1)
    assert image.width() == pytest.approx(panels.figure_size().width() * 300 / panels.logicalDpiX(), abs=1)


def test_the_data_of_all_panels_are_exported(panels, results, tmp_path):
    plot_export.export_data(panels, tmp_path / "panels.csv")

    rows = list(csv.DictReader(io.StringIO((tmp_path / "panels.csv").read_text("utf-8"), newline="")))
    table = results.pairs_of("gan_v1")
    mine = [row for row in rows if row["metric"] == "SSIM"]
    assert [float(row["value"]) for row in mine] == table.scores["ssim"].tolist()
    assert [float(row["Pair entropy (bits)"]) for row in mine] == table.entropy_bits.tolist()


def test_cells_count_as_numpy_does():
    rng = np.random.default_rng(2)
    x, y = rng.normal(0, 1, 3000), rng.normal(0, 2, 3000)
    area = QRectF(-2, -3, 4, 6)

    expected, _, _ = np.histogram2d(y, x, bins=(20, 30), range=((-3, 3), (-2, 2)))

    assert np.array_equal(cell_counts(x, y, area, 30, 20), expected)
    shades = opacity_of(np.array([0, 1, 10, 100]))
    assert shades[0] == 0
    assert shades[3] == 255
    # Logarithmic: ten times as many is one step up, wherever it starts.
    assert int(shades[2]) - int(shades[1]) == pytest.approx(int(shades[3]) - int(shades[2]), abs=1)


def test_an_outline_holds_the_points_that_qt_says_it_holds():
    rng = np.random.default_rng(6)
    x, y = rng.uniform(-1, 1, (2, 400))
    outline = QPolygonF([QPointF(a, b) for a, b in ((-0.8, -0.7), (0.9, -0.6), (0.1, 0.0), (0.7, 0.9), (-0.6, 0.4))])

    expected = [outline.containsPoint(QPointF(a, b), Qt.FillRule.OddEvenFill) for a, b in zip(x, y, strict=True)]

    assert inside_outline(x, y, outline).tolist() == expected


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.2, 4.7), (1e-6, 3e-6), (1234.0, 99999.0)])
def test_ticks_are_round_and_inside(low, high):
    ticks = nice_ticks(low, high)

    assert 2 <= len(ticks) <= 5
    assert low <= ticks[0]
    assert ticks[-1] <= high * (1 + 1e-9)
    assert np.diff(ticks) == pytest.approx(np.full(len(ticks) - 1, ticks[1] - ticks[0]))


def test_one_pair_alone_is_a_panel_without_a_line(page, panels, results):
    table = PairTable("gan_v1", "real_train", "vgg16-st", np.array([0]), np.array([1]), np.array([5.0]),
                      {"psnr": np.array([12.0])})  # fmt: skip
    page.show_results(dataclasses.replace(results, pairs=(table,), correlations=()))

    assert panels.panels[0].series[0].line is None
    assert "n = 1" in panels.panels[0].text()
    assert panels.grab().size() != QSize()


def test_many_pairs_are_taken_in_later_turns_and_the_matrix_after_the_panels(page, panels, drawn, qtbot):
    rng, many = np.random.default_rng(5), 3_000
    table = dataclasses.replace(
        drawn.pairs[0],
        query_index=rng.integers(0, 24, many),
        bank_index=rng.integers(0, 48, many),
        entropy_bits=rng.normal(6, 1, many),
        scores={"psnr": rng.normal(20, 1, many), "ssim": rng.normal(0, 1, many)},
        notes={},
    )

    page.show_results(dataclasses.replace(drawn, pairs=(table,), random_pairs=()))
    assert not panels.panels
    assert page._matrix._matrix.matrix.cells == {}

    qtbot.waitUntil(lambda: page._filling.is_done, timeout=20_000)
    assert [panel.key for panel in panels.panels] == ["psnr/nearest", "ssim/nearest"]
    found = page._matrix._matrix.matrix.cells[1, 2].value
    assert found == pytest.approx(oracle.pearsonr(table.scores["psnr"], table.scores["ssim"]).statistic)


def test_another_coefficient_chosen_while_the_matrix_fills_is_the_one_that_stays(page, drawn, qtbot):
    table = drawn.pairs[0]
    steps = page._matrix.fill_in(table, "gan_v1")
    next(steps)
    choose(box(page, "Coefficient"), "spearman")
    qtbot.waitUntil(lambda: page._matrix._turns.is_done, timeout=20_000)

    assert list(steps) == []
    finite = np.isfinite(table.scores["psnr"])
    wanted = oracle.spearmanr(table.entropy_bits[finite], table.scores["psnr"][finite]).statistic
    assert page._matrix._matrix.matrix.cells[0, 1].value == pytest.approx(wanted)


def test_a_plot_that_nobody_sees_takes_other_colours_when_it_is_shown(page, panels, theme):
    plot = scatter(page)
    assert not plot.isVisible()
    theme.use("dark")
    QTest.keyClick(panels, Qt.Key.Key_Return)

    assert plot.isVisible()
    assert plot.tokens.name == "dark"
