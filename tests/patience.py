"""How long a test waits for what must happen: only a failing one waits it out, a crowded machine needs it.

What the program promises within a second is measured by benchmarks, on a quiet machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

PATIENCE_S = 45.0
PATIENCE_MS = 45_000
# What comes at once comes before this, however crowded the machine; what it must not wait for takes longer.
SOON_S = 10.0


class PatientBot(QtBot):
    """Waits at least `PATIENCE_MS` before it gives up, whatever a test says: no test measures time by giving up."""

    def waitSignal(
        self, signal: Any, *, timeout: int = PATIENCE_MS, raising: bool | None = None, **options: Any
    ) -> Any:
        # What may end without the signal is told how long: it is waited out every time.
        patience = timeout if raising is False else max(timeout, PATIENCE_MS)
        return super().waitSignal(signal, timeout=patience, raising=raising, **options)

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE_MS))
