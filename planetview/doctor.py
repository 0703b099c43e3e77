"""What this computer offers PlanetView: one line a thing, each with its remedy."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any

import planetview
from planetview.core.formatting import format_bytes, printable
from planetview.core.paths import cache_dir, log_dir

_QT_SECONDS = 60
_LEAST_FREE_BYTES = 2 * 1024**3


class State(StrEnum):
    """OK, something to know, or something that stops every comparison."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding about this computer. fix: the next step, "" where none is needed."""

    name: str
    state: State
    text: str
    fix: str = ""


def examine() -> Iterator[Check]:
    """Yield the checks as they are made; a check that fails is a finding, never an exception."""
    yield Check("planetview", State.OK, planetview.__version__)
    yield Check("python", State.OK, f"{platform.python_version()} on {platform.platform()}")
    yield from _packages()
    for name, check in (
        ("device", _device),
        ("GDAL", _gdal),
        ("Qt window", _qt),
        ("weights", _weights),
        ("cache", _cache),
        ("free disk", _disk),
        ("feature store", _store),
        ("log", _log_folder),
    ):
        yield from _guarded(name, check)


def to_json(checks: list[Check]) -> list[dict[str, Any]]:
    """Return the checks as JSON-ready dictionaries."""
    return [{key: printable(str(value)) for key, value in asdict(check).items()} for check in checks]


def _guarded(name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 - whatever is broken here is what the user wants to know
        yield Check(name, State.NOTE, f"could not be checked: {type(error).__name__}: {error}")


def _packages() -> Iterator[Check]:
    for package in ("torch", "torchvision", "numpy", "scipy", "Pillow", "rasterio", "pydantic"):
        yield _package(package, State.PROBLEM)
    for package in ("PySide6-Essentials", "pyqtgraph"):
        yield _package(package, State.NOTE)


def _package(name: str, state_when_missing: State) -> Check:
    try:
        return Check(name, State.OK, metadata.version(name))
    except metadata.PackageNotFoundError:
        if getattr(sys, "frozen", False):
            return Check(name, State.OK, "part of this program")
        loss = "the window cannot open" if state_when_missing is State.NOTE else "nothing can be computed"
        return Check(name, state_when_missing, f"not installed: {loss}", f"pip install {name}")


def _device() -> Iterator[Check]:
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Check("device", State.PROBLEM, f"torch cannot be loaded: {error}", "Install PyTorch again.")
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Check("device", State.OK, f"CPU, {cores} cores, torch uses {torch.get_num_threads()} threads")
    for i in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(i)
        yield Check("device", State.OK, f"CUDA {i}: {found.name}, {format_bytes(found.total_memory)}")
    if torch.backends.mps.is_available():
        yield Check("device", State.OK, "Apple MPS")


def _gdal() -> Iterator[Check]:
    import rasterio

    yield Check("GDAL", State.OK, str(rasterio.__gdal_version__))


def start_qt() -> None:
    """Show a label and write "started"; a Qt that cannot start ends the process, so call this in one of its own.

    Raises SystemExit, with the reason on stderr, when Qt cannot be loaded.
    """
    try:
        import pyqtgraph  # noqa: F401 - the plots are part of the window
        from PySide6.QtWidgets import QApplication, QLabel
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from error

    app = QApplication([])
    label = QLabel("x")
    label.show()
    app.processEvents()
    sys.stdout.write("started\n")


def _qt() -> Iterator[Check]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    # The packaged program is its own interpreter: it knows its commands only, no -m.
    itself = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "planetview"]
    try:
        done = subprocess.run(
            [*itself, "doctor", "--start-qt"],
            capture_output=True,
            text=True,
            timeout=_QT_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Check("Qt window", State.NOTE, f"did not start within {_QT_SECONDS} s")
        return
    if done.returncode == 0 and "started" in done.stdout:
        yield Check("Qt window", State.OK, "starts offscreen")
        return
    last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    yield Check(
        "Qt window",
        State.NOTE,
        f"does not start: {last}",
        "The command line works without it. On Debian or Ubuntu, install libegl1 libgl1 libxkbcommon0 libfontconfig1.",
    )


def _weights() -> Iterator[Check]:
    from planetview.core.catalogue import WEIGHTS
    from planetview.core.models import WeightStatus
    from planetview.engine.weights import weight_states

    missing = []
    for found in weight_states():
        if found.status is WeightStatus.MISSING:
            missing.append(found.weights)
            continue
        is_there = found.status is WeightStatus.PRESENT
        text = f"{WEIGHTS[found.weights].title}: {found.status.value}, {found.path}"
        yield Check("weights", State.OK if is_there else State.NOTE, text, found.advice)
    if missing:
        fix = "Only the metrics that need them go without. See: planetview models list"
        yield Check("weights", State.NOTE, f"missing: {', '.join(missing)}", fix)


def _cache() -> Iterator[Check]:
    folder = cache_dir()
    problem = _write_problem(folder)
    if problem:
        fix = "Set PLANETVIEW_HOME to a folder you may write to; without it every run computes everything again."
        yield Check("cache", State.NOTE, f"{folder}: cannot be written ({problem})", fix)
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    yield Check("cache", State.OK, f"{folder}, {format_bytes(size)}, writable")


def _write_problem(folder: Path) -> str:
    """Return why nothing can be written below `folder`, or ""; creates nothing that stays."""
    there = _nearest_existing(folder)
    try:
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"x")
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    return ""


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(_nearest_existing(cache_dir())).free
    is_enough = free >= _LEAST_FREE_BYTES
    fix = "" if is_enough else "Free some space, or set PLANETVIEW_HOME to another disk."
    yield Check("free disk", State.OK if is_enough else State.NOTE, format_bytes(free), fix)


def _nearest_existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _store() -> Iterator[Check]:
    from planetview.engine.store_file import default_path

    path = default_path()
    text = f"{path}, {format_bytes(path.stat().st_size)}" if path.is_file() else "empty"
    yield Check("feature store", State.OK, text)


def _log_folder() -> Iterator[Check]:
    yield Check("log", State.OK, str(log_dir()))
