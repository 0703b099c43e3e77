"""The demo where no window can open: the same run on the command line, and pictures of what the window would show."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from planetview.core.cancel import CancelToken
from planetview.core.messages import CompareRequest, Message, Request
from planetview.core.results import Results

DEMO_FOLDER = Path("demo-report")


def has_display() -> bool:
    """Whether a window can be shown; Qt would abort the process where it cannot."""
    if os.environ.get("QT_QPA_PLATFORM") or not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run_demo(folder: Path = DEMO_FOLDER) -> int:
    """Compute the demo, write report and numbers into `folder`, pictures into `folder/screenshots`; return the status.

    Raises nothing: errors are told as on the command line.
    """
    from planetview.core.results_io import results_from_json

    # By name: the window and the command line are two programs over the same parts, neither needs the other.
    status = int(importlib.import_module("planetview.cli").main(["demo", "--out", str(folder)]) or 0)
    if status == 0:
        results = results_from_json((folder / "results.json").read_text(encoding="utf-8"))
        for picture in take_pictures(results, folder / "screenshots"):
            sys.stdout.write(f"{picture}\n")
    return status


class _NoEngine:
    """Stands where an engine would, in a window that only shows."""

    def run(self, _request: Request, _token: CancelToken) -> Iterator[Message]:
        return iter(())


def take_pictures(results: Results, folder: Path) -> Iterator[Path]:
    """Write one PNG of 1280 × 800 pixels per page, without a display; yield each path."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from planetview.app import build
    from planetview.core.datasets import Role
    from planetview.gui.actions import STUDY_PAGES

    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    window = build(_NoEngine())
    window.resize(1280, 800)
    window.workspace.add(results.datasets)
    sets = [dataset for dataset in results.datasets if dataset.role is Role.HELD_OUT]
    request = CompareRequest(
        results.with_role(Role.REFERENCE)[0], results.with_role(Role.CANDIDATE), sets[0] if sets else None
    )
    window.workspace.set_results(results, request)
    window.show()
    for page in STUDY_PAGES:
        window.show_page(page)
        # Thumbnails and plots arrive a moment later.
        loop = QEventLoop()
        QTimer.singleShot(1000, loop.quit)
        loop.exec()
        path = folder / f"{page}.png"
        window.grab().save(str(path))
        yield path
    window.closed.emit()
    window.hide()
    app.processEvents()
