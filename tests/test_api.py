"""The library face: requests reach the engine whole, results reach the disk whole."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import planetview
from planetview import api
from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, JobResult, Message, Progress, Request, ScanRequest
from planetview.core.results import Results
from planetview.core.results_io import results_from_json
from planetview.core.stretch import Stretch, StretchKind
from tests.samples import sample_results


class SampleEngine:
    """An engine that scans truly and answers every comparison with the sample results."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.requests: list[Request] = []

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        from planetview.engine.engine import scan_targets

        self.requests.append(request)
        token.check()
        if isinstance(request, ScanRequest):
            yield scan_targets(request, lambda message: None, token.check)
            return
        yield Progress("features", "Features", 1, 2, "images", 0.5)
        token.check()
        yield JobResult(self.results)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return sample_results(tmp_path / "sets", n=6)


@pytest.fixture
def engine(results: Results) -> SampleEngine:
    return SampleEngine(results)


def asked(engine: SampleEngine) -> CompareRequest:
    request = engine.requests[-1]
    assert isinstance(request, CompareRequest)
    return request


def test_paths_named_paths_and_datasets_take_their_roles(engine, results, tmp_path):
    sets = tmp_path / "sets"
    done = api.compare(
        str(sets / "real_train"),
        [("first", sets / "gan_v1"), results.datasets[0], sets / "gan_v2"],
        held_out=sets / "real_test",
        engine=engine,
    )

    request = asked(engine)
    assert done is results
    assert (request.reference.name, request.reference.role) == ("real_train", Role.REFERENCE)
    assert [dataset.name for dataset in request.candidates] == ["first", "real_train", "gan_v2"]
    assert {dataset.role for dataset in request.candidates} == {Role.CANDIDATE}
    assert request.held_out is not None and request.held_out.role is Role.HELD_OUT


def test_one_candidate_needs_no_list_and_settings_arrive(engine, tmp_path):
    sets = tmp_path / "sets"
    api.compare(sets / "real_train", sets / "gan_v1", metrics=["fd"], stretch="fixed:0:4095", seed=7, engine=engine)

    settings = asked(engine).settings
    assert settings.metrics == ("fd",)
    assert settings.stretch == Stretch(StretchKind.FIXED, 0, 4095)
    assert settings.seed == 7
    assert asked(engine).held_out is None


def test_every_message_reaches_the_caller_in_order(engine, tmp_path):
    seen: list[Message] = []
    api.compare(tmp_path / "sets/real_train", tmp_path / "sets/gan_v1", progress=seen.append, engine=engine)

    assert [type(message) for message in seen] == [JobResult, Progress, JobResult]


def test_a_cancelled_token_stops_before_any_work(engine, tmp_path):
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        api.compare(tmp_path / "sets/real_train", tmp_path / "sets/gan_v1", token=token, engine=engine)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"metrics": ["fid"]}, "Unknown metric 'fid'"),
        ({"stretch": "fixed:9"}, "stretch 'fixed:9'"),
        ({"threads": 0}, "threads is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"split_reference": 1.0}, "split_reference"),
        ({"candidates": []}, "no candidate"),
        ({"candidates": [""]}, "is empty"),
        ({"candidates": ["a\0b"]}, "null character"),
    ],
)
def test_a_wrong_request_is_refused_before_the_engine_is_asked(engine, keywords, words):
    arguments = {"candidates": ["x"], **keywords}

    with pytest.raises(UserError, match=words):
        api.compare("somewhere", engine=engine, **arguments)
    assert engine.requests == []


def test_a_missing_folder_is_a_wrong_request_an_empty_one_has_no_images(engine, tmp_path):
    (tmp_path / "empty").mkdir()
    train = tmp_path / "sets/real_train"

    with pytest.raises(UserError) as missing:
        api.compare(train, tmp_path / "gone", engine=engine)
    with pytest.raises(UserError) as empty:
        api.compare(train, tmp_path / "empty", engine=engine)

    assert (missing.value.exit_code, empty.value.exit_code) == (2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Stretch()),
        ("fixed:-10:20.5", Stretch(StretchKind.FIXED, -10, 20.5)),
        ("set-percentile", Stretch(StretchKind.SET_PERCENTILE)),
        ("image-percentile:1:99", Stretch(StretchKind.IMAGE_PERCENTILE, 1, 99)),
    ],
)
def test_a_stretch_is_named_in_words(text, expected):
    assert api.parse_stretch(text) == expected


@pytest.mark.parametrize(
    "text", ["", "auto", "none:1:2", "fixed", "fixed:1", "fixed:2:1", "fixed:nan:1", "fixed:-inf:inf",
             "fixed:1:2:3", "set-percentile:-1:50", "fixed:a:b"],
)  # fmt: skip
def test_a_stretch_that_makes_no_sense_is_refused(text):
    with pytest.raises(UserError, match="stretch"):
        api.parse_stretch(text)


def test_saved_files_hold_the_results(results, tmp_path):
    paths = api.save(results, tmp_path / "new" / "out")

    assert [path.name for path in paths] == ["results.json", "results.csv", "report.html"]
    back = results_from_json(paths[0].read_text(encoding="utf-8"))
    assert [v.value for v in back.values] == [v.value for v in results.values]
    with paths[1].open(newline="", encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == len(results.values)
    assert "data:image/png;base64," in paths[2].read_text(encoding="utf-8")
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == sorted(api.RESULT_FILES)


def test_a_name_that_is_not_utf8_survives_the_results_file(results, tmp_path):
    odd = replace(results.datasets[2].images[0], name="crater_\udce9.png")
    first = replace(results.datasets[2], images=(odd, *results.datasets[2].images[1:]))
    datasets = (*results.datasets[:2], first, *results.datasets[3:])

    path = api.save(replace(results, datasets=datasets), tmp_path / "out")[0]

    assert results_from_json(path.read_text(encoding="utf-8")).dataset("gan_v1").images[0].name == odd.name


def test_an_earlier_study_is_replaced_but_foreign_files_never(results, tmp_path):
    api.save(results, tmp_path / "ours")
    api.save(results, tmp_path / "ours")
    with pytest.raises(UserError, match="already holds a study"):
        api.save(results, tmp_path / "ours", overwrite=False)

    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "results.csv").write_text("a,b\n")
    with pytest.raises(UserError, match="was not written by PlanetView"):
        api.save(results, theirs)
    assert (theirs / "results.csv").read_text() == "a,b\n"
    assert [path.name for path in theirs.iterdir()] == ["results.csv"]


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(UserError) as refused:
        api.check_writable(tmp_path / "file" / "out")

    assert refused.value.exit_code == 4


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, planetview; planetview.__version__; dir(planetview);"
        "print(sorted({'torch', 'numpy', 'PySide6', 'pydantic'} & set(sys.modules)));"
        "planetview.compare; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:2] == ["[]", "False"]


def test_unknown_attributes_are_attribute_errors():
    with pytest.raises(AttributeError):
        planetview.nonsense  # noqa: B018
    assert isinstance(planetview.compare, type(api.compare))
