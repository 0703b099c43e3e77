from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from planetview.core.errors import UserError
from planetview.engine.crops import crop_then_resize, resize_then_crop
from planetview.engine.extractors import Extractor, clip, load_extractor
from planetview.engine.weights import MissingWeights
from planetview.engine.weights.importing import import_file
from tests.engine.networks.clip_files import (
    TOWERS,
    official_open_clip_file,
    official_openai_state_dict,
    tower_tensors,
)
from tests.engine.networks.pictures import SIZES, features, image, largest_difference

Image8 = NDArray[np.uint8]
NORMALISE = transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def torchvision_pixels(rgb8: Image8) -> Tensor:
    """What clean-fid and FLD feed to CLIP, before normalisation."""
    steps = transforms.Compose(
        [
            transforms.Resize(224, interpolation=InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
        ]
    )
    pixels: Tensor = steps(Image.fromarray(rgb8))
    return pixels


def cmmd_pixels(rgb8: Image8) -> Tensor:
    """What cmmd-pytorch feeds to CLIP before normalisation, its second, idle resize included."""
    picture = Image.fromarray(rgb8)
    width, height = picture.size
    side = min(width, height)
    x, y = (width - side) // 2, (height - side) // 2
    cut = picture.crop((x, y, x + side, y + side)).resize((336, 336), resample=Image.Resampling.BICUBIC)
    values = torch.from_numpy(np.asarray(cut).astype(np.float32) / 255.0).permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(values, size=(336, 336), mode="bicubic")[0]


def published_model(name: str, tensors: dict[str, Tensor]) -> Any:
    """open_clip's own model of that name with the image tower of a published state dict."""
    import open_clip

    with torch.device("meta"):
        model = open_clip.create_model(name, pretrained=None, device="meta")
    wanted = {f"visual.{key}" for key in model.visual.state_dict()}
    found = {key: value.float() for key, value in tensors.items() if key in wanted}
    assert set(found) == wanted
    model.load_state_dict(found, strict=False, assign=True)
    return model.eval()


def encode(model: Any, pixels: Tensor) -> NDArray[np.float32]:
    with torch.no_grad():
        features: NDArray[np.float32] = model(NORMALISE(pixels)[None])[0].numpy()
    return features


@pytest.fixture(scope="module")
def weights_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("weights")
        patch.setenv("PLANETVIEW_WEIGHTS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def openai_state_dict() -> dict[str, Tensor]:
    return official_openai_state_dict("clip-vit-b-32")


@pytest.fixture(scope="module")
def openai(openai_state_dict: dict[str, Tensor], weights_folder: Path) -> Extractor:
    """ViT-B/32 after the whole way from a published file: import, conversion, loading."""
    path = weights_folder / "ViT-B-32.pt"
    torch.save(openai_state_dict, path)
    assert import_file(path, weights_id="clip-vit-b-32-openai", accept_unknown=True).accepted
    path.unlink()
    return load_extractor("clip-vit-b-32")


def test_the_crop_equals_torchvision_for_all_shapes() -> None:
    shapes = [*SIZES, (224, 224), (224, 225), (40, 41), (41, 40), (64, 201), (199, 64), (300, 2), (1, 1)]
    for grey in (False, True):
        for height, width in shapes:
            picture = image(height, width, grey=grey)
            expected = (torchvision_pixels(picture) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
            np.testing.assert_array_equal(resize_then_crop(picture, 224), expected, err_msg=f"{height} x {width}")


def test_the_crop_of_cmmd_equals_its_reference_for_all_shapes() -> None:
    for height, width in (*SIZES, (336, 336), (336, 337), (51, 30), (30, 51), (1, 9)):
        picture = image(height, width)
        expected = (cmmd_pixels(picture) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(crop_then_resize(picture, 336), expected, err_msg=f"{height} x {width}")


def test_equal_channels_stay_equal() -> None:
    for crop, side in ((resize_then_crop, 224), (crop_then_resize, 336)):
        cut = crop(image(300, 227, grey=True), side)
        assert (cut == cut[..., :1]).all()


def test_features_equal_open_clip_from_images_of_all_sizes(
    openai: Extractor, openai_state_dict: dict[str, Tensor]
) -> None:
    model = published_model("ViT-B-32-quickgelu", openai_state_dict)
    pictures = [image(*size, grey=k % 2 == 1) for k, size in enumerate(SIZES)]
    found = features(openai, *pictures)
    for row, picture in zip(found, pictures, strict=True):
        assert largest_difference(row, encode(model.encode_image, torchvision_pixels(picture))) <= 1e-5
    # Only informative features can differ where something is wrong.
    assert np.std(found, axis=0).mean() > 0.1 * np.std(found)


def test_features_equal_torch_fidelity_which_has_its_own_tower(
    openai: Extractor, openai_state_dict: dict[str, Tensor]
) -> None:
    from torch_fidelity.feature_extractor_clip import VisionTransformer

    width, patch, _, blocks, out = TOWERS["clip-vit-b-32"]
    with torch.device("meta"):
        tower = VisionTransformer(224, patch, width, blocks, width // 64, out)
    visual = {k.removeprefix("visual."): v.float() for k, v in openai_state_dict.items() if k.startswith("visual.")}
    tower.load_state_dict(visual, strict=True, assign=True)
    picture = image(256, 300)
    expected = encode(tower.eval(), torchvision_pixels(picture))
    assert largest_difference(features(openai, picture)[0], expected) <= 1e-5


def test_the_activation_is_that_of_openai_not_open_clips_default(
    openai: Extractor, openai_state_dict: dict[str, Tensor]
) -> None:
    plain = published_model("ViT-B-32", openai_state_dict)
    picture = image(227, 227)
    assert (
        largest_difference(features(openai, picture)[0], encode(plain.encode_image, torchvision_pixels(picture))) > 1e-3
    )


def test_laions_tower_has_the_plain_activation(tmp_path: Path, weights_folder: Path) -> None:
    path = official_open_clip_file(tmp_path, "clip-vit-b-32-laion2b", seed=5)
    assert import_file(path, weights_id="clip-vit-b-32-laion2b", accept_unknown=True).accepted
    subject = load_extractor("clip-vit-b-32-laion2b")
    from safetensors.torch import load_file

    model = published_model("ViT-B-32", load_file(path))
    picture = image(512, 300, grey=True)
    expected = encode(model.encode_image, torchvision_pixels(picture))
    assert largest_difference(features(subject, picture)[0], expected) <= 1e-5


@pytest.fixture(scope="module")
def large_tensors() -> dict[str, Tensor]:
    return tower_tensors("clip-vit-l-14", seed=3)


@pytest.mark.slow
def test_the_large_tower_equals_open_clip(large_tensors: dict[str, Tensor]) -> None:
    subject = clip.extractor("clip-vit-l-14", lambda: large_tensors, "0")
    model = published_model("ViT-L-14-quickgelu", {f"visual.{k}": v for k, v in large_tensors.items()})
    picture = image(256, 256)
    expected = encode(model.encode_image, torchvision_pixels(picture))
    assert largest_difference(features(subject, picture)[0], expected) <= 1e-5


@pytest.mark.slow
def test_the_large_tower_of_cmmd_equals_open_clip(large_tensors: dict[str, Tensor]) -> None:
    narrow = large_tensors["class_embedding"].std()
    positions = narrow * torch.randn(577, 1024, generator=torch.Generator().manual_seed(4))
    tensors = large_tensors | {"positional_embedding": positions}
    subject = clip.extractor("clip-vit-l-14-336", lambda: tensors, "0")
    model = published_model("ViT-L-14-336-quickgelu", {f"visual.{k}": v for k, v in tensors.items()})
    picture = image(300, 512)
    expected = encode(model.encode_image, cmmd_pixels(picture))
    assert largest_difference(features(subject, picture)[0], expected) <= 1e-5


@pytest.mark.slow
def test_datacomps_features_are_read_before_the_projection(large_tensors: dict[str, Tensor]) -> None:
    subject = clip.extractor("clip-vit-l-14-datacomp", lambda: large_tensors, "0")
    model = published_model("ViT-L-14", {f"visual.{k}": v for k, v in large_tensors.items()})
    seen: list[Tensor] = []
    model.visual.ln_post.register_forward_hook(lambda module, inputs, output: seen.append(output[0, 0]))
    picture = image(227, 227)
    encode(model.encode_image, torchvision_pixels(picture))
    found = features(subject, picture)[0]
    assert found.shape == (1024,)
    assert largest_difference(found, seen[0].numpy()) <= 1e-5


def test_features_do_not_depend_on_the_company(openai: Extractor) -> None:
    pictures = [image(227, 227, seed=k) for k in range(5)]
    together = features(openai, *pictures)
    apart = np.concatenate([features(openai, picture) for picture in pictures])
    assert largest_difference(apart, together) <= 1e-5


def test_every_extractor_says_how_it_reads_images() -> None:
    made = {id: clip.extractor(id, dict, "0" * 64, "unverified") for id in TOWERS}
    assert {id: subject.dim for id, subject in made.items()} == {
        "clip-vit-b-32": 512,
        "clip-vit-l-14": 768,
        "clip-vit-l-14-336": 768,
        "clip-vit-b-32-laion2b": 512,
        "clip-vit-l-14-datacomp": 1024,
    }
    assert made["clip-vit-l-14-336"].preprocessing_id.startswith("CMMD-336")
    assert "not projected" in made["clip-vit-l-14-datacomp"].preprocessing_id
    assert len({subject.preprocessing_id for subject in made.values()}) == 3
    assert all(subject.weights_digest == "0" * 64 and subject.note == "unverified" for subject in made.values())


def test_tensors_of_another_network_are_refused(openai_state_dict: dict[str, Tensor]) -> None:
    visual = {k.removeprefix("visual."): v for k, v in openai_state_dict.items() if k.startswith("visual.")}
    short = {name: value for name, value in visual.items() if "resblocks.11" not in name}
    text = visual | {"logit_scale": torch.tensor(4.6)}
    for id, tensors in (("clip-vit-l-14", visual), ("clip-vit-b-32", short), ("clip-vit-b-32", text)):
        subject = clip.extractor(id, lambda tensors=tensors: tensors, "0")
        with pytest.raises(UserError, match="do not fit"):
            features(subject, image(64, 64))


def test_missing_weights_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANETVIEW_WEIGHTS", str(tmp_path / "empty"))
    with pytest.raises(MissingWeights):
        load_extractor("clip-vit-l-14-336")


def test_making_an_extractor_imports_no_model_library() -> None:
    code = (
        "import sys; from planetview.engine.extractors import clip, dinov2; "
        "clip.extractor('clip-vit-b-32', dict, '0'); "
        "dinov2.extractor('dinov2-vits14', dict, '0'); "
        "sys.exit(' '.join({'open_clip', 'timm', 'torchvision'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
