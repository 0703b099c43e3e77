"""How long the window stands still: gaps of its event loop, and the main thread's work in them, phase by phase.

Makes its own tiles, opens the real window around the real engine, drops the tiles, runs, looks at every page, and saves
a study of 80,000 images. Run it as `python benchmarks/window.py`; see docs/benchmarks.md, "The window".
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from planetview.core.results import Results
    from planetview.gui.main_window import MainWindow

_TICK_MS = 5
_SETTLE_MS = 1500
_PATIENCE_S = 240.0
_EDGE_PX = 227
_SETS = (("real_train", 60, 1.0), ("real_test", 30, 1.0), ("gan_smooth", 30, 1.3), ("gan_rough", 30, 0.7))

Step = tuple[str, Callable[[], object], Callable[[], bool]]


@dataclass
class Phase:
    """What the loop did while one thing was going on; milliseconds, one entry a tick of the timer."""

    name: str
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float | str]:
        """Return the extremes and the 95th percentiles."""
        row: dict[str, float | str] = {"phase": self.name}
        for kind, values in (("wall", self.wall_ms), ("cpu", self.cpu_ms)):
            row[f"{kind}_longest_ms"] = max(values, default=0.0)
            row[f"{kind}_p95_ms"] = float(np.percentile(values, 95)) if values else 0.0
        return row


class LoopMeter:
    """Ticks in the event loop: between two ticks lies one turn, however long.

    The processor time of the main thread in a turn is its work; the rest of a gap is waiting for a core or for the
    interpreter lock, which other programs lengthen.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._clock = clock
        self.phases: list[Phase] = []
        self._last = (clock(), time.thread_time())
        self._timer = QTimer(interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def begin(self, name: str) -> None:
        """Count the turns from this one on to another phase."""
        self.phases.append(Phase(name))
        if not self._timer.isActive():
            self._last = (self._clock(), time.thread_time())
            self._timer.start()

    def leave_out(self) -> None:
        """Leave out what the loop did since the last tick: the measurement's own work."""
        self._last = (self._clock(), time.thread_time())

    def stop(self) -> None:
        """Stop ticking."""
        self._timer.stop()

    def _tick(self) -> None:
        now = (self._clock(), time.thread_time())
        self.phases[-1].wall_ms.append((now[0] - self._last[0]) * 1000)
        self.phases[-1].cpu_ms.append((now[1] - self._last[1]) * 1000)
        self._last = now


class Visit:
    """Does one step after the other: an action, then waiting until it has ended and a little longer."""

    def __init__(self, meter: LoopMeter, steps: Iterator[Step], finish: Callable[[], object]) -> None:
        from PySide6.QtCore import QTimer

        self._meter, self._steps, self._finish = meter, steps, finish
        self._has_ended: Callable[[], bool] = lambda: True
        self._deadline = 0.0
        self._poll = QTimer(interval=50)
        self._poll.timeout.connect(self._look)
        self._settle = QTimer(singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.go_on)

    def go_on(self) -> None:
        """Take the next step."""
        step = next(self._steps, None)
        if step is None:
            self._finish()
            return
        name, act, self._has_ended = step
        self._deadline = time.perf_counter() + _PATIENCE_S
        self._meter.begin(name)
        act()
        self._poll.start()

    def _look(self) -> None:
        if time.perf_counter() > self._deadline:
            raise SystemExit(f"the phase {self._meter.phases[-1].name!r} did not end within {_PATIENCE_S:.0f} s")
        if self._has_ended():
            self._poll.stop()
            self._settle.start()


def steps_of(window: MainWindow, folder: Path, records: int, meter: LoopMeter) -> Iterator[Step]:
    """Yield what a person does, from the empty window to a saved study of `records` images."""
    from planetview.gui.pages import load_page_modules

    controller, workspace = window.controller, window.workspace

    def on_results(_results: Results | None) -> None:
        if meter.phases[-1].name == "engine runs":
            meter.begin("results arrive")

    workspace.results_changed.connect(on_results)

    def has_prepared() -> bool:
        return window.pages.page("correlation") is not None and window.preparing.is_done

    yield "start, idle", lambda: window.warm_up(load_page_modules), has_prepared
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
    large = enlarged(workspace.results, records)
    meter.leave_out()
    yield f"{records:,} images arrive", lambda: workspace.set_results(large), lambda: True
    saved: list[Path] = []
    controller.files.saved.connect(saved.append)
    target = folder / "large.planetview"
    yield f"saving {records:,} images", lambda: controller.files.save(target), lambda: bool(saved)


def enlarged(results: Results, records: int) -> Results:
    """Return the same results as if the first candidate had that many images in all; arrays grow with them."""
    from planetview.core.datasets import Role

    chosen = results.with_role(Role.CANDIDATE)[0]
    wanted = records - sum(len(dataset) for dataset in results.datasets if dataset is not chosen)
    images = tuple(
        replace(chosen.images[i % len(chosen)], name=f"copy_{i:06}.png", digest=f"{i:064x}") for i in range(wanted)
    )
    grown = replace(chosen, images=images)

    def tiled(array: np.ndarray) -> np.ndarray:
        return np.resize(array, (wanted, *array.shape[1:]))

    name = chosen.name
    return replace(
        results,
        datasets=tuple(grown if dataset is chosen else dataset for dataset in results.datasets),
        neighbours=tuple(
            replace(table, indices=tiled(table.indices), distances=tiled(table.distances))
            if table.query == name
            else table
            for table in results.neighbours
        ),
        pairs=tuple(
            replace(
                table,
                query_index=np.arange(wanted),
                bank_index=tiled(table.bank_index),
                entropy_bits=tiled(table.entropy_bits),
                scores={key: tiled(score) for key, score in table.scores.items()},
            )
            if table.query == name
            else table
            for table in results.pairs
        ),
        entropy_bits={**results.entropy_bits, name: tiled(results.entropy_bits[name])},
    )


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

    sys.setswitchinterval(0.001)
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


def print_table(rows: list[dict[str, float | str]]) -> None:
    """Print the rows as a Markdown table."""
    print(f"window visible after {rows[0]['seconds']:.2f} s\n")
    print("| phase | longest gap | 95 % of gaps below | longest work in a turn | 95 % of turns below |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows[1:]:
        keys = ("wall_longest_ms", "wall_p95_ms", "cpu_longest_ms", "cpu_p95_ms")
        print(f"| {row['phase']} | " + " | ".join(f"{row[key]:.0f} ms" for key in keys) + " |")


def main() -> int:
    """Parse the options, measure in a folder of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=80_000, help="images of the study that is saved (80,000)")
    parser.add_argument("--json", type=Path, help="write the numbers there too")
    parser.add_argument("--on-screen", action="store_true", help="use the display, not Qt's offscreen platform")
    arguments = parser.parse_args()
    if not arguments.on_screen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory(prefix="planetview-window-") as place:
        os.environ["PLANETVIEW_HOME"] = str(Path(place) / "home")
        make_tiles(Path(place))
        status = measure(Path(place), arguments.records, time.perf_counter(), rows)
    print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
