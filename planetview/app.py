"""Starts the window: builds every part, connects them, and ends them in the right order.

Imports neither Qt nor torch by itself: the engine's child process loads this module too.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import planetview
from planetview import headless
from planetview.core.collecting import collector_held_back
from planetview.core.messages import Engine, ScanTarget
from planetview.core.paths import cache_dir, log_dir
from planetview.failed_start import end_failed_start

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from planetview.gui.main_window import MainWindow
    from planetview.gui.preferences import KeptPreferences
    from planetview.gui.theme import Theme
    from planetview.windows import OwnedEngine

EXIT_MACHINE = 4
_DEBIAN_PACKAGES = (
    "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 "
    "libxcb-keysyms1 libxcb-render-util0 libxkbcommon-x11-0"
)

# What the X11 plug-in of Qt loads besides Qt.
_X11_LIBRARIES = (
    "libxcb-cursor.so.0", "libxcb-icccm.so.4", "libxcb-image.so.0", "libxcb-keysyms.so.1", "libxcb-render-util.so.0",
    "libxkbcommon-x11.so.0",
)  # fmt: skip

_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window with the studies and folders named in `argv`; return the process's exit status."""
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    problem = _qt_problem()
    if problem:
        _say(problem)
        return EXIT_MACHINE
    if not headless.has_display():
        if arguments.demo:
            _say(f"There is no display here: computing the demo into '{headless.DEMO_FOLDER}' instead.")
            return headless.run_demo()
        _say("There is no display here (DISPLAY is not set). Use the command line instead: planetview --help")
        return EXIT_MACHINE
    try:
        return _open_window(arguments)
    except Exception as error:
        end_failed_start(error)
        raise


# A look for cycles among the program's own 100,000 objects takes 0.1 s of the start, and they form none that go.
@collector_held_back()
def build(engine: Engine, beside: MainWindow | None = None) -> MainWindow:
    """Return the whole window around `engine`, not yet shown. A `QApplication` must exist.

    The window's `closed` signal ends every thread; the engine itself stays with the caller. A window `beside` another
    shares its theme and preferences, and leaves what a crash left to it.
    """
    from PySide6.QtWidgets import QApplication

    from planetview.core.selection import SelectionState
    from planetview.exports import EXPORTS, report_file
    from planetview.gui.background import Background
    from planetview.gui.controller import Controller
    from planetview.gui.main_window import MainWindow
    from planetview.gui.runner import JobRunner
    from planetview.gui.services import Services
    from planetview.gui.study_files import StudyFiles
    from planetview.gui.thumb_store import ThumbnailStore
    from planetview.gui.thumbs import ThumbnailCache
    from planetview.gui.workspace import Workspace

    app = QApplication.instance()
    assert isinstance(app, QApplication), "a QApplication must exist before the window"
    kept, theme = (beside.kept, beside.theme) if beside is not None else _shared_by_windows(app)
    workspace, background, runner = Workspace(), Background("files"), JobRunner(engine)
    thumbs = ThumbnailCache(store=ThumbnailStore(cache_dir() / "thumbnails"))
    files = StudyFiles(workspace, background)
    controller = Controller(workspace, runner, background, files, Services(prepare_demo, EXPORTS, report_file))
    window = MainWindow(controller, background, theme, thumbs, SelectionState(), kept)
    for part in (workspace, background, runner, thumbs, files, controller):
        part.setParent(window)
    if beside is None:
        theme.dress()

    has_ended = False

    def shut_down(keep_copy: bool = False) -> None:
        nonlocal has_ended
        if has_ended:
            return
        has_ended = True
        app.aboutToQuit.disconnect(cut_short)
        runner.cancel_all()
        thumbs.shutdown()
        stopped = background.shutdown()
        files.close(keep_copy=keep_copy)
        if not (runner.shutdown() and stopped):
            _log.error("a thread did not end in time")
            logging.shutdown()
            os._exit(1)

    def cut_short() -> None:
        # Ctrl+C and the end of a session leave no time for questions: the copy is offered at the next start.
        if not has_ended:
            files.autosave(is_last=True)
            shut_down(workspace.is_dirty)

    window.closed.connect(shut_down)
    app.aboutToQuit.connect(cut_short)
    if beside is None:
        files.look_for_recoveries()
    return window


def _shared_by_windows(app: QApplication) -> tuple[KeptPreferences, Theme]:
    """Return preferences and looks that live as long as the application; the style sheet follows with `dress`."""
    from planetview.gui.preferences import KeptPreferences, load_preferences
    from planetview.gui.theme import Theme

    kept, theme = KeptPreferences(load_preferences(), app), Theme(app)
    theme.use(kept.value.theme, kept.value.text_scale)
    # Each part of a window that is put into another one would be styled again: 0.06 s of the start.
    theme.apply(app, is_dressed=False)
    return kept, theme


def prepare_demo(check: Callable[[], None]) -> tuple[ScanTarget, ...]:
    """Write the demo's images into the cache folder, or find them there; slow, not for the GUI thread."""
    from planetview import demo

    def on_progress(_done: int, _total: int) -> None:
        check()

    targets: tuple[ScanTarget, ...] = demo.prepare_demo(cache_dir() / "demo", check, on_progress)
    return targets


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="planetview-gui", description="Open the PlanetView window.")
    parser.add_argument("paths", nargs="*", type=Path, help="a study (.planetview), folders, zip files or lists")
    parser.add_argument("--demo", action="store_true", help="open the demo")
    parser.add_argument(
        "--new-instance", action="store_true", help="start a program of its own, beside one that runs already"
    )
    parser.add_argument("--version", action="version", version=f"PlanetView {planetview.__version__}")
    return parser.parse_args(list(argv))


def _qt_problem() -> str:
    """Return one line about what keeps Qt from starting, or ""."""
    try:
        import PySide6
        from PySide6 import QtGui, QtSvg, QtWidgets  # noqa: F401 - the import is the test
    except ImportError as error:
        is_packaged = getattr(sys, "frozen", False)
        of_python = "" if is_packaged else " In Python: pip install 'PySide6-Essentials>=6.11.2,<6.12'."
        return f"PlanetView cannot load Qt: {error}. On Debian or Ubuntu install: {_DEBIAN_PACKAGES}.{of_python}"
    lacking = missing_x11_libraries()
    if lacking:
        return f"Qt cannot open a window without {', '.join(lacking)}. On Debian or Ubuntu install: {_DEBIAN_PACKAGES}."
    return unusable_qt(PySide6.__version__, sys.version_info[:2])


def missing_x11_libraries() -> list[str]:
    """Return the libraries of Qt's X11 plug-in that this computer lacks; empty where X11 is not what Qt would use.

    Qt itself ends the process with a core dump when one is missing.
    """
    uses_x11 = sys.platform.startswith("linux") and os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY")
    if not uses_x11 or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        return []
    lacking = []
    for name in _X11_LIBRARIES:
        try:
            ctypes.CDLL(name)
        except OSError:
            lacking.append(name)
    return lacking


def unusable_qt(version: str, python: tuple[int, int]) -> str:
    """Return why this PySide6 cannot be used with this Python, or "".

    6.12.0 drops a reference of True at every emitted signal, and on Python 3.11 the process aborts after some hundred.
    """
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if python < (3, 12) and numbers >= (6, 12):
        return (
            f"PySide6 {version} aborts on Python {python[0]}.{python[1]}. "
            "Install an older one: pip install 'PySide6-Essentials>=6.11.2,<6.12'."
        )
    return ""


def _open_window(arguments: argparse.Namespace) -> int:
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from planetview.engine.process_engine import ProcessEngine
    from planetview.gui import qtlog
    from planetview.gui.controller import DEMO
    from planetview.gui.diagnosing import diagnostics_offer
    from planetview.gui.errors import ErrorReporter
    from planetview.gui.instance import Instance, hand_over
    from planetview.gui.promptness import prepare_process
    from planetview.gui.widgets.message_bar import BarMessage
    from planetview.windows import Windows

    prepare_process()
    crash_file = _start_logging()
    qtlog.install()
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = _application()
    if not arguments.new_instance and hand_over(arguments.paths, demo=arguments.demo):
        # The program that runs already has opened them.
        faulthandler.disable()
        return 0
    windows = Windows(build, ProcessEngine, _begin, app)
    app.installEventFilter(windows)
    instance = Instance(app)
    instance.asked.connect(lambda paths, demo: windows.open_paths(paths, demo=demo))
    if not arguments.new_instance:
        instance.listen()
    reporter = ErrorReporter(app)
    reporter.reported.connect(
        lambda failure: windows.tell(
            lambda window: window.messages.show_message(
                BarMessage(
                    "error", failure.message, failure.hint, "danger", failure.details, (diagnostics_offer(window),)
                )
            )
        )
    )
    reporter.install()
    windows.open(DEMO if arguments.demo else tuple(path.absolute() for path in arguments.paths))
    for number in (signal.SIGINT, signal.SIGTERM):
        # As shells count it: 130 for Ctrl+C, 143 when a session or a batch system ends the program.
        signal.signal(number, lambda number, _frame: app.exit(128 + number))
    # Python sees a signal only when it runs: Qt's loop gives it a turn now and then.
    pulse = QTimer(app, interval=200)
    pulse.timeout.connect(lambda: None)
    pulse.start()
    try:
        return app.exec()
    finally:
        instance.close()
        windows.shutdown()
        faulthandler.disable()
        if crash_file is not None:
            crash_file.close()


def _begin(window: MainWindow, engine: OwnedEngine) -> None:
    """Load what is slow once the window is there."""
    engine.warm()
    window.warm_up(load_pages)


def load_pages() -> None:
    """Import what the pages need; slow, for a thread."""
    from planetview.gui.pages import load_page_modules

    # One look at the 100,000 objects of the program itself would be the longest gap of its start.
    with collector_held_back():
        load_page_modules()


def _application() -> QApplication:
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("PlanetView")
    app.setApplicationVersion(planetview.__version__)
    app.setDesktopFileName("planetview")
    return app


def _start_logging() -> Any:
    """Log into a file of limited size; return the file that a native crash writes its stacks to, or None."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    try:
        log_dir().mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            log_dir() / "planetview.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
        )
        crash_file = (log_dir() / "crash.log").open("a", encoding="utf-8")
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    faulthandler.enable(crash_file)
    return crash_file


def _say(text: str) -> None:
    # Windowed builds have no stderr.
    if sys.stderr is not None:
        sys.stderr.write(text + "\n")
