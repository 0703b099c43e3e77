"""The compare view as a person uses it: keys, wheel and drag, modes, read-out, heat maps, what goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.errors import UserError
from planetview.core.image_compare import VisibleRange
from planetview.core.messages import PairMapRequest, Request, ScanRequest
from planetview.core.pair_map import PairMap
from planetview.core.results import Neighbours, Results
from planetview.core.settings import RunSettings
from planetview.gui.models.neighbour_list import NeighbourSet, Tile
from planetview.gui.pair_maps import PairMaps
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare import CompareDialog, work
from planetview.gui.views.compare.keys import key_rows
from planetview.gui.views.compare.settings import Mode
from planetview.gui.views.compare.work import NativeCache
from tests.gui.fake_engine import FakeEngine, result, steps

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, results: Results) -> CompareDialog:
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show_tile(results, tile_of(results))
    view.show()
    qtbot.waitUntil(view.isActiveWindow)
    settle(qtbot, view)
    return view


def tile_of(results: Results, index: int = 0) -> Tile:
    return NeighbourSet(results, "gan_v1", "vgg16-st").tile(index)


def settle(qtbot: QtBot, view: CompareDialog) -> None:
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=5000)


def press(qtbot: QtBot, view: CompareDialog, key: object, *modifiers: Qt.KeyboardModifier) -> None:
    target = QApplication.focusWidget() or view
    modifier = modifiers[0] if modifiers else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(target, key, modifier)
    settle(qtbot, view)


def canvas(view: CompareDialog, number: int = 0) -> QWidget:
    return view.panes[number].canvas


def point(view: CompareDialog, x: int, y: int, number: int = 0) -> None:
    """Put the cursor on the middle of a pixel of one pane."""
    pane = view.panes[number] if view.settings.mode is Mode.SIDE else view.stage.pair_pane
    record = view.panes[number].record
    assert record is not None
    view.stage.point(QPointF((x + 0.5) / record.width, (y + 0.5) / record.height))
    assert pane.canvas.cross is not None


def pixels(record: ImageRecord) -> NDArray[np.generic]:
    return np.asarray(Image.open(record.path))


def colour_at(view: CompareDialog, number: int, x: int, y: int) -> int:
    """Return the grey level that the first layer of a pane shows for a pixel."""
    return canvas(view, number).layers[0].picture.levels[0].pixelColor(x, y).red()


def written(folder: Path, name: str, array: NDArray[np.generic]) -> ImageRecord:
    path = folder / name
    Image.fromarray(array).save(path)
    data = path.read_bytes()
    bands = 1 if array.ndim == 2 else array.shape[2]
    size = array.shape[1], array.shape[0]
    return ImageRecord(
        name, path, None, None, hashlib.sha256(data).hexdigest(), len(data), *size, bands, str(array.dtype)
    )


def results_of(first: ImageRecord, second: ImageRecord) -> Results:
    """Return results with one image and its only reference, no held-out set."""
    datasets = tuple(
        Dataset(name, role, Path(), SourceKind.FOLDER, (record,))
        for name, role, record in (("ref", Role.REFERENCE, second), ("gan_v1", Role.CANDIDATE, first))
    )
    table = Neighbours("gan_v1", "ref", "vgg16-st", np.zeros((1, 1), np.int64), np.full((1, 1), 0.5))
    return Results(datasets, RunSettings(), (), (table,), (), (), {})


def test_all_three_images_are_shown_at_full_resolution_with_what_they_are(view, results):
    tile = tile_of(results)
    for pane, record in zip(
        view.panes, (tile.record, tile.reference.record, tile.held_out.record), strict=True
    ):  # fmt: skip
        assert pane.isVisible() and pane.record is record
        assert pane.name.text() == record.name
        assert "48 × 48 px, grey, uint8" in pane.facts.text() and "black 0, white 255" in pane.facts.text()
        picture = pane.canvas.layers[0].picture
        assert (picture.width, picture.height) == (48, 48)
    assert colour_at(view, 1, 7, 3) == pixels(tile.reference.record)[3, 7]
    assert "distance" in view.panes[1].title.text()


@pytest.mark.parametrize(("key", "mode"), [(key, mode) for mode, key in zip(Mode, "SWBODH", strict=True)])
def test_each_mode_has_its_key(qtbot, view, key, mode):
    press(qtbot, view, key)
    assert view.settings.mode is mode
    assert view.stage.pair_pane.isVisible() == (mode is not Mode.SIDE)
    assert view.panes[0].isVisible() == (mode in (Mode.SIDE, Mode.DIFFERENCE, Mode.HEAT))
    assert view.panes[2].isVisible() == (mode is Mode.SIDE)


def test_the_keys_in_the_help_are_shown_by_the_question_mark(qtbot, view):
    press(qtbot, view, "?")
    assert view._keys_page.isVisible()
    for keys, words in key_rows():
        assert words in view._keys_page.text(), keys


def test_the_wheel_zooms_at_the_cursor_in_all_linked_panes(qtbot, view):
    pane = canvas(view)
    at = QPointF(pane.width() * 0.4, pane.height() * 0.5)
    before, scale = pane.place_at(at), pane.scale()

    event = QWheelEvent(
        at, pane.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(pane, event)

    assert pane.scale() == pytest.approx(scale * 1.25**2)
    for number in range(3):
        place = canvas(view, number).place_at(at)
        # Panes may be a pixel wider than each other.
        assert (place.x(), place.y()) == pytest.approx((before.x(), before.y()), abs=0.005)
    assert view.controls._zoom.text() == f"{100 * pane.scale():.3g} %"


def test_dragging_moves_what_was_taken_with_the_cursor(qtbot, view):
    pane = canvas(view)
    press(qtbot, view, "+")
    start, end = QPoint(100, 100), QPoint(140, 90)
    taken = pane.place_at(QPointF(start))

    qtbot.mousePress(pane, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(pane, end)
    qtbot.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=end)

    now = canvas(view, 2).place_at(QPointF(end))
    assert (now.x(), now.y()) == pytest.approx((taken.x(), taken.y()))


def test_one_shows_a_pixel_as_a_pixel_and_zero_fits_again(qtbot, view):
    fitted = canvas(view).scale()
    press(qtbot, view, "1")
    assert canvas(view).scale() == pytest.approx(1.0)
    press(qtbot, view, "+")
    assert canvas(view).scale() == pytest.approx(1.25)
    press(qtbot, view, "-")
    press(qtbot, view, "0")
    assert canvas(view).scale() == pytest.approx(fitted)


def test_magnified_pixels_are_squares_of_their_own_colour(qtbot, view, results):
    view.stage.place = None
    for pane in view.panes:
        pane.canvas.show_cross(None)
    canvas(view).zoom_to(16.0)
    shot = canvas(view).grab().toImage()
    ratio = shot.devicePixelRatio()
    image = pixels(tile_of(results).record)
    box = canvas(view).image_box()
    for x, y in ((24, 24), (25, 24), (23, 22)):
        for dx, dy in ((0.15, 0.15), (0.85, 0.85)):
            at_x, at_y = box.left() + (x + dx) * 16 / ratio, box.top() + (y + dy) * 16 / ratio
            assert shot.pixelColor(round(at_x * ratio), round(at_y * ratio)).red() == image[y, x]


def test_arrows_move_the_image_and_with_shift_the_cross(qtbot, view):
    press(qtbot, view, "+")
    before = view.stage.transform.centre
    press(qtbot, view, Qt.Key.Key_Right)
    assert view.stage.transform.centre.x() > before.x()

    press(qtbot, view, Qt.Key.Key_Right, SHIFT)
    first = view.readout_text()
    press(qtbot, view, Qt.Key.Key_Down, SHIFT)
    assert first.startswith("x 24, y 24")
    assert view.readout_text().startswith("x 24, y 25")


def test_unlinked_images_move_alone_until_they_are_linked_again(qtbot, view):
    press(qtbot, view, "L")
    canvas(view, 1).setFocus()
    still, alone = canvas(view, 0).scale(), canvas(view, 1).scale()

    press(qtbot, view, "+")

    assert canvas(view, 1).scale() == pytest.approx(1.25 * alone)
    assert canvas(view, 0).scale() == pytest.approx(still)
    press(qtbot, view, "L")
    assert canvas(view, 1).scale() == pytest.approx(canvas(view, 0).scale(), rel=0.01)


def test_the_read_out_gives_the_stored_values_and_can_be_copied(qtbot, view, results):
    tile = tile_of(results)
    point(view, 11, 30)
    values = [int(pixels(record)[30, 11]) for record in (tile.record, tile.reference.record, tile.held_out.record)]

    press(qtbot, view, Qt.Key.Key_C, CTRL)

    lines = QGuiApplication.clipboard().text().splitlines()
    gap = f"{values[0] - values[1]}".replace("-", "−")
    assert lines == [
        "x 11, y 30",
        f"Image: {values[0]} uint8",
        f"Nearest reference: {values[1]} uint8",
        f"Nearest held-out: {values[2]} uint8",
        f"Image − Nearest reference: {gap}",
    ]
    assert all(pane.canvas.cross == view.stage.place for pane in view.panes)


def test_the_cursor_marks_the_same_place_in_every_pane(qtbot, view):
    pane = canvas(view, 1)
    at = QPoint(pane.width() // 2 + 20, pane.height() // 2)
    qtbot.mouseMove(pane, at)
    crosses = [canvas(view, number).cross for number in range(3)]
    assert crosses[0] is not None and crosses[0] == crosses[1] == crosses[2]
    assert crosses[1] == pane.place_at(QPointF(at))


def test_difference_is_first_minus_second_with_its_scale_in_native_units(qtbot, view, results):
    tile = tile_of(results)
    expected = pixels(tile.record).astype(int) - pixels(tile.reference.record)

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


def test_blending_shows_the_share_that_was_chosen(qtbot, view, results):
    tile = tile_of(results)
    press(qtbot, view, "O")
    view.controls.options.blend.setValue(25)
    canvas_ = view.stage.pair_pane.canvas
    canvas_.show_cross(None)
    canvas_.zoom_to(16.0)

    shot = canvas_.picture()

    a, b = (float(pixels(record)[24, 24]) for record in (tile.record, tile.reference.record))
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
    reference = pixels(tile_of(results).reference.record)
    press(qtbot, view, "T")
    press(qtbot, view, "T")
    press(qtbot, view, "R")
    words = f"black {reference.min()}, white {reference.max()}"
    assert all(words in pane.facts.text() for pane in view.panes)


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


def shown(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, results: Results) -> CompareDialog:
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show_tile(results, tile_of(results))
    view.show()
    qtbot.waitUntil(view.isActiveWindow)
    settle(qtbot, view)
    return view


def test_without_a_held_out_set_two_images_are_shown_and_one_pair_is_offered(qtbot, theme, thumbs, tmp_path):
    grey = np.arange(40 * 40, dtype=np.uint8).reshape(40, 40)
    records = written(tmp_path, "a.png", grey), written(tmp_path, "b.png", grey[::-1].copy())
    view = shown(qtbot, theme, thumbs, results_of(*records))

    assert [pane.isVisible() for pane in view.panes] == [True, True, False]
    press(qtbot, view, "D")
    press(qtbot, view, "P")
    assert view.settings.pair == (0, 1)
    assert view.stage.map.values[0, 0] == int(grey[0, 0]) - int(grey[-1, 0])


def test_images_of_other_sizes_and_depths_are_linked_by_their_relative_place(qtbot, theme, thumbs, tmp_path):
    small = np.random.default_rng(0).integers(0, 255, (30, 40), dtype=np.uint8)
    deep = np.random.default_rng(1).integers(0, 4000, (60, 80)).astype(np.uint16)
    view = shown(qtbot, theme, thumbs, results_of(written(tmp_path, "a.png", small), written(tmp_path, "b.png", deep)))

    point(view, 10, 20)
    lines = view.readout_text().splitlines()
    assert lines[0] == f"Image (x 10, y 20): {small[20, 10]} uint8"
    assert lines[1] == f"Nearest reference (x 21, y 41): {deep[41, 21]} uint16"
    assert canvas(view, 0).image_box() == canvas(view, 1).image_box()
    assert canvas(view, 1).scale() == pytest.approx(canvas(view, 0).scale() / 2)

    press(qtbot, view, "D")
    facts = view.stage.pair_pane.facts.text()
    assert "the sample types differ" in facts and "compared at 40 × 30 px" in facts


def test_an_unreadable_image_says_why_in_its_pane_and_the_others_are_shown(qtbot, theme, thumbs, results):
    tile = tile_of(results)
    tile.reference.record.path.unlink()
    view = shown(qtbot, theme, thumbs, results)

    assert "not there" in view.panes[1].canvas.words
    assert "reading" not in view.panes[1].facts.text()
    assert view.panes[0].canvas.layers
    press(qtbot, view, "D")
    assert "Nearest reference is unreadable" in view.stage.pair_pane.canvas.words
    press(qtbot, view, "P")
    assert view.stage.pair_pane.canvas.layers, "the pair without it can be compared"


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


def test_the_scores_of_the_pair_stand_below_the_images(view, results):
    table = results.pairs_of("gan_v1")
    words = view._scores.text()
    assert "PSNR ∞ dB" in words, "the first sample pair is identical"
    assert f"{table.scores['ssim'][0]:.4f}" in words
    assert "MS-SSIM n/a" in words


def test_the_keyboard_steps_flags_and_excludes(qtbot, view, results):
    steps_taken: list[int] = []
    view.stepped.connect(steps_taken.append)
    for key, modifier in (
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_Right, CTRL),
        (Qt.Key.Key_Left, CTRL),
    ):
        press(qtbot, view, key, modifier)
    assert steps_taken == [1, -1, 1, -1]

    name = tile_of(results).record.name
    with qtbot.waitSignal(view.flag_requested, timeout=1000) as flagged:
        press(qtbot, view, "F")
    assert flagged.args == ["gan_v1", name, True]
    view.show_marks({("gan_v1", name)}, set())
    assert "flagged" in view.panes[0].title.text() and view.flag.isChecked()
    with qtbot.waitSignal(view.exclude_requested, timeout=1000) as excluded:
        press(qtbot, view, "X")
    assert excluded.args == ["gan_v1", name, True]
    view.show_marks(set(), {("real_train", tile_of(results).reference.record.name)})
    assert "excluded" in view.panes[1].title.text() and not view.flag.isChecked()


def test_mode_zoom_and_stretch_stay_when_the_image_changes(qtbot, view, results):
    press(qtbot, view, "W")
    press(qtbot, view, "T")
    press(qtbot, view, "+")
    scale = view.stage.pair_pane.canvas.scale()

    view.show_tile(results, tile_of(results, 3))
    settle(qtbot, view)

    assert view.settings.mode is Mode.SWIPE and view.settings.visible is VisibleRange.NONE
    assert view.stage.pair_pane.canvas.scale() == pytest.approx(scale)
    assert view.panes[0].record is tile_of(results, 3).record
    assert tile_of(results, 3).record.name in view.stage.pair_pane.name.text()


class Folders(QObject):
    """Takes what would be opened by the desktop."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(url)


def test_the_menu_copies_saves_and_finds_the_image(qtbot, view, results, tmp_path, monkeypatch):
    record = tile_of(results).record
    copy, save, path, reveal, whole = canvas(view).actions()
    clipboard = QGuiApplication.clipboard()

    copy.trigger()
    assert (clipboard.image().width(), clipboard.image().height()) == (48, 48)
    assert clipboard.image().pixelColor(4, 9).red() == pixels(record)[9, 4]
    path.trigger()
    assert clipboard.text() == str(record.path)

    target = tmp_path / "shot"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args: (str(target), "")))
    save.trigger()
    assert np.array_equal(np.asarray(Image.open(target.with_suffix(".png")).convert("L")), pixels(record))

    whole.trigger()
    assert np.asarray(Image.open(target.with_suffix(".png"))).shape[1] == view.stage.width()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args: (str(tmp_path / "no" / "x"), "")))
    save.trigger()
    assert "Cannot write" in view._readout.text()

    folders = Folders()
    monkeypatch.setattr(QDesktopServices, "openUrl", folders.take)
    try:
        reveal.trigger()
    finally:
        QDesktopServices.unsetUrlHandler("file")
    assert [Path(url.toLocalFile()) for url in folders.urls] == [record.path.parent]


def a_map(request: PairMapRequest, note: str = "") -> PairMap:
    values = np.zeros((48, 48), np.float32)
    values[10:20, 10:20] = 2.0
    return PairMap(values, float(values.mean()), request.metric, note)


def mapping(outcome: Callable[[PairMapRequest], object]) -> FakeEngine:
    def script(request: Request) -> list[object]:
        if isinstance(request, PairMapRequest):
            found = outcome(request)
            return [found if isinstance(found, Exception) else result(found)]
        return [*steps("features", 2), result(None)]

    return FakeEngine(script)  # type: ignore[arg-type]


def test_a_heat_map_comes_from_the_engine_with_the_score_it_sums_to(qtbot, view, results, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))

    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)
    settle(qtbot, view)

    (request,) = engine.requests
    tile = tile_of(results)
    assert (request.first, request.second) == (tile.record, tile.reference.record)
    assert request.metric == "st-lpips-alex"
    assert "0.08681 = mean of the map" in view.stage.pair_pane.facts.text()
    point(view, 12, 15)
    assert "ST-LPIPS (AlexNet) here: 2" in view.readout_text()
    _under, over = view.stage.pair_pane.canvas.layers
    assert over.opacity == pytest.approx(0.65)
    view.controls.options.heat.setValue(100)
    assert view.stage.pair_pane.canvas.layers[1].opacity == 1

    press(qtbot, view, "S")
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)
    assert len(engine.requests) == 1, "a map that is kept is not computed again"


def test_a_heat_map_waits_for_the_running_job_and_says_so(qtbot, view, make_runner, results):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)

    press(qtbot, view, "H")
    assert "waits: another job is running" in view.stage.pair_pane.canvas.words

    engine.release()
    qtbot.waitUntil(lambda: view.stage.map is not None)


def test_missing_weights_are_said_in_the_pane_and_another_metric_can_be_chosen(qtbot, view, make_runner):
    missing = UserError("The weights of LPIPS are not on this computer.", "Import them on the Models page.")
    engine = mapping(lambda request: missing if request.metric == "lpips-alex" else a_map(request))
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)

    box = view.controls.options.metric_box
    box.setCurrentIndex(box.findData("lpips-alex"))
    box.activated.emit(box.currentIndex())

    qtbot.waitUntil(lambda: "not on this computer. Import them" in view.stage.pair_pane.canvas.words)
    box.setCurrentIndex(box.findData("st-lpips-vgg"))
    box.activated.emit(box.currentIndex())
    qtbot.waitUntil(lambda: view.stage.map is not None)
    assert not view.stage.pair_pane.canvas.words


def test_a_cancelled_heat_map_can_be_asked_for_again(qtbot, view, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)
    press(qtbot, view, "H")

    runner.cancel_all()
    assert "cancelled. Press H" in view.stage.pair_pane.canvas.words

    engine.release()
    press(qtbot, view, "H")
    qtbot.waitUntil(lambda: view.stage.map is not None)


def test_stepping_on_asks_only_for_the_map_of_the_image_that_is_left(qtbot, view, results, make_runner):
    engine = mapping(a_map)
    runner = make_runner(engine)
    view.use_pair_maps(PairMaps(runner, lambda: runner.is_busy, view))
    engine.hold("features")
    runner.submit(ScanRequest(()))
    qtbot.waitUntil(engine.is_holding.is_set)
    press(qtbot, view, "H")
    for index in (1, 2, 3):
        view.show_tile(results, tile_of(results, index))
        settle(qtbot, view)

    engine.release()
    qtbot.waitUntil(lambda: view.stage.map is not None)

    asked = [request.first for request in engine.requests if isinstance(request, PairMapRequest)]
    assert asked == [tile_of(results, 3).record]


def test_without_an_engine_the_heat_map_says_so(qtbot, view):
    press(qtbot, view, "H")
    assert "engine" in view.stage.pair_pane.canvas.words


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(view):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider, QSpinBox

    for kind in (QAbstractButton, QComboBox, QSlider, QSpinBox):
        for control in view.controls.findChildren(kind):
            assert control.accessibleName(), control
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()
    for pane in view.panes:
        assert pane.canvas.accessibleName() and pane.canvas.accessibleDescription()


def test_images_of_4096_px_are_shown_and_moved_without_stalling_the_window(qtbot, theme, thumbs, tmp_path, gap_meter):
    large = np.random.default_rng(0).integers(0, 4096, (4096, 4096)).astype(np.uint16)
    record = written(tmp_path, "large.png", large)
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show()
    results = results_of(record, replace(record, name="again.png"))
    gap_meter.begin()
    view.show_tile(results, tile_of(results))
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=20_000)
    loading = gap_meter.end()
    assert view.panes[0].canvas.layers[0].picture.levels[-1].width() == 256

    gap_meter.begin()
    for _ in range(20):
        view.stage.transform.pan(QPointF(9, 5), view.panes[0].canvas.frame())
        view.panes[0].canvas.zoom_by(1.2)
        QApplication.processEvents()
    moving = gap_meter.end()

    print(f"worst gap: loading {loading:.0f} ms, moving {moving:.0f} ms")
    assert loading < 300 and moving < 150


def test_decoded_images_are_kept_up_to_a_number_of_bytes(tmp_path):
    records = [
        written(tmp_path, f"{i}.png", np.full((100, 100), i, np.uint8)) for i in range(5)
    ]  # fmt: skip
    cache = NativeCache(max_bytes=25_000)
    for record in records:
        cache.get(record)
    assert cache.size_bytes() == 20_000
    kept, _ = cache.get(records[4])
    records[4].path.unlink()
    assert cache.get(records[4])[0] is kept, "what is kept is not read again"


def test_a_thinned_image_keeps_its_size_its_coordinates_and_says_so(qtbot, theme, thumbs, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "MOST_PIXELS", 1000)
    grey = np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)
    records = written(tmp_path, "a.png", grey), written(tmp_path, "b.png", grey[:30, :30].copy())
    view = shown(qtbot, theme, thumbs, results_of(*records))

    assert "large: one pixel of 2 × 2 is shown" in view.panes[0].facts.text()
    press(qtbot, view, "1")
    assert canvas(view).image_box().width() * canvas(view).devicePixelRatioF() == pytest.approx(60)
    point(view, 20, 40)
    assert f"Image (x 20, y 40): {grey[40, 20]} uint8" in view.readout_text()
