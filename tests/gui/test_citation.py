"""Help > How to cite PlanetView: the reference of the program, to read and to copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from planetview.core import program_citation as module
from planetview.core.program_citation import program_citation
from planetview.gui.main_window import MainWindow
from planetview.gui.widgets.text_dialog import TextDialog


def opened(window: MainWindow) -> TextDialog:
    window.actions_by_id["show_citation"].trigger()
    return next(one for one in window.findChildren(TextDialog) if one.isVisible())


def test_a_person_copies_the_reference_as_text_and_as_bibtex(window: MainWindow) -> None:
    dialog = opened(window)
    cited = program_citation()
    assert cited.works[0].text() in dialog.text() and "@misc{PlanetView" in dialog.text()

    for words, text in (("Copy &references", cited.text()), ("Copy &BibTeX", cited.bibtex())):
        (button,) = [one for one in dialog.findChildren(QPushButton) if one.text() == words]
        assert button.toolTip()
        button.click()
        assert QGuiApplication.clipboard().text() == text
    dialog.close()


def test_an_installation_that_does_not_tell_says_so(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "help_folder", lambda: tmp_path)
    dialog = opened(window)

    assert "not part of this installation" in dialog.text()
    dialog.close()


def test_the_command_palette_finds_it(window: MainWindow) -> None:
    assert "How to cite PlanetView" in [entry.title for entry in window.shell.entries()]
