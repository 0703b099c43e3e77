"""Network pickles are read bit for bit, however they were written, and other files are named for what they are."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.engine.generators import network_file
from planetview.engine.generators.modules import Module
from planetview.engine.generators.network_file import read_network, read_network_file
from tests.engine.generators import pickles
from tests.engine.generators.attacks import network_with_tensor

GOLDEN = (
    "sg2_base", "sg2_cond_map8", "sg2_gray_clamp1", "sg2_resnet", "sg2_orig", "sg2_fir_asym", "sg2_noclamp_nonoise",
    "sg3_r", "sg3_t",
)  # fmt: skip


def assert_same(generator: Module, state: pickles.State, attributes: pickles.Attributes) -> None:
    """Names, settings and their types, shapes and every bit of every tensor."""
    assert repr(generator.describe()) == repr(attributes)
    tensors = generator.flatten()
    assert set(tensors) == set(state)
    for name, array in state.items():
        assert (tensors[name].shape, tensors[name].dtype) == (array.shape, array.dtype), name
        assert tensors[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("name", GOLDEN)
def test_the_reference_networks_come_back_bit_for_bit(name: str, shared_data: Path, tmp_path: Path) -> None:
    state, attributes = pickles.golden_network(shared_data / "golden" / f"{name}.npz")
    path = pickles.write_network_pickle(tmp_path / "network.pkl", state, attributes, numpy_attributes=True)

    read = read_network_file(path)

    assert_same(read.generator, state, attributes)
    assert read.bytes == path.stat().st_size


@pytest.mark.parametrize("numpy1", [False, True], ids=["numpy 2", "numpy 1"])
@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_and_both_spellings_of_numpy_are_read(protocol: int, numpy1: bool) -> None:
    state, attributes = pickles.tiny_network()
    data = pickles.network_pickle(state, attributes, protocol=protocol, numpy1=numpy1, numpy_attributes=True)
    assert (b"numpy.core" in data) == numpy1

    assert_same(read_network(data)[0], state, attributes)


@pytest.mark.parametrize("protocol", [2, 4])
def test_tensors_stored_with_channels_last_keep_their_values(protocol: int, shared_data: Path) -> None:
    state, attributes = pickles.golden_network(shared_data / "golden" / "sg2_gray_clamp1.npz")
    data = pickles.network_pickle(state, attributes, protocol=protocol, convert=pickles.channels_last)

    assert_same(read_network(data)[0], state, attributes)


VIEWS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "transposed": lambda tensor: tensor.t(),
    "every second column": lambda tensor: tensor[:, ::2],
    "from the middle": lambda tensor: tensor[2:, 1:4],
    "one row": lambda tensor: tensor[3],
    "one number": lambda tensor: tensor[2, 2],
    "no rows": lambda tensor: tensor[:0],
    "a side of one": lambda tensor: tensor[:1, None],
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", ["float32", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_views_of_every_type_come_back_as_torch_sees_them(view: str, kind: str) -> None:
    whole = (torch.arange(30).reshape(5, 6) % 7).to(getattr(torch, kind))
    made = VIEWS[view](whole)

    read = read_network(network_with_tensor(made))[0].flatten()["mapping.fc0.weight"]

    expected = made.numpy()
    assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
    assert np.array_equal(read, expected)
    assert read.flags.c_contiguous
    assert read.flags.owndata


@pytest.mark.parametrize("kind", ["float16", "float64"])
def test_other_floats_become_single_precision(kind: str) -> None:
    made = torch.tensor([0.5, -1.25, 3.0, float("inf")]).to(getattr(torch, kind))

    read = read_network(network_with_tensor(made))[0].flatten()["mapping.fc0.weight"]

    assert read.dtype == np.float32
    assert read.tolist() == made.tolist()


@pytest.mark.parametrize("protocol", range(6))
def test_numbers_and_arrays_of_numpy_become_plain_settings(protocol: int) -> None:
    settings = {
        "float64": (np.float64(0.1), 0.1),
        "float32": (np.float32(0.25), 0.25),
        "int": (np.int64(-7), -7),
        "bool": (np.bool_(True), True),
        "array": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        "columns": (np.asfortranarray([[1.5, 2.0], [3.0, 4.0]]), [[1.5, 2.0], [3.0, 4.0]]),
        "big-endian": (np.array([1, 258], ">i4"), [1, 258]),
        "bools": (np.array([True, False]), [True, False]),
        "tuple": ((1, 2.5, None), [1, 2.5, None]),
        "size": (torch.Size([3, 4]), [3, 4]),
        "ordered": (OrderedDict(a=1, b=(2,)), {"a": 1, "b": [2]}),
    }
    if protocol > 2:  # Before, no bytes at all are written as a call of `bytes`, which no network was seen to need.
        settings["nothing"] = (np.zeros(0), [])
    attributes = {".": {"class_name": "Generator", **{name: pair[0] for name, pair in settings.items()}}}

    read = read_network(pickles.network_pickle({}, attributes, protocol=protocol))[0].attributes

    expected = {name: pair[1] for name, pair in settings.items()}
    assert {name: read[name] for name in settings} == expected
    assert repr(read["float64"]) == "0.1"
    assert read["bool"] is True


@pytest.mark.parametrize("protocol", range(6))
def test_nvidias_dictionary_class_is_a_dictionary(protocol: int) -> None:
    with pickles.named_functions("dnnlib.util.EasyDict") as made:
        attributes = {".": {"class_name": "Generator", "kwargs": made["dnnlib.util.EasyDict"](num_layers=2)}}
        root = pickles.module_tree({}, attributes)
        data = pickles.dumps(pickles.snapshot(root), protocol, easy_dict=made["dnnlib.util.EasyDict"])

    assert read_network(data)[0].attributes["kwargs"] == {"num_layers": 2}


def test_what_is_no_plain_setting_is_left_out() -> None:
    attributes = {".": {"class_name": "Generator", "z_dim": 4, "filter": torch.zeros(2), "seen": {1, 2}, "raw": b"x"}}

    read = read_network(pickles.network_pickle({}, attributes))[0]

    assert read.describe() == {".": {"class_name": "Generator", "training": False, "z_dim": 4}}


def test_parameters_and_buffers_are_told_apart(tmp_path: Path) -> None:
    read = read_network(pickles.network_pickle(*pickles.tiny_network()))[0]

    mapping = read.children["mapping"]
    assert (mapping.name, mapping.kind) == ("mapping", "MappingNetwork")
    assert list(mapping.buffers) == ["w_avg"]
    assert list(mapping.parameters) == []
    assert list(mapping.children["fc0"].parameters) == ["weight"]
    assert list(mapping.tensors) == ["w_avg"]


def test_the_averaged_generator_is_taken_not_the_other() -> None:
    state, attributes = pickles.tiny_network()
    other = {name: array + 1 for name, array in state.items()}
    content = pickles.snapshot(pickles.module_tree(other, attributes))
    content["G_ema"] = pickles.module_tree(state, attributes)

    assert_same(read_network(pickles.dumps(content))[0], state, attributes)


@pytest.mark.parametrize("source", ["a = 1\nb = 2\n", "a = 1\r\nb = 2\r\n", "\ufeffa = 1\nb = 2\n"])
def test_a_known_source_is_named_whatever_its_line_ends(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256(b"a = 1\nb = 2\n").hexdigest()
    monkeypatch.setitem(network_file.STOCK_SOURCES, digest, "stock example")
    path = pickles.write_network_pickle(tmp_path / "n.pkl", *pickles.tiny_network(), module_src=source)

    read = read_network_file(path)

    assert (read.source, read.source_digests, read.warnings) == ("stock example", (digest,), ())


def test_one_layer_of_another_source_makes_the_whole_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(network_file.STOCK_SOURCES, hashlib.sha256(b"a").hexdigest(), "stock example")
    root = pickles.module_tree(*pickles.tiny_network(), module_src="a")
    root.state["_modules"]["mapping"].module_src = "b"
    path = tmp_path / "n.pkl"
    path.write_bytes(pickles.dumps(pickles.snapshot(root)))

    read = read_network_file(path)

    assert read.source == "unknown"
    assert len(read.source_digests) == 2
    assert "source code PlanetView does not know" in read.warnings[0]


def test_the_file_is_known_by_its_digest(tmp_path: Path) -> None:
    path = pickles.write_network_pickle(tmp_path / "n.pkl", *pickles.tiny_network())

    assert read_network_file(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_reading_can_be_cancelled(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()

    with pytest.raises(Cancelled):
        read_network_file(pickles.write_network_pickle(tmp_path / "n.pkl", *pickles.tiny_network()), token.check)


def test_a_folder_and_a_missing_file_are_refused_in_plain_words(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.pkl"):
        with pytest.raises(UserError, match="Cannot read"):
            read_network_file(path)


def test_tensorflow_networks_are_recognised_at_every_protocol() -> None:
    class Network:
        def __init__(self) -> None:
            self.version, self.name, self.variables = 4, "Gs", [("x", np.zeros(2, np.float32))]

    with pickles.named_functions("dnnlib.tflib.network.Network"):
        sys.modules["dnnlib.tflib.network"].Network = Network  # type: ignore[attr-defined]
        Network.__module__, Network.__qualname__ = "dnnlib.tflib.network", "Network"
        files = [pickle.dumps((Network(), Network(), Network()), protocol) for protocol in (2, 3, 4)]

    for data in files:
        with pytest.raises(UserError, match=r"^This is a TensorFlow-era StyleGAN file; convert it first"):
            read_network(data)


def test_the_reader_loads_neither_torch_nor_what_files_name(tmp_path: Path) -> None:
    path = pickles.write_network_pickle(tmp_path / "n.pkl", *pickles.tiny_network(), numpy1=True, numpy_attributes=True)
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from planetview.engine.generators.network_file import read_network_file\n"
        "before = set(sys.modules)\n"
        "read_network_file(Path(sys.argv[1]))\n"
        "allowed = {'encodings.raw_unicode_escape'}\n"
        "print(sorted(set(sys.modules) - before - allowed))\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('torch', 'torch_utils', 'dnnlib')"
        " or name.startswith('numpy.core')])"
    )

    told = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True).stdout

    assert told.split() == ["[]", "[]"]
