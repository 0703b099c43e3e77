"""Fixtures of the tests that take the whole way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from planetview.core.messages import Engine
from planetview.engine.process_engine import ProcessEngine
from planetview.gui.main_window import MainWindow
from tests.e2e.parts import FEW_METRICS, ROOT, CommandLine, Folders
from tests.gui_fixtures import drop, gap_meter, make_window, no_leaks, qapp_args, qtbot
from tests.samples import write_tiles

__all__ = ["drop", "gap_meter", "make_window", "no_leaks", "qapp_args", "qtbot"]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Return small sets of HiRISE tiles; of generated terrain where the shared imagery is not beside the checkout."""
    place, shared = tmp_path_factory.mktemp("tiles"), ROOT.parent / "shared" / "data" / "hirise"

    def copied(source: str, name: str, count: int) -> Path:
        folder = place / name
        if not shared.is_dir():
            write_tiles(folder, count, seed=len(source), side=128)
            return folder
        folder.mkdir()
        for path in sorted((shared / source).iterdir())[:count]:
            shutil.copy(path, folder)
        return folder

    return Folders(
        copied("train", "mars_train", 24), copied("test", "mars_test", 12), copied("synth_spectral", "gan_v1", 16)
    )


@pytest.fixture(scope="session")
def command_line(folders: Folders, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    place = tmp_path_factory.mktemp("command-line")
    environment = {**os.environ, "PLANETVIEW_HOME": str(place / "home")}

    def compared(out: Path, *options: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "planetview", "compare", str(folders.train), str(folders.synthetic)]
        done = subprocess.run(
            [*command, "--out", str(out), "--quiet", *options],
            cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
        return document

    by_default = compared(place / "default")
    few = compared(place / "few", "--held-out", str(folders.held_out), "--metrics", ",".join(FEW_METRICS))
    return CommandLine(by_default, few, place / "home")


@pytest.fixture
def engine() -> Iterator[ProcessEngine]:
    engine = ProcessEngine()
    engine.warm()
    yield engine
    engine.shutdown()


@pytest.fixture
def window(engine: ProcessEngine, make_window: Callable[[Engine], MainWindow]) -> MainWindow:
    return make_window(engine)


@pytest.fixture
def computed_before(command_line: CommandLine, planetview_home: Path) -> None:
    """Start with the features of an earlier run in the store."""
    shutil.copytree(command_line.home / "cache", planetview_home / "cache")
