"""Writes a tiny ONNX generator by hand, so that tests need onnxruntime alone."""

from __future__ import annotations

import numpy as np


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind = {"float32": 1, "int64": 7}[str(array.dtype)]
    dims = b"".join(_number(1, side) for side in array.shape)
    return dims + _number(2, kind) + _bytes(8, name) + _bytes(9, array.tobytes())


def _value(name: str, shape: list[int | str]) -> bytes:
    sides = b"".join(_bytes(1, _bytes(2, side) if isinstance(side, str) else _number(1, side)) for side in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, sides)))


def _node(kind: str, inputs: list[str], output: str, domain: str = "") -> bytes:
    return b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(4, kind) + _bytes(7, domain)


def onnx_generator(weight: np.ndarray, side: int, batch: int | str = "batch", domain: str = "") -> bytes:
    """Return a graph: images (batch, 3, side, side) = tanh(z @ weight); weight: (z_dim, 3 * side**2) float32."""
    shape = np.array([-1, 3, side, side], dtype=np.int64)
    graph = (
        _bytes(1, _node("MatMul", ["z", "weight"], "flat", domain))
        + _bytes(1, _node("Tanh", ["flat"], "squashed"))
        + _bytes(1, _node("Reshape", ["squashed", "shape"], "image"))
        + _bytes(2, "generator")
        + _bytes(5, _tensor("weight", weight))
        + _bytes(5, _tensor("shape", shape))
        + _bytes(11, _value("z", [batch, len(weight)]))
        + _bytes(12, _value("image", [batch, 3, side, side]))
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, "") + _number(2, 17))
