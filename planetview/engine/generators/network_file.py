"""Opens the `.pkl` files that StyleGAN training writes, without running anything they contain."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planetview.core.errors import UserError
from planetview.engine.generators.modules import Module
from planetview.engine.generators.network_tree import NETWORK_NAMES, TreeReader
from planetview.engine.generators.other_formats import (
    averaged_generator,
    is_tensorflow_name,
    refuse_other_bytes,
    tensorflow_era,
    unknown_class,
)
from planetview.engine.pickle_machine import UnsafeFile, damaged, never_cancelled, run_pickle

MOST_BYTES: Final = 2 * 2**30
_HEAD_BYTES = 2**20
_HASH_CHUNK = 2**24
_CLASS: Final = "Generator"

# SHA-256 of the source text (`source_digest`) of the published files; each was published in one version only.
STOCK_SOURCES: Final = {
    "53b4e1ec457171d4e2c1454d48013765ab626141c35cdd383b020950effe11a5": "stock StyleGAN2-ADA",
    "b6f14e8fa2a95de4d38218fef31380c6a70de770f585107e209ff83075c307ef": "stock StyleGAN2 of the StyleGAN3 repository",
    "06082fb3e8929e477f58fb8bc78e7ecb9a9209eb01444272d1d153c85a6a89f7": "stock StyleGAN3",
}
UNKNOWN_SOURCE: Final = "unknown"
UNKNOWN_WARNING: Final = (
    "This network was trained with source code PlanetView does not know. Its settings and weights are read; "
    "a changed calculation cannot be seen in the file, and pictures may differ from the author's."
)


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFile:
    """What a network file holds.

    sha256: of the whole file. source: one of `STOCK_SOURCES`' names, or `UNKNOWN_SOURCE`.
    source_digests: SHA-256 of every distinct source text in it. warnings: sentences for the user.
    generator: the averaged generator `G_ema`.
    """

    path: Path
    sha256: str
    bytes: int
    source: str
    source_digests: tuple[str, ...]
    warnings: tuple[str, ...]
    generator: Module


def read_network_file(path: Path, check: Callable[[], None] = never_cancelled) -> NetworkFile:
    """Read the averaged generator of a StyleGAN2 or StyleGAN3 network pickle.

    check: called often; what it raises ends the reading. Takes memory of about twice the file.
    Raises UnsafeFile for files that want code to run or are damaged, UserError for other files. Hostile files
    are better read by `read_isolated`, which also bounds time and memory.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > MOST_BYTES:
                raise UserError(f"The file is larger than {MOST_BYTES / 2**30:.0f} GiB; no network is.")
            if size == 0:
                refuse_other_bytes(b"")
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {(error.strerror or str(error)).lower()}.") from error
    refuse_other_bytes(data[:_HEAD_BYTES])
    generator, digests = read_network(data, check)
    source, warnings = _source_of(digests)
    return NetworkFile(path, _digest(data, check), size, source, digests, warnings, generator)


def read_network(
    data: bytes | mmap.mmap, check: Callable[[], None] = never_cancelled
) -> tuple[Module, tuple[str, ...]]:
    """Return the averaged generator in the bytes of a network pickle, and the digests of its sources.

    Raises UnsafeFile, or UserError when it is a pickle of something else.
    """
    try:
        top, end = run_pickle(data, NETWORK_NAMES, check=check)
        generator_call = averaged_generator(top)
        if end != len(data):
            raise damaged("something follows its end")
        tree = TreeReader(len(data), check)
        generator = tree.read(generator_call)
    except UnsafeFile as refusal:
        if is_tensorflow_name(refusal.name):
            raise tensorflow_era() from None
        raise
    except MemoryError as error:
        raise UnsafeFile("The file asks for more memory than its size explains; it was not read further.") from error
    if generator.kind != _CLASS:
        raise unknown_class(generator.kind)
    return generator, tree.source_digests


def _source_of(digests: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the name of the source and the warnings that go with it."""
    source = STOCK_SOURCES.get(digests[0], UNKNOWN_SOURCE) if len(digests) == 1 else UNKNOWN_SOURCE
    return source, () if source != UNKNOWN_SOURCE else (UNKNOWN_WARNING,)


def _digest(data: mmap.mmap, check: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with memoryview(data) as view:
        for begin in range(0, len(view), _HASH_CHUNK):
            check()
            digest.update(view[begin : begin + _HASH_CHUNK])
    return digest.hexdigest()
