"""Exports: what their shapes, their descriptions and a few images tell, and what they are refused for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from planetview.core.errors import UserError
from planetview.engine.generators.exported import ExportedGenerator, Part, PartName, exported_generator
from planetview.engine.generators.manifest import Manifest
from planetview.engine.generators.probe import guessed_range, learn_from_probe, probe
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.test_stylegan2 import opened

WEIGHT = np.random.default_rng(0).standard_normal((4, 48)).astype(np.float32)


class ArrayExport:
    """An export whose parts are functions of arrays."""

    def __init__(self, batch: int | None = None, z_dim: int | None = 4, **functions: Callable[..., np.ndarray]) -> None:
        self._functions = functions
        self.parts: Mapping[PartName, Part] = {name: Part(((batch, z_dim),)) for name in functions}  # type: ignore[misc]
        self.calls: list[int] = []

    def run(self, part: PartName, inputs: list[np.ndarray]) -> np.ndarray:
        self.calls.append(len(inputs[0]))
        return self._functions[part](*inputs)

    def close(self) -> None:
        self._functions = {}


def unit(z: np.ndarray) -> np.ndarray:
    return z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)


def picture(z: np.ndarray) -> np.ndarray:
    return np.tanh(unit(z) @ WEIGHT).reshape(-1, 3, 4, 4)


def export(runner: ArrayExport, **told: Any) -> ExportedGenerator:
    files = {name: f"{name}.onnx" for name in runner.parts}
    manifest = Manifest(format="onnx", files=files, sha256=dict.fromkeys(files, "0" * 64), **told)  # type: ignore[arg-type]
    generator = exported_generator(runner, manifest, format="onnx", path=Path("x"), sha256="0" * 64, source="test")
    learn_from_probe(generator, manifest.output_range is not None, manifest.z_normalised)
    return generator


def test_sizes_come_from_the_inputs_and_one_image() -> None:
    info = export(ArrayExport(full=picture)).info
    assert (info.z_dim, info.c_dim, info.channels, info.resolution) == (4, 0, 3, (4, 4))
    assert (info.output_dtype, info.has_w, info.truncation, info.noise) == ("float32", False, False, "fixed")
    assert info.z_normalised
    assert info.sampling_problem == info.path_length_problem == ""


def test_images_of_any_range_are_handed_out_from_minus_one_to_one() -> None:
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    expected = torch.from_numpy(picture(z.numpy()))
    for low, high in ((0.0, 1.0), (0.0, 255.0)):
        generator = export(ArrayExport(full=lambda z, low=low, high=high: low + (picture(z) + 1) / 2 * (high - low)))
        assert generator.info.output_range == (low, high)
        assert any("not recorded" in warning for warning in generator.info.warnings)
        torch.testing.assert_close(generator.generate(z), expected, atol=1e-5, rtol=0)


def test_a_recorded_range_is_not_guessed() -> None:
    generator = export(ArrayExport(full=lambda z: 0.4 * picture(z) + 0.5), output_range=[-1.0, 1.0])
    assert generator.info.output_range == (-1.0, 1.0)
    assert generator.info.warnings == ()


@pytest.mark.parametrize(
    ("low", "high", "dtype", "expected"),
    [
        (-1.3, 1.2, "float32", (-1, 1)),
        (-0.05, 1.04, "float32", (0, 1)),
        (-12.0, 266.0, "float32", (0, 255)),
        (-3.0, 3.5, "float32", (-1, 1)),
        (0, 1, "uint8", (0, 255)),
    ],
)
def test_the_range_is_guessed_from_the_extremes(
    low: float, high: float, dtype: str, expected: tuple[float, float]
) -> None:
    assert guessed_range(low, high, dtype) == expected


def test_a_fixed_number_of_samples_is_filled_up() -> None:
    runner = ArrayExport(batch=2, full=picture)
    generator = export(runner)
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(generator.generate(z), torch.from_numpy(picture(z.numpy())))
    assert set(runner.calls) == {2}


def test_eight_bit_images_allow_sampling_and_no_path_length() -> None:
    info = export(ArrayExport(full=lambda z: np.round((picture(z) + 1) * 127.5).astype(np.uint8))).info
    assert info.sampling_problem == ""
    assert "rounded to uint8" in info.path_length_problem


def test_noise_inside_allows_sampling_and_no_path_length() -> None:
    rng = np.random.default_rng(0)
    info = export(ArrayExport(full=lambda z: picture(z) + rng.standard_normal((len(z), 3, 4, 4)))).info
    assert info.sampling_problem == ""
    assert "noise_mode='const'" in info.path_length_problem


def test_images_that_depend_on_their_company_are_refused_for_everything() -> None:
    info = export(ArrayExport(full=lambda z: picture(z) / len(z))).info
    assert "made together" in info.sampling_problem
    assert info.path_length_problem == info.sampling_problem


def test_the_length_of_z_is_noticed() -> None:
    info = export(ArrayExport(full=lambda z: np.tanh(z @ WEIGHT).reshape(-1, 3, 4, 4)), z_normalised=True).info
    assert not info.z_normalised
    assert any("length of z" in warning for warning in info.warnings)


def test_images_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UserError, match="not finite"):
        export(ArrayExport(full=lambda z: np.full((len(z), 3, 4, 4), np.nan)))


@pytest.mark.parametrize("shape", [(1, 48), (1, 4, 4, 3), (1, 2, 4, 4), (2, 3, 4, 4), ()])
def test_what_is_no_image_is_refused_with_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="gave an array of shape"):
        export(ArrayExport(full=lambda z: np.zeros(shape, np.float32)))


def test_the_length_of_latents_must_be_known() -> None:
    with pytest.raises(UserError, match="how long its latents are") as caught:
        export(ArrayExport(z_dim=None, full=picture))
    assert "z_dim" in caught.value.hint
    assert export(ArrayExport(z_dim=None, full=picture), z_dim=4, c_dim=0).info.z_dim == 4


def test_mapping_and_synthesis_apart_give_styles_and_truncation() -> None:
    mean = [0.5, -0.5, 0.25, 0.0]
    parts = {
        "mapping": lambda z: np.repeat(unit(z)[:, None], 2, axis=1),
        "synthesis": lambda w: picture(w.mean(axis=1)),
    }
    generator = export(ArrayExport(**parts), w_avg=mean)
    assert (generator.info.num_ws, generator.info.w_dim, generator.info.truncation) == (2, 4, True)
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(3))
    w = generator.mapping(z, psi=0.25, cutoff=1)
    expected = unit(z.numpy())
    np.testing.assert_allclose(w[:, 0], np.array(mean) + 0.25 * (expected - np.array(mean)), atol=1e-6)
    np.testing.assert_allclose(w[:, 1], expected, atol=1e-6)
    torch.testing.assert_close(generator.generate(z, psi=0.25, cutoff=1), generator.synthesis(w))


def test_styles_of_one_row_reach_the_synthesis_as_they_left_the_mapping() -> None:
    generator = export(ArrayExport(mapping=unit, synthesis=picture))
    z = torch.randn(2, 4, generator=torch.Generator().manual_seed(3))
    w = generator.mapping(z)
    assert w.shape == (2, 1, 4)
    torch.testing.assert_close(generator.synthesis(w), torch.from_numpy(picture(z.numpy())), atol=1e-5, rtol=0)


def test_a_whole_export_has_no_styles_no_truncation_and_no_noise_to_give() -> None:
    generator = export(ArrayExport(full=picture))
    z = torch.ones(1, 4)
    with pytest.raises(UserError, match="no mapping"):
        generator.mapping(z)
    with pytest.raises(UserError, match="truncated"):
        generator.generate(z, psi=0.7)
    with pytest.raises(UserError, match="its own noise"):
        generator.generate(z, noise="none")
    assert generator.new_noise(np.random.default_rng(0), 1) is None


def test_our_own_networks_pass_every_trial() -> None:
    found = probe(opened(stylegan2(c_dim=2)))
    assert found.finite
    assert found.z_normalised
    assert found.sampling_problem == found.path_length_problem == ""
    assert found.repeated == 0
