"""Every distribution metric beside its reference, on the features of real and of synthetic Mars tiles."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from prdc import compute_prdc
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import calculate_precision_recall_full

from planetview.engine.extractors import load_extractor
from planetview.engine.metrics.frechet import frechet_from_features
from planetview.engine.metrics.inception_score import inception_score
from planetview.engine.metrics.kernel import kid, mmd_cmmd
from planetview.engine.metrics.manifold import manifold
from planetview.engine.weights import MissingWeights

Pair = tuple[np.ndarray, np.ndarray]
_TILES = 60

with warnings.catch_warnings():
    # Its imports name parts of torch and SciPy that will go.
    warnings.simplefilter("ignore")
    from cleanfid.fid import frechet_distance as clean_fid_frechet
    from cleanfid.fid import kernel_distance as clean_fid_kernel


@pytest.fixture(scope="module")
def tiles(shared_data: Path) -> Pair:
    """Return features of held-out and of synthetic tiles, float32."""
    try:
        extractor = load_extractor("vgg16-st")
    except MissingWeights as error:
        pytest.skip(error.message)
    sides = []
    for folder in ("test", "synth_spectral"):
        files = sorted(file for file in (shared_data / "hirise" / folder).iterdir() if file.is_file())
        images = [np.asarray(Image.open(file).convert("RGB")) for file in files[:_TILES]]
        sides.append(extractor.features(np.stack([extractor.prepare(image) for image in images])))
    return sides[0], sides[1]


@pytest.fixture(scope="module")
def narrow(tiles: Pair) -> Pair:
    """Return both sides on 40 shared directions: fewer than tiles, so that no covariance is singular."""
    directions = np.random.default_rng(1).normal(size=(tiles[0].shape[1], 40))
    return tiles[0] @ directions, tiles[1] @ directions


def test_the_frechet_distance_is_torch_fidelitys_and_clean_fids(narrow):
    real, fake = narrow
    statistics = [fid_features_to_statistics(torch.from_numpy(side)) for side in narrow]
    moments = [(side.mean(axis=0), np.cov(side, rowvar=False)) for side in narrow]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # SciPy's sqrtm(disp=...)
        clean = clean_fid_frechet(*moments[0], *moments[1])

    ours = frechet_from_features(real, fake)

    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert ours == pytest.approx(theirs, rel=1e-6)
    assert ours == pytest.approx(clean, rel=1e-6)


def test_singular_covariances_are_torch_fidelitys_to_its_rounding(tiles):
    statistics = [fid_features_to_statistics(torch.from_numpy(side)) for side in tiles]

    ours = frechet_from_features(*tiles)

    # Its means are float32 here, and eigenvalues of a singular product hold half the digits.
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert ours == pytest.approx(theirs, rel=1e-4)


@pytest.mark.parametrize("kernel", ["poly", "rbf"])
def test_kid_is_torch_fidelitys(tiles, kernel):
    real, fake = (torch.from_numpy(side).double() for side in tiles)
    theirs = kid_features_to_metric(
        real, fake, kid_kernel=kernel, kid_subsets=20, kid_subset_size=30, kid_kernel_poly_degree=3,
        kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1, kid_kernel_rbf_sigma=10.0, rng_seed=2020, verbose=False,
    )  # fmt: skip

    ours = kid(*tiles, kernel, subsets=20, subset_size=30, seed=2020)

    assert ours.mean == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-6)
    assert ours.sd == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-6)


def test_kid_of_whole_sets_is_clean_fids(tiles):
    real, fake = (side.astype(np.float64) for side in tiles)

    ours = kid(*tiles, subsets=2, subset_size=_TILES)

    # With subsets of all images its unseeded draws are permutations, which change nothing.
    assert ours.mean == pytest.approx(clean_fid_kernel(real, fake, num_subsets=2, max_subset_size=_TILES), rel=1e-6)
    assert ours.mean == pytest.approx(ours.all_pairs, rel=1e-9)


def test_cmmd_is_its_formula(tiles):
    x, y = (side.astype(np.float64) for side in tiles)
    x, y = x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)

    def mean_kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-np.square(a[:, None] - b[None]).sum(axis=2) / (2 * 10.0**2)).mean())

    expected = 1000 * (mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y))
    assert mmd_cmmd(*(side.astype(np.float64) for side in tiles)).biased == pytest.approx(expected, rel=1e-6)
    assert mmd_cmmd(*tiles).biased == pytest.approx(expected, rel=1e-4)  # float32 products


def test_precision_and_recall_are_torch_fidelitys_and_all_four_are_prdcs(tiles):
    real, fake = tiles
    theirs = calculate_precision_recall_full(torch.from_numpy(fake), torch.from_numpy(real), neighborhood=3)
    four = compute_prdc(real.astype(np.float64), fake.astype(np.float64), 5)

    published, ours = manifold(real, fake, k_pr=3, k_dc=5), manifold(real, fake, k_pr=5, k_dc=5, inclusive=False)

    assert (published.precision, published.recall) == pytest.approx(theirs, abs=1e-6)
    assert [ours.precision, ours.recall, ours.density, ours.coverage] == pytest.approx(
        [four["precision"], four["recall"], four["density"], four["coverage"]], abs=1e-12
    )


def test_the_inception_score_is_torch_fidelitys(tiles):
    classifier = np.random.default_rng(2).normal(size=(tiles[1].shape[1], 100)).astype(np.float32) * 5
    logits = torch.from_numpy(tiles[1]).double() @ torch.from_numpy(classifier).double()

    ours = inception_score(tiles[1], classifier, splits=10, seed=2020)

    theirs = isc_features_to_metric(logits, splits=10, rng_seed=2020)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-6)
    assert ours.sd == pytest.approx(theirs["inception_score_std"], rel=1e-6)
