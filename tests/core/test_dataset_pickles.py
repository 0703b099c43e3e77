"""A dataset of very many images goes to another process and back in small parts, and without a look for cycles."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from planetview.core.collecting import collector_held_back
from planetview.core.datasets import Dataset, ImageRecord, Role, SkippedImage, SourceKind


def dataset(count: int, *, archive: Path | None = None) -> Dataset:
    """Return a set of `count` images in folders of classes, or in one zip."""
    source = archive or Path("/sets/gan")
    images = tuple(
        ImageRecord(
            name=f"class_{i % 3}/{i:06}.png",
            path=archive or source / f"class_{i % 3}" / f"{i:06}.png",
            member=f"class_{i % 3}/{i:06}.png" if archive else None,
            label=None if i % 7 == 0 else f"class_{i % 3}",
            digest=f"{i:064x}",
            size_bytes=700 + i,
            width=24,
            height=25,
            bands=1 + i % 4,
            dtype="uint16",
        )
        for i in range(count)
    )
    skipped = (SkippedImage("broken.png", "ends too early"),)
    return Dataset("gan", Role.CANDIDATE, source, SourceKind.ZIP if archive else SourceKind.FOLDER, images, skipped)


@pytest.fixture
def looks() -> Iterator[list[int]]:
    """Return the generations that the collector looks at from now on."""
    found: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            found.append(info["generation"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)
    gc.unfreeze()


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1203])
def test_a_dataset_comes_back_as_it_was_with_its_images_in_order(count: int) -> None:
    before = dataset(count)

    assert pickle.loads(pickle.dumps(before)) == before
    assert copy.deepcopy(before) == before


def test_the_members_of_a_zip_share_one_path_afterwards() -> None:
    after = pickle.loads(pickle.dumps(dataset(1203, archive=Path("/sets/gan.zip"))))

    assert after == dataset(1203, archive=Path("/sets/gan.zip"))
    assert len({id(image.path) for image in after.images}) == 1


def test_names_that_are_no_text_on_disk_survive() -> None:
    before = dataset(1)
    odd = Dataset("odd", before.role, Path("/a/\udcff"), before.kind, before.images * 2, notes=("\udcfe",))

    assert pickle.loads(pickle.dumps(odd)) == odd
    assert PurePosixPath(pickle.loads(pickle.dumps(odd)).source).name == "\udcff"


def test_no_single_part_of_a_large_set_keeps_the_lock_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[float] = []
    loads = pickle.loads

    def timed(data: bytes) -> object:
        began = time.thread_time()
        read = loads(data)
        parts.append(time.thread_time() - began)
        return read

    whole = pickle.dumps(dataset(20_000))
    monkeypatch.setattr(pickle, "loads", timed)
    loads(whole)

    assert len(parts) == 40
    # 0.3 ms of work each; the whole took 200.
    assert max(parts) < 0.02


def test_another_thread_goes_on_while_a_large_set_is_read() -> None:
    whole, read = pickle.dumps(dataset(30_000)), threading.Event()

    def work() -> None:
        pickle.loads(whole)
        read.set()

    reader = threading.Thread(target=work)
    turns = 0
    reader.start()
    while not read.is_set():
        time.sleep(0.0005)
        turns += 1
    reader.join()

    assert turns >= 10


def test_reading_a_large_set_brings_no_look_for_cycles_then_or_later(looks: list[int]) -> None:
    whole = pickle.dumps(dataset(20_000))
    gc.collect()
    frozen = gc.get_freeze_count()
    looks.clear()

    after = pickle.loads(whole)

    assert looks == []
    assert gc.get_freeze_count() - frozen >= 2 * len(after)
    assert gc.isenabled()


def test_the_records_of_a_large_set_still_go_with_their_last_owner(looks: list[int]) -> None:
    after = pickle.loads(pickle.dumps(dataset(20_000)))
    frozen = gc.get_freeze_count()

    del after

    assert frozen - gc.get_freeze_count() >= 40_000


def test_few_objects_are_looked_at_as_ever(looks: list[int]) -> None:
    gc.collect()
    frozen = gc.get_freeze_count()

    with collector_held_back():
        kept = [[number] for number in range(100)]

    assert gc.get_freeze_count() == frozen
    assert gc.is_tracked(kept)


def test_the_collector_is_on_again_after_an_error_and_stays_off_where_it_was_off() -> None:
    with pytest.raises(ValueError, match="broken"), collector_held_back():
        raise ValueError("broken")
    assert gc.isenabled()

    gc.disable()
    try:
        with collector_held_back():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_digest_of_the_content_that_is_known_goes_along_and_says_the_same() -> None:
    before, fresh = dataset(501), dataset(501)

    assert "content_digest" not in vars(pickle.loads(pickle.dumps(before)))
    digest = before.content_digest
    after = pickle.loads(pickle.dumps(before))

    assert vars(after)["content_digest"] == digest == fresh.content_digest
    assert after == fresh
    assert replace(after, images=after.images[1:]).content_digest != digest
