"""DINOv2 as published, with seeded random weights: the original repository's file and timm's."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

# Extractor: width, blocks.
MODELS = {"dinov2-vits14": (384, 12), "dinov2-vitb14": (768, 12), "dinov2-vitl14": (1024, 24)}


def dinov2_tensors(id: str, seed: int = 0) -> dict[str, Tensor]:
    """Return the network by the published names, float32, the mask token of its training left out.

    The position embedding is smooth over the grid, as a trained one is, and as strong as the patches: the way it is
    resampled shows in the features.
    """
    width, blocks = MODELS[id]
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, std: float, mean: float = 0.0) -> Tensor:
        return torch.empty(shape).normal_(mean, std, generator=generator)

    narrow = width**-0.5
    coarse = normal(1, width, 12, 12, std=1.0)
    smooth = torch.nn.functional.interpolate(coarse, size=(37, 37), mode="bicubic", align_corners=True)
    tensors = {
        "cls_token": normal(1, 1, width, std=0.5),
        "pos_embed": torch.cat((normal(1, 1, width, std=0.5), smooth.flatten(2).transpose(1, 2)), dim=1),
        "patch_embed.proj.weight": normal(width, 3, 14, 14, std=(3 * 14 * 14) ** -0.5),
        "patch_embed.proj.bias": normal(width, std=0.1),
    }
    for block in range(blocks):
        tensors |= {
            f"blocks.{block}.{name}": value
            for name, value in {
                "attn.qkv.weight": normal(3 * width, width, std=1.5 * narrow),
                "attn.qkv.bias": normal(3 * width, std=0.1),
                "attn.proj.weight": normal(width, width, std=narrow),
                "attn.proj.bias": normal(width, std=0.1),
                "mlp.fc1.weight": normal(4 * width, width, std=narrow),
                "mlp.fc1.bias": normal(4 * width, std=0.1),
                "mlp.fc2.weight": normal(width, 4 * width, std=0.5 * narrow),
                "mlp.fc2.bias": normal(width, std=0.1),
                "ls1.gamma": normal(width, mean=0.5, std=0.2),
                "ls2.gamma": normal(width, mean=0.5, std=0.2),
            }.items()
        }
    norms = [f"blocks.{block}.{name}" for block in range(blocks) for name in ("norm1", "norm2")]
    for name in ("norm", *norms):
        tensors[f"{name}.weight"] = normal(width, mean=1.0, std=0.1)
        tensors[f"{name}.bias"] = normal(width, std=0.05)
    return tensors


def official_dinov2_file(folder: Path, id: str, seed: int = 0) -> Path:
    """Write the original repository's file, `dinov2_vits14_pretrain.pth` and its sisters, mask token included."""
    path = folder / f"{id.replace('-', '_')}_pretrain.pth"
    torch.save(dinov2_tensors(id, seed) | {"mask_token": torch.zeros(1, MODELS[id][0])}, path)
    return path


def official_timm_file(folder: Path, id: str, seed: int = 0) -> Path:
    """Write timm's `model.safetensors`."""
    path = folder / "model.safetensors"
    save_file({name: value.contiguous() for name, value in dinov2_tensors(id, seed).items()}, path)
    return path
