"""An engine for the window's tests: plays messages, waits at gates, fails on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from planetview.core.cancel import CancelToken
from planetview.core.messages import JobResult, Message, Progress, Request

Script = Callable[[Request], Sequence[Message | Exception]]


class FakeEngine:
    """Plays `script(request)`: yields messages, raises exceptions; holds before any stage named to `hold`.

    stop_seen: how often a token was found set. messages_after_cancel: messages it made after that.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.is_holding = threading.Event()
        self.ignores_cancel = False
        self._held_stage: str | None = None
        self._gate = threading.Event()

    def hold(self, stage: str) -> None:
        """Wait before the first progress of `stage` until `release`."""
        self._held_stage = stage
        self._gate.clear()
        self.is_holding.clear()

    def release(self) -> None:
        """Let a held job go on."""
        self._held_stage = None
        self._gate.set()

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        self.requests.append(request)
        for step in self.script(request):
            if isinstance(step, Progress) and step.stage == self._held_stage:
                self.is_holding.set()
                while not self._gate.wait(0.005):
                    if not self.ignores_cancel:
                        token.check()
            if not self.ignores_cancel:
                token.check()
            if isinstance(step, Exception):
                raise step
            yield step


def steps(stage: str, count: int, start: float = 0.0, end: float = 1.0) -> list[Message]:
    """Return `count` progress messages of one stage, its fraction rising from `start` to `end`."""
    return [
        Progress(stage, f"Stage {stage}", i, count, "images", start + (end - start) * i / count, 120.0, 3.0)
        for i in range(1, count + 1)
    ]


def result(outcome: object) -> JobResult:
    """Wrap what a job found."""
    return JobResult(outcome)  # type: ignore[arg-type]
