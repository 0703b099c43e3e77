"""An archive holds all that a study needs, opens anywhere, and is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from planetview.core.archive import archive_bytes, collect
from planetview.core.archive_parts import sweep
from planetview.core.archive_places import places_of, portable_name
from planetview.core.cancel import Cancelled
from planetview.core.datasets import Dataset, Role
from planetview.core.errors import UserError
from planetview.core.marks import Marks
from planetview.core.results import Results
from planetview.core.scanning import scan
from planetview.core.study import Study, StudySource, load_study
from tests.samples import sample_results

Tiles = Callable[..., Path]


def study_of(*datasets: Dataset, results: Results | None = None, marks: Marks | None = None) -> Study:
    sources = tuple(StudySource(dataset.source, dataset.name, dataset.role) for dataset in datasets)
    return Study("Mars", sources, results=results, marks=marks or Marks())


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def rescanned(study: Study) -> list[Dataset]:
    return [scan(source.path, name=source.name, role=source.role) for source in study.sources]


def contents(dataset: Dataset) -> list[tuple[str, str, str | None]]:
    return [(image.name, image.digest, image.label) for image in dataset.images]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "origin", n=4)


def test_an_archive_moved_away_from_its_originals_is_the_same_study(results: Results, tmp_path: Path) -> None:
    marks = Marks(frozenset({("gan_v1", "tile_0001.png")}), frozenset({("gan_v2", "tile_0000.png")}))
    study = study_of(*results.datasets, results=results, marks=marks)
    report = collect(study, results.datasets, tmp_path / "mars")
    shutil.move(tmp_path / "mars", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "origin")

    found = load_study(tmp_path / "elsewhere" / "study.planetview")

    assert report.images == sum(len(dataset) for dataset in results.datasets) and not report.left_out
    assert found.marks == marks and not found.damaged
    assert [contents(one)[0][1] for one in rescanned(found)] == [one.images[0].digest for one in results.datasets]
    assert found.results is not None
    for before, after in zip(results.datasets, found.results.datasets, strict=True):
        assert [image.name for image in after.images] == [image.name for image in before.images]
        assert all(hashlib.sha256(i.path.read_bytes()).hexdigest() == i.digest for i in after.images)
    for source, dataset in zip(found.sources, rescanned(found), strict=True):
        assert source.fingerprint is not None and source.fingerprint.difference(dataset) == ""


def test_the_sums_are_of_every_file_and_the_words_tell_what_is_there(results: Results, tmp_path: Path) -> None:
    marks = Marks(excluded=frozenset({("gan_v2", "tile_0000.png")}))
    collect(study_of(*results.datasets, results=results, marks=marks), results.datasets, tmp_path / "mars",
            documents={"report.html": b"<html>"})  # fmt: skip

    folder = tmp_path / "mars"
    sums = dict(reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: digest for name, digest in digests(folder).items() if name != "SHA256SUMS"}
    assert {"study.planetview", "results.json", "results.csv", "provenance.json", "README.txt", "report.html"} <= set(
        sums
    )
    readme = (folder / "README.txt").read_text()
    assert "gan_v2: candidate, 2 images, 1 of them left out of runs" in readme and "planetview compare" in readme
    provenance = json.loads((folder / "provenance.json").read_text())
    assert provenance["sets"][0]["collected from"] == str(tmp_path / "origin" / "real_train")
    assert provenance["run"]["settings"]["seed"] == 2020


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_the_usual_tool_reads_the_sums_whatever_the_names(tmp_path: Path, tiles: Tiles) -> None:
    folder = tiles(1)
    shutil.copy(folder / "tile_0000.png", folder / "Ünïcode — 火星 with spaces.png")
    shutil.copy(folder / "tile_0000.png", folder / "back\\slash.png")
    dataset = scan(folder)
    collect(study_of(dataset), (dataset,), tmp_path / "archive")

    done = subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "archive", check=False)

    assert done.returncode == 0


def test_folders_zips_and_lists_are_read_again_as_they_were(tmp_path: Path, tiles: Tiles) -> None:
    folder = tmp_path / "real"
    for label in ("crater", "dune"):
        tiles(2, folder=folder / label, seed=len(label))
    packed = tmp_path / "gan.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for i, path in enumerate(sorted(tiles(3, seed=7).iterdir())):
            archive.write(path, f"gan/class_{i % 2}/{path.name}")
    loose = tiles(3, seed=9)
    (tmp_path / "lists").mkdir()
    listed = tmp_path / "lists" / "pick.csv"
    listed.write_text(f"file,label\n../{loose.name}/tile_0000.png,a\n{loose}/tile_0002.png,b\n", encoding="utf-8")
    table = tiles(2, seed=11)
    (table / "labels.csv").write_text("file,label\ntile_0000.png,ice\n", encoding="utf-8")
    datasets = tuple(scan(path) for path in (folder, packed, listed, table))

    collect(study_of(*datasets), datasets, tmp_path / "archive")
    again = rescanned(load_study(tmp_path / "archive" / "study.planetview"))

    for before, after in zip(datasets, again, strict=True):
        assert after.kind is before.kind
        assert [(digest, label) for _, digest, label in contents(after)] == [
            (digest, label) for _, digest, label in contents(before)
        ]
    assert [contents(datasets[i]) for i in (0, 1, 3)] == [contents(again[i]) for i in (0, 1, 3)]
    assert contents(again[2])[0][0] == f"{loose.name}/tile_0000.png"


def test_marks_and_results_follow_an_image_whose_name_cannot_stay(tmp_path: Path, tiles: Tiles) -> None:
    loose = tiles(2)
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "pick.txt").write_text(f"../{loose.name}/tile_0000.png\n../{loose.name}/tile_0001.png\n")
    dataset = scan(tmp_path / "lists" / "pick.txt")
    marks = Marks(excluded=frozenset({("pick", f"../{loose.name}/tile_0001.png")}))

    collect(study_of(dataset, marks=marks), (dataset,), tmp_path / "archive")

    found = load_study(tmp_path / "archive" / "study.planetview")
    assert len(found.marks.kept(rescanned(found)[0])) == 1


def test_images_and_sets_that_cannot_be_read_are_listed_and_the_rest_is_collected(
    results: Results, tmp_path: Path
) -> None:
    gone, changed = results.dataset("gan_v1").images[:2]
    gone.path.unlink()
    Image.new("L", (8, 8)).save(changed.path)
    lost = StudySource(tmp_path / "unplugged", "gan_v3", Role.CANDIDATE)
    study = study_of(*results.datasets)

    report = collect(replace(study, sources=(*study.sources, lost)), results.datasets, tmp_path / "archive")

    assert report.left_out == (
        ("gan_v3", "", f"the set could not be read from '{tmp_path / 'unplugged'}'"),
        ("gan_v1", gone.name, "not there, or a broken link"),
        ("gan_v1", changed.name, "copied, but changed since it was read"),
    )
    readme = (tmp_path / "archive" / "README.txt").read_text()
    assert f"gan_v1: {gone.name}: not there" in readme and "gan_v3: the set could not be read" in readme
    assert load_study(tmp_path / "archive" / "study.planetview").sources[-1].path == lost.path


def test_a_zip_holds_the_same_as_a_folder(results: Results, tmp_path: Path) -> None:
    study = study_of(*results.datasets)
    collect(study, results.datasets, tmp_path / "mars")
    collect(study, results.datasets, tmp_path / "mars.zip")

    shutil.unpack_archive(tmp_path / "mars.zip", tmp_path / "unpacked")

    unpacked = tmp_path / "unpacked" / "mars"
    assert digests(unpacked).keys() == digests(tmp_path / "mars").keys()
    assert [len(one) for one in rescanned(load_study(unpacked / "study.planetview"))] == [8, 4, 4, 2]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_copied_as_what_they_lead_to_and_never_made(tmp_path: Path, tiles: Tiles) -> None:
    outside, folder = tiles(1, seed=3), tiles(1)
    (tmp_path / "secret.txt").write_text("not an image of the study")
    (folder / "linked.png").symlink_to(outside / "tile_0000.png")
    (folder / "more").symlink_to(outside)
    (folder / "notes.txt").symlink_to(tmp_path / "secret.txt")
    dataset = scan(folder)

    collect(study_of(dataset), (dataset,), tmp_path / "archive")

    files = list((tmp_path / "archive").rglob("*"))
    assert not any(path.is_symlink() for path in files)
    assert not any(b"not an image" in path.read_bytes() for path in files if path.is_file())
    assert contents(rescanned(load_study(tmp_path / "archive" / "study.planetview"))[0]) == contents(dataset)


def test_a_name_that_is_taken_is_refused_and_what_is_there_stays(results: Results, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")

    with pytest.raises(UserError, match="exists already"):
        collect(study_of(*results.datasets), results.datasets, tmp_path / "mine")

    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_disk_that_is_too_small_is_told_of_before_anything_is_copied(results: Results, tmp_path: Path) -> None:
    huge = replace(results.datasets[0], images=(replace(results.datasets[0].images[0], size_bytes=1 << 60),))

    with pytest.raises(UserError, match="The archive needs about") as refused:
        collect(study_of(huge), (huge,), tmp_path / "archive")

    assert refused.value.exit_code == 4
    assert not (tmp_path / "archive").exists()


@pytest.mark.parametrize("name", ["mars", "mars.zip"])
def test_a_cancelled_archive_leaves_nothing(name: str, results: Results, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def check() -> None:
        if len(seen) > 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        collect(study_of(*results.datasets), results.datasets, tmp_path / "out" / name, check=check,
                on_progress=lambda done, total: seen.append((done, total)))  # fmt: skip

    assert list((tmp_path / "out").iterdir()) == []
    assert seen == sorted(seen) and 0 < seen[-1][0] < seen[-1][1] == archive_bytes(results.datasets)


WITH_A_LIMIT = """
import resource, signal, sys
from pathlib import Path
from planetview.core.archive import collect
from planetview.core.errors import UserError
from planetview.core.scanning import scan
from planetview.core.study import Study, StudySource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
dataset = scan(Path(sys.argv[1]))
study = Study(sources=(StudySource(dataset.source, dataset.name, dataset.role),))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    collect(study, (dataset,), Path(sys.argv[2]))
except UserError as error:
    print(error.exit_code, error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("name", ["mars", "mars.zip"])
def test_a_disk_that_fills_up_meanwhile_ends_in_words_and_leaves_nothing(
    name: str, tmp_path: Path, tiles: Tiles
) -> None:
    folder = tiles(3, 48)
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (200, 200), dtype=np.uint8)).save(folder / "large.png")

    done = subprocess.run([sys.executable, "-c", WITH_A_LIMIT, str(folder), str(tmp_path / "out" / name)],
                          capture_output=True, text=True, check=True)  # fmt: skip

    assert done.stdout.startswith("4 Cannot write") and "file too large" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


SLOWLY = """
import sys, time
from pathlib import Path
from planetview.core.archive import collect
from planetview.core.scanning import scan
from planetview.core.study import Study, StudySource
dataset = scan(Path(sys.argv[1]))
study = Study(sources=(StudySource(dataset.source, dataset.name, dataset.role),))
def wait(done, total):
    print("copying", flush=True)
    time.sleep(60)
collect(study, (dataset,), Path(sys.argv[2]), on_progress=wait)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["mars", "mars.zip"])
def test_what_a_killed_process_leaves_is_hidden_and_goes_with_the_next_archive_in_that_folder(
    name: str, tmp_path: Path, tiles: Tiles
) -> None:
    folder, target = tiles(3, 16), tmp_path / "out" / name
    with subprocess.Popen([sys.executable, "-c", SLOWLY, str(folder), str(target)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"copying\n"
        (part,) = target.parent.iterdir()
        dataset = scan(folder)
        collect(study_of(dataset), (dataset,), target.with_name("other.zip"))
        assert part.is_dir(), "what a running program puts together is left alone"
        process.send_signal(signal.SIGKILL)

    assert not target.exists() and part.is_dir()
    foreign = target.parent / ".mine-1.part"
    foreign.mkdir()
    collect(study_of(dataset), (dataset,), target)
    assert sorted(path.name for path in target.parent.iterdir()) == [foreign.name, name, "other.zip"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("real train", "real train"), ("a/b:c", "a_b_c"), ("..", "set"), ("CON", "_CON"), ("con.txt", "_con.txt"),
     (" dots. ", "dots"), ("火" * 60, "火" * 26), ("\udce9", "_"), ("", "set")],
)  # fmt: skip
def test_folders_get_names_that_every_system_takes(name: str, expected: str) -> None:
    assert portable_name(name) == expected


def test_sets_whose_names_differ_in_case_alone_get_folders_of_their_own(results: Results) -> None:
    sets = tuple(replace(results.datasets[0], name=name) for name in ("Mars", "mars", "MARS"))

    assert len({place.folder.casefold() for place in places_of(sets)}) == 3


def test_twenty_thousand_images_are_placed_and_counted_in_a_moment(results: Results) -> None:
    image = results.datasets[0].images[0]
    images = tuple(replace(image, name=f"tile_{i}.png") for i in range(20_000))
    large = replace(results.datasets[0], images=images)

    began = time.process_time()
    (place,) = places_of((large,))
    place.portable(large)
    assert archive_bytes((large,)) == 20_000 * (image.size_bytes + 2_000)

    assert time.process_time() - began < 2.0


def test_a_part_without_its_mark_goes_after_an_hour_and_no_sooner(tmp_path):
    old, empty_mark, new, foreign = (
        tmp_path / name for name in (".a-1.planetview.part", ".a-2.planetview.part", ".a-3.planetview.part", ".b.part")
    )
    for part in (old, empty_mark, new, foreign):
        part.mkdir()
    (empty_mark / ".planetview-archive").touch()
    long_ago = time.time() - 2 * 3600
    for part in (old, empty_mark, foreign):
        os.utime(part, (long_ago, long_ago))

    sweep(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".a-3.planetview.part", ".b.part"]
