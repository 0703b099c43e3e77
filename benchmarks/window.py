"""How long the window stands still: gaps of its event loop, and the main thread's work in them, phase by phase.

Makes its own tiles, opens the real window around the real engine, drops the tiles, runs, and looks at every page. Then
drops 50,000 small tiles more, saves a study of them, opens it again, sorts and scrolls its neighbours while the engine
runs, and repaints its pairs. Run it as `python benchmarks/window.py`; see docs/benchmarks.md, "The window".
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from event_loop import LoopMeter, Step, Visit, print_table
from PIL import Image

if TYPE_CHECKING:
    from planetview.core.datasets import Dataset
    from planetview.core.results import Results
    from planetview.gui.main_window import MainWindow

_EDGE_PX = 227
_MANY = "gan_many"
_MANY_EDGE_PX = 24
_JUMPS, _JUMP_MS = 120, 40
_SETS = (("real_train", 60, 1.0), ("real_test", 30, 1.0), ("gan_smooth", 30, 1.3), ("gan_rough", 30, 0.7))


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
    yield from large_steps(window, folder, records, meter, workspace.results)


def large_steps(window: MainWindow, folder: Path, records: int, meter: LoopMeter, results: Results) -> Iterator[Step]:
    """Yield what a person does with a study of `records` candidate images."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QComboBox, QGraphicsView, QListView

    from planetview.gui.plots.panel_view import PanelView
    from planetview.gui.plots.scatter import ScatterPlot

    controller, workspace = window.controller, window.workspace
    yield (
        f"scanning {records:,} images",
        lambda: controller.add_paths([folder / _MANY]),
        lambda: any(dataset.name == _MANY for dataset in workspace.datasets) and not controller.is_busy,
    )
    many = next(dataset for dataset in workspace.datasets if dataset.name == _MANY)
    large = enlarged(results, many)
    meter.leave_out()
    yield f"{records:,} images arrive", lambda: workspace.set_results(large), lambda: True
    saved: list[Path] = []
    controller.files.saved.connect(saved.append)
    target = folder / "large.planetview"
    yield f"saving {records:,} images", lambda: controller.files.save(target), lambda: bool(saved)
    controller.new_study()
    window.show_page("overview")
    yield "new study", lambda: None, lambda: workspace.is_empty and not controller.is_busy
    yield (
        f"opening {records:,} images: results there",
        lambda: controller.open_study(target),
        lambda: workspace.results is not None,
    )
    yield "opening: sets read again", lambda: None, lambda: not controller.is_busy
    yield f"neighbours of {records:,}", lambda: window.show_page("neighbours"), lambda: True
    page = window.pages.page("neighbours")
    query = next(box for box in page.findChildren(QComboBox) if box.findData(_MANY) >= 0)
    query.setCurrentIndex(query.findData(_MANY))
    yield f"neighbours: choosing {records:,}", lambda: query.activated.emit(query.currentIndex()), lambda: True
    order = next(box for box in page.findChildren(QComboBox) if box.accessibleName() == "Sort")
    for row in range(order.count()):

        def sort(row: int = row) -> None:
            order.setCurrentIndex(row)
            order.activated.emit(row)

        yield f"sorting {records:,} rows: {order.itemText(row)}", sort, lambda: True
    grid = max(page.findChildren(QListView), key=lambda view: view.model().rowCount())
    jumps = iter(np.linspace(0, grid.verticalScrollBar().maximum(), _JUMPS).astype(int).tolist())
    scrolling = QTimer(window, interval=_JUMP_MS)
    has_scrolled = False

    def scroll() -> None:
        nonlocal has_scrolled
        place = next(jumps, None)
        if place is None:
            scrolling.stop()
            has_scrolled = True
        else:
            grid.verticalScrollBar().setValue(place)

    scrolling.timeout.connect(scroll)

    def compute_and_scroll() -> None:
        # None of these images has features yet: the engine decodes and computes while the grid scrolls.
        controller.run()
        window.show_page("neighbours")
        scrolling.start()

    yield f"scrolling {records:,} tiles, engine runs", compute_and_scroll, lambda: has_scrolled
    yield "cancelling the run", controller.cancel, lambda: not controller.is_busy
    yield f"correlation of {records:,} pairs", lambda: window.show_page("correlation"), lambda: True
    page = window.pages.page("correlation")
    panels = page.findChild(PanelView)
    yield "opening one of its scatters", lambda: QTest.keyClick(panels, Qt.Key.Key_Return), lambda: True
    plots = [plot for plot in page.findChildren(ScatterPlot) if plot.isVisible()]

    def repaint() -> None:
        for plot in plots * 5:
            QTest.keyClick(plot, Qt.Key.Key_Plus)
            plot.findChild(QGraphicsView).viewport().repaint()

    yield f"painting {len(plots)} plots of {records:,} pairs 5 times", repaint, lambda: True


def enlarged(results: Results, many: Dataset) -> Results:
    """Return the same results as if the first candidate were `many`; its arrays grow with it."""
    from planetview.core.datasets import Role

    chosen = results.with_role(Role.CANDIDATE)[0]
    wanted = len(many)

    def tiled(array: np.ndarray) -> np.ndarray:
        return np.resize(array, (wanted, *array.shape[1:]))

    old, new = chosen.name, many.name
    pairs = tuple(
        replace(
            table,
            query=new,
            query_index=np.arange(wanted),
            bank_index=tiled(table.bank_index),
            entropy_bits=tiled(table.entropy_bits),
            scores={key: tiled(score) for key, score in table.scores.items()},
        )
        if table.query == old
        else table
        for table in results.pairs
    )
    neighbours = tuple(
        replace(table, query=new, indices=tiled(table.indices), distances=tiled(table.distances))
        if table.query == old
        else table
        for table in results.neighbours
    )
    return replace(
        results,
        datasets=tuple(many if dataset is chosen else dataset for dataset in results.datasets),
        values=tuple(replace(v, candidate=new) if v.candidate == old else v for v in results.values),
        correlations=tuple(replace(c, candidate=new) if c.candidate == old else c for c in results.correlations),
        neighbours=neighbours,
        pairs=pairs,
        random_pairs=tuple(table for table in results.random_pairs if table.query != old),
        entropy_bits={
            new if name == old else name: tiled(bits) if name == old else bits
            for name, bits in results.entropy_bits.items()
        },
    )


def make_many(folder: Path, count: int) -> None:
    """Write small noise tiles, each of its own."""
    (folder / _MANY).mkdir()
    rng = np.random.default_rng(1)
    for number in range(count):
        tile = rng.integers(0, 256, (_MANY_EDGE_PX, _MANY_EDGE_PX), dtype=np.uint8)
        Image.fromarray(tile).save(folder / _MANY / f"{number:06}.png", compress_level=1)


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
