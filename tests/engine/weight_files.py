"""Well-formed published files with seeded random tensors, for what is too large or too far away to be here."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from planetview.core.catalogue import weights as catalogue_weights
from planetview.engine.weights.importing import import_file
from planetview.engine.weights.layouts import expected


def seeded(layout: str, seed: int = 0) -> dict[str, Tensor]:
    """Return small random float32 tensors with the names and shapes of a layout."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) * 0.02 for name, shape in expected(layout).items()}


def numbered(layout: str, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Return the tensors of a layout, each full of a number of its own: fast also for large networks."""
    return {
        name: torch.full(shape, float(number), dtype=dtype)
        for number, (name, shape) in enumerate(sorted(expected(layout).items()))
    }


def publish(monkeypatch: pytest.MonkeyPatch, weights_id: str, **change: Any) -> None:
    """Make the catalogue publish another digest for the first file of `weights_id`."""
    known = dict(catalogue_weights._read())
    spec = known[weights_id]
    known[weights_id] = replace(spec, sources=(replace(spec.sources[0], **change), *spec.sources[1:]))
    monkeypatch.setattr(catalogue_weights, "_read", lambda: known)


def accept(path: Path, weights_id: str | None = None) -> None:
    """Import a file whose digest is not published, as a user who insists would; fails the test when refused."""
    outcome = import_file(path, weights_id=weights_id, accept_unknown=True)
    assert outcome.accepted, outcome


def official_alexnet_heads(folder: Path, seed: int = 0) -> Path:
    """Write seeded LPIPS heads under their published name."""
    path = folder / "alex.pth"
    torch.save(seeded("lpips-alex", seed), path)
    return path


def tiny_tower() -> nn.Module:
    """Return a module with the parts of CLIP's image tower, two blocks deep and four channels wide."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln_1 = nn.LayerNorm(4)
            self.mlp = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))

    class Visual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 4, 2, bias=False)
            self.class_embedding = nn.Parameter(torch.randn(4))
            self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList([Block(), Block()])})
            self.proj = nn.Parameter(torch.randn(4, 3).t())

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.visual = Visual()
            self.logit_scale = nn.Parameter(torch.ones([]))
            self.register_buffer("input_resolution", torch.tensor(224))

        def forward(self, pixels: Tensor) -> Tensor:
            return pixels * self.logit_scale

    return Whole()


def torchscript_file(path: Path, module: nn.Module, *, halved: bool = False) -> dict[str, Tensor]:
    """Save a module as TorchScript, as OpenAI publishes CLIP; return its tensors by name."""
    with warnings.catch_warnings():
        # torch deprecates the format; the published files stay in it.
        warnings.simplefilter("ignore")
        scripted = torch.jit.trace(module.half() if halved else module, torch.zeros(1, dtype=torch.float32))
        torch.jit.save(scripted, path)
        return dict(scripted.state_dict())
