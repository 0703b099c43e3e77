"""CLIP as published, with seeded random weights: the file formats of open_clip and OpenAI, and tower tensors alone."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

# Extractor: width, patch, grid, blocks, length of the projection.
TOWERS = {
    "clip-vit-b-32": (768, 32, 7, 12, 512),
    "clip-vit-b-32-laion2b": (768, 32, 7, 12, 512),
    "clip-vit-l-14": (1024, 14, 16, 24, 768),
    "clip-vit-l-14-336": (1024, 14, 24, 24, 768),
    "clip-vit-l-14-datacomp": (1024, 14, 16, 24, 768),
}


def tower_tensors(id: str, seed: int = 0) -> dict[str, Tensor]:
    """Return the image tower by open_clip's names without "visual.", float32.

    Spread as OpenAI starts its training, biases and gains off their neutral values, so that every tensor and the
    activation show in the features.
    """
    width, patch, grid, blocks, out = TOWERS[id]
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int, std: float, mean: float = 0.0) -> Tensor:
        return torch.empty(shape).normal_(mean, std, generator=generator)

    narrow = width**-0.5
    tensors = {
        "class_embedding": normal(width, std=narrow),
        "positional_embedding": normal(grid * grid + 1, width, std=narrow),
        "proj": normal(width, out, std=narrow),
        "conv1.weight": normal(width, 3, patch, patch, std=(3 * patch * patch) ** -0.5),
    }
    for block in range(blocks):
        tensors |= {
            f"transformer.resblocks.{block}.{name}": value
            for name, value in {
                "attn.in_proj_weight": normal(3 * width, width, std=2 * narrow),
                "attn.in_proj_bias": normal(3 * width, std=0.02),
                "attn.out_proj.weight": normal(width, width, std=narrow),
                "attn.out_proj.bias": normal(width, std=0.02),
                "mlp.c_fc.weight": normal(4 * width, width, std=narrow),
                "mlp.c_fc.bias": normal(4 * width, std=0.1),
                "mlp.c_proj.weight": normal(width, 4 * width, std=0.5 * narrow),
                "mlp.c_proj.bias": normal(width, std=0.02),
            }.items()
        }
    norms = [f"transformer.resblocks.{block}.{name}" for block in range(blocks) for name in ("ln_1", "ln_2")]
    for name in ("ln_pre", "ln_post", *norms):
        tensors[f"{name}.weight"] = normal(width, mean=1.0, std=0.1)
        tensors[f"{name}.bias"] = normal(width, std=0.05)
    return tensors


def official_open_clip_file(folder: Path, id: str, seed: int = 0, *, pickled: bool = False) -> Path:
    """Write the state dict of a whole model as open_clip publishes it: safetensors, or `.bin` pickled by torch.

    Of the text tower only enough is there to be mistaken for the image tower's.
    """
    tensors = _state_dict(id, seed)
    if pickled:
        path = folder / "open_clip_pytorch_model.bin"
        torch.save(tensors, path)
    else:
        path = folder / "open_clip_model.safetensors"
        save_file(tensors, path)
    return path


def official_openai_state_dict(id: str, seed: int = 0) -> dict[str, Tensor]:
    """Return what OpenAI's archive holds: half precision, and three numbers that are no weights."""
    numbers = {"input_resolution": 224, "context_length": 77, "vocab_size": 49408}
    halves = {name: value.half() for name, value in _state_dict(id, seed).items()}
    return halves | {name: torch.tensor(value) for name, value in numbers.items()}


def _state_dict(id: str, seed: int) -> dict[str, Tensor]:
    out = TOWERS[id][-1]
    generator = torch.Generator().manual_seed(seed + 1)
    text = {
        "positional_embedding": torch.randn(77, out, generator=generator),
        "text_projection": torch.randn(out, out, generator=generator),
        "logit_scale": torch.tensor(4.6),
        "token_embedding.weight": torch.randn(16, out, generator=generator),
        "transformer.resblocks.0.ln_1.weight": torch.ones(out),
        "transformer.resblocks.0.ln_1.bias": torch.zeros(out),
        "ln_final.weight": torch.ones(out),
        "ln_final.bias": torch.zeros(out),
    }
    return {f"visual.{name}": value for name, value in tower_tensors(id, seed).items()} | text
