"""The datasets dock: a tree of roles and sets that is edited in place, by keys, by drops, and back by undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLineEdit
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Role, SharedImages
from planetview.core.results import Results
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import StudySource
from planetview.gui.main_window import MainWindow
from planetview.gui.theme import Theme
from planetview.gui.views.dataset_dock import DatasetDock
from planetview.gui.workspace import MissingSource, Workspace
from tests.gui_fixtures import sheet_of

GONE = MissingSource(StudySource(Path("/gone/gan_v9"), "gan_v9", Role.CANDIDATE), "It is not there.", "Locate it.")


@pytest.fixture
def dock(qtbot: QtBot, theme: Theme, results: Results) -> DatasetDock:
    workspace = Workspace()
    dock = DatasetDock(workspace, theme)
    workspace.setParent(dock)
    qtbot.addWidget(dock)
    workspace.add(results.datasets)
    dock.resize(320, 600)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def rows(dock: DatasetDock, name: str = "") -> list[tuple[str, str]]:
    """Return the texts of the rows under a set, or of the sets under all roles."""
    model = dock.model
    parents = [model.find(f"set {name}")] if name else [model.index(row, 0) for row in range(model.rowCount())]
    return [
        (model.index(row, 0, parent).data(), model.index(row, 1, parent).data())
        for parent in parents
        for row in range(model.rowCount(parent))
    ]


def names_by_role(workspace: Workspace) -> dict[str, str]:
    return {dataset.name: dataset.role.value for dataset in workspace.datasets}


def test_sets_stand_under_their_roles_with_counts_and_warnings(dock: DatasetDock) -> None:
    model = dock.model
    groups = [(model.index(row, 0).data(), model.index(row, 1).data()) for row in range(3)]

    assert groups == [("Reference", "48"), ("Held-out", "24"), ("Candidate", "36")]
    counts = dict(rows(dock))
    assert counts["real_train"].endswith("48")
    assert "⚠ 2" in counts["gan_v1"]  # a file left out, and only 24 images


def test_a_set_opens_to_its_size_depth_classes_and_findings(dock: DatasetDock) -> None:
    texts = [text for text, _ in rows(dock, "gan_v1")]

    assert texts[:3] == ["Size: 48 × 48 px", "Depth: 8-bit", "3 classes"]
    assert "1 file of 'gan_v1' left out" in texts
    classes = dock.model.find("set gan_v1 classes")
    assert [dock.model.index(row, 1, classes).data() for row in range(3)] == ["8", "8", "8"]


def test_f2_renames_in_place_and_undo_takes_it_back(dock: DatasetDock, qtbot: QtBot) -> None:
    workspace = dock._workspace
    dock.select("gan_v1")
    qtbot.keyClick(dock.tree, Qt.Key.Key_F2)
    editor = dock.tree.findChild(QLineEdit)
    editor.setText("惑星 ستايل")
    qtbot.keyClick(editor, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: "惑星 ستايل" in names_by_role(workspace))
    assert dock.selected_names() == ("惑星 ستايل",)
    workspace.undo_stack.undo()
    assert "gan_v1" in names_by_role(workspace)


def test_a_taken_name_is_refused_with_a_word(dock: DatasetDock, qtbot: QtBot) -> None:
    dock.select("gan_v1")
    qtbot.keyClick(dock.tree, Qt.Key.Key_F2)
    editor = dock.tree.findChild(QLineEdit)
    editor.setText("gan_v2")
    with qtbot.waitSignal(dock.notice) as said:
        qtbot.keyClick(editor, Qt.Key.Key_Return)

    assert "no other set" in said.args[0]
    assert ("gan_v1" in names_by_role(dock._workspace)) and dict(rows(dock))["gan_v1"]


def test_del_removes_all_selected_sets_and_one_undo_brings_them_back(dock: DatasetDock, qtbot: QtBot) -> None:
    workspace = dock._workspace
    model = dock.tree.selectionModel()
    for name in ("gan_v1", "gan_v2"):
        model.select(dock.model.find(f"set {name}"), model.SelectionFlag.Select | model.SelectionFlag.Rows)

    qtbot.keyClick(dock.tree, Qt.Key.Key_Delete)
    assert list(names_by_role(workspace)) == ["real_train", "real_test"]

    workspace.undo_stack.undo()
    assert list(names_by_role(workspace)) == ["real_train", "real_test", "gan_v1", "gan_v2"]


def test_keys_change_the_role_and_the_set_stays_selected(dock: DatasetDock, qtbot: QtBot) -> None:
    dock.select("real_test")
    qtbot.keyClick(dock.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)

    assert names_by_role(dock._workspace)["real_test"] == "candidate"
    assert dock.selected_names() == ("real_test",)
    dock._workspace.undo_stack.undo()
    assert names_by_role(dock._workspace)["real_test"] == "held-out"


def test_folders_dropped_on_a_role_take_it(dock: DatasetDock, tmp_path: Path, qtbot: QtBot) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    group = dock.model.index(1, 0)

    with qtbot.waitSignal(dock.paths_dropped) as dropped:
        assert dock.model.dropMimeData(mime, Qt.DropAction.CopyAction, -1, -1, group)
    assert dropped.args == [(tmp_path,), Role.HELD_OUT]

    on_a_set = dock.model.find("set gan_v1")
    with qtbot.waitSignal(dock.paths_dropped) as dropped:
        dock.model.dropMimeData(mime, Qt.DropAction.CopyAction, -1, -1, on_a_set)
    assert dropped.args == [(tmp_path,), Role.CANDIDATE]


def test_pasted_paths_are_added_and_other_text_is_refused_with_a_reason(
    dock: DatasetDock, tmp_path: Path, qtbot: QtBot
) -> None:
    QGuiApplication.clipboard().setText(f'"{tmp_path}"')
    with qtbot.waitSignal(dock.paths_dropped) as dropped:
        qtbot.keyClick(dock.tree, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dropped.args[0] == (tmp_path,)

    QGuiApplication.clipboard().setText("some words")
    with qtbot.waitSignal(dock.notice) as said:
        qtbot.keyClick(dock.tree, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert said.args[0] == "Not a path on this computer: some words"


def test_a_missing_source_says_why_and_offers_to_locate_it(dock: DatasetDock, qtbot: QtBot) -> None:
    dock._workspace.add((), [GONE])
    dock.select("gan_v9")

    assert dict(rows(dock))["gan_v9"] == "missing"
    assert rows(dock, "gan_v9") == [("It is not there.", "")]
    menu = dock.menu_of(dock.model.find("set gan_v9"))
    locate = next(action for action in menu.actions() if action.text() == "&Locate…")
    with qtbot.waitSignal(dock.locate_requested) as asked:
        locate.trigger()
    assert asked.args == [GONE]
    menu.deleteLater()


def test_the_menu_of_a_role_adds_a_folder_to_it(dock: DatasetDock, qtbot: QtBot) -> None:
    menu = dock.menu_of(dock.model.index(0, 0))
    with qtbot.waitSignal(dock.folder_requested) as asked:
        menu.actions()[0].trigger()

    assert menu.actions()[0].text() == "Add folder as reference…"
    assert asked.args == [Role.REFERENCE]
    menu.deleteLater()


class Opened(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.urls: list[QUrl] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(url)


@pytest.fixture
def opened() -> Iterator[Opened]:
    opened = Opened()
    QDesktopServices.setUrlHandler("file", opened, QByteArray(b"take").data().decode())
    yield opened
    QDesktopServices.unsetUrlHandler("file")


def test_a_path_can_be_copied_and_shown_in_the_file_manager(
    dock: DatasetDock, results: Results, opened: Opened, qtbot: QtBot
) -> None:
    dock.select("gan_v1")
    qtbot.keyClick(dock.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == str(results.datasets[2].source)

    dock._reveal.trigger()
    assert [url.toLocalFile() for url in opened.urls] == [str(results.datasets[2].source)]


def test_what_is_open_and_selected_stays_so_through_changes(dock: DatasetDock) -> None:
    dock.tree.expand(dock.model.find("set gan_v1"))
    dock.tree.collapse(dock.model.index(1, 0))
    dock.select("gan_v1")

    dock._workspace.rename("real_train", "moon")

    assert dock.tree.isExpanded(dock.model.find("set gan_v1"))
    assert not dock.tree.isExpanded(dock.model.index(1, 0))
    assert dock.tree.isExpanded(dock.model.index(0, 0))
    assert dock.selected_names() == ("gan_v1",)


def test_a_hidden_dock_waits_until_it_is_shown(dock: DatasetDock) -> None:
    dock.hide()
    dock._workspace.remove("gan_v2")
    assert "gan_v2" in dict(rows(dock))

    dock.show()
    assert "gan_v2" not in dict(rows(dock))


def test_each_row_is_spoken_with_its_role(dock: DatasetDock) -> None:
    spoken = dock.model.find("set real_train").data(Qt.ItemDataRole.AccessibleTextRole)

    assert spoken.startswith("real_train, Reference, 48 images")


def test_the_model_holds_through_every_change(dock: DatasetDock, qtmodeltester: ModelTester, results: Results) -> None:
    workspace = dock._workspace
    qtmodeltester.check(dock.model)
    workspace.set_shared((SharedImages("real_train", "gan_v1", (("tile_0000.png", "tile_0001.png"),)),))
    qtmodeltester.check(dock.model)
    workspace.add((), [GONE])
    workspace.set_settings(replace(workspace.settings, stretch=Stretch(StretchKind.FIXED, 0, 65535)))
    qtmodeltester.check(dock.model)
    for dataset in results.datasets:
        workspace.remove(dataset.name)
    qtmodeltester.check(dock.model)
    assert dock._sum.text() == "Drop folders of images here, each on its role."


def test_the_dock_of_the_window_takes_drops_and_is_shown_by_its_key(
    filled: MainWindow, sets: dict[str, Path], qtbot: QtBot
) -> None:
    dock = filled.dataset_dock
    assert not dock.isVisible()
    filled.docks.dock("datasets").toggleViewAction().trigger()
    assert dock.isVisible()
    assert dict(rows(dock))["real_train"].endswith("48")

    dock.paths_dropped.emit((sets["gan_v1"],), Role.HELD_OUT)
    sheet = sheet_of(filled, qtbot)
    sheet.rows()[0].take.click()  # it is in the study already
    qtbot.keyClick(sheet, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: names_by_role(filled.workspace).get("gan_v1 (2)") == "held-out")
    filled.activateWindow()
    qtbot.waitUntil(filled.isActiveWindow)
    dock.select("gan_v1 (2)")
    qtbot.keyClick(dock.tree, Qt.Key.Key_Delete)
    assert "gan_v1 (2)" not in names_by_role(filled.workspace)
    assert filled.statusBar().currentMessage() == "Removed 'gan_v1 (2)'; the files stay where they are."
