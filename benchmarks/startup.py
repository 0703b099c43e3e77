"""How long the window takes to appear: the standalone program against a run from source, in turns.

    python benchmarks/startup.py build/installer/stage/planetview --rounds 7

The first round of each is thrown away: it reads gigabytes from the disk. Seconds by the clock from the start of the
process to a visible window under Xvfb, and seconds of the processor that the process had used by then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packaging"))

import smoke_window  # noqa: E402

LIMIT = 1.5


def measure(words: Sequence[str], home: Path) -> tuple[float, float]:
    """Start `words`, wait for the window; return (seconds by the clock, seconds of the processor)."""
    with smoke_window.x_display() as display:
        environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "DISPLAY": display}
        began = time.perf_counter()
        program = subprocess.Popen(list(words), env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            smoke_window.until_visible(environment)
            clock = time.perf_counter() - began
            fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
            return clock, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        finally:
            program.terminate()
            program.wait(20)


def main() -> int:
    """Print the medians and their ratio; return 1 when the ratio of processor time is above the limit."""
    parser = argparse.ArgumentParser(description="Start-up time of the window.")
    parser.add_argument("folder", type=Path, help="the built folder")
    parser.add_argument("--python", default=sys.executable, help="Python of the run from source")
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    programs = {
        "source": [chosen.python, str(ROOT / "main.py")],
        "standalone": [str(chosen.folder.resolve() / "planetview-gui")],
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory(prefix="planetview-startup-") as home:
        for turn in range(chosen.rounds + 1):
            for name, words in programs.items():
                seconds = measure(words, Path(home))
                if turn:
                    taken[name].append(seconds)
    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in taken.items()}
    for name, (clock, processor) in medians.items():
        print(
            f"{name:<12}{clock:6.2f} s by the clock  {processor:6.2f} s of the processor  (median of {chosen.rounds})"
        )
    ratios = [standalone / source for standalone, source in zip(medians["standalone"], medians["source"], strict=True)]
    print(f"standalone / source: {ratios[0]:.2f} by the clock, {ratios[1]:.2f} of the processor; the limit is {LIMIT}")
    return int(ratios[1] > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
