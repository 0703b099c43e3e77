"""The list of neighbours as a file or on the clipboard, made off the GUI thread; a long one in a process of its own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QObject, QRunnable, QThreadPool, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from planetview.core.errors import UserError
from planetview.core.formatting import format_count
from planetview.gui.apart import call_beside
from planetview.gui.dialogs.choose import choose_new_file
from planetview.gui.models.neighbour_export import NeighbourRows, list_as_tsv, write_list

_log = logging.getLogger(__name__)

Outcome = tuple[str, QByteArray | None]

# To copy 100 MB in one call would keep the interpreter's lock for 30 ms.
_BYTES_AT_ONCE = 1024**2


class ListExport(QObject):
    """Asks for a place, writes there, and says what was done; the window stays free meanwhile."""

    notice = Signal(str)

    _done = Signal(str, object)  # what to say; QByteArray, the text for the clipboard, or None

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._task: _Task | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._done.connect(self._on_done)

    @property
    def is_busy(self) -> bool:
        """Whether a list is being made."""
        return self._task is not None

    def ask(self, rows: NeighbourRows) -> QFileDialog:
        """Ask where to write `rows` and do it; the kind of file follows its suffix, CSV without one."""
        kinds = {self.tr("Comma-separated values (*.csv)"): ".csv", self.tr("JSON (*.json)"): ".json"}
        dialog = choose_new_file(
            self._parent,
            self.tr("Export the list of {0} images").format(format_count(rows.order.size)),
            f"{_file_stem(rows.query)}-neighbours.csv",
            list(kinds),
            lambda paths: self.write(rows, paths[0]),
        )
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix(kinds.get(kind, ".csv").lstrip(".")))
        return dialog

    def write(self, rows: NeighbourRows, path: Path) -> None:
        """Write `rows` to a file, whole or not at all."""
        said = self.tr("Wrote {0} images to {1}.").format(format_count(rows.order.size), path)

        def work() -> Outcome:
            try:
                call_beside(rows.order.size, write_list, rows, path)
            except UserError as error:
                return f"{error.message} {error.hint}".strip(), None
            return said, None

        self._start(work, self.tr("Writing {0}…").format(path.name))

    def copy(self, rows: NeighbourRows) -> None:
        """Put `rows` on the clipboard as tab-separated text."""
        said = self.tr("Copied the list of {0} images.").format(format_count(rows.order.size))

        def work() -> Outcome:
            return said, _in_parts(memoryview(call_beside(rows.order.size, list_as_tsv, rows)))

        self._start(work, self.tr("Copying the list…"))

    def _start(self, work: Callable[[], Outcome], begun: str) -> None:
        if self._task is not None:
            self.notice.emit(self.tr("A list is still being written."))
            return
        self.notice.emit(begun)
        self._task = _Task(self, work)
        self._pool.start(self._task)

    @Slot(str, object)
    def _on_done(self, said: str, copied: QByteArray | None) -> None:
        self._pool.waitForDone()
        self._task = None
        if copied is not None:
            # As bytes: 50,000 rows are 100 MB, and to make a string of them stops the window for 0.4 s.
            held = QMimeData()
            held.setData("text/plain", copied)
            QGuiApplication.clipboard().setMimeData(held)
        self.notice.emit(said)


class _Task(QRunnable):
    def __init__(self, export: ListExport, work: Callable[[], Outcome]) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._export, self._work = export, work

    def run(self) -> None:
        try:
            said, copied = self._work()
        except Exception as error:  # noqa: BLE001 - a worker that dies in silence would leave the page waiting forever
            _log.exception("the list of neighbours failed")
            said, copied = f"{type(error).__name__}: {error}", None
        # The page may be gone when a long list is ready.
        with contextlib.suppress(RuntimeError):
            self._export._done.emit(said, copied)


def _in_parts(text: memoryview) -> QByteArray:
    held = QByteArray()
    held.reserve(text.nbytes)
    for start in range(0, text.nbytes, _BYTES_AT_ONCE):
        held.append(text[start : start + _BYTES_AT_ONCE].tobytes())
    return held


def _file_stem(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name) or "images"
