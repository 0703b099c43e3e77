"""The marking of a study: on the window, beside it, on what leaves it, and kept with the study."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.results import Results
from planetview.core.study import load_study
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.dialogs.marking import MarkingDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.marking import WindowMarking, marked_image
from planetview.gui.plots.export_menu import ExportMenu
from planetview.gui.theme import LIGHT
from planetview.gui.views.compare.dialog import CompareDialog
from planetview.gui.views.image_grid import ImageGrid
from tests.gui.accessibility import cut

MARKING = "CUI // SP-EXPT"


@pytest.fixture
def marked(filled: MainWindow) -> MainWindow:
    filled.workspace.set_marking(MARKING)
    return filled


def strips(window: QWidget) -> list[str]:
    """The texts of the strips a person sees, from the top."""
    shown = [strip for strip in window.findChild(WindowMarking).strips if strip.isVisible()]
    return [strip.text() for strip in sorted(shown, key=lambda strip: strip.y())]


def test_a_person_marks_the_study_and_takes_that_back(filled: MainWindow, qtbot: QtBot) -> None:
    assert strips(filled) == []
    filled.actions_by_id["marking"].trigger()
    (dialog,) = filled.findChildren(MarkingDialog)
    qtbot.keyClicks(dialog.text, f"  {MARKING} ")
    qtbot.keyClick(dialog.text, Qt.Key.Key_Return)

    assert strips(filled) == [MARKING, MARKING]
    assert filled.windowTitle().startswith(f"{MARKING} — ") and filled.isWindowModified()
    assert all(strip.accessibleName() == f"Marking: {MARKING}" for strip in filled.marking.strips)
    filled.actions_by_id["undo"].trigger()
    assert strips(filled) == [] and MARKING not in filled.windowTitle()
    assert filled.contentsMargins().top() == 0


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_the_strips_go_across_the_whole_window_and_cover_nothing(marked: MainWindow, scale: float) -> None:
    marked.use_preferences(marked.preferences.scaled(20 if scale > 1 else 0))
    marked.workspace.set_marking("NOT FOR EXPORT WITHOUT A LICENCE " * 3)
    marked.resize(960, 620)
    QApplication.processEvents()
    top, bottom = marked.marking.strips

    assert (top.x(), top.y(), top.width()) == (0, 0, marked.width())
    assert (bottom.geometry().bottom(), bottom.width()) == (marked.height() - 1, marked.width())
    assert marked.menuBar().geometry().top() > top.geometry().bottom()
    assert marked.statusBar().geometry().bottom() < bottom.geometry().top()
    assert not [words for words in cut(marked) if "NOT FOR" in words]
    marked.use_preferences(marked.preferences.scaled(0))


def test_the_compare_view_bears_the_marking_and_follows_it(marked: MainWindow, results: Results, qtbot: QtBot) -> None:
    marked.workspace.set_results(results)
    marked.show_page("neighbours")
    QApplication.processEvents()
    grid = marked.pages.page("neighbours").findChild(ImageGrid)
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    view = marked.findChild(CompareDialog)
    qtbot.waitUntil(lambda: view.stage.is_complete, timeout=20_000)
    assert strips(view) == [MARKING, MARKING]

    view.stage.front().copy_image()
    copied = QGuiApplication.clipboard().image()
    plain = view.stage.front().canvas.picture()
    high = (copied.height() - plain.height()) // 2
    assert high > 0 and copied.copy(0, high, plain.width(), plain.height()) == plain.convertToFormat(copied.format())

    marked.workspace.set_marking("")
    assert strips(view) == []
    view.close()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_figure_that_leaves_the_window_is_marked(
    suffix: str, marked: MainWindow, results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked.workspace.set_results(results)
    marked.show_page("entropy")
    QApplication.processEvents()
    menu = marked.pages.page("entropy").findChild(ExportMenu)
    target = tmp_path / f"a{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_of: (str(target), ""))
    (line,) = [a for a in menu.children() if hasattr(a, "text") and _writes(a.text(), suffix)]
    line.trigger()

    if suffix == ".svg":
        assert target.read_text("utf-8").count(f">{MARKING}</text>") == 2
    elif suffix == ".png":
        image = QImage(str(target))
        for y in (2, image.height() - 3):
            assert image.pixelColor(2, y) == QColor(LIGHT.text)
    else:
        assert target.read_bytes().startswith(b"%PDF")


def _writes(text: str, suffix: str) -> bool:
    words = {".png": "Export PNG (&1×)…", ".svg": "Export &SVG…", ".pdf": "Export P&DF…"}
    return text == words[suffix]


def test_without_a_marking_a_picture_leaves_as_it_is() -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)

    assert marked_image(image, "") is image


def test_a_small_picture_holds_the_whole_marking(qapp: QApplication) -> None:
    image = QImage(64, 64, QImage.Format.Format_RGB32)
    image.fill(QColor("#808080"))

    marked = marked_image(image, MARKING)

    assert marked.width() == 64 and marked.height() > 64
    high = (marked.height() - 64) // 2
    assert marked.copy(0, high, 64, 64) == image.convertToFormat(marked.format())


def test_the_marking_is_saved_opened_and_put_into_the_next_report(
    marked: MainWindow, results: Results, tmp_path: Path, qtbot: QtBot
) -> None:
    marked.controller.files.save(tmp_path / "mars.planetview")
    qtbot.waitUntil(lambda: not marked.workspace.is_dirty, timeout=10_000)
    assert load_study(tmp_path / "mars.planetview").marking == MARKING

    marked.controller.new_study()
    assert strips(marked) == []
    marked.controller.open_study(tmp_path / "mars.planetview")
    qtbot.waitUntil(lambda: strips(marked) == [MARKING, MARKING], timeout=10_000)
    qtbot.waitUntil(lambda: not marked.controller.is_busy, timeout=10_000)
    marked.workspace.set_results(results)
    marked.actions_by_id["export_report"].trigger()
    (dialog,) = marked.findChildren(ExportDialog)
    assert dialog.banner_edit.text() == MARKING
    dialog.close()
