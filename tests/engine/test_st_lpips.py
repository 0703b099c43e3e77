from __future__ import annotations

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.core.models import WeightStatus
from planetview.engine.neighbours import nearest_st_lpips
from planetview.engine.perceptual.st_lpips import SMALLEST_SIDE, StLpips
from planetview.engine.resize import squash
from planetview.engine.weights import weight_state

pytestmark = pytest.mark.skipif(
    any(weight_state(f"st-lpips-{net}").status is not WeightStatus.PRESENT for net in ("alex", "vgg")),
    reason="the ST-LPIPS weight files are not installed",
)
NETS = ("alex", "vgg")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@cache
def ours(net: str) -> StLpips:
    return StLpips(net)  # type: ignore[arg-type]


@cache
def published(net: str) -> Any:
    """The authors' own module; the two packages it imports for debugging are replaced by empty ones."""
    for name, attribute in (("IPython", "embed"), ("torchsummary", "summary")):
        stand_in = ModuleType(name)
        setattr(stand_in, attribute, None)
        sys.modules.setdefault(name, stand_in)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from stlpips_pytorch import stlpips

        return stlpips.LPIPS(net=net, variant="shift_tolerant", verbose=False)


def published_distance(net: str, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float64]:
    pair = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1 for x in (a, b)]
    with torch.inference_mode():
        return published(net)(*pair).flatten().double().numpy()


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def tiles(folder: Path, count: int) -> NDArray[np.uint8]:
    files = sorted((folder / "hirise" / "test").glob("*.jpg"))[:count]
    return np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("size", [(64, 64), (40, 97)])
def test_distance_and_embedding_equal_the_published_code_on_noise(net: str, size: tuple[int, int]) -> None:
    a, b = noise(2, *size, 3, seed=1), noise(2, *size, 3, seed=2)
    expected = published_distance(net, a, b)
    np.testing.assert_allclose(ours(net).distance(a, b), expected, atol=1e-6)
    difference = ours(net).embed(a).astype(np.float64) - ours(net).embed(b)
    np.testing.assert_allclose(np.square(difference).sum(axis=1), expected, atol=1e-6)


@pytest.mark.parametrize("net", NETS)
def test_distance_equals_the_published_code_on_real_tiles(net: str, shared_data: Path) -> None:
    real = tiles(shared_data, 2)
    assert real.shape[1:] == (227, 227, 3)
    expected = published_distance(net, real[:1], real[1:])
    np.testing.assert_allclose(ours(net).distance(real[:1], real[1:]), expected, atol=1e-6)
    assert (expected > 0.01).all()


@pytest.mark.parametrize("net", NETS)
def test_grey_images_are_the_same_as_three_equal_channels(net: str) -> None:
    a, b = noise(2, 64, 64, seed=3), noise(2, 64, 64, seed=4)
    rgb = [np.repeat(x[..., None], 3, axis=3) for x in (a, b)]
    np.testing.assert_array_equal(ours(net).distance(a, b), ours(net).distance(*rgb))
    np.testing.assert_allclose(ours(net).distance(a, b), published_distance(net, *rgb), atol=1e-6)


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_side_works_and_one_pixel_less_is_explained(net: str) -> None:
    side = SMALLEST_SIDE[net]
    a, b = noise(1, side, 30, 3, seed=5), noise(1, side, 30, 3, seed=6)
    np.testing.assert_allclose(ours(net).distance(a, b), published_distance(net, a, b), atol=1e-6)
    with pytest.raises(UserError, match=rf"at least {side} px a side, got 30 x {side - 1}"):
        ours(net).distance(a[:, 1:], b[:, 1:])
    with pytest.raises(UserError, match=f"at least {side} px"):
        ours(net).embed(a[:, 1:])


def test_equal_images_are_at_distance_zero_and_the_order_does_not_matter() -> None:
    a, b = noise(2, 32, 32, 3, seed=7), noise(2, 32, 32, 3, seed=8)
    assert ours("alex").distance(a, a).tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(ours("alex").distance(a, b), ours("alex").distance(b, a))


def test_a_pixel_of_shift_counts_less_than_a_new_image() -> None:
    wide = noise(1, 64, 65, 3, seed=9)
    shifted = ours("alex").distance(wide[:, :, 1:], wide[:, :, :-1])
    assert shifted < 0.5 * ours("alex").distance(wide[:, :, 1:], noise(1, 64, 64, 3, seed=10))


def test_an_embedding_does_not_depend_on_its_company() -> None:
    images = noise(11, 32, 32, 3, seed=11)
    together = ours("alex").embed(images)
    for index in (0, 7, 8, 10):
        np.testing.assert_array_equal(ours("alex").embed(images[index : index + 1])[0], together[index])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (noise(1, 32, 32, 3), noise(1, 32, 33, 3)),
        (noise(1, 32, 32, 3), noise(2, 32, 32, 3)),
        (noise(1, 32, 32, 4), noise(1, 32, 32, 4)),
        (noise(1, 32, 32, 3).astype(np.float32), noise(1, 32, 32, 3).astype(np.float32)),
    ],
)
def test_unfit_arrays_are_refused(a: NDArray[Any], b: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="ST-LPIPS"):
        ours("alex").distance(a, b)


def free() -> None:
    """A job nobody cancels."""


@pytest.mark.parametrize("budget", [1 << 30, 2 << 20])
def test_neighbours_by_st_lpips_equal_the_distance_of_every_pair(budget: int) -> None:
    queries, bank = noise(5, 30, 24, 3, seed=12), noise(13, 24, 40, 3, seed=13)
    bank[4] = bank[11]
    small = [np.stack([squash(image, 24) for image in images]) for images in (queries, bank)]
    every = np.stack([ours("alex").distance(np.repeat(q[None], 13, axis=0), small[1]) for q in small[0]])
    indices, distances = nearest_st_lpips(
        queries.__getitem__, 5, bank.__getitem__, 13, 4,
        model=ours("alex"), check=free, side=24, budget_bytes=budget,
    )  # fmt: skip
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :4], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(every, indices, axis=1), distances, atol=1e-6)


def test_copies_inside_a_set_are_found_at_distance_zero() -> None:
    images = noise(10, 24, 24, 3, seed=14)
    images[[6, 9]] = images[2]
    indices, distances = nearest_st_lpips(
        images.__getitem__, 10, images.__getitem__, 10, 2,
        model=ours("alex"), check=free, side=24, exclude_self=True, budget_bytes=1 << 20,
    )  # fmt: skip
    assert indices[[2, 6, 9]].tolist() == [[6, 9], [2, 9], [2, 6]]
    assert (distances[[2, 6, 9]] == 0).all()
    assert (indices != np.arange(10)[:, None]).all()
    assert (np.delete(distances, [2, 6, 9], axis=0) > 0).all()


def test_the_search_by_st_lpips_can_be_cancelled() -> None:
    token = CancelToken()
    loaded: list[int] = []

    def load(index: int) -> NDArray[np.uint8]:
        loaded.append(index)
        if len(loaded) == 10:
            token.cancel()
        return noise(24, 24, 3, seed=index)

    with pytest.raises(Cancelled):
        nearest_st_lpips(load, 100, load, 100, 1, model=ours("alex"), check=token.check, side=24)
    assert len(loaded) <= 17
