"""Child processes that disturb nobody, and are not disturbed in their first moments."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator

# Enough for a window that mostly waits; at 10 the engine would starve beside another program that computes.
_NICE = 5
_BELOW_NORMAL = 0x4000


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """Start a child in this context with SIGINT blocked: Ctrl+C during its first moments would print a traceback.

    Does nothing where the system has no signal masks.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def give_way() -> None:
    """Let this process, a child of the window, run behind the window's own work.

    Networks take every core; the window must get one the moment it has something to draw. Where nothing else wants
    the cores, the child is as fast as ever.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    elif sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL)
