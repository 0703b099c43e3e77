"""How far a lower precision moves the metrics of an extractor, against their intervals.

    python benchmarks/precision.py vgg16-st REFERENCE CANDIDATE [--images 300]

Features of both folders are computed in float32 and in the lower precision, and every distribution metric from each.
The lower precision may be offered as "fast" only where each metric moves less than half of its 95 % interval. Speed
is the ratio of the feature stage alone. The outcome is recorded in docs/precision.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

METRICS = ("fd", "kid-poly", "kid-rbf", "cmmd", "precision", "recall", "density", "coverage")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    from planetview.engine.devices import choose_device

    device = choose_device(options.device)
    images = [_images(folder, options.images) for folder in options.folders]
    exact, seconds = _features(options.extractor, "float32", device, images)
    low, fast_seconds = _features(options.extractor, options.precision, device, images)
    error = max(float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(exact, low, strict=True))
    print(f"{options.extractor}, {options.precision} on {device}: {seconds / fast_seconds:.2f} times as fast; ")
    print(f"largest feature difference {error:.2e} of the largest feature; same nearest reference image for "
          f"{_same_neighbours(exact, low):.1%} of the candidates")  # fmt: skip
    print("| metric | float32 | interval | lower precision | moved by | of half the interval | mixed precisions |")
    print("|---|---|---|---|---|---|---|")
    is_allowed = True
    for metric in METRICS:
        value, interval = _value(metric, exact[0], exact[1])
        moved, _ = _value(metric, low[0], low[1])
        mixed, _ = _value(metric, exact[0], low[1])
        half = (interval[1] - interval[0]) / 2
        share = abs(moved - value) / half
        is_allowed &= share < 0.5
        print(f"| {metric} | {value:.6g} | {interval[0]:.6g} to {interval[1]:.6g} | {moved:.6g} | {moved - value:+.2g} "
              f"| {share:.1%} | {mixed:.6g} |")  # fmt: skip
    print("Allowed as fast." if is_allowed else "Not allowed: float32 stays.")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extractor")
    parser.add_argument("folders", nargs=2, type=Path)
    parser.add_argument("--precision", default="bfloat16", choices=("bfloat16", "float16"))
    parser.add_argument("--images", type=int, default=300, help="a folder, evenly spread")
    parser.add_argument("--device", default="auto")
    return parser.parse_args(arguments)


def _images(folder: Path, count: int) -> list[NDArray[np.uint8]]:
    from planetview.core.readers import load_rgb8, resolve_stretch
    from planetview.core.scanning import scan
    from planetview.core.stretch import Stretch

    dataset = scan(folder)
    stretch = resolve_stretch(Stretch(), dataset, 0)
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int)
    return [load_rgb8(dataset.images[i], stretch) for i in chosen]


def _features(
    extractor: str, precision: str, device: object, sets: list[list[NDArray[np.uint8]]]
) -> tuple[list[NDArray[np.float32]], float]:
    from importlib import import_module

    from planetview.engine.extractors import _BUILDERS

    network = import_module(_BUILDERS[extractor]).build(extractor, device, precision)
    found = []
    network.features(np.stack([network.prepare(sets[0][0])]))
    seconds = 0.0
    for images in sets:
        batches = [np.stack([network.prepare(i) for i in images[k : k + 16]]) for k in range(0, len(images), 16)]
        began = time.perf_counter()
        found.append(np.concatenate([network.features(batch) for batch in batches]))
        seconds += time.perf_counter() - began
    return found, seconds


def _same_neighbours(exact: list[NDArray[np.float32]], low: list[NDArray[np.float32]]) -> float:
    from planetview.engine.neighbours import nearest

    first = [nearest(sets[1], sets[0], 1, check=lambda: None)[0][:, 0] for sets in (exact, low)]
    return float(np.mean(first[0] == first[1]))


def _value(
    metric: str, reference: NDArray[np.float32], candidate: NDArray[np.float32]
) -> tuple[float, tuple[float, float]]:
    from planetview.core.settings import RunSettings
    from planetview.engine.distribution import Comparison, distribution_outcome
    from planetview.engine.memo import Memo
    from planetview.engine.store import FeatureStore

    n = min(len(reference), len(candidate))
    with tempfile.TemporaryDirectory() as folder, FeatureStore(Path(folder) / "memo.sqlite") as store:
        pair = Comparison(reference[:n], candidate[:n], "reference", "candidate")
        outcome = distribution_outcome(metric, pair, RunSettings(), Memo(store), lambda: None)
    if outcome.value is None or outcome.interval is None:
        raise SystemExit(f"{metric} has no value: {outcome.reason}")
    return outcome.value, (outcome.interval.low, outcome.interval.high)


if __name__ == "__main__":
    sys.exit(main())
