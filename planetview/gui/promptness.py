"""What lets the window's thread go on the moment it has something to do, while other threads work."""

from __future__ import annotations

import os
import sys

# A turn that calls Qt 30 times while a thread runs Python took 30 ms with 1 ms here, 7 with this; two threads 70 and
# 19. The threads are not slower by what could be measured. Windows counts in whole milliseconds.
_SWITCH_SECONDS = 0.001 if sys.platform == "win32" else 0.0001
_FEW_CORES = 4


def prepare_process() -> None:
    """Set up the process of the window; call before the `QApplication` is made.

    Each call of Qt gives the interpreter lock away, and the thread that has it then keeps it for the switch interval.
    Where the cores are few, Qt paints without helper threads: it waits for them hundreds of times in a turn, behind
    whatever else computes. The environment says otherwise where QT_NO_GUI_THREADPOOL is set already.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    if (os.cpu_count() or 1) <= _FEW_CORES:
        os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
