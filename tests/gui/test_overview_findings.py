"""What the overview says first: a verdict a candidate, and clauses that lead to the numbers and images behind them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from planetview.core.findings import Evidence
from planetview.core.results import Gap, Results
from planetview.core.selection import SelectionState
from planetview.core.settings import RunSettings
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.overview import OverviewPage
from tests.gui.overview_parts import titles, value


@pytest.fixture
def found(results: Results) -> Results:
    """Return results with gaps: every third reference image lacks a neighbour in gan_v1."""
    everything, third = np.arange(48), np.arange(0, 48, 3)
    return dataclasses.replace(results, gaps=(Gap("gan_v1", "vgg16-st", everything, third, np.array([4])),))


@pytest.fixture
def page(qtbot: QtBot, theme: Theme, found: Results) -> Iterator[OverviewPage]:
    thumbs = ThumbnailCache()
    page = OverviewPage(SelectionState({d.name: len(d) for d in found.datasets}), theme, thumbs)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    page.show_results(found)
    qtbot.waitUntil(lambda: page._findings.text().count("\n") == 1)
    yield page
    thumbs.shutdown()


def clauses_of(page: OverviewPage, candidate: str) -> QLabel:
    labels = page._findings.findChildren(QLabel)
    return next(label for label in labels if label.accessibleName().startswith(f"{candidate}:"))


def follow(page: OverviewPage, candidate: str, evidence: Evidence) -> None:
    """Activate the clause with this evidence, as a click on its link does."""
    entry = page._findings._lines[0 if candidate == "gan_v1" else 1]._shown[0]
    number = next(i for i, clause in enumerate(entry.clauses) if clause.evidence is evidence)
    clauses_of(page, candidate).linkActivated.emit(str(number))


def test_each_candidate_has_its_verdict_in_words_and_its_clauses(page):
    first, second = page._findings.text().split("\n")

    assert first.startswith("gan_v1: Beyond floor; 3.1× the noise floor by Fréchet distance; ")
    assert "100 % of real 'crater' images have no synthetic neighbour (held-out: 0 %)" in first
    assert second.startswith("gan_v2: Within floor; 1.1× the noise floor by Fréchet distance; none of ")
    verdicts = [label.text() for label in page._findings.findChildren(QLabel)]
    assert any("▲" in text for text in verdicts)
    assert any("✓" in text for text in verdicts)


def test_a_clause_about_a_number_leads_to_its_cell_even_where_that_is_hidden(page):
    page._tools.filter.setText("psnr")
    page._tools._on_filtered()
    page._on_columns_chosen(page._model.column_choice.with_shown("candidate:gan_v2", False))

    follow(page, "gan_v2", Evidence.CELL)

    current = page._table.currentIndex()
    assert page._model.rows[current.row()] == MetricRow("fd", "vgg16-st")
    assert page._model.candidate_at(current.column()) == "gan_v2"
    assert page._table.hasFocus()


def test_the_count_of_worse_numbers_leads_to_just_those_the_worst_first(qtbot, page):
    worse = sum(v.beyond_floor is True for v in page._results.values if v.candidate == "gan_v1")

    follow(page, "gan_v1", Evidence.BEYOND)
    assert page._model.filtered_count == worse
    assert page._model.row_choice.sort == "candidate:gan_v1"
    assert "gan_v1 is worse" in page._tools._count.text()

    with qtbot.waitSignal(page.notice) as told:
        follow(page, "gan_v2", Evidence.BEYOND)
    assert told.args == ["No number of gan_v2 is worse than the floor."]
    assert len(titles(page._model)) > worse


def test_the_real_images_without_a_neighbour_are_selected_and_asked_for(qtbot, page):
    with qtbot.waitSignal(page.images_wanted) as wanted:
        follow(page, "gan_v1", Evidence.GAPS)

    dataset, mask, candidate, finding = wanted.args
    assert (dataset, candidate, finding.evidence) == ("real_train", "gan_v1", Evidence.GAPS)
    assert np.flatnonzero(mask).tolist() == list(range(0, 48, 3))
    assert page._selection.selected("real_train").tolist() == mask.tolist()
    assert page._selection.current == ("real_train", 0)


def test_a_gap_named_of_a_class_selects_the_images_of_that_class(qtbot, page, found):
    labels = ["crater", "dune"] * 24
    real = found.dataset("real_train")
    images = tuple(dataclasses.replace(image, label=label) for image, label in zip(real.images, labels, strict=True))
    gap = Gap("gan_v1", "vgg16-st", np.arange(48), np.array([0, 1, 2, 6, 8]), None)
    classed = dataclasses.replace(real, images=images)
    sets = tuple(classed if one is real else one for one in found.datasets)
    page.show_results(dataclasses.replace(found, datasets=sets, gaps=(gap,)))
    qtbot.waitUntil(lambda: "17 % of real 'crater' images" in page._findings.text())

    with qtbot.waitSignal(page.images_wanted) as wanted:
        follow(page, "gan_v1", Evidence.GAPS)

    assert np.flatnonzero(wanted.args[1]).tolist() == [0, 2, 6, 8]


def test_suspected_copies_are_selected_and_asked_for(qtbot, page, found):
    near = found.neighbours_of("gan_v1", "real_train").distances[:, 0]
    far = found.neighbours_of("gan_v1", "real_test").distances[:, 0]

    with qtbot.waitSignal(page.images_wanted) as wanted:
        follow(page, "gan_v1", Evidence.COPIES)

    assert wanted.args[0] == "gan_v1"
    assert wanted.args[1].tolist() == (near < 0.75 * far).tolist()
    assert (wanted.args[2], wanted.args[3].evidence) == ("gan_v1", Evidence.COPIES)


def test_clauses_are_reached_by_tab_and_followed_by_enter(qtbot, page):
    label = clauses_of(page, "gan_v1")
    label.setFocus(Qt.FocusReason.TabFocusReason)
    page._table.setCurrentIndex(page._model.index(5, 1))

    qtbot.keyClick(label, Qt.Key.Key_Tab)
    label.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(label, Qt.Key.Key_Return)

    assert page._model.rows[page._table.currentIndex().row()] == MetricRow("fd", "vgg16-st")


def test_a_run_that_goes_on_says_what_it_cannot_say_yet(qtbot, page):
    page.expect(("gan_v1", "gan_v2"), RunSettings())
    page.show_partial((value("fd", "gan_v1", 0.6, floor=0.2, ratio=3.0, beyond_floor=True),))

    qtbot.waitUntil(lambda: "3.0× the noise floor" in page._findings.text())
    assert "gan_v2: Cannot tell" in page._findings.text()


def test_very_many_candidates_come_in_parts(qtbot, page):
    many = [value("fd", f"gan_{i}", 1.0 + i) for i in range(60)]
    page._model.show(many)
    page._results = None
    page._refresh()

    more = page._findings._more
    qtbot.waitUntil(lambda: more.text() == "Show 24 more candidates")
    assert page._findings.text().count("\n") == 23
    more.click()
    qtbot.waitUntil(lambda: page._findings.text().count("\n") == 47)
    assert more.text() == "Show 12 more candidates"
