"""Copies of StyleGAN networks that hold nothing but data: a safetensors file and its description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.core.files import write_atomically, write_text_atomically
from planetview.engine.generators.flat import tree_of
from planetview.engine.generators.manifest import SUFFIX, Manifest, read_manifest, read_member
from planetview.engine.generators.modules import Module
from planetview.engine.generators.style_generator import StyleGenerator, style_generator
from planetview.engine.pickle_machine import never_cancelled

WEIGHTS_SUFFIX: Final = ".safetensors"


def save_safe_copy(
    generator: StyleGenerator, path: Path, check: Callable[[], None] = never_cancelled
) -> tuple[Path, Path]:
    """Write `NAME.safetensors` and `NAME.generator.json` for path `NAME` or `NAME.safetensors`, and read them back.

    Returns both paths. Existing files are replaced. Raises UserError when they cannot be written, or when what is
    read back differs in a single bit.
    """
    from safetensors.numpy import save

    stem = path.name.removesuffix(SUFFIX).removesuffix(WEIGHTS_SUFFIX)
    weights, manifest_path = path.with_name(stem + WEIGHTS_SUFFIX), path.with_name(stem + SUFFIX)
    info, tree = generator.info, generator.tree
    data = save(tree.flatten())
    check()
    manifest = Manifest(
        format="stylegan",
        files={"weights": weights.name},
        sha256={"weights": hashlib.sha256(data).hexdigest()},
        z_dim=info.z_dim,
        c_dim=info.c_dim,
        channels=1 if info.channels == 1 else 3,
        resolution=list(info.resolution),
        source=info.source,
        original_sha256=info.sha256,
        network=dict(tree.describe()),
    )
    write_atomically(weights, lambda stream: stream.write(data))
    write_text_atomically(manifest_path, json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n")
    check()
    _compare(tree, read_safe_copy(manifest_path, check)[0], weights)
    return weights, manifest_path


def read_safe_copy(path: Path, check: Callable[[], None] = never_cancelled) -> tuple[Module, Manifest, str]:
    """Return the network of a manifest, the manifest, and the SHA-256 of both files' digests. Raises UserError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    manifest, manifest_digest = read_manifest(path)
    if manifest.network is None:
        raise UserError(f"'{path.name}' describes no StyleGAN network.")
    data = read_member(manifest, "weights", path.parent, check)
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"'{manifest.files['weights']}' is damaged.", "Make the copy again.") from error
    return tree_of(tensors, manifest.network), manifest, joint_digest([manifest_digest, manifest.sha256["weights"]])


def open_safe_copy(
    path: Path, device: torch.device | str = "cpu", check: Callable[[], None] = never_cancelled
) -> StyleGenerator:
    """Return the generator of a manifest written by `save_safe_copy`. Raises UserError."""
    tree, manifest, digest = read_safe_copy(path, check)
    source = manifest.source or "unknown"
    return style_generator(tree, path, digest, source, device=device, check=check)


def joint_digest(digests: list[str]) -> str:
    """Return one SHA-256 for several files' digests, given in a fixed order."""
    return hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _compare(original: Module, copy: Module, weights: Path) -> None:
    """Raise UserError unless the copy has the same settings and the same bits."""
    ours, theirs = original.flatten(), copy.flatten()
    same = original.describe() == copy.describe() and ours.keys() == theirs.keys()
    if not same or not all(_same_bits(ours[name], theirs[name]) for name in ours):
        raise UserError(f"The copy '{weights}' is not equal to the network.", "Try another disk.", exit_code=4)


def _same_bits(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
