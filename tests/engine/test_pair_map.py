"""Maps of perceptual distance against the scalars of the same networks, and against closed forms."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from planetview.core.cancel import CancelToken
from planetview.core.datasets import ImageRecord
from planetview.core.errors import UserError
from planetview.core.messages import JobResult, PairMapRequest
from planetview.core.models import WeightStatus
from planetview.core.pair_map import PairMap
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from planetview.engine import perceptual
from planetview.engine.engine import TorchEngine
from planetview.engine.perceptual import pair_map as maps
from planetview.engine.perceptual.pair_map import pair_map
from planetview.engine.perceptual.st_lpips import StLpips
from planetview.engine.weights import weight_state

needs_weights = pytest.mark.skipif(
    any(weight_state(f"st-lpips-{net}").status is not WeightStatus.PRESENT for net in ("alex", "vgg")),
    reason="the ST-LPIPS weight files are not installed",
)
NONE = ResolvedStretch(Stretch(StretchKind.NONE))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def relief(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    field = sum(np.sin(2 * np.pi * (f * x * random.normal() + f * y * random.normal())) for f in (1, 3, 9))
    field = field + random.normal(0, 0.1, (height, width))
    grey = np.interp(field, (field.min(), field.max()), (0, 255)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, NDArray[np.uint8]], ImageRecord]:
    def save(name: str, pixels: NDArray[np.uint8]) -> ImageRecord:
        path = tmp_path / name
        Image.fromarray(pixels).save(path)
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        return ImageRecord(name, path, None, None, digest, len(data), pixels.shape[1], pixels.shape[0], 3, "uint8")

    return save


def run(request: PairMapRequest, engine: TorchEngine | None = None) -> PairMap:
    *_, last = (engine or TorchEngine()).run(request, CancelToken())
    assert isinstance(last, JobResult) and isinstance(last.outcome, PairMap)
    return last.outcome


class Stages:
    """A network whose stages differ by given maps."""

    smallest_side, weights_digest, note = 1, "", ""

    def __init__(self, *stages: NDArray[np.float32]) -> None:
        self.stages = stages

    def stage_maps(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return list(self.stages)


@needs_weights
@pytest.mark.parametrize("net", ["alex", "vgg"])
@pytest.mark.parametrize("size", [(64, 64), (45, 70)])
def test_the_mean_of_the_map_is_the_distance_of_the_pair(net: str, size: tuple[int, int]) -> None:
    network = StLpips(net)  # type: ignore[arg-type]
    a, b = relief(*size, seed=1), relief(*size, seed=2)
    expected = float(network.distance(a[None], b[None])[0])

    values, score = pair_map(network, a, b)

    assert values.shape == size and values.dtype == np.float32 and (values >= 0).all()
    assert score == pytest.approx(expected, rel=1e-5)
    assert float(values.mean(dtype=np.float64)) == pytest.approx(expected, rel=1e-5)


@needs_weights
def test_equal_images_have_an_empty_map() -> None:
    a = relief(48, 48)
    values, score = pair_map(StLpips("alex"), a, a.copy())
    assert score == 0 and not values.any()


@needs_weights
def test_the_map_is_bright_where_the_pair_was_changed() -> None:
    a = relief(128, 128)
    b = a.copy()
    b[16:48, 80:112] = 255 - b[16:48, 80:112]

    values, _ = pair_map(StLpips("alex"), a, b)

    changed = values[16:48, 80:112].mean()
    assert changed > 20 * values[80:, :48].mean()
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert 10 <= row < 54 and 74 <= column < 118


def test_a_constant_stage_stays_what_it_is_and_stages_add_up() -> None:
    flat, half = np.full((3, 5), 0.25, np.float32), np.full((2, 2), 0.5, np.float32)
    image = np.zeros((12, 20, 3), np.uint8)

    values, score = pair_map(Stages(flat, half), image, image)  # type: ignore[arg-type]

    assert score == pytest.approx(0.75)
    assert np.allclose(values, 0.75)


def test_a_stage_of_full_size_is_taken_as_it_is() -> None:
    stage = np.random.default_rng(3).random((9, 7)).astype(np.float32)
    image = np.zeros((9, 7, 3), np.uint8)

    values, _ = pair_map(Stages(stage), image, image)  # type: ignore[arg-type]

    assert np.allclose(values, stage, rtol=1e-6)


def test_an_uneven_stage_keeps_its_mean_and_its_place() -> None:
    stage = np.zeros((4, 4), np.float32)
    stage[0, 0] = 1.6
    image = np.zeros((32, 32, 3), np.uint8)

    values, score = pair_map(Stages(stage), image, image)  # type: ignore[arg-type]

    assert score == pytest.approx(0.1)
    assert float(values.mean(dtype=np.float64)) == pytest.approx(0.1, rel=1e-6)
    assert values[0, 0] == values.max() and not values[16:].any()


@needs_weights
def test_the_engine_answers_a_request_with_the_score_of_the_run(write) -> None:
    first, second = write("a.png", relief(64, 64, 1)), write("b.png", relief(64, 64, 2))
    engine = TorchEngine()

    found = run(PairMapRequest(first, second, NONE, NONE), engine)
    again = run(PairMapRequest(first, second, NONE, NONE), engine)

    expected = StLpips("alex").distance(relief(64, 64, 1)[None], relief(64, 64, 2)[None])[0]
    assert found.metric == "st-lpips-alex" and found.note == ""
    assert found.score == pytest.approx(float(expected), rel=1e-5) == again.score
    assert pickle.loads(pickle.dumps(found)).values.shape == (64, 64)


@needs_weights
def test_unequal_sizes_are_compared_at_the_smaller_one_and_that_is_said(write) -> None:
    found = run(PairMapRequest(write("a.png", relief(64, 80)), write("b.png", relief(96, 48)), NONE, NONE))
    assert found.values.shape == (64, 48)
    assert "64" in found.note and "48" in found.note


@needs_weights
def test_a_large_pair_is_reduced_and_that_is_said(write, monkeypatch) -> None:
    monkeypatch.setattr(maps, "LARGEST_SIDE", 40)
    found = run(PairMapRequest(write("a.png", relief(60, 80, 1)), write("b.png", relief(60, 80, 2)), NONE, NONE))
    assert found.values.shape == (30, 40)
    assert "Reduced to 40 × 30" in found.note


def test_what_cannot_be_mapped_says_why(write, monkeypatch) -> None:
    first, small = write("a.png", relief(64, 64)), write("b.png", relief(8, 8))
    gone = replace(first, path=first.path.with_name("gone.png"), name="gone.png")

    with pytest.raises(UserError, match=r"gone\.png.*not there"):
        run(PairMapRequest(gone, first, NONE, NONE))
    with pytest.raises(UserError, match="no perceptual network"):
        run(PairMapRequest(first, first, NONE, NONE, "psnr"))
    if weight_state("st-lpips-alex").status is WeightStatus.PRESENT:
        with pytest.raises(UserError, match="at least 21 px"):
            run(PairMapRequest(first, small, NONE, NONE))


def test_missing_weights_are_named_with_the_way_to_get_them(write, tmp_path, monkeypatch) -> None:
    if all(weight_state(key).status is WeightStatus.PRESENT for key in ("lpips-vgg", "torchvision-vgg16")):
        pytest.skip("the LPIPS weights are installed")
    record = write("a.png", relief(64, 64))
    with pytest.raises(UserError, match="weights of") as caught:
        run(PairMapRequest(record, record, NONE, NONE, "lpips-vgg"))
    assert caught.value.hint


def test_every_pair_network_can_be_asked_for() -> None:
    assert {"st-lpips-alex", "st-lpips-vgg", "lpips-alex"} <= set(perceptual.PAIR_NETWORKS)
