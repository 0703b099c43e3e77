"""Seeded choices are reproducible, nested, and blind to names and order."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.engine.sampling import set_digest, split_reference, subsample


@given(st.integers(1, 300), st.data(), st.integers(0, 2**32 - 1))
def test_smaller_samples_are_parts_of_larger_ones(total: int, data: st.DataObject, seed: int) -> None:
    n = data.draw(st.integers(0, total))
    m = data.draw(st.integers(0, n))

    large, small = subsample(total, n, seed, Role.REFERENCE), subsample(total, m, seed, Role.REFERENCE)

    assert len(set(large.tolist())) == n
    assert set(small.tolist()) <= set(large.tolist())


def test_roles_draw_independently() -> None:
    picks = {tuple(subsample(1000, 50, 7, role).tolist()) for role in Role}

    assert len(picks) == 3


def test_more_than_there_is_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="cannot take 5 of 4"):
        subsample(4, 5, 0, Role.CANDIDATE)


def _dataset(digests: list[str]) -> Dataset:
    images = tuple(
        ImageRecord(f"{i}.png", Path(f"{i}.png"), None, None, d, 1, 8, 8, 1, "uint8") for i, d in enumerate(digests)
    )
    return Dataset("real", Role.REFERENCE, Path("real"), SourceKind.FOLDER, images)


@given(st.lists(st.sampled_from([f"{i:064x}" for i in range(30)]), min_size=4, max_size=60), st.integers(0, 99))
def test_a_split_keeps_equal_images_together_and_ignores_order(digests: list[str], seed: int) -> None:
    kept, held = split_reference(_dataset(digests), 0.5, seed)
    again, _ = split_reference(_dataset(digests[::-1]), 0.5, seed)

    sides = [{image.digest for image in side.images} for side in (kept, held)]
    assert not sides[0] & sides[1]
    assert len(kept) + len(held) == len(digests)
    assert {image.digest for image in again.images} == sides[0]
    assert held.role is Role.HELD_OUT


def test_the_key_of_a_set_depends_on_order_and_space() -> None:
    base = set_digest(["a", "b"], "s")

    assert len({base, set_digest(["b", "a"], "s"), set_digest(["a", "b"], "t"), set_digest(["a"], "s")}) == 4
