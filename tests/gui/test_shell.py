"""The window as a whole: what a person does, what the engine is asked, what is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.app import unusable_qt
from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, Engine, JobFailure, PartialValues, ScanRequest, ScanTarget
from planetview.core.paths import resource
from planetview.core.results import MetricValue, Results
from planetview.core.results_io import results_to_json
from planetview.gui.actions import ACTIONS, MENUS, PAGE_ACTIONS, STUDY_PAGES
from planetview.gui.dialogs.closing import CloseQuestion
from planetview.gui.errors import ErrorReporter
from planetview.gui.main_window import MainWindow
from planetview.gui.models.metric_cells import CellState
from planetview.gui.pages import PAGE_CLASSES
from planetview.gui.views.metric_view import MetricTableView
from planetview.gui.widgets.message_bar import BarMessage
from planetview.gui.widgets.text_dialog import TextDialog
from tests.gui.conftest import Drop, GapMeter
from tests.gui.fake_engine import FakeEngine, result, steps
from tests.gui_fixtures import sheet_of


def press(window: MainWindow, label: str) -> None:
    """Press the visible button of that label in the message bars."""
    buttons = [b for b in window.messages.findChildren(QPushButton) if b.text() == label and b.isVisible()]
    assert buttons, f"no button {label!r} among {[m.text for m in window.messages.messages()]}"
    buttons[-1].click()


def test_a_drop_anywhere_asks_and_scans_with_a_guessed_role(
    window: MainWindow, engine: FakeEngine, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert window.current_page() == "welcome"

    assert drop(window, sets["real_train"], sets["gan_v1"])
    qtbot.keyClick(sheet_of(window, qtbot), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 2)

    assert engine.requests[0].targets == tuple(  # type: ignore[union-attr]
        ScanTarget(sets[name], None, role)
        for name, role in (("real_train", Role.REFERENCE), ("gan_v1", Role.CANDIDATE))
    )
    assert window.current_page() == "datasets"


def test_one_dropped_image_offers_its_folder(
    window: MainWindow, sets: dict[str, Path], drop: Drop, qtbot: QtBot
) -> None:
    assert drop(window, sets["gan_v1"] / "tile_0000.png")
    assert not window.controller.is_busy

    sheet = sheet_of(window, qtbot)
    assert "not a single image" in sheet.rows()[0].words()
    qtbot.keyClick(sheet, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [d.name for d in window.workspace.datasets] == ["gan_v1"])


def test_a_run_shows_progress_partial_values_and_then_results(
    filled: MainWindow, engine: FakeEngine, results: Results, qtbot: QtBot
) -> None:
    engine.hold("metrics")

    qtbot.keyClick(filled, Qt.Key.Key_F5)
    qtbot.waitUntil(engine.is_holding.is_set)
    qtbot.waitUntil(lambda: filled.job_bar.value() == 0.5)

    assert filled.current_page() == "overview"
    assert filled.job_bar.isVisible()
    assert "Stage features" in filled.job_bar.text()
    assert "0:03 left" in filled.job_bar.text()
    assert not filled.header.findChild(QPushButton).isEnabled()

    engine.release()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)

    assert filled.workspace.results is results
    assert not filled.job_bar.isVisible()
    request = engine.requests[-1]
    assert isinstance(request, CompareRequest)
    assert (request.reference.name, request.held_out and request.held_out.name) == ("real_train", "real_test")
    assert [c.name for c in request.candidates] == ["gan_v1", "gan_v2"]


def test_the_edit_menu_copies_what_a_paper_needs_once_there_are_numbers(filled: MainWindow, qtbot: QtBot) -> None:
    methods, references = (filled.actions_by_id[name] for name in ("copy_methods", "copy_bibtex"))
    assert not methods.isEnabled()
    assert not references.isEnabled()

    filled.controller.run()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)
    qtbot.waitUntil(methods.isEnabled)

    methods.trigger()
    assert "real_train (" in QGuiApplication.clipboard().text()
    assert filled.statusBar().currentMessage().startswith("Copied the methods text")
    references.trigger()
    assert "@inproceedings{arXiv:1706.08500," in QGuiApplication.clipboard().text()


def test_escape_cancels_at_once_and_resume_runs_again(filled: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)

    with qtbot.waitSignal(filled.controller.job_ended, timeout=1000):
        qtbot.keyClick(filled, Qt.Key.Key_Escape)
    assert [m.key for m in filled.messages.messages()] == ["run"]
    assert "kept" in filled.messages.messages()[0].text
    assert not filled.job_bar.isVisible()
    filled.show_page("overview")
    (table,) = filled.pages.page("overview").findChildren(MetricTableView)
    cells = [table.model().cell(row, 0) for row in range(table.model().rowCount())]
    assert any("stopped" in cell.sub for cell in cells)
    assert not {cell.state for cell in cells} & {CellState.WAITING, CellState.RUNNING}

    engine.release()
    press(filled, "Resume")
    qtbot.waitUntil(lambda: filled.workspace.results is not None)
    assert filled.messages.messages() == ()


def test_a_failed_run_says_why_and_can_be_retried(
    filled: MainWindow, engine: FakeEngine, results: Results, qtbot: QtBot
) -> None:
    working = engine.script
    engine.script = lambda _: [UserError("Disk full.", "Free some space.")]
    filled.controller.run()
    qtbot.waitUntil(lambda: bool(filled.messages.messages()))

    message = filled.messages.messages()[0]
    assert (message.text, message.hint, message.tone) == ("Disk full.", "Free some space.", "danger")
    press(filled, "Copy")
    assert QGuiApplication.clipboard().text() == "Disk full.\nFree some space."

    engine.script = working
    press(filled, "Retry")
    qtbot.waitUntil(lambda: filled.workspace.results is results)


def test_an_unexpected_failure_has_details_to_read(filled: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
    engine.script = lambda _: [ZeroDivisionError("by zero")]
    filled.controller.run()
    qtbot.waitUntil(lambda: bool(filled.messages.messages()))

    press(filled, "Details")

    dialog = filled.findChild(TextDialog)
    assert "Traceback" in dialog.text()
    assert "ZeroDivisionError" in dialog.text()
    dialog.close()


def test_sources_that_cannot_be_scanned_are_named(
    window: MainWindow, sets: dict[str, Path], tmp_path: Path, qtbot: QtBot
) -> None:
    window.controller.add_paths([sets["real_train"], tmp_path / "empty"])
    qtbot.waitUntil(lambda: bool(window.messages.messages()))

    assert [d.name for d in window.workspace.datasets] == ["real_train"]
    assert "'empty' holds no images." in window.messages.messages()[0].text


def test_results_are_called_out_of_date_after_a_change(filled: MainWindow, qtbot: QtBot) -> None:
    filled.controller.run()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)
    assert filled.header.state_text() == ""

    filled.workspace.remove("gan_v2")
    assert filled.current_page() == "overview"
    assert filled.header.state_text() == "", "the page says so beside its numbers"
    filled.show_page("entropy")
    assert "Changed since the last run" in filled.header.state_text()

    qtbot.keyClick(filled, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert filled.header.state_text() == ""


def test_every_page_opens_by_its_keys_with_and_without_results(filled: MainWindow, qtbot: QtBot) -> None:
    for _ in range(2):
        for number, page in enumerate(PAGE_ACTIONS, 1):
            key = Qt.Key(Qt.Key.Key_0.value + number)
            qtbot.keyClick(filled, key, Qt.KeyboardModifier.ControlModifier)
            assert filled.current_page() == page
        if filled.workspace.results is None:
            filled.controller.run()
            qtbot.waitUntil(lambda: filled.workspace.results is not None)
    assert set(PAGE_CLASSES) <= set(PAGE_ACTIONS)


def test_no_part_of_a_page_appears_as_a_window_of_its_own(filled: MainWindow, results: Results) -> None:
    class Watcher(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                shown.append(type(watched).__name__)
            return False

    shown: list[str] = []
    watcher, app = Watcher(), QCoreApplication.instance()
    app.installEventFilter(watcher)
    filled.workspace.set_results(results)
    for page in PAGE_ACTIONS:
        filled.show_page(page)
        app.processEvents()
    app.removeEventFilter(watcher)

    assert shown == []


def test_a_number_without_weights_leads_to_their_row_on_the_models_page(
    filled: MainWindow, results: Results, qtbot: QtBot
) -> None:
    reason = "The weights of DINOv2 ViT-L/14 are not on this computer. Get it with: planetview models fetch it"
    missing = MetricValue("fd", "dinov2-vitl14", "gan_v1", reason=reason)
    filled.workspace.set_results(replace(results, values=(missing,)))
    filled.show_page("overview")
    overview = filled.pages.page("overview")
    overview._table.setCurrentIndex(overview._model.index(1, 0))

    overview._models.click()
    page = filled.pages.page("models")
    qtbot.waitUntil(lambda: "DINOv2 ViT-L/14" in page.details.text())

    assert filled.current_page() == "models"
    assert filled.rail.findChildren(QToolButton)[PAGE_ACTIONS.index("models")].isChecked()
    assert page.table.hasFocus()


def test_the_literature_column_is_off_and_the_menu_and_the_header_agree(filled: MainWindow, results: Results) -> None:
    filled.workspace.set_results(results)
    filled.show_page("overview")
    overview, action = filled.pages.page("overview"), filled.actions_by_id["literature"]
    columns = overview._model.columnCount()
    assert not action.isChecked()

    action.trigger()
    assert overview._model.columnCount() == columns + 1
    (of_header,) = overview._table.horizontalHeader().actions()
    assert of_header.isChecked()

    of_header.trigger()
    assert overview._model.columnCount() == columns
    assert not action.isChecked()


def test_closing_while_a_job_runs_asks_and_staying_keeps_it(
    filled: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)

    assert not filled.close()
    question = filled.findChild(CloseQuestion)
    assert "still running" in question.text()
    question.stay_button.click()

    assert filled.isVisible()
    assert filled.controller.is_busy
    engine.release()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)


def test_leaving_ends_every_thread_within_a_second(filled: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)

    filled.close()
    with qtbot.waitSignal(filled.closed, timeout=1000):
        filled.findChildren(CloseQuestion)[-1].leave_button.click()

    assert not filled.isVisible()


def test_a_flood_of_messages_leaves_the_window_responsive(
    make_window: Callable[[Engine], MainWindow],
    results: Results,
    sets: dict[str, Path],
    gap_meter: GapMeter,
    qtbot: QtBot,
) -> None:
    def script(request: object) -> list[object]:
        if isinstance(request, ScanRequest):
            from tests.gui.conftest import scripted

            return list(scripted(results).script(request))
        flood = [s for i in range(400) for s in (*steps("features", 20), PartialValues(results.values[:1]))]
        return [*flood, result(results)]

    window = make_window(FakeEngine(script))  # type: ignore[arg-type]
    window.controller.add_paths(sets.values())
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 4 and not window.controller.is_busy)
    window.show_page("overview")
    window.show_page("datasets")

    with qtbot.waitSignal(window.controller.job_ended, timeout=20_000):
        window.controller.run()
        window.show_page("datasets")
        gap_meter.begin()
    assert gap_meter.end() < 250  # 20-40 ms on a quiet machine


def test_the_window_is_there_before_plots_and_torch_are_imported(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from planetview.app import build\n"
        "from tests.gui.fake_engine import FakeEngine\n"
        "window = build(FakeEngine(lambda _: [])); window.show()\n"
        "heavy = {'pyqtgraph', 'torch', 'scipy', 'rasterio', 'jinja2'} & set(sys.modules)\n"
        "assert window.isVisible(); window.close(); sys.exit(', '.join(heavy) or 0)"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=os.environ.copy(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_command_has_its_place_text_tip_and_keys_of_its_own() -> None:
    ids = [spec.id for spec in ACTIONS]
    keys = [key for spec in ACTIONS for key in spec.keys]

    assert len(set(ids)) == len(ids)
    assert len(set(keys)) == len(keys)
    for spec in ACTIONS:
        assert spec.menu in MENUS
        assert "&" in spec.text
        assert spec.tip.endswith(".")
        assert not spec.icon or resource(f"icons/{spec.icon}.svg").is_file()
    for menu in MENUS:
        letters = [spec.text[spec.text.index("&") + 1].lower() for spec in ACTIONS if spec.menu == menu]
        assert len(set(letters)) == len(letters), f"two entries of {menu} share a mnemonic"


def test_every_command_is_connected_and_in_a_menu(window: MainWindow) -> None:
    in_menus = {action for menu in window.menuBar().actions() for action in menu.menu().actions()}
    for spec in ACTIONS:
        action = window.findChild(QAction, spec.id)
        assert action in in_menus
        assert window.actions_by_id[spec.id].receivers("2triggered(bool)") > 0, spec.id


def test_every_widget_that_takes_the_keyboard_has_a_name(filled: MainWindow, qtbot: QtBot) -> None:
    nameless = [
        widget
        for part in (filled.rail, filled.header, filled.role_sheet, filled.job_bar, filled.welcome)
        for widget in part.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.window() is filled  # not the lists that combo boxes pop up
        and not widget.objectName().startswith("qt_")
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_an_uncaught_error_is_told_once(qapp: QObject, caplog: pytest.LogCaptureFixture, qtbot: QtBot) -> None:
    reporter = ErrorReporter()
    told: list[JobFailure] = []
    reporter.reported.connect(told.append)

    for _ in range(100):
        try:
            raise RuntimeError("boom")
        except RuntimeError as error:
            reporter.report(RuntimeError, error, error.__traceback__)

    assert len(told) == 1
    assert "boom" in told[0].message
    assert "Traceback" in told[0].details
    assert caplog.text.count("uncaught error") == 100


def test_a_message_of_the_same_key_replaces_the_open_one(window: MainWindow) -> None:
    window.messages.show_message(BarMessage("a", "first"))
    window.messages.show_message(BarMessage("a", "second"))

    assert [m.text for m in window.messages.messages()] == ["second"]
    window.messages.findChildren(QToolButton)[-1].click()
    assert not window.messages.isVisible()


def test_pyside_6_12_is_refused_on_python_3_11_only() -> None:
    assert "aborts" in unusable_qt("6.12.0", (3, 11))
    assert unusable_qt("6.12.0", (3, 12)) == ""
    assert unusable_qt("6.11.3", (3, 11)) == ""


def test_a_missing_system_library_gives_one_line_and_exit_code_4() -> None:
    code = "import sys; sys.modules['PySide6.QtSvg'] = None; from planetview.app import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200)

    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert "libegl1" in line


def test_without_a_display_there_is_one_line_and_exit_code_4_instead_of_an_abort() -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    code = "import sys; from planetview.app import main; sys.exit(main([]))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200, env=environment
    )

    assert done.returncode == 4
    assert "no display" in done.stderr


def test_pictures_show_every_page_with_the_results(results: Results, tmp_path: Path) -> None:
    document = tmp_path / "results.json"
    document.write_text(results_to_json(results), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from planetview.core.results_io import results_from_json\n"
        "from planetview.headless import take_pictures\n"
        "results = results_from_json(Path(sys.argv[1]).read_text())\n"
        "print(*take_pictures(results, Path(sys.argv[2])), sep='\\n')"
    )
    command = [sys.executable, "-c", code, str(document), str(tmp_path / "pictures")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)

    assert done.returncode == 0, done.stderr
    pictures = [QImage(line) for line in done.stdout.splitlines()]
    assert [(picture.width(), picture.height()) for picture in pictures] == [(1280, 800)] * len(STUDY_PAGES)
    colours = [{picture.pixel(x, y) for x in range(120, 1280, 9) for y in range(80, 770, 9)} for picture in pictures]
    assert all(len(seen) > 20 for seen in colours)


def test_help_tells_how_to_export_a_generator(window: MainWindow) -> None:
    window.actions_by_id["show_export"].trigger()
    dialog = window.findChild(TextDialog)
    assert "torch.onnx.export" in dialog.text()
    dialog.close()
