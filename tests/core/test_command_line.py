"""The command that is copied asks for exactly the run that it was copied from."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from planetview import api, cli
from planetview.core.cancel import CancelToken
from planetview.core.catalogue import EXTRACTORS, METRICS, NEIGHBOUR_SPACES
from planetview.core.command_line import (
    command_line,
    compare_words,
    quoted,
    request_command,
    split_name,
)
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, JobResult, Message, Request, ScanRequest, ScanResult
from planetview.core.results import Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind
from tests.samples import sample_results


def subsets(ids: object, least: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(ids)), min_size=least, unique=True).map(tuple)


def stretches() -> st.SearchStrategy[Stretch]:
    limits = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).filter(lambda pair: pair[0] < pair[1])
    shares = st.tuples(st.floats(0, 100), st.floats(0, 100)).filter(lambda pair: pair[0] < pair[1])
    return st.one_of(
        st.just(Stretch()),
        limits.map(lambda pair: Stretch(StretchKind.FIXED, *pair)),
        shares.map(lambda pair: Stretch(StretchKind.SET_PERCENTILE, *pair)),
        shares.map(lambda pair: Stretch(StretchKind.IMAGE_PERCENTILE, *pair)),
    )


CHOICES = {
    "metrics": subsets(METRICS, 0),
    "extractors": subsets(EXTRACTORS, 1),
    "neighbours_by": subsets(NEIGHBOUR_SPACES, 1),
    "neighbours_k": st.integers(1, 50),
    "random_pairs": st.integers(0, 5000),
    "stretch": stretches(),
    "seed": st.integers(0, 2**32 - 1),
    "device": st.sampled_from(("auto", "cpu", "cuda", "mps")),
    "precision": st.sampled_from(("float32", "fast")),
    "threads": st.none() | st.integers(1, 64),
    "memory_mib": st.integers(64, 1 << 20),
    "kid_subsets": st.integers(1, 1000),
    "kid_subset_size": st.integers(2, 5000),
    "split_reference": st.just(0.0) | st.floats(0.01, 0.99),
}
run_settings = st.builds(RunSettings, **CHOICES)

names = st.text(st.characters(exclude_characters="/\\\0=", exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
usable_names = names.filter(lambda name: name not in (".", "..") and name.strip() == name)


IMAGE = ImageRecord("a.png", Path("/data/a.png"), None, None, "00" * 32, 100, 8, 8, 1, "uint8")


def a_set(name: str, role: Role) -> Dataset:
    return Dataset(name, role, Path("/data") / name, SourceKind.FOLDER, (IMAGE,))


def test_every_setting_is_tried() -> None:
    assert set(CHOICES) == {field.name for field in fields(RunSettings)}


class Listener:
    """Answers scans with sets of one image, remembers the comparison, and ends there."""

    def __init__(self, image: ImageRecord) -> None:
        self.images = (image,)
        self.request: CompareRequest | None = None

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        if isinstance(request, ScanRequest):
            found = tuple(
                Dataset(t.name or t.path.name, t.role or Role.CANDIDATE, t.path, SourceKind.FOLDER, self.images)
                for t in request.targets
            )
            yield JobResult(ScanResult(found))
        elif isinstance(request, CompareRequest):
            self.request = request
            raise UserError("Nothing is computed here.")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return sample_results(tmp_path_factory.mktemp("samples"), n=4)


def asked_for(words: list[str], image: ImageRecord, folder: Path) -> CompareRequest:
    """Return the request that the command line program makes of `words`."""
    listener = Listener(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api, "_torch_engine", lambda _store: listener)
        command, *rest = words[1:]
        assert cli.main([command, "--quiet", "--out", str(folder / "out"), *rest]) == 2
    assert listener.request is not None
    return listener.request


@run_with(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=run_settings)
def test_every_setting_survives_the_way_through_the_command_line(chosen: RunSettings, tmp_path: Path) -> None:
    roles = [Role.REFERENCE, Role.CANDIDATE, *([] if chosen.split_reference else [Role.HELD_OUT])]
    sets = [a_set(role.value, role) for role in roles]
    request = asked_for(shlex.split(quoted(compare_words(sets, chosen))), IMAGE, tmp_path)

    assert request.settings == chosen


@run_with(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folders=st.lists(usable_names, min_size=3, max_size=3, unique=True), shown=usable_names)
def test_any_folder_and_any_name_of_a_set_are_asked_for_again(folders: list[str], shown: str, tmp_path: Path) -> None:
    roles = (Role.REFERENCE, Role.HELD_OUT, Role.CANDIDATE)
    sets = tuple(
        replace(a_set(name, role), source=Path("/data") / folder)
        for name, folder, role in zip((folders[0], folders[1], shown), folders, roles, strict=True)
    )
    request = asked_for(shlex.split(request_command(CompareRequest(sets[0], (sets[2],), sets[1]))), IMAGE, tmp_path)

    found = (request.reference, request.held_out, request.candidates[0])
    assert [(one.name, one.source) for one in found if one] == [(one.name, one.source) for one in sets]


def test_a_split_is_repeated_by_its_share_and_not_by_its_files(results: Results) -> None:
    split = replace(results, settings=replace(results.settings, split_reference=0.25))

    assert "--split-reference 0.25" in command_line(split) and "--held-out" not in command_line(split)


def test_neighbours_are_named_where_leaving_them_out_would_mean_those_of_the_extractors() -> None:
    chosen = replace(RunSettings(), extractors=("inception",))

    assert "--neighbours-by" in compare_words((), chosen)
    assert "--neighbours-by" not in compare_words((), replace(chosen, neighbours_by=("inception",)))


def test_a_path_that_exists_is_a_path_even_with_an_equals_sign(tmp_path: Path) -> None:
    folder = tmp_path / "psi=0.7"
    folder.mkdir()

    assert split_name(str(folder)) == (None, str(folder))
    assert split_name("Mars=/data/gan") == ("Mars", "/data/gan")
    assert split_name("/data/gan") == (None, "/data/gan")


@given(words=st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"')), min_size=1))
def test_powershell_reads_the_quoted_words_back(words: list[str]) -> None:
    line = quoted(words, "powershell")

    # Its rule for a single-quoted string: everything up to the next single quote that is not doubled.
    marks = "'\u2018\u2019\u201a\u201b"
    pieces = re.findall(rf"'((?:[^{marks}]|([{marks}])\2)*)'|(\S+)", line)
    read = [bare if bare else re.sub(rf"([{marks}])\1", r"\1", inside) for inside, _, bare in pieces]
    assert read == words
