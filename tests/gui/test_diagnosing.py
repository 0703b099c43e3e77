"""Saving diagnostics, and going back to the study as it was saved, as a person does it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from planetview.gui.diagnosing import diagnostics_offer
from planetview.gui.dialogs.closing import RevertQuestion
from planetview.gui.main_window import MainWindow


def choose(window: MainWindow, path: Path) -> None:
    dialog = window.findChildren(QFileDialog)[-1]
    dialog.filesSelected.emit([str(path)])
    dialog.close()


def test_help_saves_diagnostics_that_name_no_set(filled: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    filled.actions_by_id["save_diagnostics"].trigger()
    choose(filled, tmp_path / "out.zip")
    qtbot.waitUntil(lambda: any(m.key == "diagnostics" for m in filled.messages.messages()))

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        window = archive.read("window.txt").decode()
    assert "set: candidate" in window
    assert "24 uint8" in window
    for dataset in filled.workspace.datasets:
        assert dataset.name not in window


def test_an_error_offers_the_same(window: MainWindow) -> None:
    label, act = diagnostics_offer(window)
    act()
    assert label == "Save diagnostics…"
    dialog = window.findChildren(QFileDialog)[-1]
    assert dialog.windowTitle() == "Save diagnostics"
    dialog.close()


def test_revert_asks_and_then_reads_the_file_again(filled: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    revert = filled.actions_by_id["revert"]
    assert not revert.isEnabled()
    filled.workspace.set_title("As saved")
    filled.controller.files.save(tmp_path / "study.planetview")
    qtbot.waitUntil(lambda: not filled.workspace.is_dirty)
    assert not revert.isEnabled()

    filled.workspace.set_title("Spoilt")
    assert revert.isEnabled()
    revert.trigger()
    question = filled.findChildren(RevertQuestion)[-1]
    question.keep_button.click()
    assert filled.workspace.title == "Spoilt"

    revert.trigger()
    filled.findChildren(RevertQuestion)[-1].revert_button.click()
    qtbot.waitUntil(lambda: filled.workspace.title == "As saved")
    qtbot.waitUntil(lambda: len(filled.workspace.datasets) == 4 and not filled.controller.is_busy)
    assert not filled.workspace.is_dirty
