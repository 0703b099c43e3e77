from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from planetview.core.catalogue import WEIGHTS
from planetview.core.errors import UserError
from planetview.core.models import WeightStatus
from planetview.engine.extractors import Extractor, load_extractor
from planetview.engine.extractors.vgg_st import SCALE, SHIFT, SIDE
from planetview.engine.features import feature_space
from planetview.engine.weights import load_weights, weight_state

pytestmark = pytest.mark.skipif(
    weight_state("st-lpips-vgg").status is not WeightStatus.PRESENT,
    reason="the ST-LPIPS weight files are not installed",
)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return load_extractor("vgg16-st", torch.device("cpu"))


def noise(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_features_are_finite_float32_vectors_of_the_stated_length(extractor: Extractor) -> None:
    found = extractor.features(noise(3, SIDE, SIDE, 3))
    assert found.dtype == np.float32
    assert found.shape == (3, extractor.dim)
    assert np.isfinite(found).all()


def test_the_features_are_identified_by_weights_and_preprocessing(extractor: Extractor) -> None:
    assert extractor.id == "vgg16-st"
    assert extractor.weights_digest == WEIGHTS["st-lpips-vgg"].sources[0].sha256
    assert extractor.precision == "float32"
    assert f"{SIDE}x{SIDE}" in extractor.preprocessing_id
    assert "bicubic" in extractor.preprocessing_id


def test_features_do_not_depend_on_the_batch_size(extractor: Extractor) -> None:
    batch = noise(11, SIDE, SIDE, 3, seed=1)
    together = extractor.features(batch)
    apart = np.concatenate([extractor.features(batch[i : i + 1]) for i in (0, 5, 10)])
    assert np.abs(apart - together[[0, 5, 10]]).max() <= 1e-5 * np.abs(together).max()


def test_an_empty_batch_has_no_features(extractor: Extractor) -> None:
    assert extractor.features(noise(0, SIDE, SIDE, 3)).shape == (0, extractor.dim)


def test_prepare_is_pillows_antialiased_bicubic(extractor: Extractor) -> None:
    image = noise(150, 227, 3, seed=2)
    expected = np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(extractor.prepare(image), expected)


def test_prepare_leaves_an_image_of_the_right_size_alone(extractor: Extractor) -> None:
    image = noise(SIDE, SIDE, 3, seed=3)
    np.testing.assert_array_equal(extractor.prepare(image), image)


def test_grey_stays_grey_through_prepare(extractor: Extractor) -> None:
    prepared = extractor.prepare(np.repeat(noise(227, 227, 1, seed=4), 3, axis=2))
    np.testing.assert_array_equal(prepared[..., 0], prepared[..., 1])
    np.testing.assert_array_equal(prepared[..., 0], prepared[..., 2])


@pytest.mark.parametrize("image", [noise(20, 20), noise(20, 20, 4), noise(20, 20, 3).astype(np.float32)])
def test_prepare_refuses_what_is_not_an_8_bit_rgb_image(extractor: Extractor, image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8 image"):
        extractor.prepare(image)


def test_features_refuse_images_that_were_not_prepared(extractor: Extractor) -> None:
    with pytest.raises(ValueError, match="arrays, got shape"):
        extractor.features(noise(2, SIDE + 1, SIDE, 3))


def test_an_unknown_extractor_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="'inception-v9'") as caught:
        load_extractor("inception-v9")
    assert "vgg16-st" in caught.value.hint


def test_textures_without_landforms_lie_further_from_real_tiles_than_other_real_tiles_do(
    extractor: Extractor, shared_data: Path
) -> None:
    def mean_of(folder: str) -> NDArray[np.float64]:
        files = sorted((shared_data / "hirise" / folder).glob("*.jpg"))[::20][:20]
        images = [np.asarray(Image.open(file).convert("RGB")) for file in files]
        features = extractor.features(np.stack([extractor.prepare(image) for image in images]))
        return features.mean(axis=0, dtype=np.float64)

    train, test, texture = (mean_of(name) for name in ("train", "test", "synth_spectral"))
    assert np.linalg.norm(texture - train) > 1.5 * np.linalg.norm(test - train)


def test_the_scaling_is_that_of_the_weight_file() -> None:
    tensors = load_weights("st-lpips-vgg").tensors
    assert tensors["scaling_layer.shift"].flatten().tolist() == pytest.approx(SHIFT)
    assert tensors["scaling_layer.scale"].flatten().tolist() == pytest.approx(SCALE)


def test_fast_is_bfloat16_and_has_a_key_of_its_own() -> None:
    exact, fast = load_extractor("vgg16-st"), load_extractor("vgg16-st", precision="fast")
    assert (exact.precision, fast.precision) == ("float32", "bfloat16")
    batch = np.random.default_rng(3).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
    a, b = exact.features(batch), fast.features(batch)
    assert b.dtype == np.float32
    assert 0 < np.abs(a - b).max() < 0.03 * np.abs(a).max()
    assert feature_space(exact, "none").key != feature_space(fast, "none").key
