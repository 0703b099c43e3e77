"""Path length: known on paper for linear generators, and its points are those of the published code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.errors import UserError
from planetview.engine.generators.adapter import Generator
from planetview.engine.generators.flat import tree_of
from planetview.engine.generators.style_generator import style_generator
from planetview.engine.metrics.path_length import (
    Draws,
    PathWalker,
    bootstrap,
    crop_face,
    draw,
    lerp,
    prepared,
    refuse_rounding,
    seen_side,
    slerp,
    strict_float32,
    trimmed_mean,
)
from tests.engine.generators.linear import LinearGenerator, SquaredDistance
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import golden_network

SPECS = {name: PATH_LENGTHS[f"ppl-{name}"] for name in ("zfull", "wfull", "zend", "wend")}
WHOLE = PATH_LENGTHS["ppl2-wend"]


def walker(generator: Generator, **options: Any) -> PathWalker:
    return PathWalker(generator, SquaredDistance(), check=lambda: None, **options)


def matrices(generator: LinearGenerator, crop: bool) -> tuple[np.ndarray, np.ndarray]:
    side = generator.info.resolution[0]
    pixels = np.arange(side * side).reshape(side, side)
    u = side // 8
    kept = pixels[3 * u : 7 * u, 2 * u : 6 * u] if crop else pixels
    return generator.into_w.double().numpy(), generator.into_image.double().numpy()[kept.ravel()]


def latents(generator: LinearGenerator, seed: int, index: int) -> tuple[float, np.ndarray, np.ndarray]:
    rng = np.random.RandomState([seed, index])
    t = rng.random_sample()
    z0, z1 = rng.randn(2, generator.info.z_dim)
    return t, z0, z1


@pytest.mark.parametrize("spec", [SPECS["wfull"], SPECS["wend"], WHOLE], ids=lambda spec: spec.id)
def test_a_straight_path_through_a_linear_generator_has_the_length_of_its_image(spec: Any) -> None:
    generator = LinearGenerator()
    found = walker(generator, seed=9).distances([spec], 3, 8)[spec.id]
    into_w, into_image = matrices(generator, spec.crop)
    for value, index in zip(found, range(3, 8), strict=True):
        _, z0, z1 = latents(generator, 9, index)
        if spec.start == "end":
            z0 = z0 / np.linalg.norm(z0)
        expected = np.square(into_image @ into_w @ (z1 - z0)).sum()
        assert value == pytest.approx(expected, rel=2e-2)
    assert found.dtype == np.float64


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("name", ["zfull", "zend"])
def test_an_arc_through_a_linear_generator_has_the_speed_of_the_great_circle(name: str, normalised: bool) -> None:
    generator = LinearGenerator(z_normalised=normalised)
    found = walker(generator, seed=2).distances([SPECS[name]], 0, 6)[SPECS[name].id]
    into_w, into_image = matrices(generator, crop=True)

    def on_arc(z0: np.ndarray, z1: np.ndarray, t: float) -> np.ndarray:
        a, b = z0 / np.linalg.norm(z0), z1 / np.linalg.norm(z1)
        angle = np.arccos(a @ b)
        point = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
        lengths = (1 - t) * np.linalg.norm(z0) + t * np.linalg.norm(z1)
        return point if normalised else point * lengths

    for index, value in enumerate(found):
        t, z0, z1 = latents(generator, 2, index)
        t = 0.0 if name == "zend" else t
        speed = (on_arc(z0, z1, t + 1e-4) - on_arc(z0, z1, t)) / 1e-4
        assert value == pytest.approx(np.square(into_image @ into_w @ speed).sum(), rel=3e-2)


def test_variants_that_begin_alike_share_their_first_image_and_agree_with_themselves_alone() -> None:
    generator = LinearGenerator()
    specs = [SPECS["zend"], SPECS["wend"], WHOLE]
    together = walker(generator).distances(specs, 0, 10)
    assert generator.images_made == 10 * 3
    for spec in specs:
        np.testing.assert_allclose(walker(generator).distances([spec], 0, 10)[spec.id], together[spec.id], rtol=2e-2)


def test_samples_depend_on_the_seed_and_their_own_number_alone() -> None:
    generator = LinearGenerator(images_at_once=2)
    spec = SPECS["wfull"]
    whole = walker(generator, seed=5).distances([spec], 0, 12)[spec.id]
    parts = [walker(generator, seed=5).distances([spec], i, i + 4)[spec.id] for i in (0, 4, 8)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert not np.isclose(walker(generator, seed=6).distances([spec], 0, 12)[spec.id], whole).any()


def test_noise_is_drawn_for_every_sample_and_is_the_same_at_both_ends() -> None:
    generator = LinearGenerator(noise="controllable")
    spec = SPECS["wfull"]
    quiet = walker(LinearGenerator()).distances([spec], 0, 4)[spec.id]
    np.testing.assert_allclose(walker(generator).distances([spec], 0, 4)[spec.id], quiet, rtol=3e-2)
    planes = draw(generator, (), 0, range(3)).noise
    assert not isinstance(planes, str)
    assert planes[0].shape == (3, 1, 32, 32)
    assert len(planes[0].unique()) > 3000


def test_labels_are_drawn_in_the_proportion_of_the_training_set_or_evenly() -> None:
    generator = LinearGenerator(c_dim=3, noise="none")
    c = draw(generator, (30, 0, 10), 0, range(400)).c
    assert c is not None
    assert c.shape == (400, 3)
    assert c.sum(dim=1).eq(1).all()
    shares = c.mean(dim=0).tolist()
    assert shares == pytest.approx([0.75, 0, 0.25], abs=0.07)
    even = draw(generator, (), 0, range(400)).c
    assert even is not None
    assert even.mean(dim=0).tolist() == pytest.approx([1 / 3] * 3, abs=0.08)


def test_a_generator_without_styles_is_walked_through_its_latents() -> None:
    generator, plain = LinearGenerator(), LinearGenerator(has_w=False)
    for name in ("zfull", "zend"):
        np.testing.assert_allclose(
            walker(plain).distances([SPECS[name]], 0, 3)[SPECS[name].id],
            walker(generator).distances([SPECS[name]], 0, 3)[SPECS[name].id],
            rtol=1e-3,
        )


@pytest.mark.parametrize(
    ("resolution", "crop", "shape"),
    [(64, True, 32), (256, True, 128), (256, False, 256), (512, False, 256), (1024, True, 128), (1024, False, 256)],
)
def test_the_reduction_follows_the_generator_and_not_the_crop(resolution: int, crop: bool, shape: int) -> None:
    images = torch.zeros(1, 1, resolution, resolution)
    images[0, 0, 3 * resolution // 8, 2 * resolution // 8] = 99.0
    seen = prepared(images, crop, resolution)
    assert seen.shape == (1, 3, shape, shape)
    assert seen_side(resolution, crop, resolution) == shape
    factor = max(1, resolution // 256)
    assert seen.max() == pytest.approx(99.0 / factor**2)
    assert torch.equal(seen[:, 0], seen[:, 2])
    if crop:
        assert seen[0, 0, 0, 0] == seen.max()


def test_the_crop_is_rows_three_to_seven_and_columns_two_to_six_of_eighths() -> None:
    rows, columns = np.mgrid[0:64, 0:64]
    marked = torch.from_numpy(1000.0 * rows + columns)[None, None]
    cropped = crop_face(marked)[0, 0]
    assert cropped.shape == (32, 32)
    assert cropped[0, 0] == 24016
    assert cropped[-1, -1] == 55047


def test_halfway_between_two_points_of_the_sphere_lies_their_direction() -> None:
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(4, 512, generator=rng), torch.randn(4, 512, generator=rng)
    units = [x / x.norm(dim=1, keepdim=True) for x in (a, b)]
    middle = (units[0] + units[1]) / (units[0] + units[1]).norm(dim=1, keepdim=True)
    torch.testing.assert_close(slerp(a, b, torch.full((4, 1), 0.5)), middle)
    torch.testing.assert_close(slerp(a, b, torch.zeros(4, 1)), units[0])
    torch.testing.assert_close(slerp(a, b, torch.ones(4, 1)), units[1])
    torch.testing.assert_close(lerp(a, b, torch.full((4, 1), 0.25)), 0.75 * a + 0.25 * b)


@pytest.mark.parametrize("n", [1, 2, 16, 99, 100, 101, 2000])
def test_extremes_beyond_the_percentiles_are_left_out_as_numpy_counts_them(n: int) -> None:
    values = np.random.default_rng(n).lognormal(size=n)
    low = np.sort(values)[int(np.floor(0.01 * (n - 1)))]
    high = np.sort(values)[int(np.ceil(0.99 * (n - 1)))]
    kept = values[(values >= low) & (values <= high)]
    found = trimmed_mean(values)
    assert (found.low, found.high, found.kept) == (low, high, len(kept))
    assert found.mean == pytest.approx(kept.mean())
    assert found.kept == n if n <= 100 else found.kept < n


def test_the_interval_of_the_trimmed_mean_covers_it_and_shrinks_with_the_square_root() -> None:
    values = np.random.default_rng(1).normal(10, 2, 4000)
    errors = []
    for n in (1000, 4000):
        found = bootstrap(values[:n], 0, lambda: None)
        assert found is not None
        error, interval = found
        assert interval.low < trimmed_mean(values[:n]).mean < interval.high
        assert error == pytest.approx(2 / n**0.5, rel=0.1)
        errors.append(error)
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)
    assert bootstrap(values[:1], 0, lambda: None) is None


def test_float32_images_pass_the_check_of_two_steps() -> None:
    means = walker(LinearGenerator(side=16)).rounding(SPECS["zfull"])
    assert means[0] / means[1] == pytest.approx(1, rel=0.05)
    refuse_rounding(means)


@pytest.mark.parametrize(
    "rounded",
    [
        lambda image: image.half().float(),
        lambda image: ((image * 127.5 + 128).clamp(0, 255).to(torch.uint8).float() - 128) / 127.5,
        lambda image: image.bfloat16().float(),
        lambda image: image + 1e-3 * torch.randn(image.shape, generator=torch.Generator().manual_seed(image.numel())),
    ],
    ids=["half precision", "8 bits", "bfloat16", "noise of its own"],
)
def test_rounded_or_noisy_images_are_refused(rounded: Any) -> None:
    generator = LinearGenerator(rounded=rounded)
    generator.into_image *= 0.05
    means = walker(generator).rounding(SPECS["wend"])
    with pytest.raises(UserError, match="rounded or noisy"):
        refuse_rounding(means)


def test_a_generator_that_ignores_its_latents_has_length_zero_and_is_not_refused() -> None:
    generator = LinearGenerator()
    generator.into_image.zero_()
    means = walker(generator).rounding(SPECS["wend"])
    assert means.tolist() == [0, 0]
    refuse_rounding(means)


def test_images_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UserError, match="not finite"):
        walker(LinearGenerator(rounded=lambda image: image / 0)).distances([WHOLE], 0, 1)


def test_short_cuts_of_precision_are_off_inside_and_restored_outside() -> None:
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.allow_tf32 = True
    try:
        with strict_float32(), torch.autocast("cpu", enabled=False):
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cudnn.allow_tf32
            assert not torch.backends.cuda.matmul.allow_tf32
            assert not torch.is_autocast_enabled("cpu")
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False


def test_a_style_network_is_smooth_enough_for_the_step() -> None:
    generator = style_generator(tree_of(*stylegan2()), Path("x.pkl"), "0" * 64, "test", check=lambda: None)
    for spec in (SPECS["zfull"], WHOLE):
        means = walker(generator).rounding(spec)
        assert means[0] / means[1] == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("name", "space"),
    [
        (name, space)
        for name in ("base", "cond_map8", "gray_clamp1", "resnet", "orig", "fir_asym", "noclamp_nonoise")
        for space in ("z", "w")
        # Its stored path in w goes from one class to another, which a path length never does.
        if (name, space) != ("cond_map8", "w")
    ],
)
def test_the_points_of_a_path_are_those_of_the_published_code(name: str, space: str, shared_data: Path) -> None:
    path = shared_data / "golden" / f"sg2_{name}.npz"
    if not path.is_file():
        pytest.skip("the reference images (../shared/data/golden) are not on this machine")
    generator = style_generator(tree_of(*golden_network(path)), path, "0" * 64, "test", check=lambda: None)
    with np.load(path) as stored:
        out = {name: torch.from_numpy(stored[f"out/{name}"]) for name in ("z", "ppl_t", f"ppl_{space}_img")}
        c = torch.from_numpy(stored["out/c"])[:2] if generator.info.c_dim else None
    draws = Draws(out["ppl_t"].reshape(2, 1), out["z"][:2], out["z"][2:], c, "const")
    walk = walker(generator)
    images = torch.cat(walk._paint(walk._full(draws, space, (1e-4,)), draws))  # type: ignore[arg-type]
    np.testing.assert_allclose(images.numpy(), out[f"ppl_{space}_img"].numpy(), atol=1e-4, rtol=0)
