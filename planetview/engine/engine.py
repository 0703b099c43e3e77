"""The engine: requests in, messages out, everything finished kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from planetview.core.cancel import CancelToken
from planetview.core.datasets import Dataset, guess_role, shared_images
from planetview.core.errors import UserError
from planetview.core.messages import (
    CompareRequest,
    GeneratorRequest,
    JobResult,
    Message,
    ModelsRequest,
    PairMapRequest,
    PathLengthRequest,
    PreviewRequest,
    Request,
    SampleRequest,
    ScanFailure,
    ScanRequest,
    ScanResult,
)
from planetview.core.scanning import scan
from planetview.engine.schedule import Schedule, Stage
from planetview.engine.streaming import Emit, stream

if TYPE_CHECKING:
    from planetview.engine.perceptual.pair_map import PairMapper
    from planetview.engine.previews import KeptGenerator


class TorchEngine:
    """Carries out requests with torch, one at a time.

    store_path: the feature store; None takes the one in the cache folder.
    """

    def __init__(self, store_path: Path | None = None) -> None:
        self._store_path = store_path
        self._kept: KeptGenerator | None = None
        self._mapper: PairMapper | None = None

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        """Yield messages, a `JobResult` last.

        Raises Cancelled within a second of `token.cancel()`, UserError for what the user can put right.
        """
        if isinstance(request, ScanRequest):
            return stream(lambda emit, check: scan_targets(request, emit, check), token)
        if isinstance(request, ModelsRequest):
            return stream(lambda emit, check: _models(request, emit, check), token)
        if isinstance(request, GeneratorRequest | PreviewRequest):
            return stream(lambda emit, check: self._preview(request, check), token)
        if isinstance(request, SampleRequest | PathLengthRequest):
            return stream(lambda emit, check: self._generate(request, emit, check), token)
        if isinstance(request, PairMapRequest):
            return stream(lambda _emit, check: self._map_pair(request, check), token)
        return stream(lambda emit, check: self._compare(request, emit, check), token)

    def _preview(self, request: GeneratorRequest | PreviewRequest, check: Callable[[], None]) -> JobResult:
        from planetview.engine.previews import KeptGenerator

        if self._kept is None:
            self._kept = KeptGenerator()
        if isinstance(request, GeneratorRequest):
            return self._kept.describe(request, check)
        return self._kept.preview(request, check)

    def _generate(self, request: SampleRequest | PathLengthRequest, emit: Emit, check: Callable[[], None]) -> JobResult:
        from planetview.engine import generation
        from planetview.engine.store_file import default_path

        if isinstance(request, SampleRequest):
            return generation.sample(request, emit, check)
        return generation.measure_path_lengths(request, self._store_path or default_path(), emit, check)

    def _map_pair(self, request: PairMapRequest, check: Callable[[], None]) -> JobResult:
        from planetview.engine.perceptual.pair_map import PairMapper

        if self._mapper is None:
            self._mapper = PairMapper()
        return JobResult(self._mapper.map(request, check))

    def _compare(self, request: CompareRequest, emit: Emit, check: Callable[[], None]) -> JobResult:
        # Scanning must not wait for torch.
        from planetview.engine.comparison import compare
        from planetview.engine.store_file import default_path

        return compare(request, self._store_path or default_path(), emit, check)


def _models(request: ModelsRequest, emit: Emit, check: Callable[[], None]) -> JobResult:
    from planetview.engine.weights.care import look_after

    return JobResult(look_after(request, emit, check))


def scan_targets(request: ScanRequest, emit: Emit, check: Callable[[], None]) -> JobResult:
    """Scan every target; one that fails is reported and the others go on.

    Raises UserError when all of them failed and there was only one.
    """
    stages = tuple(
        Stage(f"scan-{i}", f"Reading {t.path.name}", "images", 1, 1.0) for i, t in enumerate(request.targets)
    )
    datasets: list[Dataset] = []
    failures: list[ScanFailure] = []
    taken: set[str] = set()
    schedule = Schedule(stages, emit)
    for i, target in enumerate(request.targets):

        def report(done: int, total: int, i: int = i) -> None:
            schedule.resize(f"scan-{i}", total)
            schedule.advance(f"scan-{i}", done)

        try:
            dataset = scan(
                target.path,
                name=unique_name(target.name or target.path.stem or str(target.path), taken),
                role=target.role or guess_role(target.path),
                check=check,
                on_progress=report,
                on_skipped=_problem_report(schedule, f"scan-{i}", target.path.name),
            )
        except UserError as error:
            if len(request.targets) == 1:
                raise
            failures.append(ScanFailure(target.path, error.message, error.hint))
        else:
            taken.add(dataset.name)
            datasets.append(dataset)
        schedule.finish(f"scan-{i}")
    return JobResult(ScanResult(tuple(datasets), shared_images(datasets), tuple(failures)))


def _problem_report(schedule: Schedule, stage_id: str, source: str) -> Callable[[str, str], None]:
    """Return what adds a file left out to the words of its stage."""
    numbers = count(1)

    def report(name: str, reason: str) -> None:
        schedule.relabel(stage_id, f"Reading {source} ({next(numbers):,} left out; {name}: {reason})")

    return report


def unique_name(name: str, taken: set[str]) -> str:
    """Return `name`, or with a number behind it when it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
