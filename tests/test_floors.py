"""Each floor stands without the ones beside it: imported in a fresh interpreter that cannot load them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "planetview"

BLOCKER = """
import importlib, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or any(name == b or name.startswith(b + ".") for b in BLOCKED):
            raise ImportError(f"{name} is blocked on this floor")

sys.meta_path.insert(0, Blocker())
for module in MODULES:
    importlib.import_module(module)
"""


def modules(floor: str) -> list[str]:
    files = sorted((PACKAGE / floor).rglob("*.py"))
    return [".".join(("planetview", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in files]


@pytest.mark.parametrize(
    ("floor", "blocked"),
    [
        ("core", ("torch", "torchvision", "scipy", "PySide6", "shiboken6", "pyqtgraph", "planetview.engine",
                  "planetview.gui", "planetview.report", "rasterio")),
        ("engine", ("PySide6", "shiboken6", "pyqtgraph", "planetview.gui", "planetview.report")),
        ("gui", ("torch", "torchvision", "scipy", "planetview.engine", "planetview.report")),
        ("report", ("torch", "scipy", "PySide6", "pyqtgraph", "planetview.engine", "planetview.gui")),
    ],
)  # fmt: skip
def test_a_floor_loads_with_its_neighbours_blocked(floor: str, blocked: tuple[str, ...]) -> None:
    code = f"BLOCKED = {blocked!r}\nMODULES = {modules(floor)!r}\n{BLOCKER}"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-800:]


def test_no_file_of_the_package_is_longer_than_four_hundred_lines() -> None:
    lengths = {str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}

    assert {name: length for name, length in lengths.items() if length > 400} == {}
