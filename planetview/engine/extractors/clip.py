"""The CLIP extractors: image towers of open_clip's models, their weights loaded strictly.

open_clip takes seconds to import, so it is imported when the first features are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from planetview.core.catalogue import EXTRACTORS
from planetview.engine.crops import crop_then_resize, resize_then_crop
from planetview.engine.extractors.colours import CLIP_MEAN, CLIP_STD, standardised
from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly
from planetview.engine.weights import load_weights, weight_identity

_SCALE = standardised(CLIP_MEAN, CLIP_STD)
_CROP_224 = "CFID-CLIP: shorter side to 224 by Pillow bicubic, centre crop, uint8; CLIP mean and std"
_PROJECTED = Pipeline(
    f"{_CROP_224}; class token, ln_post, projection", 224, partial(resize_then_crop, side=224), _SCALE
)
_NOT_PROJECTED = Pipeline(
    f"{_CROP_224}; class token, ln_post, not projected", 224, partial(resize_then_crop, side=224), _SCALE
)
_CMMD = Pipeline(
    "CMMD-336: square centre crop, Pillow bicubic to 336, uint8; CLIP mean and std; class token, ln_post, projection",
    336,
    partial(crop_then_resize, side=336),
    _SCALE,
)


@dataclass(frozen=True, slots=True)
class _Tower:
    """architecture: open_clip's name; "-quickgelu" is the activation of OpenAI's weights, which no tensor tells."""

    architecture: str
    pipeline: Pipeline = _PROJECTED
    projected: bool = True


_TOWERS = {
    "clip-vit-b-32": _Tower("ViT-B-32-quickgelu"),
    "clip-vit-l-14": _Tower("ViT-L-14-quickgelu"),
    "clip-vit-l-14-336": _Tower("ViT-L-14-336-quickgelu", _CMMD),
    "clip-vit-b-32-laion2b": _Tower("ViT-B-32"),
    "clip-vit-l-14-datacomp": _Tower("ViT-L-14", _NOT_PROJECTED, projected=False),
}


def build(id: str, device: torch.device | str, precision: str) -> NetworkExtractor:
    """Return the extractor `id` on `device`; the registry calls it. Raises MissingWeights."""
    (weights,) = EXTRACTORS[id].weights
    digest, note = weight_identity(weights)
    return extractor(id, lambda: load_weights(weights).tensors, digest, note, device, precision)


def extractor(
    id: str,
    tensors: Callable[[], dict[str, Tensor]],
    digest: str,
    note: str = "",
    device: torch.device | str = "cpu",
    precision: str = "float32",
) -> NetworkExtractor:
    """Return the extractor `id` with given tensors.

    tensors: reads those of the image tower by open_clip's names without "visual."; called at the first features,
    which raise UserError when they do not fit. digest, note: of the weight file, as `weight_identity` returns them.
    """
    tower = _TOWERS[id]
    spec = EXTRACTORS[id]
    return NetworkExtractor(
        id,
        lambda: _network(tower, tensors(), spec.label),
        tower.pipeline,
        dim=spec.dim,
        weights_digest=digest,
        device=device,
        precision=precision,
        images_at_once=_images_at_once(tower, device),
        note=note,
    )


def _images_at_once(tower: _Tower, device: torch.device | str) -> int:
    # Images a second on one CPU core, float32, 1 / 2 / 4 / 8 at once: ViT-B/32 6.3 / 8.1 / 9.0 / 8.7; ViT-L/14
    # 0.50 / 0.51 / 0.49. A short batch is filled up to this number, so it stays small where an image takes long.
    if torch.device(device).type != "cpu":
        return 8
    return 2 if "B-32" in tower.architecture else 1


def _network(tower: _Tower, tensors: dict[str, Tensor], title: str) -> nn.Module:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import open_clip  # type: ignore[import-untyped]

    with torch.device("meta"):
        # The text tower is made too: it costs nothing here, and the vision tower alone has no public builder.
        visual = open_clip.CLIP(**open_clip.get_model_config(tower.architecture)).visual
    load_strictly(visual, tensors, title)
    if not tower.projected:
        visual.proj = None
    network: nn.Module = visual
    return network
