"""Plain Python values out of what an inert pickle reading wrote down."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planetview.engine.pickle_machine import Call, Name, damaged

Octets = bytes | memoryview
# What attributes consist of once they are read: JSON's values.
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_MULTIARRAY: Final = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC: Final = ("numpy.core.numeric", "numpy._core.numeric")
_DICTIONARIES: Final = (("collections", "OrderedDict"), ("dnnlib.util", "EasyDict"))
_RECONSTRUCTORS: Final = (("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor"))
_MOST_DIMENSIONS = 8
_MOST_ELEMENTS = 4096
_DEEPEST = 8
# A text counts as more than one value by its length, or one long text mentioned often would fill any memory.
_CHARACTERS_A_VALUE = 16


class NotPlain(Exception):
    """A value that has no plain form, for instance a tensor or a function; not an error of the file."""


def _pairs(module: str, *functions: str) -> frozenset[tuple[str, str]]:
    """Return the (module, name) pairs of `functions`."""
    return frozenset((module, function) for function in functions)


# The pairs that the functions of this module understand, as numpy 1 and 2 and pickle protocols 0 to 5 write them.
PLAIN_NAMES: Final[frozenset[tuple[str, str]]] = frozenset().union(
    _pairs("collections", "OrderedDict"),
    _pairs("dnnlib.util", "EasyDict"),
    _pairs("numpy", "dtype", "ndarray"),
    *(_pairs(module, "scalar", "_reconstruct") for module in _MULTIARRAY),
    *(_pairs(module, "_frombuffer") for module in _NUMERIC),
    _pairs("_codecs", "encode"),
    *(_pairs(module, "set", "dict") for module in ("builtins", "__builtin__")),
    _RECONSTRUCTORS,
    _pairs("torch", "Size"),
)


def octets_of(value: Any) -> Octets:
    """Return the bytes that `value` stands for; up to protocol 2 they are written as Latin-1 text."""
    if type(value) in (bytes, memoryview):
        return value  # type: ignore[no-any-return]
    if _is_call(value, ("_codecs", "encode")) and len(value.args) == 2:
        text, encoding = value.args
        if type(text) is str and encoding == "latin1":
            try:
                return text.encode("latin-1")
            except UnicodeEncodeError as error:
                raise damaged("bytes are not bytes") from error
    raise damaged("bytes are missing")


def mapping_of(value: Any) -> dict[Any, Any] | None:
    """Return the items of a dictionary of any of the kinds networks hold, or None when it is none."""
    if type(value) is dict:
        return value
    if type(value) is not Call:
        return None
    if value.name.pair in _DICTIONARIES and value.args == ():
        return value.items
    if value.name.pair in _RECONSTRUCTORS and len(value.args) == 3 and type(value.args[2]) is dict:
        return {**value.args[2], **value.items}
    return None


class PlainReader:
    """Turns written-down values into plain ones, within a limit on their number for the whole file.

    A short file can describe values that would fill any memory once they are written out.
    """

    def __init__(self, most_values: int = 200_000) -> None:
        self._left = most_values

    def read(self, value: Any, depth: int = 0) -> Plain:
        """Return `value` in plain form; tuples and arrays become lists.

        Raises NotPlain; UnsafeFile when values are nested too deep or are too many.
        """
        self._left -= 1
        if self._left < 0:
            raise damaged("it describes more values than any network has")
        if depth > _DEEPEST:
            raise damaged("values are nested too deep")
        if type(value) is str:
            self._left -= len(value) // _CHARACTERS_A_VALUE
            return value
        if value is None or type(value) in (bool, int, float):
            return value  # type: ignore[no-any-return]
        if type(value) in (list, tuple):
            return [self.read(item, depth + 1) for item in value]
        if (items := mapping_of(value)) is not None:
            return self._dictionary(items, depth)
        if type(value) is Call:
            return self._call(value, depth)
        raise NotPlain

    def _dictionary(self, items: dict[Any, Any], depth: int) -> Plain:
        if not all(type(key) is str for key in items):
            raise NotPlain
        return {key: self.read(item, depth + 1) for key, item in items.items()}

    def _call(self, value: Call, depth: int) -> Plain:
        module, function = value.name.pair
        if module in _MULTIARRAY and function == "scalar":
            return _scalar(value)
        if (module in _MULTIARRAY and function == "_reconstruct") or module in _NUMERIC:
            array = _array(value)
            self._left -= array.size
            return array.tolist()  # type: ignore[no-any-return]
        if value.name.pair == ("torch", "Size") and len(value.args) == 1:
            return self.read(value.args[0], depth + 1)
        raise NotPlain


def _is_call(value: Any, pair: tuple[str, str]) -> bool:
    return type(value) is Call and value.name.pair == pair


def _scalar(value: Call) -> Plain:
    if len(value.args) != 2:
        raise damaged("a number has no value")
    dtype, octets = _dtype(value.args[0]), octets_of(value.args[1])
    if len(octets) != dtype.itemsize:
        raise damaged("a number has the wrong length")
    return _safely_read(octets, dtype, 1)[0].item()  # type: ignore[no-any-return]


def _dtype(value: Any) -> np.dtype[Any]:
    """Return the data type that `numpy.dtype(code, False, True)` and its state describe; numbers only."""
    if not _is_call(value, ("numpy", "dtype")) or not value.args or type(value.args[0]) is not str:
        raise damaged("an array has no type")
    if not re.fullmatch(r"b1|[iu][1248]|f[248]", value.args[0]):
        raise damaged("an array holds something else than numbers")
    state = value.state if type(value.state) is tuple else ()
    most_first = len(state) > 1 and type(state[1]) is str and state[1] == ">"
    return np.dtype(value.args[0]).newbyteorder(">" if most_first else "<")


def _array(value: Call) -> NDArray[Any]:
    """Return a small array, written as `_reconstruct` with a state or, since protocol 5, as `_frombuffer`."""
    if value.name.name == "_frombuffer":
        if len(value.args) != 4:
            raise damaged("an array has no shape")
        content, written, shape, order = value.args
        columns_first = order == "F"
    else:
        kind = value.args[0] if value.args else None
        if type(kind) is not Name or kind.pair != ("numpy", "ndarray"):
            raise damaged("an array is not an array")
        if type(value.state) is not tuple or len(value.state) != 5:
            raise damaged("an array has no shape")
        _, shape, written, fortran, content = value.state
        columns_first = fortran is True or fortran == 1
    return _shaped(octets_of(content), _dtype(written), shape, columns_first)


def _shaped(octets: Octets, dtype: np.dtype[Any], shape: Any, columns_first: bool) -> NDArray[Any]:
    sides = type(shape) is tuple and len(shape) <= _MOST_DIMENSIONS
    if not sides or not all(type(side) is int and 0 <= side <= _MOST_ELEMENTS for side in shape):
        raise NotPlain
    count = math.prod(shape)
    if count > _MOST_ELEMENTS:
        raise NotPlain
    if len(octets) != count * dtype.itemsize:
        raise damaged("an array is not as long as it says")
    if count == 0:
        return np.empty(0, dtype)
    return _safely_read(octets, dtype, count).reshape(shape, order="F" if columns_first else "C")


def _safely_read(octets: Octets, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    if dtype.kind == "b":
        return np.frombuffer(octets, np.uint8, count).astype(np.bool_)
    return np.frombuffer(octets, dtype, count)
