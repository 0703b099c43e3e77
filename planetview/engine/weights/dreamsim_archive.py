"""The members of a DreamSim archive, read within limits and without executing or unpacking anything."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from planetview.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# The largest published member is DINO's training checkpoint with its optimiser, about 1.7 GB.
_MOST_BYTES = 4 << 30
_MOST_ADAPTER_BYTES = 256 << 20
_MOST_CONFIG_BYTES = 1 << 20


class Archive:
    """Members of an open archive, found by the end of their path; every method raises UserError in words."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def has(self, member: str) -> bool:
        """Return whether the archive has `member` in whatever folder."""
        return bool(self._named(member))

    def json(self, member: str) -> dict[str, Any]:
        """Return a member's JSON object."""
        try:
            found = json.loads(self._bytes(member, _MOST_CONFIG_BYTES))
        except ValueError as error:
            raise UserError(f"{member} cannot be read.") from error
        if not isinstance(found, dict):
            raise UserError(f"{member} cannot be read.")
        return found

    def torch(self, member: str) -> Mapping[str, Any]:
        """Return what `torch.save` wrote into a member: plain tensors and containers alone are read."""
        with tempfile.TemporaryFile() as stream:
            with self._archive.open(self._found(member, _MOST_BYTES)) as packed:
                shutil.copyfileobj(packed, stream, 1 << 20)
            return _torch_load(stream, member)

    def adapter(self, folder: str) -> Mapping[str, Tensor]:
        """Return the tensors of an adaptation saved by peft, in either of its formats."""
        safe = f"{folder}/adapter_model.safetensors"
        if not self.has(safe):
            return self.torch(f"{folder}/adapter_model.bin")
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            tensors: dict[str, Tensor] = load(self._bytes(safe, _MOST_ADAPTER_BYTES))
        except SafetensorError as error:
            raise UserError(f"{safe} cannot be read.") from error
        return tensors

    def _bytes(self, member: str, most: int) -> bytes:
        return self._archive.read(self._found(member, most))

    def _found(self, member: str, most: int) -> zipfile.ZipInfo:
        entries = self._named(member)
        if not entries:
            raise UserError(f"The archive has no {member}.", "Fetch the published archive again.")
        if len(entries) > 1:
            raise UserError(f"The archive has {member} more than once.")
        if entries[0].file_size > most:
            raise UserError(f"{member} is larger than any published one.")
        if entries[0].flag_bits & 1:
            raise UserError(f"{member} is encrypted.")
        return entries[0]

    def _named(self, member: str) -> list[zipfile.ZipInfo]:
        return [
            entry
            for entry in self._archive.infolist()
            if f"/{entry.filename}".endswith(f"/{member}") and not entry.filename.startswith("__MACOSX/")
        ]


def _torch_load(stream: IO[bytes], member: str) -> Mapping[str, Any]:
    import torch

    size = stream.tell()
    try:
        stream.seek(0)
        if zipfile.is_zipfile(stream):
            with zipfile.ZipFile(stream) as inner:
                declared = sum(entry.file_size for entry in inner.infolist())
            # PyTorch stores tensors uncompressed.
            if declared > 2 * size:
                raise UserError(f"{member} was not written by PyTorch.")
        stream.seek(0)
        found = torch.load(stream, weights_only=True, map_location="cpu")
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{member} is damaged, or holds more than tensors.") from error
    if not isinstance(found, Mapping):
        raise UserError(f"{member} holds no tensors by name.")
    return found
