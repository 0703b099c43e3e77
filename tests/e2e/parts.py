"""What the tests of the whole way share: real tiles, what the command line found on them, a person's ways."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import METRICS
from planetview.core.results_io import results_to_json
from planetview.gui.actions import PAGE_ACTIONS
from planetview.gui.main_window import MainWindow
from planetview.gui.plots.bars import BarsItem
from planetview.gui.plots.histogram import HistogramPlot
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.views.image_grid import ImageGrid
from tests.gui_fixtures import Drop, sheet_of

Kind = TypeVar("Kind", bound=QDialog)
ROOT = Path(__file__).resolve().parents[2]
CTRL = Qt.KeyboardModifier.ControlModifier
FEW_METRICS = ("fd", "coverage", "closer-to-reference", "psnr")
# Generous: a run takes 10 s on two idle cores.
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Folders:
    """Real tiles, under names that tell their roles."""

    train: Path
    held_out: Path
    synthetic: Path


@dataclass(frozen=True)
class CommandLine:
    """What the command line found on the same folders: results.json as plain Python, and the home it used."""

    by_default: dict[str, Any]
    with_held_out: dict[str, Any]
    home: Path


def fill(window: MainWindow, drop: Drop, qtbot: QtBot, *folders: Path) -> None:
    """Drop folders anywhere and wait until they are read."""
    known = len(window.workspace.datasets)
    assert drop(window, *folders)
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: len(window.workspace.datasets) == known + len(folders) and not window.controller.is_busy,
        timeout=PATIENCE_MS,
    )
    # The screen of the tests has nobody who gives the keys back to the window once the sheet is gone.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def fill_with_three(window: MainWindow, drop: Drop, qtbot: QtBot, folders: Folders) -> None:
    """Drop reference, held-out set and candidate; choose a few quick metrics."""
    fill(window, drop, qtbot, folders.train, folders.held_out, folders.synthetic)
    window.workspace.set_settings(replace(window.workspace.settings, metrics=FEW_METRICS))


def wait_for_results(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.workspace.results is not None and not window.controller.is_busy, timeout=PATIENCE_MS)


def run_until_the_middle(window: MainWindow, qtbot: QtBot) -> None:
    """Press F5 and return while features are being computed."""
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.job_bar.value() > 0.1, timeout=PATIENCE_MS)
    assert window.controller.is_busy


def open_page(window: MainWindow, qtbot: QtBot, page_id: str) -> Any:
    """Go to a page by its keys, and return it."""
    number = PAGE_ACTIONS.index(page_id) + 1
    qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0.value + number), CTRL)
    assert window.current_page() == page_id
    return window.pages.page(page_id)


def press(qtbot: QtBot, place: QWidget, label: str) -> None:
    """Click the visible button of that label."""
    (button,) = (b for b in place.findChildren(QPushButton) if b.text() == label and b.isVisible())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(place: QWidget, kind: type[Kind]) -> Kind:
    """Return the dialog of this kind that is open."""
    (dialog,) = (one for one in place.findChildren(kind) if one.isVisible())
    return dialog


def texts(window: MainWindow) -> list[str]:
    return [message.text for message in window.messages.messages()]


def computed_images(window: MainWindow) -> int:
    """Return how many images the last run computed itself; the others came from the store."""
    assert window.workspace.results is not None
    computed: int = window.workspace.results.provenance["images"]["computed"]
    return computed


def assert_same_findings(window: MainWindow, expected: dict[str, Any]) -> None:
    """Every number, neighbour and pair is that of the command line, to the last bit."""
    assert window.workspace.results is not None
    found = json.loads(results_to_json(window.workspace.results))
    for part in ("values", "neighbours", "pairs", "correlations", "entropy_bits"):
        assert found[part] == expected[part], part


def assert_table_copies(window: MainWindow, qtbot: QtBot, expected: dict[str, Any]) -> None:
    """What "Copy table" puts on the clipboard holds every number of results.json."""
    press(qtbot, open_page(window, qtbot, "overview"), "Copy table")
    lines = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text()), delimiter="\t"))
    assert len(lines) == len(expected["values"])
    by_label = {(line["Metric"], line["Extractor"]): line for line in lines}
    for value in expected["values"]:
        line = by_label[(METRICS[value["metric"]].label, value["extractor"] or "")]
        name, interval = value["candidate"], value["interval"] or {"low": None, "high": None}
        wanted = (value["value"], interval["low"], interval["high"], value["floor"])
        cells = [line[column] for column in (name, f"{name} low", f"{name} high", f"{name} noise floor")]
        assert [float(cell) if cell else None for cell in cells] == list(wanted), value["metric"]
        if value["value"] is not None:
            assert int(line[f"{name} n"]) == value["n"]


def assert_pages_are_filled(window: MainWindow, qtbot: QtBot, folders: Folders, expected: dict[str, Any]) -> None:
    """Neighbours, entropy and correlation show all images of the results, pictures included."""
    candidate = folders.synthetic.name
    grid = open_page(window, qtbot, "neighbours").findChild(ImageGrid)
    assert grid.model().rowCount() == len(expected["entropy_bits"][candidate])
    first = folders.synthetic / grid.model().index(0, 0).data()
    qtbot.waitUntil(lambda: likeness(grid, first) > 0.95, timeout=PATIENCE_MS)

    histogram = open_page(window, qtbot, "entropy").findChild(HistogramPlot)
    counts = [len(bits) for bits in expected["entropy_bits"].values()]
    # The page's first turn only shows it.
    qtbot.waitUntil(lambda: counted_images(histogram) == counts)

    page = open_page(window, qtbot, "correlation")
    panels = page.findChild(PanelView)
    qtbot.waitUntil(lambda: len(panels.panels) == len(pairs_of(expected, candidate)["scores"]))
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Return)
    (scatter,) = (plot for plot in page.findChildren(ScatterPlot) if plot.isVisible())
    pairs = pairs_of(expected, candidate)
    shown = chosen_metric(window)
    finite = np.isfinite(np.array([pairs["scores"][shown], pairs["entropy_bits"]], float)).all(axis=0)
    _, points = scatter.data_table()
    assert not scatter.shows_density
    assert len(points) == finite.sum() > 0


def counted_images(histogram: HistogramPlot) -> list[int]:
    """Return how many images the bars of each curve count, as they are drawn."""
    bars = [one for item in histogram.view_box.addedItems if isinstance(item, BarsItem) for one in item.bars]
    return [int(one.ends.sum()) for one in bars]


def save_as(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    """Save the study with Ctrl+S under a name."""
    qtbot.keyClick(window, Qt.Key.Key_S, CTRL)
    dialog = shown(window, QFileDialog)
    with qtbot.waitSignal(window.controller.files.saved):
        dialog.filesSelected.emit([str(path)])
    dialog.reject()


def pairs_of(expected: dict[str, Any], query: str) -> dict[str, Any]:
    (table,) = (table for table in expected["pairs"] if table["query"] == query)
    found: dict[str, Any] = table
    return found


def chosen_metric(window: MainWindow) -> str:
    """Return the metric on the vertical axis of the correlation page."""
    boxes = window.pages.page("correlation").findChildren(QComboBox)
    (box,) = (box for box in boxes if box.accessibleName() == "Metric on the vertical axis")
    metric: str = box.currentData()
    return metric


def likeness(grid: ImageGrid, path: Path) -> float:
    """Return how well some square of the first tile follows the grey levels of the file `path`, at most 1."""
    cell = grid.viewport().grab(grid.visualRect(grid.model().index(0, 0))).toImage()
    grey = cell.convertToFormat(QImage.Format.Format_Grayscale8)
    shown = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    edge = grid.delegate.edge_px
    with Image.open(path) as image:
        wanted = np.asarray(image.convert("L").resize((edge, edge), Image.Resampling.BOX), float)
    wanted = (wanted - wanted.mean()) / wanted.std()
    part = shown[:, : grey.width() // 3 + edge].astype(float)
    # All places at once, as a product of spectra: one by one they took seconds on a busy computer.
    sums, squares, products = (
        np.fft.irfft2(np.fft.rfft2(pixels) * np.fft.rfft2(mask[::-1, ::-1], part.shape), part.shape)
        for pixels, mask in ((part, np.ones_like(wanted)), (part**2, np.ones_like(wanted)), (part, wanted))
    )
    count = edge * edge
    spread = np.sqrt(np.maximum(squares / count - (sums / count) ** 2, 1.0))
    likeness = products / count / spread
    return float(likeness[edge - 1 :, edge - 1 :].max())
