"""Work in steps that must be done now, spread over turns of the event loop so that the window stays quick."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Slot

_BUDGET_S = 0.008

REST = object()
"""What a step yields to be the last of its turn: the next one is as long as a whole turn may be."""


class Turns(QObject):
    """Takes the steps of an iterator: as many at once as fit into 8 ms, the rest in the following turns.

    Little work is done before `begin` returns. `begin` and `stop` drop what is left of the work before.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Iterator[object] | None = None
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._on_turn)

    @property
    def is_done(self) -> bool:
        """Whether no step is left."""
        return self._steps is None

    def begin(self, steps: Iterator[object]) -> None:
        """Take these steps."""
        self._steps = steps
        self._timer.stop()
        self._on_turn()

    def begin_later(self, steps: Iterator[object]) -> None:
        """Take these steps, the first in the next turn: this one has enough to do."""
        self._steps = steps
        self._timer.start()

    def stop(self) -> None:
        """Leave the rest undone."""
        self._steps = None
        self._timer.stop()

    @Slot()
    def _on_turn(self) -> None:
        end = time.perf_counter() + _BUDGET_S
        steps = self._steps
        while steps is not None and steps is self._steps:
            step = next(steps, self)
            if step is self:
                self._steps = None
                return
            if step is REST or time.perf_counter() > end:
                self._timer.start()
                return
