"""The marks of a study beside its results: which images the results hold, and which marks came after the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.marks import Marks
from planetview.core.results import Results


@dataclass(frozen=True, slots=True)
class StudyMarks:
    """The marks of a study with the sets they are on.

    places: name and source of each set of the study, in its order. datasets: those of them that were read, whole.
    """

    marks: Marks = field(default_factory=Marks)
    places: tuple[tuple[str, Path], ...] = ()
    datasets: tuple[Dataset, ...] = ()

    @property
    def has_any(self) -> bool:
        """Whether some image is flagged, excluded or rated."""
        return self.marks != Marks()


@dataclass(frozen=True, slots=True)
class MarkedSet:
    """One set of a study with its marks, as the results know it.

    name: in the study. is_read: whether its images are known. in_results: how many of them the results hold, None
    where it is no part of them.
    excluded, flagged: names of images. ratings: name -> 1 to 5. still_in: excluded images that the results hold.
    taken_in: images of the set, as it was read last, that are not excluded and that the results have not seen.
    records: of the marked images as far as they are known, in the order of the set.
    """

    name: str
    is_read: bool
    in_results: int | None
    excluded: frozenset[str]
    flagged: frozenset[str]
    ratings: Mapping[str, int]
    still_in: int
    taken_in: int
    records: Mapping[str, ImageRecord]

    @property
    def is_marked(self) -> bool:
        """Whether some image of the set is marked now."""
        return bool(self.excluded or self.flagged or self.ratings)


def marked_sets(study: StudyMarks, results: Results) -> tuple[MarkedSet, ...]:
    """Return the sets with marks, and those with images that were taken in after the run, in the order of the study.

    A part cut from the reference and a set renamed since the run are known by where they came from; a set of the
    results that the study no longer has follows under its own name.
    """
    parts: dict[str, list[Dataset]] = {name: [] for name, _source in study.places}
    names = {source: name for name, source in reversed(study.places)}
    for dataset in results.datasets:
        own = dataset.name if dataset.name in parts else names.get(dataset.source, dataset.name)
        parts.setdefault(own, []).append(dataset)
    read = {dataset.name: dataset for dataset in study.datasets}
    found = (_marked_set(name, own, read.get(name), study.marks, results) for name, own in parts.items())
    return tuple(one for one in found if one.is_marked or one.taken_in)


def _marked_set(name: str, parts: list[Dataset], read: Dataset | None, marks: Marks, results: Results) -> MarkedSet:
    excluded, flagged = frozenset(marks.excluded_of(name)), frozenset(marks.flagged_of(name))
    ratings = marks.ratings_of(name)
    seen = {image.name for part in parts for image in part.images}
    failed = {image for part in parts for image, _reason in results.unusable.get(part.name, ())}
    known = seen.union(excluded, failed)
    records: dict[str, ImageRecord] = {}
    wanted = {*excluded, *flagged, *ratings}
    # The order of the whole set, with the images as the run saw them.
    for image in chain(read.images if read is not None else (), *(part.images for part in parts)):
        if image.name in wanted:
            records[image.name] = image
    return MarkedSet(
        name,
        read is not None,
        len(seen) if parts else None,
        excluded,
        flagged,
        ratings,
        len(excluded & seen),
        sum(image.name not in known for image in read.images) if read is not None and parts else 0,
        records,
    )
