"""StyleGAN2: equal to a plain float64 calculation, and to images of the published code where those are at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal
from torch.nn import functional

from planetview.core.cancel import Cancelled
from planetview.core.errors import UserError
from planetview.engine.generators.adapter import one_hot, stacked_noise
from planetview.engine.generators.fir import Fir
from planetview.engine.generators.flat import tree_of
from planetview.engine.generators.style_generator import StyleGenerator, style_generator
from tests.engine.generators import reference
from tests.engine.generators.networks import Network, stylegan2
from tests.engine.generators.pickles import golden_network


def opened(network: Network, check: Callable[[], None] = lambda: None) -> StyleGenerator:
    return style_generator(tree_of(*network), Path("x.pkl"), "0" * 64, "test", check=check)


def latents(generator: StyleGenerator, n: int = 2, seed: int = 5) -> tuple[torch.Tensor, torch.Tensor | None]:
    rng = np.random.default_rng(seed)
    z = generator.sample_z(n, rng)
    c_dim = generator.info.c_dim
    return z, torch.from_numpy(rng.standard_normal((n, c_dim)).astype(np.float32)) if c_dim else None


def painted(network: Network, z: torch.Tensor, c: torch.Tensor | None, **truncation: Any) -> np.ndarray:
    w = reference.styles(*network, z.numpy(), None if c is None else c.numpy(), **truncation)
    return np.stack([reference.paint2(*network, sample) for sample in w])


VARIANTS: dict[str, dict[str, Any]] = {
    "skip": {},
    "two labels": {"c_dim": 2, "mapping_layers": 8},
    "grey with a low clamp": {"channels": 1, "clamp": 1.0},
    "no clamp, no noise": {"clamp": None, "noise": False},
    "orig": {"architecture": "orig"},
    "resnet with a low clamp": {"architecture": "resnet", "clamp": 0.8},
    "lopsided filter": {"fir": np.outer([1, 2, 4, 1], [1, 2, 4, 1]) / 64},
    "filter that is no product": {"fir": np.array([[1, 2, 0, 1], [0, 3, 2, 1], [4, 1, 1, 0], [0, 0, 2, 2]]) / 20},
    "six taps": {"fir": np.outer([1, 3, 5, 5, 3, 1], [1, 3, 5, 5, 3, 1]) / 18**2},
    "swish": {"activation": "swish"},
    "linear": {"activation": "linear"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_images_are_those_of_a_plain_float64_calculation(variant: str) -> None:
    network = stylegan2(**VARIANTS[variant])
    generator = opened(network)
    z, c = latents(generator)
    expected = painted(network, z, c)
    assert np.abs(generator.generate(z, c).numpy() - expected).max() < 1e-5 * max(1, expected.std())
    assert expected.std() > 0.05


@pytest.mark.parametrize(("psi", "cutoff"), [(0.7, None), (0.5, 3), (0.0, 2)])
def test_truncation_moves_the_first_rows_towards_the_mean(psi: float, cutoff: int | None) -> None:
    network = stylegan2()
    generator = opened(network)
    z, _ = latents(generator)
    w = generator.mapping(z, psi=psi, cutoff=cutoff).numpy()
    np.testing.assert_allclose(w, reference.styles(*network, z.numpy(), None, psi, cutoff), atol=2e-6)
    if cutoff is not None:
        np.testing.assert_array_equal(w[:, cutoff:], generator.mapping(z).numpy()[:, cutoff:])


def test_given_noise_replaces_the_stored_planes() -> None:
    network = stylegan2()
    generator = opened(network)
    w = generator.mapping(latents(generator)[0])
    noise = generator.new_noise(np.random.default_rng(3), 2)
    assert noise is not None
    paths = [f"synthesis.{name}" for name in ("b4.conv1", "b8.conv0", "b8.conv1", "b16.conv0", "b16.conv1")]
    for i in range(2):
        planes = {path: plane[i, 0].numpy() for path, plane in zip(paths, noise, strict=True)}
        expected = reference.paint2(*network, w[i].numpy(), planes)
        np.testing.assert_allclose(generator.synthesis(w, noise)[i].numpy(), expected, atol=2e-5)


def test_no_noise_is_noise_of_strength_zero() -> None:
    state, settings = stylegan2()
    silent = {name: value * (not name.endswith("noise_strength")) for name, value in state.items()}
    w = opened((state, settings)).mapping(torch.ones(1, 6))
    assert torch.equal(opened((state, settings)).synthesis(w, "none"), opened((silent, settings)).synthesis(w))


def test_an_image_does_not_depend_on_its_company() -> None:
    generator = opened(stylegan2())
    z, _ = latents(generator, 3)
    draws = [generator.new_noise(np.random.default_rng(seed), 1) for seed in range(3)]
    noise = stacked_noise([draw for draw in draws if draw is not None])
    together = generator.generate(z, noise=noise)
    for i, draw in enumerate(draws):
        assert draw is not None
        torch.testing.assert_close(generator.generate(z[i : i + 1], noise=draw)[0], together[i], atol=1e-5, rtol=0)


def test_the_length_of_z_makes_no_difference() -> None:
    generator = opened(stylegan2())
    z, _ = latents(generator)
    torch.testing.assert_close(generator.generate(z), generator.generate(3 * z), atol=1e-5, rtol=0)


def test_latents_of_a_random_state_are_those_of_its_randn() -> None:
    drawn = opened(stylegan2()).sample_z(1, np.random.RandomState(7)).numpy()
    np.testing.assert_array_equal(drawn, np.random.RandomState(7).randn(1, 6).astype(np.float32))


def test_each_image_layer_shares_its_style_with_the_convolution_that_follows() -> None:
    generator = opened(stylegan2(noise=False))
    w = generator.mapping(latents(generator, 1)[0])
    base = generator.synthesis(w)
    changes = []
    for row in range(6):
        other = w.clone()
        other[:, row] += 1.0
        changes.append(not torch.equal(generator.synthesis(other), base))
    # b4: conv1, torgb; b8: conv0 (shares), conv1, torgb; b16: conv0 (shares), conv1, torgb.
    assert changes == [True] * 6
    state, settings = stylegan2(noise=False)
    for name in state:
        # Without any styles in b4 and b8, and without features passing b8, only rows 3 to 5 can matter.
        if name.startswith("synthesis.b16.conv0.weight"):
            state[name] = state[name] * 0
        if name.startswith(("synthesis.b4.torgb.weight", "synthesis.b8.torgb.weight")):
            state[name] = state[name] * 0
    generator = opened((state, settings))
    base = generator.synthesis(w)
    assert [not torch.equal(generator.synthesis(_moved(w, row)), base) for row in range(6)] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]


def _moved(w: torch.Tensor, row: int) -> torch.Tensor:
    other = w.clone()
    other[:, row] += 1.0
    return other


def test_scaling_the_input_is_the_grouped_form_of_the_paper() -> None:
    state, settings = stylegan2()
    layer = opened((state, settings))._opened().synthesis.blocks()[1].conv1  # type: ignore[union-attr]
    rng = torch.Generator().manual_seed(1)
    x, w = torch.randn(3, 6, 8, 8, generator=rng), torch.randn(3, 5, generator=rng)
    with torch.inference_mode():
        style = layer.affine(w)
        kernels = layer.weight[None] * style[:, None, :, None, None]
        kernels = kernels / (kernels.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).sqrt()
        grouped = functional.conv2d(x.reshape(1, 18, 8, 8), kernels.reshape(18, 6, 3, 3), padding=1, groups=3)
        grouped = grouped.reshape(3, 6, 8, 8) + layer.bias[:, None, None]
        expected = functional.leaky_relu(grouped, 0.2) * 2**0.5
        torch.testing.assert_close(layer(x, w, None), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("taps", [[1, 3, 3, 1], [1, 2, 4, 1], [1, 1], [1, 4, 6, 4, 1], [2, 1, 0, 3, 1, 2]])
def test_doubling_an_image_is_scipys_upfirdn(taps: list[float]) -> None:
    row = np.array(taps) / sum(taps)
    image = np.random.default_rng(0).standard_normal((1, 2, 5, 7))
    doubled = Fir.of(torch.from_numpy(np.outer(row, row)).float()).double(torch.from_numpy(image).float()).numpy()
    assert doubled.shape == (1, 2, 10, 14)
    full = signal.upfirdn(2 * row, signal.upfirdn(2 * row, image, 2, axis=2), 2, axis=3)
    start = len(taps) - 1 - (len(taps) + 1) // 2
    full = np.pad(full, ((0, 0), (0, 0), (0, 2), (0, 2)))
    np.testing.assert_allclose(doubled, full[:, :, start:, start:][:, :, :10, :14], atol=1e-6)


def test_a_filter_that_is_a_product_is_recognised_and_any_other_is_not() -> None:
    assert Fir.of(torch.from_numpy(np.outer([1, 2, 4, 1], [1, 2, 4, 1]) / 64).float()).rows
    table = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
    table[0, 0] += 1e-3
    assert not Fir.of(torch.from_numpy(table).float()).rows
    assert Fir.of(torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8).columns == pytest.approx((0.25, 0.75, 0.75, 0.25))


def test_missing_and_foreign_tensors_are_refused_by_name() -> None:
    state, settings = stylegan2()
    state["synthesis.b8.conv1.wieght"] = state.pop("synthesis.b8.conv1.bias")
    with pytest.raises(UserError, match=r"'synthesis.b8.conv1.bias' is missing; 'synthesis.b8.conv1.wieght' is not"):
        opened((state, settings))


def test_a_tensor_of_another_shape_is_refused_with_both_shapes() -> None:
    state, settings = stylegan2()
    state["synthesis.b8.torgb.weight"] = np.zeros((3, 7, 1, 1), np.float32)
    with pytest.raises(
        UserError, match=r"'synthesis.b8.torgb.weight' is float32 3x7x1x1 and should be float32 3x6x1x1"
    ):
        opened((state, settings))


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (".", "z_dim", "many"),
        (".", "img_resolution", 24),
        (".", "num_ws", 7),
        ("mapping", "num_layers", 10**9),
        ("synthesis.b8", "architecture", "unet"),
        ("synthesis.b8.conv0", "up", 1),
        ("synthesis.b8.conv0", "conv_clamp", float("inf")),
        ("synthesis.b8.conv0", "activation", "exec"),
        ("mapping.fc0", "weight_gain", None),
    ],
)
def test_impossible_settings_are_refused(path: str, name: str, value: Any) -> None:
    state, settings = stylegan2()
    settings[path][name] = value
    with pytest.raises(UserError, match="cannot be built"):
        opened((state, settings))


def test_a_clamp_that_is_not_recorded_is_not_guessed() -> None:
    state, settings = stylegan2()
    del settings["synthesis.b16.conv1"]["conv_clamp"]
    with pytest.raises(UserError, match=r"'synthesis\.b16\.conv1\.conv_clamp' is not recorded"):
        opened((state, settings))


def test_truncation_needs_a_mean_style() -> None:
    generator = opened(stylegan2(w_avg=False))
    assert not generator.info.truncation
    with pytest.raises(UserError, match="mean style"):
        generator.mapping(torch.ones(1, 6), psi=0.7)


def test_class_numbers_are_not_taken_for_labels() -> None:
    generator = opened(stylegan2(c_dim=3))
    z = torch.ones(2, 6)
    with pytest.raises(ValueError, match=r"float32 \(2, 3\)"):
        generator.mapping(z, torch.tensor([0, 2]))
    assert generator.mapping(z, one_hot([0, 2], 3)).shape == (2, 6, 5)
    with pytest.raises(UserError, match="no class 3"):
        one_hot([3], 3)


def test_a_cancelled_call_ends_before_its_last_block() -> None:
    calls = []

    def check() -> None:
        calls.append(None)
        if len(calls) == 2:
            raise Cancelled

    generator = opened(stylegan2(), check)
    with pytest.raises(Cancelled):
        generator.generate(torch.ones(1, 6))
    assert len(calls) == 2


def test_a_closed_generator_says_so() -> None:
    generator = opened(stylegan2())
    generator.close()
    with pytest.raises(UserError, match="closed"):
        generator.generate(torch.ones(1, 6))


GOLDEN = ("base", "cond_map8", "gray_clamp1", "resnet", "orig", "fir_asym", "noclamp_nonoise")


@pytest.mark.parametrize("name", GOLDEN)
def test_images_are_those_of_the_published_code(name: str, shared_data: Path) -> None:
    path = shared_data / "golden" / f"sg2_{name}.npz"
    if not path.is_file():
        pytest.skip("the reference images (../shared/data/golden) are not on this machine")
    generator = opened(golden_network(path))
    compare_with_golden(generator, path)


def compare_with_golden(generator: StyleGenerator, path: Path) -> None:
    """Compare styles and images with those stored in `path`."""
    with np.load(path) as stored:
        out = {name.removeprefix("out/"): stored[name] for name in stored.files if name.startswith("out/")}
    z = torch.from_numpy(out["z"])
    c = torch.from_numpy(out["c"]) if generator.info.c_dim else None
    np.testing.assert_allclose(generator.mapping(z, c).numpy(), out["ws"], atol=1e-5)
    images = {
        "img": generator.generate(z, c),
        "img_psi0.7": generator.generate(z, c, 0.7),
        "img_psi0.5_cut3": generator.generate(z, c, 0.5, cutoff=3),
        "img_nonoise": generator.generate(z, c, noise="none"),
    }
    if "ppl_t" in out:
        w = generator.mapping(z, c)
        times = [torch.from_numpy(out["ppl_t"] + step)[:, None, None].float() for step in (0, 1e-4)]
        images["ppl_w_img"] = generator.synthesis(torch.cat([torch.lerp(w[:2], w[2:], time) for time in times]))
    for name, image in images.items():
        np.testing.assert_allclose(image.numpy(), out[name], atol=1e-4, rtol=0, err_msg=name)
