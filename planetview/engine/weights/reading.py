"""Tensors out of published files, without executing anything that a file says."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planetview.core.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

_MOST_BYTES = 16 << 30
_MOST_ENTRIES = 20_000
_MOST_PICKLE_BYTES = 64 << 20
_WRAPPERS = ("state_dict", "model", "module")


class UnreadableFile(Exception):
    """A file that no tensors can be taken from. reason: why, for the end of a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(path: Path) -> str | None:
    """Return "torch", "torchscript", "safetensors", "zip" or None, by content. Raises OSError."""
    with path.open("rb") as stream:
        start = stream.read(9)
    if start.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = {name.rpartition("/")[2] for name in archive.namelist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError):
            return None
        if "data.pkl" not in names:
            return "zip"
        return "torchscript" if "constants.pkl" in names else "torch"
    if start[:2] in {b"\x80\x02", b"\x80\x03", b"\x80\x04"}:
        return "torch"
    return "safetensors" if start[8:9] == b"{" else None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file by name, on the CPU, as they are stored.

    Raises UnreadableFile with the reason in words, OSError.
    """
    kind = kind_of(path)
    if kind is None:
        raise UnreadableFile("it is neither a PyTorch file nor safetensors")
    try:
        tensors = _READERS[kind](path)
    except (UnreadableFile, OSError):
        raise
    except UserError as error:
        raise UnreadableFile(error.message.rstrip(".")) from error
    # A hostile or damaged file may fail anywhere in a reader.
    except Exception as error:
        raise UnreadableFile(f"it is damaged, or holds more than tensors ({type(error).__name__})") from error
    return _checked(tensors)


def _read_torch(path: Path) -> Mapping[str, Any]:
    import torch

    if zipfile.is_zipfile(path):
        check_archive(path)
    with warnings.catch_warnings():
        # Of old formats and sparse tensors: nothing the user could do about them.
        warnings.simplefilter("ignore")
        found = torch.load(path, weights_only=True, map_location="cpu")
    for wrapper in _WRAPPERS:
        if isinstance(found, Mapping) and isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    if not isinstance(found, Mapping):
        raise UnreadableFile("it does not hold tensors by name")
    return found


def check_archive(path: Path) -> None:
    """Refuse an archive that would need more memory than a file of tensors of its size. Raises UnreadableFile."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    declared = sum(entry.file_size for entry in entries)
    # PyTorch stores tensors uncompressed, so an honest archive holds no more than its own size.
    if len(entries) > _MOST_ENTRIES or declared > min(_MOST_BYTES, 2 * path.stat().st_size):
        raise UnreadableFile("its parts are larger than the file: it was not written by PyTorch")
    if any(entry.filename.endswith(".pkl") and entry.file_size > _MOST_PICKLE_BYTES for entry in entries):
        raise UnreadableFile("its list of tensors is too long")


def _read_safetensors(path: Path) -> Mapping[str, Any]:
    from safetensors.torch import load_file

    tensors: dict[str, Any] = load_file(path)
    return tensors


def _read_torchscript(path: Path) -> Mapping[str, Any]:
    from planetview.engine.weights.torchscript import read_torchscript

    check_archive(path)
    return read_torchscript(path)


def _read_zip(path: Path) -> Mapping[str, Any]:
    from planetview.engine.weights.dreamsim_import import read_dreamsim_zip

    return read_dreamsim_zip(path)


_READERS = {
    "torch": _read_torch,
    "safetensors": _read_safetensors,
    "torchscript": _read_torchscript,
    "zip": _read_zip,
}


def _checked(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    import torch

    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if not isinstance(value, torch.Tensor):
            continue
        if value.layout is not torch.strided or value.is_quantized or value.device.type != "cpu":
            raise UnreadableFile("it holds sparse, quantised or empty tensors")
        # A tensor that repeats a few bytes as a thousand gigabytes would be written out in full.
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise UnreadableFile("a tensor claims more values than the file holds")
        found[str(name)] = value.detach()
    if not found:
        raise UnreadableFile("it holds no tensors")
    prefix = "module."
    if all(name.startswith(prefix) for name in found):
        found = {name.removeprefix(prefix): value for name, value in found.items()}
    return found
