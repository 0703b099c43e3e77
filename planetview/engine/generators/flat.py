"""The tree of modules out of flat names, the inverse of `Module.flatten` and `Module.describe`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.engine.generators.modules import Module
from planetview.engine.generators.plain_values import Plain

ROOT = "."


def tree_of(tensors: Mapping[str, NDArray[Any]], described: Mapping[str, Mapping[str, Plain]]) -> Module:
    """Return the network whose `flatten()` and `describe()` gave these.

    described: path -> {"class_name": ..., setting: value}, the root's path is ".". Which tensors are parameters and
    which buffers is not part of it: all become parameters. Raises UserError for a path without its parent, a tensor
    without its module or a module without a class.
    """
    kinds: dict[str, str] = {}
    for path, settings in described.items():
        kind = settings.get("class_name")
        if not isinstance(kind, str):
            raise UserError(f"The description of the network names no class for '{path}'.")
        kinds[path] = kind
        if path != ROOT and _parent(path) not in described:
            raise UserError(f"The description of the network lacks the part '{_parent(path)}'.")
    if ROOT not in described:
        raise UserError("The description of the network lacks the network itself.")
    owned: dict[str, dict[str, NDArray[Any]]] = {path: {} for path in described}
    for full, tensor in tensors.items():
        path = _parent(full)
        if path not in owned:
            raise UserError(f"The description of the network lacks the part '{path}'.")
        owned[path][full.rpartition(".")[2]] = tensor
    children: dict[str, list[str]] = {path: [] for path in described}
    for path in described:
        if path != ROOT:
            children[_parent(path)].append(path)

    def build(path: str) -> Module:
        settings = {name: value for name, value in described[path].items() if name != "class_name"}
        below = {child.rpartition(".")[2]: build(child) for child in children[path]}
        name = "" if path == ROOT else path.rpartition(".")[2]
        return Module(name, kinds[path], settings, owned[path], {}, below)

    return build(ROOT)


def _parent(path: str) -> str:
    return path.rpartition(".")[0] or ROOT
