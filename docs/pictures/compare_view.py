"""The pictures of the compare view in each of its modes."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from pictures.opening import window_with
from pictures.study_pages import stage_neighbours
from pictures.taking import SMALL, Studio, until
from planetview.core.results import Results
from planetview.gui.main_window import MainWindow
from planetview.gui.views.compare import CompareDialog
from planetview.gui.views.image_grid import ImageGrid
from planetview.gui.widgets.text_dialog import TextDialog

_MODES = {
    "swipe": Qt.Key.Key_W,
    "blink": Qt.Key.Key_B,
    "blend": Qt.Key.Key_O,
    "difference": Qt.Key.Key_D,
    "heat": Qt.Key.Key_H,
}


def take_compare(studio: Studio, results: Results) -> None:
    """Picture side by side, every other mode, the histogram, the keys, and the smallest view with large text."""
    window = window_with(studio, results, "Demo: the Moon")
    window.show_page("neighbours")
    stage_neighbours(results, window.pages.page("neighbours"))
    dialog = open_compare(window)
    dialog.stage.point(QPointF(0.41, 0.37))
    studio.take(window, "compare", dialog)
    for name, key in _MODES.items():
        QTest.keyClick(dialog, key)
        if name == "blink":
            QTest.keyClick(dialog, Qt.Key.Key_Space)
        until(lambda: dialog.stage.is_complete and not window.controller.pair_maps.is_working)
        studio.take(window, f"compare-{name}", dialog)
    QTest.keyClick(dialog, Qt.Key.Key_V)
    studio.take(window, "compare-heat-alone", dialog)
    QTest.keyClick(dialog, Qt.Key.Key_S)
    QTest.keyClick(dialog, Qt.Key.Key_G)
    studio.take(window, "compare-histogram", dialog)
    QTest.keyClick(dialog, Qt.Key.Key_G)
    for _ in range(6):
        QTest.keyClick(dialog, Qt.Key.Key_Plus)
    studio.take(window, "compare-zoomed", dialog)
    dialog.show_keys()
    studio.take_dialog(window, dialog.findChild(TextDialog), "compare-keys")
    dialog.resize(*SMALL)
    studio.take_dialog(window, dialog, "compare-small-large-text", text_scale=2.0)
    studio.close(window)


def open_compare(window: MainWindow) -> CompareDialog:
    """Open the compare view over the current tile, as Enter does."""
    grid = window.pages.page("neighbours").findChild(ImageGrid)
    grid.image_opened.emit(grid.model().image_at(grid.currentIndex().row()))
    dialog = window.findChild(CompareDialog)
    assert dialog is not None
    until(lambda: dialog.stage.is_complete)
    return dialog
