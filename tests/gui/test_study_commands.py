"""Export, archive, command line and provenance as a person asks for them."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from planetview.core.recorded_stretch import image_loader
from planetview.core.report_options import ReportOptions
from planetview.core.results import Results
from planetview.core.study import load_study
from planetview.exports import EXPORTS
from planetview.gui.archive_work import ArchiveWork
from planetview.gui.dialogs.archive import ArchiveDialog, ArchiveProgress
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.dialogs.provenance import ProvenanceDialog
from planetview.gui.main_window import MainWindow
from planetview.gui.report_pdf import write_pdf
from planetview.gui.theme import Theme
from planetview.report.paged import paged_report
from tests.gui.conftest import close_without_saving


def run(window: MainWindow, qtbot: QtBot) -> None:
    window.controller.run()
    qtbot.waitUntil(lambda: window.workspace.results is not None and not window.controller.is_busy)


def shown(window: MainWindow, kind: type[QDialog]) -> QDialog:
    """Return the dialog of this kind that is open."""
    (dialog,) = (one for one in window.findChildren(kind) if one.isVisible())
    return dialog


def messages(window: MainWindow) -> list[str]:
    texts: list[str] = []
    window.controller.message.connect(lambda message: texts.append(message.text))
    return texts


def test_a_collected_study_opens_where_it_was_collected_to(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    run(filled, qtbot)
    filled.workspace.set_excluded([("gan_v1", "tile_0002.png")], True)
    texts = messages(filled)

    filled.actions_by_id["archive"].trigger()
    dialog = shown(filled, ArchiveDialog)
    dialog.next_button.click()
    files = shown(filled, QFileDialog)
    target = tmp_path / "archived"
    files.filesSelected.emit([str(target)])
    files.close()
    assert shown(filled, ArchiveProgress)
    qtbot.waitUntil(lambda: bool(texts), timeout=15_000)

    assert texts[0].startswith("Collected 108 images, ") and texts[0].endswith(", in 'archived'.")
    study = load_study(target / "study.planetview")
    assert study.results is not None and study.marks == filled.workspace.marks
    assert all(source.path.is_relative_to(target) and source.path.is_dir() for source in study.sources)
    assert {"README.txt", "SHA256SUMS", "provenance.json", "report.html"} <= {path.name for path in target.iterdir()}
    assert not any(one.isVisible() for one in filled.findChildren(ArchiveProgress))


def test_collecting_can_be_cancelled_and_leaves_nothing(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    commands = filled.commands.study
    with qtbot.waitSignal(commands.archive_work.cancelled, timeout=5000):
        commands.collect(tmp_path / "out" / "archived")
        shown(filled, ArchiveProgress).cancel_button.click()

    assert not commands.archive_work.is_busy
    assert not list(tmp_path.glob("out/*"))


def test_a_place_that_cannot_be_written_is_told_with_another_try(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    texts = messages(filled)
    (tmp_path / "taken").mkdir()

    filled.commands.study.collect(tmp_path / "taken")
    qtbot.waitUntil(lambda: bool(texts))

    assert "exists already" in texts[0]


def test_a_window_that_closes_while_it_collects_stops_and_leaves_nothing(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    work: ArchiveWork = filled.commands.study.archive_work
    filled.commands.study.collect(tmp_path / "out" / "archived")

    close_without_saving(filled)

    assert not work.is_busy


def test_the_copied_command_names_the_sets_and_settings(filled: MainWindow, sets: dict[str, Path]) -> None:
    filled.workspace.set_settings(replace(filled.workspace.settings, seed=11, metrics=("fd",)))

    filled.actions_by_id["copy_command"].trigger()

    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[:5] == ["planetview", "compare", *(str(sets[name]) for name in ("real_train", "gan_v1", "gan_v2"))]
    assert words[5:7] == ["--held-out", str(sets["real_test"])]
    assert words[words.index("--metrics") + 1] == "fd" and words[words.index("--seed") + 1] == "11"


def test_with_excluded_images_the_command_runs_the_saved_study(
    filled: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    filled.workspace.set_excluded([("gan_v1", "tile_0002.png")], True)
    told: list[str] = []
    filled.controller.status.connect(told.append)
    filled.actions_by_id["copy_command"].trigger()
    assert "It does not leave out the 1 excluded images" in told[-1]

    with qtbot.waitSignal(filled.controller.files.saved, timeout=5000):
        filled.controller.files.save(tmp_path / "mars.planetview")
    filled.actions_by_id["copy_command"].trigger()

    expected = ["planetview", "run", str(tmp_path / "mars.planetview")]
    assert shlex.split(QGuiApplication.clipboard().text()) == expected


def test_the_export_dialog_hands_on_format_and_options(filled: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    run(filled, qtbot)
    filled.actions_by_id["export_report"].trigger()
    dialog = shown(filled, ExportDialog)
    assert set(dialog.format_buttons) == set(EXPORTS)
    dialog.format_buttons[".csv"].click()
    assert not dialog.banner_edit.isEnabled() and not dialog.pictures_box.isEnabled()
    dialog.format_buttons[".html"].click()
    qtbot.keyClicks(dialog.banner_edit, "INTERNAL")
    dialog.pictures_box.click()
    qtbot.keyClick(dialog.banner_edit, Qt.Key.Key_Return)

    files = shown(filled, QFileDialog)
    told: list[str] = []
    filled.controller.status.connect(told.append)
    files.filesSelected.emit([str(tmp_path / "mars")])
    files.close()
    qtbot.waitUntil(lambda: any(text.startswith("Wrote") for text in told), timeout=10_000)

    html = (tmp_path / "mars.html").read_text(encoding="utf-8")
    assert html.count(">INTERNAL</td>") == 2 and "<img" not in html
    filled.actions_by_id["export_report"].trigger()
    again = shown(filled, ExportDialog)
    assert again.banner_edit.text() == "INTERNAL" and not again.pictures_box.isChecked()


def test_what_made_the_numbers_can_be_read_filtered_and_copied(results: Results, theme: Theme, qtbot: QtBot) -> None:
    provenance = {"planetview": "0.9", "packages": {"torch": "2.15"}, "device": "cpu", "device name": "CPU, 2 threads",
                  "extractors": {"vgg16-st": {"weights sha256": "ab" * 32}}, "unheard of": 7}  # fmt: skip
    dialog = ProvenanceDialog(replace(results, provenance=provenance), theme)
    qtbot.addWidget(dialog)
    dialog.show()

    text = dialog.view.toPlainText().replace("\u200b", "")
    for words in ("PlanetView\n0.9", "torch\n2.15", "CPU, 2 threads", "ab" * 32, "planetview compare", "unheard of"):
        assert words in text
    qtbot.keyClicks(dialog.filter_edit, "torch")
    assert "torch" in dialog.view.toPlainText() and "threads" not in dialog.view.toPlainText()
    dialog.filter_edit.setText("zzzz")
    assert "Nothing here" in dialog.view.toPlainText()
    dialog.json_button.click()
    assert json.loads(QGuiApplication.clipboard().text())["packages"] == {"torch": "2.15"}
    dialog.text_button.click()
    assert "  torch: 2.15" in QGuiApplication.clipboard().text()


def test_the_pdf_has_pages_of_a4_with_pictures(results: Results, tmp_path: Path) -> None:
    paged = paged_report(results, image_loader(results), ReportOptions("Mars", "INTERNAL"))

    count = write_pdf(paged, tmp_path / "mars.pdf", "PlanetView")

    data = (tmp_path / "mars.pdf").read_bytes()
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == count >= 6
    assert re.search(rb"/MediaBox \[0 0 595(\.\d+)? 84[12](\.\d+)?\]", data)
    assert data.count(b"/Subtype /Image") > 10


@pytest.mark.parametrize("banner", ["x" * 120, "Ünïcode — 火星", "<b>"])
def test_a_pdf_takes_any_marking(banner: str, results: Results, tmp_path: Path) -> None:
    bare = replace(results, neighbours=(), pairs=(), correlations=())

    assert write_pdf(paged_report(bare, image_loader(bare), ReportOptions(banner=banner)), tmp_path / "a.pdf", "x")


def test_a_lost_part_and_a_changed_set_are_told(filled: MainWindow) -> None:
    texts = messages(filled)

    filled.controller.files.part_lost.emit(Path("mars.planetview"), ("the results", "the marks"))
    filled.controller.files.set_changed.emit("gan_v1", "3 images then, 4 now")
    QCoreApplication.processEvents()

    assert texts == [
        "'mars.planetview' is damaged: the results and the marks could not be read and are left out.",
        "'gan_v1' is not as it was when the study was saved: 3 images then, 4 now.",
    ]
