"""A power cut in the middle of a run loses nothing finished and changes no number."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.samples import write_tiles

CHILD = [sys.executable, "-m", "tests.engine._compare_child"]
ROOT = Path(__file__).resolve().parents[2]

# Seven interpreters with torch, three of them in the first test: 49 s in all on two busy cores.
pytestmark = pytest.mark.timeout(300)


def start(folder: Path, store: Path) -> subprocess.Popen[str]:
    command = [*CHILD, str(folder), str(store)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(folder: Path, store: Path) -> tuple[list[str], int]:
    """Run to the end and return (value lines, images computed)."""
    with start(folder, store) as child:
        lines = (child.communicate()[0] or "").splitlines()
    assert child.returncode == 0, "\n".join(lines[-20:])
    values = [line for line in lines if line.startswith("value ")]
    return values, int(next(line for line in lines if line.startswith("computed ")).split()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("killed")
    for seed, (name, count) in enumerate((("train", 14), ("test", 10), ("noise", 10))):
        write_tiles(root / name, count, seed=seed)
    return root


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    values, computed = finish(folder, tmp_path_factory.mktemp("whole") / "s.sqlite")
    assert computed == 34
    return values


@pytest.mark.parametrize("stage", ["at features/vgg16-st/test", "at distribution", "at pairs/noise"])
def test_a_killed_run_continues_and_ends_with_the_same_numbers(
    folder: Path, undisturbed: list[str], tmp_path: Path, stage: str
) -> None:
    store = tmp_path / "s.sqlite"
    with start(folder, store) as child:
        assert child.stdout is not None
        seen = []
        for line in child.stdout:
            seen.append(line)
            if line.startswith(stage):
                break
        assert seen[-1].startswith(stage), "".join(seen[-20:])
        child.kill()

    values, computed = finish(folder, store)

    assert values == undisturbed
    assert computed < 34
