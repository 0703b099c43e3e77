"""Random pairs beside the nearest ones, and entropy by channel: from folders to numbers, with the real network."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats as oracle
from skimage.measure import shannon_entropy
from skimage.metrics import peak_signal_noise_ratio

from planetview.core.cancel import CancelToken
from planetview.core.datasets import Dataset, Role
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, JobResult
from planetview.core.readers import load_rgb8
from planetview.core.results import RANDOM, Results
from planetview.core.results_io import results_from_document, results_from_json, results_to_document, results_to_json
from planetview.core.scanning import scan
from planetview.core.settings import RunSettings
from planetview.core.stretch import ResolvedStretch, Stretch
from planetview.engine.engine import TorchEngine
from planetview.engine.sampling import random_partners
from tests.samples import write_tiles

SETTINGS = RunSettings(threads=1, metrics=("psnr", "ssim"), random_pairs=8)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    """A grey reference of 12 and a candidate of 10 in colour."""
    root = tmp_path_factory.mktemp("sets")
    write_tiles(root / "train", 12, seed=1)
    (root / "made").mkdir()
    rng = np.random.default_rng(3)
    for i in range(10):
        tops = (20 + 10 * i, 90, 256)
        channels = [rng.integers(0, top, (48, 48)) for top in tops]
        Image.fromarray(np.stack(channels, axis=2).astype(np.uint8)).save(root / "made" / f"m{i}.png")
    return scan(root / "train", role=Role.REFERENCE), scan(root / "made", role=Role.CANDIDATE)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "features.sqlite"


def run(sets: tuple[Dataset, Dataset], store: Path, settings: RunSettings = SETTINGS) -> Results:
    *_, last = TorchEngine(store).run(CompareRequest(sets[0], (sets[1],), None, settings), CancelToken())
    assert isinstance(last, JobResult)
    assert isinstance(last.outcome, Results)
    return last.outcome


@pytest.fixture(scope="module")
def first(sets: tuple[Dataset, Dataset], store: Path) -> Results:
    return run(sets, store)


def image(dataset: Dataset, index: int) -> np.ndarray:
    return load_rgb8(dataset.images[index], ResolvedStretch(Stretch()))


def test_random_pairs_are_scored_as_nearest_pairs_are(first: Results, sets: tuple[Dataset, Dataset]) -> None:
    (table,) = first.random_pairs

    assert (table.query, table.bank, table.paired_by) == ("made", "train", RANDOM)
    assert table.query_index.size == 8
    for k in range(8):
        a, b = image(sets[1], table.query_index[k]), image(sets[0], table.bank_index[k])
        assert table.scores["psnr"][k] == pytest.approx(peak_signal_noise_ratio(b, a))
        bits = (first.entropy_bits["made"][table.query_index[k]] + first.entropy_bits["train"][table.bank_index[k]]) / 2
        assert table.entropy_bits[k] == bits


def test_their_correlations_are_those_of_scipy(first: Results) -> None:
    (table,) = first.random_pairs

    for found in first.random_correlations:
        assert found.n == 8
        assert found.r == pytest.approx(oracle.pearsonr(table.entropy_bits, table.scores[found.metric]).statistic)
        assert found.rho == pytest.approx(oracle.spearmanr(table.entropy_bits, table.scores[found.metric]).statistic)


def test_a_second_run_reads_no_image_again(first: Results, sets: tuple[Dataset, Dataset], store: Path) -> None:
    gone = tuple(
        dataclasses.replace(
            dataset, images=tuple(dataclasses.replace(i, path=i.path.with_name("gone")) for i in dataset.images)
        )
        for dataset in sets
    )

    again = run((gone[0], gone[1]), store)

    assert not any(again.unusable.values())
    assert np.array_equal(again.random_pairs[0].scores["ssim"], first.random_pairs[0].scores["ssim"])


def test_none_are_drawn_when_none_are_asked_for(sets: tuple[Dataset, Dataset], store: Path) -> None:
    found = run(sets, store, dataclasses.replace(SETTINGS, random_pairs=0))

    assert found.pairs
    assert found.random_pairs == ()


def test_a_negative_number_of_random_pairs_is_refused() -> None:
    with pytest.raises(UserError, match="random_pairs is -1"):
        RunSettings(random_pairs=-1).validated()


def test_the_draw_depends_on_seed_and_bytes_not_on_order(sets: tuple[Dataset, Dataset]) -> None:
    reference, query = sets
    turned = dataclasses.replace(query, images=query.images[::-1])
    turned_reference = dataclasses.replace(reference, images=reference.images[::-1])

    def names(a: Dataset, b: Dataset, seed: int) -> set[tuple[str, str]]:
        rows, partners = random_partners(a, b, 6, seed)
        return {(a.images[i].name, b.images[k].name) for i, k in zip(rows, partners, strict=True)}

    assert names(query, reference, 1) == names(turned, turned_reference, 1)
    assert names(query, reference, 1) != names(query, reference, 2)


def test_partners_are_drawn_evenly(sets: tuple[Dataset, Dataset]) -> None:
    template = sets[1].images[0]
    many = tuple(dataclasses.replace(template, name=str(i), digest=f"{i:064x}") for i in range(6000))

    _, partners = random_partners(dataclasses.replace(sets[1], images=many), sets[0], 6000, 5)

    assert oracle.chisquare(np.bincount(partners, minlength=12)).pvalue > 0.001


def test_entropy_by_channel_is_that_of_scikit_image(first: Results, sets: tuple[Dataset, Dataset]) -> None:
    assert set(first.channel_bits) == {"made"}
    for i in range(10):
        expected = [shannon_entropy(channel) for channel in np.moveaxis(image(sets[1], i), 2, 0)]
        assert first.channel_bits["made"][i] == pytest.approx(expected, rel=1e-12)
        assert first.entropy_bits["made"][i] == pytest.approx(np.mean(expected), rel=1e-12)


def test_a_store_of_an_earlier_version_gains_the_channels(first: Results, sets: tuple[Dataset, Dataset], store: Path,
                                                           tmp_path: Path) -> None:  # fmt: skip
    import shutil
    import sqlite3

    old = tmp_path / "old.sqlite"
    shutil.copy(store, old)
    with sqlite3.connect(old) as connection:
        (space,) = connection.execute("SELECT id FROM spaces WHERE key LIKE 'entropy bits by channel%'").fetchone()
        connection.execute("DELETE FROM rows WHERE space = ?", (space,))

    found = run(sets, old)

    assert np.array_equal(found.channel_bits["made"], first.channel_bits["made"])
    assert np.array_equal(found.entropy_bits["train"], first.entropy_bits["train"])


def test_they_survive_both_ways_of_writing(first: Results) -> None:
    sink: dict[str, np.ndarray] = {}
    beside = results_from_document(results_to_document(first, sink), sink)

    for back in (results_from_json(results_to_json(first)), beside):
        assert np.array_equal(back.channel_bits["made"], first.channel_bits["made"])
        assert np.array_equal(back.random_pairs[0].scores["psnr"], first.random_pairs[0].scores["psnr"])
        assert back.random_correlations == first.random_correlations


def test_a_file_from_before_opens_without_them(first: Results) -> None:
    document = results_to_document(first)
    for name in ("channel_bits", "random_pairs", "random_correlations"):
        del document[name]
    del document["settings"]["random_pairs"]

    back = results_from_document(document)

    assert (back.channel_bits, back.random_pairs, back.random_correlations) == ({}, (), ())
