"""The datasets page with real folders: findings, stretch preview, moved folders, drops and pastes."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QPushButton, QToolButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind, shared_images
from planetview.core.fingerprints import Fingerprint
from planetview.core.messages import ScanTarget
from planetview.core.results import Results
from planetview.core.scanning import scan
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import StudySource
from planetview.gui.main_window import MainWindow
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.dataset_card import DatasetCard
from planetview.gui.views.role_sheet import RoleSheet
from planetview.gui.workspace import MissingSource, Workspace
from tests.gui_fixtures import GapMeter
from tests.samples import terrain

_MANY = 50_000


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


def known_results(results: Results, *datasets: Dataset) -> Results:
    return replace(results, datasets=datasets)


def gone(dataset: Dataset) -> MissingSource:
    return MissingSource(StudySource(dataset.source, dataset.name, dataset.role), "It is not there.", "Locate it.")


@pytest.fixture
def moved(page: RoleSheet, folders: dict[str, Path], results: Results, tmp_path: Path) -> dict[str, Path]:
    """Return where three sets are now; the study knows their images and misses them at their old places."""
    sets = [scan(folder) for folder in folders.values()]
    page._workspace.add((), [gone(dataset) for dataset in sets])
    page._workspace.set_results(known_results(results, *sets))
    (tmp_path / "sets").rename(tmp_path / "moved")
    return {name: tmp_path / "moved" / name for name in folders}


def find_again(page: RoleSheet, name: str, place: Path) -> None:
    """Do what a scan for `locate` does."""
    missing = next(item for item in page._workspace.contents.missing if item.source.name == name)
    page._workspace.add([scan(place, name=name, role=missing.source.role)])


def test_a_moved_set_is_recognised_by_its_images(page: RoleSheet, moved: dict[str, Path], qtbot: QtBot) -> None:
    find_again(page, "train", moved["train"])

    qtbot.waitUntil(lambda: page.is_complete)
    assert "60 of 60 images match what the study knew." in said(card(page, "train"))
    qtbot.mouseClick(button(card(page, "train"), "Keep"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "match" not in said(card(page, "train")))


def test_another_folder_is_doubted_and_can_be_refused(page: RoleSheet, moved: dict[str, Path], qtbot: QtBot) -> None:
    find_again(page, "train", moved["test"])
    qtbot.waitUntil(lambda: page.is_complete)
    assert "⚠ Only 3 of 60 images match what the study knew; this place holds 63." in said(card(page, "train"))

    with qtbot.waitSignal(page.locate_requested) as asked:
        qtbot.mouseClick(button(card(page, "train"), "Choose another…"), Qt.MouseButton.LeftButton)

    assert asked.args[0].source.name == "train"
    assert {item.source.name for item in page._workspace.contents.missing} == {"train", "test", "gan"}
    page._workspace.undo_stack.undo()
    assert [dataset.name for dataset in page._workspace.datasets] == ["train"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("train", "The images are those that the study knew, all of them."),
        ("test", "⚠ Not the images that the study knew: 60 images then, 63 now."),
    ],
)
def test_a_study_without_results_still_knows_what_it_held(
    page: RoleSheet, folders: dict[str, Path], place: str, words: str, qtbot: QtBot
) -> None:
    known = scan(folders["train"])
    source = StudySource(Path("/gone/train"), "train", Role.REFERENCE, Fingerprint.of(known))
    page._workspace.add((), [MissingSource(source, "It is not there.")])
    find_again(page, "train", folders[place])

    qtbot.waitUntil(lambda: page.is_complete)
    assert words in said(card(page, "train"))


def test_the_others_that_moved_along_are_relinked_in_one_step(
    page: RoleSheet, moved: dict[str, Path], qtbot: QtBot
) -> None:
    find_again(page, "train", moved["train"])
    bar = page._relinking
    qtbot.waitUntil(lambda: "'test' and 'gan'" in bar.words())

    with qtbot.waitSignal(page.relink_requested) as asked:
        qtbot.mouseClick(button(bar, "Relink them"), Qt.MouseButton.LeftButton)

    targets = asked.args[0]
    assert [(target.name, target.path) for target in targets] == [("test", moved["test"]), ("gan", moved["gan"])]
    page._workspace.add([scan(target.path, name=target.name, role=target.role) for target in targets])
    assert not page._workspace.contents.missing
    page._workspace.undo_stack.undo()
    assert {item.source.name for item in page._workspace.contents.missing} == {"test", "gan"}


def test_all_are_located_by_the_folder_that_held_them(page: RoleSheet, moved: dict[str, Path], qtbot: QtBot) -> None:
    bar = page._relinking
    assert bar.words().startswith("3 sets are missing from ")

    with qtbot.waitSignal(page.relink_requested) as asked:
        bar.relink_from(moved["train"].parent)
    assert [target.path for target in asked.args[0]] == list(moved.values())
    assert all(isinstance(target, ScanTarget) for target in asked.args[0])

    with qtbot.waitSignal(page.notice) as notice:
        bar.relink_from(moved["train"])
    assert notice.args[0].startswith("None of the 3 missing sets is in ")


def drag(page: RoleSheet, mime: QMimeData, role: Role | None) -> None:
    """Enter the page, move to the place of a role, and drop there: what Qt sends for one drag."""
    rest = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(5, 5), *rest)
    QApplication.sendEvent(page.viewport(), enter)
    assert enter.isAccepted()
    assert page.drops.isVisible()
    at = page.drops.place_of(role).center()
    QApplication.sendEvent(page.drops, QDragEnterEvent(at.toPoint(), *rest))
    QApplication.sendEvent(page.drops, QDragMoveEvent(at.toPoint(), *rest))
    QApplication.sendEvent(page.drops, QDropEvent(QPointF(at), *rest))
    assert not page.drops.isVisible()


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


@pytest.mark.parametrize("role", [*Role, None])
def test_a_folder_dropped_on_a_place_takes_its_role(
    page: RoleSheet, tmp_path: Path, role: Role | None, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(page.paths_dropped) as dropped:
        drag(page, files(tmp_path), role)

    assert dropped.args == [(tmp_path,), role]


def test_a_web_address_is_refused_with_a_reason(page: RoleSheet, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/tiles.zip")])
    with qtbot.waitSignal(page.notice) as notice:
        drag(page, mime, Role.CANDIDATE)

    assert "on this computer" in notice.args[0]


def test_paths_on_the_clipboard_are_pasted(page: RoleSheet, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "月 قمر").mkdir()
    QGuiApplication.clipboard().setText(f"file://{tmp_path}/月 قمر\n{tmp_path}\n")
    with qtbot.waitSignal(page.paths_dropped) as dropped:
        qtbot.keyClick(page, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)

    assert dropped.args == [(tmp_path / "月 قمر", tmp_path), None]


def test_a_set_dropped_on_a_role_arrives_with_it_in_the_window(
    window: MainWindow, sets: dict[str, Path], qtbot: QtBot
) -> None:
    window.controller.add_paths([sets["real_train"]])
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 1 and not window.controller.is_busy)
    drag(window.role_sheet, files(sets["real_test"]), Role.CANDIDATE)

    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 2)
    assert window.workspace.datasets[1].role is Role.CANDIDATE


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
    gap_meter.end()

    assert len(page.cards()) == 40
    assert f"{_MANY:,} images · 64 × 64 px" in said(card(page, "large_1"))
    # Most turns make one card; the worst lays the whole page out. Three times what a quiet machine takes.
    assert gap_meter.worst_ms < 400
    print(f"worst {gap_meter.worst_ms:.0f} ms, median {gap_meter.median_ms:.1f} ms")
