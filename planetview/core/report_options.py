"""What a person chooses for a report."""

from __future__ import annotations

from dataclasses import dataclass, field

from planetview.core.generation import PathLengthResult
from planetview.core.study_marks import StudyMarks

MOST_BANNER = 120


def marking_of(text: str) -> str:
    """Return a text as a marking: one line of at most `MOST_BANNER` characters."""
    return " ".join(text.split())[:MOST_BANNER].rstrip()


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The choices of one report.

    title: of the study, "" for the names of the candidates. banner: a marking that stands on top and at the bottom of
    every page, "" for none. pictures: whether images of the sets are shown. path_lengths: of generators, to be printed
    with the numbers of the images. marked: marks of the study on single images. shows_marks: whether these images are
    listed; that images were excluded is said in any case.
    """

    title: str = ""
    banner: str = ""
    pictures: bool = True
    path_lengths: tuple[PathLengthResult, ...] = ()
    marked: StudyMarks = field(default_factory=StudyMarks)
    shows_marks: bool = True
