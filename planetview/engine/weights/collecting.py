"""Which files under a folder could be weights: by name and size alone, so that a folder of images costs nothing."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from planetview.core.catalogue import WEIGHTS
from planetview.engine.weights.converted import MANIFEST

SUFFIXES = frozenset({".pth", ".pt", ".bin", ".safetensors", ".ckpt", ".zip"})
_DEEPEST = 8
_MOST_ENTRIES = 500_000
_SMALLEST_BYTES = 1024
_ROUGHLY = 0.03


def candidates(root: Path, check: Callable[[], None]) -> Iterator[Path]:
    """Yield the files under a folder that may hold weights, in the order of their names.

    Links to files inside the folder are followed, as the cache of Hugging Face needs; links out of it are not.
    At most 8 folders deep. Folders that are packs are yielded themselves and not entered. Raises Cancelled.
    """
    inside = root.resolve()
    seen: set[Path] = set()
    entries = 0
    for place, folders, files in os.walk(root, followlinks=False):
        check()
        folder = Path(place)
        entries += len(folders) + len(files)
        if entries > _MOST_ENTRIES:
            return
        if MANIFEST in files and any(name.endswith(".safetensors") for name in files):
            folders.clear()
            yield folder
            continue
        if len(folder.relative_to(root).parts) >= _DEEPEST:
            folders.clear()
        # The names in `blobs` are digests; the same files have their real names in `snapshots`.
        folders[:] = sorted(name for name in folders if name != "blobs" or not folder.name.startswith("models--"))
        for name in sorted(files):
            path = folder / name
            if path.suffix in SUFFIXES and _is_new(path, inside, seen):
                yield path


def _is_new(path: Path, inside: Path, seen: set[Path]) -> bool:
    try:
        real = path.resolve(strict=True)
        fits = real.is_file() and real.stat().st_size >= _SMALLEST_BYTES and real.is_relative_to(inside)
    except (OSError, RuntimeError):
        return False
    if not fits or real in seen:
        return False
    seen.add(real)
    return path.suffix != ".zip" or is_pack(path) or looks_known(path)


def looks_known(path: Path) -> bool:
    """Return whether a file has the name or about the size of a published one. Raises OSError."""
    size = path.stat().st_size
    for spec in WEIGHTS.values():
        for source in spec.sources:
            if path.name in source.files or size == source.size_bytes:
                return True
        if abs(size / 2**20 - spec.size_mib) <= _ROUGHLY * spec.size_mib:
            return True
    return False


def is_pack(path: Path) -> bool:
    """Return whether a folder or archive is a pack of PlanetView, by its manifest."""
    if path.is_dir():
        return (path / MANIFEST).is_file()
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
