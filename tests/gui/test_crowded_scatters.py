"""Scatters of many sets: bands of one alone, sets that are hidden, and previews of the pairs behind points."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsPathItem, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.regression import fit_line
from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.gui.plots.legend import LegendList
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.plots.series import ScatterSeries
from planetview.gui.plots.styles import candidate_style
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.correlation import CorrelationPage
from planetview.gui.views.pair_tip import PairTip
from tests.gui.correlating import scatter
from tests.gui.plotting import pixel_of

NO_BUTTON = Qt.MouseButton.NoButton


def series(number: int) -> ScatterSeries:
    random = np.random.default_rng(number)
    x = np.linspace(1, 9, 30)
    y = x + 3 * number + random.normal(0, 0.1, 30)
    name = f"set_{number}"
    rows = np.arange(30)[::-1]
    return ScatterSeries(name, name, candidate_style(number), x, y, rows, fit_line(x, y), name)


def shown(qtbot: QtBot, theme: Theme, sets: int) -> ScatterPlot:
    plot = ScatterPlot(theme, "Points")
    qtbot.addWidget(plot)
    plot.set_axes("Pair entropy", "bits", "PSNR", "dB")
    plot.resize(900, 600)
    plot.show()
    qtbot.waitExposed(plot)
    plot.show_series(tuple(map(series, range(sets))))
    plot.reset_view()
    plot.setFocus()
    return plot


@pytest.fixture
def crowded(qtbot: QtBot, theme: Theme) -> ScatterPlot:
    return shown(qtbot, theme, 8)


def bands(plot: ScatterPlot) -> int:
    return sum(isinstance(item, QGraphicsPathItem) and not item.path().isEmpty() for item in plot._bodies)


def move(plot: ScatterPlot, at: QPoint) -> None:
    where = QPointF(plot.viewport.mapToGlobal(at))
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, NO_BUTTON, NO_BUTTON, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(plot.viewport, event)


def test_up_to_three_sets_all_have_their_bands_below_the_points(qtbot: QtBot, theme: Theme) -> None:
    plot = shown(qtbot, theme, 3)

    assert bands(plot) == 3
    depth = {type(item).__name__: item.zValue() for item in plot._bodies}
    assert depth["QGraphicsPathItem"] < depth["PointsItem"] < depth["PlotCurveItem"]


def test_of_more_sets_only_the_one_in_front_has_its_band(crowded: ScatterPlot) -> None:
    assert bands(crowded) == 0
    said: list[str] = []
    crowded.notice.connect(said.append)

    QTest.keyClick(crowded, Qt.Key.Key_N)
    QTest.keyClick(crowded, Qt.Key.Key_N)

    assert crowded.in_front == "set_1"
    assert bands(crowded) == 1
    assert said == ["set_0 is in front.", "set_1 is in front."]
    for _ in range(7):
        QTest.keyClick(crowded, Qt.Key.Key_N)
    assert crowded.in_front == ""
    assert bands(crowded) == 0
    assert said[-1] == "No set is in front."


def test_pointing_at_a_name_brings_its_set_to_the_front_as_long_as_it_is_pointed_at(crowded: ScatterPlot) -> None:
    crowded.legend.pointed.emit("set_5")
    assert crowded.in_front == "set_5"
    assert bands(crowded) == 1

    crowded.legend.pointed.emit("")
    assert crowded.in_front == ""
    assert bands(crowded) == 0


def test_a_click_on_a_name_hides_its_set_and_another_shows_it_again(crowded: ScatterPlot) -> None:
    found: list[dict[str, np.ndarray]] = []
    crowded.area_chosen.connect(lambda rows, _keys: found.append(rows))
    place = crowded.legend.place_of("set_2")
    assert place is not None
    at = crowded.scene.views()[0].mapFromScene(crowded.legend.mapToScene(place.center()))

    QTest.mouseClick(crowded.viewport, Qt.MouseButton.LeftButton, pos=at)
    crowded.choose_visible()

    assert crowded.hidden_series == {"set_2"}
    assert "set_2" not in found[-1]
    assert "set_2, hidden" in crowded.legend_texts()
    assert "Click to show it again." in crowded.legend.tip_at(place.center())
    assert len(crowded.data_table()[1]) == 8 * 30, "the data of a figure are whole"
    crowded.legend.toggled.emit("set_2")
    crowded.choose_visible()
    assert crowded.hidden_series == frozenset()
    assert found[-1]["set_2"].size == 30


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_sets_are_hidden_in_the_list_of_the_legend_without_a_mouse(crowded: ScatterPlot) -> None:
    QTest.keyClick(crowded, Qt.Key.Key_L)
    legend = crowded.findChild(LegendList)
    assert legend is not None

    QTest.keyClick(legend.list, Qt.Key.Key_Down)
    QTest.keyClick(legend.list, Qt.Key.Key_Down)
    assert crowded.in_front == legend.list.currentItem().text()
    QTest.keyClick(legend.list, Qt.Key.Key_Space)

    assert crowded.hidden_series == {legend.list.currentItem().text()}
    legend.close()
    assert crowded.in_front == ""


def test_a_set_that_was_hidden_among_others_is_shown_where_it_is_alone(crowded: ScatterPlot) -> None:
    crowded.toggle_series("set_2")
    crowded.show_series((series(2),))

    assert crowded.hidden_series == frozenset()
    assert crowded.legend_texts() == ["set_2"]
    crowded.show_series((series(1), series(2)))
    assert crowded.hidden_series == {"set_2"}


def test_points_of_a_hidden_set_are_not_found(crowded: ScatterPlot) -> None:
    chosen: list[tuple[str, int]] = []
    crowded.point_chosen.connect(lambda name, row: chosen.append((name, row)))
    one = series(7)
    at = pixel_of(crowded, float(one.x[3]), float(one.y[3]))
    QTest.mouseClick(crowded.viewport, Qt.MouseButton.LeftButton, pos=at)
    assert chosen == [("set_7", int(one.rows[3]))]

    crowded.toggle_series("set_7")
    assert crowded._point_at(at) is None


def test_keys_go_from_pair_to_pair_along_the_axis(crowded: ScatterPlot) -> None:
    chosen: list[tuple[str, int]] = []

    def choose(name: str, row: int) -> None:
        chosen.append((name, row))
        crowded.mark({}, (name, row))

    crowded.point_chosen.connect(choose)
    for key in (Qt.Key.Key_Period, Qt.Key.Key_Period, Qt.Key.Key_Comma, Qt.Key.Key_Comma):
        QTest.keyClick(crowded, key)

    assert chosen == [("set_0", 29), ("set_0", 28), ("set_0", 29), ("set_0", 29)]


@pytest.fixture
def page(
    qtbot: QtBot, theme: Theme, results: Results, selection: SelectionState, thumbs: ThumbnailCache
) -> CorrelationPage:
    page = CorrelationPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 900)
    page.show_results(results)
    page.show()
    qtbot.waitExposed(page)
    panels = page.findChild(PanelView)
    assert panels is not None
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Return)
    return page


@pytest.fixture
def plot(page: CorrelationPage) -> ScatterPlot:
    plot = scatter(page)
    plot.setFocus()
    return plot


@pytest.fixture
def tip(page: CorrelationPage, plot: ScatterPlot) -> PairTip:
    """The preview of the first pair, asked for by keys."""
    QTest.keyClick(plot, Qt.Key.Key_Period)
    QTest.keyClick(plot, Qt.Key.Key_I)
    tip = page._tips.tip
    assert tip is not None
    return tip


def test_where_the_mouse_rests_on_a_point_its_pair_is_shown_until_it_moves_on(
    page: CorrelationPage, plot: ScatterPlot, results: Results, qtbot: QtBot
) -> None:
    one = plot._series[0]
    at = pixel_of(plot, float(one.x[4]), float(one.y[4]))
    move(plot, at)
    qtbot.waitUntil(lambda: page._tips.tip is not None and page._tips.tip.isVisible())

    tip = page._tips.tip
    assert tip is not None
    name, row = plot._point_at(at) or ("", -1)
    table = results.pairs_of(name)
    first = results.dataset(table.query).images[int(table.query_index[row])].name
    second = results.dataset(table.bank).images[int(table.bank_index[row])].name
    lines = tip.text.split("\n")
    assert lines[:2] == [f"{table.query} · {first}", f"{table.bank} · {second}"]
    assert "dB" in lines[2]
    assert "bits" in lines[3]
    assert page.rect().contains(tip.geometry())
    assert plot.accessibleDescription() == tip.text

    move(plot, at + QPoint(60, 40))
    assert tip.isHidden()


@pytest.mark.parametrize(("name", "width"), [("light", 2), ("contrast", 3)])
def test_the_ring_around_a_plot_with_the_focus_is_equally_wide_on_all_sides(
    qtbot: QtBot, theme: Theme, name: str, width: int
) -> None:
    theme.use(name, 1.0)
    plot = shown(qtbot, theme, 1)
    plot.activateWindow()
    qtbot.waitUntil(plot.hasFocus)
    picture = plot.grab().toImage()
    x, y = picture.width() // 2, picture.height() // 2
    last_x, last_y = picture.width() - 1, picture.height() - 1
    sides = [[(n, y) for n in range(9)], [(last_x - n, y) for n in range(9)], [(x, n) for n in range(9)],
             [(x, last_y - n) for n in range(9)]]  # fmt: skip
    ring = [sum(picture.pixelColor(*at).name() == theme.tokens.accent for at in side) for side in sides]
    theme.use("light", 1.0)
    assert ring == [width] * 4


def test_pairs_of_the_small_panels_are_previewed_too(page: CorrelationPage, results: Results, qtbot: QtBot) -> None:
    next(button for button in page.findChildren(QPushButton) if "All metrics" in button.text().replace("&", "")).click()
    panels = page.findChild(PanelView)
    assert panels is not None
    qtbot.waitUntil(lambda: len(panels.panels) > 1 and page._filling.is_done)
    panels.grab()
    panel = panels.panels[1]
    one = panel.series[0]
    panels._rested = panel
    at = panels._place_of(one.name, int(one.rows[5]))
    assert at is not None
    assert panels.rect_of(panel.key).contains(at)

    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(panels.viewport().mapToGlobal(at)), NO_BUTTON,
                        NO_BUTTON, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    QApplication.sendEvent(panels.viewport(), event)
    qtbot.waitUntil(lambda: page._tips.tip is not None and page._tips.tip.isVisible())

    tip = page._tips.tip
    assert tip is not None
    found = panels._point_at(at)
    assert found is not None
    table = results.pairs_of(found[0])
    first = results.dataset(table.query).images[int(table.query_index[found[1]])].name
    assert tip.text.split("\n")[0] == f"{table.query} · {first}"
    assert panel.y_words.split(" (")[0] in tip.text.split("\n")[2]


def test_the_pair_at_the_cross_is_previewed_without_a_mouse(plot: ScatterPlot, tip: PairTip) -> None:
    first = tip.text
    assert first

    QTest.keyClick(plot, Qt.Key.Key_Period)
    assert tip.text not in ("", first)
    QTest.keyClick(plot, Qt.Key.Key_I)
    assert tip.isHidden()


def test_a_preview_is_there_before_its_pictures(
    page: CorrelationPage, tip: PairTip, thumbs: ThumbnailCache, qtbot: QtBot
) -> None:
    assert tip.isVisible()
    (name, image), _ = tip._pair
    assert page._results is not None
    record = page._results.dataset(name).images[image]
    qtbot.waitUntil(lambda: thumbs.get(record, 112, name) is not None)


def test_a_preview_ends_with_its_plot(page: CorrelationPage, tip: PairTip) -> None:
    assert tip.isVisible()
    next(button for button in page.findChildren(QPushButton) if "All metrics" in button.text().replace("&", "")).click()
    assert tip.isHidden()
