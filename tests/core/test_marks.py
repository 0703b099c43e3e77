from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.marks import Marks

_keys = st.frozensets(st.tuples(st.sampled_from(["real", "made"]), st.sampled_from("abcdef")))


def _dataset(name: str, images: str = "abcdef") -> Dataset:
    records = tuple(ImageRecord(i, Path(i), None, None, f"digest {i}", 1, 8, 8, 1, "uint8") for i in images)
    return Dataset(name, Role.CANDIDATE, Path(name), SourceKind.FOLDER, records)


@given(before=_keys, more=_keys)
def test_excluding_and_taking_in_again_are_set_union_and_difference(before: frozenset, more: frozenset) -> None:
    marks = Marks(excluded=before)
    assert marks.with_excluded(more, True).excluded == before | more
    assert marks.with_excluded(more, False).excluded == before - more
    assert marks.with_flagged(more, True) == Marks(more, before)


def test_a_set_keeps_its_images_in_order_without_the_excluded_ones() -> None:
    marks = Marks(excluded=frozenset({("real", "b"), ("real", "e"), ("made", "a")}))
    assert [image.name for image in marks.kept(_dataset("real")).images] == ["a", "c", "d", "f"]
    assert marks.excluded_of("real") == ("b", "e")


def test_a_set_of_which_nothing_is_excluded_stays_the_same_object() -> None:
    marks = Marks(frozenset({("real", "a")}), frozenset({("made", "a"), ("real", "gone")}))
    dataset = _dataset("real")
    assert marks.kept(dataset) is dataset


def test_marks_follow_a_set_to_its_new_name_and_no_other() -> None:
    marks = Marks(frozenset({("real", "a"), ("made", "a")}), frozenset({("real", "b")}))
    assert marks.renamed("real", "train") == Marks(
        frozenset({("train", "a"), ("made", "a")}), frozenset({("train", "b")})
    )
