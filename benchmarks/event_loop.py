"""Measures how long an event loop stands still, phase by phase."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

_TICK_MS = 5
_SETTLE_MS = 1500
_PATIENCE_S = 240.0

Step = tuple[str, Callable[[], object], Callable[[], bool]]


@dataclass
class Phase:
    """What the loop did while one thing was going on; milliseconds, one entry a tick of the timer.

    seconds: from its beginning to its end, as near as a poll of 50 ms tells. core_ms: what of wall_ms the main thread
    waited for a core, as Linux counts it; zeros elsewhere. collector_ms: processor time of each of
    Python's looks for cycles, in whatever thread; one stops all threads.
    """

    name: str
    began: float = 0.0
    seconds: float = 0.0
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    core_ms: list[float] = field(default_factory=list)
    collector_ms: list[float] = field(default_factory=list)

    def row(self) -> dict[str, float | str]:
        """Return the extremes and the 95th percentiles."""
        row: dict[str, float | str] = {"phase": self.name, "seconds": self.seconds}
        for kind, values in (("wall", self.wall_ms), ("cpu", self.cpu_ms)):
            row[f"{kind}_longest_ms"] = max(values, default=0.0)
            row[f"{kind}_p95_ms"] = float(np.percentile(values, 95)) if values else 0.0
        with_a_core = (wall - waited for wall, waited in zip(self.wall_ms, self.core_ms, strict=True))
        row["wall_less_core_longest_ms"] = max(with_a_core, default=0.0)
        row["collector_longest_ms"] = max(self.collector_ms, default=0.0)
        return row


class LoopMeter:
    """Ticks in the event loop: between two ticks lies one turn, however long.

    The processor time of the main thread in a turn is its work; the rest of a gap is waiting for a core, which other
    programs lengthen, or for the interpreter lock.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._clock = clock
        self.phases: list[Phase] = []
        self._core_wait = _CoreWait()
        self._last = self._now()
        self._timer = QTimer(interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._look_began = 0.0
        gc.callbacks.append(self._on_look)

    def begin(self, name: str) -> None:
        """Count the turns from this one on to another phase."""
        self.end()
        self.phases.append(Phase(name, self._clock()))
        if not self._timer.isActive():
            self._last = self._now()
            self._timer.start()

    def end(self) -> None:
        """Say that what the phase is about has ended; what follows still counts as its turns."""
        if self.phases and not self.phases[-1].seconds:
            self.phases[-1].seconds = self._clock() - self.phases[-1].began

    def leave_out(self) -> None:
        """Leave out what the loop did since the last tick: the measurement's own work."""
        self._last = self._now()

    def stop(self) -> None:
        """Stop ticking."""
        self._timer.stop()
        gc.callbacks.remove(self._on_look)

    def _on_look(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._look_began = time.thread_time()
        elif self.phases:
            self.phases[-1].collector_ms.append((time.thread_time() - self._look_began) * 1000)

    def _tick(self) -> None:
        now, last, phase = self._now(), self._last, self.phases[-1]
        for values, after, before in zip((phase.wall_ms, phase.cpu_ms, phase.core_ms), now, last, strict=True):
            values.append((after - before) * 1000)
        self._last = now

    def _now(self) -> tuple[float, float, float]:
        return self._clock(), time.thread_time(), self._core_wait.seconds()


class _CoreWait:
    """How long the thread that made it has waited for a core, ready to run; always 0 where the system does not tell."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:
            self._file = None

    def seconds(self) -> float:
        """Return the seconds so far."""
        if self._file is None:
            return 0.0
        _ran_ns, waited_ns, _turns = os.pread(self._file, 100, 0).split()
        return int(waited_ns) / 1e9


class Visit:
    """Does one step after the other: an action, then waiting until it has ended and a little longer."""

    def __init__(self, meter: LoopMeter, steps: Iterator[Step], finish: Callable[[], object]) -> None:
        from PySide6.QtCore import QTimer

        self._meter, self._steps, self._finish = meter, steps, finish
        self._has_ended: Callable[[], bool] = lambda: True
        self._deadline = 0.0
        self._poll = QTimer(interval=50)
        self._poll.timeout.connect(self._look)
        self._settle = QTimer(singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.go_on)

    def go_on(self) -> None:
        """Take the next step."""
        step = next(self._steps, None)
        if step is None:
            self._finish()
            return
        name, act, self._has_ended = step
        self._deadline = time.perf_counter() + _PATIENCE_S
        self._meter.begin(name)
        act()
        self._poll.start()

    def _look(self) -> None:
        if time.perf_counter() > self._deadline:
            raise SystemExit(f"the phase {self._meter.phases[-1].name!r} did not end within {_PATIENCE_S:.0f} s")
        if self._has_ended():
            self._meter.end()
            self._poll.stop()
            self._settle.start()


class Paced:
    """Makes one call after the other, each in a turn of its own."""

    def __init__(self, calls: Iterable[Callable[[], object]], interval_ms: int = 40) -> None:
        from PySide6.QtCore import QTimer

        self._calls, self._has_ended = iter(calls), False
        self._timer = QTimer(interval=interval_ms)
        self._timer.timeout.connect(self._call)

    def begin(self) -> None:
        """Begin, at the next tick."""
        self._timer.start()

    def has_ended(self) -> bool:
        """Whether no call is left."""
        return self._has_ended

    def _call(self) -> None:
        call = next(self._calls, None)
        if call is None:
            self._timer.stop()
            self._has_ended = True
        else:
            call()


def print_table(rows: list[dict[str, float | str]]) -> None:
    """Print the rows as a Markdown table."""
    print(f"window visible after {rows[0]['seconds']:.2f} s\n")
    heads = ("phase", "took", "longest gap", "95 % of gaps below", "less the wait for a core", "most work in a turn")
    print(f"| {' | '.join((*heads, 'longest look for cycles'))} |")
    print("| --- " * (len(heads) + 1) + "|")
    for row in rows[1:]:
        keys = ("wall_longest_ms", "wall_p95_ms", "wall_less_core_longest_ms", "cpu_longest_ms", "collector_longest_ms")
        print(f"| {row['phase']} | {row['seconds']:.1f} s | " + " | ".join(f"{row[key]:.0f} ms" for key in keys) + " |")
