"""Summaries of sets, and moved folders: counted by hand, compared with the program's answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.relinking import Match, common_folder, match, moved_along
from planetview.core.set_summary import summarise


def record(name: str, digest: str = "", size: tuple[int, int] = (64, 64), label: str | None = None) -> ImageRecord:
    return ImageRecord(name, Path("/sets") / name, None, label, digest or name, 10, *size, 1, "uint8")


def dataset(*images: ImageRecord) -> Dataset:
    return Dataset("a", Role.CANDIDATE, Path("/sets"), SourceKind.FOLDER, images)


def test_the_few_images_of_another_size_are_named() -> None:
    images = [record(f"{i}") for i in range(30)]
    found = summarise(dataset(*images, record("wide", size=(80, 64)), record("tall", size=(64, 90))))

    assert found.odd_sizes == (("wide", 80, 64), ("tall", 64, 90))
    assert found.sizes[64, 64] == 30


def test_no_size_is_odd_where_many_differ() -> None:
    found = summarise(dataset(*(record(f"{i}", size=(64 + i % 5, 64)) for i in range(30))))

    assert found.odd_sizes == ()
    assert len(found.sizes) == 5


def test_images_of_equal_bytes_stand_together_in_the_order_of_the_set() -> None:
    found = summarise(dataset(record("a", "x"), record("b"), record("c", "x"), record("d", "x"), record("e", "b")))

    assert found.repeats == (("a", "c", "d"), ("b", "e"))
    assert found.extra_copies == 3


def test_an_empty_set_has_an_empty_summary() -> None:
    found = summarise(dataset())

    assert (found.count, found.sizes, found.labels, found.repeats, found.unlabelled) == (0, {}, {}, (), 0)


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.lists(st.sampled_from(["crater", "dune", None]), max_size=40))
def test_counts_add_up(digests: list[str], labels: list[str | None]) -> None:
    pairs = list(zip(digests, labels, strict=False))
    found = summarise(dataset(*(record(f"{i}", digest, label=label) for i, (digest, label) in enumerate(pairs))))

    assert found.extra_copies == len(pairs) - len({digest for digest, _ in pairs})
    assert sum(found.sizes.values()) == sum(found.dtypes.values()) == len(pairs)
    assert not found.labels or sum(found.labels.values()) + found.unlabelled == len(pairs)


def test_a_set_found_again_is_compared_by_bytes_and_names() -> None:
    known = dataset(record("a"), record("b"), record("c"))

    assert match(known, known) == Match(3, 3, 3, 0)
    assert match(known, known).is_same
    moved = dataset(*(replace(image, path=Path("/new") / image.name) for image in known.images))
    assert match(known, moved).is_same
    other = dataset(record("a"), record("b", "changed"), record("z"))
    assert match(known, other) == Match(3, 3, 1, 1)
    assert not match(known, dataset(*known.images, record("d"))).is_same


@pytest.mark.parametrize(
    ("old", "new", "other", "there"),
    [
        ("/old/sets/a", "/new/sets/a", "/old/sets/b", "/new/sets/b"),
        ("/old/sets/a", "/disk/a", "/old/sets/deep/b", "/disk/deep/b"),
        ("/old/sets/a", "/disk/renamed", "/old/sets/b", "/disk/b"),
        ("/old/sets/a", "/new/sets/a", "/elsewhere/b", None),
        ("/old/sets/a", "/old/sets/renamed", "/old/sets/b", None),
    ],
)
def test_neighbours_of_a_moved_folder_are_looked_for_beside_it(
    old: str, new: str, other: str, there: str | None
) -> None:
    found = moved_along(Path(old), Path(new), Path(other))

    assert found == (Path(there) if there else None)


def test_the_folder_above_several_is_found_unless_it_is_the_whole_disk() -> None:
    assert common_folder((Path("/data/old/a"), Path("/data/old/b"))) == Path("/data/old")
    assert common_folder((Path("/data/old/a"), Path("/data/b"))) == Path("/data")
    assert common_folder((Path("/data/a"), Path("/media/b"))) is None
