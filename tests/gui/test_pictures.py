"""The pictures of the documentation: those that pages name are there, and few colours show what many did."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from planetview.core.results import Results
from planetview.gui.main_window import MainWindow

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "guide.md")


def load(file: str) -> ModuleType:
    """Return a module of docs, which are no package."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, ROOT / "docs" / file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stripes() -> Image.Image:
    """Return a window of 1280 x 800 px with grey tiles, a grey wedge, and thin stripes of near hues on it."""
    noise = np.random.default_rng(3).integers(0, 256, (800, 1280), dtype=np.uint8)
    pixels = np.stack([noise] * 3, axis=2)
    pixels[:, 900:] = np.linspace(250, 255, 380).astype(np.uint8)[:, None]
    for number, colour in enumerate(((213, 94, 0), (230, 120, 20), (230, 159, 0), (0, 114, 178), (0, 158, 115))):
        pixels[100 * number : 100 * number + 80, 1000:1003] = colour
    return Image.fromarray(pixels)


def test_few_colours_keep_the_stripes_of_two_candidates_apart() -> None:
    picture = stripes()
    before = np.asarray(picture).astype(int)

    few = load("pictures/few_colours.py").in_few_colours(picture)

    after = np.asarray(few.convert("RGB")).astype(int)
    wrong = np.abs(after - before).max(axis=2)
    assert len(few.getcolors()) <= 256
    assert wrong[np.ptp(before, axis=2) > 40].max() <= 12
    assert wrong.max() <= 12


def test_few_colours_of_a_true_page_are_near_its_own(window: MainWindow, results: Results, tmp_path: Path) -> None:
    window.workspace.add(results.datasets)
    window.show_page("datasets")
    window.resize(1280, 800)
    window.grab().save(str(tmp_path / "page.png"))
    with Image.open(tmp_path / "page.png") as file:
        picture = file.convert("RGB")
    before = np.asarray(picture).astype(int)

    few = load("pictures/few_colours.py").in_few_colours(picture)

    wrong = np.abs(np.asarray(few.convert("RGB")).astype(int) - before).max(axis=2)
    vivid = np.ptp(before, axis=2) > 40
    assert vivid.sum() > 1000
    assert wrong[vivid].max() <= 16


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_picture_of_a_page_is_there_and_light(page: Path) -> None:
    found = re.findall(r"!\[[^]]+\]\(([^)]+\.png)\)", page.read_text(encoding="utf-8"))

    assert found
    for name in found:
        assert (page.parent / name).stat().st_size < 300_000, name
