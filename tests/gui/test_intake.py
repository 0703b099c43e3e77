"""Before images are taken in: the sheet says what was dropped, Enter takes it, Esc leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.datasets import Role
from planetview.core.messages import ScanTarget
from planetview.core.set_preview import SetPreview
from planetview.gui.dialogs.intake import IntakeDialog
from planetview.gui.looking import Looks
from planetview.gui.main_window import MainWindow
from planetview.gui.preferences import load_preferences
from planetview.gui.views.recent_row import RecentRow
from planetview.gui.widgets.row_column import RowColumn
from tests.gui.conftest import Drop, GapMeter
from tests.gui.fake_engine import FakeEngine
from tests.gui_fixtures import sheet_of
from tests.samples import write_tiles

PATIENCE_MS = 20_000


def recent_actions(window: MainWindow) -> list[QAction]:
    return [action for action in window.menus.folders.menu.actions() if not action.isSeparator()]


def take(window: MainWindow, qtbot: QtBot, names: list[str]) -> None:
    """Press Enter on the sheet and wait until the study holds these sets."""
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sorted(d.name for d in window.workspace.datasets) == sorted(names), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=PATIENCE_MS)


def test_a_drop_shows_count_sizes_depth_and_bands_before_anything_is_read(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["gan_v1"])
    (row,) = sheet_of(window, qtbot).rows()

    assert "24 images · 48 × 48 px · 8-bit · 1 band · PNG" in row.words()
    assert row.role is Role.CANDIDATE
    assert engine.requests == []
    assert window.workspace.is_empty


def test_escape_leaves_no_trace(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["gan_v1"])
    sheet = sheet_of(window, qtbot)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)

    qtbot.waitUntil(lambda: not window.findChildren(IntakeDialog), timeout=PATIENCE_MS)
    assert engine.requests == []
    assert window.workspace.undo_stack.count() == 0
    assert window.preferences.folders.latest == ()
    assert window.current_page() == "welcome"


def test_several_folders_have_a_row_each_with_a_role_that_can_be_changed(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, *(sets[name] for name in ("real_train", "real_test", "gan_v1")))
    sheet = sheet_of(window, qtbot)
    assert [row.role for row in sheet.rows()] == [Role.REFERENCE, Role.HELD_OUT, Role.CANDIDATE]
    test_row, gan_row = sheet.rows()[1:]

    qtbot.keyClick(test_row.role_box, Qt.Key.Key_Up)
    assert any("2 sets would be the reference" in text for text in sheet.warnings())
    qtbot.keyClick(test_row.role_box, Qt.Key.Key_Down)
    qtbot.keyClick(test_row.role_box, Qt.Key.Key_Down)
    gan_row.take.click()
    take(window, qtbot, ["real_train", "real_test"])

    assert engine.requests[0].targets == (  # type: ignore[union-attr]
        ScanTarget(sets["real_train"], None, Role.REFERENCE),
        ScanTarget(sets["real_test"], None, Role.CANDIDATE),
    )
    assert window.workspace.undo_stack.count() == 1


def test_a_wrong_drop_says_why_and_cannot_be_taken(
    window: MainWindow, tmp_path: Path, drop: Drop, qtbot: QtBot
) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "scene.xyz").write_bytes(b"abc")
    assert drop(window, tmp_path / "papers")
    sheet = sheet_of(window, qtbot)

    assert "holds no images. Its other files: 1 .xyz" in sheet.rows()[0].words()
    assert not sheet.take_button.isEnabled()
    assert not sheet.rows()[0].take.isEnabled()


def test_what_is_in_the_study_already_is_left_out_unless_it_is_ticked(
    filled: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(filled, sets["gan_v1"])
    sheet = sheet_of(filled, qtbot)

    assert "Already in the study as 'gan_v1'" in sheet.rows()[0].words()
    assert not sheet.take_button.isEnabled()
    sheet.rows()[0].take.click()
    assert sheet.take_button.isEnabled()


def test_a_folder_of_sets_can_be_taken_in_as_those(
    window: MainWindow, tmp_path: Path, drop: Drop, qtbot: QtBot
) -> None:
    for name in ("mars_train", "mars_test", "gan_v9"):
        write_tiles(tmp_path / "study" / name, 2, 1)
    assert drop(window, tmp_path / "study")
    sheet = sheet_of(window, qtbot)
    (row,) = sheet.rows()
    assert row.split_button.text() == "Take in as 3 sets"

    row.split_button.click()
    qtbot.waitUntil(lambda: len(sheet.rows()) == 3 and sheet.is_complete, timeout=PATIENCE_MS)

    assert {row.path.name: row.role for row in sheet.rows()} == {
        "gan_v9": Role.CANDIDATE,
        "mars_test": Role.HELD_OUT,
        "mars_train": Role.REFERENCE,
    }


def test_a_second_drop_comes_onto_the_same_sheet(
    window: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["real_train"])
    sheet = sheet_of(window, qtbot)
    assert drop(sheet, sets["gan_v1"])
    qtbot.waitUntil(lambda: len(sheet.rows()) == 2 and sheet.is_complete, timeout=PATIENCE_MS)

    assert sheet_of(window, qtbot) is sheet
    take(window, qtbot, ["real_train", "gan_v1"])


def test_enter_need_not_wait_for_the_look(window: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot) -> None:
    assert drop(window, sets["gan_v1"])
    (sheet,) = window.findChildren(IntakeDialog)

    assert sheet.take_button.isEnabled()
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [d.name for d in window.workspace.datasets] == ["gan_v1"], timeout=PATIENCE_MS)


def test_who_does_not_want_to_be_asked_is_not(
    window: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["real_train"])
    sheet = sheet_of(window, qtbot)
    sheet.ask.click()
    take(window, qtbot, ["real_train"])
    qtbot.waitUntil(lambda: not load_preferences().asks_before_adding, timeout=PATIENCE_MS)

    assert drop(window, sets["gan_v1"])
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 2, timeout=PATIENCE_MS)
    assert not [s for s in window.findChildren(IntakeDialog) if s.isVisible()]


def test_folders_taken_in_are_remembered_and_offered_again(
    window: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["real_train"])
    take(window, qtbot, ["real_train"])
    assert window.preferences.folders.ordered() == (sets["real_train"],)
    window.controller.new_study(discarding=True)

    recent_actions(window)[0].trigger()

    assert [row.path for row in sheet_of(window, qtbot).rows()] == [sets["real_train"]]
    entry = next(e for e in window.shell.entries() if e.place == "Recent folder")
    assert (entry.title, entry.why_not) == ("real_train", "")


def test_a_gone_folder_is_greyed_with_the_reason_and_a_pinned_one_stays(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    here, gone = tmp_path / "tiles.v2", tmp_path / "gone"
    here.mkdir()
    window.use_preferences(window.preferences.with_folder(gone).with_folder(here))

    def buttons() -> dict[str, bool]:
        rows = [row for row in window.welcome.folders.findChildren(RecentRow) if row.isVisible()]
        return {row.open_button.text(): row.open_button.isEnabled() for row in rows}

    qtbot.waitUntil(lambda: buttons() == {"tiles.v2": True, "gone · not found": False}, timeout=PATIENCE_MS)
    greyed = recent_actions(window)[1]
    assert (greyed.text(), greyed.isEnabled()) == ("gone (not found)", False)
    assert "is not there" in greyed.toolTip()

    window.folders.pin(here, True)
    (clear,) = [b for b in window.welcome.folders.findChildren(QPushButton) if b.text() == "Clear list"]
    clear.click()

    assert window.preferences.folders.ordered() == (here,)
    assert window.preferences.studies.ordered() == ()


def test_many_folders_at_once_do_not_stop_the_window(
    window: MainWindow, sets: dict[str, Path], tmp_path: Path, qtbot: QtBot, gap_meter: GapMeter
) -> None:
    count = 300
    picture = (sets["gan_v1"] / "tile_0000.png").read_bytes()
    for number in range(count):
        (tmp_path / f"set_{number}").mkdir()
        (tmp_path / f"set_{number}" / "a.png").write_bytes(picture)
    gap_meter.begin()

    window.intake.offer(sorted(tmp_path.glob("set_*")))
    (sheet,) = window.findChildren(IntakeDialog)
    qtbot.waitUntil(lambda: sheet.is_complete, timeout=60_000)

    print(f"most work in a turn for {count} folders: {gap_meter.end():.0f} ms")
    assert len(sheet.rows()) == count


class CountingRow(QWidget):
    """A row that counts how often it is asked for its height."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.wanted = 0, 40

    def heightForWidth(self, _width: int) -> int:
        self.asked += 1
        return self.wanted


def test_a_row_that_comes_asks_no_other_row_for_its_height(qtbot: QtBot) -> None:
    column = RowColumn(10)
    qtbot.addWidget(column)
    column.resize(200, 100)
    rows = [CountingRow() for _ in range(30)]

    for row in rows:
        column.add(row)

    assert [row.asked for row in rows] == [1] * 30
    assert [row.y() for row in rows] == list(range(0, 30 * 50, 50))
    assert column.minimumHeight() == 30 * 50 - 10


def test_a_row_that_grows_or_goes_moves_those_below_it(qtbot: QtBot) -> None:
    column = RowColumn(10)
    qtbot.addWidget(column)
    column.resize(200, 100)
    rows = [CountingRow() for _ in range(4)]
    for row in rows:
        column.add(row)

    rows[1].wanted = 70
    rows[1].updateGeometry()
    QApplication.sendPostedEvents()
    QApplication.sendEvent(column, QEvent(QEvent.Type.LayoutRequest))
    assert [row.y() for row in rows] == [0, 50, 130, 180]

    column.remove(rows[1])
    assert [row.y() for row in rows if row is not rows[1]] == [0, 50, 100]
    assert column.minimumHeight() == 3 * 50 - 10


def test_what_was_found_of_many_folders_is_told_over_several_turns(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if each of them took as long as a turn may take.
    monkeypatch.setattr("planetview.gui.turns._BUDGET_S", 0.0)
    looks = Looks()
    told: list[Path] = []
    turns: list[int] = []
    looks.changed.connect(lambda path, _preview: told.append(path))
    looks._telling._timer.timeout.connect(lambda: turns.append(len(told)))
    paths = [tmp_path / str(number) for number in range(60)]
    for path in paths:
        looks._open.add(path)
        looks._found.put((path, SetPreview(path, is_done=True)))

    looks._poll()
    assert len(told) == 1
    qtbot.waitUntil(lambda: looks.is_done)

    assert told == paths
    assert len(turns) >= 60
