"""What a study says about its report."""

from __future__ import annotations

from collections.abc import Sequence

from planetview.core.datasets import Dataset
from planetview.core.report_options import ReportOptions
from planetview.core.study import Study
from planetview.core.study_marks import StudyMarks


def report_options_of(study: Study, datasets: Sequence[Dataset] = ()) -> ReportOptions:
    """Return the options of the report of a study: title, marking, path lengths, marks.

    datasets: sets of the study as they were read, whole; without them images that the results lack have no picture.
    """
    places = tuple((source.name, source.path) for source in study.sources)
    return ReportOptions(
        title="" if study.title == Study().title else study.title,
        banner=study.marking,
        path_lengths=study.path_lengths,
        marked=StudyMarks(study.marks, places, tuple(datasets)),
    )
