"""Where weight files lie: the folder of the user, installed packages, the caches of other programs."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from planetview.core.catalogue import WeightSource, WeightsSpec
from planetview.core.paths import WEIGHTS_VARIABLE, weights_dir

__all__ = ["WEIGHTS_VARIABLE", "caches", "converted_path", "published_files", "weights_folder"]


def weights_folder() -> Path:
    """Return the folder of the user's weight files: `PLANETVIEW_WEIGHTS`, else the user's data folder."""
    return weights_dir()


def converted_path(weights_id: str) -> Path:
    """Return where the converted file of `weights_id` lies or would lie."""
    return weights_folder() / f"{weights_id}.safetensors"


def published_files(spec: WeightsSpec) -> Iterator[tuple[Path, WeightSource]]:
    """Yield the published files of a network that exist, those in the weights folder first.

    Files that a repository gives a name of no meaning (model.safetensors) are not looked for: they are imported.
    """
    for source in spec.sources:
        for path in _places(source):
            if path.is_file():
                yield path, source


def _places(source: WeightSource) -> Iterator[Path]:
    if not source.repository:
        yield from (weights_folder() / name for name in source.files)
    if source.package:
        yield from _in_package(source.package, source.package_path)


def _in_package(package: str, inside: str) -> Iterator[Path]:
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        yield Path(bundle) / package / inside
    # A top-level name is located without running the package, whose own imports need much that is not here.
    spec = importlib.util.find_spec(package)
    if spec is not None:
        for folder in spec.submodule_search_locations or ():
            yield Path(folder) / inside


def caches() -> tuple[Path, ...]:
    """Return the folders and files where other programs keep weights on this computer, those that exist.

    torch.hub, Hugging Face, OpenAI's clip, torch-fidelity, clean-fid.
    """
    home = Path.home()
    general = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    torch_home = Path(os.environ.get("TORCH_HOME") or general / "torch")
    hugging_face = Path(os.environ.get("HF_HOME") or general / "huggingface")
    found = (
        torch_home / "hub" / "checkpoints",
        Path(os.environ.get("HF_HUB_CACHE") or hugging_face / "hub"),
        home / ".cache" / "clip",
        home / ".cache" / "dreamsim",
        Path(tempfile.gettempdir()) / "inception-2015-12-05.pt",
    )
    return tuple(dict.fromkeys(place for place in found if place.exists()))
