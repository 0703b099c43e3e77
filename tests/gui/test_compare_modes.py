"""Difference, swipe, blink, blend, stretch, colours, histogram of the compare view."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication

from planetview.core.image_compare import VisibleRange
from planetview.gui.widgets.text_dialog import TextDialog
from tests.gui.comparing import canvas, colour_at, pixels, point, press, results_of, settle, shown, tile_of, written

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(compare_view):
    return compare_view


def test_difference_is_first_minus_second_with_its_scale_in_native_units(qtbot, view, results):
    tile = tile_of(results)
    expected = pixels(tile.record).astype(int) - pixels(tile.nearest.record)

    press(qtbot, view, "D")
    assert np.array_equal(view.stage.map.values, expected)
    largest = np.abs(expected).max()
    assert view.stage.map.limits == (-largest, largest)
    assert f"in native units (uint8), largest {largest}" in view.stage.pair_pane.facts.text()
    assert view.stage.scale_bar.isVisible() and view.stage.scale_bar.tick_texts()[0] == str(largest)

    press(qtbot, view, "A")
    assert np.array_equal(view.stage.map.values, np.abs(expected))
    assert view.stage.map.limits[0] == 0
    view.controls.options.reach.setCurrentIndex(1)
    view.controls.options.reach.activated.emit(1)
    settle(qtbot, view)
    assert view.stage.map.limits[1] == pytest.approx(np.percentile(np.abs(expected), 99))
    assert view.stage.scale_bar.tick_texts()[0].startswith("≥")

    point(view, 5, 6)
    assert f"difference: {abs(expected[6, 5])}" in view.readout_text()


@pytest.mark.parametrize("name", ["light", "dark", "contrast"])
def test_a_difference_has_colours_in_every_theme(qtbot, view, theme, name):
    theme.use(name)
    press(qtbot, view, "D")
    assert view.stage.map is not None and view.stage.scale_bar.tick_texts()[-1].startswith("−")


def test_a_difference_stands_beside_its_two_images_or_alone(qtbot, view):
    press(qtbot, view, "D")
    found = view.stage.map
    view.stage.point(QPointF(0.3, 0.3))
    assert [pane.isVisible() for pane in (*view.panes, view.stage.pair_pane)] == [True, True, False, True]
    assert view.panes[1].canvas.cross == view.stage.pair_pane.canvas.cross == QPointF(0.3, 0.3)
    assert view.stage.front() is view.stage.pair_pane

    press(qtbot, view, "V")
    assert [pane.isVisible() for pane in (*view.panes, view.stage.pair_pane)] == [False, False, False, True]
    assert view.stage.map is found, "nothing is computed again"
    press(qtbot, view, "W")
    press(qtbot, view, "D")
    assert not view.panes[0].isVisible()


def test_another_pair_is_compared_on_request(qtbot, view, results):
    tile = tile_of(results)
    press(qtbot, view, "D")
    press(qtbot, view, "P")
    assert view.settings.pair == (0, 2)
    expected = pixels(tile.record).astype(int) - pixels(tile.held_out.record)
    assert np.array_equal(view.stage.map.values, expected)
    assert view.stage.pair_pane.title.text() == "Image − Nearest held-out"


def test_the_line_of_a_swipe_is_dragged_and_moved_by_keys(qtbot, view):
    press(qtbot, view, "W")
    pane = view.stage.pair_pane.canvas
    middle = QPoint(pane.width() // 2, pane.height() // 2)
    there = QPoint(pane.width() // 4, pane.height() // 2)

    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(pane, there)
    qtbot.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=there)

    assert view.controls.options.divider.value() == pytest.approx(25, abs=1)
    dragged = view.controls.options.divider.value()
    press(qtbot, view, "]")
    assert view.controls.options.divider.value() == dragged + 5
    first, second = pane.layers
    assert (first.side, second.side) == (-1, 1)


def test_blinking_shows_one_and_the_other_and_stops_on_space(qtbot, view):
    view.controls.options.interval.setValue(100)
    press(qtbot, view, "B")
    assert view.stage.pair_pane.title.text() == "1/2 Image"
    qtbot.waitUntil(lambda: view.stage.pair_pane.title.text() == "2/2 Nearest reference", timeout=2000)

    press(qtbot, view, Qt.Key.Key_Space)
    assert not view.stage.blinking.isActive()
    shown = view.stage.pair_pane.title.text()
    press(qtbot, view, Qt.Key.Key_Space, SHIFT)
    assert view.stage.pair_pane.title.text() != shown

    press(qtbot, view, Qt.Key.Key_Space)
    assert view.stage.blinking.isActive()
    view.close()
    assert not view.stage.blinking.isActive()


def test_where_motion_is_unwanted_blinking_waits_for_space(qtbot, view, theme):
    view.close()
    theme.calm(True)
    view.show()
    try:
        qtbot.waitUntil(lambda: view.isActiveWindow() and view.stage.isAncestorOf(QApplication.focusWidget() or view))
        press(qtbot, view, "B")
        assert not view.stage.blinking.isActive()
        press(qtbot, view, Qt.Key.Key_Space)
        assert view.stage.blinking.isActive()
    finally:
        theme.calm(False)


def test_blending_shows_the_share_that_was_chosen(qtbot, view, results):
    tile = tile_of(results)
    press(qtbot, view, "O")
    view.controls.options.blend.setValue(25)
    canvas_ = view.stage.pair_pane.canvas
    canvas_.show_cross(None)
    canvas_.zoom_to(16.0)

    shot = canvas_.picture()

    a, b = (float(pixels(record)[24, 24]) for record in (tile.record, tile.nearest.record))
    box, ratio = canvas_.image_box(), shot.devicePixelRatio()
    at = [round((origin + 24.5 * size / 48) * ratio) for origin, size in
          ((box.left(), box.width()), (box.top(), box.height()))]  # fmt: skip
    assert shot.pixelColor(*at).red() == pytest.approx(0.75 * a + 0.25 * b, abs=2)


def test_the_stretch_of_the_run_is_the_default_and_others_follow_by_key(qtbot, view, results):
    image = pixels(tile_of(results).record)
    assert view.controls._visible.currentText() == "As the run: none (8-bit)"

    press(qtbot, view, "T")
    press(qtbot, view, "T")
    assert view.settings.visible is VisibleRange.MIN_MAX
    low, high = int(image.min()), int(image.max())
    assert f"black {low}, white {high}" in view.panes[0].facts.text()
    y, x = np.unravel_index(image.argmax(), image.shape)
    assert colour_at(view, 0, int(x), int(y)) == 255


def test_the_range_of_the_reference_can_serve_all(qtbot, view, results):
    reference = pixels(tile_of(results).nearest.record)
    press(qtbot, view, "T")
    press(qtbot, view, "T")
    press(qtbot, view, "R")
    words = f"black {reference.min()}, white {reference.max()}"
    assert all(words in pane.facts.text() for pane in view.panes)


def test_black_and_white_can_be_given_in_native_units_beginning_with_those_seen(qtbot, view, results):
    image = pixels(tile_of(results).record)
    press(qtbot, view, "T")
    press(qtbot, view, "T")
    seen = view.panes[0].rendered.limits
    assert seen == (image.min(), image.max())
    assert not view.controls.fixed.isVisible()

    for _ in range(3):
        press(qtbot, view, "T")
    assert view.settings.visible is VisibleRange.FIXED
    assert view.controls.fixed.isVisible()
    assert all(pane.rendered.limits == view.settings.fixed for pane in view.panes if pane.rendered)

    black, white = view.controls.fixed.black, view.controls.fixed.white
    black.setFocus()
    black.selectAll()
    qtbot.keyClicks(black, "60")
    qtbot.keyClick(black, Qt.Key.Key_Return)
    white.selectAll()
    qtbot.keyClicks(white, "110")
    qtbot.keyClick(white, Qt.Key.Key_Return)
    settle(qtbot, view)
    assert all("black 60, white 110" in pane.facts.text() for pane in view.panes)
    y, x = np.argwhere((image > 70) & (image < 100))[0]
    expected = (int(image[y, x]) - 60) * 255 / 50
    assert colour_at(view, 0, int(x), int(y)) == pytest.approx(expected, abs=1)

    white.selectAll()
    qtbot.keyClicks(white, "10")
    qtbot.keyClick(white, Qt.Key.Key_Return)
    assert view.settings.fixed[0] < view.settings.fixed[1], "black stays below white"


def test_single_bands_can_be_coloured(qtbot, view):
    press(qtbot, view, "C")
    assert view.settings.colours == "viridis"
    colour = canvas(view).layers[0].picture.levels[0].pixelColor(3, 3)
    assert colour.red() != colour.green() or colour.green() != colour.blue()


def test_colours_are_not_offered_for_colour_images(qtbot, theme, thumbs, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    view = shown(qtbot, theme, thumbs, results_of(written(tmp_path, "a.png", rgb), written(tmp_path, "b.png", rgb)))
    assert not view.controls._colours.isEnabled()
    point(view, 3, 4)
    assert f"Image: {', '.join(map(str, rgb[4, 3]))} uint8" in view.readout_text()


def test_the_histogram_counts_every_sample_over_shared_bins(qtbot, view, results):
    press(qtbot, view, "G")
    plot = view.histogram.plot
    assert view.histogram.isVisible()
    qtbot.waitUntil(lambda: plot.legend_texts() != [])

    header, rows = plot.data_table()
    assert "uint8" in header[1]
    for title in ("Image", "Nearest reference", "Nearest held-out"):
        assert sum(row[3] for row in rows if row[0] == title) == 48 * 48
    view.histogram.log.setChecked(True)
    assert max(row[3] for row in plot.data_table()[1]) < 4
    press(qtbot, view, "G")
    assert not view.histogram.isVisible()


def test_about_this_file_shows_what_is_known_to_copy(qtbot, view, results):
    record = tile_of(results).record
    next(action for action in canvas(view).actions() if action.text() == "About this &file…").trigger()
    qtbot.waitUntil(lambda: bool(view.stage.findChildren(TextDialog)))

    (dialog,) = view.stage.findChildren(TextDialog)
    assert record.digest in dialog.text()
    assert "48 × 48 px" in dialog.text()
    dialog.close()
