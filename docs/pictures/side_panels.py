"""The pictures of the dockable panels: sets, jobs in every state, log."""

from __future__ import annotations

from pathlib import Path

from pictures.engines import BROKEN, Replay, Stumbling
from pictures.opening import window_with
from pictures.taking import Studio, until
from planetview.core.results import Results
from planetview.gui.main_window import MainWindow


def take_panels(studio: Studio, results: Results) -> None:
    """Picture the panels beside the page they help with."""
    window = studio.window(Replay(results))
    _show(window, "jobs")
    studio.take(window, "jobs-none")
    window.controller.add_paths([dataset.source for dataset in results.datasets])
    until(lambda: len(window.workspace.datasets) > 0 and not window.controller.is_busy)
    window.workspace.set_title("Demo: the Moon")
    window.show_page("overview")
    window.controller.run()
    until(lambda: window.job_bar.value() > 0)
    studio.take(window, "jobs-running")
    window.controller.add_paths([Path("~/mars-study/gan_v4"), Path("~/mars-study/gan_v5")])
    window.show_page("overview")
    studio.take(window, "jobs-waiting")
    window.controller.jobs.toggle_pause()
    studio.take(window, "jobs-paused")
    window.controller.cancel_all()
    until(lambda: not window.controller.is_busy)
    studio.take(window, "cancelled")
    window.controller.add_paths([BROKEN])
    until(lambda: not window.controller.is_busy)
    window.show_page("datasets")
    studio.take(window, "jobs-failed")
    window.docks.dock("jobs").hide()
    window.messages.dismiss("run")
    _show(window, "log")
    studio.take(window, "log")
    window.docks.dock("log").hide()
    _show(window, "datasets")
    window.workspace.set_results(results, window.workspace.request())
    window.show_page("overview")
    studio.take(window, "datasets-panel")
    _show(window, "jobs")
    studio.take(window, "panels-both")
    studio.close(window)
    take_stopped(studio, results)


def take_stopped(studio: Studio, results: Results) -> None:
    """Picture a run one of whose stages failed, and what it came to until then."""
    window = window_with(studio, results, "Demo: the Moon", engine=Stumbling(results))
    window.workspace.set_results(None, None)
    window.show_page("overview")
    window.controller.run()
    until(lambda: not window.controller.is_busy)
    _show(window, "jobs")
    studio.take(window, "stage-failed")
    studio.close(window)


def _show(window: MainWindow, panel: str) -> None:
    dock = window.docks.dock(panel)
    dock.show()
    dock.raise_()
