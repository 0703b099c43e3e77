"""`planetview models` as a person meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from planetview.cli import main
from planetview.core.catalogue import WEIGHTS
from tests.engine.weight_files import official_alexnet_heads


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planetview.engine.weights.places._in_package", lambda package, inside: iter(()))


def test_the_list_names_every_network_its_state_and_what_needs_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines if line}
    for spec in WEIGHTS.values():
        assert "missing" in rows[spec.id]
        assert spec.licence in rows[spec.id]
        assert ", ".join(spec.used_by) in rows[spec.id]
    assert "about 527.8 MiB" in rows["torchvision-vgg16"]
    assert any("models fetch" in line for line in lines)


def test_the_list_as_json_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in rows] == list(WEIGHTS)
    assert {row["state"] for row in rows} == {"missing"}
    assert rows[0]["used_by"] == ["inception-tf1", "inception-clean", "inception-ptf"]
    assert rows[0]["advice"] == "Get it with: planetview models fetch inception-2015-12-05"


def test_the_list_does_not_wait_for_torch(planetview_home: Path) -> None:
    code = (
        "import sys; from planetview.cli import main; main(['models', 'list', '--json']);"
        "print([n for n in ('torch', 'ssl', 'stlpips_pytorch', 'lpips') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_import_refuses_accepts_packs_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                                   monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    file = str(official_alexnet_heads(tmp_path))
    assert main(["models", "import", file, "-q"]) == 2
    refused = capsys.readouterr().out
    assert refused.startswith("no  lpips-alex:")
    assert "--accept-unknown --as lpips-alex" in refused
    assert main(["models", "import", "--accept-unknown", "--as", "lpips-alex", file, "-q"]) == 0
    assert capsys.readouterr().out.startswith("ok  lpips-alex:")
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    assert "lpips-alex: Weights lpips-alex: alex.pth was accepted by the user" in listed
    assert main(["models", "verify", "-q"]) == 0
    pack = str(tmp_path / "pack.zip")
    assert main(["models", "pack", pack, "-q"]) == 0
    monkeypatch.setenv("PLANETVIEW_HOME", str(tmp_path / "other-computer"))
    assert main(["models", "import", pack, "-q"]) == 2
    assert main(["models", "import", pack, "--accept-unknown", "-q"]) == 0
    assert main(["models", "verify", "lpips-alex", "-q"]) == 0
    assert main(["models", "verify", "dreamsim", "-q"]) == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["models", "fetch", "vgg"], "no weights called 'vgg'"),
        (["models", "import"], "Name a file"),
        (["models", "import", "/nowhere/at/all"], "nothing at"),
        (["models", "pack", "p"], "no weights to pack"),
        (["models", "fetch", "lpips-alex"], "is not on the network"),
    ],
)
def test_a_wrong_request_is_answered_in_words(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert word in capsys.readouterr().err


def test_known_caches_are_searched_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = tmp_path / "torch" / "hub" / "checkpoints"
    checkpoints.mkdir(parents=True)
    official_alexnet_heads(checkpoints)
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "empty"))
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert main(["models", "import", "--caches", "-q"]) == 2
    assert "lpips-alex" in capsys.readouterr().out
