"""PlanetView against torch-fidelity from image files to numbers: same folders, same weight files, same settings.

Anyone with the published weight files can check the program that makes their numbers:

    python benchmarks/parity.py REFERENCE CANDIDATE --weights FOLDER

FOLDER holds weights-inception-2015-12-05-6726825d.pth and vgg16-397923af.pth. Without it both programs get the same
seeded random weights, and without image folders the same seeded terrain: the paths through the code are the same, the
numbers mean nothing. Prints a table; the exit status is 1 when a value differs by more than `TOLERANCE`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
VGG16_FILE = "vgg16-397923af.pth"
# Relative, or absolute below 1: both programs round features to float32, in different orders.
TOLERANCE = 1e-4

_OURS = (
    ("isc", "inception-tf1", "inception_score_mean"),
    ("fd", "inception-tf1", "frechet_inception_distance"),
    ("kid-poly", "inception-tf1", "kernel_inception_distance_mean"),
    ("kid-rbf", "inception-tf1", "kid-rbf"),
    ("precision", "vgg16-fc2", "precision"),
    ("recall", "vgg16-fc2", "recall"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        weights = options.weights or _random_weights(work)
        os.environ["PLANETVIEW_HOME"] = str(work / "home")
        os.environ["PLANETVIEW_WEIGHTS"] = str(work / "weights")
        reference, candidate = options.images or _terrain(work, options.tiles, options.side)
        theirs = _torch_fidelity(reference, candidate, weights, options.subset_size)
        ours = _planetview(reference, candidate, weights, options.subset_size)
    print(f"{'metric':28} {'torch-fidelity':>18} {'PlanetView':>18} {'difference':>12}")
    worst = 0.0
    for metric, extractor, name in _OURS:
        a, b = theirs[name], ours[metric, extractor]
        difference = abs(a - b) / max(1.0, abs(a))
        worst = max(worst, difference)
        print(f"{metric + ' · ' + extractor:28} {a:18.9g} {b:18.9g} {difference:12.2e}")
    print(f"Largest difference {worst:.2e}, allowed {TOLERANCE:g}.")
    return int(worst > TOLERANCE)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path, help="reference folder and candidate folder")
    parser.add_argument("--weights", type=Path, help="folder with the two published files")
    parser.add_argument("--tiles", type=int, default=48, help="tiles a set, without image folders")
    parser.add_argument("--side", type=int, default=96, help="their side in pixels")
    parser.add_argument("--subset-size", type=int, default=1000, help="KID subset size; at most the images of a set")
    options = parser.parse_args(arguments)
    if len(options.images) not in (0, 2):
        parser.error("give a reference folder and a candidate folder, or neither")
    return options


def _random_weights(work: Path) -> Path:
    from tests.engine.networks.inception_files import official_inception_file
    from tests.engine.networks.vgg16_files import official_vgg16_file

    folder = work / "published"
    folder.mkdir()
    official_inception_file(folder, seed=1)
    official_vgg16_file(folder, seed=2)
    return folder


def _terrain(work: Path, tiles: int, side: int) -> tuple[Path, Path]:
    """Write two sets of seeded tiles: smooth noise, the second rougher than the first."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(5)
    folders = (work / "real", work / "synthetic")
    for folder, slope in zip(folders, (1.6, 1.2), strict=True):
        folder.mkdir()
        frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]) + 1 / side
        for i in range(tiles):
            spectrum = np.fft.rfft2(rng.standard_normal((side, side))) / frequency**slope
            tile = np.fft.irfft2(spectrum, (side, side))
            grey = np.clip(128 + 40 * (tile - tile.mean()) / tile.std(), 0, 255).astype(np.uint8)
            Image.fromarray(np.stack([grey, grey // 2 + 60, 255 - grey], axis=2)).save(folder / f"{i:05}.png")
    return folders


def _torch_fidelity(reference: Path, candidate: Path, weights: Path, subset_size: int) -> dict[str, float]:
    import torch_fidelity

    n = min(_count(reference), _count(candidate))
    common = {"cuda": False, "verbose": False, "cache": False, "batch_size": 16, "samples_shuffle": False}
    inception = {**common, "feature_extractor_weights_path": str(weights / INCEPTION_FILE)}
    pair = {"input1": str(candidate), "input2": str(reference)}
    found = torch_fidelity.calculate_metrics(**pair, **inception, isc=True, fid=True, isc_splits=10 if n >= 1000 else 1)
    # PlanetView draws the reference's subsets first; the kernel distance itself is symmetric.
    swapped = {"input1": str(reference), "input2": str(candidate), "kid_subset_size": min(n, subset_size)}
    found |= torch_fidelity.calculate_metrics(**swapped, **inception, kid=True)
    rbf = torch_fidelity.calculate_metrics(**swapped, **inception, kid=True, kid_kernel="rbf")
    found["kid-rbf"] = rbf["kernel_inception_distance_mean"]
    found |= torch_fidelity.calculate_metrics(
        **pair, **common, prc=True, feature_extractor_weights_path=str(weights / VGG16_FILE)
    )
    return {name: float(value) for name, value in found.items()}


def _planetview(reference: Path, candidate: Path, weights: Path, subset_size: int) -> dict[tuple[str, str], float]:
    from dataclasses import replace

    from planetview.core.cancel import CancelToken
    from planetview.core.datasets import Role
    from planetview.core.messages import CompareRequest, JobResult, ModelsAction, ModelsRequest
    from planetview.core.results import Results
    from planetview.core.scanning import scan
    from planetview.core.settings import RunSettings
    from planetview.engine.engine import TorchEngine

    engine = TorchEngine()
    for _ in engine.run(ModelsRequest(ModelsAction.IMPORT, paths=(weights,), accept_unknown=True), CancelToken()):
        pass
    settings = RunSettings(
        metrics=tuple(dict.fromkeys(metric for metric, _, _ in _OURS)),
        extractors=("inception-tf1", "vgg16-fc2"),
        neighbours_by=("inception-tf1",),
        kid_subset_size=subset_size,
    )
    sets = [scan(folder, role=role) for folder, role in ((reference, Role.REFERENCE), (candidate, Role.CANDIDATE))]
    request = CompareRequest(sets[0], (replace(sets[1], name="candidate"),), None, settings)
    results = None
    for message in engine.run(request, CancelToken()):
        if isinstance(message, JobResult):
            results = message.outcome
    assert isinstance(results, Results)
    values = {}
    for metric, extractor, _ in _OURS:
        cell = results.value(metric, "candidate", extractor)
        if cell.value is None:
            raise SystemExit(f"{metric} on {extractor}: {cell.reason}")
        values[metric, extractor] = cell.value
    return values


def _count(folder: Path) -> int:
    return sum(path.suffix.lower() in (".png", ".jpg", ".jpeg") for path in folder.rglob("*"))


if __name__ == "__main__":
    sys.exit(main())
