"""A comparison from folders to labelled numbers, with the real network."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.catalogue import METRICS, Family
from planetview.core.datasets import Dataset, Role
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, JobResult, Message, Notice, PartialValues, Progress
from planetview.core.results import Results
from planetview.core.results_io import results_from_json, results_to_json
from planetview.core.scanning import scan
from planetview.core.settings import RunSettings
from planetview.engine.engine import TorchEngine
from planetview.engine.perceptual.learned import LearnedDistance
from tests.patience import SOON_S
from tests.samples import write_tiles

SETTINGS = RunSettings(threads=1)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dataset]:
    """Reference 16, held-out 12, a candidate of 10 flat noise tiles, one of 9 copies of the reference."""
    root = tmp_path_factory.mktemp("sets")
    write_tiles(root / "train", 16, seed=1)
    write_tiles(root / "test", 12, seed=2)
    (root / "noise").mkdir()
    rng = np.random.default_rng(3)
    for i in range(10):
        Image.fromarray(rng.integers(90, 160, (48, 48), dtype=np.uint8)).save(root / "noise" / f"n{i}.png")
    (root / "copies").mkdir()
    for path in sorted((root / "train").iterdir())[:9]:
        with Image.open(path) as tile:
            tile.rotate(1, resample=Image.Resampling.BICUBIC, fillcolor=120).save(root / "copies" / path.name)
    roles = {"train": Role.REFERENCE, "test": Role.HELD_OUT, "noise": Role.CANDIDATE, "copies": Role.CANDIDATE}
    return {name: scan(root / name, role=role) for name, role in roles.items()}


def request(sets: dict[str, Dataset], settings: RunSettings = SETTINGS, held_out: bool = True) -> CompareRequest:
    return CompareRequest(sets["train"], (sets["noise"], sets["copies"]), sets["test"] if held_out else None, settings)


def run(engine: TorchEngine, wanted: CompareRequest) -> tuple[Results, list[Message]]:
    messages = list(engine.run(wanted, CancelToken()))
    last = messages.pop()
    assert isinstance(last, JobResult)
    assert isinstance(last.outcome, Results)
    return last.outcome, messages


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "features.sqlite"


@pytest.fixture(scope="module")
def first(sets: dict[str, Dataset], store: Path) -> tuple[Results, list[Message]]:
    return run(TorchEngine(store), request(sets))


def test_every_asked_metric_has_a_cell_for_every_candidate(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    cells = {(value.metric, value.candidate) for value in results.values}

    assert cells == {(metric, name) for metric in SETTINGS.metrics for name in ("noise", "copies")}
    assert all(value.value is not None or value.reason for value in results.values)


def test_distribution_values_equal_torch_fidelity_on_the_same_features(
    first: tuple[Results, list[Message]], store: Path, sets: dict[str, Dataset]
) -> None:
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    from planetview.core.readers import load_rgb8
    from planetview.core.stretch import ResolvedStretch, Stretch
    from planetview.engine.extractors import load_extractor
    from planetview.engine.sampling import subsample

    results, _ = first
    extractor = load_extractor("vgg16-st")
    n = 10
    sides = []
    for name, role in (("train", Role.REFERENCE), ("noise", Role.CANDIDATE)):
        rows = subsample(len(sets[name]), n, SETTINGS.seed, role)
        images = [load_rgb8(sets[name].images[i], ResolvedStretch(Stretch())) for i in rows]
        features = extractor.features(np.stack([extractor.prepare(image) for image in images]))
        sides.append(fid_features_to_statistics(torch.from_numpy(features)))

    expected = fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]

    cell = results.value("fd", "noise")
    assert cell.n == n
    assert cell.value == pytest.approx(expected, rel=1e-4)


def test_each_coverage_keeps_which_real_images_it_does_not_count(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    assert [(gap.query, gap.by) for gap in results.gaps] == [("noise", "vgg16-st"), ("copies", "vgg16-st")]
    for gap in results.gaps:
        cell = results.value("coverage", gap.query)
        assert gap.held_out_uncovered is not None
        assert len(gap.compared) == cell.n
        assert len(gap.uncovered) / cell.n == pytest.approx(1 - cell.value)
        assert len(gap.held_out_uncovered) / cell.n == pytest.approx(1 - cell.floor)


def test_each_value_stands_beside_a_floor_of_the_same_size(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    for name, n in (("noise", 10), ("copies", 9)):
        cell = results.value("fd", name)
        assert cell.n == n
        assert cell.floor is not None
        assert cell.interval is not None
        assert cell.interval.low <= (cell.value or 0) <= cell.interval.high
        assert cell.ratio == pytest.approx((cell.value or 0) / cell.floor)
        assert any("seeded subsample" in note for note in cell.notes)


def test_noise_is_worse_than_copies_in_every_distance(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    for metric in ("fd", "kid-poly", "kid-rbf", "cmmd"):
        assert (results.value(metric, "noise").value or 0) > (results.value(metric, "copies").value or 0), metric


def test_copies_are_nearer_to_the_reference_and_find_their_source(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    nearest = results.neighbours_of("copies", "train").indices[:, 0]

    assert nearest.tolist() == list(range(9))
    assert (results.value("closer-to-reference", "copies").value or 0) > 0.7


def test_pairs_are_scored_against_the_nearest_reference_image(
    first: tuple[Results, list[Message]], sets: dict[str, Dataset]
) -> None:
    from skimage.metrics import peak_signal_noise_ratio

    results, _ = first
    table = results.pairs_of("copies")
    for i in range(len(table.query_index)):
        a = np.asarray(Image.open(sets["copies"].images[i].path))
        b = np.asarray(Image.open(sets["train"].images[int(table.bank_index[i])].path))
        assert table.scores["psnr"][i] == pytest.approx(peak_signal_noise_ratio(b, a, data_range=255), rel=1e-9)
    assert "MS-SSIM-L3" in table.notes["ms-ssim"]


def test_progress_never_falls_and_ends_complete(first: tuple[Results, list[Message]]) -> None:
    _, messages = first
    fractions = [message.fraction for message in messages if isinstance(message, Progress)]

    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert any(m.rate for m in messages if isinstance(m, Progress))
    assert sum(len(m.values) for m in messages if isinstance(m, PartialValues)) == len(first[0].values)


def test_small_sets_carry_a_warning(first: tuple[Results, list[Message]]) -> None:
    results, messages = first

    assert any("small-sample bias" in text for text in results.warnings)
    assert {m.text for m in messages if isinstance(m, Notice)} == set(results.warnings)


def test_a_second_run_computes_no_feature_and_finds_the_same(
    first: tuple[Results, list[Message]], sets: dict[str, Dataset], store: Path
) -> None:
    again, _ = run(TorchEngine(store), request(sets))

    assert again.provenance["images"]["computed"] == 0
    assert again.values == first[0].values
    for name, bits in first[0].entropy_bits.items():
        np.testing.assert_array_equal(again.entropy_bits[name], bits)
    for before, after in zip(first[0].pairs, again.pairs, strict=True):
        for metric, scores in before.scores.items():
            np.testing.assert_array_equal(after.scores[metric], scores)


def test_adding_images_costs_those_images_alone(
    first: tuple[Results, list[Message]], sets: dict[str, Dataset], store: Path, tmp_path: Path
) -> None:
    larger = tmp_path / "noise"
    shutil.copytree(sets["noise"].source, larger)
    write_tiles(larger / "more", 3, seed=9)
    grown = {**sets, "noise": scan(larger, role=Role.CANDIDATE)}

    results, _ = run(TorchEngine(store), request(grown))

    assert results.provenance["images"]["computed"] == 3


def test_results_survive_json(first: tuple[Results, list[Message]]) -> None:
    results, _ = first

    back = results_from_json(results_to_json(results))

    assert back.values == results.values
    assert back.datasets == results.datasets
    np.testing.assert_array_equal(back.pairs[0].scores["psnr"], results.pairs[0].scores["psnr"])


def test_without_held_out_set_the_floor_says_what_to_do(sets: dict[str, Dataset], store: Path) -> None:
    results, _ = run(TorchEngine(store), request(sets, held_out=False))

    cell = results.value("fd", "noise")
    assert cell.value is not None
    assert cell.floor is None
    assert "held-out" in cell.floor_reason
    assert results.value("closer-to-reference", "noise").reason == "needs a held-out set"


def test_a_seeded_split_serves_as_held_out(sets: dict[str, Dataset], store: Path) -> None:
    results, _ = run(TorchEngine(store), request(sets, dataclasses.replace(SETTINGS, split_reference=0.5), False))

    assert [len(dataset) for dataset in results.datasets[:2]] == [8, 8]
    assert results.value("fd", "noise").floor is not None
    names = [{image.digest for image in dataset.images} for dataset in results.datasets[:2]]
    assert not names[0] & names[1]


def test_an_image_that_vanished_after_the_scan_is_left_out_and_named(sets: dict[str, Dataset], tmp_path: Path) -> None:
    folder = tmp_path / "noise"
    shutil.copytree(sets["noise"].source, folder)
    dataset = scan(folder, role=Role.CANDIDATE)
    (folder / "n3.png").unlink()
    (folder / "n4.png").write_bytes((folder / "n5.png").read_bytes())

    results, _ = run(TorchEngine(tmp_path / "s.sqlite"), request({**sets, "noise": dataset}))

    assert {name for name, _ in results.unusable["noise"]} == {"n3.png", "n4.png"}
    assert len(results.dataset("noise")) == 8
    assert any("could not be used" in text for text in results.warnings)


def test_odd_images_cost_their_own_values_alone(sets: dict[str, Dataset], tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    odd = tmp_path / "odd"
    odd.mkdir()
    for name, shape in (("dot", (1, 1)), ("strip", (10, 30_000)), ("alpha", (60, 60, 4)), ("colour", (50, 70, 3))):
        Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8)).save(odd / f"{name}.png")
    Image.fromarray(rng.integers(0, 60_000, (40, 40)).astype(np.uint16)).save(odd / "deep.png")
    dataset = scan(odd, role=Role.CANDIDATE)

    wanted = CompareRequest(sets["train"], (dataset,), sets["test"], SETTINGS)
    results, _ = run(TorchEngine(tmp_path / "s.sqlite"), wanted)

    assert [name for name, _ in results.unusable["odd"]] == ["deep.png"]
    assert any("need a stretch" in text for text in results.warnings)
    table = results.pairs_of("odd")
    names = [image.name for image in results.dataset("odd").images]
    for metric, least in (("psnr", 1), ("ssim", 11), ("st-lpips-alex", 21)):
        sides = {"dot.png": 1, "strip.png": 10, "alpha.png": 48, "colour.png": 48}
        has_value = {name: bool(np.isfinite(table.scores[metric][i])) for i, name in enumerate(names)}
        assert has_value == {name: side >= least for name, side in sides.items()}, metric
    assert "unequal size" in table.notes["psnr"]


def test_missing_weights_leave_reasons_not_numbers(
    sets: dict[str, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planetview.engine.weights import places

    monkeypatch.setattr(places, "_in_package", lambda package, inside: iter(()))

    results, _ = run(TorchEngine(tmp_path / "s.sqlite"), request(sets))

    for value in results.values:
        assert value.value is None
        assert "stlpips" in value.reason.lower(), value
    assert set(results.entropy_bits) == {"train", "test", "noise", "copies"}


def test_one_missing_network_costs_its_own_cells_alone(
    sets: dict[str, Dataset], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANETVIEW_WEIGHTS", str(tmp_path / "no weights"))
    settings = dataclasses.replace(
        SETTINGS,
        metrics=("fd", "isc", "psnr", "lpips-alex", "dreamsim"),
        extractors=("inception-tf1", "vgg16-st"),
        neighbours_by=("inception-tf1", "vgg16-st"),
    )

    results, messages = run(TorchEngine(store), request(sets, settings))

    assert results.value("fd", "noise", "vgg16-st").value is not None
    assert results.value("isc", "noise", "vgg16-st").reason == "this extractor has no classes"
    for metric, extractor, weights in (
        ("fd", "inception-tf1", "inception-2015-12-05"),
        ("isc", "inception-tf1", "inception-2015-12-05"),
        ("lpips-alex", None, "torchvision-alexnet"),
        ("dreamsim", None, "dreamsim"),
    ):
        assert f"planetview models fetch {weights}" in results.value(metric, "noise", extractor).reason
    # The first space cannot be searched: pairs are made by the next, and every label says so.
    assert results.pairs_of("noise").paired_by == "vgg16-st"
    assert "vgg16-st" in results.provenance["pairing"]
    assert "vgg16-st" in results.value("psnr", "noise").variant
    assert any("Pairs are made by vgg16-st instead" in m.text for m in messages if isinstance(m, Notice))


def test_one_candidate_image_is_enough_for_pairs_and_says_so_elsewhere(
    sets: dict[str, Dataset], tmp_path: Path
) -> None:
    lone = dataclasses.replace(sets["noise"], images=sets["noise"].images[:1])

    results, _ = run(TorchEngine(tmp_path / "s.sqlite"), CompareRequest(sets["train"], (lone,), sets["test"], SETTINGS))

    assert results.value("psnr", "noise").value is not None
    assert "at least 2 images" in results.value("fd", "noise").reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metrics": ("fid",)}, "Unknown metric 'fid'"),
        ({"extractors": ("inception",)}, "Unknown extractor"),
        ({"device": "tpu"}, "tpu"),
        ({"split_reference": 1.5}, "split_reference"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_settings_are_refused_in_words(
    sets: dict[str, Dataset], tmp_path: Path, change: dict[str, object], words: str
) -> None:
    wanted = request(sets, dataclasses.replace(SETTINGS, **change))  # type: ignore[arg-type]

    with pytest.raises(UserError, match=words):
        run(TorchEngine(tmp_path / "s.sqlite"), wanted)


def test_two_sets_of_one_name_are_refused(sets: dict[str, Dataset], tmp_path: Path) -> None:
    twin = dataclasses.replace(sets["copies"], name="noise")

    with pytest.raises(UserError, match="same name"):
        run(TorchEngine(tmp_path / "s.sqlite"), CompareRequest(sets["train"], (sets["noise"], twin)))


@pytest.mark.parametrize("after", [1, 4, 9])
def test_cancel_stops_anywhere_at_once(sets: dict[str, Dataset], tmp_path: Path, after: int) -> None:
    import time

    token = CancelToken()
    stream = TorchEngine(tmp_path / "s.sqlite").run(request(sets), token)
    for _ in range(after):
        next(stream)

    token.cancel()
    began = time.perf_counter()
    with pytest.raises(Cancelled):
        for _ in stream:
            pass

    assert time.perf_counter() - began < SOON_S


def test_pairwise_metrics_only_reach_families_that_were_asked(sets: dict[str, Dataset], store: Path) -> None:
    wanted = request(sets, dataclasses.replace(SETTINGS, metrics=("fd",)))

    results, _ = run(TorchEngine(store), wanted)

    assert {METRICS[value.metric].family for value in results.values} == {Family.DISTRIBUTION}
    assert results.pairs == ()


def test_memory_running_out_over_pairs_is_said_and_changes_no_number(
    sets: dict[str, Dataset], store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(SETTINGS, metrics=("st-lpips-alex",))
    expected, _ = run(TorchEngine(store), request(sets, settings))
    distance = LearnedDistance.distance

    def cramped(self: LearnedDistance, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if len(a) > 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return distance(self, a, b)

    monkeypatch.setattr(LearnedDistance, "distance", cramped)
    results, messages = run(TorchEngine(tmp_path / "other.sqlite"), request(sets, settings))

    assert any("ST-LPIPS (AlexNet) goes on with" in m.text for m in messages if isinstance(m, Notice))
    np.testing.assert_allclose(
        results.pairs_of("noise").scores["st-lpips-alex"],
        expected.pairs_of("noise").scores["st-lpips-alex"],
        rtol=1e-4,
    )
