"""Arrays as bytes: a header in JSON, then raw numbers. Reading a frame runs nothing and trusts nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_DTYPES: Final = ("float32", "float64", "float16", "uint8", "int8", "int16", "int32", "int64", "bool")
_MOST_DIMENSIONS = 8
_MOST_ARRAYS = 16


def pack(header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> bytes:
    """Return a frame. header: JSON values. Raises ValueError for arrays of other types than numbers."""
    for array in arrays:
        if str(array.dtype) not in _DTYPES:
            raise ValueError(f"arrays of {array.dtype} cannot be sent")
    text = json.dumps({"header": header, "arrays": [[str(a.dtype), list(a.shape)] for a in arrays]}).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *(np.ascontiguousarray(a).tobytes() for a in arrays)])


def unpack(frame: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return the header and the arrays of a frame, which are read-only. Raises ValueError unless all of it fits."""
    begin = 4 + int.from_bytes(frame[:4], "little")
    if len(frame) < begin:
        raise ValueError("the frame is cut off")
    told = json.loads(frame[4:begin])
    if not isinstance(told, dict) or not isinstance(told.get("header"), dict):
        raise ValueError("the frame has no header")
    arrays: list[NDArray[Any]] = []
    listed = told.get("arrays")
    if not isinstance(listed, list) or len(listed) > _MOST_ARRAYS:
        raise ValueError("the frame's arrays are not listed")
    for entry in listed:
        dtype, shape = _kind(entry)
        count = math.prod(shape)
        if begin + count * dtype.itemsize > len(frame):
            raise ValueError("the frame is cut off")
        arrays.append(np.frombuffer(frame, dtype, count, begin).reshape(shape))
        begin += count * dtype.itemsize
    if begin != len(frame):
        raise ValueError("something follows the frame")
    return told["header"], arrays


def _kind(entry: object) -> tuple[np.dtype[Any], tuple[int, ...]]:
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in _DTYPES:
        raise ValueError("an array is of an unknown type")
    shape = entry[1]
    if not isinstance(shape, list) or len(shape) > _MOST_DIMENSIONS:
        raise ValueError("an array has no shape")
    if not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("an array has an impossible shape")
    return np.dtype(entry[0]), tuple(shape)
