"""Several windows in one process: each with its own study and engine, all with one look and one turn to compute.

Imported once Qt is there, by `app` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from planetview.core.cancel import CancelToken
from planetview.core.messages import (
    CompareRequest,
    Engine,
    Message,
    Notice,
    PathLengthRequest,
    Request,
    SampleRequest,
)
from planetview.core.study import STUDY_SUFFIX
from planetview.gui.controller import DEMO
from planetview.gui.main_window import MainWindow

_POLL_SECONDS = 0.05
_LONG = (CompareRequest, PathLengthRequest, SampleRequest)


class OwnedEngine(Engine, Protocol):
    """An engine that its window ends."""

    def warm(self) -> None:
        """Load what is slow before the first job."""

    def shutdown(self) -> None:
        """End whatever it started."""


class TakingTurns:
    """An engine whose runs wait until no other window's run computes; whatever is short does not wait.

    Two runs at once would share cores and the accelerator's memory, and both take longer than one after the other.
    """

    def __init__(self, engine: Engine, turn: threading.Lock) -> None:
        self._engine, self._turn = engine, turn

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        """Yield the messages of the engine, once it is this window's turn. Raises what the engine raises."""
        if not isinstance(request, _LONG):
            yield from self._engine.run(request, token)
            return
        has_told = False
        while not self._turn.acquire(timeout=_POLL_SECONDS):
            token.check()
            if not has_told:
                has_told = True
                yield Notice("Waiting for the run of another window to end.")
        try:
            yield from self._engine.run(request, token)
        finally:
            self._turn.release()


class Windows(QObject):
    """Opens windows, gives each its engine, and ends both when it closes."""

    def __init__(
        self,
        build: Callable[[Engine, MainWindow | None], MainWindow],
        make_engine: Callable[[], OwnedEngine],
        on_shown: Callable[[MainWindow, OwnedEngine], object] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._build, self._make_engine, self._on_shown = build, make_engine, on_shown
        self._turn = threading.Lock()
        self._engines: dict[MainWindow, OwnedEngine] = {}

    @property
    def all(self) -> tuple[MainWindow, ...]:
        """The open windows, oldest first."""
        return tuple(self._engines)

    def open(self, what: object = None) -> MainWindow:
        """Open a window: with the study or images at a path, with those at several, with `DEMO`, or empty."""
        engine = self._make_engine()
        beside = next(iter(self._engines), None)
        window = self._build(TakingTurns(engine, self._turn), beside)
        self._engines[window] = engine
        window.closed.connect(lambda: self._on_closed(window))
        window.new_window_requested.connect(self.open)
        if beside is not None:
            last = self._active()
            window.resize(last.size())
            window.move(last.x() + 32, last.y() + 32)
        window.show()

        def after_the_first_picture() -> None:
            if self._on_shown is not None:
                self._on_shown(window, engine)
            _fill(window, what)

        QTimer.singleShot(0, window, after_the_first_picture)
        return window

    def open_paths(self, paths: Sequence[Path], *, demo: bool = False) -> MainWindow:
        """Open what another start of the program or the desktop hands over.

        A study that is open is brought to the front; else an empty window takes the paths, else a new one.
        """
        studies = {path.resolve() for path in paths if path.suffix == STUDY_SUFFIX}
        for window in self._engines:
            own = window.workspace.path
            if own is not None and own.resolve() in studies:
                return _to_front(window)
        what: object = DEMO if demo else tuple(paths)
        for window in self._engines:
            if window.current_page() == "welcome":
                _fill(window, what)
                return _to_front(window)
        return _to_front(self.open(what))

    def tell(self, show: Callable[[MainWindow], object]) -> None:
        """Let the window in front show something."""
        if self._engines:
            show(self._active())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # macOS sends a double-clicked file as an event to the running program.
        if isinstance(event, QFileOpenEvent) and event.file():
            self.open_paths((Path(event.file()),))
            return True
        return super().eventFilter(watched, event)

    def shutdown(self) -> None:
        """End every engine."""
        for engine in self._engines.values():
            engine.shutdown()

    def _active(self) -> MainWindow:
        active = QApplication.activeWindow()
        return next((window for window in self._engines if window is active), list(self._engines)[-1])

    def _on_closed(self, window: MainWindow) -> None:
        engine = self._engines.pop(window, None)
        if engine is not None:
            engine.shutdown()
            window.deleteLater()


def _fill(window: MainWindow, what: object) -> None:
    if what == DEMO:
        window.controller.open_demo()
    elif isinstance(what, Path):
        window.intake.take_in((what,))
    elif isinstance(what, tuple) and what:
        window.intake.take_in(what)


def _to_front(window: MainWindow) -> MainWindow:
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.raise_()
    window.activateWindow()
    return window
