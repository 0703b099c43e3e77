"""The picture of what can be wrong with sets: damaged files, deep images without a stretch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pictures.engines import Scanner
from pictures.taking import Studio, until
from planetview.gui.widgets.expander import Expander


def take_problems(studio: Studio, scratch: Path) -> None:
    """Picture the datasets page over a set of 16-bit tiles, two of them damaged."""
    draw_problems(scratch)
    window = studio.window(Scanner())
    window.controller.add_paths(sorted(scratch.iterdir()))
    until(lambda: len(window.workspace.datasets) == 2 and not window.controller.is_busy)
    window.workspace.set_title("Mars: deep images")
    # Another theme draws the cards anew, closed.
    studio.take(window, "problems", prepare=lambda: window.role_sheet.cards()[0].findChild(Expander).set_open(True))
    studio.close(window)


def draw_problems(scratch: Path) -> None:
    """Write a set of 16-bit tiles with two damaged files, and an 8-bit set, into folders of `scratch`."""
    random = np.random.default_rng(7)
    grid = np.linspace(0, 6, 96)
    for name, dtype, top in (("real_train", np.uint16, 4000.0), ("gan_v3", np.uint8, 255.0)):
        (scratch / name).mkdir(parents=True)
        for number in range(24):
            a, b, c = random.uniform(0.5, 3, 3)
            relief = np.sin(a * grid)[:, None] * np.cos(b * grid)[None, :] + 0.2 * c * random.normal(size=(96, 96))
            tile = (top * (relief - relief.min()) / np.ptp(relief)).astype(dtype)
            Image.fromarray(tile).save(scratch / name / f"{name}_{number:03d}.png")
    for number, cut in ((4, 300), (17, 40)):
        file = scratch / "real_train" / f"real_train_{number:03d}.png"
        file.write_bytes(file.read_bytes()[:cut])
