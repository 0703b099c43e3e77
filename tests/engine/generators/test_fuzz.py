"""Damaged files are read or refused, never anything else; set PLANETVIEW_FUZZ_CASES for more than the usual number."""

from __future__ import annotations

import os
import pickle
import random
import struct
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planetview.core.errors import UserError
from planetview.engine.generators.network_file import read_network
from planetview.engine.generators.network_tree import NETWORK_NAMES
from planetview.engine.generators.storages import read_storage
from planetview.engine.pickle_machine import UnsafeFile, run_pickle
from tests.engine.generators.attacks import storage_stream
from tests.engine.generators.mutations import mutate, valid_files

CASES = int(os.environ.get("PLANETVIEW_FUZZ_CASES", "5000"))
_SECONDS_A_CASE = 1.0
_GROWTH_KIB = 256 * 1024

_examples = settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.timeout(60 + CASES // 50)
def test_damaged_files_are_read_or_refused_quickly_and_in_little_memory() -> None:
    resource = pytest.importorskip("resource", reason="Windows tells no peak of memory")
    files = valid_files()
    for file in files:
        read_network(file)
    before, outcomes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, {"read": 0, "refused": 0}

    for seed in range(CASES):
        data, began = mutate(files, random.Random(seed)), time.process_time()
        try:
            read_network(data)
            outcomes["read"] += 1
        except UserError:
            outcomes["refused"] += 1
        except Exception as error:  # noqa: BLE001 - the seed is what a person needs to see
            pytest.fail(f"seed {seed}: {error!r}")
        assert time.process_time() - began < _SECONDS_A_CASE, f"seed {seed}"

    assert min(outcomes.values()) > CASES // 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _GROWTH_KIB


@_examples
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"\x80\x04", b"\x80\x02}("):
        try:
            read_network(start + data)
        except UserError:
            continue


def _text(text: str) -> bytes:
    return b"\x8c" + struct.pack("<B", len(text.encode())) + text.encode()


_pieces = st.one_of(
    st.sampled_from([bytes([code]) for code in b"(012NtlaesudR)]}b"] + [bytes([c]) for c in range(0x85, 0x8A)]),
    st.sampled_from(
        [b"\x81", b"\x8f", b"\x90", b"\x91", b"\x94", b"h\x00", b"h\x01", b"q\x00", b"I01\n", b"I7\n", b"F1.5\n"]
    ),
    st.integers(0, 255).map(lambda number: b"K" + bytes([number])),
    st.text("ab", max_size=3).map(_text),
    st.binary(max_size=3).map(lambda data: b"B" + struct.pack("<I", len(data)) + data),
)
_names = st.sampled_from(sorted(NETWORK_NAMES)).map(lambda pair: f"c{pair[0]}\n{pair[1]}\n".encode())


@_examples
@given(st.lists(st.one_of(_pieces, _pieces, _names), max_size=40))
def test_any_instructions_are_followed_or_refused(pieces: list[bytes]) -> None:
    try:
        run_pickle(b"\x80\x04" + b"".join(pieces) + b".", NETWORK_NAMES)
    except UnsafeFile:
        return


_CLOSERS = (b"t", b"l", b"d", b"e", b"u", b"\x90", b"\x91")
_harmless = _pieces.filter(lambda piece: piece not in (b"R", b"b", b"\x81", b"0", b"1"))


@settings(_examples, max_examples=500)
@given(st.lists(_harmless, max_size=25))
def test_what_is_accepted_means_what_python_reads(pieces: list[bytes]) -> None:
    """Without names and calls Python's own reader is harmless, and an independent oracle."""
    still_open = 1 + pieces.count(b"(") - sum(piece in _CLOSERS for piece in pieces)
    data = b"\x80\x04(" + b"".join(pieces) + b"t" * still_open + b"."
    try:
        value, end = run_pickle(data, ())
    except UnsafeFile:
        return

    assert end == len(data)
    assert repr(_with_bytes(value)) == repr(pickle.loads(data))


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(-5, 5), inner)
        | st.sets(st.integers(0, 9))
        | st.frozensets(st.text("ab", max_size=2))
    ),
    max_leaves=20,
)


@_examples
@given(_plain, st.integers(3, 5))
def test_plain_values_come_back_as_python_wrote_them(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    allowed = {("builtins", "set"), ("builtins", "frozenset")}

    read, end = run_pickle(data, allowed)

    assert end == len(data)
    if protocol >= 4:
        assert repr(_with_bytes(read)) == repr(pickle.loads(data))


@_examples
@given(st.data())
def test_damaged_storages_are_read_or_refused(data: st.DataObject) -> None:
    import numpy as np

    stream = bytearray(storage_stream(np.arange(4, dtype=np.float32)))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_storage(bytes(stream)).ndim == 1
    except UnsafeFile:
        return


def _with_bytes(value: Any, depth: int = 0) -> Any:
    """Return `value` with views turned into the bytes they show."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, list | tuple) and depth < 30:
        return type(value)(_with_bytes(item, depth + 1) for item in value)
    if isinstance(value, dict) and depth < 30:
        return {key: _with_bytes(item, depth + 1) for key, item in value.items()}
    return value
