"""DreamSim: archives as published, read by PlanetView and by the authors' package."""

from __future__ import annotations

import json
import shutil
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from planetview.core.errors import UserError
from planetview.engine.extractors.dreamsim import dreamsim_extractor
from planetview.engine.extractors.network import NetworkExtractor
from planetview.engine.weights import LoadedWeights
from planetview.engine.weights.dreamsim_import import dreamsim_shapes, read_dreamsim_zip
from tests.engine.networks.dreamsim_files import CONFIG, Style, official_zip, published_dreamsim, rewritten

KINDS = ("ensemble", "dino_vitb16", "clip_vitb32", "open_clip_vitb32")
STYLES = {
    "ensemble": Style(),
    "dino_vitb16": Style(backbone_file=True, is_safe=False),
    "clip_vitb32": Style(is_safe=False),
    "open_clip_vitb32": Style(),
}
DIMS = {"ensemble": 1792, "dino_vitb16": 768, "clip_vitb32": 512, "open_clip_vitb32": 512}
# Importing the package and peft costs half a minute on a busy computer, the three networks of the ensemble as much.
pytestmark = pytest.mark.timeout(400)
LORA = "clip_vitb32_single_lora"


@pytest.fixture(autouse=True, scope="module")
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def id_of(kind: str) -> str:
    return "dreamsim" if kind == "ensemble" else f"dreamsim-{kind.replace('_', '-')}"


@pytest.fixture(scope="module")
def clip_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "dreamsim_clip_vitb32_checkpoint.zip"
    official_zip(path, "clip_vitb32")
    return path


def relief(height: int, width: int, seed: int, channels: int = 3) -> NDArray[np.uint8]:
    """Waves and a little noise, (height, width, 3); grey where channels is 1."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    waves = [np.sin(2 * np.pi * (random.uniform(-6, 6) * x + random.uniform(-6, 6) * y)) for _ in range(channels)]
    field = 128 + 60 * np.stack(waves, axis=2) + random.normal(0, 12, (height, width, channels))
    return np.repeat(np.clip(field, 0, 255).astype(np.uint8), 3 // channels, axis=2)


def extractor(kind: str, tensors: dict[str, torch.Tensor]) -> NetworkExtractor:
    return dreamsim_extractor(id_of(kind), LoadedWeights(tensors, "digest"), images_at_once=3)


def distances(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 - cosine of every pair, float64."""
    vectors = features.astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return (1.0 - vectors @ vectors.T)[np.triu_indices(len(features), 1)]


@pytest.fixture(scope="module", params=KINDS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, NetworkExtractor, Any]:
    """A kind, PlanetView's extractor and the package's model with its preprocessing, from one archive."""
    kind, folder = request.param, tmp_path_factory.mktemp("dreamsim")
    archive = folder / "archive.zip"
    official_zip(archive, kind, STYLES[kind])
    ours = extractor(kind, read_dreamsim_zip(archive, id_of(kind)))
    published = published_dreamsim(archive, folder / "members", kind)
    archive.unlink()
    shutil.rmtree(folder / "members")
    return kind, ours, published


def test_embeddings_and_distances_equal_the_published_package(both: tuple[str, NetworkExtractor, Any]) -> None:
    kind, ours, (model, preprocess) = both
    images = [relief(227, 227, 1), relief(256, 512, 2), relief(64, 64, 3, 1)]
    tensors = torch.cat([preprocess(Image.fromarray(image)) for image in images])
    with torch.inference_mode():
        expected = model.embed(tensors).numpy()
    found = ours.features(np.stack([ours.prepare(image) for image in images]))
    assert found.shape == (len(images), DIMS[kind])
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    assert distances(expected).min() > 0.01
    np.testing.assert_allclose(distances(found), distances(expected), rtol=1e-5)


@pytest.mark.parametrize("both", ["clip_vitb32"], indirect=True)
def test_the_packages_own_distance_is_one_minus_the_dot_product_of_the_features(
    both: tuple[str, NetworkExtractor, Any],
) -> None:
    _, ours, (model, preprocess) = both
    images = [relief(64, 64, 1), relief(64, 64, 2)]
    with torch.inference_mode():
        expected = float(model(*(preprocess(Image.fromarray(image)) for image in images)))
    one, other = ours.features(np.stack([ours.prepare(image) for image in images])).astype(np.float64)
    assert 1.0 - one @ other == pytest.approx(expected, rel=1e-5)
    assert one.mean() == pytest.approx(0.0, abs=1e-7)
    assert one @ one == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("side", [64, 224, 227, 256, 512, 1024])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_reaches_the_network_as_the_package_sends_it(side: int, channels: int) -> None:
    from torchvision.transforms import Compose, InterpolationMode, Resize, ToTensor

    published = Compose([Resize((224, 224), interpolation=InterpolationMode.BICUBIC), ToTensor()])
    image = relief(side, side, side, channels)
    sent = Image.fromarray(image[..., 0] if channels == 1 else image).convert("RGB")
    prepared = torch.from_numpy(extractor("clip_vitb32", {}).prepare(image).copy())
    torch.testing.assert_close(prepared.permute(2, 0, 1) / 255.0, published(sent), rtol=0, atol=0)


def test_an_archive_is_recognised_by_the_adaptation_inside_whatever_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "renamed.zip"
    official_zip(archive, "open_clip_vitb32", Style(folder="models/"))
    tensors = read_dreamsim_zip(archive)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    assert shapes == dreamsim_shapes("dreamsim-open-clip-vitb32")
    assert {value.dtype for value in tensors.values()} == {torch.float32}
    with pytest.raises(UserError, match=r"no clip_vitb32_single_lora/adapter_config\.json"):
        read_dreamsim_zip(archive, "dreamsim-clip-vitb32")


def config(**changes: object) -> bytes:
    return json.dumps(CONFIG | changes).encode()


class _Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (print, ("executed",))


def saved(value: object) -> bytes:
    import io

    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("member", "content", "reason"),
    [
        ("clip_vitb32_pretrain.pth.tar", None, "has no clip_vitb32_pretrain.pth.tar"),
        ("clip_vitb32_pretrain.pth.tar", b"not a file of tensors", "damaged, or holds more than tensors"),
        ("clip_vitb32_pretrain.pth.tar", saved(_Bomb()), "damaged, or holds more than tensors"),
        ("clip_vitb32_pretrain.pth.tar", saved([1, 2]), "holds no tensors by name"),
        ("clip_vitb32_pretrain.pth.tar", saved({"state_dict": {}}), "holds no projection"),
        (
            "clip_vitb32_pretrain.pth.tar",
            saved({"state_dict": {"proj": torch.zeros(768, 512), "cls_token": torch.zeros(1, 1, 768)}}),
            "do not fit clip_vitb32",
        ),
        (f"{LORA}/adapter_config.json", None, "no DreamSim weights that PlanetView knows"),
        (f"{LORA}/adapter_config.json", b"{", "cannot be read"),
        (f"{LORA}/adapter_config.json", b"[]", "cannot be read"),
        (f"{LORA}/adapter_config.json", config(r=0), "no rank or no scale"),
        (f"{LORA}/adapter_config.json", config(lora_alpha=None), "no rank or no scale"),
        (f"{LORA}/adapter_config.json", config(use_dora=True), "options that PlanetView does not know"),
        (f"{LORA}/adapter_config.json", config(bias="all"), "options that PlanetView does not know"),
        (f"{LORA}/adapter_config.json", config(r=8), "do not fit the networks"),
        (f"{LORA}/adapter_model.safetensors", None, "has no clip_vitb32_single_lora/adapter_model.bin"),
        (f"{LORA}/adapter_model.safetensors", b"{}", "cannot be read"),
    ],
)
def test_an_archive_that_does_not_fit_is_refused_in_words(
    clip_zip: Path, tmp_path: Path, member: str, content: bytes | None, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = rewritten(clip_zip, tmp_path / "changed.zip", {member: content})
    with pytest.raises(UserError, match=reason):
        read_dreamsim_zip(archive)
    assert "executed" not in capsys.readouterr().out


def test_a_head_without_its_backbone_is_refused_with_what_to_add(tmp_path: Path) -> None:
    archive, cut = tmp_path / "dino.zip", tmp_path / "cut.zip"
    official_zip(archive, "dino_vitb16")
    head = {"student": {"module.head.mlp.0.weight": torch.zeros(2048, 768)}}
    rewritten(archive, cut, {"dino_vitb16_pretrain.pth": saved(head)})
    with pytest.raises(UserError, match="without its backbone") as caught:
        read_dreamsim_zip(cut)
    assert "dino_vitbase16_pretrain.pth" in caught.value.hint


def test_archives_of_other_kinds_are_named(tmp_path: Path) -> None:
    old, double, torn = tmp_path / "old.zip", tmp_path / "double.zip", tmp_path / "torn.zip"
    with zipfile.ZipFile(old, "w") as archive:
        archive.writestr("dino_vitb16_lora/adapter_config.json", "{}")
    with zipfile.ZipFile(double, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr("ensemble_lora/adapter_config.json", "{}")
    torn.write_bytes(old.read_bytes()[:-30])
    with pytest.raises(UserError, match="older release"):
        read_dreamsim_zip(old)
    with pytest.raises(UserError, match="more than once"):
        read_dreamsim_zip(double)
    with pytest.raises(UserError, match=r"torn\.zip is damaged"):
        read_dreamsim_zip(torn)


def test_tensors_of_another_branch_are_refused(clip_zip: Path) -> None:
    subject = extractor("open_clip_vitb32", read_dreamsim_zip(clip_zip))
    with pytest.raises(UserError, match="dreamsim-open-clip-vitb32 do not fit"):
        subject.features(np.zeros((1, 224, 224, 3), np.uint8))
