"""Work that can wait: done in small steps while the window has nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from PySide6.QtCore import QObject, QTimer, Slot

_LATER_MS = 500
# Between two steps the window answers whatever came meanwhile.
_PAUSE_MS = 5


class IdleWork(QObject):
    """Takes one step of an iterator per turn of the event loop, none while `is_busy` says so.

    A step must stay short: the window stands still as long as it takes.
    """

    def __init__(self, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_busy = is_busy
        self._steps: Iterator[object] = iter(())
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_time)

    @property
    def is_done(self) -> bool:
        """Whether no step is left."""
        return not self._timer.isActive()

    def begin(self, steps: Iterator[object]) -> None:
        """Take these steps from now on, in place of any that are left."""
        self._steps = steps
        self._timer.start(_PAUSE_MS)

    def begin_after(self, steps: Iterator[object]) -> None:
        """Take these steps once those that are left are done."""
        self.begin(steps if self.is_done else chain(self._steps, steps))

    def stop(self) -> None:
        """Leave the rest undone."""
        self._timer.stop()
        self._steps = iter(())

    @Slot()
    def _on_time(self) -> None:
        if self._is_busy():
            self._timer.start(_LATER_MS)
        elif next(self._steps, self) is not self:
            self._timer.start(_PAUSE_MS)
