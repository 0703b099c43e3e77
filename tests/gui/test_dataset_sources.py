"""Where sets come from: moved folders found again, drops by role, pasted paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Dataset, Role
from planetview.core.fingerprints import Fingerprint
from planetview.core.messages import ScanTarget
from planetview.core.results import Results
from planetview.core.scanning import scan
from planetview.core.study import StudySource
from planetview.gui.main_window import MainWindow
from planetview.gui.views.role_sheet import RoleSheet
from planetview.gui.workspace import MissingSource
from tests.gui.dataset_parts import (
    button,
    card,
    folders,
    page,
    read,
    said,
    written,
)
from tests.gui_fixtures import sheet_of

__all__ = ["folders", "page", "read", "written"]


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
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 2)
    assert window.workspace.datasets[1].role is Role.CANDIDATE
