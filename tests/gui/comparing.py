"""What the tests of the compare view share: a view on the samples, files to look at, keys and places."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.results import Neighbours, Results
from planetview.core.settings import RunSettings
from planetview.gui.models.neighbour_set import NeighbourSet, Tile
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.compare.settings import Mode

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def tile_of(results: Results, index: int = 0) -> Tile:
    return NeighbourSet(results, "gan_v1", "vgg16-st").tile(index)


def settle(qtbot: QtBot, view: CompareDialog) -> None:
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=5000)


def press(qtbot: QtBot, view: CompareDialog, key: object, *modifiers: Qt.KeyboardModifier) -> None:
    target = QApplication.focusWidget() or view
    modifier = modifiers[0] if modifiers else Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(target, key, modifier)
    settle(qtbot, view)


def canvas(view: CompareDialog, number: int = 0) -> QWidget:
    return view.panes[number].canvas


def point(view: CompareDialog, x: int, y: int, number: int = 0) -> None:
    """Put the cursor on the middle of a pixel of one pane."""
    pane = view.panes[number] if view.settings.mode is Mode.SIDE else view.stage.pair_pane
    record = view.panes[number].record
    assert record is not None
    view.stage.point(QPointF((x + 0.5) / record.width, (y + 0.5) / record.height))
    assert pane.canvas.cross is not None


def pixels(record: ImageRecord) -> NDArray[np.generic]:
    return np.asarray(Image.open(record.path))


def colour_at(view: CompareDialog, number: int, x: int, y: int) -> int:
    """Return the grey level that the first layer of a pane shows for a pixel."""
    return canvas(view, number).layers[0].picture.levels[0].pixelColor(x, y).red()


def written(folder: Path, name: str, array: NDArray[np.generic]) -> ImageRecord:
    path = folder / name
    Image.fromarray(array).save(path)
    data = path.read_bytes()
    bands = 1 if array.ndim == 2 else array.shape[2]
    size = array.shape[1], array.shape[0]
    return ImageRecord(
        name, path, None, None, hashlib.sha256(data).hexdigest(), len(data), *size, bands, str(array.dtype)
    )


def results_of(first: ImageRecord, second: ImageRecord) -> Results:
    """Return results with one image and its only reference, no held-out set."""
    datasets = tuple(
        Dataset(name, role, Path(), SourceKind.FOLDER, (record,))
        for name, role, record in (("ref", Role.REFERENCE, second), ("gan_v1", Role.CANDIDATE, first))
    )
    table = Neighbours("gan_v1", "ref", "vgg16-st", np.zeros((1, 1), np.int64), np.full((1, 1), 0.5))
    return Results(datasets, RunSettings(), (), (table,), (), (), {})


def shown(qtbot: QtBot, theme: Theme, thumbs: ThumbnailCache, results: Results) -> CompareDialog:
    view = CompareDialog(theme, thumbs)
    qtbot.addWidget(view)
    view.show_tile(results, tile_of(results))
    view.show()
    qtbot.waitUntil(view.isActiveWindow)
    settle(qtbot, view)
    return view
