"""Python's search for cycles, kept from objects that are made by the ten thousand and form none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

# A look at 10,000 new objects takes 2 ms.
_MANY_OBJECTS = 10_000


@contextlib.contextmanager
def collector_held_back() -> Iterator[None]:
    """Make objects without a look for cycles among them, nor ever later if they are many.

    A look at the 300,000 objects of 100,000 image records stops every thread of the process for 0.2 s, and Python
    looks several times while it makes them. They still go as soon as nobody holds them.
    """
    was_on = gc.isenabled()
    gc.disable()
    made_before = gc.get_count()[0]
    try:
        yield
    finally:
        # Before the collector is on again: the first thing it would do is look at all of them.
        if gc.get_count()[0] - made_before > _MANY_OBJECTS:
            gc.freeze()
        if was_on:
            gc.enable()
