"""A generator as an engine gives it: known pictures at once, sets written to folders, path lengths made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from planetview.core.consent import ConsentNeeded, ConsentStore
from planetview.core.errors import UserError
from planetview.core.generation import (
    GeneratorDescription,
    PathLengthResult,
    PathLengthValue,
    Preview,
    SampleResult,
)
from planetview.core.messages import (
    GeneratorRequest,
    Message,
    PathLengthRequest,
    PreviewRequest,
    Request,
    SampleRequest,
)
from planetview.core.stats import Interval
from tests.gui.fake_engine import Script, result, steps
from tests.samples import terrain

DIGEST = "0f" * 32


class FakeGenerator:
    """Opens every ".pkl" and, after consent, every ".pt"; refuses files called "bad.*"."""

    def __init__(self) -> None:
        self.found = GeneratorDescription(
            "stylegan2", Path("terrain.pkl"), DIGEST, "stylegan2-ada-pytorch, unchanged", 512, 14, 512, 0,
            (256, 256), 1, "controllable", True, warnings=("Trained for a short time.",),
        )  # fmt: skip

    def around(self, others: Script) -> Script:
        """Return a script that answers requests about generators, and leaves the rest to `others`."""

        def script(request: Request) -> Iterable[Message | Exception]:
            if isinstance(request, GeneratorRequest | PreviewRequest | SampleRequest | PathLengthRequest):
                return self.answer(request)
            return others(request)

        return script

    def answer(
        self, request: GeneratorRequest | PreviewRequest | SampleRequest | PathLengthRequest
    ) -> Iterator[Message | Exception]:
        """Yield the messages of a request."""
        path = request.generator
        if path.name.startswith("bad"):
            yield UserError(f"'{path.name}' is not a network.", "It asks for 'os.system', which is never called.")
        if path.suffix == ".pt" and DIGEST not in ConsentStore():
            yield ConsentNeeded(DIGEST, path.name, "TorchScript file")
        if isinstance(request, GeneratorRequest):
            copy = request.safe_copy
            files = () if copy is None else (copy, copy.with_suffix(".generator.json"))
            yield result(replace(self.found, path=path, safe_copy=files))
        elif isinstance(request, PreviewRequest):
            yield result(self.preview(request))
        elif isinstance(request, SampleRequest):
            yield from steps("sample", 3)
            yield result(SampleResult(request.folder, request.count, 0, ("Made for a test.",)))
        else:
            yield from steps("check", 1)
            yield from steps("walk", 3)
            yield result(measured(request))

    def preview(self, request: PreviewRequest) -> Preview:
        """Return one grey picture for each seed or place; its level is the seed's, or 100 times the place."""
        channels = self.found.channels
        if request.walk:
            levels = [round(100 * place) for place in request.walk]
            return Preview(np.stack([np.full((8, 8, channels), level, np.uint8) for level in levels]), "w")
        return Preview(np.stack([np.full((8, 8, channels), seed % 256, np.uint8) for seed in request.seeds]))


class TerrainGenerator(FakeGenerator):
    """The same with relief in its pictures."""

    def preview(self, request: PreviewRequest) -> Preview:
        if request.walk:
            a, b = (terrain(np.random.default_rng(seed), 128).astype(float) for seed in request.seeds)
            images = [(a + (b - a) * place).astype(np.uint8) for place in request.walk]
            return Preview(np.stack(images)[..., None], "w")
        return Preview(np.stack([terrain(np.random.default_rng(seed), 128) for seed in request.seeds])[..., None])


def measured(request: PathLengthRequest) -> PathLengthResult:
    """Return a made-up measurement of what was asked for."""
    n = request.samples or 2000
    values = tuple(
        PathLengthValue(
            name, 41.7, 0.9, Interval(39.9, 43.5, 0.95, "bootstrap"), n, n - n // 50, 1.0, 90.0, f"{name}, {n} samples",
        )
        for name in request.variants
    )  # fmt: skip
    return PathLengthResult(request.generator, DIGEST, "a test", request.seed, values, (f"Screening: {n} samples.",))
