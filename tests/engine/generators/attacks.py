"""Files made to harm whoever opens them; each is built around a canary that must not come into being."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import struct
import subprocess
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.generators import pickles


class Calls:
    """Pickles as a call of `function` with `args`."""

    def __init__(self, function: Callable[..., Any], *args: Any, state: Any = None) -> None:
        self.reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


class Persistent:
    """Pickles as the persistent id `identity`."""

    def __init__(self, identity: Any) -> None:
        self.identity = identity


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        return value.identity if isinstance(value, Persistent) else None


def dumps(value: Any, protocol: int = 2) -> bytes:
    """Pickle `value`, with persistent ids."""
    stream = io.BytesIO()
    _Pickler(stream, protocol).dump(value)
    return stream.getvalue()


def command(canary: Path) -> str:
    """Return a shell command that makes the canary."""
    return f"echo > '{canary}'"


def storage_stream(
    elements: np.ndarray,
    *,
    mark: Any = 0x1950A86A20F9469CFC6C,
    version: Any = 1001,
    machine: Any = None,
    identity: Any = None,
    keys: Any = None,
    count: int | None = None,
    payload: bytes | None = None,
) -> bytes:
    """Return a storage in torch's older format; every part can be replaced by a hostile one."""
    import torch

    machine = {"protocol_version": 1001, "little_endian": True} if machine is None else machine
    identity = ("storage", torch.FloatStorage, "7", "cpu", elements.size, None) if identity is None else identity
    return b"".join(
        (
            *(dumps(part) for part in (mark, version, machine)),
            dumps(Persistent(identity) if isinstance(identity, tuple) else identity),
            dumps(["7"] if keys is None else keys),
            struct.pack("<q", elements.size if count is None else count),
            elements.tobytes() if payload is None else payload,
        )
    )


def tensor(stream: bytes, offset: Any = 0, size: Any = (4,), stride: Any = (1,)) -> Calls:
    """Return what pickles as a tensor in the storage `stream`."""
    import torch

    storage = Calls(torch.storage._load_from_bytes, stream)
    return Calls(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, OrderedDict())


def network_with_tensor(made: Any) -> bytes:
    """Return a network file in which one parameter is replaced by `made`."""
    state, attributes = pickles.tiny_network()
    swap = {"mapping.fc0.weight": made}
    return pickles.network_pickle(
        state, attributes, convert=lambda name, array: swap.get(name, pickles.as_tensor(name, array))
    )


def network_with_attribute(value: Any, protocol: int = 4) -> bytes:
    """Return a network file in which one setting is `value`."""
    state, attributes = pickles.tiny_network()
    attributes["mapping"]["activation"] = value
    return pickles.network_pickle(state, attributes, protocol=protocol)


@dataclass(frozen=True)
class Attack:
    """One hostile file. refusal: a part of what the user is told. potent: plain unpickling makes the canary."""

    name: str
    build: Callable[[Path], bytes]
    refusal: str
    potent: bool = False


DAMAGED = "damaged or was tampered with"
TAKE_OVER = "Files that do that can take over your computer; PlanetView did not run it."


def attacks() -> Iterator[Attack]:
    """Yield every attack."""
    yield from _named_functions()
    yield from _instructions()
    yield from _changed_objects()
    yield from _storages()
    yield from _extents()
    yield from _lying_lengths()
    yield from _endless()
    yield from _structures()
    yield from _no_networks()


def _named_functions() -> Iterator[Attack]:
    import torch

    def runs(function: Callable[..., Any], text: Callable[[Path], Any]) -> Callable[[int], Callable[[Path], bytes]]:
        return lambda protocol: lambda canary: pickle.dumps(Calls(function, text(canary)), protocol)

    system = f"asks Python to run '{os.system.__module__}.system'. {TAKE_OVER}"
    for protocol in (0, 2, 4):
        yield Attack(f"os.system, protocol {protocol}", runs(os.system, command)(protocol), system, potent=True)
        yield Attack(
            f"os.system within a network, protocol {protocol}",
            lambda canary, p=protocol: network_with_attribute(Calls(os.system, command(canary)), p),
            system,
        )
    yield Attack(
        "os.system as Windows names it",
        lambda canary: b"cnt\nsystem\n(V" + command(canary).encode() + b"\ntR.",
        "'nt.system'",
    )
    opens = lambda canary: f"open({str(canary)!r}, 'w').close()"  # noqa: E731
    yield Attack("eval", runs(builtins.eval, opens)(4), "'builtins.eval'", potent=True)
    yield Attack("exec", runs(builtins.exec, opens)(4), "'builtins.exec'", potent=True)
    yield Attack("eval, protocol 2", runs(builtins.eval, opens)(2), "'__builtin__.eval'", potent=True)
    yield Attack("subprocess", runs(subprocess.Popen, lambda c: ["touch", str(c)])(4), "'subprocess.Popen'")
    yield Attack("getattr", lambda _: pickle.dumps(Calls(getattr, "x", "upper")), "'builtins.getattr'")
    yield Attack("torch.hub", lambda _: b"ctorch.hub\nload\n(Vx\ntR.", "'torch.hub.load'")
    yield Attack("torch.load", lambda _: b"ctorch.serialization\nload\n(Vx\ntR.", "'torch.serialization.load'")
    yield Attack("a storage's own loader", lambda _: b"ctorch\nload\n(Vx\ntR.", "'torch.load'")
    yield Attack(
        "dotted name",
        lambda _: b"\x80\x04\x8c\x0bcollections\x8c\x20OrderedDict.__init__.__globals__\x93.",
        "'collections.OrderedDict.__init__.__globals__'",
    )
    yield Attack(
        "builtins of an allowed module",
        lambda _: b"ctorch_utils.persistence\n__builtins__\n.",
        "'torch_utils.persistence.__builtins__'",
    )
    yield Attack(
        "a module that acts when imported", lambda _: b"chostile_module\nanything\n.", "'hostile_module.anything'"
    )
    yield Attack("an allowed function of another module", lambda _: b"c_codecs\ndecode\n.", "'_codecs.decode'")
    yield Attack("a name with a control character", lambda _: b"cos\x1b[2J\nsystem\n.", "'os?[2J.system'")
    yield Attack("a name without an end", lambda _: b"c" + b"o" * 10_000, DAMAGED)
    yield Attack("a name that is a call", lambda _: b"\x80\x04ccollections\nOrderedDict\n)R\x8c\x01x\x93.", DAMAGED)
    yield Attack("a layer of torch", lambda _: pickle.dumps(torch.nn.Identity()), "'torch.nn.modules.linear.Identity'")
    yield Attack("TensorFlow's names", lambda _: b"cdnnlib.tflib.network\nNetwork\n.", "TensorFlow-era StyleGAN file")


def _instructions() -> Iterator[Attack]:
    for name, stream in {
        "PERSID": b"(Pos.system\n.",
        "BINPERSID": b"\x80\x04NQ.",
        "INST": b"(Vid\nios\nsystem\n.",
        "OBJ": b"(cnumpy\ndtype\nVid\no.",
        "EXT1": b"\x80\x04\x82\x01.",
        "EXT2": b"\x80\x04\x83\x01\x00.",
        "EXT4": b"\x80\x04\x84\x01\x00\x00\x00.",
        "NEWOBJ_EX": b"\x80\x04cnumpy\ndtype\n)}\x92.",
        "NEXT_BUFFER": b"\x80\x05\x97.",
        "READONLY_BUFFER": b"\x80\x05N\x98.",
    }.items():
        yield Attack(f"instruction {name}", lambda _, s=stream: s, f"the pickle instruction {name}")
    for name, stream in {
        "no instruction": b"\x80\x04\xff.",
        "protocol 6": b"\x80\x06N.",
        "protocol in the middle": b"N\x80\x04.",
        "nothing left": b"\x80\x04N0.",
        "two values left": b"\x80\x04NN.",
        "a mark left": b"\x80\x04N(.",
        "values under a mark": b"(N(.",
        "no mark": b"\x80\x04Nt.",
        "pop of nothing": b"\x80\x040.",
        "copy of nothing": b"\x80\x042.",
        "call of nothing": b"\x80\x04)R.",
        "call of a text": b"\x80\x04\x8c\x01x)R.",
        "call with a list": b"\x80\x04cnumpy\ndtype\n]R.",
        "memory of nothing": b"\x80\x04\x94.",
        "memory of another index": b"\x80\x04h\x05.",
        "half an item": b"\x80\x04}(Nu.",
        "bytes that are no text": b"\x80\x04\x8c\x02\xff\xff.",
        "a number that is none": b"\x80\x04F1e\n.",
        "an integer that is none": b"(I0x10\n.",
        "an endless integer": b"(L" + b"9" * 5_000 + b"L\n.",
    }.items():
        yield Attack(name, lambda _, s=stream: s, "not a network file" if stream[:1] in b"NP" else DAMAGED)


def _changed_objects() -> Iterator[Attack]:
    for name, stream in {
        "state set on a function": b"\x80\x04ctorch.storage\n_load_from_bytes\n}\x8c\x08__code__Nsb.",
        "state set on a class": b"\x80\x04cdnnlib.util\nEasyDict\n}\x8c\x0c__setstate__cbuiltins\nset\nsb.",
        "state set twice": b"\x80\x04cnumpy\ndtype\n)R}b}b.",
        "state set on a dictionary": b"\x80\x04}}b.",
        "item stored in a list": b"\x80\x04]K\x00Ns.",
        "items stored in a function": b"\x80\x04cnumpy\ndtype\n(K\x00Nu.",
        "items stored in a text": b"\x80\x04\x8c\x01x(K\x00Nu.",
        "append to a call": b"\x80\x04ccollections\nOrderedDict\n)RNa.",
        "appends to a dictionary": b"\x80\x04}(Ne.",
        "items added to a list": b"\x80\x04](N\x90.",
        "a list as key": b"\x80\x04}]Ns.",
        "a call as key": b"\x80\x04}cnumpy\ndtype\n)RNs.",
        "a tuple as key": b"\x80\x04})Ns.",
        "a list in a set": b"\x80\x04\x8f(]\x90.",
        "a list in a frozen set": b"\x80\x04(]\x91.",
    }.items():
        yield Attack(name, lambda _, s=stream: s, DAMAGED)


def _storages() -> Iterator[Attack]:
    import torch

    four = np.arange(4, dtype=np.float32)

    def holding(**parts: Any) -> Callable[[Path], bytes]:
        return lambda _: network_with_tensor(tensor(storage_stream(four, **parts)))

    system = f"'{os.system.__module__}.system'"
    yield Attack(
        "a command as a storage",
        lambda canary: network_with_tensor(tensor(pickle.dumps(Calls(os.system, command(canary)), 2))),
        system,
    )
    for part in ("mark", "version", "machine", "identity", "keys"):
        yield Attack(
            f"a command as a storage's {part}",
            lambda canary, p=part: network_with_tensor(
                tensor(storage_stream(four, **{p: Calls(os.system, command(canary))}))
            ),
            system,
        )
    yield Attack(
        "a module as a storage",
        lambda canary: network_with_tensor(
            tensor(storage_stream(four, identity=("module", torch.FloatStorage, str(canary), "import os")))
        ),
        "no storage",
    )
    yield Attack(
        "a view of a storage", holding(identity=("storage", torch.FloatStorage, "7", "cpu", 4, ("7", 0, 4))), DAMAGED
    )
    yield Attack("a storage of no type", holding(identity=("storage", "FloatStorage", "7", "cpu", 4, None)), DAMAGED)
    yield Attack(
        "a storage of another type",
        holding(identity=("storage", torch.QInt8Storage, "7", "cpu", 4, None)),
        "QInt8Storage",
    )
    yield Attack(
        "a storage without a key", holding(identity=("storage", torch.FloatStorage, 7, "cpu", 4, None)), DAMAGED
    )
    yield Attack("a wrong mark", holding(mark=1), DAMAGED)
    yield Attack("a wrong version", holding(version=1002), DAMAGED)
    yield Attack("the most significant byte first", holding(machine={"little_endian": False}), DAMAGED)
    yield Attack("facts that are no dictionary", holding(machine=[1]), DAMAGED)
    yield Attack("other keys", holding(keys=["8"]), DAMAGED)
    yield Attack("two keys", holding(keys=["7", "7"]), DAMAGED)
    zipped = io.BytesIO()
    torch.save(torch.zeros(4), zipped)
    yield Attack("a zip as a storage", lambda _: network_with_tensor(tensor(zipped.getvalue())), "a zip archive")
    yield Attack("an empty storage", lambda _: network_with_tensor(tensor(b"")), DAMAGED)
    yield Attack("a storage that is cut off", lambda _: network_with_tensor(tensor(storage_stream(four)[:-1])), DAMAGED)
    yield Attack("a storage that goes on", lambda _: network_with_tensor(tensor(storage_stream(four) + b"\0")), DAMAGED)


def _extents() -> Iterator[Attack]:
    import torch

    four = np.arange(4, dtype=np.float32)
    stream = storage_stream(four)
    for name, place in {
        "offset below zero": (-1, (4,), (1,)),
        "offset beyond the end": (1, (4,), (1,)),
        "offset of 2^62": (2**62, (1,), (1,)),
        "offset that is no number": ("0", (4,), (1,)),
        "offset that is a truth": (True, (3,), (1,)),
        "stride below zero": (3, (4,), (-1,)),
        "stride beyond the end": (0, (4,), (2,)),
        "stride of 2^62": (0, (2,), (2**62,)),
        "size below zero": (0, (-4,), (1,)),
        "size that is a list": (0, [4], (1,)),
        "size that is no number": (0, (4.0,), (1,)),
        "more sizes than strides": (0, (2, 2), (1,)),
        "nine dimensions": (0, (1,) * 9, (1,) * 9),
        "an expanded view of 2^40 numbers": (0, (2**20, 2**20), (0, 0)),
        "an expanded view of five numbers": (0, (5,), (0,)),
        "no numbers in an endless shape": (0, (0, 2**62, 2**62), (1, 1, 1)),
    }.items():
        yield Attack(name, lambda _, p=place: network_with_tensor(tensor(stream, *p)), DAMAGED)
    for name, parts in {
        "a count below zero": {"count": -1},
        "a count above the bytes": {"count": 2**40},
        "a count unlike the description": {"identity": ("storage", torch.FloatStorage, "7", "cpu", 3, None)},
        "a description below zero": {"identity": ("storage", torch.FloatStorage, "7", "cpu", -4, None), "count": -4},
        "a description of 2^62": {"identity": ("storage", torch.FloatStorage, "7", "cpu", 2**62, None), "count": 2**62},
        "a count that is a truth": {"identity": ("storage", torch.FloatStorage, "7", "cpu", True, None), "count": 1},
    }.items():
        yield Attack(name, lambda _, p=parts: network_with_tensor(tensor(storage_stream(four, **p))), DAMAGED)


def _lying_lengths() -> Iterator[Attack]:
    huge8, huge4 = struct.pack("<Q", 2**63 - 1), struct.pack("<I", 2**32 - 1)
    for name, stream in {
        "BINBYTES8": b"\x80\x04\x8e" + huge8,
        "BINBYTES8 beyond 2^63": b"\x80\x04\x8e" + b"\xff" * 8,
        "BYTEARRAY8": b"\x80\x05\x96" + huge8,
        "BINUNICODE8": b"\x80\x04\x8d" + huge8,
        "BINBYTES": b"\x80\x04B" + huge4,
        "BINUNICODE": b"\x80\x04X" + huge4,
        "LONG4": b"\x80\x04\x8b" + huge4,
        "LONG1": b"\x80\x04\x8a\xff",
        "FRAME": b"\x80\x04\x95" + huge8,
    }.items():
        yield Attack(f"a lie in {name}", lambda _, s=stream: s + b"x.", DAMAGED)
    yield Attack("a long LONG4", lambda _: b"\x80\x04\x8b" + struct.pack("<I", 10**6) + b"\1" * 10**6 + b".", DAMAGED)
    yield Attack("a far memory index", lambda _: b"\x80\x04Nr" + huge4 + b"0j" + huge4[:3] + b"\x7f.", DAMAGED)


def _endless() -> Iterator[Attack]:
    def nested(depth: int) -> Any:
        value: Any = []
        for _ in range(depth):
            value = [value]
        return value

    def laughs() -> Any:
        value: Any = ["ha"] * 10
        for _ in range(7):
            value = [value] * 10
        return value

    yield Attack("200,000 lists in each other", lambda _: b"\x80\x04" + b"]" * 200_001 + b"a" * 200_000 + b".", DAMAGED)
    yield Attack("200,000 tuples in each other", lambda _: b"\x80\x04)" + b"\x85" * 200_000 + b".", "not a network")
    yield Attack("200,000 marks", lambda _: b"\x80\x04" + b"(" * 200_000 + b".", DAMAGED)
    yield Attack("a setting nested 20 deep", lambda _: network_with_attribute(nested(20)), "nested too deep")
    yield Attack("a billion laughs", lambda _: network_with_attribute(laughs()), "more values than any network")
    yield Attack("a long text said often", lambda _: network_with_attribute(["x" * 100_000] * 10_000), "more values")
    yield Attack("six million steps", lambda _: b"\x80\x04" + b"N0" * 3_000_000 + b"N.", "5,000,000 steps")
    yield Attack("a list that holds itself", lambda _: b"\x80\x04]\x94h\x00a.", "not a network")


def _structures() -> Iterator[Attack]:
    def changed(path: str, change: Callable[[pickles.PickledModule], None]) -> Callable[[Path], bytes]:
        def build(_: Path) -> bytes:
            root = pickles.module_tree(*pickles.tiny_network())
            module = root
            for name in path.split(".") if path else ():
                module = module.state["_modules"][name]
            change(module)
            return pickles.dumps(pickles.snapshot(root))

        return build

    def own_child(module: pickles.PickledModule) -> None:
        module.extra["state"] = {**module.state, "_modules": {}}
        module.extra["state"]["_modules"]["again"] = module.extra

    def put(section: str, name: Any, value: Any) -> Callable[[Path], bytes]:
        return changed("mapping", lambda module: module.state[section].__setitem__(name, value))

    four = storage_stream(np.arange(4, dtype=np.float32))
    yield Attack("a dot in a tensor's name", put("_parameters", "fc0.weight", tensor(four)), "impossible name")
    yield Attack("a path in a module's name", put("_modules", "../../x", None), "impossible name")
    yield Attack("a tensor named by a number", put("_buffers", 3, tensor(four)), "impossible name")
    yield Attack("a text as a tensor", put("_parameters", "weight", "x"), "a tensor is missing")
    yield Attack("a text as a module", put("_modules", "fc1", "x"), "a module is missing")
    yield Attack(
        "a module as a tensor", put("_parameters", "weight", pickles.PickledModule("X", {})), "a tensor is missing"
    )
    yield Attack("a tensor as a module", put("_modules", "fc1", tensor(four)), "a module is missing")
    yield Attack("another version", changed("mapping", lambda m: m.extra.update(version=7)), "a way that is not known")
    yield Attack("another type", changed("mapping", lambda m: m.extra.update(type="function")), "not described")
    yield Attack("no class", changed("mapping", lambda m: m.extra.update(class_name=None)), "no class")
    yield Attack(
        "a class that is code", changed("", lambda m: m.extra.update(class_name="os.system('id')")), "no class"
    )
    yield Attack("no state", changed("mapping", lambda m: m.extra.update(state=3)), "no content")
    yield Attack("no parameters", changed("mapping", lambda m: m.state.pop("_parameters")), "no content")
    yield Attack("a source that is no text", changed("mapping", lambda m: m.extra.update(module_src=b"x")), "no class")
    shared = pickles.PickledModule("X", {"_parameters": {}, "_buffers": {}, "_modules": {}})
    for _ in range(12):
        parts = {f"c{i}": shared for i in range(4)}
        shared = pickles.PickledModule("X", {"_parameters": {}, "_buffers": {}, "_modules": parts})
    yield Attack("modules without end", put("_modules", "deep", shared), "nested too deep or are too many")
    big = tensor(storage_stream(np.zeros(50_000, np.float32)), 0, (50_000,), (1,))
    yield Attack(
        "one tensor said a thousand times",
        changed("mapping", lambda m: m.state["_parameters"].update({f"w{i}": big for i in range(1_000)})),
        "far more memory",
    )
    small = tensor(four)
    yield Attack(
        "six thousand tensors",
        changed("mapping", lambda m: m.state["_parameters"].update({f"w{i}": small for i in range(6_000)})),
        "more tensors than any network",
    )


def _no_networks() -> Iterator[Attack]:
    import torch

    whole = pickles.network_pickle(*pickles.tiny_network())
    yield Attack("cut off in the middle", lambda _: whole[: len(whole) // 2], DAMAGED)
    yield Attack("cut off by one byte", lambda _: whole[:-1], DAMAGED)
    yield Attack("something behind the end", lambda _: whole + b"cos\nsystem\n", "something follows its end")
    yield Attack("random bytes", lambda _: b"\x80" + np.random.default_rng(0).bytes(5_000), DAMAGED)
    yield Attack(
        "random bytes without a protocol", lambda _: np.random.default_rng(1).bytes(5_000), "not a network file"
    )
    yield Attack("an empty file", lambda _: b"", "The file is empty")
    yield Attack("a PNG", lambda _: b"\x89PNG\r\n\x1a\n" + bytes(50), "This is a PNG image, not a network file.")
    weights = {"a.weight": torch.zeros(3)}
    for zipped in (True, False):
        stream = io.BytesIO()
        torch.save(weights, stream, _use_new_zipfile_serialization=zipped)
        name = "a checkpoint" if zipped else "an older checkpoint"
        yield Attack(name, lambda _, s=stream: s.getvalue(), "This holds weights but no description of the network.")
    yield Attack("plain weights", lambda _: pickle.dumps(weights), "weights but no description")
    yield Attack("ordered weights", lambda _: pickle.dumps(OrderedDict(weights)), "weights but no description")
    yield Attack("weights of numpy", lambda _: pickle.dumps({"a": np.zeros(3)}), "weights but no description")
    yield Attack("safetensors", lambda _: struct.pack("<Q", 2) + b"{}", "weights but no description")
    yield Attack("Keras", lambda _: b"\x89HDF\r\n\x1a\n" + bytes(50), "weights but no description")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("a/code/b.py", "")
        written.writestr("a/constants.pkl", "")
    yield Attack("a TorchScript program", lambda _: archive.getvalue(), "This is a PyTorch program")
    yield Attack("a dictionary", lambda _: pickle.dumps({"a": 1}), "not a network")
    bare = pickles.module_tree(*pickles.tiny_network())
    yield Attack("a network alone", lambda _: pickles.dumps(bare), "no averaged generator")
    yield Attack("an older snapshot", lambda _: pickles.dumps({"G": bare, "D": None}), "no averaged generator")
    other = pickles.PickledModule("MyGenerator", bare.state)
    yield Attack(
        "another class",
        lambda _: pickles.dumps(pickles.snapshot(other)),
        "The network is class 'MyGenerator' from source PlanetView does not know; "
        "export it to ONNX (Help > Export a generator).",
    )
