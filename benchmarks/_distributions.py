"""Stages that compare two feature sets: Fréchet distance, covariance, KID, CMMD, the manifold scores, neighbours."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from _inputs import features
from _timing import Case, Peer, largest, relative
from numpy.typing import NDArray

from planetview.engine.metrics.frechet import GaussianStats, frechet_distance, frechet_from_features, gaussian_stats
from planetview.engine.metrics.kernel import CmmdResult, KidResult, kid, mmd_cmmd
from planetview.engine.metrics.manifold import ManifoldScores, manifold
from planetview.engine.neighbours import nearest

Floats = NDArray[np.float32]


def _no_check() -> None:
    """Nobody cancels a benchmark."""


def frechet(quick: bool) -> Iterator[Case]:
    """Time from feature rows where n <= d, and from ready statistics where n > d, as the peers take them there."""
    from cleanfid.fid import fid_from_feats
    from cleanfid.fid import frechet_distance as sqrtm_distance
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    def by_eigenvalues(x: Floats, y: Floats) -> float:
        sides = [fid_features_to_statistics(torch.from_numpy(f)) for f in (x, y)]
        return float(fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"])

    for n, d in [(200, 384)] if quick else [(400, 1408), (900, 1408), (900, 2048)]:
        x, y = features(n, d, 2), features(n, d, 3, shift=0.05)
        yield Case(
            "Fréchet, n ≤ d, from features", f"{n} × {d}", lambda x=x, y=y: frechet_from_features(x, y),
            (Peer("clean-fid (SciPy sqrtm)", lambda x=x, y=y: fid_from_feats(x, y), relative),
             Peer("torch-fidelity (eigvals)", lambda x=x, y=y: by_eigenvalues(x, y), relative)),
            memory=True,
        )  # fmt: skip
    for n, d in [(1000, 384)] if quick else [(6000, 2048)]:
        a, b = gaussian_stats(features(n, d, 2)), gaussian_stats(features(n, d, 3, shift=0.05))
        sides = [{"mu": s.mean, "sigma": s.cov} for s in (a, b)]
        yield Case(
            "Fréchet, n > d, from statistics", f"d = {d}", lambda a=a, b=b: frechet_distance(a, b),
            (Peer("clean-fid (SciPy sqrtm)", lambda a=a, b=b: sqrtm_distance(a.mean, a.cov, b.mean, b.cov), relative),
             Peer("torch-fidelity (eigvals)",
                  lambda sides=sides: fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"],
                  relative)),
            memory=True,
        )  # fmt: skip


def covariance(quick: bool) -> Iterator[Case]:
    """Time mean and covariance of float32 features."""
    n, d = (4000, 384) if quick else (20_000, 2048)
    x = features(n, d, 2)

    def plain() -> tuple[Any, Any]:
        return x.mean(axis=0), np.cov(x, rowvar=False)

    def differs(ours: GaussianStats, theirs: tuple[Any, Any]) -> float:
        return largest(ours.cov, theirs[1]) / float(np.abs(theirs[1]).max())

    yield Case(
        "mean and covariance", f"{n:,} × {d}", lambda: gaussian_stats(x),
        (Peer("NumPy cov (all peers)", plain, differs),), memory=True,
    )  # fmt: skip


def kid_poly(quick: bool) -> Iterator[Case]:
    """Time 100 subsets of 1000; ours gives the value of all pairs and an interval besides."""
    from cleanfid.fid import kernel_distance
    from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, kid_features_to_metric

    n, d, subsets, size = (400, 256, 20, 200) if quick else (1900, 2048, 100, 1000)
    x, y = features(n, d, 2), features(n, d, 3, shift=0.05)

    def as_torch_fidelity(x: NDArray[Any], y: NDArray[Any]) -> float:
        options = {"kid_subsets": subsets, "kid_subset_size": size, "rng_seed": 2020, "verbose": False}
        sides = torch.from_numpy(x), torch.from_numpy(y)
        return float(kid_features_to_metric(*sides, **options)[KEY_METRIC_KID_MEAN])

    def as_clean_fid() -> float:
        # It draws from its second set first: with this seed the subsets are those of torch-fidelity.
        np.random.seed(2020)
        return float(kernel_distance(y, x, num_subsets=subsets, max_subset_size=size))

    def differs(ours: KidResult, theirs: float) -> float:
        return relative(ours.mean, theirs)

    double = x.astype(np.float64), y.astype(np.float64)
    yield Case(
        "KID poly", f"{subsets} × {size} of {n}, d = {d}",
        lambda: kid(x, y, subsets=subsets, subset_size=size),
        (Peer("torch-fidelity", lambda: as_torch_fidelity(x, y), differs),
         Peer("torch-fidelity, fed float64", lambda: as_torch_fidelity(*double), differs),
         Peer("clean-fid", as_clean_fid, differs)),
        memory=True,
    )  # fmt: skip


def _plain_cmmd(x: Floats, y: Floats, dtype: type) -> float:
    """Return 1000 × the biased squared MMD of unit vectors, kernel exp(-|a - b|²/200), from three full matrices."""
    a, b = (f.astype(dtype) / np.linalg.norm(f.astype(dtype), axis=1, keepdims=True) for f in (x, y))

    def mean_kernel(p: NDArray[Any], q: NDArray[Any]) -> Any:
        squared = (p * p).sum(axis=1)[:, None] + (q * q).sum(axis=1)[None, :] - 2 * (p @ q.T)
        return np.exp(-squared / dtype(200.0)).mean()

    return float(1000 * (mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b)))


def cmmd(quick: bool) -> Iterator[Case]:
    """Time CMMD, which no installable peer offers: against its formula written plainly with full matrices."""
    n, d = (1000, 256) if quick else (5000, 768)
    x, y = features(n, d, 2), features(n, d, 3, shift=0.05)

    def differs(ours: CmmdResult, theirs: float) -> float:
        return relative(ours.biased, theirs)

    yield Case(
        "CMMD", f"{n:,} × {n:,}, d = {d}", lambda: mmd_cmmd(x, y),
        (Peer("formula, full float32", lambda: _plain_cmmd(x, y, np.float32), differs),
         Peer("formula, full float64", lambda: _plain_cmmd(x, y, np.float64), differs)),
        memory=True,
    )  # fmt: skip


def manifold_scores(quick: bool) -> Iterator[Case]:
    """Time precision, recall, density and coverage; torch-fidelity computes the first two only."""
    import prdc
    from torch_fidelity.metric_prc import prc_features_to_metric

    n, d, k = (800, 256, 5) if quick else (5000, 1408, 5)
    real, fake = features(n, d, 2), features(n, d, 3, shift=0.02)

    def as_prdc() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            scores = prdc.compute_prdc(real, fake, nearest_k=k)
        return [float(scores[name]) for name in ("precision", "recall", "density", "coverage")]

    def as_torch_fidelity(save_cpu_ram: bool) -> Callable[[], list[float]]:
        def run() -> list[float]:
            scores = prc_features_to_metric(
                torch.from_numpy(fake), torch.from_numpy(real),
                prc_neighborhood=k, prc_batch_size=10_000, save_cpu_ram=save_cpu_ram, verbose=False,
            )  # fmt: skip
            return [float(scores["precision"]), float(scores["recall"])]

        return run

    def differs(ours: ManifoldScores, theirs: list[float]) -> float:
        return largest([ours.precision, ours.recall, ours.density, ours.coverage][: len(theirs)], theirs)

    yield Case(
        "precision, recall, density, coverage", f"{n:,} × {n:,}, d = {d}",
        lambda: manifold(real, fake, k_pr=k, k_dc=k, inclusive=False),
        (Peer("prdc", as_prdc, differs, "absolute"),
         Peer("torch-fidelity (two of the four)", as_torch_fidelity(False), differs, "absolute"),
         Peer("torch-fidelity, saving memory", as_torch_fidelity(True), differs, "absolute")),
        # Two own matrices by symmetry, one mixed: n² pairs twice.
        flops=2.0 * 2 * n * n * d, memory=True,
    )  # fmt: skip


def neighbours(quick: bool) -> Iterator[Case]:
    """Time the 10 nearest of every vector; ours is exact in float64, the peers answer in float32."""
    from sklearn.neighbors import NearestNeighbors

    n, d, k = (1000, 256, 10) if quick else (5000, 1408, 10)
    queries, bank = features(n, d, 2), features(n, d, 3)

    def by_sklearn() -> NDArray[Any]:
        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(bank)
        return np.asarray(search.kneighbors(queries)[0])

    def by_cdist() -> NDArray[Any]:
        distances = torch.cdist(torch.from_numpy(queries), torch.from_numpy(bank))
        return distances.topk(k, dim=1, largest=False).values.numpy()

    def differs(ours: tuple[Any, Any], theirs: NDArray[Any]) -> float:
        return largest(ours[1] / theirs, np.ones_like(theirs))

    yield Case(
        "nearest neighbours", f"{n:,} × {n:,}, d = {d}, k = {k}",
        lambda: nearest(queries, bank, k, check=_no_check),
        (Peer("scikit-learn brute force", by_sklearn, differs),
         Peer("torch cdist + topk", by_cdist, differs)),
        flops=2.0 * n * n * d, memory=True,
    )  # fmt: skip
