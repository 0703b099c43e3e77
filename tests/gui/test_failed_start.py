"""A window that cannot start says so: on stderr, in the log, and in a dialog that can be copied."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from planetview.core.errors import UserError
from planetview.failed_start import advice_for, reason_of
from planetview.gui.dialogs.start_failure import StartFailure
from tests.gui.accessibility import nameless, unreachable

_SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import planetview.gui.{module} as broken

def answer():
    box = QApplication.activeModalWidget()
    if box is None:
        return
    print(box.text())
    print(box.informativeText())
    box.copy_button.click()
    print(QApplication.clipboard().text().count("RuntimeError: the disk of pictures is gone"))
    box.close_button.click()

def fail(*_of, **_more):
    global timer
    timer = QTimer(interval=50)
    timer.timeout.connect(answer)
    timer.start()
    raise RuntimeError("the disk of pictures is gone")

broken.{name} = fail
from planetview.app import main
sys.exit(main(["--new-instance"]))
"""


@pytest.mark.parametrize(("module", "name"), [("theme", "style_sheet_of"), ("main_window", "NavigationRail")])
def test_a_start_that_fails_tells_why_and_what_to_do(module: str, name: str, tmp_path: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PLANETVIEW_HOME": str(tmp_path)}
    script = _SCRIPT.format(module=module, name=name)

    end = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, timeout=180, check=False
    )

    assert end.returncode == 1
    (line,) = [line for line in end.stderr.splitlines() if "could not start" in line]
    assert line.startswith("PlanetView could not start: RuntimeError: the disk of pictures is gone. The details are in")
    assert "Traceback" in (tmp_path / "logs" / "planetview.log").read_text("utf-8")
    assert "PlanetView could not start." in end.stdout and "What to do: Start again." in end.stdout
    # As the reason, and at the end of the traceback.
    assert end.stdout.rstrip().endswith("\n2")


@pytest.mark.parametrize(
    ("error", "reason", "advice"),
    [
        (PermissionError(errno.EACCES, "No entry", "/a"), "the system refused '/a'", "PLANETVIEW_HOME"),
        (ImportError("no module named 'rasterio'"), "ImportError: no module named 'rasterio'.", "install it again"),
        (UserError("The folder is full.", "Free some space."), "The folder is full.", "Free some space."),
        (RuntimeError(), "RuntimeError.", "doctor"),
        (ValueError("one\ntwo"), "ValueError: one.", "doctor"),
    ],
)  # fmt: skip
def test_every_kind_of_failure_has_a_reason_in_one_line_and_an_advice(
    error: Exception, reason: str, advice: str
) -> None:
    assert reason_of(error).startswith(reason) and "\n" not in reason_of(error)
    assert advice in advice_for(error)


def test_the_dialog_of_a_failed_start_is_used_by_keyboard(qtbot: QtBot) -> None:
    box = StartFailure("RuntimeError: no.", "Start again.", "Traceback …")
    qtbot.addWidget(box)
    box.show()
    assert nameless(box) == [] and unreachable(box) == []

    qtbot.keyClick(box.copy_button, Qt.Key.Key_Space)

    assert QGuiApplication.clipboard().text().endswith("Traceback …")
    assert box.isVisible() and box.copy_button.text() == "Copied"
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible()
