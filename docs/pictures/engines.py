"""Engines that give back what a picture needs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pictures.weights import weights_to_show
from planetview.core.cancel import CancelToken
from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.messages import (
    JobResult,
    Message,
    ModelsRequest,
    Notice,
    PairMapRequest,
    PartialValues,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
)
from planetview.core.results import Results

BROKEN = Path("broken_archive.zip")
"""A source whose reading fails."""


class Replay:
    """Gives back known results; a run stops half-way until it is cancelled, so that it can be pictured."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        if isinstance(request, ScanRequest):
            if any(target.path.name == BROKEN.name for target in request.targets):
                raise UserError(f"'{BROKEN}' is not a zip file, or it is damaged.", "Pack it again, or add the folder.")
            yield JobResult(ScanResult(self._results.datasets, self._results.shared))
        elif isinstance(request, ModelsRequest):
            yield JobResult(weights_to_show(request))
        elif isinstance(request, PairMapRequest):
            from planetview.engine.engine import TorchEngine

            yield from TorchEngine().run(request, token)
        else:
            yield from self._half_a_run(token)

    def _half_a_run(self, token: CancelToken) -> Iterator[Message]:
        reference, candidate = self._results.datasets[0].name, self._results.with_role(Role.CANDIDATE)[0].name
        where = {"device": "CPU, 2 threads", "precision": "float32", "memory_bytes": 812 << 20, "peak_bytes": 905 << 20}
        decoding = f"Features of '{reference}' (VGG-16)"
        yield Progress("features real", decoding, 120, 196, "images", 0.2, 41.0, 70.0, **where)
        yield Progress("features real", decoding, 196, 196, "images", 0.3, 41.0, 63.0, **where)
        yield Notice("2 threads are used: other programs keep the rest of the processor.")
        yield Progress("features", f"Features of '{candidate}' (VGG-16)", 310, 450, "images", 0.42, 38.0, 52.0, **where)
        yield PartialValues(self._results.values[: len(self._results.values) // 3])
        while not token.is_cancelled():
            threading.Event().wait(0.05)
        token.check()


class Stumbling(Replay):
    """A run of it fails in the middle of a stage."""

    def _half_a_run(self, token: CancelToken) -> Iterator[Message]:
        for message in super()._half_a_run(token):
            yield message
            if isinstance(message, PartialValues):
                break
        raise UserError(
            "The memory of the device is used up, even with one image at a time.",
            "Close other programs that use it, or choose CPU under Options.",
        )


class Weights:
    """Has the weight files of a computer in use, one of each state among them."""

    def run(self, request: Request, _token: CancelToken) -> Iterator[Message]:
        assert isinstance(request, ModelsRequest)
        yield JobResult(weights_to_show(request))


class Scanner:
    """Reads folders as the program does; shows another place than the one they lie in."""

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        from planetview.engine.engine import TorchEngine

        if isinstance(request, ModelsRequest):
            yield JobResult(weights_to_show(request))
            return
        for message in TorchEngine().run(request, token):
            if isinstance(message, JobResult) and isinstance(message.outcome, ScanResult):
                found = message.outcome
                datasets = tuple(replace(d, source=Path("~/mars-study") / d.source.name) for d in found.datasets)
                yield JobResult(replace(found, datasets=datasets))
            else:
                yield message
