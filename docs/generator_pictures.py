"""The pictures of the generator page for `take_screenshots.py`: a made-up generator, so that they take seconds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QDialog

from planetview.app import build
from planetview.core.messages import PathLengthRequest
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.generator_work import Phase
from planetview.gui.main_window import MainWindow
from planetview.gui.views.generator_page import PICTURES, WALK_STEPS
from tests.gui.fake_engine import FakeEngine, result
from tests.gui.fake_generator import TerrainGenerator, measured

Take = Callable[..., None]


def take_generator(
    folder: Path, size: tuple[int, int], taker: Callable[..., Take], until: Callable[[Callable[[], bool]], None]
) -> None:
    """Picture the generator page: empty, with a generator, its dialogs, a program that asks for trust.

    taker, until: those of `take_screenshots`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    window = build(FakeEngine(TerrainGenerator().around(lambda _request: [result(None)])))
    window.resize(*size)
    window.show()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        _take(window, folder, taker, until)
        os.chdir(folder)
    window.closed.emit()
    window.hide()
    app.processEvents()


def _take(
    window: MainWindow, folder: Path, taker: Callable[..., Take], until: Callable[[Callable[[], bool]], None]
) -> None:
    take = taker(window, folder)
    window.show_page("generator")
    page, work = window.pages.page("generator"), window.controller.generator
    take("generator-empty")
    work.open(Path("discriminator.pt"))
    until(lambda: work.phase is Phase.FAILED)
    _take_dialog(page.findChild(ConsentQuestion), folder, "generator-trust", taker)
    take("generator-refused")
    work.open(Path("mars-network.pkl"))
    until(lambda: page.grid.shown == PICTURES and page.strip.shown == WALK_STEPS)
    take("generator")
    for button, kind, name in (
        (page._sample, SampleDialog, "generator-sample"),
        (page._measure, PathLengthDialog, "generator-measure"),
    ):
        button.click()
        dialog = page.findChild(kind)
        if isinstance(dialog, SampleDialog):
            dialog.folder.setText("~/mars-study/mars-network-images")
        _take_dialog(dialog, folder, name, taker)
    window.workspace.add_path_lengths(measured(PathLengthRequest(Path("mars-network.pkl"), ("ppl2-wend-st",), 2000)))
    take("generator-measured")


def _take_dialog(dialog: QDialog, folder: Path, name: str, taker: Callable[..., Take]) -> None:
    taker(dialog.window().parentWidget().window(), folder, dialog)(name)
    dialog.close()
    dialog.deleteLater()
    QApplication.processEvents()
