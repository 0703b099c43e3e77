"""The pictures of images with gaps in them and a label beside them, as a mission delivers them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from pictures.compare_view import open_compare
from pictures.opening import window_with
from pictures.results import nearby
from pictures.taking import Studio, until
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.results import Neighbours, Results
from planetview.core.settings import RunSettings
from planetview.gui.widgets.text_dialog import TextDialog
from tests.samples import terrain

_SIDE = 360
_LABEL = """PDS_VERSION_ID = PDS3
PRODUCT_ID = "{name}"
TARGET_NAME = "MARS"
INSTRUMENT_HOST_NAME = "MADE-UP ORBITER"
INSTRUMENT_NAME = "MADE-UP CAMERA"
START_TIME = 2008-12-21T03:04:05.678
OBJECT = IMAGE_MAP_PROJECTION
  MAP_SCALE = 0.25 <METERS/PIXEL>
END_OBJECT = IMAGE_MAP_PROJECTION
OBJECT = IMAGE
  LINES = {side}
  LINE_SAMPLES = {side}
  SAMPLE_TYPE = PC_REAL
  SAMPLE_BITS = 32
END_OBJECT = IMAGE
END
"""


def take_holes(studio: Studio, scratch: Path) -> None:
    """Picture the compare view over images whose edges have no data, marked, and what their label says."""
    before = Path.cwd()
    results = nearby(_results(scratch))
    window = window_with(studio, results, "Mars: map-projected tiles")
    window.show_page("neighbours")
    dialog = open_compare(window)
    studio.take(window, "compare-no-data", dialog)
    window.workspace.set_marking("CUI // SP-EXPT")
    studio.take(window, "compare-marked", dialog)
    window.workspace.set_marking("")
    dialog.stage.show_label(dialog.panes[1].record)
    until(lambda: dialog.stage.findChildren(TextDialog))
    studio.take_dialog(window, dialog.stage.findChild(TextDialog), "about-this-file")
    dialog.close()
    studio.close(window)
    os.chdir(before)


def _results(scratch: Path) -> Results:
    """Return four images each of three sets in 32-bit floating point, turned on their frames as maps are."""
    rng = np.random.default_rng(8)
    roles = {"real_train": Role.REFERENCE, "real_test": Role.HELD_OUT, "gan_v4": Role.CANDIDATE}
    datasets = []
    for number, (name, role) in enumerate(roles.items()):
        folder = scratch / name
        folder.mkdir(parents=True)
        records = [_written(folder, f"{name}_{i:03d}", rng, 0.0 if number == 2 else 0.22) for i in range(4)]
        datasets.append(Dataset(name, role, folder, SourceKind.FOLDER, tuple(records)))
    order = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    tables = tuple(
        Neighbours("gan_v4", bank, "vgg16-st", order, np.sort(rng.random((4, 2)), axis=1))
        for bank in ("real_train", "real_test")
    )
    entropy = {dataset.name: rng.uniform(5, 7, 4) for dataset in datasets}
    return Results(tuple(datasets), RunSettings(), (), tables, (), (), entropy, provenance={"version": "0"})


def _written(folder: Path, name: str, rng: np.random.Generator, turn: float) -> ImageRecord:
    pixels = terrain(rng, _SIDE).astype(np.float32) / 255
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    for share, way in ((x + turn * y, 1), (y - turn * x, 1)):
        pixels[(way * share < turn * 0.6) | (way * share > 1 + turn * 0.3)] = np.nan if turn else 0
    path = folder / f"{name}.tif"
    Image.fromarray(pixels).save(path)
    path.with_suffix(".lbl").write_text(_LABEL.format(name=name.upper(), side=_SIDE), encoding="utf-8")
    return record_of(path, pixels.shape)


def record_of(path: Path, shape: Sequence[int]) -> ImageRecord:
    """Return the record of a floating-point file as a scan would."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return ImageRecord(path.name, path, None, None, digest, len(data), shape[1], shape[0], 1, "float32")
