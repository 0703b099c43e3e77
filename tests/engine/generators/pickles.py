"""Writes network pickles of the shape StyleGAN training gives them, from nothing but names, settings and tensors."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

State = Mapping[str, np.ndarray]
Attributes = Mapping[str, Mapping[str, Any]]

_BUFFERS = frozenset(
    (
        "noise_const",
        "resample_filter",
        "w_avg",
        "magnitude_ema",
        "up_filter",
        "down_filter",
        "transform",
        "freqs",
        "phases",
    )
)


@dataclass
class PickledModule:
    """Pickles as one call of `torch_utils.persistence._reconstruct_persistent_obj`."""

    class_name: str
    state: dict[str, Any]
    module_src: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": self.module_src,
            "class_name": self.class_name,
            "state": self.state,
            **self.extra,
        }
        return (sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,))


@contextlib.contextmanager
def named_functions(*names: str) -> Iterator[dict[str, Any]]:
    """Make "module.function" names importable while a pickle is written, by modules thrown away afterwards.

    Yields the functions by their full names. Names that start with a capital become classes derived from dict.
    """
    saved, made = dict(sys.modules), {}
    own: dict[str, types.ModuleType] = {}
    for full in names:
        module_name, _, name = full.rpartition(".")
        for part in {module_name.partition(".")[0], module_name}:
            if part == module_name or part not in sys.modules:
                sys.modules[part] = own.setdefault(part, types.ModuleType(part))
        thing: Any = (
            type(name, (dict,), {}) if name[0].isupper() else types.FunctionType((lambda: None).__code__, {}, name)
        )
        thing.__module__, thing.__qualname__ = module_name, name
        setattr(sys.modules[module_name], name, thing)
        made[full] = thing
    try:
        yield made
    finally:
        for part in own:
            if part in saved:
                sys.modules[part] = saved[part]
            else:
                del sys.modules[part]


class _Numpy1Pickler(pickle.Pickler):
    """Writes numpy values under the names that numpy 1 gave them."""

    functions: Mapping[str, Any]

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            return (self.functions["numpy.core.multiarray.scalar"], (value.dtype, value.tobytes()))
        if isinstance(value, np.ndarray):
            _, args, state = value.__reduce__()
            return (self.functions["numpy.core.multiarray._reconstruct"], args, state)
        return NotImplemented


def module_tree(
    state: State,
    attributes: Attributes,
    module_src: str = "",
    convert: Callable[[str, np.ndarray], Any] | None = None,
    numpy_attributes: bool = False,
) -> PickledModule:
    """Return the modules that `attributes` (path -> class_name and settings, root ".") describe.

    state: tensors by full name. convert: makes the tensor that is pickled from (name, array).
    numpy_attributes: write floats and lists of numbers as numpy scalars and arrays, as training does for some.
    """
    modules: dict[str, PickledModule] = {}
    for path, described in attributes.items():
        settings = {
            name: _as_numpy(value) if numpy_attributes else value
            for name, value in described.items()
            if name != "class_name"
        }
        content = {
            "training": False,
            "_parameters": OrderedDict(),
            "_buffers": OrderedDict(),
            "_non_persistent_buffers_set": set(),
            "_backward_hooks": OrderedDict(),
            "_is_full_backward_hook": None,
            "_modules": OrderedDict(),
            **settings,
            "_init_args": (),
            "_init_kwargs": {"w_dim": 512},
        }
        modules[path] = PickledModule(described["class_name"], content, module_src)
    for path, module in modules.items():
        if path != ".":
            parent, _, name = path.rpartition(".")
            modules[parent or "."].state["_modules"][name] = module
    for full, array in state.items():
        path, _, name = full.rpartition(".")
        section = "_buffers" if name in _BUFFERS else "_parameters"
        modules[path or "."].state[section][name] = (convert or as_tensor)(full, array)
    return modules["."]


def as_tensor(name: str, array: np.ndarray) -> Any:
    """Return a torch parameter, or a plain tensor for names of buffers."""
    import torch

    tensor = torch.from_numpy(np.array(array))
    return tensor if name.rpartition(".")[2] in _BUFFERS else torch.nn.Parameter(tensor, requires_grad=False)


def channels_last(name: str, array: np.ndarray) -> Any:
    """Return the tensor with its channels stored last where it has four dimensions."""
    import torch

    tensor = torch.from_numpy(np.array(array))
    return tensor.contiguous(memory_format=torch.channels_last) if array.ndim == 4 else tensor


def _as_numpy(value: Any) -> Any:
    if isinstance(value, float):
        return np.float64(value)
    if isinstance(value, list) and value and all(type(item) is int for item in value):
        return np.array(value)
    return value


def dumps(value: Any, protocol: int = 4, numpy1: bool = False, easy_dict: type | None = None) -> bytes:
    """Pickle `value`; numpy1: with numpy's names of before 2.0; easy_dict: the class that goes by that name."""
    names = ["torch_utils.persistence._reconstruct_persistent_obj", "dnnlib.util.EasyDict"]
    if numpy1:
        names += ["numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct"]
    stream = io.BytesIO()
    with named_functions(*names) as functions:
        if easy_dict is not None:
            sys.modules["dnnlib.util"].EasyDict = easy_dict  # type: ignore[attr-defined]
        pickler: pickle.Pickler = (_Numpy1Pickler if numpy1 else pickle.Pickler)(stream, protocol)
        if isinstance(pickler, _Numpy1Pickler):
            pickler.functions = functions
        pickler.dump(value)
    return stream.getvalue()


def snapshot(generator: Any) -> dict[str, Any]:
    """Return what training pickles: five entries in their order; the generator stands for all three networks."""
    return {
        "training_set_kwargs": {"path": "tiles.zip", "xflip": True},
        "G": generator,
        "D": None,
        "G_ema": generator,
        "augment_pipe": None,
    }


def network_pickle(
    state: State,
    attributes: Attributes,
    *,
    protocol: int = 4,
    numpy1: bool = False,
    numpy_attributes: bool = False,
    module_src: str = "",
    convert: Callable[[str, np.ndarray], Any] | None = None,
) -> bytes:
    """Return the bytes of a training snapshot whose `G_ema` has these tensors and settings."""
    tree = module_tree(state, attributes, module_src, convert, numpy_attributes)
    return dumps(snapshot(tree), protocol, numpy1)


def write_network_pickle(path: Path, state: State, attributes: Attributes, **options: Any) -> Path:
    """Write `network_pickle(...)` to `path`; options: as `network_pickle`."""
    path.write_bytes(network_pickle(state, attributes, **options))
    return path


def golden_network(path: Path) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Return the tensors by name and the settings by module of one file of reference networks."""
    with np.load(path) as stored:
        state = {name.removeprefix("state/"): stored[name] for name in stored.files if name.startswith("state/")}
        return state, json.loads(str(stored["attrs"]))


def tiny_network() -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Return a network of four modules and a few numbers, for tests that need thousands of files."""
    state = {
        "mapping.w_avg": np.arange(3, dtype=np.float32),
        "mapping.fc0.weight": np.arange(6, dtype=np.float32).reshape(2, 3) - 2.5,
        "synthesis.noise_const": np.full((1, 2), 0.25, np.float32),
    }
    attributes: dict[str, dict[str, Any]] = {
        ".": {"class_name": "Generator", "training": False, "z_dim": 2, "conv_clamp": None},
        "synthesis": {"class_name": "SynthesisNetwork", "training": False, "block_resolutions": [4, 8]},
        "mapping": {"class_name": "MappingNetwork", "training": False, "w_avg_beta": 0.995},
        "mapping.fc0": {"class_name": "FullyConnectedLayer", "training": False, "activation": "lrelu"},
    }
    return state, attributes
