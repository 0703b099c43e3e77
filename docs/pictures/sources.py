"""The pictures of where sets come from and how deep images are shown: stretch, drop, missing folders, options."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
from PySide6.QtWidgets import QApplication, QWidget

from pictures.engines import Scanner
from pictures.problems import draw_problems
from pictures.taking import Studio, until, wait
from planetview.core.datasets import Role
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import StudySource
from planetview.gui.main_window import MainWindow
from planetview.gui.workspace import MissingSource


def take_sources(studio: Studio, scratch: Path) -> None:
    """Picture the stretch of 16-bit images, the options, a drag, and sources that are not there."""
    draw_problems(scratch)
    window = studio.window(Scanner())
    window.controller.add_paths(sorted(scratch.iterdir()))
    until(lambda: len(window.workspace.datasets) == 2 and not window.controller.is_busy)
    window.workspace.set_title("Mars: deep images")
    sheet = window.role_sheet
    studio.take(window, "stretch-refused", prepare=lambda: _scroll_to(window, sheet.stretch))
    window.workspace.set_settings(RunSettings(stretch=Stretch(StretchKind.SET_PERCENTILE, 2.0, 98.0)))
    studio.take(window, "stretch", prepare=lambda: _scroll_to(window, sheet.stretch))
    options = sheet._expander
    options.set_open(True)
    studio.take(window, "options", prepare=lambda: _scroll_to(window, options))
    options.set_open(False)
    _take_drag(studio, window)
    gone = [
        MissingSource(
            StudySource(Path("~/mars-study") / name, name, role),
            f"'~/mars-study/{name}' is not there.",
            "Connect the disk it is on, or locate it.",
        )
        for name, role in (("real_test", Role.HELD_OUT), ("gan_v4", Role.CANDIDATE))
    ]
    window.workspace.add((), gone)
    studio.take(window, "missing", prepare=lambda: (wait(300), sheet.verticalScrollBar().setValue(0)))
    studio.close(window)


def _take_drag(studio: Studio, window: MainWindow) -> None:
    sheet, mime = window.role_sheet, QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(Path.cwd()))])
    rest = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)

    def drag() -> None:
        sheet.drops.begin(QDragEnterEvent(QPoint(300, 300), *rest))
        QApplication.sendEvent(sheet.drops, QDragEnterEvent(QPoint(300, 300), *rest))
        at = sheet.drops.place_of(Role.CANDIDATE).center().toPoint()
        QApplication.sendEvent(sheet.drops, QDragMoveEvent(at, *rest))

    studio.take(window, "drop", prepare=drag)
    sheet.drops.hide()


def _scroll_to(window: MainWindow, part: QWidget) -> None:
    wait(300)
    sheet = window.role_sheet
    sheet.verticalScrollBar().setValue(part.mapTo(sheet.widget(), QPoint(0, 0)).y() - 20)
