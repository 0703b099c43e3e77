"""Where numbers come from: versions, machine, networks, choices."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import planetview
from planetview.core.command_line import compare_words, quoted
from planetview.core.datasets import Dataset
from planetview.core.settings import RunSettings
from planetview.core.stretch import ResolvedStretch
from planetview.engine.devices import device_words
from planetview.engine.extractors import Extractor
from planetview.engine.perceptual import PairNetwork

_PACKAGES = ("torch", "torchvision", "numpy", "pillow", "rasterio", "scipy")


def describe_run(
    settings: RunSettings,
    paired_by: str,
    device: str,
    threads: int,
    extractors: Sequence[Extractor],
    perceptual: dict[str, PairNetwork],
    stretches: Sequence[tuple[Dataset, ResolvedStretch]],
    counts: dict[str, Any],
    began: datetime,
) -> dict[str, Any]:
    """Return the provenance of a run as a JSON-ready dictionary; times are UTC, ISO 8601."""
    now = datetime.now(UTC)
    return {
        "planetview": planetview.__version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "device": device,
        "device name": device_words(device, threads),
        "threads": threads,
        "seed": settings.seed,
        "stretch": {
            "choice": settings.stretch.label,
            "per dataset": {dataset.name: resolved.key for dataset, resolved in stretches},
        },
        "extractors": {
            extractor.id: {
                "preprocessing": extractor.preprocessing_id,
                "weights sha256": extractor.weights_digest,
                "precision": extractor.precision,
                "dimensions": extractor.dim,
            }
            for extractor in extractors
        },
        "precision": settings.precision,
        "perceptual": {name: {"weights sha256": network.weights_digest} for name, network in perceptual.items()},
        "sampling": "equal sizes on both sides: seeded subsamples without replacement, n = the smallest set involved",
        "pairing": f"each image with its nearest reference image by {paired_by}",
        "images": counts,
        "sets": {
            dataset.name: {"used": len(dataset), "skipped": len(dataset.skipped), "stretch": resolved.key}
            for dataset, resolved in stretches
        },
        "started": began.isoformat(timespec="seconds"),
        "finished": now.isoformat(timespec="seconds"),
        "seconds": round((now - began).total_seconds(), 2),
        "command": quoted(compare_words([dataset for dataset, _ in stretches], settings)),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
