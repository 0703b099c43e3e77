"""What a person chooses for a report."""

from __future__ import annotations

from dataclasses import dataclass

from planetview.core.generation import PathLengthResult

MOST_BANNER = 120


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """The choices of one report.

    title: of the study, "" for the names of the candidates. banner: a marking that stands on top and at the bottom of
    every page, "" for none. pictures: whether images of the sets are shown. path_lengths: of generators, to be printed
    with the numbers of the images.
    """

    title: str = ""
    banner: str = ""
    pictures: bool = True
    path_lengths: tuple[PathLengthResult, ...] = ()
