"""What a person noted on single images, as a section of a report: exclusions, flags, ratings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from planetview.core.formatting import format_count
from planetview.core.marks import BEST_RATING
from planetview.core.study_marks import MarkedSet
from planetview.report.thumbnails import LoadRgb8, Thumbnails, picture

MOST_PICTURES = 24
MOST_NAMES = 200
_BUDGET_BYTES = 800_000
_RATINGS = range(BEST_RATING, 0, -1)


def exclusion_lines(sets: Sequence[MarkedSet]) -> list[str]:
    """Return sentences on the images that the results leave out, and on marks that came after the run; few or none."""
    told = (
        (
            "Excluded by hand and left out of the results: {}.",
            lambda one: 0 if one.in_results is None else len(one.excluded) - one.still_in,
        ),
        ("Excluded by hand after the run, so still in the results: {}.", lambda one: one.still_in),
        ("Taken in again or added after the run, so not in the results: {}.", lambda one: one.taken_in),
        (
            "Excluded by hand from a set that is no part of the results: {}.",
            lambda one: len(one.excluded) if one.in_results is None else 0,
        ),
    )
    lines = [words.format(counts) for words, count in told if (counts := _counts(sets, count))]
    if any(one.still_in or one.taken_in for one in sets):
        lines.append("The results are not of the images as they are marked now: run again for those.")
    return lines


def marked_images(sets: Sequence[MarkedSet], load_rgb8: LoadRgb8 | None) -> dict[str, Any] | None:
    """Return the table of marks by set and the marked images by kind; None where no image is marked.

    load_rgb8: as for `render_report`; None for names in place of pictures.
    """
    sets = [one for one in sets if one.is_marked]
    if not sets:
        return None
    thumbnails = None if load_rgb8 is None else Thumbnails(load_rgb8, _BUDGET_BYTES)
    kinds = (
        ("flagged", "Flagged images", list(_flagged(sets))),
        ("rated", "Rated images, the best first", list(_rated(sets))),
        ("excluded", "Excluded images", list(_excluded(sets))),
    )
    return {
        "ratings": list(_RATINGS) if any(one.ratings for one in sets) else [],
        "rows": [_row(one) for one in sets],
        "groups": [_group(kind, title, images, thumbnails) for kind, title, images in kinds if images],
    }


def _counts(sets: Sequence[MarkedSet], count: Callable[[MarkedSet], int]) -> str:
    parts = [f"{_images(number)} of {one.name}" for one in sets if (number := count(one))]
    return ", ".join(parts[:8]) + (f" and more of {len(parts) - 8} other sets" if len(parts) > 8 else "")


def _images(number: int) -> str:
    return f"{format_count(number)} {'image' if number == 1 else 'images'}"


def _row(one: MarkedSet) -> dict[str, Any]:
    ratings = list(one.ratings.values())
    return {
        "name": one.name,
        "in_results": "none" if one.in_results is None else format_count(one.in_results),
        "excluded": len(one.excluded),
        "still_in": one.still_in,
        "flagged": len(one.flagged),
        "rated": len(ratings),
        "counts": [ratings.count(rating) for rating in _RATINGS],
    }


def _flagged(sets: Sequence[MarkedSet]) -> Iterator[tuple[MarkedSet, str]]:
    """Yield the flagged images, the best rated first, then in the order of the study."""
    found = [(one, image) for one in sets for image in _in_order(one, one.flagged)]
    yield from sorted(found, key=lambda pair: -pair[0].ratings.get(pair[1], 0))


def _rated(sets: Sequence[MarkedSet]) -> Iterator[tuple[MarkedSet, str]]:
    found = [(one, image) for one in sets for image in _in_order(one, one.ratings)]
    yield from sorted(found, key=lambda pair: -pair[0].ratings[pair[1]])


def _excluded(sets: Sequence[MarkedSet]) -> Iterator[tuple[MarkedSet, str]]:
    return ((one, image) for one in sets for image in _in_order(one, one.excluded))


def _in_order(one: MarkedSet, names: Collection[str]) -> list[str]:
    """Return names in the order of the set, then those that nothing is known of."""
    places = {name: place for place, name in enumerate(one.records)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def _group(kind: str, title: str, images: list[tuple[MarkedSet, str]], thumbnails: Thumbnails | None) -> dict[str, Any]:
    shown = images[:MOST_PICTURES] if thumbnails is not None else []
    rest = images[len(shown) :]
    return {
        "title": title,
        "count": len(images),
        "pictures": [_picture(one, image, kind, thumbnails) for one, image in shown if thumbnails is not None],
        "more": len(rest),
        "names": [f"{one.name}: {image}{_noted(one, image, kind)}" for one, image in rest[:MOST_NAMES]],
    }


def _picture(one: MarkedSet, image: str, kind: str, thumbnails: Thumbnails) -> dict[str, Any]:
    words = f"{one.name}{_noted(one, image, kind)}"
    record = one.records.get(image)
    if record is None:
        problem = "no longer in the set" if one.is_read else "not in the results, and its set was not read"
        return {"words": words, "name": image, "uri": "", "problem": problem, "distance": ""}
    return picture(words, record, None, thumbnails)


def _noted(one: MarkedSet, image: str, kind: str) -> str:
    """Return what else is noted on an image of a group."""
    rating = one.ratings.get(image, 0)
    noted = (
        f"rated {rating}" if rating else "",
        "flagged" if kind != "flagged" and image in one.flagged else "",
        "excluded" if kind != "excluded" and image in one.excluded else "",
    )
    return "".join(f" · {word}" for word in noted if word)
