"""Runs before the program: gives the programs of the computer their own libraries back.

The frozen program finds its libraries through LD_LIBRARY_PATH, which was read when the process started. What it starts
later, a browser for a report, would find ours in place of its own. Copies of itself set everything up anew.
"""

import os
import sys

if sys.platform.startswith("linux"):
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
