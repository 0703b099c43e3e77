"""An engine for the window's tests: plays messages, waits at gates, fails on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from shlex import quote

from planetview.core.cancel import CancelToken
from planetview.core.catalogue import WEIGHTS
from planetview.core.messages import JobResult, Message, ModelsAction, ModelsRequest, Progress, Request
from planetview.core.models import ImportOutcome, ModelsResult, WeightState, WeightStatus

Script = Callable[[Request], Iterable[Message | Exception]]


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


class FakeWeights:
    """Weight files as an engine finds them: `states` by id, changed by what is asked.

    Files are taken for the weights that their name begins with; those called "*.unknown" only when that is accepted.
    """

    def __init__(self) -> None:
        self.states = {key: WeightState(key, WeightStatus.MISSING, advice=WEIGHTS[key].how_to_get) for key in WEIGHTS}

    def put(self, weights_id: str, status: WeightStatus = WeightStatus.PRESENT, **more: object) -> None:
        """Let a file of these weights be there."""
        path = Path("/weights") / f"{weights_id}.safetensors"
        state = WeightState(weights_id, status, path, 3 * 2**20, "ab" * 32)
        self.states[weights_id] = replace(state, **more)  # type: ignore[arg-type]

    def answer(self, request: ModelsRequest) -> Iterator[Message | Exception]:
        """Yield the messages of a request that goes well; files change after the last progress."""
        if request.action is not ModelsAction.LIST:
            yield from steps(request.action.value, 3)
        outcomes: list[ImportOutcome] = []
        if request.action is ModelsAction.FETCH:
            for key in request.names:
                self.put(key)
            outcomes = [ImportOutcome(Path("/weights") / key, key, True, "Digest verified.") for key in request.names]
        elif request.action is ModelsAction.IMPORT:
            outcomes = [self._taken(path, request) for path in request.paths]
        elif request.action is ModelsAction.VERIFY:
            there = [state for state in self.states.values() if state.path]
            outcomes = [ImportOutcome(s.path or Path(), s.weights, True, "It is as it was recorded.") for s in there]
        elif request.action is ModelsAction.PACK:
            outcomes = [ImportOutcome(request.paths[0], "st-lpips-vgg", True, "Packed.")]
        yield result(ModelsResult(tuple(self.states.values()), tuple(outcomes)))

    def _taken(self, path: Path, request: ModelsRequest) -> ImportOutcome:
        key = next(iter(request.names), None) or next((key for key in WEIGHTS if path.name.startswith(key)), None)
        if key is None:
            return ImportOutcome(path, None, False, "Its tensors fit none of the networks PlanetView knows.")
        if path.suffix == ".unknown" and not request.accept_unknown:
            hint = f"If you trust it: planetview models import --accept-unknown --as {key} {quote(str(path))}"
            return ImportOutcome(path, key, False, "No digest is published for it: unknown file.", hint)
        self.put(key)
        return ImportOutcome(path, key, True, "Digest verified.")


def steps(stage: str, count: int, start: float = 0.0, end: float = 1.0) -> list[Message]:
    """Return `count` progress messages of one stage, its fraction rising from `start` to `end`."""
    return [
        Progress(stage, f"Stage {stage}", i, count, "images", start + (end - start) * i / count, 120.0, 3.0)
        for i in range(1, count + 1)
    ]


def result(outcome: object) -> JobResult:
    """Wrap what a job found."""
    return JobResult(outcome)  # type: ignore[arg-type]
