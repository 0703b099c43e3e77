"""Every dialog beside the pages: named, reached by Tab, its focus seen in every theme, whole at twice the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import WEIGHTS
from planetview.core.consent import ProgramFile
from planetview.core.models import ImportOutcome
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.gui.dialogs.archive import ArchiveDialog, ArchiveProgress
from planetview.gui.dialogs.closing import CloseQuestion, PlaceQuestion, RevertQuestion
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.licences import LicencesDialog
from planetview.gui.dialogs.marking import MarkingDialog
from planetview.gui.dialogs.preferences import PreferencesDialog
from planetview.gui.dialogs.provenance import ProvenanceDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.dialogs.shortcuts import ShortcutsDialog
from planetview.gui.dialogs.start_failure import StartFailure
from planetview.gui.dialogs.weights import AcceptQuestion, FetchQuestion
from planetview.gui.main_window import MainWindow
from tests.gui.accessibility import controls, cut, describe, nameless, unreachable
from tests.gui.fake_generator import FakeGenerator

_LONG = "/archive/missions/tiles of the northern plains/with one very long name/gan-2026-11-23.planetview"
_UNKNOWN = ImportOutcome(Path("/weights/inception-retrained.pth"), next(iter(WEIGHTS)), False, "Unknown.")


def dialogs(window: MainWindow, results: Results) -> dict[str, Callable[[], QDialog]]:
    generator = FakeGenerator().found
    program = ProgramFile("ab" * 32, "generator-of-terrain-tiles.pt", "TorchScript module")
    specs = tuple(WEIGHTS.values())[:3]
    return {
        "sample": lambda: SampleDialog(generator, 7, 0.7, window),
        "path length": lambda: PathLengthDialog(generator, frozenset(WEIGHTS), window),
        "fetch": lambda: FetchQuestion(specs, window),
        "accept": lambda: AcceptQuestion([_UNKNOWN], window),
        "consent": lambda: ConsentQuestion(program, window),
        "close": lambda: CloseQuestion("Mars", is_busy=True, is_dirty=True, parent=window),
        "place": lambda: PlaceQuestion("Mars", window),
        "revert": lambda: RevertQuestion("mars.planetview", window),
        "export": lambda: ExportDialog((".html", ".pdf", ".csv", ".json"), ".html", ReportOptions(), window),
        "archive": lambda: ArchiveDialog(50_000, 10**10, ("gone",), has_results=True, parent=window),
        "archive progress": lambda: ArchiveProgress(_LONG, window),
        "provenance": lambda: ProvenanceDialog(results, window.theme, window),
        "preferences": lambda: PreferencesDialog(window.preferences, window),
        "shortcuts": lambda: ShortcutsDialog({}, window),
        "marking": lambda: MarkingDialog("CUI", window),
        "licences": lambda: LicencesDialog(window.background, window),
        "failed start": lambda: StartFailure("RuntimeError: no.", "Start again.", "Traceback …"),
    }


NAMES = (
    "sample", "path length", "fetch", "accept", "consent", "close", "place", "revert", "export", "archive",
    "archive progress", "provenance", "preferences", "shortcuts", "marking", "licences", "failed start",
)  # fmt: skip


@pytest.fixture
def opened(window: MainWindow, results: Results, request: pytest.FixtureRequest) -> Iterator[QDialog]:
    """The dialog that the test names, shown over a window of the smallest size."""
    window.resize(960, 620)
    made = dialogs(window, results)
    assert set(made) == set(NAMES)
    dialog = made[request.param]()
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    dialog.show()
    QApplication.processEvents()
    yield dialog
    dialog.close()
    dialog.deleteLater()


@pytest.mark.parametrize("opened", NAMES, indirect=True)
def test_every_control_is_named_and_reached(opened: QDialog) -> None:
    assert nameless(opened) == []
    assert unreachable(opened) == []


@pytest.mark.parametrize("opened", NAMES, indirect=True)
def test_at_twice_the_text_nothing_is_cut_and_the_dialog_fits_a_small_screen(
    opened: QDialog, window: MainWindow
) -> None:
    window.use_preferences(replace(window.preferences, text_scale=2.0))
    opened.adjustSize()
    QApplication.processEvents()
    found = cut(opened)
    smallest = opened.minimumSizeHint()
    window.use_preferences(replace(window.preferences, text_scale=1.0))

    assert found == []
    # 1920 x 1080 at 150 %, less the bars of a desktop.
    assert smallest.width() <= 1280 and smallest.height() <= 680, smallest


@pytest.mark.parametrize("opened", NAMES, indirect=True)
@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_the_focus_can_be_seen_on_every_button_and_field(
    theme: str, opened: QDialog, window: MainWindow, qtbot: QtBot
) -> None:
    window.use_preferences(replace(window.preferences, theme=theme))
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    unseen = [describe(widget) for widget in controls(opened) if _can_have_it(widget) and not _shows_focus(widget)]
    window.use_preferences(replace(window.preferences, theme="light"))

    assert unseen == []


def _can_have_it(widget: QWidget) -> bool:
    return isinstance(widget, QPushButton | QLineEdit | QComboBox) and widget.isEnabled()


def _shows_focus(widget: QWidget) -> bool:
    """Whether the widget looks different at its edge with the focus: a cursor inside a field is not enough."""
    others = [other for other in controls(widget.window()) if other is not widget and other.isEnabled()]
    if not others:
        return True
    others[0].setFocus()
    before = widget.grab().toImage()
    widget.setFocus()
    after = widget.grab().toImage()
    middle = before.width() // 2
    return any(before.pixel(middle, y) != after.pixel(middle, y) for y in range(3))
