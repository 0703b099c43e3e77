"""Collecting the open study for archive in a thread of its own: it may take long, and saving must not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from planetview.core.archive import ArchiveReport, collect
from planetview.core.cancel import CancelToken
from planetview.core.datasets import Dataset
from planetview.core.messages import JobFailure
from planetview.core.study import Study
from planetview.gui.apart import call_beside
from planetview.gui.background import Background

MakeDocuments = Callable[[], dict[str, bytes]]
_LOOK_MS = 100


class ArchiveWork(QObject):
    """Copies one study at a time. Ends with `done`, `failed` or `cancelled`; `stop` before the end of the window."""

    progressed = Signal(object, object)  # bytes done, bytes in all: too large for a C int
    done = Signal(object)  # ArchiveReport
    failed = Signal(object, object)  # Path, JobFailure
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background: Background | None = None
        self._token = CancelToken()
        self._seen = _Seen()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_busy(self) -> bool:
        """Whether a study is being copied."""
        return self._background is not None

    def begin(self, study: Study, datasets: tuple[Dataset, ...], target: Path, documents: MakeDocuments) -> None:
        """Copy `study`; documents: called in the thread for the files that go with it."""
        token, seen = self._token, self._seen = CancelToken(), _Seen()
        images = sum(len(dataset) for dataset in datasets)

        def work() -> ArchiveReport:
            made = documents()
            return collect(
                study,
                datasets,
                target,
                documents=made,
                check=token.check,
                on_progress=seen.put,
                call=lambda function, *arguments: call_beside(images, function, *arguments),
            )

        self._background = Background("archive", self)
        self._background.submit(work, self._on_done, lambda why: self._on_failed(target, why))
        self._timer.start()

    def cancel(self) -> None:
        """Ask the copying to stop; nothing of it stays."""
        self._token.cancel()

    def stop(self) -> None:
        """Stop for good and wait for the thread."""
        self.cancel()
        self._end()

    def _look(self) -> None:
        self.progressed.emit(*self._seen.get())

    def _end(self) -> None:
        self._timer.stop()
        background, self._background = self._background, None
        if background is not None:
            background.shutdown()
            background.deleteLater()

    def _on_done(self, report: ArchiveReport) -> None:
        self._end()
        self.done.emit(report)

    def _on_failed(self, target: Path, why: JobFailure) -> None:
        self._end()
        if why.message:
            self.failed.emit(target, why)
        else:
            self.cancelled.emit()


class _Seen:
    """How far a thread is, put there by it and read by another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = (0, 1)

    def put(self, done: int, total: int) -> None:
        with self._lock:
            self._value = (done, total)

    def get(self) -> tuple[int, int]:
        with self._lock:
            return self._value
