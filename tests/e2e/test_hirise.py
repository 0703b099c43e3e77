"""The whole path on real HiRISE tiles: what is true of the data has to come out."""

from __future__ import annotations

from pathlib import Path

import pytest

import planetview
from planetview.core.catalogue import DEFAULT_METRICS, METRICS, Family
from planetview.core.results import Results

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hirise") / "features.sqlite"


# Every distribution metric that is on by default.
DISTANCES_AND_SHARES = tuple(m for m in DEFAULT_METRICS if METRICS[m].family is Family.DISTRIBUTION)


def compare(folder: Path, store: Path) -> Results:
    return planetview.compare(
        folder / "train",
        [folder / "synth_spectral", folder / "synth_copied"],
        held_out=folder / "test",
        metrics=(*DISTANCES_AND_SHARES, "closer-to-reference", "psnr", "ssim"),
        store=store,
    )


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, store: Path) -> Results:
    return compare(request.getfixturevalue("hirise"), store)


@pytest.fixture(scope="module")
def hirise() -> Path:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "hirise"
    if not folder.is_dir():
        pytest.skip("the shared HiRISE tiles are not beside this checkout")
    return folder


@pytest.mark.parametrize("metric", DISTANCES_AND_SHARES)
def test_textures_without_landforms_lie_beyond_the_floor(results: Results, metric: str) -> None:
    cell = results.value(metric, "synth_spectral")

    assert cell.n == 450
    assert cell.beyond_floor is True


@pytest.mark.parametrize("metric", ["fd", "kid-poly", "kid-rbf", "cmmd"])
def test_distances_of_textures_are_several_times_the_floor(results: Results, metric: str) -> None:
    cell = results.value(metric, "synth_spectral")

    assert cell.value is not None
    assert cell.floor is not None
    assert cell.value > 5 * cell.floor


def test_copies_sit_closer_to_train_than_to_test(results: Results) -> None:
    near = results.neighbours_of("synth_copied", "train").distances[:, 0]
    far = results.neighbours_of("synth_copied", "test").distances[:, 0]

    assert (near < far).mean() > 0.8
    assert results.value("closer-to-reference", "synth_copied").beyond_floor is True
    assert results.value("closer-to-reference", "synth_spectral").beyond_floor is False


def test_copies_are_not_mistaken_for_poor_images(results: Results) -> None:
    assert results.value("fd", "synth_copied").beyond_floor is False
    assert results.value("psnr", "synth_copied").beyond_floor is False


def test_every_tile_is_used(results: Results) -> None:
    assert [len(dataset) for dataset in results.datasets] == [900, 450, 450, 200]
    assert results.unusable == {}


def test_a_second_run_reads_everything_and_finds_the_same(results: Results, hirise: Path, store: Path) -> None:
    again = compare(hirise, store)

    assert again.provenance["images"]["computed"] == 0
    assert again.values == results.values
