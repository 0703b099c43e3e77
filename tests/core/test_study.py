"""Study files: every version's opens, none is lost, and damaged ones end in words."""

from __future__ import annotations

import io
import json
import math
import shutil
import zipfile
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.fingerprints import Fingerprint
from planetview.core.marks import Marks
from planetview.core.results_io import write_results
from planetview.core.scanning import scan
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind
from planetview.core.study import Study, StudySource, load_study, save_study
from planetview.core.study_schema import MIGRATIONS, STUDY_SCHEMA
from tests.samples import sample_results

STORED = sorted((Path(__file__).parents[1] / "data" / "studies").glob("*.planetview"))


def assert_same(one: object, other: object) -> None:
    """Compare values to the last array; NaN equals NaN."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, dict):
        assert list(one) == list(other)  # type: ignore[call-overload]
        for key in one:
            assert_same(one[key], other[key])  # type: ignore[index]
    elif isinstance(one, tuple):
        assert len(one) == len(other)  # type: ignore[arg-type]
        for a, b in zip(one, other, strict=True):  # type: ignore[call-overload]
            assert_same(a, b)
    else:
        assert one == other or all(isinstance(x, float) and math.isnan(x) for x in (one, other))


def full_study(folder: Path) -> Study:
    results = sample_results(folder, n=4)
    sources = tuple(StudySource(d.source, d.name, d.role, Fingerprint.of(d)) for d in results.datasets)
    marks = Marks(frozenset({("gan_v1", "tile_0000.png")}), frozenset({("gan_v2", "tile_0001.png"), ("gone", "x.png")}))
    settings = replace(results.settings, seed=9)
    return Study("Mars", sources, settings, results, (), marks, {"page": "overview"}, marking="CUI // SP-EXPT")


def changed_copy(path: Path, target: Path, **members: bytes) -> Path:
    """Write a copy of a study in which some members are other ones; `study_json` stands for study.json."""
    named = {name.replace("_json", ".json"): data for name, data in members.items()}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            new.writestr(info, named.pop(info.filename, None) or old.read(info))
    return target


def document_of(path: Path) -> dict[str, object]:
    with zipfile.ZipFile(path) as archive:
        return dict(json.loads(archive.read("study.json")))


def test_there_is_a_stored_example_of_every_earlier_schema() -> None:
    assert {document_of(path)["schema"] for path in STORED} >= set(MIGRATIONS)
    assert all(path.stat().st_size < 100_000 for path in STORED)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_study_of_any_version_opens_and_is_saved_as_one_of_today(path: Path, tmp_path: Path) -> None:
    study = load_study(path)

    assert study.sources
    assert not study.damaged
    save_study(study, tmp_path / "again.planetview")
    assert document_of(tmp_path / "again.planetview")["schema"] == STUDY_SCHEMA
    assert_same(load_study(tmp_path / "again.planetview"), study)


def test_what_the_oldest_studies_hold_is_all_there() -> None:
    by_name = {path.stem: load_study(path) for path in STORED}

    sets = by_name["schema-1-sets"]
    assert (sets.title, sets.settings.seed, len(sets.sources)) == ("Sets only", 7, 4)
    assert sets.settings.stretch == Stretch(StretchKind.FIXED, 0, 4095)
    assert [one.role for one in sets.sources[:3]] == [Role.REFERENCE, Role.HELD_OUT, Role.CANDIDATE]
    results = by_name["schema-1-results"].results
    assert results is not None
    assert len(results.dataset("gan_v1")) == 6
    assert len(results.pairs) == 3 and np.isinf(results.pairs_of("gan_v1").scores["psnr"][0])
    gaps = by_name["schema-1-gaps"].results
    assert gaps is not None and gaps.gap_of("gan", "vgg16-st").uncovered.tolist() == [1, 5, 6]
    assert gaps.gap_of("gan").neighbours is None
    (measured,) = by_name["schema-1-path-lengths"].path_lengths
    assert [value.value for value in measured.values] == [123.4, None]


def test_a_study_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    study = full_study(tmp_path / "sets")

    save_study(study, tmp_path / "a.planetview")

    assert_same(load_study(tmp_path / "a.planetview"), study)


def test_a_newer_study_is_refused_with_what_to_do(tmp_path: Path) -> None:
    document = {**document_of(STORED[0]), "schema": STUDY_SCHEMA + 1}
    newer = changed_copy(STORED[0], tmp_path / "newer.planetview", study_json=json.dumps(document).encode())

    with pytest.raises(UserError, match=rf"newer PlanetView \(schema {STUDY_SCHEMA + 1}") as refused:
        load_study(newer)
    assert refused.value.hint == "Open it with a newer version."


@pytest.mark.parametrize("stored", [7, None, ["CUI"]])
def test_a_marking_that_cannot_be_read_is_told_and_the_rest_opens(stored: object, tmp_path: Path) -> None:
    document = {**document_of(STORED[0]), "marking": stored}
    path = changed_copy(STORED[0], tmp_path / "a.planetview", study_json=json.dumps(document).encode())

    study = load_study(path)

    assert (study.marking, study.damaged) == ("", ("the marking",))
    assert study.sources == load_study(STORED[0]).sources


def test_a_marking_is_one_line_of_limited_length(tmp_path: Path) -> None:
    save_study(Study(marking="CUI\n//  SP-EXPT " + "x" * 500), tmp_path / "a.planetview")

    marking = load_study(tmp_path / "a.planetview").marking

    assert marking.startswith("CUI // SP-EXPT xxx") and len(marking) == 120


def test_entries_that_this_version_does_not_know_are_kept_when_it_saves(tmp_path: Path) -> None:
    save_study(full_study(tmp_path / "sets"), tmp_path / "a.planetview")
    document = {**document_of(tmp_path / "a.planetview"), "notes": ["look at dune 7"]}
    path = changed_copy(tmp_path / "a.planetview", tmp_path / "b.planetview", study_json=json.dumps(document).encode())

    save_study(load_study(path), tmp_path / "c.planetview")

    assert document_of(tmp_path / "c.planetview")["notes"] == ["look at dune 7"]


@pytest.mark.parametrize(
    ("change", "damaged"),
    [
        ({"marks": {"flagged": 3}}, "the marks"),
        ({"settings": {"seed": "many"}}, "the settings"),
        ({"path_lengths": [{"generator": 1}]}, "the path lengths"),
        ({"window": [1]}, "the state of the window"),
        ({"window": {"page": "x" * 300_000}}, "the state of the window"),
    ],
)
def test_a_damaged_part_is_left_out_and_named_and_the_rest_opens(
    change: dict[str, object], damaged: str, tmp_path: Path
) -> None:
    study = full_study(tmp_path / "sets")
    save_study(study, tmp_path / "a.planetview")
    document = {**document_of(tmp_path / "a.planetview"), **change}
    path = changed_copy(tmp_path / "a.planetview", tmp_path / "b.planetview", study_json=json.dumps(document).encode())

    found = load_study(path)

    assert found.damaged == (damaged,)
    assert found.sources == study.sources and found.results is not None


def test_damaged_results_are_left_out_and_named(tmp_path: Path) -> None:
    save_study(full_study(tmp_path / "sets"), tmp_path / "a.planetview")
    path = changed_copy(tmp_path / "a.planetview", tmp_path / "b.planetview", results_json=b'{"format": "planetview"')

    found = load_study(path)

    assert found.results is None and found.damaged == ("the results",)


def test_members_that_would_fill_the_memory_are_not_unpacked(tmp_path: Path) -> None:
    save_study(full_study(tmp_path / "sets"), tmp_path / "a.planetview")
    bomb = tmp_path / "bomb.planetview"
    with zipfile.ZipFile(tmp_path / "a.planetview") as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("study.json", old.read("study.json"))
        new.writestr("results.json", b" " * (80 * 1024**2))

    found = load_study(bomb)

    assert found.results is None and found.damaged == ("the results",)
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("study.json", b" " * (80 * 1024**2))
    with pytest.raises(UserError, match="not a PlanetView study"):
        load_study(bomb)


def test_an_array_that_claims_to_be_huge_is_damage_and_not_a_crash(tmp_path: Path) -> None:
    save_study(full_study(tmp_path / "sets"), tmp_path / "a.planetview")
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 60,)})
    path = tmp_path / "b.planetview"
    with zipfile.ZipFile(tmp_path / "a.planetview") as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            new.writestr(info, header.getvalue() if info.filename == "arrays/a0.npy" else old.read(info))

    assert load_study(path).damaged == ("the results",)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("study")
    save_study(full_study(folder / "sets"), folder / "a.planetview")
    return (folder / "a.planetview").read_bytes()


@run_with(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_truncated_and_altered_files_give_a_study_or_words(data: st.DataObject, saved: bytes, tmp_path: Path) -> None:
    content = bytearray(saved)
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(saved) - 1), st.integers(0, 255)), max_size=8), label="altered bytes"
    ):
        content[position] = value
    # The directory at the end decides most about a zip: every other change is made there.
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(1, 900), st.integers(0, 255)), max_size=8), label="altered near the end"
    ):
        content[-position] = value
    end = data.draw(st.none() | st.integers(0, len(saved)), label="cut at")
    path = tmp_path / "altered.planetview"
    path.write_bytes(content[:end])

    try:
        study = load_study(path)
    except UserError as error:
        assert error.message.endswith(".")
    else:
        assert isinstance(study, Study)


def json_values() -> st.SearchStrategy[object]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))


@run_with(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_other_json_in_the_file_gives_a_study_or_words(data: st.DataObject, tmp_path: Path) -> None:
    document = document_of(STORED[0])
    for key in data.draw(st.lists(st.sampled_from(sorted(document)), min_size=1, max_size=2, unique=True)):
        document[key] = data.draw(json_values(), label=key)
    path = changed_copy(STORED[0], tmp_path / "other.planetview", study_json=json.dumps(document).encode())

    try:
        load_study(path)
    except UserError as error:
        assert error.message.endswith(".")


def test_a_study_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = changed_copy(STORED[0], tmp_path / "deep.planetview", study_json=b"[" * 200_000)

    with pytest.raises(UserError, match="not a PlanetView study"):
        load_study(path)


def test_a_study_moved_with_its_folders_finds_sets_and_the_images_of_its_results(tmp_path: Path) -> None:
    here = tmp_path / "here"
    save_study(full_study(here / "sets"), here / "a.planetview")

    shutil.move(here, tmp_path / "there")
    study = load_study(tmp_path / "there" / "a.planetview")

    assert study.sources[0].path == tmp_path / "there" / "sets" / "real_train"
    assert study.results is not None
    assert all(image.path.is_file() for dataset in study.results.datasets for image in dataset.images)


def test_a_source_that_is_nowhere_keeps_its_place(tmp_path: Path) -> None:
    source = StudySource(tmp_path / "gone", "gone", Role.CANDIDATE)
    save_study(Study(sources=(source,)), tmp_path / "a.planetview")

    assert load_study(tmp_path / "a.planetview").sources == (source,)


def test_a_fingerprint_tells_which_folder_it_was(tmp_path: Path) -> None:
    results = sample_results(tmp_path, n=4)
    first, other = results.dataset("real_train"), results.dataset("real_test")
    known = Fingerprint.of(first)

    assert known.difference(scan(first.source)) == ""
    assert known.difference(other) == "8 images then, 4 now"
    renamed = replace(first, images=(replace(first.images[0], name="new.png"), *first.images[1:]))
    assert "under other names" in known.difference(renamed)


def test_sets_that_are_missing_keep_the_fingerprint_that_is_known(tmp_path: Path) -> None:
    results = sample_results(tmp_path, n=4)
    known = Fingerprint(3, "00")
    study = Study(sources=(StudySource(tmp_path, "gone", Role.CANDIDATE, known),
                           StudySource(tmp_path, "gan_v1", Role.CANDIDATE)))  # fmt: skip

    found = study.with_fingerprints(results.datasets)

    assert found.sources[0].fingerprint == known
    assert found.sources[1].fingerprint == Fingerprint.of(results.dataset("gan_v1"))


def test_settings_of_every_kind_come_back(tmp_path: Path) -> None:
    chosen = RunSettings(stretch=Stretch(StretchKind.IMAGE_PERCENTILE, 1, 99), threads=3, precision="fast")

    save_study(Study(settings=chosen), tmp_path / "a.planetview")

    assert load_study(tmp_path / "a.planetview").settings == chosen


def test_results_written_for_programs_open_as_a_study(tmp_path: Path) -> None:
    results = sample_results(tmp_path / "sets", n=4)
    (tmp_path / "mars").mkdir()
    write_results(results, tmp_path / "mars" / "results.json")

    study = load_study(tmp_path / "mars" / "results.json")

    assert study.title == "mars" and study.settings == results.settings
    assert [(one.name, one.role, one.path) for one in study.sources] == [
        (one.name, one.role, one.source) for one in results.datasets
    ]
    assert study.results is not None
    assert study.results.values == results.values


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 100_000, '{"format": "planetview results", "schema": 1}'])
def test_other_json_is_no_study(text: str, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text(text)

    with pytest.raises(UserError):
        load_study(tmp_path / "other.json")


def test_a_set_that_a_run_split_is_one_source(tmp_path: Path) -> None:
    results = sample_results(tmp_path / "sets", n=4)
    first, second = results.datasets[0], results.datasets[1]
    split = replace(second, name=f"{first.name} (held-out part)", source=first.source)
    write_results(replace(results, datasets=(first, split, *results.datasets[2:])), tmp_path / "results.json")

    sources = load_study(tmp_path / "results.json").sources

    assert [(one.name, one.role) for one in sources] == [
        ("real_train", Role.REFERENCE), ("gan_v1", Role.CANDIDATE), ("gan_v2", Role.CANDIDATE)
    ]  # fmt: skip
