"""The pictures of every dialog of the window, of its menus and of the tour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QLineEdit, QMenu

from pictures.engines import Replay
from pictures.opening import window_with
from pictures.taking import SMALL, Studio, until
from pictures.weights import made_up_outcomes
from planetview.app import build
from planetview.core.catalogue import WEIGHTS
from planetview.core.results import Results
from planetview.gui.dialogs.archive import ArchiveDialog, ArchiveProgress
from planetview.gui.dialogs.closing import CloseQuestion, PlaceQuestion, RevertQuestion
from planetview.gui.dialogs.export import ExportDialog
from planetview.gui.dialogs.help import show_about, show_citation, show_export, show_help, show_topic
from planetview.gui.dialogs.licences import LicencesDialog
from planetview.gui.dialogs.manual import ManualDialog, show_manual
from planetview.gui.dialogs.marking import MarkingDialog
from planetview.gui.dialogs.provenance import ProvenanceDialog
from planetview.gui.dialogs.weights import AcceptQuestion, FetchQuestion
from planetview.gui.main_window import MainWindow
from planetview.gui.recovery_offers import RecoveryOffers
from planetview.gui.study_files import Recovery
from planetview.gui.widgets.text_dialog import TextDialog

_STICK = Path("/media/usb")


def take_dialogs(studio: Studio, results: Results) -> None:
    """Picture the dialogs one by one over a study with results."""
    window = window_with(studio, results, "Demo: the Moon")
    window.show_page("overview")
    for name, made in {**_of_the_shell(window), **_of_the_study(window), **_questions(window)}.items():
        studio.take_dialog(window, made(), name)
    take_menus(studio, window)
    take_tour(studio, window)
    take_recovery(studio, window)
    take_two_windows(studio, window, results)
    studio.close(window)


def take_recovery(studio: Studio, window: MainWindow) -> None:
    """Picture the offer of what a crash left behind."""
    offers = RecoveryOffers(window.controller.files, lambda *_, **__: None, window)
    offers.message.connect(window.messages.show_message)
    copy = Path("recovery") / "1.planetview"
    window.controller.files.recoveries_found.emit((Recovery(copy, "Mars: dunes, second round", None),))
    studio.take(window, "recovery")
    window.messages.dismiss(f"recovery {copy.name}")
    offers.deleteLater()


def take_two_windows(studio: Studio, window: MainWindow, results: Results) -> None:
    """Picture two windows side by side, each with a study of its own."""
    other = build(Replay(results), beside=window)
    other.show()
    window.show_page("overview")
    for one in (window, other):
        one.resize(*SMALL)
    studio.take_together((window, other), "two-windows")
    studio.close(other)


def take_menus(studio: Studio, window: MainWindow) -> None:
    """Picture the menus open."""
    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        menu.popup(window.mapToGlobal(QPoint(40, 40)))
        studio.take(window, f"menu-{action.text().replace('&', '').lower()}", menu)
        menu.close()


def take_tour(studio: Studio, window: MainWindow) -> None:
    """Picture each step of the tour."""
    tour = window.start_tour()
    for number in range(1, 7):
        studio.take(window, f"tour-{number}")
        tour.go_on()


def _of_the_shell(window: MainWindow) -> dict[str, Callable[[], QDialog | None]]:
    shell = window.shell

    def palette_with(words: str) -> QDialog:
        palette = shell.open_palette()
        palette.findChild(QLineEdit).setText(words)
        return palette

    def text_of(show: Callable[[], object]) -> QDialog:
        show()
        return window.findChildren(TextDialog)[-1]

    def manual() -> QDialog | None:
        show_manual(window)
        return window.findChild(ManualDialog)

    def shortcuts() -> QDialog:
        dialog = shell.edit_shortcuts()
        dialog.choose("run")
        return dialog

    def page_shortcuts() -> QDialog:
        dialog = shell.edit_shortcuts()
        dialog.search.setText("rate images")
        return dialog

    def conflict() -> QDialog:
        dialog = shell.edit_shortcuts()
        dialog.choose("run")
        dialog.record.setKeySequence(QKeySequence("Ctrl+E"))
        return dialog

    def licences() -> QDialog:
        dialog: LicencesDialog = shell.show_licences()
        until(dialog.shown)
        return dialog

    return {
        "palette": lambda: palette_with(""),
        "palette-found": lambda: palette_with("kid"),
        "palette-nothing": lambda: palette_with("qqqq"),
        "shortcuts": shortcuts,
        "shortcuts-page": page_shortcuts,
        "shortcuts-conflict": conflict,
        "licences": licences,
        "preferences": shell.open_preferences,
        "manual": manual,
        "keys": lambda: text_of(shell.show_keys),
        "help": lambda: text_of(lambda: show_help(window, "overview")),
        "help-topic": lambda: text_of(lambda: show_topic("kid-poly", window)),
        "help-export": lambda: text_of(lambda: show_export(window)),
        "about": lambda: text_of(lambda: show_about(window)),
        "citation": lambda: text_of(lambda: show_citation(window)),
    }


def _of_the_study(window: MainWindow) -> dict[str, Callable[[], QDialog | None]]:
    commands = window.commands.study

    def after(command: Callable[[], object], kind: type[QDialog]) -> QDialog | None:
        command()
        return window.findChild(kind)

    def copying() -> QDialog:
        progress = ArchiveProgress("~/archive/Demo_ the Moon.zip", window)
        progress.show_progress(5_190_000, 13_400_000)
        progress.show()
        return progress

    return {
        "provenance": lambda: after(commands.show_provenance, ProvenanceDialog),
        "marking": lambda: after(commands.choose_marking, MarkingDialog),
        "export": lambda: after(commands.export, ExportDialog),
        "archive": lambda: after(commands.archive, ArchiveDialog),
        "archive-progress": copying,
    }


def _questions(window: MainWindow) -> dict[str, Callable[[], QDialog]]:
    names = ("vgg16-397923af.pth", "ViT-B-32.pt", "alexnet.pth", "notes.bin")
    refused = [outcome for outcome in made_up_outcomes([_STICK / name for name in names]) if outcome.weights]
    title = window.workspace.title

    def opened(question: QDialog) -> QDialog:
        question.open()
        return question

    return {
        "close-unsaved": lambda: opened(CloseQuestion(title, is_busy=False, is_dirty=True, parent=window)),
        "close-running": lambda: opened(CloseQuestion(title, is_busy=True, is_dirty=True, parent=window)),
        "revert": lambda: opened(RevertQuestion("Demo_ the Moon.planetview", window)),
        "place": lambda: opened(PlaceQuestion(title, window)),
        "weights-fetch": lambda: opened(FetchQuestion(list(WEIGHTS.values())[:3], window)),
        "weights-accept": lambda: opened(AcceptQuestion(refused[-1:], window)),
    }
