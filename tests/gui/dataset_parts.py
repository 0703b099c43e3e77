"""What the tests of the datasets page share: real folders with known faults, and the page that has read them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Role, shared_images
from planetview.core.scanning import scan
from planetview.core.stretch import Stretch
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.dataset_card import DatasetCard
from planetview.gui.views.role_sheet import RoleSheet
from planetview.gui.workspace import Workspace
from tests.samples import terrain


def write_set(
    folder: Path, count: int, seed: int, *, deep: bool = False, classes: tuple[str, ...] = (), side: int = 32
) -> Path:
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = terrain(rng, side)
        # 16-bit as a camera stores 12 bits: far from filling the range.
        native = pixels.astype(np.uint16) * 14 + 900 if deep else pixels
        place = folder / classes[number % len(classes)] if classes else folder
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(native).save(place / f"tile_{number:03d}.png")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sets, written once: a test that moves them takes a copy."""
    place = tmp_path_factory.mktemp("datasets")
    found = {
        "train": write_set(place / "train", 60, 1, deep=True, classes=("crater", "dune")),
        "test": write_set(place / "test", 60, 2, deep=True, classes=("crater", "dune")),
        "gan": write_set(place / "gan", 60, 3, classes=("crater", "crater", "crater", "dune")),
    }
    for number in (0, 2, 4):
        shutil.copy(found["train"] / "crater" / f"tile_{number:03d}.png", found["test"] / "crater" / f"x_{number}.png")
    shutil.copy(found["gan"] / "dune" / "tile_003.png", found["gan"] / "dune" / "tile_003 copy.png")
    Image.fromarray(np.zeros((40, 16), np.uint8)).save(found["gan"] / "dune" / "strip.png")
    (found["gan"] / "dune" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return place


@pytest.fixture
def folders(written: Path, tmp_path: Path) -> dict[str, Path]:
    """Return a training set of 16-bit images, a test set that holds three of them, and an 8-bit candidate."""
    shutil.copytree(written, tmp_path / "sets")
    return {name: tmp_path / "sets" / name for name in ("train", "test", "gan")}


@pytest.fixture
def page(qtbot: QtBot, theme: Theme) -> Iterator[RoleSheet]:
    workspace, thumbs = Workspace(), ThumbnailCache()
    page = RoleSheet(workspace, thumbs, theme)
    workspace.setParent(page)
    page.resize(1100, 900)
    page.show()
    qtbot.waitExposed(page)
    yield page
    page.stretch.preview.shutdown()
    thumbs.shutdown()
    page.close()
    page.deleteLater()
    # Pages that linger are styled again with every theme that a test puts on.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def read(page: RoleSheet, folders: dict[str, Path], qtbot: QtBot) -> RoleSheet:
    """Return the page with all three sets read, and their duplicates found."""
    roles = {"train": Role.REFERENCE, "test": Role.HELD_OUT, "gan": Role.CANDIDATE}
    sets = [scan(folders[name], role=role) for name, role in roles.items()]
    page._workspace.add(sets)
    page._workspace.set_shared(shared_images(sets))
    qtbot.waitUntil(lambda: page.is_complete and bool(page.findings.model.findings))
    return page


def titles(page: RoleSheet) -> list[str]:
    return [finding.title for finding in page.findings.model.findings]


def choose(page: RoleSheet, start: str) -> None:
    model = page.findings.model
    row = next(row for row, title in enumerate(titles(page)) if title.startswith(start))
    page.findings.tree.setCurrentIndex(model.index(row, 0))


def card(page: RoleSheet, name: str) -> DatasetCard:
    return next(card for card in page.cards() if card.dataset.name == name)


def said(widget: DatasetCard) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def button(widget: object, text: str) -> QPushButton:
    return next(b for b in widget.findChildren(QPushButton) if b.text() == text)  # type: ignore[attr-defined]


def use_stretch(page: RoleSheet, stretch: Stretch) -> None:
    page._workspace.set_settings(replace(page._workspace.settings, stretch=stretch))
