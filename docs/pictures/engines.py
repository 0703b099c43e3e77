"""Engines that give back what a picture needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pictures.weights import weights_to_show
from planetview.core.cancel import CancelToken
from planetview.core.datasets import Role
from planetview.core.messages import (
    JobResult,
    Message,
    ModelsRequest,
    PartialValues,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
)
from planetview.core.results import Results


class Replay:
    """Gives back known results; a run stops half-way until it is cancelled, so that it can be pictured."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        if isinstance(request, ScanRequest):
            yield JobResult(ScanResult(self._results.datasets, self._results.shared))
            return
        if isinstance(request, ModelsRequest):
            yield JobResult(weights_to_show(request))
            return
        candidate = self._results.with_role(Role.CANDIDATE)[0].name
        label = f"Features of '{candidate}' (VGG-16)"
        yield Progress("features", label, 310, 450, "images", 0.42, 38.0, 52.0)
        yield PartialValues(self._results.values[: len(self._results.values) // 3])
        while not token.is_cancelled():
            threading.Event().wait(0.05)
        token.check()


class Weights:
    """Has the weight files of a computer in use, one of each state among them."""

    def run(self, request: Request, _token: CancelToken) -> Iterator[Message]:
        assert isinstance(request, ModelsRequest)
        yield JobResult(weights_to_show(request))


class Scanner:
    """Reads folders as the program does; shows another place than the one they lie in."""

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        from planetview.engine.engine import TorchEngine

        for message in TorchEngine().run(request, token):
            if isinstance(message, JobResult) and isinstance(message.outcome, ScanResult):
                found = message.outcome
                datasets = tuple(replace(d, source=Path("~/mars-study") / d.source.name) for d in found.datasets)
                yield JobResult(replace(found, datasets=datasets))
            else:
                yield message
