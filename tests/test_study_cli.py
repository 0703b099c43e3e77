"""Saved studies on the command line: run again, collected for archive."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from planetview import cli
from planetview.core.datasets import Role
from planetview.core.marks import Marks
from planetview.core.results_io import results_from_json
from planetview.core.scanning import scan
from planetview.core.settings import RunSettings
from planetview.core.study import Study, StudySource, load_study, save_study
from tests.samples import sample_results

SETTINGS = RunSettings(
    metrics=("fd", "ssim"), extractors=("vgg16-st",), neighbours_by=("vgg16-st",), threads=1, random_pairs=0
)


def a_study(tmp_path: Path, tiles, *, roles=(Role.REFERENCE, Role.HELD_OUT, Role.CANDIDATE), marks=None) -> Path:
    names = ("train", "test", "gan")[: len(roles)]
    sources = tuple(
        StudySource(tiles(n=6, size=24, seed=seed, folder=tmp_path / "sets" / name), name, role)
        for seed, (name, role) in enumerate(zip(names, roles, strict=True))
    )
    save_study(Study("Mars", sources, SETTINGS, marks=marks or Marks()), tmp_path / "mars.planetview")
    return tmp_path / "mars.planetview"


@pytest.mark.slow
def test_an_archive_opened_elsewhere_repeats_the_run_without_computing_a_feature(tiles, tmp_path, capsys):
    excluded = Marks(excluded=frozenset({("gan", "tile_0000.png")}))
    study = a_study(tmp_path, tiles, marks=excluded)
    assert cli.main(["run", str(study), "--out", str(tmp_path / "first"), "--quiet"]) == 0
    first = results_from_json((tmp_path / "first" / "results.json").read_text(encoding="utf-8"))
    assert [len(dataset) for dataset in first.datasets] == [6, 6, 5]
    assert first.provenance["images"]["computed"] > 0

    assert cli.main(["archive", str(study), str(tmp_path / "archive"), "--quiet"]) == 0
    assert "Collected 18 images" in capsys.readouterr().out
    shutil.move(tmp_path / "archive", tmp_path / "other" / "place")
    shutil.rmtree(tmp_path / "sets")
    moved = tmp_path / "other" / "place" / "study.planetview"
    assert cli.main(["run", str(moved), "--out", str(tmp_path / "second"), "--quiet"]) == 0

    second = results_from_json((tmp_path / "second" / "results.json").read_text(encoding="utf-8"))
    assert second.provenance["images"]["computed"] == 0
    assert [(v.metric, v.value, v.floor) for v in second.values] == [(v.metric, v.value, v.floor) for v in first.values]


@pytest.mark.slow
def test_the_report_of_a_marked_study_is_marked_wherever_it_is_made(tiles, tmp_path, capsys):
    study = a_study(tmp_path, tiles)
    save_study(replace(load_study(study), marking="CUI // SP-EXPT"), study)
    assert cli.main(["run", str(study), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    done = replace(load_study(study), results=results_from_json((tmp_path / "run" / "results.json").read_text("utf-8")))
    save_study(done, study)
    assert cli.main(["archive", str(study), str(tmp_path / "archive"), "--quiet"]) == 0

    for folder in ("run", "archive"):
        assert (tmp_path / folder / "report.html").read_text("utf-8").count("CUI // SP-EXPT") >= 2
    assert load_study(tmp_path / "archive" / "study.planetview").marking == "CUI // SP-EXPT"


@pytest.mark.slow
def test_the_report_shows_marked_images_wherever_it_is_made(tiles, tmp_path, capsys):
    marks = Marks().with_excluded([("gan", "tile_0000.png")], True).with_rating([("gan", "tile_0001.png")], 5)
    study = a_study(tmp_path, tiles, marks=marks)
    assert cli.main(["run", str(study), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    results = results_from_json((tmp_path / "run" / "results.json").read_text("utf-8"))
    later = marks.with_excluded([("gan", "tile_0002.png")], True)
    save_study(replace(load_study(study), results=results, marks=later), study)
    assert cli.main(["archive", str(study), str(tmp_path / "archive"), "--quiet"]) == 0

    told = {folder: (tmp_path / folder / "report.html").read_text("utf-8") for folder in ("run", "archive")}
    for page in told.values():
        assert "Excluded by hand and left out of the results: 1 image of gan." in page
        part = page[page.index('id="marked"') : page.index('id="entropy"')]
        # The excluded image too, whose set was read for the run.
        assert part.count("<img") == part.count("<figure") and "gan · rated 5" in part
    assert "so still in the results" not in told["run"]
    assert "Excluded by hand after the run, so still in the results: 1 image of gan." in told["archive"]


def test_an_archive_of_a_study_whose_folders_are_gone_lists_them(tiles, tmp_path, capsys):
    study = a_study(tmp_path, tiles)
    shutil.rmtree(tmp_path / "sets" / "gan")

    assert cli.main(["archive", str(study), str(tmp_path / "archive.zip"), "--quiet"]) == 0

    out, err = capsys.readouterr()
    assert "gan: the set could not be read" in err and "Collected 12 images" in out
    assert (tmp_path / "archive.zip").is_file()


def test_an_archive_never_goes_into_a_folder_that_exists(tiles, tmp_path, capsys):
    assert cli.main(["archive", str(a_study(tmp_path, tiles)), str(tmp_path / "sets"), "--quiet"]) == 2

    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ((Role.REFERENCE, Role.REFERENCE, Role.CANDIDATE), "2 reference sets"),
        ((Role.REFERENCE, Role.HELD_OUT), "no candidate"),
        ((Role.CANDIDATE,), "0 reference sets"),
    ],
)
def test_a_study_that_cannot_run_says_why(roles, words, tiles, tmp_path, capsys):
    study = a_study(tmp_path, tiles, roles=roles)

    assert cli.main(["run", str(study), "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert words in capsys.readouterr().err


def test_the_archive_tells_where_its_images_came_from(tiles, tmp_path):
    study = a_study(tmp_path, tiles)

    assert cli.main(["archive", str(study), str(tmp_path / "archive"), "--quiet"]) == 0

    provenance = json.loads((tmp_path / "archive" / "provenance.json").read_text())
    assert [one["collected from"] for one in provenance["sets"]] == [str(one.path) for one in load_study(study).sources]
    assert len(scan(load_study(tmp_path / "archive" / "study.planetview").sources[2].path)) == 6


def test_the_citation_is_printed_with_the_papers_of_a_studys_numbers(tmp_path, capsys):
    save_study(Study(results=sample_results(tmp_path, n=10)), tmp_path / "mars.planetview")
    save_study(Study(), tmp_path / "bare.planetview")

    assert cli.main(["cite"]) == 0
    assert "PlanetView maintainers (" in capsys.readouterr().out
    assert cli.main(["cite", "--bibtex", str(tmp_path / "mars.planetview")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("@misc{PlanetView") and "Heusel" in out
    assert cli.main(["cite", str(tmp_path / "mars.planetview")]) == 0
    assert "were compared with the reference set real_train" in capsys.readouterr().out
    assert cli.main(["cite", str(tmp_path / "bare.planetview")]) == 2
    assert "holds no results" in capsys.readouterr().err
