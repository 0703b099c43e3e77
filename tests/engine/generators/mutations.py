"""Valid network files, and seeded ways to damage them."""

from __future__ import annotations

import random
import struct

import numpy as np

from tests.engine.generators import pickles

_EXTREMES = (
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    struct.pack("<q", -1),
    struct.pack("<Q", 2**63 - 1),
)
_INSTRUCTIONS = bytes(range(0x80, 0x98)) + b"(.012FIJKLMNPQRSTUVXGabcdeghijlopqrstu)]}BC"


def valid_files() -> list[bytes]:
    """Return small network files of every protocol, with every kind of tensor and setting."""
    state, attributes = pickles.tiny_network()
    files = [
        pickles.network_pickle(state, attributes, protocol=protocol, numpy_attributes=protocol != 3)
        for protocol in range(6)
    ]
    small = {"a": np.arange(4, dtype=np.int64), "b": np.ones((1, 2, 1, 2), np.float16), "c": np.array([True, False])}
    root = {".": {"class_name": "Generator", "size": [1, 2], "gain": 0.5, "names": ["x", "y"]}}
    for protocol in (2, 4, 5):
        files.append(
            pickles.network_pickle(
                small, root, protocol=protocol, numpy1=True, numpy_attributes=True, convert=pickles.channels_last
            )
        )
    return files


def mutate(files: list[bytes], rng: random.Random) -> bytes:
    """Return one of `files` with one to three kinds of damage."""
    data = bytearray(rng.choice(files))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_DAMAGES)(data, files, rng)
    return bytes(data)


def _flip_bits(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _remove(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    begin = rng.randrange(len(data) + 1)
    del data[begin : begin + rng.choice((1, 2, 8, 100))]


def _splice(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    donor = rng.choice(files)
    begin, length = rng.randrange(len(donor)), rng.choice((2, 8, 60, 400))
    place = rng.randrange(len(data) + 1)
    data[place : place + rng.choice((0, length))] = donor[begin : begin + length]


def _repeat(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    begin = rng.randrange(len(data) + 1)
    data[begin:begin] = data[begin : begin + rng.choice((1, 4, 50))] * rng.choice((1, 3, 20))


def _overwrite(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    place, value = rng.randrange(len(data) + 1), rng.choice(_EXTREMES)
    data[place : place + len(value)] = value


def _instruct(data: bytearray, files: list[bytes], rng: random.Random) -> None:
    place = rng.randrange(len(data) + 1)
    data[place : place + rng.randrange(2)] = bytes([rng.choice(_INSTRUCTIONS)])


_DAMAGES = (_flip_bits, _flip_bits, _cut, _remove, _splice, _repeat, _overwrite, _instruct)
