"""Compares two folders and prints the values; run as a child that is killed half way."""

from __future__ import annotations

import sys
from pathlib import Path

from planetview.core.cancel import CancelToken
from planetview.core.datasets import Role
from planetview.core.messages import CompareRequest, JobResult, Progress
from planetview.core.results import Results
from planetview.core.scanning import scan
from planetview.core.settings import RunSettings
from planetview.engine.engine import TorchEngine

if __name__ == "__main__":
    root, store = Path(sys.argv[1]), Path(sys.argv[2])
    train, test, noise = (
        scan(root / name, role=role)
        for name, role in (("train", Role.REFERENCE), ("test", Role.HELD_OUT), ("noise", Role.CANDIDATE))
    )
    settings = RunSettings(threads=1, metrics=("fd", "kid-poly", "precision", "coverage", "psnr", "st-lpips-alex"))
    request = CompareRequest(train, (noise,), test, settings)
    for message in TorchEngine(store).run(request, CancelToken()):
        if isinstance(message, Progress):
            print(f"at {message.stage} {message.done}", flush=True)
        if isinstance(message, JobResult):
            assert isinstance(message.outcome, Results)
            for value in message.outcome.values:
                print(f"value {value.metric} {value.value!r} {value.floor!r}", flush=True)
            for gap in message.outcome.gaps:
                assert gap.neighbours is not None
                near = (gap.uncovered, gap.neighbours.indices, gap.neighbours.distances, gap.neighbours.radii)
                print(f"value gaps {[array.tolist() for array in near]}", flush=True)
            print(f"computed {message.outcome.provenance['images']['computed']}", flush=True)
