"""Tensors as torch writes them into a pickle, read without torch.

A storage is torch's older file format: five pickles (a mark, a version, facts about the machine, the storage's
type and length, the list of its keys), then the number of elements as int64, then the elements.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from planetview.engine.pickle_machine import Limits, Name, damaged, run_pickle

_MARK, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_TYPES: Final = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|u1",
}
_ALLOWED: Final = frozenset(("torch", name) for name in _TYPES)
_LIMITS: Final = Limits(operations=1_000, stack=100, marks=10, memo=100)
# Written by torch the five pickles take 240 bytes.
_HEAD_BYTES = 4096
_MOST_DIMENSIONS = 8
# Sizes of tensors without elements are not bounded by a storage; numpy counts their other sides in 64 bits.
_MOST_EMPTY = 2**31


@dataclass(frozen=True, slots=True)
class _Described:
    """What a storage says about itself before its elements."""

    type_name: str
    key: str
    count: int


def is_torch_mark(value: Any) -> bool:
    """Return whether `value`, the first pickle of a file, is the mark of torch's older format."""
    return type(value) is int and value == _MARK


def read_storage(data: bytes | memoryview) -> NDArray[Any]:
    """Return the elements of a storage: one-dimensional, read-only, sharing memory with `data`.

    float32, float64, float16, signed integers, uint8 or bool. Raises UnsafeFile for anything else.
    """
    head = bytes(data[:_HEAD_BYTES])
    if head[:2] == b"PK":
        raise damaged("a tensor holds a zip archive")
    position, values = 0, []
    for _ in range(5):
        value, position = run_pickle(head, _ALLOWED, start=position, persistent=_describe, limits=_LIMITS)
        values.append(value)
    mark, version, machine, described, keys = values
    if not (is_torch_mark(mark) and type(version) is int and version == _VERSION):
        raise damaged("a tensor is not in torch's format")
    if type(machine) is not dict or machine.get("little_endian") is not True:
        raise damaged("a tensor was not written with the least byte first")
    if type(described) is not _Described or keys != [described.key]:
        raise damaged("a tensor does not say what it holds")
    return _elements(data, position, described)


def _describe(identity: Any) -> _Described:
    """Check the persistent id of a storage."""
    if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
        raise damaged("a tensor refers to something that is no storage")
    _, kind, key, location, count, *views = identity
    if type(kind) is not Name or type(key) is not str or type(location) is not str or views not in ([], [None]):
        raise damaged("a tensor refers to something that is no storage")
    if type(count) is not int or count < 0:
        raise damaged("a tensor has an impossible length")
    return _Described(kind.name, key, count)


def _elements(data: bytes | memoryview, position: int, described: _Described) -> NDArray[Any]:
    dtype = np.dtype(_TYPES[described.type_name])
    count = int.from_bytes(data[position : position + 8], "little", signed=True)
    rest = len(data) - position - 8
    if count != described.count or rest != count * dtype.itemsize:
        raise damaged("a tensor is not as long as it says")
    if count == 0:
        return np.empty(0, dtype)
    elements: NDArray[Any] = np.frombuffer(data, dtype, count, position + 8)
    elements.flags.writeable = False
    return elements != 0 if described.type_name == "BoolStorage" else elements


def tensor_of(storage: NDArray[Any], offset: Any, size: Any, stride: Any, room: int) -> NDArray[Any]:
    """Return a copy of the tensor that lies in `storage`: C order; floats become float32.

    offset, size and stride count elements, as torch counts. room: bytes the copy may take.
    Raises UnsafeFile when they reach outside the storage or ask for more elements than it has.
    """
    if not (_is_count(offset) and _are_counts(size) and _are_counts(stride) and len(size) == len(stride)):
        raise damaged("a tensor has an impossible shape")
    dtype = np.dtype(np.float32) if storage.dtype.kind == "f" else storage.dtype.newbyteorder("=")
    elements = math.prod(size)
    if elements == 0:
        if math.prod(side for side in size if side) > _MOST_EMPTY:
            raise damaged("a tensor has an impossible shape")
        return np.empty(size, dtype)
    # A side of one never steps, and torch leaves any number there.
    steps = [step if side > 1 else 0 for side, step in zip(size, stride, strict=True)]
    last = offset + sum((side - 1) * step for side, step in zip(size, steps, strict=True))
    if elements > storage.size or last >= storage.size:
        raise damaged("a tensor reaches outside its data")
    if elements * dtype.itemsize > room:
        raise damaged("its tensors take far more memory than the file has bytes")
    view = as_strided(storage[offset:], size, [step * storage.itemsize for step in steps], writeable=False)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(view, dtype, order="C", copy=True)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are_counts(values: Any) -> bool:
    return type(values) is tuple and len(values) <= _MOST_DIMENSIONS and all(map(_is_count, values))
