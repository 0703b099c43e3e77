from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.marks import Marks
from planetview.core.study_schema import marks_document, marks_from

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


@given(before=_keys, more=_keys, rating=st.integers(1, 5), other=st.integers(0, 5))
def test_an_image_has_the_rating_given_last_or_none(
    before: frozenset, more: frozenset, rating: int, other: int
) -> None:
    marks = Marks().with_rating(before, rating).with_rating(more, other)
    for key in before | more:
        assert marks.rating_of(key) == (other if key in more else rating)
    assert sum(map(len, marks.rated)) == len(before | more if other else before - more)
    assert marks.with_rating(before | more, 0) == Marks()


def test_a_rating_is_at_most_five() -> None:
    with pytest.raises(ValueError, match="0 to 5"):
        Marks().with_rating([("real", "a")], 6)


def test_ratings_are_told_set_by_set_and_follow_a_set_to_its_new_name() -> None:
    marks = Marks().with_rating([("real", "b"), ("made", "a")], 2).with_rating([("real", "a")], 5)
    assert marks.ratings_of("real") == {"a": 5, "b": 2}
    assert marks.renamed("real", "train").ratings_of("train") == {"a": 5, "b": 2}
    assert marks.renamed("real", "train").ratings_of("made") == {"a": 2}


def test_ratings_come_back_from_a_study_and_files_without_them_are_read() -> None:
    marks = Marks(frozenset({("real", "a")})).with_rating([("real", "b")], 3)
    document = marks_document(marks)
    assert marks_from(json.loads(json.dumps(document))) == marks
    assert "ratings" not in marks_document(Marks())
    assert marks_from({"flagged": {"real": ["a"]}, "excluded": {}}) == Marks(frozenset({("real", "a")}))


@pytest.mark.parametrize(
    "ratings", [{"6": {}}, {"0": {"real": ["a"]}}, {"x": {}}, [1], {"3": ["a"]}, {"3": {"real": [1]}}]
)
def test_what_is_no_rating_is_refused(ratings: object) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        marks_from({"flagged": {}, "excluded": {}, "ratings": ratings})
