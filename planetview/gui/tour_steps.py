"""What the tour says, and where."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from planetview.gui.shortcuts import keys_of, native
from planetview.gui.tour import Tour, TourStep

if TYPE_CHECKING:
    from planetview.gui.main_window import MainWindow


def begin_tour(window: MainWindow) -> Tour:
    """Open the demo where no study is open, and begin the tour of `window`."""
    for running in window.findChildren(Tour):
        running.end()
    if window.workspace.is_empty:
        window.controller.open_demo()
    return Tour(tour_steps(window), window.theme, window)


def tour_steps(window: MainWindow) -> tuple[TourStep, ...]:
    """Return the six steps: sets, roles, run, verdict, neighbours, report."""
    run = ", ".join(native(keys) for keys in keys_of("run", window.preferences.shortcuts)[:1])
    export = ", ".join(native(keys) for keys in keys_of("export_report", window.preferences.shortcuts)[:1])
    datasets, overview = partial(window.show_page, "datasets"), partial(window.show_page, "overview")

    def sets() -> QWidget | None:
        return window.role_sheet

    return (
        TourStep(
            _tr("Drop your images"),
            _tr("Folders, zip files and lists go anywhere onto the window. The demo brings small sets of terrain with "
                "known faults. Nothing of yours is changed or sent anywhere."),
            datasets, lambda: None,
        ),
        TourStep(
            _tr("Give each set its role"),
            _tr("Reference: real images the generator learned from. Held-out: real images it never saw; it sets the "
                "noise floor. Candidates: the synthetic sets to judge. Look at the findings before you run."),
            datasets, sets,
        ),
        TourStep(
            _tr("Run"),
            _tr("Run ({0}) computes in the background; Esc stops it, and what is finished is kept. The options say "
                "which numbers, how many images, and which networks are here.").format(run),
            datasets, lambda: window.header.run_button,
        ),
        TourStep(
            _tr("Read the verdict"),
            _tr("The overview sets every number beside its noise floor: what two real samples give. Near the floor is "
                "as close as real images are to each other. Each number has its interval, sample and source."),
            overview, lambda: window.pages,
        ),
        TourStep(
            _tr("Look behind the numbers"),
            _tr("Neighbours shows each synthetic image beside the nearest real ones, so a copy shows at once. Entropy "
                "and Correlation tell whether a number follows more than mere detail."),
            partial(window.show_page, "neighbours"), lambda: window.pages,
        ),
        TourStep(
            _tr("Hand it on"),
            _tr("Export ({0}) writes a report that stands by itself. The Edit menu copies the methods text and the "
                "references for a paper. F1 explains what has the focus; Ctrl+K finds any command.").format(export),
            overview, window.menuBar,
        ),
    )  # fmt: skip


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tour", text)
