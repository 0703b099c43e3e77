"""The datasets page with real folders: findings, stretch preview, very many images."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QToolButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.scanning import scan
from planetview.core.stretch import Stretch, StretchKind
from planetview.gui.views.role_sheet import RoleSheet
from tests.gui.dataset_parts import (
    button,
    card,
    choose,
    folders,
    page,
    read,
    said,
    titles,
    use_stretch,
    write_set,
    written,
)
from tests.gui_fixtures import GapMeter

__all__ = ["folders", "page", "read", "written"]

_MANY = 50_000


def test_all_that_is_wrong_with_the_sets_is_said(read: RoleSheet) -> None:
    assert titles(read) == [
        "3 images are in both 'train' and 'test'",
        "Deeper than 8-bit without a stretch: 'train' and 'test'",
        "1 file of 'gan' left out",
        "1 repeated image in 'gan' (2 %)",
        "Bit depth differs between images: 16-bit, 8-bit",
        "'gan': 1 image not of 32 × 32 px",
        "Classes out of balance in 'gan': 73 % 'crater', the reference 50 %",
    ]
    assert read.findings.words().startswith("Findings: 4 warnings")


def test_leakage_is_explained_and_its_pairs_are_listed_and_copied(read: RoleSheet, qtbot: QtBot) -> None:
    choose(read, "3 images are in both")
    assert any("noise floor comes out too low" in label.text() for label in read.findings.findChildren(QLabel))

    with qtbot.waitSignal(read.notice) as notice:
        qtbot.mouseClick(button(read.findings, "Copy list"), Qt.MouseButton.LeftButton)

    assert notice.args == ["Copied 3 lines."]
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "train\ttest"
    assert sorted(lines[1:]) == [f"crater/tile_00{i}.png\tcrater/x_{i}.png" for i in (0, 2, 4)]


def test_the_pairs_open_below_their_finding(read: RoleSheet, qtbot: QtBot) -> None:
    tree, model = read.findings.tree, read.findings.model
    choose(read, "3 images are in both")
    tree.setFocus()
    qtbot.keyClick(tree, Qt.Key.Key_Right)

    top = tree.currentIndex()
    assert tree.isExpanded(top)
    assert model.rowCount(top) == 3
    assert model.index(0, 0, top).data(Qt.ItemDataRole.AccessibleTextRole).startswith("train: crater/tile_00")


def test_one_click_excludes_the_leak_and_undo_brings_it_back(read: RoleSheet, qtbot: QtBot) -> None:
    choose(read, "3 images are in both")
    qtbot.mouseClick(button(read.findings, "Exclude 3 images of 'test'"), Qt.MouseButton.LeftButton)

    qtbot.waitUntil(lambda: not any("both" in title for title in titles(read)))
    request = read._workspace.request()
    assert request.held_out is not None
    assert len(request.held_out) == 60
    assert not any(image.name.startswith("crater/x_") for image in request.held_out.images)

    read._workspace.undo_stack.undo()
    qtbot.waitUntil(lambda: any("both" in title for title in titles(read)))


def test_unreadable_files_are_exported_with_their_reasons(read: RoleSheet, tmp_path: Path) -> None:
    choose(read, "1 file of 'gan' left out")
    read.findings.export(tmp_path / "left out.csv")

    with (tmp_path / "left out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["File", "Reason"]
    assert rows[1][0] == "dune/broken.png"
    assert rows[1][1]


def test_a_list_that_cannot_be_written_says_so(read: RoleSheet, tmp_path: Path, qtbot: QtBot) -> None:
    choose(read, "1 file of 'gan' left out")
    with qtbot.waitSignal(read.notice) as notice:
        (tmp_path / "file").touch()
        read.findings.export(tmp_path / "file" / "x.csv")
    assert notice.args[0].startswith("Could not write x.csv")


def test_sets_without_faults_are_praised(page: RoleSheet, tmp_path: Path, qtbot: QtBot) -> None:
    page._workspace.add([scan(write_set(tmp_path / "a", 55, 1), role=Role.REFERENCE)])

    qtbot.waitUntil(lambda: page.findings.words().startswith("✓ No findings"))
    assert not button(page.findings, "Copy list").isVisible()


def test_a_fixed_range_that_blackens_8_bit_sets_is_warned_of(read: RoleSheet, qtbot: QtBot) -> None:
    use_stretch(read, Stretch(StretchKind.FIXED, 0, 65535))

    qtbot.waitUntil(lambda: "The fixed range turns 8-bit sets black: 'gan'" in titles(read))
    choose(read, "The fixed range")
    assert "their white becomes level 1 of 255" in read.findings.chosen().consequence  # type: ignore[union-attr]


def test_classes_of_all_sets_stand_side_by_side(read: RoleSheet, qtbot: QtBot) -> None:
    read._classes.findChild(QToolButton).click()
    model = read._class_table
    header = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
    rows = {
        model.headerData(row, Qt.Orientation.Vertical): [model.index(row, c).data() for c in range(3)]
        for row in range(model.rowCount())
    }

    assert header == ["train", "test", "gan"]
    assert rows["dune"] == ["30 (50 %)", "30 (48 %)", "17 (27 %)"]
    view = read._classes.findChild(type(read._classes._content))
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().splitlines()[0] == "\ttrain\ttest\tgan"


def test_the_models_hold(read: RoleSheet, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(read.findings.model)
    qtmodeltester.check(read._class_table)
    read.findings.show_findings(())
    qtmodeltester.check(read.findings.model)


def test_choosing_percentiles_shows_the_range_of_each_set_at_once(read: RoleSheet, qtbot: QtBot) -> None:
    kind = read.stretch.choice.findChild(QComboBox)
    with qtbot.waitSignal(read.stretch.preview.finished, timeout=5000):
        kind.setCurrentIndex(1)
        kind.activated.emit(1)

    pixels = np.concatenate(
        [np.asarray(Image.open(path)).ravel() for path in sorted(card(read, "train").dataset.source.rglob("*.png"))]
    )
    low, high = np.percentile(pixels, (0.5, 99.5))
    assert f"Next run: {low:,.0f} – {high:,.0f} becomes 0 – 255" in said(card(read, "train"))
    words = read.stretch.samples._views[Role.REFERENCE].words()
    assert words.startswith(f"16-bit: {low:,.0f} – {high:,.0f} becomes 0 – 255.")


def test_a_sample_shows_its_native_samples_and_their_levels(read: RoleSheet, qtbot: QtBot) -> None:
    with qtbot.waitSignal(read.stretch.preview.finished, timeout=5000):
        use_stretch(read, Stretch(StretchKind.FIXED, 900, 4470))

    sample = read.stretch.samples._views[Role.REFERENCE].histograms._sample
    assert sample is not None
    native = np.asarray(Image.open(card(read, "train").dataset.source / sample.image_name))
    assert (sample.lowest, sample.highest) == (native.min(), native.max())
    assert sample.native is not None
    assert sample.native.sum() == native.size
    levels = np.rint(np.clip((native.astype(float) - 900) / 3570 * 255, 0, 255))
    assert sample.white == pytest.approx(np.mean(levels == 255))
    assert sample.levels is not None
    assert sample.levels.tolist() == np.histogram(levels, 64, (0, 256))[0].tolist()


def test_without_a_stretch_deep_samples_are_said_to_be_refused(read: RoleSheet, qtbot: QtBot) -> None:
    views = read.stretch.samples._views
    qtbot.waitUntil(lambda: "refused by a run" in views[Role.REFERENCE].words())
    qtbot.waitUntil(lambda: "passes unchanged" in views[Role.CANDIDATE].words())


def test_a_quick_second_choice_is_the_one_that_is_shown(read: RoleSheet, qtbot: QtBot) -> None:
    arrived: list[str] = []
    read.stretch.preview.resolved.connect(lambda found: arrived.append(found.resolved.key))
    with qtbot.waitSignal(read.stretch.preview.finished, timeout=5000):
        for high in range(1000, 5000, 250):
            use_stretch(read, Stretch(StretchKind.FIXED, 0, high))

    assert set(arrived) == {"range:0:4750"}
    assert "Next run: 0 – 4,750 becomes 0 – 255" in said(card(read, "gan"))


def test_other_samples_and_another_candidate_can_be_seen(read: RoleSheet, tmp_path: Path, qtbot: QtBot) -> None:
    view = read.stretch.samples._views[Role.REFERENCE]
    qtbot.waitUntil(lambda: view.histograms._sample is not None and not read.stretch.preview.is_busy)
    first = view.histograms._sample.image_name  # type: ignore[union-attr]
    qtbot.mouseClick(button(read.stretch.samples, "Next samples"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.histograms._sample.image_name != first)  # type: ignore[union-attr]

    read._workspace.add([scan(write_set(tmp_path / "vae", 5, 8), role=Role.CANDIDATE)])
    combo = read.stretch.samples._candidate
    qtbot.waitUntil(lambda: combo.count() == 2)
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    synthetic = read.stretch.samples._views[Role.CANDIDATE].histograms
    qtbot.waitUntil(lambda: synthetic._sample is not None and synthetic._sample.set_name == "vae")


def test_of_several_candidates_the_sample_is_of_the_one_that_is_warned_about_until_another_is_picked(
    read: RoleSheet, tmp_path: Path, qtbot: QtBot
) -> None:
    read._workspace.add([scan(write_set(tmp_path / "deep", 5, 8, deep=True), role=Role.CANDIDATE)])
    combo = read.stretch.samples._candidate
    qtbot.waitUntil(lambda: combo.count() == 2 and combo.currentText() == "deep")
    words = read.stretch.samples._views[Role.CANDIDATE]
    qtbot.waitUntil(lambda: "refused" in words.words())

    combo.setCurrentIndex(combo.findText("gan"))
    combo.activated.emit(combo.currentIndex())
    qtbot.waitUntil(lambda: "passes unchanged" in words.words())
    read.stretch.refresh()
    qtbot.wait(1)
    assert combo.currentText() == "gan"


def many(name: str, count: int) -> Dataset:
    images = tuple(
        ImageRecord(f"t_{i:06d}.png", Path("/x") / name, None, ("a", "b")[i % 2], f"{name}{i}", 9, 64, 64, 1, "uint8")
        for i in range(count)
    )
    return Dataset(name, Role.CANDIDATE, Path("/x") / name, SourceKind.FOLDER, images)


@pytest.mark.slow
def test_40_sets_and_50_000_images_do_not_hold_the_window_up(
    page: RoleSheet, gap_meter: GapMeter, qtbot: QtBot
) -> None:
    sets = [many(f"set_{i}", 50) for i in range(38)] + [many(f"large_{i}", _MANY) for i in range(2)]
    gap_meter.begin()
    page._workspace.add(sets)
    qtbot.waitUntil(lambda: page.is_complete and "counting" not in page.findings.words(), timeout=20_000)
    worst = gap_meter.end()

    assert len(page.cards()) == 40
    assert f"{_MANY:,} images · 64 × 64 px" in said(card(page, "large_1"))
    # Most turns make one card; the worst lays the whole page out. Three times what a quiet machine takes.
    assert worst < 400
