"""Choosing the bars of one curve among several: rectangle, lasso, and the keys that do the same."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPolygonF
from PySide6.QtTest import QTest

from planetview.gui.plots.bars import bars_inside
from planetview.gui.plots.brushing import BrushShape
from planetview.gui.plots.histogram import HistogramPlot
from tests.gui.plotting import drag, pixel_of
from tests.gui.test_entropy import choose, combo


@pytest.fixture
def plot(entropy_page, monkeypatch):
    # Moves closer than 10 ms would be left out, and a test drags faster than a hand.
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)
    return entropy_page.findChild(HistogramPlot)


def tallest(plot, name):
    """Return the number of the tallest bar of a curve, and where it ends."""
    heights = next(one.heights for one in plot._series if one.name == name)
    return int(heights.argmax()), float(heights.max())


def images_in(plot, bits, number):
    low, high = plot.bin_range(number)
    return ((bits >= low) & (bits < high)).tolist()


def test_a_rectangle_takes_the_bars_of_the_one_curve_that_ends_in_it(entropy_page, plot, selection, results):
    choose(combo(entropy_page, "Drag selects"), BrushShape.RECTANGLE)
    number, height = tallest(plot, "real_train")
    low, high = plot.bin_range(number)

    drag(plot, pixel_of(plot, low, height + 0.4), pixel_of(plot, high, height - 0.4))

    assert selection.selected("real_train").tolist() == images_in(plot, results.entropy_bits["real_train"], number)
    assert selection.counts()["real_train"] == height
    assert not any(
        selection.counts()[one.name]
        for one in plot._series
        if one.name != "real_train" and abs(one.heights[number] - height) > 0.5
    )
    assert entropy_page._hint.text().startswith("Chosen bars: real_train")


def test_a_drag_goes_on_taking_ranges_of_all_curves_until_another_brush_is_chosen(plot, selection):
    low, high = plot.bin_range(2)[0], plot.bin_range(5)[1]

    drag(plot, pixel_of(plot, low, 1.0), pixel_of(plot, high, 0.5))

    assert all(selection.counts()[one.name] for one in plot._series if one.heights[2:6].sum() > 1)


def test_a_lasso_tells_overlaid_bars_apart_by_their_ends():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    ends = {"tall": np.array([5.0, 6.0, 5.0]), "low": np.array([1.0, 1.0, 1.0])}
    around = QPolygonF([QPointF(-1, 4), QPointF(1.4, 4.5), QPointF(2, 8), QPointF(0, 8)])

    found = bars_inside(edges, ends, around)

    assert found["tall"].tolist() == [True, True, False]
    assert not found["low"].any()


def test_a_rectangle_of_bars_takes_those_whose_middle_it_holds():
    edges = np.array([0.0, 1.0, 2.0])

    found = bars_inside(edges, {"a": np.array([1.0, 1.0])}, QRectF(0.6, 0.5, 2.0, 1.0))

    assert found["a"].tolist() == [False, True]


def test_down_puts_the_cursor_on_one_curve_and_enter_takes_its_bins_only(plot, selection, results):
    number = tallest(plot, "real_test")[0]
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Home)
    for _ in range(number):
        QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Down)
    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert plot.cursor_series == "real_test"

    QTest.keyClick(plot, Qt.Key.Key_Return)

    assert selection.selected("real_test").tolist() == images_in(plot, results.entropy_bits["real_test"], number)
    assert selection.counts()["real_train"] == 0


def test_up_from_all_curves_goes_to_the_last_and_down_from_there_back_to_all(plot):
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert plot.cursor_series == plot._series[-1].name

    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert plot.cursor_series == ""


def test_the_bars_of_all_bins_of_a_curve_hold_all_its_images(plot, selection, results):
    bins = np.ones(plot._edges.size - 1, dtype=np.bool_)

    plot.bars_chosen.emit({"gan_v1": bins}, Qt.KeyboardModifier.NoModifier)

    assert selection.selected("gan_v1").all()
    assert sum(selection.counts().values()) == results.entropy_bits["gan_v1"].size


def test_the_key_sheet_tells_the_keys_of_the_cursor(plot):
    assert "Up, Down" in {keys for _, keys in plot.key_words()}
