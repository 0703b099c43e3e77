"""Short blocking work (files, mostly) off the GUI thread, answered on it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from planetview.core.cancel import Cancelled
from planetview.core.errors import UserError
from planetview.core.messages import JobFailure

_log = logging.getLogger(__name__)

Work = Callable[[], Any]
OnDone = Callable[[Any], object]
OnFailed = Callable[[JobFailure], object]


class _Worker(QObject):
    finished = Signal(object, object, object)  # task id, outcome, JobFailure | None

    @Slot(object, object)
    def run(self, task_id: int, work: Work) -> None:
        try:
            self.finished.emit(task_id, work(), None)
        except Cancelled:
            self.finished.emit(task_id, None, JobFailure(""))
        except UserError as error:
            _log.info("background work failed: %s %s", error.message, error.hint)
            self.finished.emit(task_id, None, JobFailure.from_exception(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, the caller must hear of it
            _log.info("background work failed", exc_info=True)
            self.finished.emit(task_id, None, JobFailure.from_exception(error))


class Background(QObject):
    """Runs callables one after the other in a thread of its own; the answers come on the GUI thread.

    The callables must touch no Qt object and nothing that the GUI thread changes.
    A `Cancelled` arrives as a failure without a message.
    """

    _start = Signal(object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answers: dict[int, tuple[OnDone | None, OnFailed | None]] = {}
        self._next_id = 0
        self._thread = QThread(self)
        self._thread.setObjectName(name)
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._start.connect(self._worker.run)
        self._worker.finished.connect(self._on_finished)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether some work is waiting or running."""
        return bool(self._answers)

    def submit(self, work: Work, on_done: OnDone | None = None, on_failed: OnFailed | None = None) -> None:
        """Queue `work`; call `on_done` with what it returns or `on_failed` with why it did not, on the GUI thread."""
        self._next_id += 1
        self._answers[self._next_id] = (on_done, on_failed)
        self._start.emit(self._next_id, work)

    def shutdown(self, wait_ms: int = 3000) -> bool:
        """Let the queued work end, drop the answers; return whether it ended within `wait_ms`."""
        self._answers.clear()
        # Through the queue: what was asked for before (preferences, a save) still happens.
        self._start.emit(0, self._thread.quit)
        return self._thread.wait(wait_ms)

    @Slot(object, object, object)
    def _on_finished(self, task_id: int, outcome: object, failure: JobFailure | None) -> None:
        on_done, on_failed = self._answers.pop(task_id, (None, None))
        if failure is None:
            if on_done is not None:
                on_done(outcome)
        elif on_failed is not None:
            on_failed(failure)
