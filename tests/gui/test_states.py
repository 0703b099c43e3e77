"""What a person reads in the states that are easily forgotten: one image, names in other scripts, a failing stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.messages import Engine, ScanRequest, ScanTarget
from planetview.core.results import Results
from planetview.core.scanning import scan
from planetview.gui.actions import PAGE_ACTIONS
from planetview.gui.main_window import MainWindow
from tests.gui.conftest import scripted
from tests.gui.fake_engine import FakeEngine, steps
from tests.samples import write_tiles


def texts(window: MainWindow) -> list[str]:
    return [message.text for message in window.messages.messages()]


@pytest.mark.parametrize("name", ["火星の地形", "سطح المريخ", "Ωμέγα & <b>ß</b>"])
def test_a_set_of_one_image_with_a_name_of_any_script_shows_on_every_page(
    window: MainWindow, tmp_path: Path, name: str, qtbot: QtBot
) -> None:
    folder = tmp_path / name.replace("/", "")
    write_tiles(folder, 1, seed=1)
    window.workspace.add((scan(folder, role=Role.REFERENCE),))
    for page in PAGE_ACTIONS:
        window.show_page(page)
        assert window.current_page() == page

    assert window.workspace.datasets[0].name == folder.name
    assert len(window.workspace.datasets[0]) == 1
    assert window.header.state_text() == "Add at least one candidate: the synthetic images to judge."
    assert texts(window) == []


def test_a_stage_that_fails_is_told_in_words_and_can_be_tried_again(
    make_window: Callable[[Engine], MainWindow], results: Results, sets: dict[str, Path], qtbot: QtBot
) -> None:
    good, failing = scripted(results), True

    def script(request):
        if isinstance(request, ScanRequest) or not failing:
            return good.script(request)
        return [*steps("features", 3, 0, 0.5), UserError("The disk is full.", "Free some space.")]

    window = make_window(FakeEngine(script))
    window.controller.add_paths(sets.values())
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 4 and not window.controller.is_busy)
    window.controller.run()
    qtbot.waitUntil(lambda: bool(texts(window)))
    assert texts(window) == ["The disk is full."]
    assert window.workspace.results is None
    assert not window.job_bar.isVisible()

    failing = False
    (message,) = window.messages.messages()
    label, again = message.actions[0]
    assert label == "Retry"
    again()
    qtbot.waitUntil(lambda: window.workspace.results is not None and not window.controller.is_busy)
    assert texts(window) == []


def test_a_study_whose_folder_is_empty_now_says_so_and_offers_to_locate_it(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    empty = tmp_path / "nothing"
    empty.mkdir()
    window.controller.scan((ScanTarget(empty, "mars_train", Role.REFERENCE),))
    qtbot.waitUntil(lambda: not window.controller.is_busy)

    (missing,) = window.workspace.contents.missing
    assert missing.source.name == "mars_train"
    assert missing.message == "'nothing' holds no images."
    assert not window.controller.can_run
