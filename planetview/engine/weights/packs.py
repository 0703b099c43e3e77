"""Packs: converted weights with a manifest of digests, in a folder or one zip file, to carry to another computer."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import IO, Any, BinaryIO

from planetview.core.catalogue import WEIGHTS
from planetview.core.errors import UserError
from planetview.core.files import write_atomically, write_text_atomically
from planetview.core.models import ImportOutcome
from planetview.engine.weights.converted import (
    FORMAT,
    MANIFEST,
    add_to_manifest,
    header_of,
    manifest_files,
    origin_of,
    stated_origin,
)
from planetview.engine.weights.digests import file_digest, remember
from planetview.engine.weights.places import converted_path

_CHUNK = 1 << 20
_MOST_MANIFEST_BYTES = 1 << 20

Opener = Callable[[str], IO[bytes]]
Check = Callable[[], None]


def write_pack(target: Path, ids: Sequence[str], check: Check) -> list[ImportOutcome]:
    """Write converted weights with their manifest into a folder, or into one file when `target` ends in .zip.

    ids: networks whose converted file is in the weights folder. Raises UserError, OSError, Cancelled.
    """
    entries = {name: (path, entry) for name, path, entry in map(_entry, ids)}
    manifest = _manifest_text({name: entry for name, (_, entry) in entries.items()})
    if target.suffix.lower() == ".zip":

        def write(stream: BinaryIO) -> None:
            # Random numbers do not compress: stored, so that reading a pack is as fast as copying it.
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(MANIFEST, manifest)
                for name, (path, _) in entries.items():
                    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as part:
                        _copy(source, part, check)

        write_atomically(target, write)
    else:
        for name, (path, entry) in entries.items():
            _copy_checked(path.open("rb"), target / name, entry, check)
        write_text_atomically(target / MANIFEST, manifest)
    return [
        ImportOutcome(target if target.suffix.lower() == ".zip" else target / name, entry["weights"], True, "Packed.")
        for name, (_, entry) in entries.items()
    ]


def import_pack(path: Path, *, accept_unknown: bool, check: Check) -> list[ImportOutcome]:
    """Take the converted weights of a pack whose digests fit its manifest; one outcome a file.

    Raises UserError for a pack that cannot be read or a weights folder that cannot be written, Cancelled.
    """
    try:
        with _opened(path) as opener:
            with opener(MANIFEST) as stream:
                files = manifest_files(stream.read(_MOST_MANIFEST_BYTES))
            return [_import_one(path, opener, name, entry, accept_unknown, check) for name, entry in files.items()]
    except (zipfile.BadZipFile, NotImplementedError, KeyError, OSError) as error:
        raise UserError(
            f"The pack '{path}' cannot be read: {error}.", "Copy it again from where it was made."
        ) from error


def _import_one(
    pack: Path, opener: Opener, name: str, entry: dict[str, Any], accept_unknown: bool, check: Check
) -> ImportOutcome:
    shown = pack / name
    weights_id = name.removesuffix(".safetensors")
    if weights_id not in WEIGHTS:
        return ImportOutcome(shown, None, False, "This version of PlanetView does not know these weights.")
    try:
        with opener(name) as stream:
            origin = stated_origin(header_of(stream, int(entry.get("size", 0))))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ImportOutcome(shown, weights_id, False, "It is missing in the pack, or damaged.")
    if origin is None or origin.weights != weights_id:
        return ImportOutcome(shown, weights_id, False, "It is not a file that PlanetView converted.")
    if origin.trust == "accepted" and not accept_unknown:
        hint = f"If you trust where the pack came from: planetview models import --accept-unknown {quote(str(pack))}"
        return ImportOutcome(shown, weights_id, False, "It was packed without a published digest: unknown file.", hint)
    target = converted_path(weights_id)
    try:
        _copy_checked(opener(name), target, entry, check)
    except _WrongDigest:
        return ImportOutcome(shown, weights_id, False, "Its SHA-256 is not the one in the pack's manifest: damaged.",
                             "Copy the pack again from where it was made.")  # fmt: skip
    add_to_manifest(target.parent, target.name, str(entry["sha256"]), origin)
    remember(target, str(entry["sha256"]))
    return ImportOutcome(shown, weights_id, True, f"{WEIGHTS[weights_id].title}, digest as in the pack.")


class _WrongDigest(Exception):
    """What was copied is not what the manifest lists."""


def _entry(weights_id: str) -> tuple[str, Path, dict[str, Any]]:
    path = converted_path(weights_id)
    origin = origin_of(path)
    assert origin is not None
    entry = {"sha256": file_digest(path), "size": path.stat().st_size, **asdict(origin)}
    return path.name, path, entry


def _manifest_text(files: dict[str, dict[str, Any]]) -> str:
    return json.dumps({"format": FORMAT, "files": files}, indent=1) + "\n"


@contextmanager
def _opened(path: Path) -> Iterator[Opener]:
    """Give a way to open the files of a pack by name; names that lead out of it are not found."""
    if path.is_dir():

        def from_folder(name: str) -> IO[bytes]:
            if "/" in name or "\\" in name or (path / name).is_symlink():
                raise KeyError(name)
            return (path / name).open("rb")

        yield from_folder
        return
    with zipfile.ZipFile(path) as archive:
        yield archive.open


def _copy_checked(source: IO[bytes], target: Path, entry: dict[str, Any], check: Check) -> None:
    """Copy a stream into a file that appears only when it is what the manifest lists.

    Raises _WrongDigest, UserError, Cancelled.
    """

    def write(stream: BinaryIO) -> None:
        with source:
            if _copy(source, stream, check, int(entry["size"])) != entry["sha256"]:
                raise _WrongDigest

    write_atomically(target, write)


def _copy(source: IO[bytes], target: IO[bytes], check: Check, most: int | None = None) -> str:
    """Copy and return the SHA-256; stops soon after `most` bytes, since a small archive can unfold without end."""
    state = hashlib.sha256()
    copied = 0
    while (most is None or copied <= most) and (block := source.read(_CHUNK)):
        check()
        copied += len(block)
        state.update(block)
        target.write(block)
    return state.hexdigest()
