"""The DINOv2 extractors: timm's vision transformers with the original repository's position embedding.

timm takes seconds to import, so it is imported when the first features are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from planetview.core.catalogue import EXTRACTORS
from planetview.core.errors import UserError
from planetview.engine.extractors.colours import IMAGENET_MEAN, IMAGENET_STD, standardised
from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly
from planetview.engine.resize import squash
from planetview.engine.weights import load_weights, weight_identity

SIDE: Final = 224
_GRID = SIDE // 14
_PUBLISHED_GRID = 518 // 14

_PIPELINE = Pipeline(
    "DGM-224: squash to 224 by Pillow bicubic, uint8; ImageNet mean and std; "
    "position embedding 37 to 16 bicubic, scale 16.1/37; class token after the last normalisation",
    SIDE,
    partial(squash, side=SIDE),
    standardised(IMAGENET_MEAN, IMAGENET_STD),
)
_MODELS = {
    "dinov2-vits14": "vit_small_patch14_dinov2",
    "dinov2-vitb14": "vit_base_patch14_dinov2",
    "dinov2-vitl14": "vit_large_patch14_dinov2",
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

    tensors: reads the published ones (`pos_embed` 1 x 1370 x dim) by timm's names; called at the first features,
    which raise UserError when they do not fit. digest, note: of the weight file, as `weight_identity` returns them.
    """
    spec = EXTRACTORS[id]
    return NetworkExtractor(
        id,
        lambda: _network(_MODELS[id], tensors(), spec.label),
        _PIPELINE,
        dim=spec.dim,
        weights_digest=digest,
        device=device,
        precision=precision,
        # Images a second on one CPU core, float32, 1 / 2 / 4 / 8 at once: ViT-S 5.6 / 6.0 / 6.4 / 6.2, ViT-B
        # 1.6 / 1.8 / 1.9 / 1.8. A short batch is filled up to this number: filling it would cost more.
        images_at_once=1 if torch.device(device).type == "cpu" else 8,
        note=note,
    )


def position_embedding(published: Tensor) -> Tensor:
    """Return the position embedding for 16 x 16 patches as the original repository resamples it, float32.

    published: (1, 1 + 37 * 37, dim), the class token's first. Returns (1, 1 + 16 * 16, dim).
    Bicubic without antialiasing, at the scale (16 + 0.1) / 37, not 16 / 37. The tenth once guarded the output size
    against rounding; it shifts the sampling points, and published features have it.
    """
    values = published.to(torch.float32)
    own, patches = values[:, :1], values[:, 1:]
    square = patches.reshape(1, _PUBLISHED_GRID, _PUBLISHED_GRID, -1).permute(0, 3, 1, 2)
    scale = (_GRID + 0.1) / _PUBLISHED_GRID
    resampled = nn.functional.interpolate(square, scale_factor=(scale, scale), mode="bicubic", antialias=False)
    return torch.cat((own, resampled.permute(0, 2, 3, 1).flatten(1, 2)), dim=1)


def _network(model: str, tensors: dict[str, Tensor], title: str) -> nn.Module:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import timm

    with torch.device("meta"):
        network: nn.Module = timm.create_model(model, pretrained=False, num_classes=0, img_size=SIDE)
    published = tensors.get("pos_embed")
    if published is None or published.ndim != 3 or published.shape[:2] != (1, 1 + _PUBLISHED_GRID**2):
        raise UserError(
            f"The position embedding of {title} is not the published one of 37 x 37 patches.",
            "Import the published file again: planetview models import.",
        )
    load_strictly(network, {**tensors, "pos_embed": position_embedding(published)}, title)
    return network
