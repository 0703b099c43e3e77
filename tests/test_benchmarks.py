"""The benchmark scripts keep running: small stages, as a person starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "engine.py"), *arguments],
        capture_output=True, text=True, encoding="utf-8", timeout=200, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_the_entropy_stage_runs_agrees_with_its_peer_and_reports_consistent_ratios(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="scikit-image, the peer of this stage, is not installed")
    done = benchmark("--quick", "--only", "entropy", "--markdown", "--json", str(tmp_path / "rows.json"))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))["rows"]
    assert {row["peer"] for row in rows} == {"scikit-image"}
    assert len(rows) == 2
    for row in rows:
        assert row["difference"] < 1e-9
        assert 0 < row["ratio_low"] <= row["ratio"] <= row["ratio_high"]
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(rows)
    assert len({line.count("|") for line in table}) == 1


def test_a_median_of_fewer_than_three_rounds_is_refused() -> None:
    done = benchmark("--rounds", "2")
    assert done.returncode == 2
    assert "at least 3 rounds" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_files_to_numbers_equals_torch_fidelity_with_the_same_weight_files() -> None:
    """Inception Score, FID, KID, precision and recall from two folders of images, both programs end to end."""
    pytest.importorskip("torch_fidelity", reason="torch-fidelity, the reference, is not installed")
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "parity.py"), "--tiles", "12", "--side", "64", "--subset-size", "8"],
        capture_output=True, text=True, encoding="utf-8", timeout=580, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len([line for line in done.stdout.splitlines() if "·" in line]) == 6
