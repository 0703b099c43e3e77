"""Flags, exclusions and ratings in the report: what a reader is told, read back with an HTML parser."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.errors import ImageProblem
from planetview.core.marks import Marks
from planetview.core.recorded_stretch import image_loader
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import Study, StudySource
from planetview.core.study_marks import StudyMarks, marked_sets
from planetview.core.study_report import report_options_of
from planetview.report.html import render_report
from planetview.report.marked_images import MOST_NAMES, MOST_PICTURES
from planetview.report.paged import paged_report
from tests.samples import sample_results

HEADING = "Images marked by hand"
HOSTILE = ["<script>alert(1)</script>.png", '"><img src=x onerror=a>', "'}}{{7*7}}", "a\x1b[31m\x00"]


class Section(HTMLParser):
    """The section on marked images: rows of its table, pictures with their captions, lists, and all warnings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.figures: list[tuple[bool, str]] = []
        self.listed: list[str] = []
        self.warnings: list[str] = []
        self.titles: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._inside = self._warns = False
        self._words: list[str] | None = None
        self._has_picture = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        if tag == "h2":
            self._inside = known.get("id") == "marked"
        if tag == "section":
            self._warns = known.get("class") == "warnings"
        if tag == "img":
            self._has_picture = True
        if tag == "tr" and self._inside:
            self.rows.append([])
        if tag in ("td", "th", "figure", "li", "h3"):
            self._words, self._has_picture = [], False
        if tag == "br" and self._words is not None:
            self._words.append("|")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("td", "th", "figure", "li", "h3") or self._words is None:
            return
        words, self._words = " ".join("".join(self._words).split()), None
        if self._warns and tag == "li":
            self.warnings.append(words)
        if self._inside and tag in ("td", "th"):
            self.rows[-1].append(words)
        if self._inside and tag == "figure":
            self.figures.append((self._has_picture, words))
        if self._inside and tag == "li":
            self.listed.append(words)
        if self._inside and tag == "h3":
            self.titles.append(words)

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data
        if self._words is not None:
            self._words.append(data)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return sample_results(tmp_path, n=10)


def without(results: Results, name: str, images: set[str]) -> Results:
    """Results of a run that left these images out; numbers do not matter here."""
    kept = [
        replace(one, images=tuple(i for i in one.images if i.name not in images)) if one.name == name else one
        for one in results.datasets
    ]
    return replace(results, datasets=tuple(kept), neighbours=(), pairs=(), entropy_bits={})


def study_of(whole: Results, marks: Marks, *, is_read: bool = True) -> ReportOptions:
    sources = tuple(StudySource(one.source, one.name, one.role) for one in whole.datasets)
    return report_options_of(Study("Mars", sources, marks=marks), whole.datasets if is_read else ())


def tile(i: int) -> str:
    return f"tile_{i:04d}.png"


def report(results: Results, options: ReportOptions) -> Section:
    return Section(render_report(results, image_loader(results, options.marked.datasets), options))


def test_a_study_without_marks_has_the_same_report_as_ever(results: Results) -> None:
    options = study_of(results, Marks())
    bare = replace(options, marked=StudyMarks())
    load = image_loader(results)

    assert render_report(results, load, options) == render_report(results, load, bare)
    assert HEADING not in render_report(results, load, options)
    assert paged_report(results, load, options) == paged_report(results, load, bare)


def test_the_table_counts_the_marks_of_each_set(results: Results) -> None:
    marks = Marks().with_flagged([("gan_v1", tile(1)), ("real_train", tile(2))], True)
    marks = marks.with_excluded([("gan_v1", tile(3))], True).with_rating([("gan_v1", tile(i)) for i in (4, 5)], 5)
    marks = marks.with_rating([("gan_v1", tile(6))], 1)
    section = report(without(results, "gan_v1", {tile(3)}), study_of(results, marks))

    assert section.rows == [
        ["Set", "In the results", "Excluded", "Still in", "Flagged", "Rated", "5", "4", "3", "2", "1"],
        ["real_train", "20", "0", "0", "1", "0", "0", "0", "0", "0", "0"],
        ["gan_v1", "9", "1", "0", "1", "3", "2", "0", "0", "0", "1"],
    ]
    assert section.titles == ["Flagged images · 2", "Rated images, the best first · 3", "Excluded images · 1"]


def test_the_best_rated_come_first_and_captions_say_what_else_is_noted(results: Results) -> None:
    marks = Marks().with_rating([("gan_v1", tile(1)), ("gan_v2", tile(0))], 2).with_rating([("gan_v1", tile(8))], 5)
    marks = marks.with_flagged([("gan_v1", tile(0)), ("gan_v1", tile(8))], True)
    section = report(results, study_of(results, marks))

    assert section.figures == [
        (True, f"gan_v1 · rated 5|{tile(8)}"),
        (True, f"gan_v1|{tile(0)}"),
        (True, f"gan_v1 · rated 5 · flagged|{tile(8)}"),
        (True, f"gan_v1 · rated 2|{tile(1)}"),
        (True, f"gan_v2 · rated 2|{tile(0)}"),
    ]


@pytest.mark.parametrize(
    ("excluded", "left_out", "told"),
    [
        ({1, 2}, {1, 2}, ["Excluded by hand and left out of the results: 2 images of gan_v1."]),
        (
            {1, 2, 3},
            {1},
            [
                "Excluded by hand and left out of the results: 1 image of gan_v1.",
                "Excluded by hand after the run, so still in the results: 2 images of gan_v1.",
                "The results are not of the images as they are marked now: run again for those.",
            ],
        ),
        (
            set(),
            {1, 2, 3},
            [
                "Taken in again or added after the run, so not in the results: 3 images of gan_v1.",
                "The results are not of the images as they are marked now: run again for those.",
            ],
        ),
    ],
)
def test_a_reader_learns_at_the_top_what_was_excluded_and_whether_that_still_holds(
    excluded: set[int], left_out: set[int], told: list[str], results: Results
) -> None:
    marks = Marks().with_excluded([("gan_v1", tile(i)) for i in excluded], True)
    run = replace(without(results, "gan_v1", {tile(i) for i in left_out}), warnings=(), unusable={})

    for options in (study_of(results, marks), replace(study_of(results, marks), shows_marks=False)):
        assert report(run, options).warnings == told
        paper = paged_report(run, image_loader(run), options).html
        assert all(words in paper for words in told)
    assert report(run, replace(study_of(results, marks), shows_marks=False)).rows == []
    assert HEADING not in paper


def test_files_that_the_run_could_not_read_are_not_said_to_be_taken_in_again(results: Results) -> None:
    run = replace(without(results, "gan_v1", {tile(1)}), unusable={"gan_v1": ((tile(1), "truncated"),)})

    assert marked_sets(study_of(results, Marks()).marked, run) == ()


def test_an_excluded_image_has_a_picture_where_its_set_was_read(results: Results) -> None:
    marks = Marks().with_excluded([("gan_v1", tile(3))], True).with_flagged([("gan_v1", tile(3))], True)
    run = without(results, "gan_v1", {tile(3)})

    assert report(run, study_of(results, marks)).figures == [
        (True, f"gan_v1 · excluded|{tile(3)}"),
        (True, f"gan_v1 · flagged|{tile(3)}"),
    ]
    unread = report(run, study_of(results, marks, is_read=False))
    assert [has for has, _ in unread.figures] == [False, False]
    assert "not in the results, and its set was not read" in unread.figures[0][1]


def test_a_left_out_image_is_shown_with_the_stretch_of_its_set(tmp_path: Path, results: Results) -> None:
    deep = tmp_path / "deep.tif"
    Image.fromarray(np.full((8, 8), 3000, np.uint16)).save(deep)
    own = results.dataset("gan_v1")
    digest = hashlib.sha256(deep.read_bytes()).hexdigest()
    record = replace(own.images[0], name="deep.tif", path=deep, digest=digest, dtype="uint16")
    run = replace(
        results,
        settings=replace(results.settings, stretch=Stretch(StretchKind.SET_PERCENTILE)),
        provenance={"stretch": {"per dataset": {"gan_v1": "range:2000.0:4000.0"}}},
    )
    load = image_loader(run, [replace(own, name="renamed", images=(*own.images, record))])

    assert load(record)[0, 0].tolist() == [128, 128, 128]


def test_pictures_are_bounded_and_the_rest_is_counted_and_listed(results: Results) -> None:
    names = [f"tile {i}" for i in range(3000)]
    record = results.dataset("gan_v1").images[0]
    many = replace(results.dataset("gan_v1"), images=tuple(replace(record, name=name) for name in names))
    run = replace(
        results, datasets=tuple(many if one.name == "gan_v1" else one for one in results.datasets), neighbours=()
    )
    marks = Marks().with_flagged([("gan_v1", name) for name in names], True)
    section = report(run, study_of(run, marks))

    assert [words for _, words in section.figures] == [f"gan_v1|{name}" for name in names[:MOST_PICTURES]]
    assert f"and {3000 - MOST_PICTURES:,} more" in section.text
    assert section.listed == [f"gan_v1: {name}" for name in names[MOST_PICTURES:][:MOST_NAMES]]
    assert f"The first {MOST_NAMES} are listed." in section.text
    paper = paged_report(run, image_loader(run), study_of(run, marks))
    assert "and 2,988 more" in paper.html and len(paper.pictures) == 12


def test_without_pictures_the_names_are_listed(results: Results) -> None:
    marks = Marks().with_flagged([("gan_v1", tile(i)) for i in range(3)], True)
    section = report(results, replace(study_of(results, marks), pictures=False))

    assert section.figures == [] and section.listed == [f"gan_v1: {tile(i)}" for i in range(3)]
    paper = paged_report(results, image_loader(results), replace(study_of(results, marks), pictures=False))
    assert tile(2) in paper.html.replace("\u200b", "") and not paper.pictures


def test_images_that_are_gone_keep_their_place_with_the_reason(results: Results) -> None:
    def broken(record: ImageRecord) -> np.ndarray:
        raise ImageProblem("no such file")

    marks = Marks().with_flagged([("gan_v1", tile(0)), ("gan_v1", "deleted.png")], True)
    section = Section(render_report(results, broken, study_of(results, marks)))

    assert [words for _, words in section.figures] == [
        f"No picture: no such file gan_v1|{tile(0)}",
        "No picture: no longer in the set gan_v1|deleted.png",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_of_sets_and_images_are_shown_not_obeyed(name: str, results: Results) -> None:
    evil = replace(results.dataset("gan_v1"), name=name)
    evil = replace(evil, images=(replace(evil.images[0], name=name), *evil.images[1:]))
    run = replace(results, datasets=(*results.datasets[:2], evil), neighbours=(), pairs=(), entropy_bits={}, values=())
    marks = Marks().with_flagged([(name, name), (name, f"gone{name}")], True).with_excluded([(name, name)], True)
    shown = name.replace("\x1b", "�").replace("\x00", "�")

    for pictures in (True, False):
        options = replace(study_of(run, marks), pictures=pictures)
        section = report(run, options)
        assert "script" not in section.tags and "\x1b" not in section.text
        assert shown in section.text and any(" ".join(shown.split()) in row[0] for row in section.rows)
        paper = paged_report(run, image_loader(run), options).html
        assert "<script>alert" not in paper and "<img src=x" not in paper and "\x1b" not in paper


def test_marks_follow_a_set_that_was_renamed_or_cut_since_the_run(results: Results) -> None:
    whole = results.dataset("real_train")
    parts = (replace(whole, images=whole.images[:12]), replace(whole, name="cut", images=whole.images[12:]))
    run = replace(results, datasets=(*parts, *results.datasets[1:]), neighbours=())
    place = ("renamed", whole.source)
    marks = Marks().with_rating([("renamed", tile(i)) for i in (2, 15)], 4)
    (found,) = marked_sets(StudyMarks(marks, (place,), (replace(whole, name="renamed"),)), run)

    assert (found.name, found.in_results, found.taken_in) == ("renamed", 20, 0)
    assert list(found.records) == [tile(2), tile(15)]


def test_marks_of_a_set_that_left_the_study_are_those_of_the_results(results: Results) -> None:
    marks = Marks().with_flagged([("gan_v1", tile(0)), ("never there", "a.png")], True)

    (found,) = marked_sets(StudyMarks(marks), results)

    assert (found.name, found.flagged) == ("gan_v1", frozenset({tile(0)}))


def test_a_set_that_is_no_part_of_the_results_says_so(results: Results, tmp_path: Path) -> None:
    other: Dataset = replace(results.dataset("gan_v2"), name="later", source=tmp_path / "later")
    sources = tuple(StudySource(one.source, one.name, one.role) for one in (*results.datasets, other))
    marks = Marks().with_excluded([("later", tile(0))], True)
    options = report_options_of(Study("Mars", sources, marks=marks), (*results.datasets, other))
    section = report(replace(results, warnings=()), options)

    assert section.warnings == ["Excluded by hand from a set that is no part of the results: 1 image of later."]
    assert section.rows[1] == ["later", "none", "1", "0", "0"]


def test_the_page_with_every_image_marked_stays_small(results: Results) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    keys = [(one.name, image.name) for one in results.datasets for image in one.images]
    marks = Marks().with_flagged(keys, True).with_excluded(keys, True).with_rating(keys, 3)

    html = render_report(results, lambda _record: noise, study_of(results, marks))

    part = html[html.index('id="marked"') : html.index('id="entropy"')]
    assert sum(map(len, re.findall(r"data:image/[^\"]*", part))) < 800_000 < 6_000_000 - len(html)
    assert "left out to keep this page small" in part
