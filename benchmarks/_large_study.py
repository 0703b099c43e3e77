"""What a person does in the window with very many images, or with very many candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from event_loop import LoopMeter, Paced, Step

if TYPE_CHECKING:
    from PySide6.QtWidgets import QComboBox, QWidget

    from planetview.core.datasets import Dataset
    from planetview.core.results import Results
    from planetview.gui.main_window import MainWindow

MANY, MANY_REAL, HELD_OUT = "gan_many", "real_many", "real_test"
_JUMPS, _PAINTS, _CANDIDATES = 120, 10, 200


def large_steps(window: MainWindow, folder: Path, records: int, meter: LoopMeter, results: Results) -> Iterator[Step]:
    """Yield what a person does with two sets of `records` images, beginning with their folders."""
    controller, workspace, count = window.controller, window.workspace, f"{records:,}"
    names = (MANY_REAL, HELD_OUT, MANY)
    controller.new_study(discarding=True)
    yield "new study", lambda: None, lambda: workspace.is_empty and not controller.is_busy
    yield (
        f"scanning 2 × {count} images",
        lambda: controller.add_paths([folder / name for name in names]),
        lambda: len(workspace.datasets) == len(names) and not controller.is_busy,
    )
    yield "datasets page once counted", lambda: window.show_page("datasets"), lambda: True
    yield "renaming a large set", lambda: workspace.rename(MANY, "renamed"), lambda: True
    yield "undoing that", workspace.undo_stack.undo, lambda: True
    sets = {dataset.name: dataset for dataset in workspace.datasets}
    large = enlarged(results, sets[MANY_REAL], sets[MANY])
    meter.leave_out()
    yield f"results of {count} images arrive", lambda: workspace.set_results(large, workspace.request()), lambda: True
    saved: list[Path] = []
    controller.files.saved.connect(saved.append)
    target = folder / "large.planetview"
    yield f"saving {count} images", lambda: controller.files.save(target), lambda: bool(saved)
    controller.new_study()
    window.show_page("overview")
    yield "new study again", lambda: None, lambda: workspace.is_empty and not controller.is_busy
    yield (
        f"opening 2 × {count} images: results there",
        lambda: controller.open_study(target),
        lambda: workspace.results is not None,
    )
    yield "opening: sets read again", lambda: None, lambda: not controller.is_busy
    yield from _neighbour_steps(window, folder, count)
    yield from _plot_steps(window, count)


def _neighbour_steps(window: MainWindow, folder: Path, count: str) -> Iterator[Step]:
    from PySide6.QtWidgets import QListView, QSpinBox

    from planetview.gui.views.list_export import ListExport

    yield f"neighbours of {count}", lambda: window.show_page("neighbours"), lambda: True
    page = window.pages.page("neighbours")
    query, order, other, label = (_box(page, name) for name in ("Images", "Sort", "Second space", "Class"))
    yield f"choosing the {count}", partial(_choose, query, query.findData(MANY)), lambda: True
    for row in range(order.count()):
        yield f"sorting {count} rows: {order.itemText(row)}", partial(_choose, order, row), lambda: True
    _choose(order, 0)
    yield "a second space beside it", partial(_choose, other, 1), lambda: True
    places = next(box for box in page.findChildren(QSpinBox) if box.accessibleName() == "Neighbours")
    yield "ten neighbours a tile", partial(places.setValue, 10), lambda: True
    places.setValue(1)
    _choose(other, 0)
    yield "one class", partial(_choose, label, 1), lambda: True
    yield "any class", partial(_choose, label, 0), lambda: True
    grid = max(page.findChildren(QListView), key=lambda view: view.model().rowCount())

    def command(word: str) -> None:
        next(action for action in grid.actions() if action.text().startswith(word)).trigger()

    stack, marks = window.workspace.undo_stack, lambda: window.workspace.marks
    command("Select all")
    yield f"flagging {count}", partial(command, "Flag"), lambda: bool(marks().flagged)
    yield "undoing that", stack.undo, lambda: not marks().flagged
    yield f"leaving out {count}", partial(command, "Exclude"), lambda: bool(marks().excluded)
    yield "undoing that", stack.undo, lambda: not marks().excluded
    command("Clear")
    export = page.findChild(ListExport)
    rows = _rows_of(window)
    yield f"exporting {count} rows", lambda: export.write(rows, folder / "list.csv"), lambda: not export.is_busy
    # The program tells a list that failed in its window, where nobody looks now.
    assert (folder / "list.csv").is_file(), "no list was written"
    bar = grid.verticalScrollBar()
    scrolling = Paced(
        partial(bar.setValue, place) for place in np.linspace(0, bar.maximum(), _JUMPS).astype(int).tolist()
    )

    def compute_and_scroll() -> None:
        # None of these images has features yet: the engine decodes and computes while the grid scrolls.
        window.controller.run()
        window.show_page("neighbours")
        scrolling.begin()

    yield f"scrolling {count} tiles, engine runs", compute_and_scroll, scrolling.has_ended
    yield "cancelling the run", window.controller.cancel, lambda: not window.controller.is_busy


def _plot_steps(window: MainWindow, count: str) -> Iterator[Step]:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QGraphicsView

    from planetview.gui.plots.panel_view import PanelView
    from planetview.gui.plots.scatter import ScatterPlot

    yield f"entropy of 2 × {count}", lambda: window.show_page("entropy"), lambda: True
    curves = _box(window.pages.page("entropy"), "Curves by")
    yield "entropy by classes", partial(_choose, curves, curves.count() - 1), lambda: True
    yield f"correlation of {count} pairs", lambda: window.show_page("correlation"), lambda: True
    page = window.pages.page("correlation")
    panels = page.findChild(PanelView)
    yield "opening one of its scatters", lambda: QTest.keyClick(panels, Qt.Key.Key_Return), lambda: True
    plots = [plot for plot in page.findChildren(ScatterPlot) if plot.isVisible()]

    def zoom_and_paint(plot: ScatterPlot) -> None:
        QTest.keyClick(plot, Qt.Key.Key_Plus)
        plot.findChild(QGraphicsView).viewport().repaint()

    painting = Paced(partial(zoom_and_paint, plot) for plot in plots * _PAINTS)
    yield f"painting {count} points {_PAINTS} times", painting.begin, painting.has_ended


def crowded_steps(window: MainWindow, meter: LoopMeter, results: Results) -> Iterator[Step]:
    """Yield a look at very many candidates."""
    crowd = crowded(results)
    meter.leave_out()
    yield "datasets page again", lambda: window.show_page("datasets"), lambda: True
    yield f"overview of {_CANDIDATES} candidates", lambda: _show(window, crowd), lambda: True


def _show(window: MainWindow, results: Results) -> None:
    window.workspace.set_results(results)
    window.show_page("overview")


def _box(page: QWidget, name: str) -> QComboBox:
    from PySide6.QtWidgets import QComboBox

    return next(box for box in page.findChildren(QComboBox) if box.accessibleName() == name)


def _choose(box: QComboBox, row: int) -> None:
    box.setCurrentIndex(row)
    box.activated.emit(row)


def _rows_of(window: MainWindow) -> Any:
    from planetview.gui.models.neighbour_export import NeighbourRows
    from planetview.gui.models.neighbour_filter import MarkMasks

    results = window.workspace.results
    assert results is not None
    count = len(results.dataset(MANY))
    nothing = np.zeros(count, np.bool_)
    marks = MarkMasks(nothing, nothing, np.zeros(count, np.uint8))
    return NeighbourRows(results, MANY, np.arange(count), marks, nothing, "")


def enlarged(results: Results, real: Dataset, many: Dataset) -> Results:
    """Return results as if the reference were `real` and the only candidate `many`; its arrays grow with them.

    Neighbours and partners lie all over the reference, in two spaces.
    """
    from planetview.core.datasets import Role

    reference, chosen = results.with_role(Role.REFERENCE)[0].name, results.with_role(Role.CANDIDATE)[0].name
    renamed = {reference: real.name, chosen: many.name}
    kept = {reference, chosen, HELD_OUT}
    sizes = {real.name: len(real), many.name: len(many), HELD_OUT: len(results.dataset(HELD_OUT))}
    rng = np.random.default_rng(0)

    def tiled(array: np.ndarray, name: str) -> np.ndarray:
        return np.resize(array, (sizes[name], *array.shape[1:]))

    neighbours, pairs = [], []
    for table in results.neighbours:
        if table.query in kept:
            query, bank = renamed.get(table.query, table.query), renamed.get(table.bank, table.bank)
            for by in (table.by, f"{table.by}-other"):
                distances = tiled(table.distances, query)
                indices = rng.integers(0, sizes[bank], distances.shape)
                neighbours.append(replace(table, query=query, bank=bank, by=by, indices=indices, distances=distances))
    for table in results.pairs:
        if table.query in kept:
            query = renamed.get(table.query, table.query)
            size = sizes[query]
            pairs.append(
                replace(
                    table,
                    query=query,
                    bank=real.name,
                    query_index=np.arange(size),
                    bank_index=rng.integers(0, sizes[real.name], size),
                    entropy_bits=rng.normal(6, 0.5, size).clip(0, 8),
                    scores={key: rng.normal(0, 1, size) for key in table.scores},
                )
            )
    values = tuple(replace(v, candidate=many.name) for v in results.values if v.candidate == chosen)
    followed = (c for c in results.correlations if c.candidate in kept)
    return replace(
        results,
        datasets=(real, results.dataset(HELD_OUT), many),
        values=values,
        correlations=tuple(replace(c, candidate=renamed.get(c.candidate, c.candidate)) for c in followed),
        neighbours=tuple(neighbours),
        pairs=tuple(pairs),
        random_pairs=(),
        random_correlations=(),
        entropy_bits={name: rng.normal(6, 0.5, size).clip(0, 8) for name, size in sizes.items()},
        channel_bits={},
        shared=(),
        gaps=(),
        unusable={},
    )


def crowded(results: Results) -> Results:
    """Return results of very many candidates, all made of the first one."""
    from planetview.core.datasets import Role

    chosen = results.with_role(Role.CANDIDATE)[0]
    names = [f"candidate {number}" for number in range(_CANDIDATES)]
    others = tuple(dataset for dataset in results.datasets if dataset.role is not Role.CANDIDATE)
    mine = [value for value in results.values if value.candidate == chosen.name]
    return replace(
        results,
        datasets=(*others, *(replace(chosen, name=name) for name in names)),
        values=tuple(replace(value, candidate=name) for name in names for value in mine),
        correlations=(),
        neighbours=(),
        pairs=(),
        random_pairs=(),
        random_correlations=(),
        entropy_bits={},
        channel_bits={},
        shared=(),
        gaps=(),
        unusable={},
    )
