"""The pictures of what comes before a study: recent places, and the sheet that asks before images are taken in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image
from PySide6.QtWidgets import QLabel

from pictures.engines import Scanner
from pictures.problems import draw_problems
from pictures.taking import Studio, until, wait
from planetview.gui.dialogs.intake import IntakeDialog
from planetview.gui.dialogs.start_failure import StartFailure
from planetview.gui.main_window import MainWindow
from planetview.gui.recent import RecentPlaces

_HOME = Path("~/mars-study")
_FOLDERS = (*(str(_HOME / name) for name in ("real_train", "gan_v3", "gan_v2", "real_test")), "/media/usb/tiles")
_STUDIES = ("~/studies/Dunes, third round.planetview", "~/studies/Craters.planetview")
_DETAILS = """PlanetView 1.0
ImportError: libEGL.so.1: cannot open shared object file: No such file or directory"""


def take_taking_in(studio: Studio, scratch: Path) -> None:
    """Picture the start page of a window in use, the sheet, wrong drops on it, and a window that could not start."""
    draw_problems(scratch)
    _sort_into_classes(scratch / "gan_v3")
    _draw_wrong(scratch)
    window = studio.window(Scanner())
    before = window.preferences
    _take_recent(studio, window)
    good, wrong = ("real_train", "gan_v3"), ("real_train", "Documents", "everything")
    for name, folders in (("intake", good), ("intake-wrong", wrong)):
        sheet = _sheet_over(window, [scratch / folder for folder in folders])
        _show_home(sheet)
        studio.take(window, name, sheet)
        sheet.reject()
        wait(100)
    window.use_preferences(before)
    failure = StartFailure(
        "The graphics library libEGL.so.1 is missing.", "Install libegl1 with the package manager.", _DETAILS
    )
    failure.show()
    studio.take_dialog(window, failure, "start-failed")
    studio.close(window)


def _take_recent(studio: Studio, window: MainWindow) -> None:
    folders, studies = RecentPlaces(_FOLDERS, _FOLDERS[2:3]), RecentPlaces(_STUDIES)
    window.use_preferences(replace(window.preferences, folders=folders, studies=studies))
    wait(300)
    # Those that the machine lacks would be greyed: all of them.
    for recents, missing in ((window.folders, _FOLDERS[-1:]), (window.studies, ())):
        recents._on_missing_found(frozenset(map(Path, missing)))
    studio.take(window, "welcome-recent")


def _sheet_over(window: MainWindow, paths: list[Path]) -> IntakeDialog:
    window.intake.offer(paths)
    sheet = next(sheet for sheet in window.findChildren(IntakeDialog) if sheet.isVisible())
    until(lambda: sheet.is_complete)
    return sheet


def _show_home(sheet: IntakeDialog) -> None:
    """Show another place than the one where the pictures were made."""
    for row in sheet.rows():
        place = str(row.path)
        for label in row.findChildren(QLabel):
            label.setText(label.text().replace(place, str(_HOME / row.path.name)))


def _sort_into_classes(folder: Path) -> None:
    for number, file in enumerate(sorted(folder.glob("*.png"))):
        label = folder / ("crater", "dune", "dune", "other")[number % 4]
        label.mkdir(exist_ok=True)
        file.rename(label / file.name)


def _draw_wrong(scratch: Path) -> None:
    """Write a folder without an image, and one that holds sets and other files."""
    documents = scratch / "Documents"
    documents.mkdir()
    for name in ("notes.docx", "budget.xlsx", "letter.pdf"):
        (documents / name).write_bytes(b"no image")
    for name in ("train", "test", "gan_v1"):
        folder = scratch / "everything" / name
        folder.mkdir(parents=True)
        for number in range(6):
            Image.new("L", (64, 64), 40 * number).save(folder / f"{name}_{number}.png")
