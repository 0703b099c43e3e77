"""One afternoon with the real engine: from folders to an archive that opens elsewhere, with nothing computed twice."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from planetview.core.findings import Evidence
from planetview.core.messages import Engine
from planetview.core.models import WeightStatus
from planetview.engine.process_engine import ProcessEngine
from planetview.engine.weights import weight_state
from planetview.gui.dialogs.archive import ArchiveDialog
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.models.job_words import JobState
from planetview.gui.views.compare.dialog import CompareDialog
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.views.neighbour_bar import NeighbourBar
from tests.e2e.parts import (
    CTRL,
    PATIENCE_MS,
    ROOT,
    Folders,
    assert_same_findings,
    computed_images,
    fill,
    press,
    save_as,
    shown,
    texts,
    wait_for_results,
)
from tests.gui_fixtures import Drop, close_without_saving

METRICS = ("fd", "coverage", "closer-to-reference", "psnr")
COPIES = 4

needs_st_lpips = pytest.mark.skipif(
    weight_state("st-lpips-alex").status is not WeightStatus.PRESENT, reason="the ST-LPIPS weights are not installed"
)


@pytest.fixture
def copying(folders: Folders, tmp_path: Path) -> Path:
    """Return a candidate that holds, after own images, brightened copies of reference tiles."""
    folder = tmp_path / "gan_copying"
    shutil.copytree(folders.synthetic, folder)
    for number, path in enumerate(sorted(folders.train.iterdir())[:COPIES]):
        with Image.open(path) as image:
            pixels = np.asarray(image, np.int16)
        Image.fromarray(np.clip(pixels + 2, 0, 255).astype(np.uint8)).save(folder / f"zz_copy_{number}.png")
    return folder


def choose_file(window: MainWindow, path: Path) -> None:
    """Answer the open file dialog."""
    files = shown(window, QFileDialog)
    files.filesSelected.emit([str(path)])
    files.close()


def export(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    """Export the report."""
    window.actions_by_id["export_report"].trigger()
    dialog = shown(window, ExportDialog)
    dialog.format_buttons[path.suffix].click()
    dialog.next_button.click()
    choose_file(window, path)
    qtbot.waitUntil(lambda: f"Wrote {path}" in window.statusBar().currentMessage(), timeout=PATIENCE_MS)


def follow_copies(window: MainWindow, qtbot: QtBot) -> None:
    """Click the clause of the finding that speaks of copies."""
    panel = window.pages.page("overview")._findings
    qtbot.waitUntil(lambda: "suspected copies" in panel.text())
    entry = panel._lines[0]._shown[0]
    number = next(i for i, clause in enumerate(entry.clauses) if clause.evidence is Evidence.COPIES)
    (label,) = (one for one in panel.findChildren(QLabel) if one.accessibleName().startswith("gan_copying:"))
    label.linkActivated.emit(str(number))


def look_at_copies(window: MainWindow, qtbot: QtBot) -> str:
    """Compare the first of the possible copies, see its heat map, flag it, leave it out; return its name."""
    assert window.current_page() == "neighbours"
    page = window.pages.page("neighbours")
    assert page.findChild(NeighbourBar).order.currentText() == "Possible copies"
    grid = page.findChild(ImageGrid)
    first = grid.model().index(0, 0)
    name = str(first.data())
    assert name.startswith("zz_copy_")
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=grid.visualRect(first).center())
    QTest.keyClick(grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window.findChildren(CompareDialog)))
    view = shown(window, CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=PATIENCE_MS)
    QTest.keyClick(view, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: view.stage.map is not None, timeout=PATIENCE_MS)
    assert "ST-LPIPS" in view.stage.pair_pane.facts.text()
    view.flag.click()
    view.exclude.click()
    view.close()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return name


@needs_st_lpips
def test_from_folders_to_an_archive_that_opens_elsewhere(
    window: MainWindow,
    engine: ProcessEngine,
    make_window: Callable[[Engine], MainWindow],
    folders: Folders,
    copying: Path,
    tmp_path: Path,
    drop: Drop,
    qtbot: QtBot,
) -> None:
    fill(window, drop, qtbot, folders.train, folders.held_out, copying)
    workspace = window.workspace
    assert [d.role.value for d in workspace.datasets] == ["reference", "held-out", "candidate"]
    workspace.set_settings(replace(workspace.settings, metrics=METRICS, threads=1))

    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.job_bar.value() > 0.05, timeout=PATIENCE_MS)
    qtbot.keyClick(window, Qt.Key.Key_P, CTRL)
    jobs = window.controller.jobs
    qtbot.waitUntil(lambda: (job := jobs.current()) is not None and job.state is JobState.PAUSED, timeout=PATIENCE_MS)
    qtbot.keyClick(window, Qt.Key.Key_P, CTRL)
    wait_for_results(window, qtbot)
    window.show_page("overview")

    follow_copies(window, qtbot)
    name = look_at_copies(window, qtbot)
    assert workspace.marks.flagged == workspace.marks.excluded == {("gan_copying", name)}
    assert "Changed since the last run" in window.header.state_text()
    press(qtbot, window.header, "Run")
    qtbot.waitUntil(lambda: not window.header.state_text() and not window.controller.is_busy, timeout=PATIENCE_MS)
    assert computed_images(window) == 0
    assert workspace.results is not None
    assert len(workspace.results.dataset("gan_copying")) == 16 + COPIES - 1

    save_as(window, qtbot, tmp_path / "mars.planetview")
    export(window, qtbot, tmp_path / "report.html")
    export(window, qtbot, tmp_path / "report.pdf")
    assert "gan_copying" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")

    found = archive_and_open_elsewhere(window, engine, make_window, tmp_path, drop, qtbot)
    assert found == workspace.marks
    assert_command_line_agrees(window, tmp_path)


def archive_and_open_elsewhere(
    window: MainWindow,
    engine: ProcessEngine,
    make_window: Callable[[Engine], MainWindow],
    tmp_path: Path,
    drop: Drop,
    qtbot: QtBot,
) -> object:
    """Collect the study, move it, open it from there; return the marks found there."""
    window.actions_by_id["archive"].trigger()
    shown(window, ArchiveDialog).next_button.click()
    choose_file(window, tmp_path / "collected")
    qtbot.waitUntil(lambda: any(text.startswith("Collected 56 ") for text in texts(window)), timeout=PATIENCE_MS)
    elsewhere = tmp_path / "another computer" / "火星"
    elsewhere.parent.mkdir()
    (tmp_path / "collected").rename(elsewhere)

    other = make_window(engine)
    runs: list[object] = []
    other.controller.run_began.connect(runs.append)
    assert drop(other, elsewhere / "study.planetview")
    qtbot.waitUntil(lambda: len(other.workspace.datasets) == 3 and not other.controller.is_busy, timeout=PATIENCE_MS)
    assert all(dataset.source.is_relative_to(elsewhere) for dataset in other.workspace.datasets)
    assert other.header.state_text() == ""
    assert runs == []
    assert window.workspace.results is not None and other.workspace.results is not None
    assert other.workspace.results.values == window.workspace.results.values
    marks = other.workspace.marks
    close_without_saving(other)
    return marks


def assert_command_line_agrees(window: MainWindow, tmp_path: Path) -> None:
    """The command that the window copies finds the window's numbers, to the last bit."""
    window.actions_by_id["copy_command"].trigger()
    program, *words = shlex.split(QGuiApplication.clipboard().text())
    assert program == "planetview"
    done = subprocess.run(
        [sys.executable, "-m", "planetview", *words, "--out", str(tmp_path / "again"), "--quiet"],
        cwd=ROOT, env=dict(os.environ), check=False, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_same_findings(window, json.loads((tmp_path / "again" / "results.json").read_text(encoding="utf-8")))
