"""Generators through the engine: what one is, sampling, path lengths that a cancel does not lose."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.errors import UserError
from planetview.core.generation import GeneratorDescription, PathLengthResult, SampleResult
from planetview.core.messages import (
    GeneratorRequest,
    JobResult,
    Outcome,
    PathLengthRequest,
    Progress,
    Request,
    SampleRequest,
)
from planetview.core.models import WeightStatus
from planetview.engine.engine import TorchEngine
from planetview.engine.generation import Measurement, requested_variants
from planetview.engine.generators.adapter import Generator
from planetview.engine.memo import Memo
from planetview.engine.perceptual import load_pair_network
from planetview.engine.store import FeatureStore
from planetview.engine.weights import weight_state
from tests.engine.generators.linear import LinearGenerator, SquaredDistance
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import write_network_pickle
from tests.patience import SOON_S

needs_st_lpips = pytest.mark.skipif(
    weight_state("st-lpips-vgg").status is not WeightStatus.PRESENT, reason="the ST-LPIPS weights are not installed"
)
ST = tuple(name for name in PATH_LENGTHS if name.endswith("-st"))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state, settings = stylegan2(64, (4, 4, 4, 4, 4))
    return write_network_pickle(tmp_path_factory.mktemp("network") / "terrain.pkl", state, settings)


def outcome(request: Request, store: Path | None = None) -> Outcome:
    *_, last = TorchEngine(store).run(request, CancelToken())
    assert isinstance(last, JobResult)
    return last.outcome


def compare(_name: str, _device: str) -> SquaredDistance:
    return SquaredDistance()


def ignore(_message: object) -> None:
    pass


def measured(
    generator: Generator,
    store: FeatureStore,
    variants: tuple[str, ...] = ST,
    samples: int = 40,
    load: Any = compare,
    **options: Any,
) -> PathLengthResult:
    request = PathLengthRequest(Path("linear.pkl"), variants, samples, **options)
    return Measurement(
        request, requested_variants(request), generator, Memo(store), ignore, lambda: None, load
    ).result()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "store.sqlite") as opened:
        yield opened


def test_a_generator_is_described_and_copied_without_running_its_code(network: Path, tmp_path: Path) -> None:
    found = outcome(GeneratorRequest(network, tmp_path / "copy"))
    assert isinstance(found, GeneratorDescription)
    assert (found.format, found.resolution, found.z_dim, found.num_ws, found.classes) == (
        "stylegan2",
        (64, 64),
        6,
        10,
        0,
    )
    assert len(found.sha256) == 64
    assert [path.name for path in found.safe_copy] == ["copy.safetensors", "copy.generator.json"]
    assert all(path.is_file() for path in found.safe_copy)


def test_sampling_reports_progress_and_gives_the_folder(network: Path, tmp_path: Path) -> None:
    messages = list(TorchEngine().run(SampleRequest(network, 6, tmp_path / "gan"), CancelToken()))
    result = messages[-1].outcome  # type: ignore[union-attr]
    assert isinstance(result, SampleResult)
    assert len(list((tmp_path / "gan").glob("seed*.png"))) == 6
    progress = [message for message in messages if isinstance(message, Progress)]
    assert progress[-1].fraction == 1
    assert any(message.rate for message in progress)


def test_a_file_that_is_no_generator_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(b"hello")
    with pytest.raises(UserError, match="not a network"):
        outcome(SampleRequest(tmp_path / "x.pkl", 1, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@needs_st_lpips
def test_all_variants_are_measured_with_st_lpips_which_needs_no_download(network: Path, tmp_path: Path) -> None:
    request = PathLengthRequest(network, ST, 4, device="cpu")
    first = outcome(request, tmp_path / "store")
    assert isinstance(first, PathLengthResult)
    assert [value.variant for value in first.values] == list(ST)
    for value in first.values:
        assert value.value is not None
        assert value.interval is not None
        assert value.interval.low <= value.value <= value.interval.high
        assert value.standard_error > 0
        assert (value.n, value.kept) == (4, 4)
        assert "with ST-LPIPS" in value.text
        assert first.generator_sha256[:12] in value.text
        assert "4 samples (screening)" in value.text
    assert any(note.startswith("Screening: 4 samples") for note in first.notes)
    assert any("face" in note for note in first.notes)


def test_a_run_cancelled_half_way_ends_with_the_numbers_of_one_that_was_not(tmp_path: Path) -> None:
    generator = LinearGenerator(side=64)
    calls = []

    def check() -> None:
        calls.append(None)
        if len(calls) == 120:
            raise Cancelled

    request = PathLengthRequest(Path("x"), ("ppl-zend-st", "ppl-wfull-st"), 50)
    with FeatureStore(tmp_path / "cut") as cut:
        with pytest.raises(Cancelled):
            Measurement(request, requested_variants(request), generator, Memo(cut), ignore, check, compare).result()
        before = generator.images_made
        resumed = measured(generator, cut, request.variants, 50)
        needed = generator.images_made - before
    with FeatureStore(tmp_path / "whole") as whole:
        before = generator.images_made
        straight = measured(generator, whole, request.variants, 50)
        assert needed < generator.images_made - before
    assert resumed.values == straight.values


def test_a_repeated_run_computes_nothing_and_more_samples_go_on_from_those_there(store: FeatureStore) -> None:
    generator = LinearGenerator(side=64)
    first = measured(generator, store, ("ppl2-wend-st",), 32)
    before = generator.images_made
    assert measured(generator, store, ("ppl2-wend-st",), 32) == first
    assert generator.images_made == before
    measured(generator, store, ("ppl2-wend-st",), 48)
    assert generator.images_made - before == 2 * 16


def test_numbers_of_another_seed_or_generator_are_not_mixed_in(store: FeatureStore) -> None:
    values = {
        measured(generator, store, ("ppl2-wend-st",), 16, seed=seed).values[0].value
        for generator in (LinearGenerator(side=64), LinearGenerator(side=64, sha256="cd" * 32, z_normalised=False))
        for seed in (0, 1)
    }
    assert len(values) == 4


def test_a_rounded_generator_is_refused_before_the_long_run(store: FeatureStore) -> None:
    generator = LinearGenerator(side=64, rounded=lambda image: image.half().float())
    with pytest.raises(UserError, match="rounded or noisy"):
        measured(generator, store, samples=1000)
    assert generator.images_made == 16 * 3


def test_a_generator_without_styles_keeps_its_variants_in_z(store: FeatureStore) -> None:
    result = measured(LinearGenerator(side=64, has_w=False, z_normalised=False, noise="fixed"), store, samples=16)
    by_id = {value.variant: value for value in result.values}
    assert by_id["ppl-zend-st"].value is not None
    assert by_id["ppl2-wend-st"].value is None
    assert "needs the styles w" in by_id["ppl2-wend-st"].reason
    assert sum(note.startswith("Deviation:") for note in result.notes) == 2
    with pytest.raises(UserError, match="needs the styles w"):
        measured(LinearGenerator(side=64, has_w=False), store, ("ppl-wend-st",))


@needs_st_lpips
def test_images_too_small_for_the_network_are_told(store: FeatureStore) -> None:
    result = measured(LinearGenerator(side=32), store, ("ppl-wend-st", "ppl2-wend-st"), 2, load_pair_network)
    assert "16 px a side" in result.values[0].reason
    assert result.values[1].value is not None


def test_labels_of_the_training_set_are_a_setting_and_their_lack_a_deviation(store: FeatureStore) -> None:
    generator = LinearGenerator(side=64, c_dim=2)
    evenly = measured(generator, store, ("ppl2-wend-st",), 16)
    assert any("classes were drawn evenly" in note for note in evenly.notes)
    drawn = measured(generator, store, ("ppl2-wend-st",), 16, class_counts=(1, 0))
    assert not any("classes" in note for note in drawn.notes)
    with pytest.raises(UserError, match="3 classes"):
        measured(generator, store, ("ppl2-wend-st",), 16, class_counts=(1, 0, 2))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"variants": ("ppl",)}, "no path length called 'ppl'"),
        ({"variants": ()}, "No path length"),
        ({"samples": 1}, "2 to"),
        ({"seed": -1}, "seed"),
    ],
)
def test_requests_that_make_no_sense_are_refused_before_the_file_is_opened(options: dict[str, Any], word: str) -> None:
    with pytest.raises(UserError, match=word):
        outcome(PathLengthRequest(Path("nowhere.pkl"), **{"variants": ST, **options}))


def test_a_missing_network_names_what_to_fetch(store: FeatureStore) -> None:
    if weight_state("torchvision-vgg16").status is WeightStatus.PRESENT:
        pytest.skip("the weights of VGG-16 are here")
    with pytest.raises(UserError) as caught:
        measured(LinearGenerator(side=64), store, ("ppl2-wend",), 2, load_pair_network)
    assert "models fetch torchvision-vgg16" in caught.value.hint + caught.value.message


@needs_st_lpips
def test_a_cancel_ends_the_job_at_once(tmp_path: Path, network: Path) -> None:
    token = CancelToken()
    began = 0.0
    with pytest.raises(Cancelled):
        for message in TorchEngine(tmp_path / "store").run(PathLengthRequest(network, ("ppl-zend-st",), 5000), token):
            if isinstance(message, Progress) and message.stage != "check" and not began:
                began = time.monotonic()
                token.cancel()
    assert time.monotonic() - began < SOON_S


def test_every_variant_says_which_distance_it_uses_and_only_the_published_have_their_name() -> None:
    for spec in PATH_LENGTHS.values():
        st = spec.distance == "st-lpips-vgg"
        assert ("with ST-LPIPS" in spec.label) is st
        assert spec.published == ("" if st else spec.id.replace("-", "_"))
    assert np.unique([spec.label for spec in PATH_LENGTHS.values()]).size == 10
