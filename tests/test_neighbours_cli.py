"""Neighbours on the command line, from synthetic images and from real ones."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planetview import cli
from planetview.core.results import Gap, RealNeighbours, Results
from planetview.core.results_io import write_results
from tests.samples import sample_results

BY = "vgg16-st"


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Return results over 20 real images, half of them compared, whose distances fall with their place."""
    made = sample_results(tmp_path / "samples", n=10)
    compared = np.arange(0, 20, 2)
    distances = np.linspace(2, 1, 20).reshape(10, 2)[:, ::-1].copy()
    near = RealNeighbours(
        np.arange(20).reshape(10, 2) % 10, distances, np.full(10, 1.5), np.zeros(10, np.int64), np.full(10, 0.5)
    )
    outside = compared[distances[:, 0] >= 1.5]
    return replace(made, gaps=(Gap("gan_v1", BY, compared, outside, outside[:1], near),))


@pytest.fixture
def file(results: Results, tmp_path: Path) -> Path:
    write_results(results, tmp_path / "results.json")
    return tmp_path / "results.json"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_gaps_are_listed_with_every_digit_the_farthest_first(file, results, capsys):
    assert cli.main(["neighbours", str(file), "--from", "real", "--gaps"]) == 0

    found, (gap,) = rows(capsys.readouterr().out), results.gaps
    real, fake = results.datasets[0].images, results.dataset("gan_v1").images
    assert [row["image"] for row in found] == [real[i].name for i in gap.uncovered]
    assert [float(row[f"{BY}.synthetic_1_distance"]) for row in found] == gap.neighbours.distances[
        : len(found), 0
    ].tolist()
    assert found[0][f"{BY}.synthetic_2"] == fake[gap.neighbours.indices[0, 1]].name
    assert {(row["candidate"], row[f"{BY}.is_gap"], row["dataset"]) for row in found} == {
        ("gan_v1", "true", "real_train")
    }


def test_all_real_images_that_were_compared_are_listed_and_cut_at_a_limit(file, tmp_path, capsys):
    assert cli.main(["neighbours", str(file), "--from", "real", "--out", str(tmp_path / "list.csv")]) == 0
    assert len(rows((tmp_path / "list.csv").read_text("utf-8"))) == 10

    assert cli.main(["neighbours", str(file), "--from", "real", "--limit", "3", "--class", "crater"]) == 0
    found = rows(capsys.readouterr().out)
    assert len(found) <= 3 and {row["class"] for row in found} <= {"crater"}


def test_synthetic_images_are_listed_nearest_first(file, results, capsys):
    assert cli.main(["neighbours", str(file), "--set", "gan_v2", "--by", BY]) == 0

    nearest = results.neighbours_of("gan_v2", "real_train", BY).distances[:, 0]
    found = rows(capsys.readouterr().out)
    assert [float(row[f"{BY}.reference_1_distance"]) for row in found] == np.sort(nearest).tolist()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--gaps"], "--from real"),
        (["--from", "real", "--set", "gan_v9"], "Known: gan_v1"),
        (["--from", "real", "--by", "clip"], f"Known: {BY}"),
    ],
)
def test_what_cannot_be_listed_is_said_with_what_can(file, options, said, capsys):
    assert cli.main(["neighbours", str(file), *options]) != 0
    assert said in capsys.readouterr().err


def test_results_without_them_and_files_that_are_none_are_refused(results, tmp_path, capsys):
    write_results(replace(results, gaps=()), tmp_path / "old.json")
    assert cli.main(["neighbours", str(tmp_path / "old.json"), "--from", "real"]) != 0
    assert "Run again with the metric coverage" in capsys.readouterr().err
    assert cli.main(["neighbours", str(tmp_path / "nowhere.json")]) != 0
    assert "Cannot read" in capsys.readouterr().err
