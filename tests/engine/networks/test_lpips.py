from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.engine.perceptual.lpips import Lpips, Net
from planetview.engine.perceptual.pair_map import pair_map
from planetview.engine.weights import LoadedWeights
from tests.engine.networks.lpips_files import official_trunk, published_heads, published_lpips
from tests.engine.weight_files import seeded

NETS: tuple[Net, ...] = ("alex", "vgg", "squeeze")
SMALLEST = {"alex": 31, "vgg": 16, "squeeze": 17}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("trunks")
    for net in NETS:
        official_trunk(net, folder / f"{net}.pth")
    return {net: folder / f"{net}.pth" for net in NETS}


@pytest.fixture(scope="module")
def ours(trunks: dict[str, Path]) -> dict[str, Lpips]:
    return {net: lpips(net, trunks[net]) for net in NETS}


@pytest.fixture(scope="module")
def published(trunks: dict[str, Path]) -> dict[str, Any]:
    return {net: published_lpips(net, trunks[net]) for net in NETS}


def lpips(net: Net, trunk: Path, *, digests: tuple[str, str] = ("a", "b"), note: str = "") -> Lpips:
    tensors, heads = (torch.load(file, weights_only=True, map_location="cpu") for file in (trunk, published_heads(net)))
    return Lpips(net, LoadedWeights(tensors, digests[0], note), LoadedWeights(heads, digests[1]))


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def relief(side: int, seed: int) -> NDArray[np.uint8]:
    """A smooth field in three colours with a little noise, (1, side, side, 3)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    waves = [np.sin(2 * np.pi * (random.uniform(-4, 4) * x + random.uniform(-4, 4) * y)) for _ in range(3)]
    field = 128 + 60 * np.stack(waves, axis=2) + random.normal(0, 12, (side, side, 3))
    return np.clip(field, 0, 255).astype(np.uint8)[None]


def published_distance(oracle: Any, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float64]:
    pair = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1 for x in (a, b)]
    with torch.inference_mode():
        found: NDArray[np.float64] = oracle(*pair).flatten().double().numpy()
    return found


@pytest.mark.parametrize(
    ("net", "side"),
    [(net, side) for net in NETS for side in (64, 227, 256)] + [("alex", 512), ("squeeze", 512), ("alex", 1024)],
)
def test_distances_equal_the_published_code(
    ours: dict[str, Lpips], published: dict[str, Any], net: str, side: int
) -> None:
    a, b = relief(side, 1), relief(side, 2)
    expected = published_distance(published[net], a, b)
    assert expected > 0.01
    np.testing.assert_allclose(ours[net].distance(a, b), expected, rtol=1e-5)


def test_vgg_equals_the_published_code_at_512_px(ours: dict[str, Lpips], published: dict[str, Any]) -> None:
    a, b = relief(512, 1)[:, :96], relief(512, 2)[:, :96]
    np.testing.assert_allclose(ours["vgg"].distance(a, b), published_distance(published["vgg"], a, b), rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_grey_images_are_the_same_as_three_equal_channels(
    ours: dict[str, Lpips], published: dict[str, Any], net: str
) -> None:
    a, b = relief(64, 3)[..., 0], relief(64, 4)[..., 0]
    rgb = [np.repeat(x[..., None], 3, axis=3) for x in (a, b)]
    np.testing.assert_array_equal(ours[net].distance(a, b), ours[net].distance(*rgb))
    np.testing.assert_allclose(ours[net].distance(a, b), published_distance(published[net], *rgb), rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_equal_images_are_at_distance_zero_and_the_order_does_not_matter(ours: dict[str, Lpips], net: str) -> None:
    a, b = noise(2, 40, 48, 3, seed=5), noise(2, 40, 48, 3, seed=6)
    assert ours[net].distance(a, a.copy()).tolist() == [0.0, 0.0]
    np.testing.assert_array_equal(ours[net].distance(a, b), ours[net].distance(b, a))


@pytest.mark.parametrize("net", NETS)
def test_the_distance_is_the_squared_euclidean_distance_of_the_embeddings(ours: dict[str, Lpips], net: str) -> None:
    a, b = noise(3, 40, 48, 3, seed=7), noise(3, 40, 48, 3, seed=8)
    difference = ours[net].embed(a).astype(np.float64) - ours[net].embed(b)
    np.testing.assert_allclose(np.square(difference).sum(axis=1), ours[net].distance(a, b), rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_the_smallest_side_works_and_one_pixel_less_is_explained(
    ours: dict[str, Lpips], published: dict[str, Any], net: str
) -> None:
    side = SMALLEST[net]
    a, b = noise(1, side, 40, 3, seed=9), noise(1, side, 40, 3, seed=10)
    assert ours[net].smallest_side == side
    np.testing.assert_allclose(ours[net].distance(a, b), published_distance(published[net], a, b), rtol=1e-5)
    with pytest.raises(UserError, match=rf"LPIPS \({net}\) needs images of at least {side} px a side, got 40 x"):
        ours[net].distance(a[:, 1:], b[:, 1:])
    with pytest.raises(RuntimeError):
        published_distance(published[net], a[:, 1:], b[:, 1:])


def test_values_of_one_weight_file_are_told_from_those_of_another(trunks: dict[str, Path]) -> None:
    digests = {
        lpips("squeeze", trunks["squeeze"], digests=pair).weights_digest
        for pair in (("a", "b"), ("a", "c"), ("d", "b"))
    }
    assert len(digests) == 3
    assert all(len(digest) == 64 for digest in digests)
    assert lpips("squeeze", trunks["squeeze"], note="not verified").note == "not verified"


def test_the_trunk_of_another_network_is_refused(trunks: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="torchvision-alexnet do not fit"):
        lpips("alex", trunks["squeeze"])


@pytest.mark.parametrize("net", NETS)
def test_images_that_were_never_rounded_are_compared_as_the_published_code_does(
    ours: dict[str, Lpips], published: dict[str, Any], net: str
) -> None:
    rng = torch.Generator().manual_seed(3)
    a = 1.5 * torch.randn(5, 3, 40, 48, generator=rng)
    others = [a + 1e-3 * torch.randn(a.shape, generator=rng), -a]
    with torch.inference_mode():
        expected = torch.stack([published[net].double()(a.double(), b.double()).flatten() for b in others])
        published[net].float()
    torch.testing.assert_close(ours[net].distance_float(a, *others).double(), expected, rtol=3e-3, atol=0)


def test_rounded_images_have_the_same_distance_either_way(ours: dict[str, Lpips]) -> None:
    a, b = noise(9, 40, 48, 3, seed=7), noise(9, 40, 48, 3, seed=8)
    floats = [torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1 for x in (a, b)]
    np.testing.assert_allclose(ours["squeeze"].distance_float(*floats)[0], ours["squeeze"].distance(a, b), rtol=1e-5)


def test_floats_of_another_kind_or_size_are_refused(ours: dict[str, Lpips]) -> None:
    a = torch.zeros(1, 3, 32, 32)
    with pytest.raises(ValueError, match="float32"):
        ours["alex"].distance_float(a.double(), a.double())
    with pytest.raises(ValueError, match="equal size"):
        ours["alex"].distance_float(a, a[..., :31])
    with pytest.raises(UserError, match="at least 31 px"):
        ours["alex"].distance_float(a[..., :30], a[..., :30])


@pytest.fixture(scope="module")
def seeded_nets(trunks: dict[str, Path]) -> dict[str, Lpips]:
    """Networks of well-formed files: no package with published heads is needed."""
    nets = {}
    for number, net in enumerate(NETS):
        trunk = torch.load(trunks[net], weights_only=True, map_location="cpu")
        heads = {name: tensor.abs() for name, tensor in seeded(f"lpips-{net}", number).items()}
        nets[net] = Lpips(net, LoadedWeights(trunk, "a"), LoadedWeights(heads, "b"))
    return nets


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("size", [(64, 64), (45, 70)])
def test_the_mean_of_a_heat_map_is_the_distance_of_the_pair(
    seeded_nets: dict[str, Lpips], net: str, size: tuple[int, int]
) -> None:
    a, b = noise(1, *size, 3, seed=1), noise(1, *size, 3, seed=2)
    expected = float(seeded_nets[net].distance(a, b)[0])

    values, score = pair_map(seeded_nets[net], a[0], b[0])

    assert values.shape == size and (values >= 0).all() and expected > 0
    assert score == pytest.approx(expected, rel=1e-5)
    assert float(values.mean(dtype=np.float64)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_a_heat_map_is_bright_where_the_pair_was_changed(seeded_nets: dict[str, Lpips], net: str) -> None:
    a = relief(128, 3)
    b = a.copy()
    b[0, 16:48, 80:112] = 255 - b[0, 16:48, 80:112]

    values, _ = pair_map(seeded_nets[net], a[0], b[0])

    assert values[16:48, 80:112].mean() > 5 * values[80:, :48].mean()
    nothing, score = pair_map(seeded_nets[net], a[0], a[0].copy())
    assert score == 0 and not nothing.any()
