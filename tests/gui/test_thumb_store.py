"""Thumbnails outlive the program on disk; a damaged, missing or unwritable file never shows or stops anything."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from planetview.gui.thumb_store import EDGE_PX, ThumbnailStore, is_worth_keeping, stored_size
from planetview.gui.thumbs import ThumbnailCache, decode_thumbnail

UNCHANGED = ResolvedStretch(Stretch(StretchKind.NONE))


def saved(path: Path, pixels: np.ndarray) -> ImageRecord:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    data = path.read_bytes()
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    digest = hashlib.sha256(data).hexdigest()
    return ImageRecord(path.name, path, None, None, digest, len(data), width, height, bands, str(pixels.dtype))


def slope(height: int, width: int) -> np.ndarray:
    """Return a smooth colour image (height, width, 3) uint8."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)], -1).astype(np.uint8)


@pytest.fixture
def large(tmp_path: Path) -> ImageRecord:
    return saved(tmp_path / "images" / "large.png", slope(300, 600))


@pytest.fixture
def store(tmp_path: Path) -> ThumbnailStore:
    return ThumbnailStore(tmp_path / "cache")


def kept_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.thumb"))


def pixels_of(image: object) -> np.ndarray:
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return flat[..., 2::-1].astype(int)


def test_a_large_image_leaves_a_small_file_that_shows_nearly_the_same(store, large, tmp_path):
    first = pixels_of(decode_thumbnail(large, UNCHANGED, 128, store))
    (file,) = kept_files(tmp_path)
    again = pixels_of(decode_thumbnail(large, UNCHANGED, 128, store))

    with Image.open(large.path) as image:
        wanted = np.asarray(image.resize((128, 64), Image.Resampling.BOX)).astype(int)
    assert file.stat().st_size < large.size_bytes
    assert file.parent.name == file.name[:2], "files lie in sub-folders"
    assert np.abs(first - wanted).mean() < 1.5
    assert np.abs(again - wanted).mean() < 2.5


def test_the_second_start_reads_the_kept_file_and_not_the_image(store, large, monkeypatch):
    decode_thumbnail(large, UNCHANGED, 96, store)
    monkeypatch.setattr("planetview.gui.thumbs.load_rgb8", None)

    assert decode_thumbnail(large, UNCHANGED, 256, store).width() == 256
    assert decode_thumbnail(large, UNCHANGED, 96, store).height() == 48


def test_an_image_that_is_small_anyway_is_not_kept(store, tmp_path):
    small = saved(tmp_path / "small.png", slope(48, 48))

    decode_thumbnail(small, UNCHANGED, 96, store)

    assert not is_worth_keeping(small)
    assert kept_files(tmp_path) == []


def test_a_deep_small_image_is_kept_without_loss_one_file_for_each_stretch(store, tmp_path):
    deep = saved(tmp_path / "deep.png", np.linspace(0, 4000, 64 * 64).reshape(64, 64).astype(np.uint16))
    by_range = [ResolvedStretch(Stretch(StretchKind.FIXED, 0, high), (0.0, float(high))) for high in (4000, 2000)]

    before = [pixels_of(decode_thumbnail(deep, stretch, 64)) for stretch in by_range]
    for stretch in by_range:
        decode_thumbnail(deep, stretch, 64, store)

    assert len(kept_files(tmp_path)) == 2
    for stretch, pixels in zip(by_range, before, strict=True):
        assert np.array_equal(pixels_of(decode_thumbnail(deep, stretch, 64, store)), pixels)


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[:-40],
        lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
        lambda data: b"not a thumbnail" * 40,
        lambda data: data + b"\0" * 2_000_000,
    ],
    ids=["empty", "torn", "one bit", "foreign", "huge"],
)
def test_a_damaged_file_is_a_miss_and_is_written_again(store, large, tmp_path, harm):
    decode_thumbnail(large, UNCHANGED, 96, store)
    (file,) = kept_files(tmp_path)
    intact = file.read_bytes()
    file.write_bytes(harm(intact))

    assert store.read(large, UNCHANGED.key) is None
    assert not file.exists()
    decode_thumbnail(large, UNCHANGED, 96, store)

    assert file.read_bytes() == intact


def test_a_file_with_the_picture_of_another_size_is_not_believed(store, large):
    store.write(large, UNCHANGED.key, slope(EDGE_PX, EDGE_PX))

    assert store.read(large, UNCHANGED.key) is None


def test_an_image_that_is_gone_is_not_shown_from_the_cache(store, large):
    decode_thumbnail(large, UNCHANGED, 96, store)
    large.path.unlink()

    with pytest.raises(ImageProblem, match="not there"):
        decode_thumbnail(large, UNCHANGED, 96, store)


def test_a_folder_that_cannot_be_made_leaves_thumbnails_in_memory(qtbot: QtBot, large, tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    cache = ThumbnailCache(store=ThumbnailStore(in_the_way / "cache"))

    with qtbot.waitSignal(cache.ready, timeout=5000):
        cache.get(large, 96)

    assert cache.get(large, 96) is not None
    assert cache.problem(large) == ""
    cache.shutdown()


def test_above_the_bound_the_least_recently_used_go(tmp_path):
    noise = np.random.default_rng(1)
    records = [
        saved(tmp_path / "images" / f"{i}.png", noise.integers(0, 255, (260, 260), dtype=np.uint8)) for i in range(6)
    ]
    store = ThumbnailStore(tmp_path / "cache")
    for age, record in enumerate(records):
        decode_thumbnail(record, UNCHANGED, 96, store)
        path = store.path_of(record.digest, UNCHANGED.key)
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    size = sum(file.stat().st_size for file in kept_files(tmp_path)) / 6
    assert store.read(records[0], UNCHANGED.key) is not None, "reading makes a file young again"

    gone = ThumbnailStore(tmp_path / "cache", max_bytes=int(4.5 * size)).trim()

    assert gone == 2
    left = [store.path_of(record.digest, UNCHANGED.key).exists() for record in records]
    assert left == [True, False, False, True, True, True]


def test_writing_beyond_the_bound_makes_room_by_itself(tmp_path):
    noise = np.random.default_rng(1)
    store = ThumbnailStore(tmp_path / "cache", max_bytes=200_000)
    for i in range(12):
        record = saved(tmp_path / "images" / f"{i}.png", noise.integers(0, 255, (260, 260), dtype=np.uint8))
        decode_thumbnail(record, UNCHANGED, 96, store)

    assert 0 < sum(file.stat().st_size for file in kept_files(tmp_path)) <= 225_000 + 60_000


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[list[ImageRecord]]:
    record = saved(tmp_path / "月の写真" / "クレーター.png", slope(300, 300))
    yield [record, dataclasses.replace(saved(tmp_path / "قمر" / "فوهة.png", slope(301, 300)))]


def test_names_in_any_script_are_kept_by_content(store, scripts, tmp_path):
    for record in scripts:
        decode_thumbnail(record, UNCHANGED, 64, store)

    assert len(kept_files(tmp_path)) == 2
    assert all(store.read(record, UNCHANGED.key).shape[1::-1] == stored_size(record) for record in scripts)
