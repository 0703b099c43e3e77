from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16

from planetview.core.catalogue import EXTRACTORS
from planetview.core.errors import UserError
from planetview.engine.extractors.network import NetworkExtractor
from planetview.engine.extractors.vgg16_fc2 import vgg16_extractor
from planetview.engine.weights import LoadedWeights
from tests.engine.networks.inception_files import terrain_batch
from tests.engine.networks.vgg16_files import official_vgg16_file

Rgb = NDArray[np.uint8]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weight_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = official_vgg16_file(tmp_path_factory.mktemp("vgg16"), seed=0)
    yield path
    # Half a gigabyte, which pytest would keep for three sessions.
    path.unlink()


@pytest.fixture(scope="module")
def loaded(weight_file: Path) -> LoadedWeights:
    return LoadedWeights(torch.load(weight_file, weights_only=True, mmap=True), "e" * 64, "made for a test")


@pytest.fixture(scope="module")
def peer(weight_file: Path) -> nn.Module:
    return FeatureExtractorVGG16("peer", ["fc2_relu"], feature_extractor_weights_path=str(weight_file))


@pytest.fixture(scope="module")
def extractor(loaded: LoadedWeights) -> NetworkExtractor:
    return vgg16_extractor(loaded)


def image(height: int, width: int, *, grey: bool = False, seed: int = 0) -> Rgb:
    field = terrain_batch(1, max(height, width), seed, roughness=0.75)[0].permute(1, 2, 0).numpy()
    rgb = np.clip(128.0 + 110.0 * field[:height, :width], 0, 255).astype(np.uint8)
    return np.repeat(rgb[..., :1], 3, axis=2) if grey else rgb


def relative(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the largest difference of any feature as a share of the largest feature of the same image."""
    gaps = np.abs(found - expected).max(axis=1) / np.abs(expected).max(axis=1)
    return float(gaps.max())


@pytest.mark.parametrize(
    ("height", "width", "grey"),
    [(64, 64, False), (227, 227, True), (256, 256, False), (512, 512, True), (1024, 1024, False), (200, 333, False)],
)
def test_features_equal_torch_fidelity(
    extractor: NetworkExtractor, peer: nn.Module, height: int, width: int, grey: bool
) -> None:
    rgb = image(height, width, grey=grey)
    with torch.inference_mode():
        (expected,) = peer(torch.from_numpy(rgb).permute(2, 0, 1)[None])
    assert relative(extractor.features(extractor.prepare(rgb)[None]), expected.numpy()) < 1e-5


def test_features_tell_images_apart_and_do_not_depend_on_company(extractor: NetworkExtractor) -> None:
    batch = np.stack([extractor.prepare(image(64, 64, seed=seed)) for seed in range(9)])
    together = extractor.features(batch)
    assert relative(together[:1], together[1:2]) > 0.05
    assert (together >= 0).all()
    assert 0.2 < (together > 0).mean() < 0.8
    apart = np.concatenate([extractor.features(batch[i : i + 1]) for i in (0, 8)])
    assert relative(apart, together[[0, 8]]) <= 1e-6


def test_the_extractor_says_what_the_catalogue_says(extractor: NetworkExtractor) -> None:
    spec = EXTRACTORS[extractor.id]
    assert extractor.dim == spec.dim
    assert extractor.preprocessing_id.split(":")[0] == spec.preprocessing.split(":")[0]
    assert extractor.classifier is None
    assert (extractor.weights_digest, extractor.note) == ("e" * 64, "made for a test")


def test_the_layer_of_classes_is_not_needed(loaded: LoadedWeights, extractor: NetworkExtractor) -> None:
    tensors: dict[str, Tensor] = {n: v for n, v in loaded.tensors.items() if not n.startswith("classifier.6")}
    prepared = extractor.prepare(image(64, 64))[None]
    without = vgg16_extractor(replace(loaded, tensors=tensors))
    assert np.array_equal(without.features(prepared), extractor.features(prepared))


def test_a_file_that_is_something_else_is_refused_in_words(loaded: LoadedWeights) -> None:
    tensors = {name: value for name, value in loaded.tensors.items() if name != "features.28.bias"}
    other = vgg16_extractor(replace(loaded, tensors=tensors))
    with pytest.raises(UserError, match="VGG-16"):
        other.features(np.zeros((1, 224, 224, 3), np.float32))
