"""Quick looks at sources that may be taken in, off the GUI thread."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.set_preview import SetPreview, look_at
from planetview.gui.turns import Turns

_log = logging.getLogger(__name__)

_MOST_THREADS = 4
_POLL_MS = 60


class Looks(QObject):
    """Looks at sources, a few at a time; tells what is known of each as it grows.

    The threads are Python's own and nobody waits for them: a folder on a share that does not answer holds up nothing.
    """

    changed = Signal(object, object)  # Path as given, SetPreview

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._token = CancelToken()
        self._waiting: deque[Path] = deque()
        self._found: SimpleQueue[tuple[Path, SetPreview]] = SimpleQueue()
        self._open: set[Path] = set()
        self._threads: list[threading.Thread] = []
        # What is found while 300 folders are looked at is more than can be shown in one turn.
        self._untold: dict[Path, SetPreview] = {}
        self._telling = Turns(self)
        self._polling = QTimer(self, interval=_POLL_MS)
        self._polling.timeout.connect(self._poll)

    @property
    def is_done(self) -> bool:
        """Whether all is known that will be."""
        return not self._open

    def begin(self, paths: Iterable[Path]) -> None:
        """Look at these too."""
        new = [path for path in paths if path not in self._open]
        self._open.update(new)
        self._waiting.extend(new)
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for _ in range(min(len(new), _MOST_THREADS - len(self._threads))):
            work = (self._waiting, self._token, self._found)
            thread = threading.Thread(target=_look_at_all, args=work, name="look", daemon=True)
            thread.start()
            self._threads.append(thread)
        self._polling.start()

    def stop(self) -> None:
        """Look no further; nothing more is told."""
        self._token.cancel()
        self._waiting.clear()
        self._open.clear()
        self._untold.clear()
        self._telling.stop()
        self._polling.stop()

    def _poll(self) -> None:
        while True:
            try:
                path, preview = self._found.get_nowait()
            except Empty:
                break
            self._untold[path] = preview
        if self._untold and self._telling.is_done:
            self._telling.begin(self._tell())
        if self.is_done:
            self._polling.stop()
        elif self._waiting and not any(thread.is_alive() for thread in self._threads):
            # They had just ended when more was asked for.
            rest = list(self._waiting)
            self._waiting.clear()
            self._open.difference_update(rest)
            self.begin(rest)

    def _tell(self) -> Iterator[None]:
        while self._untold:
            path = next(iter(self._untold))
            preview = self._untold.pop(path)
            if preview.is_done:
                self._open.discard(path)
            self.changed.emit(path, preview)
            yield


def _look_at_all(waiting: deque[Path], token: CancelToken, found: SimpleQueue[tuple[Path, SetPreview]]) -> None:
    while True:
        try:
            path = waiting.popleft()
        except IndexError:
            return
        try:
            look_at(path, token.check, lambda preview, path=path: found.put((path, preview)))  # type: ignore[misc]
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001 - whatever it was, the row must not wait for ever
            _log.info("a look failed", exc_info=True)
            words = QCoreApplication.translate("Looks", "It cannot be looked at: {0}").format(error)
            found.put((path, SetPreview(path, problem=words, is_counted=True, is_done=True)))
