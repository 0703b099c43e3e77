"""What was logged in this session, the last lines of it, for people to read."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

KEPT = 5000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record. level: of `logging`. source: "window", "engine" or the library that logged."""

    number: int
    time: datetime
    level: int
    source: str
    text: str

    def __str__(self) -> str:
        name = logging.getLevelName(self.level).lower()
        return f"{self.time:%H:%M:%S}  {name:<8} {self.source:<8} {self.text}"


class SessionLog(logging.Handler):
    """Keeps the last 5,000 records of this process and, with `ProcessEngine`, of the engine's; safe from any thread."""

    def __init__(self, kept: int = KEPT) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[LogLine] = deque(maxlen=kept)
        self._lines_lock = threading.Lock()
        self._count = 0

    def install(self) -> None:
        """Listen to all that is logged from now on."""
        root = logging.getLogger()
        root.addHandler(self)
        if root.getEffectiveLevel() > logging.INFO:
            logging.getLogger("planetview").setLevel(logging.INFO)

    def remove(self) -> None:
        """Stop listening."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as text: what it refers to would otherwise stay in memory."""
        try:
            text = record.getMessage()
            if record.exc_info:
                text = "\n".join((text, logging.Formatter().formatException(record.exc_info)))
            with self._lines_lock:
                self._count += 1
                time = datetime.fromtimestamp(record.created)
                self._lines.append(LogLine(self._count, time, record.levelno, _source_of(record), text))
        except Exception:  # noqa: BLE001 - a log line must never end what was going on
            self.handleError(record)

    def lines(self, after: int = 0) -> list[LogLine]:
        """Return the lines kept whose number is higher than `after`."""
        with self._lines_lock:
            if after >= self._count:
                return []
            return [line for line in self._lines if line.number > after]


def _source_of(record: logging.LogRecord) -> str:
    if record.processName == "engine":
        return "engine"
    package = record.name.partition(".")[0]
    return "window" if package == "planetview" else package
