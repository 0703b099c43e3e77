"""Plausible results over small real files, for front ends that are built and tested without the engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from planetview.core.catalogue import METRICS
from planetview.core.datasets import Dataset, ImageRecord, Role, SkippedImage, SourceKind
from planetview.core.results import Correlation, MetricValue, Neighbours, PairTable, Results
from planetview.core.settings import RunSettings
from planetview.core.stats import Interval


def terrain(rng: np.random.Generator, side: int = 48) -> np.ndarray:
    """Return a grey tile (side, side) uint8 with smooth relief and a crater or two."""
    y, x = np.mgrid[0:side, 0:side] / side
    height = sum(
        rng.normal() / f * np.sin(2 * np.pi * (f * (x * rng.normal() + y * rng.normal()) + rng.random()))
        for f in (1, 2, 4, 8)
    )
    for _ in range(int(rng.integers(1, 4))):
        cx, cy, r = rng.random(), rng.random(), 0.05 + 0.15 * rng.random()
        d = np.hypot(x - cx, y - cy) / r
        height = height + 1.5 * np.exp(-((d - 1) ** 2) * 8) - 1.5 * np.exp(-(d**2) * 2)
    span = np.ptp(height) or 1.0
    return ((height - height.min()) / span * 220 + 15).astype(np.uint8)


def write_tiles(folder: Path, n: int, seed: int, side: int = 48) -> tuple[ImageRecord, ...]:
    """Write n terrain PNGs into `folder` and return their records."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    records = []
    for i in range(n):
        path = folder / f"tile_{i:04d}.png"
        Image.fromarray(terrain(rng, side)).save(path)
        data = path.read_bytes()
        label = ("crater", "dune", "other")[i % 3]
        digest = hashlib.sha256(data).hexdigest()
        records.append(ImageRecord(path.name, path, None, label, digest, len(data), side, side, 1, "uint8"))
    return tuple(records)


def sample_results(folder: Path, n: int = 24) -> Results:
    """Return full results: reference, held-out, two candidates; some cells without a value."""
    rng = np.random.default_rng(5)
    sizes = {"real_train": 2 * n, "real_test": n, "gan_v1": n, "gan_v2": max(1, n // 2)}
    roles = {"real_train": Role.REFERENCE, "real_test": Role.HELD_OUT}
    datasets = tuple(
        Dataset(
            name,
            roles.get(name, Role.CANDIDATE),
            folder / name,
            SourceKind.FOLDER,
            write_tiles(folder / name, count, seed),
            (SkippedImage("broken_01.png", "truncated: the file ends early"),) if name == "gan_v1" else (),
            ("2 exact duplicates inside the set",) if name == "gan_v2" else (),
        )
        for seed, (name, count) in enumerate(sizes.items())
    )
    queries = ("gan_v1", "gan_v2", "real_test")
    neighbours = []
    for query in queries:
        for bank in ("real_train", "real_test"):
            if query != bank:
                order = rng.integers(0, sizes[bank], (sizes[query], 3))
                distances = np.sort(rng.gamma(4, 0.1, (sizes[query], 3)), axis=1)
                neighbours.append(Neighbours(query, bank, "vgg16-st", order, distances))
    pairs, correlations = [], []
    for query in queries:
        count = sizes[query]
        entropy = np.clip(rng.normal(6.2, 0.5, count), 0, 8)
        scores = {
            "psnr": 12 + 3 * (7 - entropy) + rng.normal(0, 1.0, count),
            "ssim": np.clip(0.5 - 0.2 * (entropy - 6) + rng.normal(0, 0.05, count), -1, 1),
            "ms-ssim": np.full(count, np.nan),
            "st-lpips-alex": np.clip(0.1 + 0.1 * (entropy - 6) + rng.normal(0, 0.03, count), 0, None),
        }
        scores["psnr"][0] = np.inf
        pairs.append(
            PairTable(
                query, "real_train", "vgg16-st", np.arange(count), rng.integers(0, sizes["real_train"], count), entropy,
                scores, {"ms-ssim": "48 × 48 px is too small for the standard form"},
            )
        )  # fmt: skip
        for metric in scores:
            if metric == "ms-ssim":
                correlations.append(Correlation(metric, query, None, None, None, None, 0, count, 0, "no finite scores"))
            else:
                r = float(rng.uniform(-0.8, 0.8))
                span = Interval(r - 0.15, r + 0.15, 0.95, "Fisher z")
                correlations.append(Correlation(metric, query, r, span, r * 0.9, span, count - 1, 1, count - 3))
    values = tuple(
        _cell(rng, spec.id, candidate, sizes[candidate]) for spec in METRICS.values() for candidate in queries[:2]
    )
    entropy_bits = {name: np.clip(rng.normal(6.2, 0.5, count), 0, 8) for name, count in sizes.items()}
    return Results(
        datasets, RunSettings(), values, tuple(neighbours), tuple(pairs), tuple(correlations), entropy_bits,
        unusable={"gan_v1": (("tile_0003.png", "changed since it was scanned"),)},
        warnings=("gan_v2 has 12 images: distribution metrics are mostly small-sample bias at this size.",),
        provenance={"version": "0.1.0", "device": "cpu", "seconds": 12.5},
    )  # fmt: skip


def _cell(rng: np.random.Generator, metric: str, candidate: str, n: int) -> MetricValue:
    spec = METRICS[metric]
    extractor = "vgg16-st" if spec.on_features else None
    if metric == "ms-ssim":
        return MetricValue(metric, extractor, candidate, reason="needs sides of at least 11 px × scales; have 48 px")
    if metric == "kid-rbf" and candidate == "gan_v2":
        return MetricValue(
            metric, extractor, candidate, reason="weights of VGG-16 (ST-LPIPS) are missing: pip install stlpips_pytorch"
        )
    floor = float(rng.uniform(0.2, 0.8))
    scale = (3.1 if candidate == "gan_v1" else 1.1) if spec.direction == "lower" else 0.6
    value = floor * scale
    spread = 0.08 * floor
    return MetricValue(
        metric, extractor, candidate, value, Interval(value - spread, value + spread, 0.95, "jackknife, 20 groups"),
        floor, Interval(floor - spread, floor + spread, 0.95, "jackknife, 20 groups"),
        ratio=value / floor if spec.has_ratio else None,
        beyond_floor=candidate == "gan_v1",
        n=n, seed=2020, variant="VGG-16 (ST-LPIPS), float32",
        notes=("subset size 1000 > 24 images: used 24",) if metric.startswith("kid") else (),
    )  # fmt: skip
