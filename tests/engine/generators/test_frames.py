"""Frames between processes: numbers come back bit by bit, and nothing else is accepted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from planetview.engine.generators.frames import pack, unpack


def test_arrays_come_back_bit_by_bit() -> None:
    rng = np.random.default_rng(0)
    sent = [
        rng.standard_normal((2, 3, 4)).astype(np.float32),
        np.array([[np.nan, -np.inf]], np.float16),
        rng.integers(0, 255, (3, 5), dtype=np.uint8)[:, ::2],
        np.float64(3.5).reshape(()),
        np.zeros((0, 7), np.int64),
    ]
    header, arrays = unpack(pack({"part": "full"}, sent))
    assert header == {"part": "full"}
    for a, b in zip(sent, arrays, strict=True):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


def test_objects_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="object"):
        pack({}, [np.array([{}])])


def _frame(told: object, content: bytes = b"") -> bytes:
    text = json.dumps(told).encode()
    return len(text).to_bytes(4, "little") + text + content


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xff\xff\xff{}",
        _frame([]),
        _frame({"arrays": []}),
        _frame({"header": {}, "arrays": {}}),
        _frame({"header": {}, "arrays": [["object", [1]]]}, b"12345678"),
        _frame({"header": {}, "arrays": [["float32", [2**62, 4]]]}, b"1234"),
        _frame({"header": {}, "arrays": [["float32", [-1]]]}),
        _frame({"header": {}, "arrays": [["float32", [1.0]]]}, b"1234"),
        _frame({"header": {}, "arrays": [["float32", [True]]]}, b"1234"),
        _frame({"header": {}, "arrays": [["float32", [1]]]}, b"12345"),
        _frame({"header": {}, "arrays": [["float32", [1]]]}, b"123"),
        _frame({"header": {}, "arrays": [["uint8", [0] * 9]]}),
        _frame({"header": {}, "arrays": [["uint8", [0]]] * 17}),
    ],
)
def test_frames_that_do_not_fit_are_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|array|Expecting|utf"):
        unpack(frame)
