"""The datasets page: roles, names, findings, stretch, and what is missing for a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QListView, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from planetview.core.catalogue import DEFAULT_EXTRACTORS, DEFAULT_METRICS, EXTRACTORS, METRICS
from planetview.core.datasets import Role, SharedImages
from planetview.core.results import Results
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import StudySource
from planetview.gui.main_window import MainWindow
from planetview.gui.models.job_words import duration_words
from planetview.gui.views.dataset_card import DatasetCard, MissingCard
from planetview.gui.views.options import OptionsPanel, SplitChoice
from planetview.gui.views.run_choices import RunChoices
from planetview.gui.views.stretch_choice import StretchChoice
from planetview.gui.widgets.expander import Expander
from planetview.gui.workspace import MissingSource, Workspace
from tests.gui.fake_engine import FakeWeights


def card(window: MainWindow, name: str) -> DatasetCard:
    return next(card for card in window.role_sheet.cards() if card.dataset.name == name)


def texts(card: DatasetCard) -> str:
    return "\n".join(label.text() for label in card.findChildren(QLabel) if not label.isHidden())


@pytest.fixture
def workspace(qapp: object) -> Workspace:
    return Workspace()


def test_each_set_shows_counts_size_depth_classes_and_findings(filled: MainWindow) -> None:
    names = [card.dataset.name for card in filled.role_sheet.cards()]
    assert names == ["real_train", "real_test", "gan_v1", "gan_v2"]

    said = texts(card(filled, "gan_v2"))

    assert "12 images · 48 × 48 px · 8-bit · 3 classes: crater 4, dune 4, other 4" in said
    assert "2 exact duplicates inside the set" in said


def test_files_left_out_are_listed_with_reasons(filled: MainWindow) -> None:
    expander = card(filled, "gan_v1").findChild(Expander)
    listing = expander.findChild(QListView)
    assert not listing.isVisible()

    expander.findChild(QToolButton).click()

    assert listing.isVisible() or not filled.role_sheet.isVisible()
    assert listing.model().index(0, 0).data() == "broken_01.png — truncated: the file ends early"


def test_a_role_can_be_corrected_and_the_change_undone(filled: MainWindow, qtbot: QtBot) -> None:
    combo = card(filled, "real_test").findChild(QComboBox)

    combo.setCurrentIndex(0)
    combo.activated.emit(0)
    qtbot.waitUntil(lambda: filled.workspace.datasets[1].role is Role.REFERENCE)

    assert filled.header.state_text() == "2 sets are marked as reference; exactly one is needed."
    assert not filled.actions_by_id["run"].isEnabled()
    filled.actions_by_id["undo"].trigger()
    assert filled.workspace.datasets[1].role is Role.HELD_OUT
    assert filled.actions_by_id["run"].isEnabled()


def test_a_set_can_be_renamed_but_not_to_a_taken_name(filled: MainWindow, qtbot: QtBot) -> None:
    field = card(filled, "gan_v1").findChild(QLineEdit)
    field.setText("gan_v2")
    field.editingFinished.emit()
    qtbot.waitUntil(lambda: "no other set" in filled.statusBar().currentMessage())
    assert card(filled, "gan_v1").findChild(QLineEdit).text() == "gan_v1"

    field = card(filled, "gan_v1").findChild(QLineEdit)
    field.setText("stylegan")
    field.editingFinished.emit()
    qtbot.waitUntil(lambda: "stylegan" in {d.name for d in filled.workspace.datasets})


def test_a_set_can_be_removed(filled: MainWindow, qtbot: QtBot) -> None:
    remove = [b for b in card(filled, "gan_v2").findChildren(QToolButton) if b.accessibleName().startswith("Remove")]
    remove[0].click()
    qtbot.waitUntil(lambda: len(filled.role_sheet.cards()) == 3)


def test_duplicates_between_sets_are_named_on_both(filled: MainWindow) -> None:
    filled.workspace.set_shared((SharedImages("real_train", "gan_v1", (("a.png", "b.png"),) * 3),))

    assert "3 exact duplicates shared with 'gan_v1'" in texts(card(filled, "real_train"))
    assert "3 exact duplicates shared with 'real_train'" in texts(card(filled, "gan_v1"))
    assert "shared" not in texts(card(filled, "gan_v2"))


def test_duplicates_between_sets_of_different_drops_are_found(
    window: MainWindow, sets: dict[str, Path], qtbot: QtBot
) -> None:
    window.controller.add_paths([sets["gan_v1"]])
    qtbot.waitUntil(lambda: len(window.workspace.datasets) == 1)

    window.controller.add_paths([sets["gan_v1"]])
    qtbot.waitUntil(lambda: bool(window.workspace.shared))

    assert [d.name for d in window.workspace.datasets] == ["gan_v1", "gan_v1 (2)"]
    assert len(window.workspace.shared[0].pairs) == 24


def test_deep_images_without_a_stretch_are_warned_of_and_one_click_mends_it(filled: MainWindow, qtbot: QtBot) -> None:
    choice = filled.role_sheet.findChild(StretchChoice)
    assert choice.warning() == ""
    deep = replace(
        filled.workspace.datasets[0],
        name="deep",
        role=Role.CANDIDATE,
        images=tuple(replace(image, dtype="uint16") for image in filled.workspace.datasets[0].images),
    )
    filled.workspace.add([deep])

    assert "'deep'" in choice.warning()
    choice.findChild(QPushButton).click()

    assert filled.workspace.settings.stretch == Stretch(StretchKind.SET_PERCENTILE)
    assert choice.warning() == ""


def test_a_split_is_offered_only_without_a_held_out_set(filled: MainWindow) -> None:
    split = filled.role_sheet.findChild(SplitChoice)
    assert split.isHidden()

    filled.workspace.remove("real_test")
    assert not split.isHidden()
    split.findChild(QCheckBox).click()

    assert filled.workspace.request().settings.split_reference == 0.2


def test_options_change_the_settings_of_the_next_run(filled: MainWindow) -> None:
    panel = filled.role_sheet.findChild(OptionsPanel)
    (box,) = [b for b in panel.findChildren(QCheckBox) if b.text() == "SSIM"]

    box.click()

    assert "ssim" not in filled.workspace.settings.metrics
    assert "psnr" in filled.workspace.settings.metrics


def test_options_stand_in_families_with_the_defaults_first(filled: MainWindow) -> None:
    choices = filled.role_sheet.findChild(RunChoices)
    headings = [label.text() for label in choices.findChildren(QLabel)]
    boxes = [box.text() for box in choices.findChildren(QCheckBox)]

    assert headings[:3] == ["Distribution metrics", "Generalisation metrics", "Pairwise metrics"]
    networks = ("VGG-16", "Inception-v3", "CLIP", "DINOv2", "DreamSim")
    assert headings[3:8] == [f"Feature extractors: {name}" for name in networks]
    assert len(boxes) == len(METRICS) + len(EXTRACTORS)
    pairwise = boxes[boxes.index("PSNR") :]
    assert pairwise.index("ST-LPIPS (AlexNet)") < pairwise.index("LPIPS (AlexNet)") < pairwise.index("VGG-16 fc2")


def test_the_defaults_can_be_had_back(filled: MainWindow) -> None:
    choices = filled.role_sheet.findChild(RunChoices)
    (box,) = [b for b in choices.findChildren(QCheckBox) if b.text() == "DINOv2 ViT-S/14"]
    box.click()
    assert filled.workspace.settings.extractors == ("vgg16-st", "dinov2-vits14")

    next(b for b in choices.findChildren(QPushButton) if b.text() == "Select defaults").click()

    assert filled.workspace.settings.extractors == DEFAULT_EXTRACTORS
    assert filled.workspace.settings.metrics == DEFAULT_METRICS


def test_what_lacks_weights_is_marked_once_the_options_are_opened_and_leads_to_them(
    filled: MainWindow, weights: FakeWeights, qtbot: QtBot
) -> None:
    weights.put("dinov2-vits14")
    choices = filled.role_sheet.findChild(RunChoices)
    assert not any("no weights" in box.text() for box in choices.findChildren(QCheckBox))

    filled.role_sheet._expander.set_open(True)
    qtbot.waitUntil(lambda: any("no weights" in box.text() for box in choices.findChildren(QCheckBox)))

    marked = {box.text(): not box.icon().isNull() for box in choices.findChildren(QCheckBox)}
    assert marked["DINOv2 ViT-S/14"] is False
    assert marked["DINOv2 ViT-B/14 · no weights"] is True
    assert marked["LPIPS (AlexNet) · no weights"] is True
    assert marked["PSNR"] is False
    (box,) = [b for b in choices.findChildren(QCheckBox) if b.text().startswith("DINOv2 ViT-B/14")]
    box.click()
    next(b for b in choices.findChildren(QPushButton) if b.text() == "Open Models").click()
    page = filled.pages.page("models")
    qtbot.waitUntil(lambda: "DINOv2 ViT-B/14" in page.details.text())
    assert filled.current_page() == "models"


def test_what_is_missing_for_a_run_is_said_in_order(workspace: Workspace, results: Results) -> None:
    train, test, first, _second = results.datasets
    assert "Add a reference set" in workspace.missing_for_a_run()
    workspace.add([first])
    assert "No set is the reference" in workspace.missing_for_a_run()
    workspace.remove(first.name)
    workspace.add([train])
    assert "at least one candidate" in workspace.missing_for_a_run()
    workspace.add([first])
    assert workspace.missing_for_a_run() == ""
    workspace.add([test, replace(test, name="more")])
    assert "at most one" in workspace.missing_for_a_run()


def test_a_source_that_is_gone_can_be_located_or_let_go(
    filled: MainWindow, sets: dict[str, Path], qtbot: QtBot
) -> None:
    gone = MissingSource(StudySource(Path("/gone/gan_v9"), "gan_v9", Role.CANDIDATE), "It is not there.")
    filled.workspace.add((), [gone])
    assert filled.role_sheet.findChild(MissingCard) is not None

    filled.controller.locate(gone, sets["gan_v2"])
    qtbot.waitUntil(lambda: not filled.workspace.contents.missing)

    assert filled.workspace.datasets[-1].name == "gan_v9"
    assert filled.workspace.datasets[-1].role is Role.CANDIDATE


def test_the_page_says_that_it_is_reading(
    window: MainWindow, engine: object, sets: dict[str, Path], qtbot: QtBot
) -> None:
    engine.hold("scan")  # type: ignore[attr-defined]
    window.controller.add_paths([sets["gan_v1"]])
    qtbot.waitUntil(engine.is_holding.is_set)  # type: ignore[attr-defined]

    assert window.job_bar.isVisible()
    assert any("Reading" in label.text() for label in window.role_sheet.findChildren(QLabel) if label.isVisible())

    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.job_bar.isVisible()
    assert window.messages.messages()[0].text == "Reading was cancelled."


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0:00"), (33, "0:33"), (725, "12:05"), (3661, "1:01:01")])
def test_durations_are_clock_times(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words
