"""The empty window: zones give roles, everything works by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Role
from planetview.core.messages import ScanTarget
from planetview.gui.main_window import MainWindow
from planetview.gui.recent import RecentPlaces
from planetview.gui.sources import sort_paths
from planetview.gui.theme import Theme
from planetview.gui.views.welcome import WelcomePage
from tests.gui.conftest import Drop
from tests.gui.fake_engine import FakeEngine
from tests.gui_fixtures import sheet_of


@pytest.mark.parametrize("role", list(Role))
def test_a_drop_on_a_zone_gives_its_role(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], drop: Drop, qtbot: QtBot, role: Role
) -> None:
    assert drop(window.welcome.zone(role), sets["gan_v1"])
    sheet = sheet_of(window, qtbot)
    assert sheet.rows()[0].role is role
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(window.workspace.datasets))

    assert engine.requests[0].targets == (ScanTarget(sets["gan_v1"], None, role),)  # type: ignore[union-attr]
    assert window.workspace.datasets[0].role is role


def test_a_zone_is_reached_and_used_by_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    zone = window.welcome.zone(Role.REFERENCE)
    zone.setFocus()

    qtbot.keyClick(zone, Qt.Key.Key_Space)

    dialog = window.findChild(QFileDialog)
    assert dialog.fileMode() is QFileDialog.FileMode.Directory
    dialog.reject()


def test_a_chosen_folder_is_scanned(window: MainWindow, sets: dict[str, Path], qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(QFileDialog)

    dialog.filesSelected.emit([str(sets["real_test"])])
    dialog.reject()
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [d.name for d in window.workspace.datasets] == ["real_test"])


@pytest.mark.parametrize("as_files", [True, False])
def test_copied_paths_are_pasted_on_the_start_page_and_later_on_any_other(
    window: MainWindow, sets: dict[str, Path], qtbot: QtBot, as_files: bool
) -> None:
    def copy(path: Path) -> None:
        mime = QMimeData()
        if as_files:
            mime.setUrls([QUrl.fromLocalFile(str(path))])
        else:
            mime.setText(f"{path}\n")
        QGuiApplication.clipboard().setMimeData(mime)

    copy(sets["real_test"])
    qtbot.keyClick(window.welcome.zone(Role.REFERENCE), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [d.name for d in window.workspace.datasets] == ["real_test"])

    copy(sets["gan_v1"])
    window.show_page("models")
    window.activateWindow()
    window.rail.setFocus()
    window.actions_by_id["paste"].trigger()
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 2)


def test_other_text_is_no_path_and_stays_in_the_field_it_is_pasted_into(window: MainWindow, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("dunes")
    qtbot.keyClick(window.welcome, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert "Not a path" in window.statusBar().currentMessage()

    field = QLineEdit(window)
    field.show()
    window.statusBar().clearMessage()
    qtbot.keyClick(field, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "dunes" and window.statusBar().currentMessage() == ""


def test_recent_studies_are_listed_and_open(theme: Theme, qtbot: QtBot) -> None:
    page = WelcomePage(theme)
    qtbot.addWidget(page)
    places = RecentPlaces(("/studies/mars.planetview", "/studies/moon.planetview"))
    page.studies.show_places(places, frozenset())
    (moon,) = [b for b in page.findChildren(QPushButton) if b.text() == "moon"]

    with qtbot.waitSignal(page.studies.chosen) as asked:
        moon.click()

    assert asked.args == [Path("/studies/moon.planetview")]


def test_paths_are_sorted_by_what_they_are(tmp_path: Path) -> None:
    odd_folder = tmp_path / "tiles.png"
    odd_folder.mkdir()
    zipped, study = Path("a.zip"), Path("b.planetview")
    images = [Path("c/1.tif"), Path("c/2.TIF"), Path("d/1.png")]

    found = sort_paths([odd_folder, zipped, study, *images, zipped])

    assert found.sources == (odd_folder, zipped)
    assert found.studies == (study,)
    assert found.folders == (Path("c"), Path("d"))
