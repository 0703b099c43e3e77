"""The models page as a person uses it: see what is missing, bring it in, know what became of every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QPushButton, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import WEIGHTS
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, ModelsAction, ModelsRequest
from planetview.core.models import ImportOutcome, WeightStatus
from planetview.gui.dialogs.weights import AcceptQuestion, FetchQuestion
from planetview.gui.main_window import MainWindow
from planetview.gui.models.weight_details import MOST_OUTCOMES, report_html
from planetview.gui.models.weight_table import Column, WeightTableModel
from planetview.gui.theme import DARK, LIGHT, Theme
from planetview.gui.views.models_page import ModelsPage
from planetview.gui.weight_files import Phase, Report, path_to_accept
from tests.gui.conftest import Drop
from tests.gui.fake_engine import FakeEngine, FakeWeights


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> ModelsPage:
    """Return the page after its first show, with the states of a fresh installation."""
    window.show_page("models")
    qtbot.waitUntil(lambda: window.controller.weights.phase is Phase.KNOWN)
    found = window.pages.page("models")
    assert isinstance(found, ModelsPage)
    return found


def asked(engine: FakeEngine) -> list[ModelsRequest]:
    """Return the requests about weights, in order."""
    return [request for request in engine.requests if isinstance(request, ModelsRequest)]


def cell(page: ModelsPage, weights_id: str, column: Column) -> str:
    return str(page._model.index(page._model.row_of(weights_id), column).data())


def choose_rows(page: ModelsPage, *weights_ids: str) -> None:
    flags = QItemSelectionModel.SelectionFlag
    page.table.clearSelection()
    for weights_id in weights_ids:
        index = page._model.index(page._model.row_of(weights_id), 0)
        page.table.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)


def button(parent: QWidget, text: str) -> QPushButton:
    (found,) = [b for b in parent.findChildren(QPushButton) if b.text() == text]
    return found


def wait_for_report(window: MainWindow, qtbot: QtBot) -> Report:
    qtbot.waitUntil(lambda: window.controller.weights.report is not None)
    report = window.controller.weights.report
    assert report is not None
    return report


def test_states_are_asked_for_when_the_page_is_first_shown_and_not_again(
    window: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    assert asked(engine) == []

    qtbot.keyClick(window, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.controller.weights.phase is Phase.KNOWN)
    window.show_page("overview")
    window.show_page("models")

    assert [request.action for request in asked(engine)] == [ModelsAction.LIST]
    assert not window.job_bar.isVisible()
    assert f"2 of {len(WEIGHTS)} are here" in window.pages.page("models").state_text()


def test_a_row_says_what_it_is_whether_it_is_there_and_what_needs_it(page: ModelsPage) -> None:
    assert cell(page, "st-lpips-vgg", Column.STATE) == "present"
    assert cell(page, "st-lpips-vgg", Column.SIZE) == "3.0 MiB"
    assert cell(page, "st-lpips-vgg", Column.UNLOCKS) == "VGG-16 (ST-LPIPS), ST-LPIPS (VGG-16)"
    assert cell(page, "dinov2-vits14", Column.STATE) == "missing"
    assert cell(page, "dinov2-vits14", Column.SIZE) == "≈ 84.2 MiB"
    assert cell(page, "dinov2-vits14", Column.LICENCE) == "Apache-2.0"
    spoken = page._model.index(page._model.row_of("dinov2-vits14"), Column.STATE)
    assert spoken.data(Qt.ItemDataRole.AccessibleTextRole) == "State: missing"


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_every_state_has_a_word_and_a_picture_of_its_own(qapp: QObject, tokens: object) -> None:
    model, weights = WeightTableModel(), FakeWeights()
    ids = list(WEIGHTS)[: len(WeightStatus)]
    for key, status in zip(ids, WeightStatus, strict=True):
        weights.put(key, status)
    model.use_tokens(tokens)  # type: ignore[arg-type]
    model.show_states(weights.states)

    cells = [model.index(model.row_of(key), Column.STATE) for key in ids]
    pictures = [index.data(Qt.ItemDataRole.DecorationRole).pixmap(32, 32).toImage() for index in cells]

    assert [index.data() for index in cells] == [status.value for status in WeightStatus]
    for i, picture in enumerate(pictures):
        shapes = [[p.pixelColor(x, y).alpha() > 90 for x in range(32) for y in range(32)] for p in (picture,)]
        others = [[p.pixelColor(x, y).alpha() > 90 for x in range(32) for y in range(32)] for p in pictures[:i]]
        assert shapes[0] not in others, "two states differ in colour alone"


def test_the_model_keeps_the_rules_of_models(qtmodeltester: ModelTester) -> None:
    model = WeightTableModel()
    qtmodeltester.check(model)

    model.show_states(FakeWeights().states)
    qtmodeltester.check(model)


def test_before_anything_is_known_the_table_says_so(qapp: QObject) -> None:
    model = WeightTableModel()

    assert model.rowCount() == len(WEIGHTS)
    assert model.index(0, Column.STATE).data() == "not looked at yet"


def test_the_chosen_row_is_explained_with_names_address_digest_and_command(page: ModelsPage, qtbot: QtBot) -> None:
    page.choose("dinov2-vits14")
    qtbot.waitUntil(lambda: "DINOv2 ViT-S/14" in page.details.text())

    said = page.details.text()
    spec = WEIGHTS["dinov2-vits14"]
    assert spec.url in said.replace("\n", "")
    assert all(name in said for name in spec.sources[0].files)
    assert "planetview models fetch dinov2-vits14" in said
    assert str(page._weights.folder) in said

    page.details.command.click()
    assert QGuiApplication.clipboard().text() == "planetview models fetch dinov2-vits14"
    page.details.address.click()
    assert QGuiApplication.clipboard().text() == spec.url
    page.details.folder.click()
    assert QGuiApplication.clipboard().text() == str(page._weights.folder)


def test_what_only_a_package_carries_has_its_own_command(page: ModelsPage, qtbot: QtBot) -> None:
    page.choose("lpips-alex")
    qtbot.waitUntil(lambda: "LPIPS heads for AlexNet" in page.details.text())

    assert "pip install --no-deps lpips==0.1.4" in page.details.text()
    assert not page.details.address.isEnabled()
    assert not page.command("fetch").isEnabled()


def test_rows_are_copied_from_the_keyboard_and_the_context_menu_names_it(page: ModelsPage, qtbot: QtBot) -> None:
    page.choose("dinov2-vits14")
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Weights of\tState")
    assert lines[1].startswith("DINOv2 ViT-S/14\tmissing")
    assert page.table.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu
    assert [action.text() for action in page.table.actions()][:2] == ["Copy", "Fetch…"]


def test_a_dropped_folder_is_imported_not_added_as_a_set(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    stick = tmp_path / "dinov2-vits14"
    stick.mkdir()

    assert drop(page, stick)
    wait_for_report(window, qtbot)

    assert asked(engine)[-1].paths == (stick,)
    assert cell(page, "dinov2-vits14", Column.STATE) == "present"
    assert window.workspace.is_empty
    assert "Import: 1 accepted" in page.report.text()


def test_each_file_of_an_import_is_told_with_reason_and_next_step(
    window: MainWindow, page: ModelsPage, tmp_path: Path, qtbot: QtBot
) -> None:
    names = ("dinov2-vits14.pth", "dinov2-vitb14.unknown", "readme.bin")
    window.controller.weights.import_paths(tuple(tmp_path / name for name in names))
    wait_for_report(window, qtbot)

    said = page.report.text()
    assert "Import: 1 accepted, 2 refused" in said
    assert "✓ accepted dinov2-vits14.pth: Digest verified." in said
    assert "✗ refused readme.bin: Its tensors fit none" in said
    assert "If you trust it" in said
    assert said.index("refused readme.bin") < said.index("accepted dinov2")

    button(page.report, "Close list").click()
    assert not page.report.isVisible()


def test_an_unknown_file_is_taken_only_after_the_question_and_only_that_file(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    unknown, good = tmp_path / "dinov2-vitb14 copy.unknown", tmp_path / "readme.bin"
    window.controller.weights.import_paths((unknown, good))
    wait_for_report(window, qtbot)
    assert cell(page, "dinov2-vitb14", Column.STATE) == "missing"

    page.report.accept.click()
    question = page.findChild(AcceptQuestion)
    assert "nothing published says" in question.text()
    assert "dinov2-vitb14 copy.unknown" in question.informativeText()
    assert question.defaultButton() is question.no_button
    question.no_button.click()
    assert len(asked(engine)) == 2

    page.report.accept.click()
    page.findChildren(AcceptQuestion)[-1].yes_button.click()
    qtbot.waitUntil(lambda: cell(page, "dinov2-vitb14", Column.STATE) == "present")

    assert asked(engine)[-1].accept_unknown
    assert asked(engine)[-1].paths == (unknown,)
    assert not page.report.accept.isVisible()


def test_only_what_was_refused_for_its_digest_can_be_accepted() -> None:
    hint = "If you trust where it came from: planetview models import --accept-unknown --as dinov2-vits14 '/a b/x.pth'"
    refused = ImportOutcome(Path("/a b/x.pth"), "dinov2-vits14", False, "unknown file.", hint)
    pack = "If you trust where the pack came from: planetview models import --accept-unknown /p.zip"

    assert path_to_accept(refused) == Path("/a b/x.pth")
    assert path_to_accept(ImportOutcome(Path("/p.zip/x"), "dreamsim", False, "unknown file.", pack)) == Path("/p.zip")
    assert path_to_accept(ImportOutcome(Path("x"), "dinov2-vits14", False, "Its tensors do not fit.")) is None
    assert path_to_accept(ImportOutcome(Path("x"), None, False, "It fits several networks.", hint)) is None
    assert path_to_accept(ImportOutcome(Path("x"), "dinov2-vits14", True, "Taken.", hint)) is None


def test_a_very_long_list_is_cut_and_says_so() -> None:
    outcomes = tuple(ImportOutcome(Path(f"f{i}"), None, False, "No.") for i in range(MOST_OUTCOMES + 7))
    html = report_html(Report(ModelsRequest(ModelsAction.IMPORT), outcomes), "#000000", "#000000")

    assert html.count("<p") == MOST_OUTCOMES + 1
    assert "7 more files" in html


def test_file_names_made_by_others_are_shown_as_text() -> None:
    evil = ImportOutcome(Path("<img src=x>&\x1b[2J"), None, False, "<b>no</b>")
    html = report_html(Report(ModelsRequest(ModelsAction.IMPORT), (evil,)), "#000000", "#000000")

    assert "<img" not in html
    assert "\x1b" not in html
    assert "&lt;b&gt;no" in html


def test_a_download_is_asked_for_with_size_host_and_licence(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    choose_rows(page, "torchvision-vgg16", "dinov2-vits14", "st-lpips-vgg", "lpips-alex")

    page.command("fetch").trigger()
    question = page.findChild(FetchQuestion)
    assert "612.0 MiB" in question.text()
    lines = question.informativeText().splitlines()
    assert lines == [
        "• VGG-16 for ImageNet: about 527.8 MiB from download.pytorch.org, licence BSD-3-Clause",
        "• DINOv2 ViT-S/14: about 84.2 MiB from dl.fbaipublicfiles.com or huggingface.co, licence Apache-2.0",
    ]
    question.no_button.click()
    assert [request.action for request in asked(engine)] == [ModelsAction.LIST]

    page.command("fetch").trigger()
    page.findChildren(FetchQuestion)[-1].yes_button.click()
    wait_for_report(window, qtbot)

    assert asked(engine)[-1].names == ("torchvision-vgg16", "dinov2-vits14")
    assert cell(page, "torchvision-vgg16", Column.STATE) == "present"
    assert "Fetch: 2 fetched" in page.report.text()


def test_a_download_shows_its_progress_and_can_be_cancelled_and_resumed(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    engine.hold("fetch")
    window.controller.weights.fetch(("dinov2-vits14",))
    qtbot.waitUntil(engine.is_holding.is_set)
    assert window.job_bar.isVisible()
    assert not page.command("import_file").isEnabled()
    assert "A job is running" in page.state_text()

    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.job_bar.isVisible()
    assert window.messages.messages()[0].key == "models"
    engine.release()
    qtbot.waitUntil(lambda: window.controller.weights.phase is Phase.KNOWN)
    assert asked(engine)[-1].action is ModelsAction.LIST
    assert cell(page, "dinov2-vits14", Column.STATE) == "missing"

    button(window.messages, "Resume").click()
    wait_for_report(window, qtbot)
    assert cell(page, "dinov2-vits14", Column.STATE) == "present"
    assert window.messages.messages() == ()


def test_a_failed_download_says_why_and_can_be_retried(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    working = engine.script
    engine.script = lambda request: (
        [UserError("No network.", "Bring the file on a stick.")] if request.action == "fetch" else working(request)
    )
    window.controller.weights.fetch(("dinov2-vits14",))
    qtbot.waitUntil(lambda: bool(window.messages.messages()))
    assert window.messages.messages()[0].text == "No network."
    qtbot.waitUntil(lambda: window.controller.weights.phase is Phase.KNOWN)

    engine.script = working
    button(window.messages, "Retry").click()
    wait_for_report(window, qtbot)

    assert cell(page, "dinov2-vits14", Column.STATE) == "present"


def test_a_listing_that_fails_is_told_on_the_page_and_refresh_tries_again(
    window: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    working = engine.script
    engine.script = lambda _: [UserError("The folder cannot be read.", "Check its rights.")]
    window.show_page("models")
    page = window.pages.page("models")
    qtbot.waitUntil(lambda: "could not be looked at: The folder cannot be read." in page.state_text())
    assert window.messages.messages() == ()

    engine.script = working
    button(page, "Refresh").click()
    qtbot.waitUntil(lambda: "are here" in page.state_text())


def test_while_a_run_goes_on_the_listing_waits_and_the_last_states_stay(
    filled: MainWindow, engine: FakeEngine, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    filled.show_page("models")
    page = filled.pages.page("models")
    qtbot.waitUntil(lambda: filled.controller.weights.phase is Phase.KNOWN)
    engine.hold("metrics")
    filled.controller.run()
    qtbot.waitUntil(engine.is_holding.is_set)

    filled.show_page("models")
    button(page, "Refresh").click()
    assert "A job is running" in page.state_text()
    assert "what was known before" in page.state_text()
    assert cell(page, "st-lpips-vgg", Column.STATE) == "present"
    assert drop(page, tmp_path)
    assert "when it has ended" in filled.messages.messages()[0].text
    assert isinstance(engine.requests[-1], CompareRequest)

    engine.release()
    qtbot.waitUntil(lambda: filled.controller.weights.phase is Phase.KNOWN)
    assert [request.action for request in asked(engine)] == [ModelsAction.LIST, ModelsAction.LIST]
    assert filled.workspace.results is not None


def test_a_listing_does_not_keep_a_run_from_starting(filled: MainWindow, qtbot: QtBot) -> None:
    filled.controller.weights.look()

    filled.controller.run()
    qtbot.waitUntil(lambda: filled.workspace.results is not None)
    qtbot.waitUntil(lambda: filled.controller.weights.phase is Phase.KNOWN)


def test_verifying_and_packing_tell_what_became_of_every_file(
    window: MainWindow, page: ModelsPage, engine: FakeEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    button(page, "Verify all").click()
    wait_for_report(window, qtbot)
    assert "Verify: 2 whole" in page.report.text()

    window.controller.weights.pack(tmp_path / "weights.zip")
    qtbot.waitUntil(lambda: "Save pack: 1 packed" in page.report.text())
    assert asked(engine)[-1].paths == (tmp_path / "weights.zip",)


def test_everything_that_takes_the_keyboard_has_a_name(page: ModelsPage) -> None:
    nameless = [
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not isinstance(widget, QMenu)
        and not widget.objectName().startswith("qt_")
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_tab_leaves_the_table(page: ModelsPage, qtbot: QtBot) -> None:
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Tab)

    assert not page.table.hasFocus()


def test_the_page_follows_the_theme(page: ModelsPage, theme: Theme) -> None:
    index = page._model.index(page._model.row_of("st-lpips-vgg"), Column.STATE)

    page._theme.use("dark")
    assert index.data(Qt.ItemDataRole.ForegroundRole).color().name() == DARK.success
    page._theme.use("light")
    assert index.data(Qt.ItemDataRole.ForegroundRole).color().name() == LIGHT.success


@pytest.fixture
def real_engine_window(make_window: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """Return the window around the engine that the program uses, with an empty weights folder."""
    from planetview.engine.engine import TorchEngine

    monkeypatch.setenv("PLANETVIEW_WEIGHTS", str(tmp_path / "weights"))
    yield make_window(TorchEngine())  # type: ignore[operator]


def test_a_file_in_the_published_format_goes_through_the_real_engine(
    real_engine_window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    from planetview.engine.weights import load_weights
    from tests.engine.weight_files import official_alexnet_heads

    window, stick = real_engine_window, tmp_path / "stick"
    stick.mkdir()
    file = official_alexnet_heads(stick)
    window.show_page("models")
    page = window.pages.page("models")
    qtbot.waitUntil(lambda: window.controller.weights.phase is Phase.KNOWN, timeout=20_000)

    assert drop(page, stick)
    qtbot.waitUntil(lambda: window.controller.weights.report is not None, timeout=60_000)
    (outcome,) = window.controller.weights.report.outcomes  # type: ignore[union-attr]
    assert (outcome.weights, outcome.accepted) == ("lpips-alex", False)
    assert path_to_accept(outcome) == file

    page.report.accept.click()
    page.findChildren(AcceptQuestion)[-1].yes_button.click()
    qtbot.waitUntil(lambda: "1 accepted" in page.report.text(), timeout=60_000)

    assert "accepted by the user" in cell(page, "lpips-alex", Column.NOTE)
    assert (tmp_path / "weights" / "lpips-alex.safetensors").is_file()
    assert set(load_weights("lpips-alex").tensors)
