"""A module whose import waits until the file named by PLANETVIEW_TEST_GATE is there; stands for a large library."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_gate = Path(os.environ["PLANETVIEW_TEST_GATE"])
_gate.with_suffix(".begun").touch()
while not _gate.exists():
    threading.Event().wait(0.02)
_gate.with_suffix(".loaded").touch()
