"""Thumbnails arrive off the GUI thread, newest wish first, and a bad file never stops them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from planetview.core.datasets import ImageRecord
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from planetview.gui import thumbs
from planetview.gui.thumbs import ThumbnailCache
from tests.samples import write_tiles


@pytest.fixture
def cache(qtbot: QtBot) -> Iterator[ThumbnailCache]:
    cache = ThumbnailCache()
    yield cache
    cache.shutdown()


def grey_record(path: Path, pixels: np.ndarray) -> ImageRecord:
    import hashlib

    Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    height, width = pixels.shape[:2]
    return ImageRecord(
        path.name, path, None, None, hashlib.sha256(data).hexdigest(), len(data), width, height, 1, str(pixels.dtype)
    )


def fetch(qtbot: QtBot, cache: ThumbnailCache, record: ImageRecord, edge: int, dataset: str | None = None):
    if (pixmap := cache.get(record, edge, dataset)) is not None:
        return pixmap
    with qtbot.waitSignal(cache.ready, timeout=5000):
        pass
    return cache.get(record, edge, dataset)


def test_a_thumbnail_has_the_wished_longer_side_and_the_right_pixels(qtbot, cache, tmp_path):
    pixels = np.zeros((20, 80), np.uint8)
    pixels[:, 40:] = 200
    record = grey_record(tmp_path / "half.png", pixels)

    assert cache.get(record, 40) is None
    pixmap = fetch(qtbot, cache, record, 40)

    assert (pixmap.width(), pixmap.height()) == (40, 10)
    image = pixmap.toImage()
    assert image.pixelColor(3, 5).getRgb()[:3] == (0, 0, 0)
    assert image.pixelColor(36, 5).getRgb()[:3] == (200, 200, 200)


def test_a_screen_of_ratio_two_gets_twice_the_pixels_for_the_same_place(qtbot, cache, tmp_path):
    record = grey_record(tmp_path / "a.png", np.full((64, 64), 90, np.uint8))
    with qtbot.waitSignal(cache.ready, timeout=5000):
        cache.get(record, 32, ratio=2.0)

    pixmap = cache.get(record, 32, ratio=2.0)

    assert pixmap.width() == 64
    assert pixmap.deviceIndependentSize().width() == 32


def test_an_unreadable_image_is_remembered_with_its_reason_until_the_stretches_change(qtbot, cache, tmp_path):
    record = grey_record(tmp_path / "a.png", np.full((8, 8), 90, np.uint8))
    intact = record.path.read_bytes()
    record.path.unlink()

    assert fetch(qtbot, cache, record, 32) is None
    assert "not there" in cache.problem(record)
    assert cache.get(record, 64) is None
    assert not cache._pending, "a known failure is not tried again in another size"

    record.path.write_bytes(intact)
    cache.use_stretches({})
    assert fetch(qtbot, cache, record, 32) is not None
    assert cache.problem(record) == ""


def test_deep_images_without_a_stretch_are_shown_by_their_own_percentiles(qtbot, cache, tmp_path):
    pixels = np.linspace(1000, 3000, 64 * 64).reshape(64, 64).astype(np.uint16)
    record = grey_record(tmp_path / "deep.png", pixels)

    image = fetch(qtbot, cache, record, 64).toImage()

    assert image.pixelColor(0, 0).red() == 0
    assert image.pixelColor(63, 63).red() == 255


def test_images_of_one_dataset_share_its_stretch(qtbot, cache, tmp_path):
    record = grey_record(tmp_path / "deep.png", np.full((16, 16), 1000, np.uint16))
    cache.use_stretches({"set": ResolvedStretch(Stretch(StretchKind.FIXED, 0, 2000), (0, 2000))})

    image = fetch(qtbot, cache, record, 16, "set").toImage()

    assert image.pixelColor(8, 8).red() == 128


def test_the_oldest_thumbnails_leave_when_memory_is_used_up(qtbot, tmp_path):
    records = write_tiles(tmp_path, 4, seed=1, side=16)
    cache = ThumbnailCache(max_bytes=2 * 16 * 16 * 4)
    for record in records:
        fetch(qtbot, cache, record, 16)

    assert cache.get(records[3], 16) is not None
    assert cache.get(records[2], 16) is not None
    assert cache.get(records[0], 16) is None
    cache.shutdown()


def test_old_wishes_are_dropped_and_the_newest_served_when_scrolling_fast(qtbot, cache, tmp_path):
    record = write_tiles(tmp_path, 1, seed=1, side=16)[0]
    cache._pool.setMaxThreadCount(1)

    for edge in range(1, 401):
        cache.get(record, edge)

    # Those just decoded count until their signal is delivered.
    assert len(cache._pending) < 2 * thumbs.MAX_PENDING
    qtbot.waitUntil(lambda: not cache._pending, timeout=10_000)
    assert cache.get(record, 400) is not None


def test_nothing_is_decoded_after_shutdown(qtbot, cache, tmp_path):
    records = write_tiles(tmp_path, 8, seed=1, side=16)
    for record in records:
        cache.get(record, 16)

    cache.shutdown()

    with qtbot.assertNotEmitted(cache.ready, wait=50):
        assert cache.get(dataclasses.replace(records[0], digest="0"), 16) is None
