"""The licences of the program and its parts: read from what is installed, or from the file beside the program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from planetview.core.licences import licences
from planetview.gui.main_window import MainWindow


def test_an_installed_program_lists_its_own_licence_and_those_of_its_packages() -> None:
    own, *parts = licences()

    assert own.name == "PlanetView" and "Apache License" in own.text
    by_name = {one.name.lower(): one for one in parts}
    assert {"numpy", "pillow", "torch", "pydantic"} <= set(by_name)
    assert "Redistribution" in by_name["numpy"].text and by_name["numpy"].version
    # What the program is tested with is no part of it, and pulls in more of its kind.
    assert not {"pytest", "pytest-qt", "hypothesis", "ruff", "mypy", "scikit-learn", "torch_fidelity"} & set(by_name)
    assert {"platformdirs", "pyside6_essentials", "shiboken6", "jinja2", "markupsafe", "rich"} <= set(by_name)
    assert [one.name.casefold() for one in parts] == sorted(one.name.casefold() for one in parts)


def test_the_standalone_program_reads_the_file_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = "=" * 100
    (tmp_path / "LICENSE").write_text("Apache License", encoding="utf-8")
    (tmp_path / "THIRD_PARTY_NOTICES.txt").write_text(
        f"Third-party software\n\nAll.\n\n{rule}\n\nnumpy 2.1\nLicence: BSD-3-Clause\n\nRedistribution\n\n{rule}\n\n"
        "open-clip torch 3.0\nLicence: MIT\n\nPermission\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "planetview-gui"))

    own, *parts = licences()

    assert own.text == "Apache License"
    assert [(one.name, one.version, one.licence) for one in parts] == [
        ("numpy", "2.1", "BSD-3-Clause"),
        ("open-clip torch", "3.0", "MIT"),
        ("Third-party software", "", ""),
    ]


def test_a_person_finds_reads_and_copies_a_licence(window: MainWindow, qtbot: QtBot) -> None:
    dialog = window.shell.show_licences()
    qtbot.waitUntil(lambda: dialog.list.count() > 5, timeout=30_000)
    assert dialog.shown()[0] == "PlanetView" and "Apache License" in dialog.text.toPlainText()

    qtbot.keyClicks(dialog.search, "numpy redistribution")
    assert "numpy" in dialog.shown() and "PlanetView" not in dialog.shown()
    dialog.list.setCurrentRow(dialog.shown().index("numpy"))
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("numpy ")

    dialog.search.setText("no such words anywhere")
    assert dialog.shown() == [] and not dialog.copy_button.isEnabled()
    dialog.close()


def test_a_dialog_closed_while_the_licences_are_read_is_forgotten(window: MainWindow, qtbot: QtBot) -> None:
    dialog = window.shell.show_licences()
    dialog.close()
    qtbot.wait(300)
