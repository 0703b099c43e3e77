"""What goes through the pipe of a child process arrives whole, in few calls of the system, and is copied but once."""

from __future__ import annotations

import multiprocessing
import pickle
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planetview.core import channel
from planetview.core.datasets import Dataset, ImageRecord, Role, SourceKind


def images(count: int) -> Dataset:
    """Return a set of `count` images."""
    records = tuple(
        ImageRecord(f"{i:06}.png", Path(f"/set/{i:06}.png"), None, None, f"{i:064x}", i, 24, 24, 1, "uint8")
        for i in range(count)
    )
    return Dataset("set", Role.CANDIDATE, Path("/set"), SourceKind.FOLDER, records)


@contextmanager
def at_once(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in a thread: a pipe holds less than what a large value takes."""
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    """Return both ends of a pipe."""
    ends = multiprocessing.Pipe()
    yield ends
    for end in ends:
        end.close()


def through(pipe: tuple[Connection, Connection], value: Any) -> Any:
    """Return what arrives of a value."""
    with at_once(lambda: channel.send(pipe[0], value)):
        return channel.receive(pipe[1])


@pytest.mark.parametrize("has_sockets", [True, False])
def test_values_small_and_large_arrive_as_they_were(
    pipe: tuple[Connection, Connection], has_sockets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_sockets and not channel._HAS_SOCKETS:
        pytest.skip("the pipes of this system are no sockets")
    monkeypatch.setattr(channel, "_HAS_SOCKETS", has_sockets)
    monkeypatch.setattr(channel, "_MESSAGE_BYTES", 100_000)
    monkeypatch.setattr(channel, "_BYTES_AT_ONCE", 1_000_000)
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((0,), (3,), (700, 900), (2_000_000,))]
    arrays += [arrays[2][::2, ::3], np.asfortranarray(arrays[2])]
    value = {"set": images(3_000), "text": "a" * 300_000, "small": (1, None, b"\0")}

    found, found_arrays = through(pipe, (value, arrays))

    assert found == value
    for array, other in zip(arrays, found_arrays, strict=True):
        np.testing.assert_array_equal(array, other)
    assert through(pipe, "and the next") == "and the next"


def test_arrays_that_nobody_may_change_are_such_at_the_other_end(pipe: tuple[Connection, Connection]) -> None:
    fixed, free = np.arange(100_000), np.arange(100_000)
    fixed.flags.writeable = False

    after = through(pipe, (fixed, free))

    assert [array.flags.writeable for array in after] == [False, True]


def test_what_cannot_be_pickled_is_told_and_sends_nothing(pipe: tuple[Connection, Connection]) -> None:
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        channel.send(pipe[0], (np.zeros(100_000), threading.Lock()))

    assert not pipe[1].poll()


def test_an_end_that_goes_away_in_the_middle_of_a_value_is_noticed(pipe: tuple[Connection, Connection]) -> None:
    ours, theirs = pipe

    def begin_and_go() -> None:
        theirs.send_bytes(pickle.dumps([1_000_000]))
        theirs.send_bytes(b"only this")
        theirs.close()

    with at_once(begin_and_go), pytest.raises((EOFError, OSError)):
        channel.receive(ours)


@pytest.mark.skipif(not channel._HAS_SOCKETS, reason="the pipes of this system are no sockets")
def test_very_many_images_move_in_few_calls_that_each_leave_the_lock_to_others(
    pipe: tuple[Connection, Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    class Counted(socket.socket):
        def recvmsg_into(self, buffers: Sequence[Any], *rest: int) -> Any:  # type: ignore[override]
            calls.append(sum(buffer.nbytes for buffer in buffers))
            return super().recvmsg_into(buffers, *rest)

    monkeypatch.setattr(socket, "socket", Counted)
    value = (images(20_000), np.zeros((20_000, 50)))

    after = through(pipe, value)

    assert after[0] == value[0]
    # Read as the pipe fills it were some hundred.
    assert len(calls) <= 4
    assert max(calls) > 8_000_000


def test_the_records_of_a_large_set_are_not_copied_into_the_pickle() -> None:
    parts: list[memoryview] = []
    whole = pickle.dumps(images(20_000), 5, buffer_callback=lambda buffer: parts.append(buffer.raw()))

    assert len(whole) < 10_000
    assert max(part.nbytes for part in parts) < 200_000
    assert pickle.loads(whole, buffers=parts) == images(20_000)
