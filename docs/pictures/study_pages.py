"""The pictures of a study from the empty window to the failed run."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from pictures.engines import Replay
from pictures.opening import box, choose
from pictures.taking import Studio, until
from planetview.core.results import Results
from planetview.gui.actions import STUDY_PAGES
from planetview.gui.models.neighbour_order import Order
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.widgets.message_bar import BarMessage


def take_study(studio: Studio, results: Results) -> None:
    """Write one picture per page and state and theme."""
    window = studio.window(Replay(results))
    take = partial(studio.take, window)
    take("welcome")
    window.controller.add_paths([dataset.source for dataset in results.datasets])
    until(lambda: len(window.workspace.datasets) > 0 and not window.controller.is_busy)
    window.workspace.set_title("Demo: the Moon")
    take("datasets")
    window.show_page("overview")
    take("overview-empty")
    for page in STUDY_PAGES[2:]:
        window.show_page(page)
        take(f"{page}-empty")
    window.show_page("overview")
    window.controller.run()
    until(lambda: window.job_bar.value() > 0)
    take("running")
    window.controller.cancel()
    window.messages.dismiss("run")
    window.workspace.set_results(results, window.workspace.request())
    stage = {
        "neighbours": partial(stage_neighbours, results),
        "entropy": stage_entropy,
    }
    for page in STUDY_PAGES[1:]:
        window.show_page(page)
        if page in stage:
            stage[page](window.pages.page(page))
        take(page)
    window.messages.show_message(
        BarMessage(
            "run",
            "The engine stopped in the middle of its work (ended by SIGKILL).",
            "Most often the machine ran out of memory. Finished work is kept: run again.",
            "danger",
            "details",
            (("Retry", window.controller.run),),
        )
    )
    window.show_page("overview")
    take("failure")
    studio.close(window)


def stage_neighbours(results: Results, page: QWidget) -> None:
    """Show possible copies, that with the most detail of the first six in the inspector."""
    query, order = box(page, "Images"), box(page, "Sort")
    names = [query.itemData(i) for i in range(query.count())]
    choose(query, "near_copies" if "near_copies" in names else names[0])
    choose(order, Order.COPIES)
    grid = page.findChild(ImageGrid)
    entropy = results.entropy_bits[query.currentData()]
    grid.setCurrentIndex(grid.model().index(max(range(6), key=lambda row: entropy[grid.model().image_at(row)])))


def stage_entropy(page: QWidget) -> None:
    """Choose a bin near the lower end, where images are few and dark."""
    plot = page.findChild(HistogramPlot)
    plot.move_cursor(3)
    QTest.keyClick(plot, Qt.Key.Key_Return)
