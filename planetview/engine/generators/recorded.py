"""Typed reading of what a network file says about itself, and the taking over of its tensors."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from planetview.core.errors import UserError
from planetview.engine.generators.modules import Module
from planetview.engine.generators.plain_values import Plain

# Files are strangers: no setting may ask for a network that no computer holds.
LARGEST: Final = 16_384
_DIFFERENCES_TOLD = 4
_EXPORT: Final = "Export the generator to ONNX (Help > Export a generator) and open that file."


class Recorded:
    """One module's settings and tensor shapes, checked as they are read.

    path: the module's full name, for messages. All methods raise UserError for what is missing or impossible.
    """

    def __init__(self, module: Module, path: str = "") -> None:
        self.module = module
        self.path = path

    def child(self, name: str) -> Recorded:
        """Return the part called `name`."""
        path = f"{self.path}.{name}" if self.path else name
        if name not in self.module.children:
            raise unusable(f"it has no part '{path}'")
        return Recorded(self.module.children[name], path)

    def has_child(self, name: str) -> bool:
        """Return whether there is a part called `name`."""
        return name in self.module.children

    def has_tensor(self, name: str) -> bool:
        """Return whether there is a tensor called `name`."""
        return name in self.module.tensors

    def integer(self, name: str, least: int, most: int = LARGEST) -> int:
        """Return a whole number from `least` to `most`."""
        value = self._value(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int or not least <= value <= most:
            raise self._impossible(name, value)
        return value

    def number(self, name: str) -> float:
        """Return a finite number."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._impossible(name, value)
        return float(value)

    def number_or_none(self, name: str) -> float | None:
        """Return a finite number, or None where that is recorded."""
        return None if self._value(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """Return True or False."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self._impossible(name, value)
        return value

    def text(self, name: str, known: Collection[str]) -> str:
        """Return one of the words `known`."""
        value = self._value(name)
        if not isinstance(value, str) or value not in known:
            raise self._impossible(name, value)
        return value

    def integers(self, name: str, count: int | None, least: int = -LARGEST) -> list[int]:
        """Return a list of `count` whole numbers (None: any count) of at least `least`."""
        value = self._value(name)
        if isinstance(value, list) and (count is None or len(value) == count):
            numbers = [item for item in value if type(item) is int and least <= item <= LARGEST]
            if len(numbers) == len(value):
                return numbers
        raise self._impossible(name, value)

    def texts(self, name: str) -> list[str]:
        """Return a list of words, each once."""
        value = self._value(name)
        if isinstance(value, list):
            words = [item for item in value if isinstance(item, str)]
            if words and len(set(words)) == len(value):
                return words
        raise self._impossible(name, value)

    def shape(self, name: str, dimensions: int) -> tuple[int, ...]:
        """Return the shape of the tensor `name`, which has so many dimensions."""
        tensors = self.module.tensors
        if name not in tensors:
            raise unusable(f"it has no tensor '{self._full(name)}'")
        shape = tensors[name].shape
        if len(shape) != dimensions or 0 in shape:
            raise unusable(f"its tensor '{self._full(name)}' has the impossible shape {_shape_text(shape)}")
        return shape

    def _full(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _value(self, name: str) -> Plain:
        if name not in self.module.attributes:
            raise unusable(f"its setting '{self._full(name)}' is not recorded")
        return self.module.attributes[name]

    def _impossible(self, name: str, value: Plain) -> UserError:
        return unusable(f"its setting '{self._full(name)}' is {str(value)[:40]!r}, which is not possible")


def take_tensors(network: nn.Module, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Give a network that was built on the meta device its tensors, which are copied.

    Raises UserError that lists the first differences unless names and shapes are exactly those of the network.
    """
    expected = network.state_dict()
    differences = [f"'{name}' is missing" for name in expected if name not in tensors]
    differences += [f"'{name}' is not known" for name in tensors if name not in expected]
    for name, tensor in expected.items():
        if name in tensors and (tuple(tensor.shape) != tensors[name].shape or tensors[name].dtype.kind != "f"):
            found = f"{tensors[name].dtype} {_shape_text(tensors[name].shape)}"
            differences.append(f"'{name}' is {found} and should be float32 {_shape_text(tuple(tensor.shape))}")
    if differences:
        more = len(differences) - _DIFFERENCES_TOLD
        told = "; ".join(differences[:_DIFFERENCES_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise unusable(f"its tensors are not those of this kind of network: {told}")
    owned = {name: torch.from_numpy(np.array(tensors[name], dtype=np.float32, order="C")) for name in expected}
    network.load_state_dict(owned, strict=True, assign=True)


def unusable(reason: str) -> UserError:
    """Return the refusal of a network whose description does not fit; reason: a clause."""
    return UserError(f"This network cannot be built: {reason}.", _EXPORT)


def _shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"
