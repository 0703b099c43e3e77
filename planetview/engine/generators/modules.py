"""A network as a file describes it: modules with their settings and tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from planetview.engine.generators.plain_values import Plain


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One layer of a network, or a whole network.

    name: the name its parent gives it, empty at the root. kind: the name of its class.
    attributes: its settings, plain values only, in the order of the file.
    parameters, buffers: C-contiguous arrays; floats are float32, others as in the file.
    """

    name: str
    kind: str
    attributes: Mapping[str, Plain]
    parameters: Mapping[str, NDArray[Any]]
    buffers: Mapping[str, NDArray[Any]]
    children: Mapping[str, Module]

    @property
    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return parameters and buffers of this module alone, by name."""
        return {**self.parameters, **self.buffers}

    def walk(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (path, module) for this module and all below it; the own path is `path`."""
        yield path, self
        for name, child in self.children.items():
            yield from child.walk(f"{path}.{name}" if path else name)

    def flatten(self) -> dict[str, NDArray[Any]]:
        """Return all tensors by their full names, for instance `synthesis.b8.conv0.weight`."""
        return {
            f"{path}.{name}" if path else name: tensor
            for path, module in self.walk()
            for name, tensor in module.tensors.items()
        }

    def describe(self) -> dict[str, dict[str, Plain]]:
        """Return path -> {"class_name": kind, attribute: value ...}; the root's path is "."."""
        return {path or ".": {"class_name": module.kind, **module.attributes} for path, module in self.walk()}
