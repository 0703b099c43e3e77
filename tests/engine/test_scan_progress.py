"""What a scan says while it reads: how many images, and what it had to leave out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.messages import Progress, ScanRequest, ScanTarget
from planetview.engine.engine import scan_targets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "gan"
    place.mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(place / f"tile_{number}.png")
    (place / "broken_1.png").write_bytes(b"no image")
    return place


def test_a_file_left_out_is_named_while_the_others_are_read(folder: Path) -> None:
    said: list[Progress] = []

    scan_targets(ScanRequest((ScanTarget(folder),)), said.append, lambda: None)  # type: ignore[arg-type]

    assert said[0].label == "Reading gan"
    assert said[-1].label.startswith("Reading gan (1 left out; broken_1.png: ")
    assert (said[-1].done, said[-1].total) == (4, 4)


def test_a_scan_without_problems_only_counts(folder: Path) -> None:
    (folder / "broken_1.png").unlink()
    said: list[Progress] = []

    scan_targets(ScanRequest((ScanTarget(folder),)), said.append, lambda: None)  # type: ignore[arg-type]

    assert {progress.label for progress in said} == {"Reading gan"}
