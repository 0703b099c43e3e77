"""Work that comes back with the real engine: a saved study, and one that a crash left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from planetview.core.marks import Marks
from planetview.core.messages import Engine
from planetview.engine.process_engine import ProcessEngine
from planetview.gui.main_window import MainWindow
from tests.e2e.parts import (
    FEW_METRICS,
    PATIENCE_MS,
    ROOT,
    CommandLine,
    Folders,
    assert_pages_are_filled,
    assert_same_findings,
    assert_table_copies,
    fill_with_three,
    press,
    save_as,
    texts,
    wait_for_results,
)
from tests.gui_fixtures import Drop


def test_a_saved_study_opens_with_all_its_findings_and_computes_nothing(
    window: MainWindow,
    engine: ProcessEngine,
    make_window: Callable[[Engine], MainWindow],
    folders: Folders,
    command_line: CommandLine,
    computed_before: None,
    tmp_path: Path,
    drop: Drop,
    qtbot: QtBot,
) -> None:
    fill_with_three(window, drop, qtbot, folders)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    wait_for_results(window, qtbot)
    path = tmp_path / "mars.planetview"
    save_as(window, qtbot, path)
    assert window.close()

    other = make_window(engine)
    runs: list[object] = []
    other.controller.run_began.connect(runs.append)
    assert drop(other, path)
    qtbot.waitUntil(lambda: len(other.workspace.datasets) == 3 and not other.controller.is_busy, timeout=PATIENCE_MS)

    assert other.current_page() == "overview"
    assert_same_findings(other, command_line.with_held_out)
    assert_table_copies(other, qtbot, command_line.with_held_out)
    assert_pages_are_filled(other, qtbot, folders, command_line.with_held_out)
    assert runs == []
    assert other.header.state_text() == ""
    assert not other.isWindowModified()


_CRASH = """
import os, signal, sys
from dataclasses import replace
from PySide6.QtCore import QTimer
from planetview import app
from planetview.core.study import load_study
from planetview.gui.study_files import autosave_dir

def build_and_crash(engine, beside=None):
    window = build(engine, beside)
    workspace, controller = window.workspace, window.controller
    workspace.set_title("Lost at night")

    def run_when_read():
        if controller.can_run and workspace.results is None:
            workspace.set_settings(replace(workspace.settings, metrics=tuple(sys.argv[1].split(","))))
            controller.run()

    def mark(_results):
        workspace.set_flagged([("mars_train", workspace.datasets[0].images[3].name)], True)
        workspace.set_excluded([("mars_train", workspace.datasets[0].images[0].name)], True)

    def crash_when_kept():
        if any(load_study(copy).results for copy in autosave_dir().glob("*.planetview")):
            os.kill(os.getpid(), signal.SIGKILL)

    controller.busy_changed.connect(run_when_read)
    workspace.results_changed.connect(mark)
    timer = QTimer(window, interval=100)
    timer.timeout.connect(crash_when_kept)
    timer.start()
    return window

if __name__ == "__main__":
    build, app.build = app.build, build_and_crash
    sys.exit(app.main(sys.argv[2:]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_after_a_crash_the_study_comes_back_with_its_results_and_marks(
    engine: ProcessEngine,
    make_window: Callable[[Engine], MainWindow],
    folders: Folders,
    command_line: CommandLine,
    computed_before: None,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    script = tmp_path / "crash.py"
    script.write_text(_CRASH)
    crashed = subprocess.run(
        [sys.executable, str(script), ",".join(FEW_METRICS), str(folders.train), str(folders.held_out),
         str(folders.synthetic)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr

    window = make_window(engine)
    qtbot.waitUntil(lambda: bool(texts(window)))
    assert texts(window) == ["PlanetView did not close properly: 'Lost at night' has unsaved changes."]
    runs: list[object] = []
    window.controller.run_began.connect(runs.append)
    press(qtbot, window.messages, "Restore")
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 3 and not window.controller.is_busy, timeout=PATIENCE_MS)

    assert window.workspace.title == "Lost at night"
    assert window.isWindowModified()
    tiles = sorted(folders.train.iterdir())
    assert window.workspace.marks == Marks(
        frozenset({("mars_train", tiles[3].name)}), frozenset({("mars_train", tiles[0].name)})
    )
    window.show_page("datasets")
    assert "Changed since the last run" in window.header.state_text()
    assert_same_findings(window, command_line.with_held_out)
    assert_table_copies(window, qtbot, command_line.with_held_out)
    assert_pages_are_filled(window, qtbot, folders, command_line.with_held_out)
    assert runs == []
