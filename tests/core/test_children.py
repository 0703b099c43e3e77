"""A child of the window gives way to it."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection

import pytest

from planetview.core.children import give_way


def tell_priority(connection: Connection) -> None:
    """Give way and say how far."""
    give_way()
    connection.send(os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has other words for priorities")
def test_a_child_that_gives_way_runs_behind_the_window_but_not_behind_everything() -> None:
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=tell_priority, args=(theirs,))
    child.start()
    assert ours.poll(60)

    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert ours.recv() == min(19, own + 5)
    child.join()
