"""Results with two neighbour spaces over images that are nowhere on disk, for the neighbours page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.results import Gap, Neighbours, PairTable, RealNeighbours, Results
from planetview.core.settings import RunSettings

SPACES = ("vgg16-st", "dinov2-vitb14")
CLASSES = ("crater", "dune", None)
SCRIPTS = ("クレーター_{0}.png", "فوهة_{0}.png", "crater_{0}.png")


def records(name: str, n: int) -> tuple[ImageRecord, ...]:
    """Return n records with names in Japanese, Arabic and English, in three classes, one of them none."""
    # One path for all: making 50,000 takes a second.
    made, path = [], Path("/nowhere") / name
    for i in range(n):
        own = SCRIPTS[i % 3].format(f"{i:05d}")
        made.append(ImageRecord(own, path, None, CLASSES[i % 3], f"{name}{i}", 1, 64, 64, 1, "uint8"))
    return tuple(made)


def two_space_results(n: int, k: int = 4) -> Results:
    """Return results over n images a side; the two spaces agree on the nearest image of every second one."""
    roles = {"ref": Role.REFERENCE, "held": Role.HELD_OUT, "gan": Role.CANDIDATE}
    datasets = tuple(
        Dataset(name, role, Path(name), SourceKind.FOLDER, records(name, n)) for name, role in roles.items()
    )
    rng = np.random.default_rng(11)
    k = min(k, n)
    tables = []
    # Runs of neighbouring positions: k different images for each, without a permutation of all for each.
    first = (rng.integers(0, n, n)[:, None] + np.arange(k)) % n
    for by in SPACES:
        shift = 0 if by == SPACES[0] else np.where(np.arange(n) % 2 == 0, 0, 1)[:, None]
        tables.append(Neighbours("gan", "ref", by, (first + shift) % n, np.sort(rng.random((n, k)), axis=1)))
        tables.append(Neighbours("gan", "held", by, first, np.sort(rng.random((n, k)), axis=1)))
    scores = {"psnr": rng.normal(20, 4, n), "ssim": rng.random(n), "ms-ssim": np.full(n, np.nan)}
    scores["psnr"][0] = np.inf
    scores["ssim"][n // 2] = np.nan
    pairs = PairTable("gan", "ref", SPACES[0], np.arange(n), first[:, 0], rng.random(n) * 8, scores)
    entropy = {"gan": rng.random(n) * 8}
    return Results(datasets, RunSettings(), (), tuple(tables), (pairs,), (), entropy, provenance={"version": "1.2.3"})


def real_gap(candidate: str, by: str, total: int, *, seed: int = 3, n: int | None = None, k: int = 3) -> Gap:
    """Return the gap of a candidate with as many images as the reference, over `n` of the `total` real images.

    Every real image is nearest to images at other places; about a fifth of them lie outside of every ball.
    """
    rng = np.random.default_rng(seed)
    n = total if n is None else n
    compared = np.sort(np.random.default_rng(total).permutation(total)[:n])
    k = min(k, total)
    indices = (rng.integers(0, total, n)[:, None] + np.arange(k)) % total
    distances, radii = np.sort(rng.random((n, k)), axis=1), 0.3 + 0.2 * rng.random(n)
    near = RealNeighbours(indices, distances, radii, rng.integers(0, total, n), rng.random(n))
    outside = compared[distances[:, 0] >= radii]
    return Gap(candidate, by, compared, outside, outside[: outside.size // 3], near)


def results_with_gaps(n: int, compared: int | None = None) -> Results:
    """Return `two_space_results` with the neighbours of real images in both spaces."""
    results = two_space_results(n)
    # One seed would give both spaces the same neighbours; the images compared are the same in all spaces.
    gaps = tuple(real_gap("gan", by, n, n=compared, seed=seed) for seed, by in enumerate(SPACES))
    return replace(results, gaps=gaps, entropy_bits=results.entropy_bits | {"ref": np.linspace(0, 8, n)})
