"""Pixels without data in the compare view: hatched, told, and shown as they are on wish."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage

from planetview.gui.views.compare.settings import Mode
from tests.gui.comparing import canvas, press, results_of, settle, shown, written


def float_tiff(folder, name, array):
    record = written(folder, name, np.zeros((4, 4), np.uint8))
    Image.fromarray(array).save(record.path)
    return written_again(record, array)


def written_again(record, array):
    import dataclasses
    import hashlib

    data = record.path.read_bytes()
    return dataclasses.replace(
        record, digest=hashlib.sha256(data).hexdigest(), size_bytes=len(data), width=array.shape[1],
        height=array.shape[0], bands=1, dtype=str(array.dtype),
    )  # fmt: skip


@pytest.fixture
def images(tmp_path):
    """A floating-point image whose upper left quarter has no data, and a whole one."""
    grey = np.linspace(0.5, 1.0, 64 * 64, dtype=np.float32).reshape(64, 64)
    holed = grey.copy()
    holed[:32, :32] = np.nan
    return float_tiff(tmp_path, "holed.tif", holed), float_tiff(tmp_path, "whole.tif", grey)


@pytest.fixture
def view(qtbot, theme, thumbs, images):
    return shown(qtbot, theme, thumbs, results_of(*images))


def colours(view, number: int, u: float, v: float) -> set[str]:
    """Return the colours on the screen around a relative place of an image, 12 x 12 pixels."""
    drawn = canvas(view, number)
    return colours_in(drawn.grab().toImage(), drawn, u, v)


def colours_in(image: QImage, drawn, u: float, v: float) -> set[str]:
    box, ratio = drawn.image_box(), image.devicePixelRatio()
    left, top = (ratio * (box.left() + u * box.width())), (ratio * (box.top() + v * box.height()))
    return {QColor(image.pixel(int(left) + x, int(top) + y)).name() for x in range(-6, 6) for y in range(-6, 6)}


HATCH = {"#5a5a5a", "#bebebe"}


def test_pixels_without_data_are_hatched_and_n_shows_them_as_they_are(qtbot, view):
    assert view.controls.hatched.isEnabled() and view.controls.hatched.isChecked()
    assert colours(view, 0, 0.25, 0.25) == HATCH
    assert not colours(view, 0, 0.75, 0.25) & HATCH and not colours(view, 1, 0.25, 0.25) & HATCH
    assert "25 % without data" in view.panes[0].facts.text() and "without data" not in view.panes[1].facts.text()

    press(qtbot, view, "n")
    assert not view.controls.hatched.isChecked()
    assert colours(view, 0, 0.25, 0.25) == {"#000000"}


def test_the_hatch_follows_the_image_where_it_is_magnified(qtbot, view):
    for _ in range(6):
        press(qtbot, view, "+")
    drawn = canvas(view)
    u, v = drawn.place_at(drawn.rect().center().toPointF()).toTuple()
    step = 24 / drawn.image_box().width()
    assert colours(view, 0, u - step, v - step) == HATCH
    assert not colours(view, 0, u + step, v - step) & HATCH


def test_a_difference_is_hatched_where_either_image_has_no_data(qtbot, view):
    press(qtbot, view, "d")
    settle(qtbot, view)
    drawn = view.stage.pair_pane.canvas
    assert view.settings.mode is Mode.DIFFERENCE
    assert colours_in(drawn.grab().toImage(), drawn, 0.25, 0.25) == HATCH
    before = view.stage.map
    press(qtbot, view, "n")
    assert view.stage.map is before, "the same map, seen otherwise"
    assert not colours_in(drawn.grab().toImage(), drawn, 0.25, 0.25) & HATCH


def test_a_saved_image_is_not_hatched(view):
    assert canvas(view).picture().pixelColor(3, 3) == QColor("black")


def test_images_that_are_whole_offer_no_hatch(qtbot, theme, thumbs, images):
    view = shown(qtbot, theme, thumbs, results_of(images[1], images[1]))
    assert not view.controls.hatched.isEnabled()
    press(qtbot, view, "n")
    assert view.controls.hatched.isChecked()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_pixels_are_hatched(qtbot, theme, thumbs, tmp_path, mode):
    pixels = np.full((32, 32, len(mode)), 200, np.uint8)
    pixels[:, :16, -1] = 0
    first, second = (written(tmp_path, name, pixels) for name in ("a.png", "b.png"))
    view = shown(qtbot, theme, thumbs, results_of(first, second))
    assert colours(view, 1, 0.25, 0.5) == HATCH
    assert colours(view, 1, 0.75, 0.5) == {"#c8c8c8"}
