from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from planetview.core.datasets import Role
from planetview.core.marks import Marks
from planetview.core.study import Study
from planetview.gui.workspace import Workspace
from tests.samples import sample_results

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A study with the sets and the results of a run on them."""
    results = sample_results(tmp_path)
    workspace = Workspace()
    workspace.add(results.datasets)
    workspace.set_results(results, workspace.request())
    return workspace


def test_an_excluded_image_is_left_out_of_the_next_run_until_that_is_undone(workspace: Workspace) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    key = (candidate.name, candidate.images[1].name)
    workspace.set_excluded([key], True)
    assert [image.name for image in workspace.request().candidates[0].images] == [
        image.name for image in candidate.images if image.name != key[1]
    ]
    assert workspace.is_stale
    assert workspace.undo_stack.undoText() == f"Exclude '{key[1]}'"
    workspace.undo_stack.undo()
    assert workspace.request().candidates[0] is candidate
    assert not workspace.is_stale


def test_excluding_one_image_in_place_of_another_makes_the_results_stale(workspace: Workspace) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    first, second = ((candidate.name, image.name) for image in candidate.images[1:3])
    workspace.set_excluded([first], True)
    assert workspace.results is not None
    workspace.set_results(workspace.results, workspace.request())
    assert not workspace.is_stale
    workspace.set_excluded([first], False)
    workspace.set_excluded([second], True)
    assert workspace.is_stale


def test_a_flag_changes_no_run_and_follows_a_renamed_set(workspace: Workspace, qtbot) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    with qtbot.waitSignal(workspace.marks_changed):
        workspace.set_flagged([(candidate.name, candidate.images[0].name)], True)
    assert not workspace.is_stale and workspace.is_dirty
    workspace.rename(candidate.name, "renamed")
    assert workspace.marks.flagged == {("renamed", candidate.images[0].name)}
    assert workspace.set_name(candidate) == "renamed"


def test_a_set_without_any_image_left_keeps_a_run_from_starting(workspace: Workspace) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    workspace.set_excluded([(candidate.name, image.name) for image in candidate.images], True)
    assert candidate.name in workspace.missing_for_a_run()


def test_a_study_opened_with_images_excluded_after_its_run_has_stale_results(workspace: Workspace) -> None:
    study, datasets = workspace.study(), workspace.datasets
    candidate = next(dataset for dataset in datasets if dataset.role is Role.CANDIDATE)
    marks = study.marks.with_excluded([(candidate.name, candidate.images[0].name)], True)
    for one, is_stale in ((study, False), (replace(study, marks=marks), True)):
        opened = Workspace()
        opened.open(one, None)
        opened.add(datasets)
        opened.settle()
        assert opened.is_stale is is_stale
        assert opened.marks == one.marks


def test_a_new_study_has_no_marks(workspace: Workspace) -> None:
    workspace.set_flagged([(workspace.datasets[0].name, workspace.datasets[0].images[0].name)], True)
    workspace.open(Study(), None)
    assert not workspace.marks.flagged


def test_results_are_stale_by_what_their_run_left_out_and_not_by_when_it_was_excluded(workspace: Workspace) -> None:
    study, datasets = workspace.study(), workspace.datasets
    candidate = next(dataset for dataset in datasets if dataset.role is Role.CANDIDATE)
    keys = [(candidate.name, image.name) for image in candidate.images]
    opened = Workspace()
    opened.open(replace(study, marks=study.marks.with_excluded(keys[:2], True)), None, unsaved=True)
    opened.add(datasets)
    opened.settle()
    assert opened.is_stale
    opened.set_excluded(keys[:1], False)
    assert opened.is_stale
    opened.set_excluded(keys[1:2], False)
    assert not opened.is_stale, "all images that the run had are in again"


def test_results_of_a_run_without_an_image_are_stale_once_that_is_taken_in_again(workspace: Workspace) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    key = (candidate.name, candidate.images[0].name)
    workspace.set_excluded([key], True)
    study, results = workspace.study(), workspace.results
    assert results is not None
    sets = tuple(study.marks.kept(dataset) for dataset in results.datasets)
    for marks, is_stale in ((study.marks, False), (Marks(), True)):
        opened = Workspace()
        opened.open(replace(study, results=replace(results, datasets=sets), marks=marks), None)
        opened.add(workspace.datasets)
        opened.settle()
        assert opened.is_stale is is_stale
        opened.set_excluded([key], True)
        assert not opened.is_stale


def test_a_rating_can_be_undone_and_changes_no_run(workspace: Workspace) -> None:
    candidate = next(dataset for dataset in workspace.datasets if dataset.role is Role.CANDIDATE)
    keys = [(candidate.name, image.name) for image in candidate.images[:2]]
    workspace.set_rating(keys[:1], 4)
    workspace.set_rating(keys, 2)
    assert [workspace.marks.rating_of(key) for key in keys] == [2, 2]
    assert workspace.undo_stack.undoText() == "Rate 2 images 2" and not workspace.is_stale and workspace.is_dirty
    workspace.undo_stack.undo()
    assert [workspace.marks.rating_of(key) for key in keys] == [4, 0]
    assert workspace.undo_stack.undoText() == f"Rate '{keys[0][1]}' 4"
    workspace.set_rating(keys[:1], 0)
    assert workspace.undo_stack.undoText() == f"Remove the rating of '{keys[0][1]}'"
