"""What the entropy page can lay over each other, ranges of it, and its numbers as a table."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from scipy import stats as oracle

from planetview.core.results import RANDOM
from planetview.gui.models.entropy_series import MOST_CLASSES
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.views.entropy import EntropyPage
from planetview.gui.views.entropy_table import SpreadTable
from planetview.gui.views.tile_strip import TileStrip
from tests.gui.plotting import click, drag, pixel_of
from tests.gui.test_entropy import button, choose, combo


@pytest.fixture
def colourful(results):
    """The sample results with random pairs, and with colour in one candidate."""
    rng = np.random.default_rng(8)
    drawn = tuple(
        dataclasses.replace(table, paired_by=RANDOM, entropy_bits=rng.normal(5, 0.3, table.entropy_bits.size))
        for table in results.pairs
    )
    bits = results.entropy_bits["gan_v1"]
    channels = {"gan_v1": np.column_stack([bits - 0.5, bits, bits + 0.5])}
    return dataclasses.replace(results, random_pairs=drawn, channel_bits=channels)


@pytest.fixture
def page(qtbot, selection, theme, thumbs, colourful, monkeypatch):
    # Moves closer than 10 ms would be left out, and a test drags faster than a hand.
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", 0)
    page = EntropyPage(selection, theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show_results(colourful)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def plot(page):
    return page.findChild(HistogramPlot)


def names(plot):
    return [text.split(":")[0] for text in plot.legend_texts()]


def entry(page, label):
    what = combo(page, "What")
    return what.model().item(what.findText(label))


def test_a_drag_selects_the_images_of_a_range(page, plot, selection, results):
    start, end = pixel_of(plot, 5.9, 3.0), pixel_of(plot, 6.6, 1.0)
    low, high = (plot.view_box.mapSceneToView(plot.scene.views()[0].mapToScene(at)).x() for at in (start, end))

    drag(plot, start, end)

    bits = results.entropy_bits["gan_v1"]
    assert selection.selected("gan_v1").tolist() == ((bits >= low) & (bits < high)).tolist()
    assert 0 < selection.counts()["gan_v1"] < bits.size
    assert page.findChild(TileStrip).model().rowCount() == sum(selection.counts().values())


def test_a_drag_with_ctrl_adds_to_the_range_before(page, plot, selection):
    drag(plot, pixel_of(plot, 5.9, 3.0), pixel_of(plot, 6.1, 1.0))
    first = selection.selected("real_train").copy()

    drag(plot, pixel_of(plot, 6.5, 3.0), pixel_of(plot, 6.8, 1.0), Qt.KeyboardModifier.ControlModifier)

    now = selection.selected("real_train")
    assert now[first].all()
    assert now.sum() > first.sum()


def test_shift_and_arrows_stretch_the_range_and_enter_selects_it(page, plot, selection, results):
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    for _ in range(2):
        QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(plot, Qt.Key.Key_Return)

    low, high = plot.bin_range(1)[0], plot.bin_range(3)[1]
    bits = results.entropy_bits["real_train"]
    assert selection.selected("real_train").tolist() == ((bits >= low) & (bits < high)).tolist()


def test_a_shift_click_selects_up_to_the_bin_clicked(page, plot, selection, results):
    middles = [sum(plot.bin_range(number)) / 2 for number in (1, 3)]
    click(plot, middles[0], 0.5)

    click(plot, middles[1], 0.5, Qt.KeyboardModifier.ShiftModifier)

    bits = results.entropy_bits["real_train"]
    wanted = (bits >= plot.bin_range(1)[0]) & (bits < plot.bin_range(3)[1])
    assert selection.selected("real_train").tolist() == wanted.tolist()


def test_entropy_of_nearest_pairs_shows_both_images_of_each(page, plot, selection, results):
    choose(combo(page, "What"), "nearest")

    assert set(names(plot)) == {table.query for table in results.pairs}
    drag(plot, pixel_of(plot, 6.0, 2.0), pixel_of(plot, 6.4, 1.0))
    strip = page.findChild(TileStrip)
    (query, row), (bank, partner) = strip.tiles.refs(0)
    table = results.pairs_of(query)
    assert (bank, partner) == (table.bank, table.bank_index[table.query_index.tolist().index(row)])
    assert selection.selected(bank)[partner]
    assert f"{table.entropy_bits[row]:.2f} bits" in strip.model().index(0).data()


def test_random_pairs_have_their_own_entropies(page, plot, colourful):
    choose(combo(page, "What"), "random")

    table = colourful.random_pairs[0]
    text = next(text for text in plot.legend_texts() if text.startswith(table.query))
    assert text.endswith(f"median {np.median(table.entropy_bits):.2f} bits")


def test_channels_show_their_own_entropy_and_name_the_grey_sets(page, plot, colourful):
    choose(combo(page, "What"), "blue")

    text = next(text for text in plot.legend_texts() if text.startswith("gan_v1"))
    assert text.endswith(f"median {np.median(colourful.channel_bits['gan_v1'][:, 2]):.2f} bits")
    assert plot.axis_words("bottom") == "Entropy of the blue channel (bits)"
    assert "Grey, with one channel: real_train, real_test, gan_v2." in page._hint.text()


def test_what_a_run_does_not_have_is_offered_greyed_with_the_reason(page, results):
    page.show_results(results)

    assert not entry(page, "Red channel").isEnabled()
    assert "grey" in entry(page, "Red channel").toolTip()
    assert not entry(page, "Random pairs").isEnabled()
    assert entry(page, "Nearest pairs").isEnabled()


def test_a_choice_that_new_results_lack_falls_back_to_images(page, plot, results):
    choose(combo(page, "What"), "random")

    page.show_results(results)

    assert combo(page, "What").currentData() == "image"
    assert names(plot)[0] == "real_train"


def test_the_classes_of_a_dataset_are_laid_over_each_other(page, plot, results, selection):
    choose(combo(page, "Curves"), "gan_v1")

    assert set(names(plot)) == {"crater", "dune", "other"}
    drag(plot, pixel_of(plot, 5.8, 2.0), pixel_of(plot, 6.6, 1.0))
    assert selection.counts()["gan_v1"] > 0
    assert selection.counts()["real_train"] == 0


def test_many_classes_become_the_largest_and_the_rest(page, plot, results):
    images = results.dataset("real_train").images
    many = tuple(dataclasses.replace(image, label=f"class {i % 12}") for i, image in enumerate(images))
    sets = tuple(dataclasses.replace(d, images=many) if d.name == "real_train" else d for d in results.datasets)
    page.show_results(dataclasses.replace(results, datasets=sets))

    choose(combo(page, "Curves"), "real_train")

    assert len(names(plot)) == MOST_CLASSES + 1
    assert names(plot)[-1] == f"{12 - MOST_CLASSES} more classes"
    styles = {(one.style.line, one.style.symbol) for one in plot._series}
    assert len(styles) == MOST_CLASSES + 1


def test_the_table_gives_the_numbers_of_numpy_and_scipy(page, results, qtbot):
    model = page.findChild(SpreadTable).spreads
    qtbot.waitUntil(lambda: page._filling.is_done)
    row = [one.name for one in model.rows].index("gan_v1")
    bits, reference = results.entropy_bits["gan_v1"], results.entropy_bits["real_train"]

    assert model.numbers(row) == pytest.approx(
        [bits.size, np.median(bits), bits.mean(), oracle.iqr(bits), bits.min(), bits.max(),
         np.median(bits) - np.median(reference), oracle.ks_2samp(bits, reference).statistic]
    )  # fmt: skip
    assert "its median lies" in model.words(row).lower()
    assert model.numbers(0)[-1] is None


def test_the_table_is_copied_with_every_digit(page, results):
    button(page, "Copy table").click()

    header, first, *_ = QGuiApplication.clipboard().text().splitlines()
    assert header.split("\t")[1:4] == ["n", "Median", "Mean"]
    assert float(first.split("\t")[3]) == results.entropy_bits["real_train"].mean()


def test_a_set_of_one_image_has_a_curve_and_a_row(page, plot, results):
    bits = {**results.entropy_bits, "gan_v2": results.entropy_bits["gan_v2"][:1]}
    images = results.dataset("gan_v2").images[:1]
    sets = tuple(dataclasses.replace(d, images=images) if d.name == "gan_v2" else d for d in results.datasets)

    page.show_results(dataclasses.replace(results, datasets=sets, entropy_bits=bits, pairs=(), correlations=()))

    assert f"gan_v2: n = 1, median {bits['gan_v2'][0]:.2f} bits" in plot.legend_texts()
