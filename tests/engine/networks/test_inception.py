from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from planetview.core.catalogue import EXTRACTORS
from planetview.core.errors import UserError
from planetview.engine.extractors.inception import (
    PIPELINES,
    fold_batch_norm,
    inception_extractor,
    load_network,
)
from planetview.engine.extractors.network import NetworkExtractor
from planetview.engine.weights import LoadedWeights
from tests.engine.networks.inception_files import official_inception_file, terrain_batch

Rgb = NDArray[np.uint8]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weight_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return official_inception_file(tmp_path_factory.mktemp("inception"), seed=0)


@pytest.fixture(scope="module")
def loaded(weight_file: Path) -> LoadedWeights:
    return LoadedWeights(torch.load(weight_file, weights_only=True), "d" * 64, "made for a test")


@pytest.fixture(scope="module")
def peer(weight_file: Path) -> nn.Module:
    layers = ["2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("peer", layers, feature_extractor_weights_path=str(weight_file))


@pytest.fixture(scope="module")
def extractors(loaded: LoadedWeights) -> dict[str, NetworkExtractor]:
    return {id: inception_extractor(id, loaded) for id in PIPELINES}


@cache
def image(height: int, width: int, *, grey: bool = False, seed: int = 0) -> Rgb:
    field = terrain_batch(1, max(height, width), seed, roughness=0.75)[0].permute(1, 2, 0).numpy()[:height, :width]
    rgb = np.clip(128.0 + 110.0 * field, 0, 255).astype(np.uint8)
    return np.repeat(rgb[..., :1], 3, axis=2) if grey else rgb


def as_tensor(rgb: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)[None]


def body(peer: nn.Module, normalised: Tensor) -> NDArray[np.float32]:
    """Run torch-fidelity's layers, from the first convolution to the average pooling, on an image of 299 x 299."""
    with torch.inference_mode():
        found: Tensor = nn.Sequential(*list(peer.children())[:-1])(normalised)
    return found.flatten(1).numpy()


def relative(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    """Return the largest difference of any feature as a share of the largest feature of the same image."""
    gaps = np.abs(found - expected).max(axis=1) / np.abs(expected).max(axis=1)
    return float(gaps.max())


SIZES = [(64, 64, False), (227, 227, True), (256, 256, False), (512, 512, True), (1024, 1024, False), (200, 333, False)]


@pytest.mark.parametrize(("height", "width", "grey"), SIZES)
def test_tf1_features_and_logits_equal_torch_fidelity(
    extractors: dict[str, NetworkExtractor], peer: nn.Module, height: int, width: int, grey: bool
) -> None:
    extractor, rgb = extractors["inception-tf1"], image(height, width, grey=grey)
    with torch.inference_mode():
        features, logits = (value.numpy() for value in peer(as_tensor(rgb)))
    found = extractor.features(extractor.prepare(rgb)[None])
    assert relative(found, features) < 1e-5
    assert extractor.classifier is not None
    assert relative(found @ extractor.classifier, logits) < 1e-5


@pytest.mark.parametrize(("height", "width", "grey"), SIZES)
def test_clean_features_equal_the_network_after_clean_fids_resize(
    extractors: dict[str, NetworkExtractor], peer: nn.Module, height: int, width: int, grey: bool
) -> None:
    extractor, rgb = extractors["inception-clean"], image(height, width, grey=grey)
    found = extractor.features(extractor.prepare(rgb)[None])
    assert relative(found, body(peer, (as_tensor(clean_fid_resize(rgb)) - 128.0) / 128.0)) < 1e-5


@pytest.mark.parametrize(("height", "width", "grey"), SIZES)
def test_ptf_features_equal_the_network_after_pytorch_fids_resize(
    extractors: dict[str, NetworkExtractor], peer: nn.Module, height: int, width: int, grey: bool
) -> None:
    extractor, rgb = extractors["inception-ptf"], image(height, width, grey=grey)
    found = extractor.features(extractor.prepare(rgb)[None])
    small = F.interpolate(as_tensor(rgb).float() / 255.0, (299, 299), mode="bilinear", align_corners=False)
    assert relative(found, body(peer, 2.0 * small - 1.0)) < 1e-5


def clean_fid_resize(rgb: Rgb) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        # It names the mode of a Pillow image, which Pillow deprecates, and its module imports more of the kind.
        warnings.simplefilter("ignore", DeprecationWarning)
        from cleanfid.resize import build_resizer

        resized: NDArray[np.float32] = build_resizer("clean")(rgb)
    return resized


def test_the_three_resizes_are_three_different_numbers(extractors: dict[str, NetworkExtractor]) -> None:
    rgb = image(512, 512)
    found = {id: extractor.features(extractor.prepare(rgb)[None]) for id, extractor in extractors.items()}
    for one, other in (("tf1", "clean"), ("tf1", "ptf"), ("clean", "ptf")):
        assert relative(found[f"inception-{one}"], found[f"inception-{other}"]) > 1e-3
    assert len({extractor.preprocessing_id for extractor in extractors.values()}) == 3


def test_features_tell_images_apart(extractors: dict[str, NetworkExtractor]) -> None:
    # The random network must not answer the same to everything, or the comparisons above would show nothing.
    extractor = extractors["inception-tf1"]
    found = extractor.features(np.stack([extractor.prepare(image(256, 256, seed=seed)) for seed in (1, 2)]))
    assert relative(found[:1], found[1:]) > 0.05
    assert (found > 0).mean() > 0.5


def test_an_image_alone_and_in_company_has_the_same_features(extractors: dict[str, NetworkExtractor]) -> None:
    extractor = extractors["inception-tf1"]
    batch = np.stack([extractor.prepare(image(64, 64, seed=seed)) for seed in range(9)])
    together = extractor.features(batch)
    apart = np.concatenate([extractor.features(batch[i : i + 1]) for i in (0, 4, 8)])
    assert relative(apart, together[[0, 4, 8]]) <= 1e-6


def test_folding_the_batch_normalisation_keeps_the_features(loaded: LoadedWeights) -> None:
    network = load_network(loaded)
    pixels = terrain_batch(2, 299, seed=5)
    with torch.inference_mode():
        plain = network(pixels).numpy()
        fold_batch_norm(network)
        assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
        assert relative(network(pixels).numpy(), plain) < 1e-5


def test_extractors_say_what_the_catalogue_says(extractors: dict[str, NetworkExtractor]) -> None:
    for id, extractor in extractors.items():
        spec = EXTRACTORS[id]
        assert (extractor.id, extractor.dim) == (id, spec.dim)
        assert extractor.preprocessing_id.split(":")[0] == spec.preprocessing.split(":")[0]
        assert spec.has_classes
        assert extractor.classifier is not None
        assert extractor.classifier.shape == (2048, 1008)
        assert extractor.classifier.dtype == np.float32
        assert (extractor.weights_digest, extractor.note) == ("d" * 64, "made for a test")


def test_a_file_without_batch_counters_loads(loaded: LoadedWeights) -> None:
    tensors = {name: value for name, value in loaded.tensors.items() if not name.endswith("num_batches_tracked")}
    assert len(tensors) == 472
    load_network(replace(loaded, tensors=tensors))


@pytest.mark.parametrize("change", ["missing", "another shape"])
def test_a_file_that_is_something_else_is_refused_in_words(loaded: LoadedWeights, change: str) -> None:
    tensors = dict(loaded.tensors)
    if change == "missing":
        del tensors["Mixed_7c.branch_pool.conv.weight"]
    else:
        tensors["fc.weight"] = torch.zeros(1000, 2048)
    extractor = inception_extractor("inception-ptf", replace(loaded, tensors=tensors))
    with pytest.raises(UserError, match="Inception"):
        extractor.features(np.zeros((1, 299, 299, 3), np.float32))
