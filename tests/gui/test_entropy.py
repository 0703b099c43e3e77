from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QPushButton, QSpinBox

from planetview.core.datasets import Role
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.plots.styles import dataset_style
from planetview.gui.theme import DARK, LIGHT
from planetview.gui.views.entropy import EntropyPage
from planetview.gui.views.tile_strip import TileStrip
from tests.gui.plotting import bin_of, click

NAMES = ("real_train", "real_test", "gan_v1", "gan_v2")


@pytest.fixture
def page(entropy_page):
    return entropy_page


@pytest.fixture
def plot(page):
    return page.findChild(HistogramPlot)


def combo(page, name):
    return next(box for box in page.findChildren(QComboBox) if box.accessibleName().startswith(name))


def button(page, text):
    return next(button for button in page.findChildren(QPushButton) if text in button.text())


def choose(box, wanted):
    """Choose an entry as a person does: arrow keys, then Enter where that is needed."""
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentData() == wanted:
            break
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentData() == wanted


def inside(results, name, low, high):
    values = results.entropy_bits[name]
    return (values >= low) & (values < high)


def test_without_results_the_page_says_what_to_do(qtbot, selection, theme, thumbs):
    page = EntropyPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.show_results(None)

    assert page.findChild(HistogramPlot) is None


def test_a_click_on_a_bin_selects_its_images_in_all_shown_datasets(page, plot, selection, results):
    x, low, high = bin_of(plot, 3)

    click(plot, x, 0.5)

    for name in NAMES:
        assert selection.selected(name).tolist() == inside(results, name, low, high).tolist()
    assert sum(selection.counts().values()) > 0


def test_the_images_of_a_bin_appear_as_tiles_with_name_and_entropy(page, plot, selection, results):
    click(plot, bin_of(plot, 3)[0], 0.5)

    strip = page.findChild(TileStrip)
    assert strip.model().rowCount() == sum(selection.counts().values())
    name, index = strip.tiles.refs(0)[0]
    text = strip.model().index(0).data()
    assert results.dataset(name).images[index].name in text
    assert f"{results.entropy_bits[name][index]:.2f} bits · {name}" in text


def test_a_hidden_dataset_is_not_selected(page, plot, selection, results):
    box = next(box for box in page.findChildren(QCheckBox) if box.text() == "real_train")
    box.click()
    x, low, high = bin_of(plot, 3)

    click(plot, x, 0.5)

    assert selection.counts()["real_train"] == 0
    assert selection.counts()["gan_v1"] == inside(results, "gan_v1", low, high).sum()
    assert not any("real_train" in text for text in plot.legend_texts())


def test_hiding_all_datasets_says_how_to_get_them_back(page, plot):
    for box in page.findChildren(QCheckBox):
        box.click()

    assert "Tick one" in plot.empty_text()


def test_ctrl_adds_a_second_bin(page, plot, selection, results):
    first, second = bin_of(plot, 2), bin_of(plot, 4)

    click(plot, first[0], 0.5)
    click(plot, second[0], 0.5, Qt.KeyboardModifier.ControlModifier)

    wanted = inside(results, "real_train", *first[1:]) | inside(results, "real_train", *second[1:])
    assert selection.selected("real_train").tolist() == wanted.tolist()


def test_arrow_keys_move_the_bin_and_enter_selects_it(page, plot, selection, results):
    plot.setFocus()
    for _ in range(3):
        QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.cursor_bin == 1
    assert sum(selection.counts().values()) == 0

    QTest.keyClick(plot, Qt.Key.Key_Return)

    assert selection.selected("gan_v1").tolist() == inside(results, "gan_v1", *bin_of(plot, 1)[1:]).tolist()


def test_the_last_bin_holds_the_largest_value(page, plot, selection, results):
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_End)
    QTest.keyClick(plot, Qt.Key.Key_Return)

    name = max(NAMES, key=lambda name: results.entropy_bits[name].max())
    assert selection.selected(name)[int(results.entropy_bits[name].argmax())]


def test_the_bins_of_every_dataset_add_up_to_its_images(page, plot, selection, results):
    page.findChild(QSpinBox).setValue(17)
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Home)
    for _ in range(17):
        QTest.keyClick(plot, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(plot, Qt.Key.Key_Right)

    assert plot.cursor_bin == 16
    assert selection.counts() == {name: results.entropy_bits[name].size for name in NAMES}


def test_the_legend_gives_n_and_median(plot, results):
    for name, text in zip(NAMES, plot.legend_texts(), strict=True):
        values = results.entropy_bits[name]
        assert text == f"{name}: n = {values.size}, median {np.median(values):.2f} bits"


def test_densities_have_area_one(page, plot):
    combo(page, "Height").setCurrentIndex(1)

    for one in plot._series:
        assert np.sum(one.heights * np.diff(plot._edges)) == pytest.approx(1.0)


def test_an_image_without_entropy_is_left_out_of_the_count(page, plot, results):
    values = results.entropy_bits["gan_v1"].copy()
    values[2] = np.nan

    page.show_results(dataclasses.replace(results, entropy_bits={**results.entropy_bits, "gan_v1": values}))

    assert f"gan_v1: n = {values.size - 1}," in plot.legend_texts()[2]


def test_an_image_chosen_elsewhere_gets_its_line(page, plot, selection, results):
    selection.set_current(("gan_v2", 4), origin="another page")

    assert plot.current_value == results.entropy_bits["gan_v2"][4]
    strip = page.findChild(TileStrip)
    assert strip.tiles.refs(strip.currentIndex().row()) == (("gan_v2", 4),)


def test_a_click_on_a_tile_makes_it_the_current_image(page, plot, selection, results):
    click(plot, bin_of(plot, 3)[0], 0.5)
    strip = page.findChild(TileStrip)

    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=strip.visualRect(strip.model().index(1)).center())

    assert selection.current == strip.tiles.refs(1)[0]
    assert plot.current_value == results.entropy_bits[selection.current[0]][selection.current[1]]


def test_clearing_leaves_no_tile(page, plot, selection):
    click(plot, bin_of(plot, 3)[0], 0.5)

    button(page, "Clear").click()

    assert sum(selection.counts().values()) == 0
    assert page.findChild(TileStrip).model().rowCount() == 0


def test_new_results_replace_the_old_ones(page, plot, selection, results):
    fewer = dataclasses.replace(results, entropy_bits={"gan_v1": results.entropy_bits["gan_v1"]})
    page.show_results(fewer)

    assert [text.split(":")[0] for text in plot.legend_texts()] == ["gan_v1"]


def test_keys_zoom_and_show_everything_again(page, plot):
    plot.grab()
    plot.setFocus()
    whole = plot.view_box.viewRect().width()

    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.view_box.viewRect().width() == pytest.approx(0.8 * whole)
    QTest.keyClick(plot, Qt.Key.Key_0)
    plot.grab()

    assert plot.view_box.viewRect().width() == pytest.approx(whole)


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_plots_use_the_colours_of_the_theme(theme, results, tokens):
    theme.use(tokens.name)

    for dataset in results.datasets:
        style = dataset_style(results, dataset.name)
        assert style.colour(tokens) == QColor(theme.dataset_colour(results, dataset.name))


def test_no_two_datasets_differ_by_colour_alone(results):
    styles = [dataset_style(results, dataset.name) for dataset in results.datasets]

    assert len({(style.line, style.symbol) for style in styles}) == len(styles)
    assert styles[0].role is Role.REFERENCE
