"""The pictures of the generator page: a made-up generator, so that they take seconds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pictures.taking import Studio, until
from planetview.core.messages import PathLengthRequest
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.generator_work import Phase
from planetview.gui.main_window import MainWindow
from planetview.gui.views.generator_page import PICTURES, WALK_STEPS
from tests.gui.fake_engine import FakeEngine, result
from tests.gui.fake_generator import TerrainGenerator, measured


def take_generator(studio: Studio) -> None:
    """Picture the page empty, with a generator, its dialogs, and a program that asks for trust."""
    window = studio.window(FakeEngine(TerrainGenerator().around(lambda _request: [result(None)])))
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        _take(window, studio)
        os.chdir(before)
    studio.close(window)


def _take(window: MainWindow, studio: Studio) -> None:
    window.show_page("generator")
    page, work = window.pages.page("generator"), window.controller.generator
    studio.take(window, "generator-empty")
    work.open(Path("discriminator.pt"))
    until(lambda: work.phase is Phase.FAILED)
    studio.take_dialog(window, page.findChild(ConsentQuestion), "generator-trust")
    studio.take(window, "generator-refused")
    work.open(Path("mars-network.pkl"))
    until(lambda: page.grid.shown == PICTURES and page.strip.shown == WALK_STEPS)
    studio.take(window, "generator")
    for button, kind, name in (
        (page._sample, SampleDialog, "generator-sample"),
        (page._measure, PathLengthDialog, "generator-measure"),
    ):
        button.click()
        dialog = page.findChild(kind)
        if isinstance(dialog, SampleDialog):
            dialog.folder.setText("~/mars-study/mars-network-images")
        studio.take_dialog(window, dialog, name)
    window.workspace.add_path_lengths(measured(PathLengthRequest(Path("mars-network.pkl"), ("ppl2-wend-st",), 2000)))
    studio.take(window, "generator-measured")
