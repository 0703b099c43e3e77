"""The modules of a network out of what an inert reading of its pickle wrote down."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from numpy.typing import NDArray

from planetview.engine.generators.modules import Module
from planetview.engine.generators.plain_values import PLAIN_NAMES, NotPlain, Plain, PlainReader, mapping_of, octets_of
from planetview.engine.generators.storages import read_storage, tensor_of
from planetview.engine.pickle_machine import Call, damaged

_MODULE: Final = ("torch_utils.persistence", "_reconstruct_persistent_obj")
_PARAMETER: Final = ("torch._utils", "_rebuild_parameter")
_TENSOR: Final = ("torch._utils", "_rebuild_tensor_v2")
_STORAGE: Final = ("torch.storage", "_load_from_bytes")

# All that honest network pickles mention.
NETWORK_NAMES: Final = PLAIN_NAMES | {_MODULE, _PARAMETER, _TENSOR, _STORAGE}

_PERSISTENCE_VERSION = 6
_DEEPEST = 8
_MOST_MODULES = 2_000
_MOST_TENSORS = 5_000
_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_SPARE_BYTES = 65_536


def is_module(value: Any) -> bool:
    """Return whether `value` is a module as NVIDIA's persistence writes it."""
    return type(value) is Call and value.name.pair == _MODULE


def is_tensor(value: Any) -> bool:
    """Return whether `value` is a tensor or a parameter."""
    return type(value) is Call and value.name.pair in (_TENSOR, _PARAMETER)


class TreeReader:
    """Reads the modules below one object, and the digests of the source texts they carry.

    file_bytes: length of the file. Its tensors may take four times as much: half floats double, and a tensor
    may be held twice; a file that says more repeats a few bytes without end.
    check: called between tensors.
    """

    def __init__(self, file_bytes: int, check: Callable[[], None]) -> None:
        self._check = check
        self._room = 4 * file_bytes + _SPARE_BYTES
        self._modules, self._tensors = _MOST_MODULES, _MOST_TENSORS
        self._plain = PlainReader()
        self._digests: dict[str, str] = {}

    @property
    def source_digests(self) -> tuple[str, ...]:
        """Return the SHA-256 of each distinct source text, in the order met."""
        return tuple(dict.fromkeys(self._digests.values()))

    def read(self, value: Any, name: str = "", depth: int = 0) -> Module:
        """Return the module that `value` writes down; raises UnsafeFile."""
        self._modules -= 1
        if depth > _DEEPEST or self._modules < 0:
            raise damaged("its modules are nested too deep or are too many")
        recorded = self._recorded(value)
        state = mapping_of(recorded.get("state"))
        if state is None:
            raise damaged("a module has no content")
        return Module(
            name,
            self._class_name(recorded),
            self._attributes(state),
            self._arrays(state, "_parameters"),
            self._arrays(state, "_buffers"),
            {child: self.read(item, child, depth + 1) for child, item in self._section(state, "_modules").items()},
        )

    def _recorded(self, value: Any) -> dict[Any, Any]:
        if not is_module(value) or len(value.args) != 1:
            raise damaged("a module is missing")
        recorded = mapping_of(value.args[0])
        if recorded is None or recorded.get("type") != "class":
            raise damaged("a module is not described")
        version = recorded.get("version")
        if type(version) is not int or version != _PERSISTENCE_VERSION:
            raise damaged("a module is described in a way that is not known")
        return recorded

    def _class_name(self, recorded: dict[Any, Any]) -> str:
        kind, source = recorded.get("class_name"), recorded.get("module_src")
        if type(kind) is not str or not _NAME.fullmatch(kind) or type(source) is not str:
            raise damaged("a module has no class")
        if source not in self._digests:
            self._digests[source] = source_digest(source)
        return kind

    def _attributes(self, state: dict[Any, Any]) -> dict[str, Plain]:
        attributes: dict[str, Plain] = {}
        for name, value in state.items():
            if type(name) is not str or name.startswith("_") or name == "class_name":
                continue
            try:
                attributes[name] = self._plain.read(value)
            except NotPlain:
                continue
        return attributes

    @staticmethod
    def _section(state: dict[Any, Any], name: str) -> dict[str, Any]:
        """Return the entries of one of a module's own dictionaries, without those that are None."""
        entries = mapping_of(state.get(name))
        if entries is None:
            raise damaged("a module has no content")
        if not all(type(key) is str and _NAME.fullmatch(key) for key in entries):
            raise damaged("a part of a module has an impossible name")
        return {key: entry for key, entry in entries.items() if entry is not None}

    def _arrays(self, state: dict[Any, Any], section: str) -> dict[str, NDArray[Any]]:
        return {name: self._tensor(value) for name, value in self._section(state, section).items()}

    def _tensor(self, value: Any) -> NDArray[Any]:
        self._check()
        self._tensors -= 1
        if self._tensors < 0:
            raise damaged("it has more tensors than any network")
        if type(value) is Call and value.name.pair == _PARAMETER and value.args:
            value = value.args[0]
        if type(value) is not Call or value.name.pair != _TENSOR or len(value.args) not in (6, 7):
            raise damaged("a tensor is missing")
        storage, offset, size, stride = value.args[:4]
        if type(storage) is not Call or storage.name.pair != _STORAGE or len(storage.args) != 1:
            raise damaged("a tensor has no data")
        elements = read_storage(octets_of(storage.args[0]))
        tensor = tensor_of(elements, offset, _sides(size), _sides(stride), self._room)
        self._room -= tensor.nbytes
        return tensor


def _sides(value: Any) -> Any:
    """Return the tuple inside a `torch.Size`."""
    if type(value) is Call and value.name.pair == ("torch", "Size") and len(value.args) == 1:
        return value.args[0]
    return value


def source_digest(source: str) -> str:
    """Return the SHA-256 of a Python source as UTF-8, without byte order mark and with \\n line ends."""
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
