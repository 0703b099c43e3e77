"""The schemas of study files: the present one, and the way to it from every earlier one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from planetview.core.marks import BEST_RATING, ImageKey, Marks

STUDY_SCHEMA = 2
_RATINGS = frozenset(map(str, range(1, BEST_RATING + 1)))


def _from_1(document: dict[str, Any]) -> dict[str, Any]:
    """Schema 2 added marks, fingerprints of the sets and the state of the window."""
    return {
        **document,
        "schema": 2,
        # The first files of schema 1 were written before generators could be measured.
        "path_lengths": document.get("path_lengths", []),
        "marks": marks_document(Marks()),
        "window": {},
    }


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_1}
"""Each turns a document of its schema into one of the next."""


def marks_document(marks: Marks) -> dict[str, Any]:
    """Return marks as they stand in a study file: what was done -> name of the set -> names of images.

    Ratings stand there as rating -> name of the set -> names of images, only where there is one.
    """
    document: dict[str, Any] = {"flagged": _grouped(marks.flagged), "excluded": _grouped(marks.excluded)}
    ratings = {str(rating): _grouped(keys) for rating, keys in enumerate(marks.rated, 1) if keys}
    return document | ({"ratings": ratings} if ratings else {})


def marks_from(value: Any) -> Marks:
    """Return what `marks_document` wrote; raises ValueError or TypeError for anything else."""
    marks = Marks(_keys(value["flagged"]), _keys(value["excluded"]))
    # Files of earlier versions have none.
    for rating, images in value.get("ratings", {}).items():
        if rating not in _RATINGS:
            raise ValueError(f"no rating: {rating}")
        marks = marks.with_rating(_keys(images), int(rating))
    return marks


def _grouped(keys: Iterable[ImageKey]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for dataset, image in sorted(keys):
        grouped.setdefault(dataset, []).append(image)
    return grouped


def _keys(value: Any) -> frozenset[ImageKey]:
    keys = frozenset((dataset, image) for dataset, images in value.items() for image in images)
    if not all(isinstance(dataset, str) and isinstance(image, str) for dataset, image in keys):
        raise ValueError("marks are of named images")
    return keys
