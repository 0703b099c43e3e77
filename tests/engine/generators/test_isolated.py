"""A file is read in a process of its own, which dies with its time, its memory or its owner."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.engine.generators.isolated import Bounds, read_isolated
from planetview.engine.generators.network_file import read_network_file
from planetview.engine.pickle_machine import UnsafeFile
from tests.engine.generators import pickles
from tests.patience import SOON_S


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return pickles.write_network_pickle(tmp_path / "network.pkl", *pickles.tiny_network(), numpy_attributes=True)


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """Return a file that takes seconds to read: almost as many steps as are allowed."""
    path = tmp_path / "slow.pkl"
    path.write_bytes(b"\x80\x04" + b"N0" * 2_400_000 + b"N.")
    return path


def readers() -> list[int]:
    """Return the process ids of the readers that this process still has."""
    return [child.pid or 0 for child in multiprocessing.active_children() if child.name == "planetview-reader"]


def test_the_same_network_comes_back(network: Path) -> None:
    there, here = read_isolated(network), read_network_file(network)

    assert there.generator.describe() == here.generator.describe()
    assert (there.path, there.sha256, there.bytes) == (here.path, here.sha256, here.bytes)
    assert (there.source, there.source_digests, there.warnings) == (here.source, here.source_digests, here.warnings)
    tensors = there.generator.flatten()
    assert list(tensors) == list(here.generator.flatten())
    for name, array in here.generator.flatten().items():
        assert (tensors[name].dtype, tensors[name].shape) == (array.dtype, array.shape)
        assert tensors[name].tobytes() == array.tobytes()
    assert list(there.generator.children["mapping"].buffers) == ["w_avg"]
    assert readers() == []


def test_a_refusal_comes_back_with_its_words_and_kind(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(b"cos\nsystem\n(Vid\ntR.")
    with pytest.raises(UnsafeFile, match=r"asks Python to run 'os\.system'"):
        read_isolated(path)

    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UserError, match="a PNG image") as refused:
        read_isolated(path)
    assert not isinstance(refused.value, UnsafeFile)


def test_a_missing_file_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Cannot read"):
        read_isolated(tmp_path / "missing.pkl")


def test_cancelling_ends_the_reading(slow: Path) -> None:
    token, cancelled = CancelToken(), []

    def cancel() -> None:
        cancelled.append(time.monotonic())
        token.cancel()

    timer = threading.Timer(0.7, cancel)
    timer.start()
    with pytest.raises(Cancelled):
        read_isolated(slow, token.check)

    assert time.monotonic() - cancelled[0] < SOON_S
    assert readers() == []
    timer.join()


def test_a_reading_that_takes_too_long_is_ended(slow: Path) -> None:
    with pytest.raises(UserError, match="took too long"):
        read_isolated(slow, bounds=Bounds(seconds=0.3))

    assert readers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_file_that_takes_more_memory_than_its_size_explains_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(b"\x80\x04]\x94" + b"(" + b"\x8f" * 150_000 + b"e" + (b"(" + b"\x8f" * 150_000 + b"e") * 5 + b".")

    with pytest.raises(UnsafeFile, match="more memory than its size explains"):
        read_isolated(path, bounds=Bounds(spare_bytes=64 * 2**20))


def _read_as_daemon(connection: Connection, path: str) -> None:
    connection.send(read_isolated(Path(path)).sha256)


def test_the_engines_own_process_may_read_too(network: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    daemon = context.Process(target=_read_as_daemon, args=(theirs, os.fspath(network)), daemon=True)
    daemon.start()
    theirs.close()

    assert ours.recv() == read_network_file(network).sha256

    daemon.join(10)
    ours.close()
    assert daemon.exitcode == 0
