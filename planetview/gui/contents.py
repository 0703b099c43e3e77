"""The sets of a study at one moment, and those of its sources that are not there."""

from __future__ import annotations

from dataclasses import dataclass, field

from planetview.core.datasets import Dataset
from planetview.core.marks import Marks
from planetview.core.study import StudySource


@dataclass(frozen=True, slots=True)
class MissingSource:
    """A source of the study that could not be scanned; kept, so that saving the study does not lose it."""

    source: StudySource
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Contents:
    """The sets of a study and how it is marked, at one moment; what undo goes back to."""

    datasets: tuple[Dataset, ...] = ()
    missing: tuple[MissingSource, ...] = ()
    marks: Marks = field(default_factory=Marks)
    marking: str = ""

    def names(self) -> set[str]:
        """Return the names in use."""
        return {dataset.name for dataset in self.datasets} | {item.source.name for item in self.missing}


def free_name(name: str, taken: set[str]) -> str:
    """Return a name for a set that none of those in use has: `name`, or with a number."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name} ({number})", number + 1
    return free
