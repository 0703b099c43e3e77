"""How long the window stands still: gaps of its event loop, and the main thread's work in them, phase by phase.

Makes its own tiles, opens the real window around the real engine, drops the tiles, runs, and looks at every page. Then
drops 50,000 small real and 50,000 small synthetic tiles, saves a study of them, opens it again, sorts, filters, marks
and exports its neighbours, scrolls them while the engine runs, and repaints its pairs. Last, it shows 200 candidates.
Run it as `python benchmarks/window.py`; see docs/benchmarks.md, "The window".
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _large_study import MANY, MANY_REAL, crowded_steps, large_steps
from event_loop import LoopMeter, Step, Visit, print_table
from PIL import Image

if TYPE_CHECKING:
    from planetview.core.results import Results
    from planetview.gui.main_window import MainWindow

_EDGE_PX = 227
_MANY_EDGE_PX = 24
_CLASSES = 8
_SETS = (("real_train", 60, 1.0), ("real_test", 30, 1.0), ("gan_smooth", 30, 1.3), ("gan_rough", 30, 0.7))


def steps_of(window: MainWindow, folder: Path, records: int, meter: LoopMeter) -> Iterator[Step]:
    """Yield what a person does, from the empty window to a saved study of `records` images."""
    from planetview.app import load_pages

    controller, workspace = window.controller, window.workspace

    def on_results(_results: Results | None) -> None:
        if meter.phases[-1].name == "engine runs":
            meter.begin("results arrive")

    workspace.results_changed.connect(on_results)

    def has_prepared() -> bool:
        return window.pages.page("correlation") is not None and window.preparing.is_done

    yield "start, idle", lambda: window.warm_up(load_pages), has_prepared
    paths = [folder / name for name, _count, _exponent in _SETS]
    yield (
        "scan and role sheet",
        lambda: controller.add_paths(paths),
        lambda: len(workspace.datasets) == len(paths) and not controller.is_busy,
    )

    began = 0.0

    def on_progress(_progress: object) -> None:
        # The first second is the page that changes, the rest is progress.
        if meter.phases[-1].name == "run start" and time.perf_counter() - began > 1:
            meter.begin("engine runs")

    def run() -> None:
        nonlocal began
        began = time.perf_counter()
        controller.run()

    controller.progressed.connect(on_progress)
    yield "run start", run, lambda: workspace.results is not None and not controller.is_busy
    for page_id in ("neighbours", "entropy", "correlation", "overview"):
        first = "again" if page_id == "overview" else "first"
        yield f"{page_id}, shown {first}", lambda page_id=page_id: window.show_page(page_id), lambda: True  # type: ignore[misc]
    assert workspace.results is not None
    yield from large_steps(window, folder, records, meter, workspace.results)
    yield from crowded_steps(window, meter, workspace.results)


def make_many(folder: Path, count: int) -> None:
    """Write two large sets of small noise tiles, each of its own, in classes."""
    for seed, name in enumerate((MANY_REAL, MANY)):
        rng = np.random.default_rng(seed + 1)
        for label in range(_CLASSES):
            (folder / name / f"class_{label}").mkdir(parents=True)
        for number in range(count):
            tile = rng.integers(0, 256, (_MANY_EDGE_PX, _MANY_EDGE_PX), dtype=np.uint8)
            path = folder / name / f"class_{number % _CLASSES}" / f"{number:06}.png"
            Image.fromarray(tile).save(path, compress_level=1)


def make_tiles(folder: Path) -> None:
    """Write textures with power-law spectra, one exponent a set, as grey PNG files."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(_EDGE_PX)[:, None], np.fft.rfftfreq(_EDGE_PX)[None])
    frequency[0, 0] = 1
    for name, count, exponent in _SETS:
        (folder / name).mkdir()
        for number in range(count):
            spectrum = np.fft.rfft2(rng.standard_normal((_EDGE_PX, _EDGE_PX))) / frequency**exponent
            texture = np.fft.irfft2(spectrum, (_EDGE_PX, _EDGE_PX))
            texture = (texture - texture.min()) / np.ptp(texture)
            Image.fromarray((texture * 255).astype(np.uint8)).save(folder / name / f"{number:03}.png")


def measure(folder: Path, records: int, seconds_of_start: float, rows: list[dict[str, float | str]]) -> int:
    """Open the window, do everything, and fill `rows`; return the exit status."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from planetview import app as composition
    from planetview.engine.process_engine import ProcessEngine
    from planetview.gui.promptness import prepare_process

    prepare_process()
    app = QApplication.instance() or QApplication(sys.argv[:1])
    engine = ProcessEngine()
    window = composition.build(engine)
    window.resize(1280, 800)
    window.show()

    def begin() -> None:
        seconds = time.perf_counter() - seconds_of_start
        rows.append({"phase": "window visible", "seconds": seconds})
        engine.warm()
        visit.go_on()

    def finish() -> None:
        meter.stop()
        window.closed.emit()
        app.exit(0)

    meter = LoopMeter()
    visit = Visit(meter, steps_of(window, folder, records, meter), finish)
    QTimer.singleShot(0, begin)
    try:
        return app.exec()
    finally:
        engine.shutdown()
        rows.extend(phase.row() for phase in meter.phases)


def main() -> int:
    """Parse the options, measure in a folder of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=50_000, help="images of the large study (50,000)")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    parser.add_argument("--on-screen", action="store_true", help="use the display, not Qt's offscreen platform")
    arguments = parser.parse_args()
    if not arguments.on_screen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory(prefix="planetview-window-") as place:
        os.environ["PLANETVIEW_HOME"] = str(Path(place) / "home")
        make_tiles(Path(place))
        make_many(Path(place), arguments.records)
        status = measure(Path(place), arguments.records, time.perf_counter(), rows)
    print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
