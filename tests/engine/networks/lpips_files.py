"""LPIPS as published, with seeded random trunks: torchvision's file format, and the oracle that reads it."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

ARCHITECTURES = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}


def official_trunk(net: str, path: Path) -> None:
    """Write a state dict as torchvision publishes it, without the fully connected layers' hundreds of megabytes."""
    generator = torch.Generator().manual_seed(7)
    with torch.device("meta"):
        layers: nn.Module = models.get_model(ARCHITECTURES[net], weights=None)
    tensors: dict[str, Tensor] = {}
    for name, value in layers.state_dict().items():
        if not name.startswith("features."):
            tensors[name] = torch.zeros(1)
        elif name.endswith("weight"):
            gain = (2.0 / value[0].numel()) ** 0.5
            tensors[name] = gain * torch.randn(value.shape, generator=generator)
        else:
            tensors[name] = 0.1 * torch.randn(value.shape, generator=generator)
    torch.save(tensors, path)


def published_heads(net: str) -> Path:
    """Return the file inside the installed package; located without running the package."""
    spec = importlib.util.find_spec("lpips")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "weights" / "v0.1" / f"{net}.pth"


def published_lpips(net: str, trunk: Path) -> Any:
    """Return the authors' module with the trunk of the file; torchvision warns of the arguments it passes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lpips

        oracle = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    tensors = torch.load(trunk, weights_only=True)
    places = {name.split(".", 1)[1]: name for name in oracle.net.state_dict()}
    renamed = {
        places[name.removeprefix("features.")]: value for name, value in tensors.items() if name.startswith("features.")
    }
    oracle.net.load_state_dict(renamed, strict=True)
    return oracle
