"""Well-formed published files with seeded random tensors, for what is too large or too far away to be here."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from planetview.engine.weights.importing import import_file
from planetview.engine.weights.layouts import expected


def seeded(layout: str, seed: int = 0) -> dict[str, Tensor]:
    """Return small random float32 tensors with the names and shapes of a layout."""
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) * 0.02 for name, shape in expected(layout).items()}


def accept(path: Path, weights_id: str | None = None) -> None:
    """Import a file whose digest is not published, as a user who insists would; fails the test when refused."""
    outcome = import_file(path, weights_id=weights_id, accept_unknown=True)
    assert outcome.accepted, outcome


def official_alexnet_heads(folder: Path, seed: int = 0) -> Path:
    """Write seeded LPIPS heads under their published name."""
    path = folder / "alex.pth"
    torch.save(seeded("lpips-alex", seed), path)
    return path
