"""Tensors out of TorchScript archives, such as OpenAI's CLIP: the list of tensors is read as data, no code runs.

An archive holds its tensors as raw bytes (`data/0`, `data/1` ...), a pickle that says which module owns which
(`data.pkl`), and code. The code is never opened; the pickle goes through the inert machine, which calls nothing.
"""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planetview.engine.pickle_machine import Call, Limits, Name, damaged, run_pickle

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_LIMITS: Final = Limits(operations=2_000_000, stack=100_000, marks=200, memo=500_000)
_MOST_TENSORS = 20_000
_MOST_VISITS = 200_000
_DEEPEST = 64
_MOST_AXES = 16
_DTYPES: Final = {
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "DoubleStorage": "float64",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_TENSOR: Final = ("torch._utils", "_rebuild_tensor_v2")
_LISTS: Final = ("intlist", "floatlist", "doublelist", "boollist", "tensorlist")


class _Mentionable(frozenset[tuple[str, str]]):
    """The names such an archive may mention: torch's own few, and the classes of its modules."""

    def __contains__(self, pair: object) -> bool:
        return super().__contains__(pair) or (isinstance(pair, tuple) and f"{pair[0]}.".startswith("__torch__."))


_ALLOWED: Final = _Mentionable(
    {
        _TENSOR,
        ("collections", "OrderedDict"),
        ("torch.jit._pickle", "restore_type_tag"),
        *(("torch.jit._pickle", f"build_{kind}") for kind in _LISTS),
        *(("torch", name) for name in _DTYPES),
    }
)


class _Storage:
    """The raw numbers of a tensor: where they lie, of which kind, how many."""

    __slots__ = ("count", "dtype", "key")

    def __init__(self, identity: Any) -> None:
        match identity:
            case ("storage", Name(module="torch", name=kind), str(key), str(), int(count)) if (
                kind in _DTYPES and re.fullmatch(r"[0-9A-Za-z_]{1,40}", key) and count >= 0
            ):
                self.dtype, self.key, self.count = _DTYPES[kind], key, count
            case _:
                raise damaged("a tensor does not say where its numbers are")


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a TorchScript archive, named by their modules ("visual.conv1.weight"), as stored.

    Raises UserError for an archive that is damaged or holds what no such archive needs, BadZipFile, OSError.
    """
    with zipfile.ZipFile(path) as archive:
        roots = [name for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name)]
        if len(roots) != 1:
            raise damaged("it has no single list of tensors")
        root = roots[0].removesuffix("data.pkl")
        if f"{root}byteorder" in archive.namelist() and archive.read(f"{root}byteorder") != b"little":
            raise damaged("its numbers are in the byte order of another machine")
        module, _ = run_pickle(archive.read(roots[0]), _ALLOWED, persistent=_Storage, limits=_LIMITS)
        reader = _Tensors(archive, root)
        reader.visit("", module, 0)
    return reader.found


class _Tensors:
    """Goes through the modules and rebuilds what is a tensor."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        self.found: dict[str, Tensor] = {}
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}
        self._visits = 0

    def visit(self, name: str, value: Any, depth: int) -> None:
        """Collect the tensors below `value`; a module shared by several has each of its names."""
        if type(value) is not Call:
            return
        self._visits += 1
        if depth > _DEEPEST or self._visits > _MOST_VISITS or len(self.found) > _MOST_TENSORS:
            raise damaged("its modules are nested without end")
        if value.name.pair == _TENSOR:
            self.found[name] = self._tensor(value.args)
        elif type(value.state) is dict:
            for part, inner in value.state.items():
                self.visit(f"{name}.{part}" if name else str(part), inner, depth + 1)

    def _tensor(self, args: tuple[Any, ...]) -> Tensor:
        if len(args) < 4 or type(args[0]) is not _Storage:
            raise damaged("a tensor has no numbers")
        storage, offset, shape, strides = args[:4]
        _check_extent(storage, offset, shape, strides)
        return self._numbers(storage).as_strided(shape, strides, offset)

    def _numbers(self, storage: _Storage) -> Tensor:
        import torch

        known = self._storages.get(storage.key)
        dtype: torch.dtype = getattr(torch, storage.dtype)
        if known is None:
            try:
                data = bytearray(self._archive.read(f"{self._root}data/{storage.key}"))
            except KeyError:
                raise damaged("numbers are missing") from None
            if len(data) != storage.count * dtype.itemsize:
                raise damaged("a tensor is not as long as it says")
            known = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
            self._storages[storage.key] = known
        elif known.dtype is not dtype or known.numel() != storage.count:
            raise damaged("two tensors disagree about their numbers")
        return known


def _check_extent(storage: _Storage, offset: Any, shape: Any, strides: Any) -> None:
    """Refuse a tensor that would reach outside its numbers, or repeat them."""
    if type(shape) is not tuple or type(strides) is not tuple or len(shape) != len(strides) or len(shape) > _MOST_AXES:
        raise damaged("a tensor has no shape")
    if any(type(number) is not int or not 0 <= number < 1 << 62 for number in (offset, *shape, *strides)):
        raise damaged("a tensor has an impossible shape")
    reach = (
        1 + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True)) if 0 not in shape else 0
    )
    if offset + reach > storage.count or math.prod(shape) > storage.count:
        raise damaged("a tensor reaches beyond its numbers")
