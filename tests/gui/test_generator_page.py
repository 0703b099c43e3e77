"""The generator page as a person uses it: drop a file, look, sample, measure, refuse or trust a program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from planetview.core.consent import ConsentStore
from planetview.core.datasets import Role
from planetview.core.generation import PathLengthResult
from planetview.core.messages import Engine, GeneratorRequest, PathLengthRequest, PreviewRequest, SampleRequest
from planetview.core.results import Results
from planetview.core.study import Study, load_study, save_study
from planetview.gui.dialogs.generator_jobs import PathLengthDialog, SampleDialog
from planetview.gui.dialogs.question import ConsentQuestion
from planetview.gui.generator_work import Phase
from planetview.gui.main_window import MainWindow
from planetview.gui.sources import sort_paths
from planetview.gui.views.generator_page import PICTURES, WALK_STEPS, GeneratorPage
from tests.gui.conftest import Drop, scripted
from tests.gui.fake_engine import FakeEngine, FakeWeights
from tests.gui.fake_generator import DIGEST, FakeGenerator, measured


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


@pytest.fixture
def engine(results: Results, weights: FakeWeights, generator: FakeGenerator) -> FakeEngine:
    engine = scripted(results, weights)
    engine.script = generator.around(engine.script)
    return engine


@pytest.fixture
def window(make_window: Callable[[Engine], MainWindow], engine: FakeEngine) -> MainWindow:
    return make_window(engine)


@pytest.fixture
def page(window: MainWindow) -> GeneratorPage:
    window.show_page("generator")
    found = window.pages.page("generator")
    assert isinstance(found, GeneratorPage)
    return found


def wait_for_pictures(page: GeneratorPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: (
            not page._looking.isActive()
            and page.grid.shown == PICTURES
            and page.strip.shown == WALK_STEPS
            and not page._work.is_picturing
        )
    )


@pytest.fixture
def opened(page: GeneratorPage, window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot) -> GeneratorPage:
    """Return the page after a network was dropped on the window and its pictures have come."""
    assert drop(window, tmp_path / "terrain.pkl")
    wait_for_pictures(page, qtbot)
    return page


def asked(engine: FakeEngine, kind: type) -> list[object]:
    return [request for request in engine.requests if isinstance(request, kind)]


def press(qtbot: QtBot, place: QWidget, text: str) -> None:
    (button,) = [b for b in place.findChildren(QPushButton) if b.text() == text and b.isVisible()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def level(page: GeneratorPage, place: int) -> int:
    picture = page.grid.picture(place)
    assert picture is not None
    return picture.toImage().pixelColor(0, 0).red()


def test_the_empty_page_says_what_to_drop_and_that_nothing_is_executed(page: GeneratorPage) -> None:
    said = " ".join(label.text() for label in page.start.findChildren(QWidget) if hasattr(label, "text"))

    assert "Drop a generator here" in said
    assert "Nothing in a .pkl is executed" in said
    assert not page._sample.isEnabled()


@pytest.mark.parametrize("name", ["net.pkl", "net.ONNX", "net.pt", "net.pt2", "net.safetensors", "net.generator.json"])
def test_files_of_networks_are_generators_and_folders_of_that_name_are_not(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.pkl").mkdir()

    assert sort_paths([tmp_path / name]).generators == (tmp_path / name,)
    assert sort_paths([tmp_path / "folder.pkl", tmp_path / "list.csv"]).generators == ()


def test_a_generator_dropped_on_the_start_page_opens_its_page(
    window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    assert window.current_page() == "welcome"

    assert drop(window, tmp_path / "terrain.pkl")
    qtbot.waitUntil(lambda: window.controller.generator.phase is Phase.OPEN)

    assert window.current_page() == "generator"
    assert window.workspace.is_empty
    qtbot.waitUntil(lambda: not window.controller.generator.is_picturing)


def test_a_dropped_network_is_described_and_its_digest_is_copied(opened: GeneratorPage, qtbot: QtBot) -> None:
    said = opened.details.text()

    for words in ("StyleGAN2", "256 × 256, grey", "unchanged", "14 rows of 512", "Trained for a short time"):
        assert words in said
    assert DIGEST in said
    press(qtbot, opened, "Copy SHA-256")
    assert QGuiApplication.clipboard().text() == DIGEST
    press(qtbot, opened, "Copy all")
    assert "Architecture: StyleGAN2" in QGuiApplication.clipboard().text()


def test_pictures_of_sixteen_seeds_and_a_walk_come_a_few_at_a_time(opened: GeneratorPage, engine: FakeEngine) -> None:
    assert [level(opened, i) for i in range(PICTURES)] == list(range(PICTURES))
    walk = [opened.strip.picture(i) for i in range(WALK_STEPS)]
    assert [p.toImage().pixelColor(0, 0).red() for p in walk if p] == [0, 12, 25, 38, 50, 62, 75, 88, 100]
    assert all(max(len(r.walk), len(r.seeds)) <= 2 for r in asked(engine, PreviewRequest))  # type: ignore[attr-defined]
    assert opened.state_text() == ""


def test_next_and_previous_move_by_sixteen_seeds_and_only_the_grid_is_made_anew(
    opened: GeneratorPage, engine: FakeEngine, qtbot: QtBot
) -> None:
    before = len(asked(engine, PreviewRequest))
    press(qtbot, opened, "Next")
    wait_for_pictures(opened, qtbot)
    assert [level(opened, 0), level(opened, 15)] == [16, 31]
    assert all(not r.walk for r in asked(engine, PreviewRequest)[before:])  # type: ignore[attr-defined]

    press(qtbot, opened, "Previous")
    wait_for_pictures(opened, qtbot)
    assert level(opened, 0) == 0


def test_truncation_asks_for_all_pictures_again(opened: GeneratorPage, engine: FakeEngine, qtbot: QtBot) -> None:
    opened.look.slider.setValue(70)
    qtbot.waitUntil(opened._looking.isActive)
    wait_for_pictures(opened, qtbot)

    last = asked(engine, PreviewRequest)[-1]
    assert isinstance(last, PreviewRequest)
    assert last.truncation == 0.7


def test_what_a_generator_cannot_do_is_disabled_with_the_reason(
    page: GeneratorPage, window: MainWindow, generator: FakeGenerator, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    generator.found = replace(
        generator.found, truncation=False, num_ws=0, classes=3, path_length_problem="Its images are rounded."
    )
    assert drop(window, tmp_path / "terrain.onnx")
    wait_for_pictures(page, qtbot)

    assert not page.look.slider.isEnabled()
    assert "cannot be truncated" in page.look.slider.toolTip()
    assert page.look.class_index == 0
    assert not page._measure.isEnabled()
    assert "Its images are rounded." in page.details.text()


def test_a_refused_file_is_told_on_the_page(
    page: GeneratorPage, window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    assert drop(window, tmp_path / "bad.pkl")
    qtbot.waitUntil(lambda: window.controller.generator.phase is Phase.FAILED)

    assert "'bad.pkl' is not a network." in page.start.text()
    assert "os.system" in page.start.text()
    assert page.start.isVisible()
    assert not page.start.trust.isVisible()


def test_a_program_opens_only_after_the_question_which_says_no_by_default(
    page: GeneratorPage, window: MainWindow, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    assert drop(window, tmp_path / "net.pt")
    qtbot.waitUntil(lambda: bool(page.findChildren(ConsentQuestion)))
    question = page.findChildren(ConsentQuestion)[0]
    assert "This file is a program" in question.text()
    # In groups, between which a line can end.
    assert DIGEST in question.informativeText().replace(" ", "")
    assert question.defaultButton() is question.no_button
    qtbot.waitUntil(question.isVisible)
    qtbot.keyClick(question.focusWidget() or question, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not page.findChildren(ConsentQuestion))
    assert DIGEST not in ConsentStore()
    assert page._work.phase is Phase.FAILED

    press(qtbot, page, "Trust and open…")
    page.findChildren(ConsentQuestion)[-1].yes_button.click()
    wait_for_pictures(page, qtbot)

    assert DIGEST in ConsentStore()
    assert page._work.phase is Phase.OPEN


def test_a_sampled_set_becomes_a_candidate_in_one_click(
    opened: GeneratorPage, window: MainWindow, engine: FakeEngine, sets: dict[str, Path], qtbot: QtBot
) -> None:
    press(qtbot, opened, "Sample images…")
    dialog = opened.findChild(SampleDialog)
    assert dialog.folder.text().endswith("terrain-images")
    dialog.count.setValue(64)
    dialog.folder.setText(str(sets["gan_v1"]))
    dialog.start_button.click()
    qtbot.waitUntil(lambda: bool(window.messages.messages()))

    (request,) = asked(engine, SampleRequest)
    assert isinstance(request, SampleRequest)
    assert (request.count, request.folder, request.truncation, request.noise) == (64, sets["gan_v1"], 1.0, "random")
    assert "64 images are in 'gan_v1'." in window.messages.messages()[0].text
    press(qtbot, window.messages, "Use as candidate")
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 1)
    assert window.workspace.datasets[0].role is Role.CANDIDATE


def test_sampling_shows_speed_and_time_left_and_goes_on_after_a_cancel(
    opened: GeneratorPage, window: MainWindow, engine: FakeEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    engine.hold("sample")
    press(qtbot, opened, "Sample images…")
    opened.findChild(SampleDialog).start_button.click()
    qtbot.waitUntil(engine.is_holding.is_set)
    assert not opened._sample.isEnabled()
    press(qtbot, window.job_bar, "Cancel")
    qtbot.waitUntil(lambda: bool(window.messages.messages()))
    assert window.messages.messages()[0].text == "Cancelled. Finished images are kept."

    engine.release()
    said: list[str] = []
    window.controller.progressed.connect(lambda _progress: said.append(window.job_bar.text()))
    press(qtbot, window.messages, "Resume")
    qtbot.waitUntil(lambda: "5,000 images" in " ".join(m.text for m in window.messages.messages()))

    first, second = asked(engine, SampleRequest)
    assert replace(first, id=0) == replace(second, id=0)  # type: ignore[type-var]
    assert any("120 images/s" in words and "left" in words for words in said)


def test_the_sample_dialog_warns_of_truncation_and_needs_a_folder(opened: GeneratorPage, qtbot: QtBot) -> None:
    opened.look.slider.setValue(70)
    press(qtbot, opened, "Sample images…")
    dialog = opened.findChild(SampleDialog)

    assert dialog.truncation.value() == 0.7
    assert "FID and recall judge the truncation" in dialog.problem.text()
    dialog.folder.clear()
    assert not dialog.start_button.isEnabled()
    dialog.reject()
    wait_for_pictures(opened, qtbot)


def test_classes_can_be_drawn_as_a_training_set_has_them(
    page: GeneratorPage, generator: FakeGenerator, tmp_path: Path
) -> None:
    labels = tmp_path / "dataset.json"
    labels.write_text('{"labels": [["a.png", 0], ["b.png", 2], ["c.png", 2]]}')
    dialog = SampleDialog(replace(generator.found, classes=3), 0, 1.0, page)

    dialog.classes.policy.setCurrentIndex(1)
    dialog.classes.take_labels(labels)
    assert dialog.request().class_counts == (1, 0, 2)
    dialog.classes.take_labels(tmp_path / "none.json")
    assert dialog.classes.policy.currentData() == "even"
    dialog.close()


def test_path_lengths_are_measured_offline_and_listed_here_and_in_the_overview(
    opened: GeneratorPage, window: MainWindow, engine: FakeEngine, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: bool(window.controller.weights.states))
    press(qtbot, opened, "Path length…")
    dialog = opened.findChild(PathLengthDialog)
    assert "Screening" in dialog.problem.text()
    assert not dialog.distance.model().item(1).isEnabled()
    dialog.start_button.click()
    qtbot.waitUntil(lambda: bool(window.workspace.path_lengths))

    (request,) = asked(engine, PathLengthRequest)
    assert isinstance(request, PathLengthRequest)
    assert (request.variants, request.samples) == (("ppl2-wend-st",), 2000)
    assert "ppl2-wend-st, 2000 samples" in opened.path_lengths.text()
    window.show_page("overview")
    shown = window.pages.page("overview")._path_lengths
    assert shown.isVisible()
    for words in ("terrain.pkl", "PPL2 w end with ST-LPIPS", "41.7", "2,000", "screening"):
        assert words in shown.text()


def test_a_repeated_measurement_takes_the_place_of_the_first(window: MainWindow) -> None:
    for samples in (100, 2000):
        window.workspace.add_path_lengths(measured(PathLengthRequest(Path("a.pkl"), ("ppl2-wend-st",), samples)))
    window.workspace.add_path_lengths(measured(PathLengthRequest(Path("a.pkl"), ("ppl-zend-st",), 100)))

    assert [(r.values[0].variant, r.values[0].n) for r in window.workspace.path_lengths] == [
        ("ppl2-wend-st", 2000),
        ("ppl-zend-st", 100),
    ]


def test_path_lengths_are_kept_in_the_study(tmp_path: Path) -> None:
    found: PathLengthResult = measured(PathLengthRequest(Path("a.pkl"), ("ppl2-wend-st",), 500))

    save_study(Study("Mars", path_lengths=(found,)), tmp_path / "mars.planetview")

    assert load_study(tmp_path / "mars.planetview").path_lengths == (found,)


def test_pictures_wait_for_a_running_job_and_come_after_it(
    opened: GeneratorPage, window: MainWindow, engine: FakeEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    engine.hold("sample")
    window.controller.generator.submit(SampleRequest(tmp_path / "terrain.pkl", 8, tmp_path / "set"))
    qtbot.waitUntil(engine.is_holding.is_set)
    press(qtbot, opened, "Next")
    qtbot.waitUntil(lambda: "when it has ended" in opened.state_text())
    assert opened.grid.shown == 0

    engine.release()
    wait_for_pictures(opened, qtbot)
    assert level(opened, 0) == 16


def test_the_precision_of_a_run_is_a_choice_with_its_reason(filled: MainWindow) -> None:
    options = filled.role_sheet._options
    options._precision.setCurrentIndex(1)
    options._precision.activated.emit(1)

    assert filled.workspace.settings.precision == "fast"
    assert "docs/precision.md" in options._precision.toolTip()


def test_a_safe_copy_is_written_where_asked_and_told(
    opened: GeneratorPage, window: MainWindow, engine: FakeEngine, tmp_path: Path, qtbot: QtBot
) -> None:
    press(qtbot, opened, "Safe copy…")
    dialog = opened.findChildren(QFileDialog)[-1]
    dialog.filesSelected.emit([str(tmp_path / "copy.safetensors")])
    dialog.close()
    qtbot.waitUntil(lambda: any("safe copy" in message.text for message in window.messages.messages()))

    request = asked(engine, GeneratorRequest)[-1]
    assert isinstance(request, GeneratorRequest)
    assert request.safe_copy == tmp_path / "copy.safetensors"
    told = next(message.text for message in window.messages.messages() if message.key == "generator")
    assert told == "Wrote the safe copy: copy.safetensors and copy.generator.json."
    assert opened._work.phase is Phase.OPEN


def test_a_file_without_a_pickle_needs_no_copy(
    page: GeneratorPage, window: MainWindow, generator: FakeGenerator, drop: Drop, tmp_path: Path, qtbot: QtBot
) -> None:
    generator.found = replace(generator.found, format="onnx")
    assert drop(window, tmp_path / "terrain.onnx")
    wait_for_pictures(page, qtbot)

    button = next(button for button in page.findChildren(QPushButton) if button.text() == "Safe copy…")
    assert not button.isEnabled()
    assert "holds no pickle" in button.toolTip()
