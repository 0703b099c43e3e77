"""Network pickles are read bit for bit, however they were written, and other files are named for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from planetview.engine.generators.modules import Module
from planetview.engine.generators.network_file import read_network, read_network_file
from tests.engine.generators import pickles

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
