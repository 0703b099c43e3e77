"""Cells of the distribution table: equal sizes, own sizes, classes, notes, floors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from planetview.core.cancel import Cancelled
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.settings import RunSettings
from planetview.core.stretch import ResolvedStretch, Stretch
from planetview.engine.distribution import own_sizes
from planetview.engine.inputs import Inputs
from planetview.engine.memo import Memo
from planetview.engine.metrics.fid50k import fid50k
from planetview.engine.metrics.inception_score import inception_score
from planetview.engine.sampling import subsample
from planetview.engine.store import FeatureStore
from planetview.engine.values import DistributionTable, Sets
from tests.engine.metrics.clouds import cloud

CLASSES = np.asarray(cloud(6, 9, seed=50), dtype=np.float32)


def inputs(name: str, role: Role, features: np.ndarray) -> Inputs:
    images = tuple(
        ImageRecord(f"{i}.png", Path(f"{i}.png"), None, None, f"{name}{i}", 1, 8, 8, 1, "uint8")
        for i in range(len(features))
    )
    dataset = Dataset(name, role, Path(name), SourceKind.FOLDER, images)
    numbers = {"x": np.asarray(features, dtype=np.float32)}
    return Inputs(dataset, ResolvedStretch(Stretch()), numbers, np.zeros(len(features)), (), 0)


def sets(reference: int, held_out: int, candidate: int, shift: float = 0.3) -> Sets:
    return Sets(
        inputs("real", Role.REFERENCE, cloud(reference, 6, seed=1)),
        inputs("held", Role.HELD_OUT, cloud(held_out, 6, seed=2)) if held_out else None,
        (inputs("gan", Role.CANDIDATE, cloud(candidate, 6, seed=3, shift=shift)),),
    )


@pytest.fixture
def memo(tmp_path) -> Iterator[Memo]:
    with FeatureStore(tmp_path / "store") as store:
        yield Memo(store)


def cell(metric: str, study: Sets, memo: Memo, settings: RunSettings | None = None, check=lambda: None):
    table = DistributionTable(study, settings or RunSettings(), memo, {"x": "space"}, check, {"x": CLASSES})
    return table.value(metric, "x", study.candidates[0])


def test_fid50k_takes_all_images_of_both_sides(memo):
    study = sets(300, 200, 120)

    found = cell("fid50k", study, memo)

    reference, candidate = study.reference.features["x"], study.candidates[0].features["x"]
    assert found.value == pytest.approx(fid50k(reference, candidate)[0], rel=1e-12)
    assert found.n == 120
    assert "300 reference and 120 candidate images" in found.variant
    assert any("not a published run" in note for note in found.notes)


def test_the_floor_of_fid50k_has_as_many_images_as_the_candidate(memo):
    study = sets(300, 200, 120)
    assert study.held_out is not None
    rows = subsample(200, 120, RunSettings().seed, Role.HELD_OUT)

    found = cell("fid50k", study, memo)

    held_out = study.held_out.features["x"][rows]
    assert found.floor == pytest.approx(fid50k(study.reference.features["x"], held_out)[0], rel=1e-12)
    assert found.ratio == pytest.approx(found.value / found.floor)
    assert found.beyond_floor is True
    assert "seeded subsample of 120 from 200 of held" in found.notes


def test_a_smaller_held_out_set_raises_the_floor_and_the_note_says_so(memo):
    found = cell("fid50k", sets(300, 80, 120), memo)

    assert any("80 held-out images against 120" in note for note in found.notes)
    assert found.n == 120


def test_without_a_held_out_set_there_is_no_floor(memo):
    found = cell("fid50k-full", sets(60, 0, 90), memo)

    assert found.value is not None
    assert found.floor is None
    assert "no held-out set" in found.floor_reason


def test_both_conventions_draw_at_most_fifty_thousand_but_the_full_one_all_reference_images():
    assert own_sizes("fid50k", 60_000, 70_000) == (50_000, 50_000)
    assert own_sizes("fid50k-full", 60_000, 70_000) == (60_000, 50_000)
    assert own_sizes("fid50k", 300, 40) == own_sizes("fid50k-full", 300, 40) == (300, 40)


def test_the_inception_score_is_of_the_candidate_beside_reference_and_held_out(memo):
    study = sets(80, 80, 80)
    assert study.held_out is not None

    found = cell("isc", study, memo)

    scores = {
        side.dataset.name: inception_score(side.features["x"], CLASSES, splits=1).mean
        for side in (study.reference, study.held_out, study.candidates[0])
    }
    assert found.value == pytest.approx(scores["gan"], rel=1e-12)
    assert found.floor == pytest.approx(scores["held"], rel=1e-12)
    assert found.extra["reference"] == pytest.approx(scores["real"], rel=1e-12)
    assert found.interval is not None and found.interval.low < found.value < found.interval.high
    assert found.variant.startswith("1 split, since there are below 1,000 images")
    assert any("cannot exceed 9: 9 classes, 80 images" in note for note in found.notes)


def test_a_thousand_images_are_scored_in_ten_splits(memo):
    found = cell("isc", sets(1000, 0, 1000), memo)

    assert found.variant.startswith("10 splits")
    assert found.extra["sd over splits"] > 0
    assert found.extra["one split"] != found.value


def test_an_extractor_without_classes_has_no_inception_score(memo):
    study = sets(20, 20, 20)

    found = DistributionTable(study, RunSettings(), memo, {"x": "space"}, lambda: None).value(
        "isc", "x", study.candidates[0]
    )

    assert found.value is None
    assert found.reason == found.floor_reason == "this extractor has no classes"


def test_the_interval_of_a_fit_is_never_held_against_the_floor(memo):
    found = cell("fd-infinity", sets(200, 200, 200, shift=2.0), memo)

    assert found.value is not None and found.interval is not None
    assert found.value > 5 * abs(found.floor)
    assert found.beyond_floor is None
    assert found.ratio is None


def test_few_images_for_many_dimensions_are_called_rough(memo):
    small, large = cell("fd-infinity", sets(30, 0, 30), memo), cell("fd-infinity", sets(200, 0, 200), memo)

    assert any(note.startswith("small sample: sizes from 3 images for 6") for note in small.notes)
    assert not any("small sample" in note for note in large.notes)


@pytest.mark.parametrize(("size", "expected"), [(20, False), (40, True), (1000, True)])
def test_kid_says_when_its_subsets_are_all_images(memo, size, expected):
    found = cell("kid-poly", sets(40, 0, 40), memo, RunSettings(kid_subset_size=size))

    assert ("every subset is all images, so their sd is 0" in found.notes) is expected
    assert (abs(found.extra["sd over subsets"]) < 1e-12) is expected
    assert "not times 10³" in found.variant


@pytest.mark.parametrize("metric", ["fd-infinity", "fid50k", "isc"])
def test_a_repeated_run_reads_and_a_cancelled_one_stops(memo, metric):
    study = sets(60, 60, 60)
    calls = []

    def refuse() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        cell(metric, study, memo, check=refuse)
    first = cell(metric, study, memo, check=lambda: calls.append(1))
    computed = len(calls)
    calls.clear()

    assert cell(metric, study, memo, check=lambda: calls.append(1)) == first
    assert len(calls) == 2 < computed
