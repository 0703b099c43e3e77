"""Python values through the pipe to a child process, without holding this process's interpreter lock for long.

Pickling 100 MB of arrays and records in one call copies them under the lock. A pipe that is read in the pieces in which
it fills gives the lock back and takes it again every 0.1 ms, which starves a thread that waits for it: the window stood
still for 60 ms. Here large parts are copied by the system alone, many in one call.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from planetview.core.collecting import collector_held_back

# What is smaller costs less inside the pickle than as a part of its own.
_PART_BYTES = 16 * 1024
# The system takes 1,024 parts in one call at most.
_PARTS_AT_ONCE = 512
_BYTES_AT_ONCE = 64 * 1024**2
# A pipe of Windows is no socket, and reads a whole message in one call; those of 32 MiB it may refuse.
_HAS_SOCKETS = hasattr(socket.socket, "recvmsg_into")
_MESSAGE_BYTES = 16 * 1024**2


def send(connection: Connection, value: Any) -> None:
    """Send a value that can be pickled; `receive` returns it at the other end.

    Raises what pickling raises, with nothing sent then; OSError when the other end is gone.
    """
    parts: list[memoryview] = []

    def is_kept_in(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= _PART_BYTES:
            parts.append(raw)
        return raw.nbytes < _PART_BYTES

    with collector_held_back():
        pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=is_kept_in)
    parts.insert(0, memoryview(pickled))
    connection.send_bytes(pickle.dumps([part.nbytes for part in parts]))
    if _HAS_SOCKETS:
        with _Stream(connection) as stream:
            stream.send(parts)
    else:
        for piece in _pieces(parts):
            connection.send_bytes(piece)


def receive(connection: Connection) -> Any:
    """Return the next value that `send` sent; arrays are read-only where they were. Blocks until it is there.

    Raises EOFError or OSError when the other end is gone. Only for a child of this very program: what arrives is
    unpickled.
    """
    sizes: list[int] = pickle.loads(connection.recv_bytes())  # noqa: S301 - our own child or parent wrote it
    # Not bytearrays: those would be filled with zeros first, under the lock.
    parts = [np.empty(size, np.uint8) for size in sizes]
    views = [part.data for part in parts]
    if _HAS_SOCKETS:
        with _Stream(connection) as stream:
            stream.receive(views)
    else:
        for piece in _pieces(views):
            connection.recv_bytes_into(piece)
    pickled, *buffers = views
    with collector_held_back():
        return pickle.loads(pickled, buffers=buffers)  # noqa: S301


class _Stream:
    """The socket under a pipe of both directions; in one call it moves as much as it is told."""

    def __init__(self, connection: Connection) -> None:
        self._socket = socket.socket(fileno=connection.fileno())

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_error: object) -> None:
        # The file stays the connection's.
        self._socket.detach()

    def send(self, parts: Iterable[memoryview]) -> None:
        for some in _portions(parts):
            left = some
            while left:
                left = _behind(left, self._socket.sendmsg(left))

    def receive(self, parts: Iterable[memoryview]) -> None:
        for some in _portions(parts):
            left = some
            while left:
                received = self._socket.recvmsg_into(left, 0, socket.MSG_WAITALL)[0]
                if not received:
                    raise EOFError
                left = _behind(left, received)


def _pieces(parts: Iterable[memoryview]) -> Iterator[memoryview]:
    """Yield the parts cut into messages that a pipe of Windows takes."""
    for part in parts:
        for start in range(0, part.nbytes, _MESSAGE_BYTES):
            yield part[start : start + _MESSAGE_BYTES]


def _portions(parts: Iterable[memoryview]) -> Iterator[list[memoryview]]:
    """Yield the parts in order, few enough at once and not too many bytes."""
    some: list[memoryview] = []
    room = _BYTES_AT_ONCE
    for part in parts:
        rest = part
        while rest:
            some.append(rest[:room])
            room -= some[-1].nbytes
            rest = rest[some[-1].nbytes :]
            if not room or len(some) == _PARTS_AT_ONCE:
                yield some
                some, room = [], _BYTES_AT_ONCE
    if some:
        yield some


def _behind(parts: list[memoryview], done: int) -> list[memoryview]:
    """Return what is left of `parts` behind their first `done` bytes."""
    for number, part in enumerate(parts):
        if done < part.nbytes:
            return [part[done:], *parts[number + 1 :]]
        done -= part.nbytes
    return []
