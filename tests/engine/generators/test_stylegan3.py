"""StyleGAN3: equal to a plain float64 calculation, and to images of the published code where those are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import signal

from planetview.core.errors import UserError
from planetview.engine.generators.resampling import Resampler
from tests.engine.generators import reference
from tests.engine.generators.networks import stylegan3
from tests.engine.generators.pickles import golden_network
from tests.engine.generators.test_stylegan2 import compare_with_golden, latents, opened


@pytest.mark.parametrize("radial", [False, True], ids=["T", "R"])
@pytest.mark.parametrize(("c_dim", "clamp"), [(0, 256), (2, 0.7)])
def test_images_are_those_of_a_plain_float64_calculation(radial: bool, c_dim: int, clamp: float) -> None:
    network = stylegan3(radial=radial, c_dim=c_dim, clamp=clamp)
    generator = opened(network)
    z, c = latents(generator)
    w = reference.styles(*network, z.numpy(), None if c is None else c.numpy())
    expected = np.stack([reference.paint3(*network, sample) for sample in w])
    np.testing.assert_allclose(generator.generate(z, c).numpy(), expected, atol=1e-5)
    assert expected.std() > 0.02


@pytest.mark.parametrize(
    ("up", "down", "taps", "padding"),
    [
        (2, 1, 12, (9, 8, 9, 8)),
        (4, 2, 24, (-6, -9, -6, -9)),
        (1, 2, 12, (0, 0, 0, 0)),
        (2, 2, 7, (3, 0, -4, 11)),
        (3, 1, 1, (0, 0, 0, 0)),
        (1, 1, 5, (2, 2, 30, 31)),
    ],
)
def test_resampling_is_scipys_upfirdn(up: int, down: int, taps: int, padding: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(up * 100 + taps)
    x, fir = rng.standard_normal((2, 3, 90, 41)), rng.standard_normal(taps)
    found = Resampler(torch.from_numpy(fir).float(), up, down, padding)(torch.from_numpy(x).float()).numpy()
    expected = x
    for axis, (before, after) in ((3, padding[:2]), (2, padding[2:])):
        expected = _line(expected, fir, up, down, before, after, axis)
    np.testing.assert_allclose(found, expected, atol=2e-5)


def _line(x: np.ndarray, fir: np.ndarray, up: int, down: int, before: int, after: int, axis: int) -> np.ndarray:
    """Pad or crop what scipy gives at the higher rate, and keep every `down`-th sample."""
    x = np.moveaxis(x, axis, -1)
    longer = x.shape[-1] * up + before + after
    full = signal.upfirdn(fir, x, up)
    full = np.pad(full, [(0, 0)] * 3 + [(60, 60)])
    first = 60 - before + len(fir) - 1
    return np.moveaxis(full[..., first : first + longer - len(fir) + 1 : down], -1, axis)


def test_a_filter_that_is_no_product_gives_what_a_product_gives_when_it_is_one() -> None:
    fir = torch.randn(6, generator=torch.Generator().manual_seed(0))
    x = torch.randn(2, 3, 19, 23, generator=torch.Generator().manual_seed(1))
    line, table = Resampler(fir, 2, 2, (3, 4, -1, 2)), Resampler(torch.outer(fir, fir), 2, 2, (3, 4, -1, 2))
    torch.testing.assert_close(line(x), table(x), atol=1e-4, rtol=1e-5)


def test_noise_cannot_be_given() -> None:
    generator = opened(stylegan3())
    assert generator.info.noise == "none"
    assert generator.new_noise(np.random.default_rng(0), 1) is None


def test_a_layer_that_gives_another_size_than_recorded_is_refused() -> None:
    state, settings = stylegan3()
    settings["synthesis.L1_18_4"]["padding"] = [-7, -6, -7, 2]
    with pytest.raises(UserError, match="18x22 where 18x18 is recorded"):
        opened((state, settings)).generate(torch.ones(1, 6))


@pytest.mark.parametrize("name", ["t", "r"])
def test_images_are_those_of_the_published_code(name: str, shared_data: Path) -> None:
    path = shared_data / "golden" / f"sg3_{name}.npz"
    if not path.is_file():
        pytest.skip("the reference images (../shared/data/golden) are not on this machine")
    compare_with_golden(opened(golden_network(path)), path)
