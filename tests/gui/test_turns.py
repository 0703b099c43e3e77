"""The window's longer work is cut up: one part in a turn of the event loop, serialising in another process."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from planetview.core.datasets import SharedImages
from planetview.core.errors import UserError
from planetview.core.results import Results
from planetview.core.selection import SelectionState
from planetview.core.study import Study, load_study, save_study
from planetview.gui.apart import IMAGES_IN_A_THREAD, call_beside
from planetview.gui.background import Background
from planetview.gui.idle import IdleWork
from planetview.gui.main_window import MainWindow
from planetview.gui.pages import load_page_modules
from planetview.gui.study_files import StudyFiles
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.turns import REST, Turns
from planetview.gui.views.entropy import EntropyPage
from planetview.gui.views.overview import OverviewPage
from planetview.gui.views.role_sheet import RoleSheet
from planetview.gui.workspace import Workspace

MANY = IMAGES_IN_A_THREAD + 1


@pytest.fixture
def sheet(qtbot: QtBot, theme: Theme) -> RoleSheet:
    sheet = RoleSheet(Workspace(), ThumbnailCache(), theme)
    qtbot.addWidget(sheet)
    qtbot.waitUntil(lambda: sheet.is_complete)
    return sheet


@pytest.fixture
def prepared(filled: MainWindow, qtbot: QtBot) -> MainWindow:
    """Return the window with all pages made."""
    filled.warm_up(load_page_modules)
    qtbot.waitUntil(lambda: filled.pages.page("correlation") is not None and filled.preparing.is_done, timeout=20_000)
    return filled


def test_cards_are_made_one_a_turn_and_stand_in_order(sheet: RoleSheet, results: Results, qtbot: QtBot) -> None:
    counts: list[int] = []
    sheet.card_column.making._timer.timeout.connect(lambda: counts.append(len(sheet.cards())))

    sheet._workspace.add(results.datasets)
    assert len(sheet.cards()) == 1
    qtbot.waitUntil(lambda: sheet.is_complete)

    assert counts[:3] == [2, 3, 4]

    assert [card.dataset.name for card in sheet.cards()] == ["real_train", "real_test", "gan_v1", "gan_v2"]
    places = [sheet.card_column.place_of(card) for card in sheet.cards()]
    assert places == [0, 1, 2, 3]


def test_a_change_of_one_set_leaves_the_cards_of_the_others(sheet: RoleSheet, results: Results, qtbot: QtBot) -> None:
    sheet._workspace.add(results.datasets)
    qtbot.waitUntil(lambda: sheet.is_complete)
    before = sheet.cards()

    sheet._workspace.rename("real_test", "unseen")
    qtbot.waitUntil(lambda: sheet.is_complete)

    after = sheet.cards()
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, False, True, True]
    assert after[1].dataset.name == "unseen"


def test_a_card_that_comes_later_says_what_was_found_before_it(
    sheet: RoleSheet, results: Results, qtbot: QtBot
) -> None:
    sheet._workspace.add(results.datasets)
    sheet._workspace.set_shared((SharedImages("real_train", "gan_v2", (("a.png", "b.png"),)),))

    qtbot.waitUntil(lambda: sheet.is_complete)

    assert "shared with 'real_train'" in sheet.cards()[3]._shared_label.text()


def test_hidden_pages_get_results_in_later_turns_one_page_in_each(prepared: MainWindow, results: Results) -> None:
    pages = prepared.pages

    pages.show_results(results)
    hidden = [pages.page(page_id) for page_id in ("neighbours", "entropy", "correlation")]
    assert [page._results for page in hidden] == [None, None, None]

    filled = [sum(page._results is not None for page in hidden) for _ in pages.fill()]
    assert filled == [0, 1, 2, 3]  # the overview comes first


def test_results_that_arrive_reach_the_hidden_pages_by_themselves(prepared: MainWindow, qtbot: QtBot) -> None:
    prepared.controller.run()

    qtbot.waitUntil(lambda: prepared.pages.page("correlation")._results is not None, timeout=5000)

    assert prepared.pages.page("correlation")._results is prepared.workspace.results


def test_results_of_very_many_images_wait_for_the_show(prepared: MainWindow, results: Results) -> None:
    first = results.datasets[0]
    prepared.pages.show_results(
        replace(results, datasets=(replace(first, images=first.images * MANY), *results.datasets[1:]))
    )

    assert list(prepared.pages.fill()) == []
    assert prepared.pages.page("entropy")._results is None


def test_a_page_filled_out_of_sight_chooses_no_image_for_the_others(
    prepared: MainWindow, results: Results, qtbot: QtBot
) -> None:
    prepared.pages.show_results(results)

    list(prepared.pages.fill())
    assert prepared.pages._selection.current is None
    prepared.show_page("neighbours")

    qtbot.waitUntil(lambda: prepared.pages._selection.current is not None)


def test_the_page_of_a_run_that_begins_is_filled_once(prepared: MainWindow, results: Results, qtbot: QtBot) -> None:
    prepared.workspace.set_results(results)
    overview = prepared.pages.page("overview")
    resets: list[int] = []
    overview._model.modelReset.connect(lambda: resets.append(overview._model.rowCount()))

    prepared.controller.run()

    assert len(resets) == 1
    qtbot.waitUntil(lambda: prepared.current_page() == "overview")


def test_a_plot_page_is_made_in_several_steps(qtbot: QtBot, theme: Theme) -> None:
    page = EntropyPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)

    steps = page.prepare()
    for _ in range(3):
        next(steps)
        assert page._content is None
    next(steps)
    assert page._content is not None

    assert next(steps, "done") == "done"


def test_the_text_about_a_cell_is_laid_out_in_a_turn_of_its_own(qtbot: QtBot, theme: Theme, results: Results) -> None:
    page = OverviewPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)

    page.show_results(results)
    assert page._details.toPlainText() == ""

    qtbot.waitUntil(lambda: "gan_v1" in page._details.toPlainText() or "Fréchet" in page._details.toPlainText())


def test_very_many_numbers_are_laid_out_in_one_turn_and_shown_in_another(
    qtbot: QtBot, theme: Theme, results: Results
) -> None:
    page = OverviewPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)
    own = [value for value in results.values if value.candidate == "gan_v1"]
    names = [f"candidate {number}" for number in range(200)]
    page.show()
    turns: list[tuple[int, bool]] = []
    page._stepping.timeout.connect(
        lambda: turns.append((page._model.columnCount(), page._stack.currentWidget() is page._empty))
    )

    page.show_results(replace(results, values=tuple(replace(value, candidate=name) for name in names for value in own)))
    assert page._model.columnCount() == 0
    qtbot.waitUntil(lambda: not page._stepping.isActive())

    assert turns[0][0] > 200
    assert turns[0][1]
    assert not turns[-1][1]


def test_results_that_go_before_their_numbers_are_laid_out_leave_nothing(
    qtbot: QtBot, theme: Theme, results: Results
) -> None:
    page = OverviewPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)
    own = [value for value in results.values if value.candidate == "gan_v1"]
    names = [f"candidate {number}" for number in range(200)]
    page.show()

    page.show_results(replace(results, values=tuple(replace(value, candidate=name) for name in names for value in own)))
    page.show_results(None)
    qtbot.waitUntil(lambda: not page._stepping.isActive())

    assert page._model.columnCount() == 0
    assert page._stack.currentWidget() is page._empty


def test_cells_are_measured_once_however_often_the_table_is_resized(
    qtbot: QtBot, theme: Theme, results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = OverviewPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)
    page.show_results(results)
    page.resize(1280, 800)
    page.show()
    measured: list[int] = []
    content_width = page._table._content_width
    monkeypatch.setattr(page._table, "_content_width", lambda column: measured.append(column) or content_width(column))

    for width in (1000, 1100, 1200):
        page.resize(width, 800)

    assert measured == []


def test_steps_given_while_others_are_left_come_after_them(qtbot: QtBot) -> None:
    taken: list[str] = []
    work = IdleWork(lambda: False)
    work.begin(taken.append(name) for name in "ab")
    work.begin_after(taken.append(name) for name in "cd")

    qtbot.waitUntil(lambda: work.is_done)

    assert taken == ["a", "b", "c", "d"]
    work.deleteLater()


def test_a_step_that_wants_rest_is_the_last_of_its_turn(qtbot: QtBot) -> None:
    taken: list[str] = []

    def steps() -> Iterator[object]:
        for name in "ab":
            taken.append(name)
            yield REST

    turns = Turns()
    turns.begin(steps())
    assert taken == ["a"]
    qtbot.waitUntil(lambda: turns.is_done)

    assert taken == ["a", "b"]


def test_a_plot_paints_nothing_while_large_results_are_sorted(qtbot: QtBot, theme: Theme, results: Results) -> None:
    page = EntropyPage(SelectionState(), theme, ThumbnailCache())
    qtbot.addWidget(page)
    first = results.datasets[0]
    many = replace(first, images=first.images * (30_000 // len(first)))
    page.show()

    page.show_results(
        replace(results, datasets=(many,), entropy_bits={first.name: np.linspace(4, 7, len(many))}, pairs=())
    )
    assert not page._plot.viewport.updatesEnabled()
    qtbot.waitUntil(lambda: page._filling.is_done, timeout=20_000)

    assert page._plot.viewport.updatesEnabled()


def where() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def refuse() -> None:
    raise UserError("It is full.", "Make room.", 4)


def end_here(parent: int) -> str:
    if os.getpid() != parent:
        os._exit(3)
    return "done"


def test_large_work_is_done_in_another_process_and_small_work_here() -> None:
    assert call_beside(IMAGES_IN_A_THREAD, where) == (os.getpid(), threading.get_ident())
    assert call_beside(MANY, where)[0] != os.getpid()


def test_an_error_of_the_other_process_arrives_whole() -> None:
    with pytest.raises(UserError) as caught:
        call_beside(MANY, refuse)

    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == ("It is full.", "Make room.", 4)


def test_work_whose_process_dies_is_done_here() -> None:
    assert call_beside(MANY, end_here, os.getpid()) == "done"


def test_a_study_saved_by_the_other_process_is_the_same_file(results: Results, tmp_path: Path) -> None:
    study = Study("Mars", results=results)
    save_study(study, tmp_path / "here.planetview")

    call_beside(MANY, save_study, study, tmp_path / "there.planetview")

    here, there = load_study(tmp_path / "here.planetview"), load_study(tmp_path / "there.planetview")
    assert here.results is not None and there.results is not None
    assert there.title == "Mars"
    assert there.results.values == here.results.values
    assert there.results.datasets == here.results.datasets


def test_saving_copying_and_opening_a_large_study_serialise_it_beside_the_window(
    results: Results, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = results.datasets[0]
    digests = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(MANY)]
    large = replace(first, images=tuple(replace(first.images[0], name=digest, digest=digest) for digest in digests))
    workspace, background = Workspace(), Background("files")
    files = StudyFiles(workspace, background)
    sizes: list[tuple[int, str, bool]] = []

    def noted(images: int, work: Callable[..., object], *arguments: object) -> object:
        sizes.append((images, work.__name__, threading.current_thread() is threading.main_thread()))
        return work(*arguments)

    monkeypatch.setattr("planetview.gui.study_files.call_beside", noted)
    workspace.set_results(replace(results, datasets=(large, *results.datasets[1:])))
    with qtbot.waitSignal(files.saved, timeout=10_000):
        files.save(tmp_path / "large.planetview")
    workspace.set_title("Changed")
    files.autosave()
    with qtbot.waitSignal(files.opened, timeout=10_000):
        files.open(tmp_path / "large.planetview")

    assert background.shutdown()
    files.close()
    assert [name for _, name, _ in sizes] == ["save_study", "save_study", "load_study"]
    assert all(images > IMAGES_IN_A_THREAD for images, _, _ in sizes)
    assert not any(is_gui for _, _, is_gui in sizes)
