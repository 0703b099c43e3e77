"""Which real images no synthetic one comes near: against distances by hand, against coverage, and through files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prdc import compute_prdc
from sklearn.neighbors import NearestNeighbors

from planetview.core.datasets import Role
from planetview.core.results import Gap, RealNeighbours, Results
from planetview.core.results_io import results_from_document, results_from_json, results_to_document, results_to_json
from planetview.core.settings import RunSettings
from planetview.engine.distribution import Comparison, uncovered_reference
from planetview.engine.memo import Memo
from planetview.engine.metrics import manifold as manifold_module
from planetview.engine.sampling import subsample
from planetview.engine.store import FeatureStore
from planetview.engine.values import DistributionTable, Sets
from tests.engine.metrics.clouds import cloud
from tests.engine.test_distribution_table import inputs
from tests.samples import sample_results


def no_check() -> None:
    return None


@pytest.fixture
def memo(tmp_path: Path) -> Iterator[Memo]:
    with FeatureStore(tmp_path / "store") as store:
        yield Memo(store)


def study(reference: int, held_out: int, candidate: int, shift: float = 1.2) -> Sets:
    return Sets(
        inputs("real", Role.REFERENCE, cloud(reference, 6, seed=1)),
        inputs("held", Role.HELD_OUT, cloud(held_out, 6, seed=2)) if held_out else None,
        (inputs("gan", Role.CANDIDATE, cloud(candidate, 6, seed=3, shift=shift)),),
    )


def by_hand(real: np.ndarray, fake: np.ndarray, k: int = 5) -> np.ndarray:
    """Return the rows of `real` whose ball, out to the k-th other real point, holds no fake point."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    own = np.linalg.norm(real[:, None] - real[None], axis=2)
    np.fill_diagonal(own, np.inf)
    radii = np.sort(own, axis=1)[:, k - 1]
    nearest = np.linalg.norm(real[:, None] - fake[None], axis=2).min(axis=1)
    return np.flatnonzero(nearest >= radii)


def test_uncovered_images_are_those_without_a_synthetic_one_in_their_ball(memo):
    sets = study(80, 0, 80)
    real, fake = sets.reference.features["x"], sets.candidates[0].features["x"]

    found = uncovered_reference(Comparison(real, fake, "r", "f"), RunSettings(), memo, no_check)

    assert found.tolist() == by_hand(real, fake).tolist()
    assert 0 < len(found) < 80


def test_gaps_are_positions_in_the_reference_and_their_share_is_one_less_coverage(memo):
    sets = study(90, 70, 60)
    held_out = sets.held_out
    assert held_out is not None
    table = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check)

    gap = table.gap("x", sets.candidates[0])
    cell = table.value("coverage", "x", sets.candidates[0])

    assert gap is not None and gap.held_out_uncovered is not None
    rows = subsample(90, 60, RunSettings().seed, Role.REFERENCE)
    assert gap.compared.tolist() == rows.tolist()
    real, fake = sets.reference.features["x"][rows], sets.candidates[0].features["x"]
    assert gap.uncovered.tolist() == rows[by_hand(real, fake)].tolist()
    assert gap.uncovered.size / 60 == pytest.approx(1 - cell.value)
    assert gap.held_out_uncovered.size / 60 == pytest.approx(1 - cell.floor)
    others = held_out.features["x"][subsample(70, 60, RunSettings().seed, Role.HELD_OUT)]
    assert gap.held_out_uncovered.tolist() == rows[by_hand(real, others)].tolist()


def test_the_nearest_synthetic_images_are_those_of_scikit_learn_among_the_images_compared(memo):
    sets = study(90, 70, 110)
    held_out = sets.held_out
    assert held_out is not None
    gap = DistributionTable(sets, RunSettings(neighbours_k=4), memo, {"x": "space"}, no_check).gap(
        "x", sets.candidates[0]
    )

    assert gap is not None and gap.neighbours is not None
    found, seed = gap.neighbours, RunSettings().seed
    rows = subsample(90, 70, seed, Role.REFERENCE)
    real = sets.reference.features["x"][rows].astype(np.float64)
    drawn = subsample(110, 70, seed, Role.CANDIDATE)
    search = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(sets.candidates[0].features["x"][drawn])
    distances, indices = search.kneighbors(real)
    assert found.indices.tolist() == drawn[indices].tolist()
    assert found.distances == pytest.approx(distances, rel=1e-5)
    own = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(real).kneighbors(real)[0]
    assert found.radii == pytest.approx(own[:, 5], rel=1e-6)
    others = held_out.features["x"].astype(np.float64)
    far, which = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(others).kneighbors(real)
    assert found.held_out_indices is not None and found.held_out_distances is not None
    assert found.held_out_indices.tolist() == which[:, 0].tolist()
    assert found.held_out_distances == pytest.approx(far[:, 0], rel=1e-6)
    # The gaps are those whose nearest synthetic image lies outside of their ball, as many as prdc says.
    outside = rows[found.distances[:, 0] >= found.radii]
    assert gap.uncovered.tolist() == outside.tolist()
    theirs = compute_prdc(real, sets.candidates[0].features["x"][drawn].astype(np.float64), 5)
    assert gap.uncovered.size == round(70 * (1 - theirs["coverage"]))


def test_what_is_nearest_is_found_in_the_pass_that_makes_coverage(memo, monkeypatch):
    sets = study(60, 50, 60)
    passes: list[int] = []
    real_pass = manifold_module.manifold
    monkeypatch.setattr(manifold_module, "manifold", lambda *a, **k: passes.append(1) or real_pass(*a, **k))
    table = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check)

    for metric in ("precision", "recall", "density", "coverage"):
        table.value(metric, "x", sets.candidates[0])
    table.gap("x", sets.candidates[0])

    assert len(passes) == 2  # of the candidate and of its floor


def test_a_store_from_before_neighbours_were_kept_gives_the_same_gaps(tmp_path, memo):
    sets = study(60, 50, 60)
    first = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check).gap("x", sets.candidates[0])
    fewer = DistributionTable(sets, RunSettings(neighbours_k=2), memo, {"x": "space"}, no_check)

    again = fewer.gap("x", sets.candidates[0])

    assert first is not None and again is not None
    assert first.neighbours is not None and again.neighbours is not None
    assert again.uncovered.tolist() == first.uncovered.tolist()
    assert again.neighbours.indices.tolist() == first.neighbours.indices[:, :2].tolist()


def test_without_a_held_out_set_there_is_nothing_beside_the_gaps(memo):
    sets = study(40, 0, 40)

    gap = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check).gap("x", sets.candidates[0])

    assert gap is not None
    assert gap.held_out_uncovered is None
    assert gap.neighbours is not None and gap.neighbours.held_out_indices is None


def test_too_few_images_have_no_gaps(memo):
    sets = study(3, 0, 1)
    table = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check)

    assert table.value("coverage", "x", sets.candidates[0]).value is None
    assert table.gap("x", sets.candidates[0]) is None


def test_a_second_look_reads_the_store(memo):
    sets = study(40, 0, 40)
    table = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, no_check)
    first = table.gap("x", sets.candidates[0])
    checks: list[int] = []

    again = DistributionTable(sets, RunSettings(), memo, {"x": "space"}, lambda: checks.append(1))
    second = again.gap("x", sets.candidates[0])

    assert first is not None and second is not None
    assert second.uncovered.tolist() == first.uncovered.tolist()
    assert checks == []


@pytest.fixture
def results(tmp_path: Path) -> Results:
    near = RealNeighbours(np.arange(96).reshape(48, 2) % 24, np.ones((48, 2)), np.full(48, 2.0))
    gap = Gap("gan_v1", "vgg16-st", np.arange(48), np.array([3, 7]), np.array([7]), near)
    other = Gap("gan_v2", "vgg16-st", np.arange(24), np.array([], np.int64), None)
    return replace(sample_results(tmp_path / "samples"), gaps=(gap, other))


def test_gaps_survive_files_with_arrays_inline_and_beside(results):
    arrays: dict[str, np.ndarray] = {}
    document = results_to_document(results, arrays)

    for back in (results_from_json(results_to_json(results)), results_from_document(document, arrays)):
        gap = back.gap_of("gan_v1", "vgg16-st")
        assert gap.uncovered.tolist() == [3, 7]
        assert gap.held_out_uncovered is not None and gap.held_out_uncovered.tolist() == [7]
        assert back.gap_of("gan_v2").held_out_uncovered is None
        assert back.gap_of("gan_v2").uncovered.size == 0
        assert gap.neighbours is not None and back.gap_of("gan_v2").neighbours is None
        assert gap.neighbours.indices.tolist() == (np.arange(96).reshape(48, 2) % 24).tolist()
        assert gap.neighbours.distances.tolist() == np.ones((48, 2)).tolist()
        assert gap.neighbours.radii.tolist() == [2.0] * 48 and gap.neighbours.held_out_indices is None


def test_results_from_before_gaps_were_kept_still_open(results):
    document = results_to_document(results)
    del document["gaps"]

    back = results_from_document(document)

    assert back.gaps == ()
    with pytest.raises(KeyError):
        back.gap_of("gan_v1")


def test_gaps_from_before_their_neighbours_were_kept_still_open(results):
    document = results_to_document(results)
    for gap in document["gaps"]:
        del gap["neighbours"]

    back = results_from_document(document)

    assert back.gap_of("gan_v1").uncovered.tolist() == [3, 7]
    assert back.gap_of("gan_v1").neighbours is None
