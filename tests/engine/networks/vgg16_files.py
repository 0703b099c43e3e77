"""Seeded VGG-16 weights in the format of torchvision's published file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import vgg16

NAME = "vgg16-397923af.pth"


def official_vgg16_file(folder: Path, seed: int = 0) -> Path:
    """Write a torch state dict of 553 MB with the published file's name, tensor names and shapes; return its path.

    Weights keep the variance from layer to layer. The same seed writes the same numbers.
    """
    path = folder / NAME
    torch.save(vgg16_tensors(seed), path)
    return path


def vgg16_tensors(seed: int = 0) -> dict[str, Tensor]:
    """Return the tensors that `official_vgg16_file` writes."""
    random = torch.Generator().manual_seed(seed)
    network = vgg16(weights=None, init_weights=False)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                # Uniform: a tenth of a normal draw's time for 138 million values.
                bound = (6.0 / (module.weight[0].numel())) ** 0.5
                module.weight.uniform_(-bound, bound, generator=random)
                module.bias.uniform_(-0.1, 0.1, generator=random)
    return network.state_dict()
