"""What stands under the cursor of a plot, and heights as logarithms, text of figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QMenu
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.gui import plot_export
from planetview.gui.main_window import MainWindow
from planetview.gui.plots.crosshair import place_words
from planetview.gui.plots.figure_choices import FIGURES
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.plots.scatter import ScatterPlot, ScatterSeries
from planetview.gui.plots.styles import dataset_style
from planetview.gui.preferences import load_preferences
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.entropy import EntropyPage
from tests.gui.plotting import NO_KEY, _mouse, pixel_of

NO_BUTTON = Qt.MouseButton.NoButton


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, results: Results) -> Iterator[EntropyPage]:
    thumbs = ThumbnailCache()
    page = EntropyPage(SelectionState({one.name: len(one) for one in results.datasets}), theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show_results(results)
    page.show()
    qtbot.waitExposed(page)
    yield page
    thumbs.shutdown()


@pytest.fixture
def plot(page: EntropyPage) -> HistogramPlot:
    plot = page.findChild(HistogramPlot)
    assert plot is not None
    return plot


@pytest.fixture
def scatter(qtbot: QtBot, theme: Theme, results: Results) -> ScatterPlot:
    plot = ScatterPlot(theme, "Points")
    qtbot.addWidget(plot)
    plot.set_axes("Pair entropy", "bits", "LPIPS", "")
    x, y = np.array([6.0, 7.0]), np.array([0.1, 0.5])
    style = dataset_style(results, "gan_v1")
    plot.show_series((ScatterSeries("gan_v1", "gan_v1", style, x, y, np.arange(2), None),))
    plot.resize(800, 500)
    plot.show()
    qtbot.waitExposed(plot)
    plot.reset_view()
    return plot


def point(plot: HistogramPlot | ScatterPlot, x: float, y: float) -> None:
    _mouse(plot, QEvent.Type.MouseMove, pixel_of(plot, x, y), NO_BUTTON, NO_BUTTON, NO_KEY)


def test_the_cursor_over_a_bin_reads_its_ends_and_the_count_of_every_curve(
    plot: HistogramPlot, results: Results
) -> None:
    low, high = plot.bin_range(2)
    point(plot, (low + high) / 2, 1)

    ends, *counts = plot.cross_hair.text.split("\n")
    assert ends == f"{low:.4g} to {high:.4g} bits"
    for line in counts:
        name, count = line.split(": ")
        values = results.entropy_bits[name]
        assert int(count) == int(np.sum((values >= low) & (values < high)))
    assert len(counts) == 4


def test_the_cursor_over_a_scatter_reads_both_axes_as_finely_as_a_pixel_tells(scatter: ScatterPlot) -> None:
    point(scatter, 6.5, 0.3)

    x, y = scatter.cross_hair.text.split("\n")
    assert x.startswith("Pair entropy ")
    assert x.endswith(" bits")
    assert float(x.split()[2]) == pytest.approx(6.5, abs=0.01)
    assert y.startswith("LPIPS ")
    assert float(y.split()[1]) == pytest.approx(0.3, abs=0.01)


def test_the_readout_goes_when_the_cursor_leaves_or_stands_on_an_axis(scatter: ScatterPlot) -> None:
    point(scatter, 6.5, 0.3)
    QCoreApplication.sendEvent(scatter.viewport, QEvent(QEvent.Type.Leave))
    assert scatter.cross_hair.text == ""

    at = scatter.viewport.rect().bottomLeft()
    _mouse(scatter, QEvent.Type.MouseMove, at, NO_BUTTON, NO_BUTTON, NO_KEY)
    assert scatter.cross_hair.text == ""


def test_h_switches_the_cross_hair_off_and_on(scatter: ScatterPlot, qtbot: QtBot) -> None:
    scatter.window().activateWindow()
    scatter.setFocus()
    QTest.keyClick(scatter, Qt.Key.Key_H)
    point(scatter, 6.5, 0.3)
    assert scatter.cross_hair.text == ""

    QTest.keyClick(scatter, Qt.Key.Key_H)
    point(scatter, 6.4, 0.3)
    assert scatter.cross_hair.text


def test_home_shows_everything_again(scatter: ScatterPlot) -> None:
    whole = scatter.view_box.viewRect()
    QTest.keyClick(scatter, Qt.Key.Key_Plus)
    assert scatter.view_box.viewRect().width() < 0.9 * whole.width()

    QTest.keyClick(scatter, Qt.Key.Key_Home)

    assert scatter.view_box.viewRect().width() == pytest.approx(whole.width())


def test_no_export_shows_the_cross_hair(scatter: ScatterPlot) -> None:
    before = plot_export.render_image(scatter)
    point(scatter, 6.5, 0.3)
    assert plot_export.render_image(scatter) == before


def test_logarithmic_heights_keep_the_counts_that_are_read_and_exported(
    page: EntropyPage, plot: HistogramPlot, qtbot: QtBot
) -> None:
    before = plot.data_table()
    box = next(box for box in page.findChildren(QCheckBox) if "Logarithmic" in box.text())

    box.click()

    low, high = plot.bin_range(2)
    tallest = max(row[3] for row in before[1])
    assert isinstance(tallest, float)
    assert plot.view_box.viewRect().bottom() == pytest.approx(np.log10(1.06 * tallest), abs=0.15)
    point(plot, (low + high) / 2, 0.1)
    assert plot.cross_hair.text.startswith(f"{low:.4g} to")
    assert plot.data_table() == before
    box.click()
    assert plot.view_box.viewRect().bottom() > tallest


@pytest.mark.parametrize(
    ("value", "step", "words"),
    [(6.3217, 0.004, "6.322 bits"), (-1.5, 0.1, "−1.5 bits"), (12345.6, 20.0, "12,346 bits"), (0.5, 0.0, "0.500 bits")],
)
def test_digits_end_where_a_pixel_does(value: float, step: float, words: str) -> None:
    assert place_words(value, step, "bits") == words


def font_sizes(plot: ScatterPlot, path: Path) -> list[float]:
    """Export as SVG by the menu's own way, and return the sizes of its texts."""
    with plot.exports._with_text():
        plot_export.export_svg(plot, path)
    return [float(size) for size in re.findall(r'font-size="([\d.]+)"', path.read_text())]


def test_figures_can_have_larger_text_than_the_window(scatter: ScatterPlot, tmp_path: Path, qtbot: QtBot) -> None:
    usual, font = font_sizes(scatter, tmp_path / "usual.svg"), scatter.font()
    menu = next(action.menu() for action in scatter.actions() if action.menu() is not None)
    assert isinstance(menu, QMenu)
    try:
        next(action for action in menu.actions() if action.text() == "150 %").trigger()
        large = font_sizes(scatter, tmp_path / "large.svg")
    finally:
        FIGURES.use(1.0, 2)

    assert max(large) == pytest.approx(1.5 * max(usual), rel=0.1)
    assert scatter.font() == font
    assert font_sizes(scatter, tmp_path / "again.svg") == usual


def test_the_scales_of_figures_are_kept_with_the_preferences(window: MainWindow, qtbot: QtBot) -> None:
    try:
        FIGURES.use(1.5, 4)
        qtbot.waitUntil(lambda: load_preferences().figure_text == 1.5, timeout=20_000)
        assert load_preferences().figure_scale == 4
    finally:
        FIGURES.use(1.0, 2)
