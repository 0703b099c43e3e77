"""The compare view as a person uses it: keys, wheel and drag, modes, read-out, heat maps, what goes wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from planetview.core.image_compare import VisibleRange
from planetview.core.marks import Marks
from planetview.gui.views.compare import CompareDialog, work
from planetview.gui.views.compare.keys import key_rows
from planetview.gui.views.compare.settings import Mode
from planetview.gui.views.compare.work import NativeCache
from tests.gui.comparing import canvas, colour_at, pixels, point, press, results_of, settle, shown, tile_of, written

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(compare_view):
    return compare_view


def test_all_three_images_are_shown_at_full_resolution_with_what_they_are(view, results):
    tile = tile_of(results)
    for pane, record in zip(
        view.panes, (tile.record, tile.nearest.record, tile.held_out.record), strict=True
    ):  # fmt: skip
        assert pane.isVisible() and pane.record is record
        assert pane.name.text() == record.name
        assert "48 × 48 px, grey, uint8" in pane.facts.text() and "black 0, white 255" in pane.facts.text()
        picture = pane.canvas.layers[0].picture
        assert (picture.width, picture.height) == (48, 48)
    assert colour_at(view, 1, 7, 3) == pixels(tile.nearest.record)[3, 7]
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
    assert view.controls._zoom.text() == f"{100 * pane.scale():,.0f} %"


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
    values = [int(pixels(record)[30, 11]) for record in (tile.record, tile.nearest.record, tile.held_out.record)]

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
    tile.nearest.record.path.unlink()
    view = shown(qtbot, theme, thumbs, results)

    assert "not there" in view.panes[1].canvas.words
    assert "reading" not in view.panes[1].facts.text()
    assert view.panes[0].canvas.layers
    press(qtbot, view, "D")
    assert "Nearest reference is unreadable" in view.stage.pair_pane.canvas.words
    press(qtbot, view, "P")
    assert view.stage.pair_pane.canvas.layers, "the pair without it can be compared"


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
    view.show_marks(Marks(frozenset({("gan_v1", name)})))
    assert "flagged" in view.panes[0].title.text() and view.flag.isChecked()
    with qtbot.waitSignal(view.exclude_requested, timeout=1000) as excluded:
        press(qtbot, view, "X")
    assert excluded.args == ["gan_v1", name, True]
    view.show_marks(Marks(excluded=frozenset({("real_train", tile_of(results).nearest.record.name)})))
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
    copy, save, _about, path, reveal, whole = canvas(view).actions()
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


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(view):
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider, QSpinBox

    for kind in (QAbstractButton, QComboBox, QSlider, QSpinBox):
        for control in view.controls.findChildren(kind):
            assert control.accessibleName(), control
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()
    for pane in view.panes:
        assert pane.canvas.accessibleName() and pane.canvas.accessibleDescription()


def test_images_of_4096_px_are_shown_and_moved_with_little_work_in_the_window_s_thread(qtbot, theme, thumbs, tmp_path):
    large = np.random.default_rng(0).integers(0, 4096, (4096, 4096)).astype(np.uint16)
    record = written(tmp_path, "large.png", large)
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show()
    results = results_of(record, replace(record, name="again.png"))
    view.show_tile(results, tile_of(results))
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=60_000)
    assert view.panes[0].canvas.layers[0].picture.levels[-1].width() == 256

    # Processor time of this thread: other programs lengthen the clock's.
    began, moves = time.thread_time(), 20
    for _ in range(moves):
        view.stage.transform.pan(QPointF(9, 5), view.panes[0].canvas.frame())
        view.panes[0].canvas.zoom_by(1.2)
        QApplication.processEvents()
    assert (time.thread_time() - began) / moves < 0.1


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


def test_an_image_is_rated_by_key_or_from_the_list_and_plain_digits_zoom(qtbot, view, results):
    asked = []
    view.rating_requested.connect(lambda *wish: asked.append(wish))
    name = tile_of(results).record.name
    press(qtbot, view, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    press(qtbot, view, Qt.Key.Key_1)
    assert asked == [("gan_v1", name, 3)] and canvas(view).scale() == pytest.approx(1.0)
    view.show_marks(Marks().with_rating([("gan_v1", name)], 3))
    assert "★ 3" in view.panes[0].title.text() and view.rating.currentText() == "★ 3 of 5"
    view.rating.activated.emit(0)
    assert asked[-1] == ("gan_v1", name, 0)
