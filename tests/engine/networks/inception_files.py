"""Seeded Inception weights in the format of the published file: independent of PlanetView's network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import Inception3
from torchvision.models.inception import BasicConv2d

NAME = "weights-inception-2015-12-05-6726825d.pth"
_CLASSES = 1008


def official_inception_file(folder: Path, seed: int = 0) -> Path:
    """Write a torch state dict with the published file's name, tensor names and shapes; return its path.

    The batch normalisations are measured on terrain, so that no layer explodes or dies. The same seed writes the
    same numbers on one machine.
    """
    path = folder / NAME
    torch.save(inception_tensors(seed), path)
    return path


def inception_tensors(seed: int = 0) -> dict[str, Tensor]:
    """Return the tensors that `official_inception_file` writes."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = Inception3(num_classes=_CLASSES, aux_logits=False, transform_input=False, init_weights=False)
        for module in network.modules():
            if isinstance(module, BasicConv2d):
                nn.init.kaiming_normal_(module.conv.weight, nonlinearity="relu")
                module.bn.weight.uniform_(0.4, 1.0)
                module.bn.bias.normal_(0.7, 0.3)
                # The running statistics become those of the one batch below.
                module.bn.momentum = 1.0
        network.train()
        network(terrain_batch(4, 299, seed))
        return network.state_dict()


def terrain_batch(n: int, side: int, seed: int, roughness: float | None = None) -> Tensor:
    """Return (n, 3, side, side) float32 fields in -1..1 whose channels are alike, not equal.

    roughness: the amplitude falls as 1 / f ** roughness; None spreads it over the batch, from white noise to hills.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    exponents = np.linspace(0.0, 1.5, n) if roughness is None else np.full(n, roughness)
    phases = rng.random((n, 1, *frequency.shape)) + 0.05 * rng.random((n, 3, *frequency.shape))
    spectrum = np.exp(2j * np.pi * phases) / frequency ** exponents[:, None, None, None]
    fields = np.fft.irfft2(spectrum, s=(side, side))
    fields *= 0.35 / fields.std(axis=(2, 3), keepdims=True)
    return torch.from_numpy(np.clip(fields, -1.0, 1.0).astype(np.float32))
