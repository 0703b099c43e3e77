"""Marked images in an exported report: a box in the dialog, the section in the file, what changed after the run."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.main_window import MainWindow
from tests.gui.test_study_commands import run, shown

FLAGGED, RATED, EXCLUDED = (("gan_v1", f"tile_000{i}.png") for i in (1, 2, 3))


def exported(window: MainWindow, dialog: ExportDialog, target: Path, qtbot: QtBot) -> str:
    """Accept the dialog, write to `target` and return the page."""
    told: list[str] = []
    window.controller.status.connect(told.append)
    dialog.next_button.click()
    files = shown(window, QFileDialog)
    files.filesSelected.emit([str(target)])
    files.close()
    qtbot.waitUntil(lambda: any(text.startswith("Wrote") for text in told), timeout=45_000)
    return target.read_text(encoding="utf-8")


def test_without_marks_there_is_no_box_and_no_section(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    run(filled, qtbot)
    filled.actions_by_id["export_report"].trigger()
    dialog = shown(filled, ExportDialog)

    assert not dialog.marks_box.isVisible()
    assert "by hand" not in exported(filled, dialog, tmp_path / "a.html", qtbot)


def test_marks_go_into_the_report_with_what_changed_after_the_run(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    run(filled, qtbot)
    filled.workspace.set_flagged([FLAGGED], True)
    filled.workspace.set_rating([RATED], 4)
    filled.workspace.set_excluded([EXCLUDED], True)
    filled.actions_by_id["export_report"].trigger()
    dialog = shown(filled, ExportDialog)
    assert dialog.marks_box.isVisible() and dialog.marks_box.isChecked()
    dialog.format_buttons[".csv"].click()
    assert not dialog.marks_box.isEnabled()
    dialog.format_buttons[".html"].click()
    page = exported(filled, dialog, tmp_path / "a.html", qtbot)

    assert filled.workspace.is_stale
    assert "Excluded by hand after the run, so still in the results: 1 image of gan_v1." in page
    part = page[page.index('id="marked"') : page.index('id="entropy"')]
    assert part.count("<img") == 3 and "gan_v1 · rated 4" in part


def test_the_box_that_was_cleared_stays_so_and_exclusions_are_told_all_the_same(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    run(filled, qtbot)
    filled.workspace.set_excluded([EXCLUDED], True)
    for place in ("a.html", "b.html"):
        filled.actions_by_id["export_report"].trigger()
        dialog = shown(filled, ExportDialog)
        if place == "a.html":
            dialog.marks_box.click()
        page = exported(filled, dialog, tmp_path / place, qtbot)

        assert 'id="marked"' not in page and "so still in the results: 1 image of gan_v1." in page
