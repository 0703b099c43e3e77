"""The one format weights are kept in: safetensors with a note of where they came from.

Written here rather than by the library so that gigabytes go to the disk tensor by tensor, with the digest of the
file computed on the way. Equal tensors and notes give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from planetview.core.files import write_atomically, write_text_atomically

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "planetview-weights-1"
MANIFEST = "manifest.json"
_MOST_HEADER_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Origin:
    """Where converted weights came from.

    source_name, source_sha256: the published file. trust: "digest" or "prefix" (checked against the published
    digest or its beginning), "address" (fetched from the official address, which publishes no digest), "accepted" (by
    the user).
    """

    weights: str
    source_name: str
    source_sha256: str
    trust: str

    @property
    def note(self) -> str:
        """What to know about it; "" for a verified published file."""
        if self.trust in {"digest", "prefix"}:
            return ""
        how = {"address": "fetched from its official address, which publishes no digest"}.get(
            self.trust, "accepted by the user without a published digest"
        )
        return f"Weights {self.weights}: {self.source_name} was {how} (SHA-256 {self.source_sha256[:12]}…)."


def write_converted(
    path: Path, tensors: Mapping[str, Tensor], origin: Origin, check: Callable[[], None] = lambda: None
) -> str:
    """Write the tensors as safetensors, atomically; return the SHA-256 of the file.

    check: called between tensors, to cancel. Raises UserError (full disk), Cancelled.
    """
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, **asdict(origin)}}
    offset = 0
    for name, tensor in ordered:
        end = offset + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": _dtype_name(tensor), "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    state = hashlib.sha256()

    def write(stream: BinaryIO) -> None:
        for part in (struct.pack("<Q", len(text)), text):
            state.update(part)
            stream.write(part)
        for _, tensor in ordered:
            check()
            data = _bytes_of(tensor)
            state.update(data)
            stream.write(data)

    write_atomically(path, write)
    return state.hexdigest()


def read_header(path: Path) -> dict[str, Any] | None:
    """Return the header of a safetensors file whose parts fit its size, else None. Raises OSError."""
    with path.open("rb") as stream:
        return header_of(stream, path.stat().st_size)


def header_of(stream: IO[bytes], size: int) -> dict[str, Any] | None:
    """Return the header of a safetensors file of `size` bytes that `stream` begins, else None. Raises OSError."""
    start = stream.read(8)
    if len(start) < 8:
        return None
    length: int = struct.unpack("<Q", start)[0]
    if not 2 <= length <= min(_MOST_HEADER_BYTES, size - 8):
        return None
    try:
        header = json.loads(stream.read(length))
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict):
        return None
    try:
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return header if ends and max(ends) + 8 + length == size else None
    except (TypeError, KeyError, IndexError):
        return None


def origin_of(path: Path) -> Origin | None:
    """Return the origin a converted file states, or None for a file of another making. Raises OSError."""
    return stated_origin(read_header(path))


def stated_origin(header: Mapping[str, Any] | None) -> Origin | None:
    """Return the origin that the header of a converted file states, or None."""
    metadata = header.get("__metadata__") if header else None
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        return None
    try:
        return Origin(*(str(metadata[name]) for name in ("weights", "source_name", "source_sha256", "trust")))
    except KeyError:
        return None


def manifest_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the manifest of a folder says of each converted file, by file name; {} without one."""
    try:
        return manifest_files((folder / MANIFEST).read_bytes())
    except OSError:
        return {}


def manifest_files(content: bytes) -> dict[str, dict[str, Any]]:
    """Return what a manifest says of each file, by name; {} for one that is not of this format."""
    try:
        document = json.loads(content)
        files = document["files"] if document["format"] == FORMAT else {}
        return {str(name): dict(entry) for name, entry in files.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def add_to_manifest(folder: Path, name: str, digest: str, origin: Origin) -> None:
    """Record the SHA-256 of a converted file in the manifest of its folder. Raises UserError."""
    files = manifest_of(folder)
    files[name] = {"sha256": digest, "size": (folder / name).stat().st_size, **asdict(origin)}
    document = {"format": FORMAT, "files": dict(sorted(files.items()))}
    write_text_atomically(folder / MANIFEST, json.dumps(document, indent=1) + "\n")


def _dtype_name(tensor: Tensor) -> str:
    import torch

    names = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
             torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
             torch.bool: "BOOL"}  # fmt: skip
    return names[tensor.dtype]


def _bytes_of(tensor: Tensor) -> memoryview:
    import torch

    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data
