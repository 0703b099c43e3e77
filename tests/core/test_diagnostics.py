"""What leaves the computer with a report of a fault: enough to find it, nothing of one's own."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest

import planetview
from planetview.core.diagnostics import redacted, save_diagnostics
from planetview.core.errors import UserError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANETVIEW_HOME", str(tmp_path / "home"))
    for name in ("logs", "config"):
        (tmp_path / "home" / name).mkdir(parents=True)
    return tmp_path / "home"


def contents(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_versions_logs_and_settings_are_there_and_recent_studies_are_not(home: Path, tmp_path: Path) -> None:
    (home / "logs" / "planetview.log").write_text("12:00 ERROR cannot read '/secret place/mars 7.png'\n")
    (home / "logs" / "crash.log").write_text("Fatal Python error: Segmentation fault\n")
    (home / "config" / "preferences.json").write_text(json.dumps({"theme": "dark", "recent": ["/secret/a.planetview"]}))

    save_diagnostics(tmp_path / "out.zip", "2 screens")

    found = contents(tmp_path / "out.zip")
    assert f"PlanetView {planetview.__version__}" in found["versions.txt"]
    assert "numpy " in found["versions.txt"]
    assert found["window.txt"] == "2 screens"
    assert json.loads(found["preferences.json"]) == {"theme": "dark"}
    assert "Segmentation fault" in found["logs/crash.log"]
    assert found["logs/planetview.log"] == "12:00 ERROR cannot read '<hidden>.png'\n"
    assert "secret" not in "".join(found.values())


def test_only_the_end_of_a_long_log_is_taken(home: Path, tmp_path: Path) -> None:
    (home / "logs" / "planetview.log").write_text("old\n" + "x" * 600_000 + "\nnew\n")

    save_diagnostics(tmp_path / "out.zip")

    log = contents(tmp_path / "out.zip")["logs/planetview.log"]
    assert log.endswith("new\n")
    assert "old" not in log


def test_without_logs_and_settings_the_file_is_still_written(home: Path, tmp_path: Path) -> None:
    save_diagnostics(tmp_path / "out.zip")
    assert contents(tmp_path / "out.zip")["preferences.json"] == "{}\n"


def test_a_place_that_cannot_be_written_is_told(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError):
        save_diagnostics(tmp_path / "file" / "out.zip")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("read /data/mission/img_1.png now", "read <hidden>.png now"),
        ("read 'C:\\Users\\ann\\My sets\\a.tif'", "read '<hidden>.tif'"),
        ("scan //server/share/sol12", "scan <hidden>"),
        ("12 images/s, 3 / 4, ~/x", "12 images/s, 3 / 4, ~/x"),
        ("2026-01-02 and 1/2", "2026-01-02 and 1/2"),
    ],
)
def test_paths_are_hidden_and_rates_are_not(text: str, kept: str) -> None:
    assert redacted(text) == kept


def test_tracebacks_still_lead_into_the_program() -> None:
    own = Path(planetview.__file__).parent / "core" / "stats.py"
    library = Path(sys.prefix) / "lib" / "numpy" / "x.py"
    assert (
        redacted(f'File "{own}", line 3') == f'File "<planetview>{own.anchor[-1]}core{own.anchor[-1]}stats.py", line 3'
    )
    assert redacted(f'File "{library}", line 4').startswith('File "<python>')
