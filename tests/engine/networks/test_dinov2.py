from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as nnf
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from planetview.core.errors import UserError
from planetview.engine.extractors import Extractor, dinov2, load_extractor
from planetview.engine.weights.importing import import_file
from tests.engine.networks.dinov2_files import MODELS, dinov2_tensors, official_dinov2_file, official_timm_file
from tests.engine.networks.pictures import SIZES, features, image, largest_difference

Image8 = NDArray[np.uint8]
ID = "dinov2-vits14"


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def torchvision_input(rgb8: Image8) -> Tensor:
    """What dgm-eval feeds to DINOv2."""
    steps = transforms.Compose(
        [
            transforms.Resize((224, 224), interpolation=InterpolationMode.BICUBIC),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    pixels: Tensor = steps(Image.fromarray(rgb8))
    return pixels[None]


def hub_positions(published: Tensor) -> Tensor:
    """The original repository's `interpolate_pos_encoding` for 224 px, from its description: 37 to 16 plus a tenth."""
    dim = published.shape[-1]
    own, patches = published[:, 0], published[:, 1:]
    side = (224 // 14 + 0.1) / 1369**0.5
    grid = patches.reshape(1, 37, 37, dim).permute(0, 3, 1, 2)
    smaller = nnf.interpolate(grid, scale_factor=(side, side), mode="bicubic")
    assert smaller.shape[-2:] == (16, 16)
    return torch.cat((own[None], smaller.permute(0, 2, 3, 1).reshape(1, -1, dim)), dim=1)


def cubic_positions(published: Tensor) -> NDArray[np.float64]:
    """The same by hand in float64: output k reads (k + 1/2) * 37 / 16.1 - 1/2 with Keys' kernel at a = -3/4."""
    grid = published[0, 1:].double().numpy().reshape(37, 37, -1)
    weights = np.zeros((16, 37))
    for k in range(16):
        at = (k + 0.5) * 37 / 16.1 - 0.5
        for tap in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            x = abs(at - tap)
            near = (1.25 * x - 2.25) * x * x + 1
            far = ((-0.75 * x + 3.75) * x - 6) * x + 3
            weights[k, min(max(tap, 0), 36)] += near if x <= 1 else far
    return np.einsum("iy,jx,yxd->ijd", weights, weights, grid).reshape(256, -1)


def forward_by_hand(tensors: dict[str, Tensor], pixels: Tensor, heads: int) -> NDArray[np.float32]:
    """DINOv2 in plain matrix products, after Oquab et al. 2023, without any module of a library."""

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(name: str, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=-1, keepdim=True)
        scaled = centred / (centred.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()
        return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def attention(name: str, x: Tensor) -> Tensor:
        tokens, width = x.shape
        queries, keys, values = (
            part.reshape(tokens, heads, -1).transpose(0, 1) for part in linear(f"{name}.qkv", x).split(width, dim=1)
        )
        shares = (queries @ keys.transpose(1, 2) / (width // heads) ** 0.5).softmax(dim=-1)
        return linear(f"{name}.proj", (shares @ values).transpose(0, 1).reshape(tokens, width))

    patches = pixels[0].unfold(1, 14, 14).unfold(2, 14, 14).permute(1, 2, 0, 3, 4).reshape(256, -1)
    projection = tensors["patch_embed.proj.weight"].flatten(1)
    embedded = patches @ projection.T + tensors["patch_embed.proj.bias"]
    x = torch.cat((tensors["cls_token"][0], embedded)) + hub_positions(tensors["pos_embed"])[0]
    for block in (f"blocks.{k}" for k in range(12)):
        x = x + tensors[f"{block}.ls1.gamma"] * attention(f"{block}.attn", norm(f"{block}.norm1", x))
        hidden = linear(f"{block}.mlp.fc1", norm(f"{block}.norm2", x))
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
        x = x + tensors[f"{block}.ls2.gamma"] * linear(f"{block}.mlp.fc2", hidden)
    return norm("norm", x)[0].numpy()


def timm_model(id: str, tensors: dict[str, Tensor], positions: Tensor) -> Any:
    import timm

    name = f"vit_{ {'s': 'small', 'b': 'base', 'l': 'large'}[id[-3]] }_patch14_dinov2"
    with torch.device("meta"):
        model = timm.create_model(name, pretrained=False, num_classes=0, img_size=224)
    model.load_state_dict(tensors | {"pos_embed": positions}, strict=True, assign=True)
    return model.eval()


def encode(model: Any, rgb8: Image8) -> NDArray[np.float32]:
    with torch.no_grad():
        row: NDArray[np.float32] = model(torchvision_input(rgb8))[0].numpy()
    return row


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    return dinov2_tensors(ID)


@pytest.fixture(scope="module")
def vits(tensors: dict[str, Tensor]) -> Extractor:
    return dinov2.extractor(ID, lambda: tensors, "0")


def test_positions_equal_the_original_repositorys(tensors: dict[str, Tensor]) -> None:
    found = dinov2.position_embedding(tensors["pos_embed"])
    torch.testing.assert_close(found, hub_positions(tensors["pos_embed"]), rtol=0, atol=0)
    np.testing.assert_allclose(found[0, 1:].numpy(), cubic_positions(tensors["pos_embed"]), rtol=0, atol=2e-5)


def test_features_equal_timm_from_images_of_all_sizes(vits: Extractor, tensors: dict[str, Tensor]) -> None:
    model = timm_model(ID, tensors, hub_positions(tensors["pos_embed"]))
    pictures = [image(*size, grey=k % 2 == 1) for k, size in enumerate(SIZES)]
    found = features(vits, *pictures)
    for row, picture in zip(found, pictures, strict=True):
        assert largest_difference(row, encode(model, picture)) <= 1e-5
    # Only informative features can differ where something is wrong.
    assert np.std(found, axis=0).mean() > 0.1 * np.std(found)


def test_features_equal_a_forward_pass_by_hand(vits: Extractor, tensors: dict[str, Tensor]) -> None:
    picture = image(256, 300)
    expected = forward_by_hand(tensors, torchvision_input(picture), heads=6)
    assert largest_difference(features(vits, picture)[0], expected) <= 1e-5


def test_timms_own_resampling_would_give_other_features(vits: Extractor, tensors: dict[str, Tensor]) -> None:
    from timm.layers import resample_abs_pos_embed

    positions = resample_abs_pos_embed(tensors["pos_embed"], new_size=[16, 16], num_prefix_tokens=1)
    picture = image(227, 227)
    other = encode(timm_model(ID, tensors, positions), picture)
    assert largest_difference(features(vits, picture)[0], other) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("id", ["dinov2-vitb14", "dinov2-vitl14"])
def test_larger_networks_equal_timm(id: str) -> None:
    tensors = dinov2_tensors(id, seed=2)
    subject = dinov2.extractor(id, lambda: tensors, "0")
    model = timm_model(id, tensors, hub_positions(tensors["pos_embed"]))
    picture = image(300, 227)
    found = features(subject, picture)
    assert found.shape == (1, MODELS[id][0])
    assert largest_difference(found[0], encode(model, picture)) <= 1e-5


@pytest.mark.parametrize("official", [official_dinov2_file, official_timm_file])
def test_features_from_either_published_file_are_the_same(
    official: Any, vits: Extractor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANETVIEW_WEIGHTS", str(tmp_path / "weights"))
    outcome = import_file(official(tmp_path, ID), weights_id=ID, accept_unknown=True)
    assert outcome.accepted, outcome.message
    picture = image(64, 64)
    np.testing.assert_array_equal(features(load_extractor(ID), picture), features(vits, picture))


def test_features_do_not_depend_on_the_company(vits: Extractor) -> None:
    pictures = [image(64, 64, seed=k) for k in range(3)]
    together = features(vits, *pictures)
    apart = np.concatenate([features(vits, picture) for picture in pictures])
    assert largest_difference(apart, together) <= 1e-5


def test_a_position_embedding_of_another_grid_is_refused(tensors: dict[str, Tensor]) -> None:
    converted = tensors | {"pos_embed": hub_positions(tensors["pos_embed"])}
    without = {name: value for name, value in tensors.items() if name != "pos_embed"}
    for wrong in (converted, without):
        with pytest.raises(UserError, match="37 x 37"):
            features(dinov2.extractor(ID, lambda wrong=wrong: wrong, "0"), image(64, 64))


def test_tensors_of_another_network_are_refused(tensors: dict[str, Tensor]) -> None:
    for id, wrong in (("dinov2-vitb14", tensors), (ID, tensors | {"mask_token": torch.zeros(1, 384)})):
        with pytest.raises(UserError, match="do not fit"):
            features(dinov2.extractor(id, lambda wrong=wrong: wrong, "0"), image(64, 64))


def test_every_extractor_says_how_it_reads_images() -> None:
    made = [dinov2.extractor(id, dict, "0" * 64, "unverified") for id in MODELS]
    assert [subject.dim for subject in made] == [384, 768, 1024]
    assert all("DGM-224" in subject.preprocessing_id and "16.1/37" in subject.preprocessing_id for subject in made)
    assert all(subject.note == "unverified" for subject in made)
