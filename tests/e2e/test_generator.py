"""A generator from its file to its numbers, in the window with the real engine: nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from planetview.core.consent import ConsentStore
from planetview.core.datasets import Role
from planetview.core.messages import Engine
from planetview.core.models import WeightStatus
from planetview.core.study import load_study
from planetview.engine.process_engine import ProcessEngine
from planetview.engine.weights import weight_state
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.main_window import MainWindow
from planetview.gui.views.generator_page import PICTURES, WALK_STEPS, GeneratorPage
from tests.e2e.parts import PATIENCE_MS, press, shown
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import write_network_pickle
from tests.engine.generators.test_opening import _torchscript
from tests.gui_fixtures import Drop, GapMeter, sheet_of
from tests.samples import write_tiles

SIDE, COUNT = 64, 64

needs_st_lpips = pytest.mark.skipif(
    weight_state("st-lpips-vgg").status is not WeightStatus.PRESENT, reason="the ST-LPIPS weights are not installed"
)


@pytest.fixture
def window(make_window: Callable[[Engine], MainWindow]) -> Iterator[MainWindow]:
    engine = ProcessEngine()
    engine.warm()
    yield make_window(engine)
    engine.shutdown()


@needs_st_lpips
def test_a_dropped_network_is_sampled_judged_and_measured_without_a_download(
    window: MainWindow, drop: Drop, tmp_path: Path, gap_meter: GapMeter, qtbot: QtBot
) -> None:
    state, settings = stylegan2(SIDE, (6, 6, 4, 4, 4), channels=1)
    network = write_network_pickle(tmp_path / "terrain.pkl", state, settings)
    write_tiles(tmp_path / "real_train", 40, 1, SIDE)
    controller, workspace = window.controller, window.workspace

    assert drop(window, network)
    page = window.pages.page("generator")
    assert isinstance(page, GeneratorPage)
    gap_meter.begin()
    qtbot.waitUntil(lambda: page.grid.shown == PICTURES and page.strip.shown == WALK_STEPS, timeout=PATIENCE_MS)
    assert gap_meter.end() < 250
    assert "StyleGAN2" in page.details.text()
    assert "64 × 64, grey" in page.details.text()

    press(qtbot, page, "Sample images…")
    dialog = shown(page, SampleDialog)
    dialog.count.setValue(COUNT)
    dialog.start_button.click()
    qtbot.waitUntil(lambda: bool(window.messages.messages()), timeout=PATIENCE_MS)
    assert len(list((tmp_path / "terrain-images").glob("seed*.png"))) == COUNT
    press(qtbot, window.messages, "Use as candidate")
    qtbot.waitUntil(lambda: len(workspace.datasets) == 1 and not controller.is_busy, timeout=PATIENCE_MS)
    assert drop(window, tmp_path / "real_train")
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(workspace.datasets) == 2 and not controller.is_busy, timeout=PATIENCE_MS)
    assert [(d.name, d.role, len(d)) for d in workspace.datasets] == [
        ("terrain-images", Role.CANDIDATE, COUNT),
        ("real_train", Role.REFERENCE, 40),
    ]

    workspace.set_settings(replace(workspace.settings, metrics=("fd", "coverage", "st-lpips-alex"), threads=1))
    press(qtbot, window.header, "Run")
    qtbot.waitUntil(lambda: workspace.results is not None and not controller.is_busy, timeout=PATIENCE_MS)
    assert workspace.results is not None
    found = {value.metric: value.value for value in workspace.results.values}
    assert found["fd"] is not None and found["fd"] > 0
    assert found["st-lpips-alex"] is not None

    window.show_page("generator")
    press(qtbot, page, "Path length…")
    measure = shown(page, PathLengthDialog)
    measure.samples.setValue(8)
    measure.start_button.click()
    qtbot.waitUntil(lambda: bool(workspace.path_lengths), timeout=PATIENCE_MS)
    (value,) = workspace.path_lengths[0].values
    assert value.variant == "ppl2-wend-st"
    assert value.value is not None and value.value > 0
    assert value.n == 8

    window.show_page("overview")
    overview = window.pages.page("overview")
    assert "terrain.pkl" in overview._path_lengths.text()
    assert "PPL2 w end with ST-LPIPS" in overview._path_lengths.text()
    controller.files.save(tmp_path / "study.planetview")
    qtbot.waitUntil(lambda: not workspace.is_dirty, timeout=PATIENCE_MS)
    assert load_study(tmp_path / "study.planetview").path_lengths == workspace.path_lengths


def test_a_dropped_program_runs_only_after_the_question(
    window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    digest = _torchscript(tmp_path / "net.pt")

    assert drop(window, tmp_path / "net.pt")
    page = window.pages.page("generator")
    qtbot.waitUntil(lambda: bool(page.findChildren(ConsentQuestion)), timeout=PATIENCE_MS)
    assert digest not in ConsentStore()
    page.findChildren(ConsentQuestion)[0].yes_button.click()

    qtbot.waitUntil(lambda: page.grid.shown == PICTURES and page.strip.shown == WALK_STEPS, timeout=PATIENCE_MS)
    assert digest in ConsentStore()
    assert "TorchScript" in page.details.text()
