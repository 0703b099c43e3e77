"""Fixtures of the whole suite: a private home, the shared imagery, small synthetic terrain."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# Before anything can import Qt: the suite must run on machines without a display.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pytest
from PIL import Image

TileFactory = Callable[..., Path]


@pytest.fixture(autouse=True)
def planetview_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep caches, settings and logs of every test inside its own temporary folder."""
    home = tmp_path / "planetview-home"
    monkeypatch.setenv("PLANETVIEW_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real imagery beside the project, or skip where there is none."""
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    if not (folder / "hirise" / "labels.csv").is_file():
        pytest.skip("the shared imagery (../shared/data) is not on this machine")
    return folder


def terrain(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return one (size, size) uint8 tile of noise with the 1/f amplitude that natural terrain has."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    frequency[0, 0] = np.inf
    phases = np.exp(2j * np.pi * rng.random(frequency.shape))
    heights = np.fft.irfft2(phases / frequency, s=(size, size))
    tile: np.ndarray = np.clip(128 + 45 * heights / heights.std(), 0, 255).astype(np.uint8)
    return tile


@pytest.fixture
def tiles(tmp_path: Path) -> TileFactory:
    """Return `tiles(n=8, size=64, seed=0, folder=None) -> Path`: write n grey terrain PNGs, return their folder."""

    def write(n: int = 8, size: int = 64, seed: int = 0, folder: Path | None = None) -> Path:
        target = folder if folder is not None else tmp_path / f"tiles-{seed}"
        target.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        for i in range(n):
            Image.fromarray(terrain(size, rng)).save(target / f"tile_{i:04d}.png")
        return target

    return write
