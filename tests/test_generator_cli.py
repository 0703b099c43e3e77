"""`planetview generator`, `sample` and `path-length` as a person meets them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from planetview.cli import main
from planetview.core.models import WeightStatus
from planetview.engine.weights import weight_state
from tests.engine.generators.networks import stylegan2
from tests.engine.generators.pickles import write_network_pickle

needs_st_lpips = pytest.mark.skipif(
    weight_state("st-lpips-vgg").status is not WeightStatus.PRESENT, reason="the ST-LPIPS weights are not installed"
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    state, settings = stylegan2(64, (4, 4, 4, 4, 4), c_dim=2)
    return str(write_network_pickle(tmp_path_factory.mktemp("network") / "terrain.pkl", state, settings))


def test_a_generator_is_told_and_copied(network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generator", network, "--save-copy", str(tmp_path / "safe")]) == 0
    shown = capsys.readouterr().out
    for words in ("stylegan2", "64 x 64, colour", "10 rows of 5", "sha256", "source code PlanetView does not know"):
        assert words in shown
    copy = tmp_path / "safe.safetensors"
    assert main(["generator", str(copy), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["classes"], told["resolution"]) == ("stylegan2", 2, [64, 64])


def test_images_are_sampled_with_the_classes_of_a_training_set(
    network: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "dataset.json"
    labels.write_text(json.dumps({"labels": [["a.png", 0], ["b.png", 0]]}))
    out = tmp_path / "gan"
    arguments = ["sample", network, "3", str(out), "--seed", "7", "--labels", str(labels), "-q"]
    assert main(arguments) == 0
    assert "3 images in" in capsys.readouterr().out
    assert sorted(path.name for path in out.glob("*.png")) == [f"seed00000{i}.png" for i in (7, 8, 9)]
    assert {label for _, label in json.loads((out / "dataset.json").read_text())["labels"]} == {0}
    assert main(arguments) == 0
    assert "3 of them there already" in capsys.readouterr().out
    assert main(["sample", network, "3", str(out), "--seed", "7", "-q"]) == 2
    assert "made otherwise (classes)" in capsys.readouterr().err


@needs_st_lpips
def test_path_lengths_are_printed_with_what_names_them(network: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = torch.get_num_threads()
    arguments = ["path-length", network, "--distance", "st-lpips-vgg", "--samples", "3", "--device", "cpu", "-q"]
    arguments += ["--threads", "1", "--variants", "ppl_zend"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    for words in ("PPL z end with ST-LPIPS", "face crop", "(screening)", "seed 2020", "Deviation: classes"):
        assert words in shown
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    torch.set_num_threads(before)
    assert told["values"][0]["variant"] == "ppl-zend-st"
    assert told["values"][0]["n"] == 3
    assert told["values"][0]["value"] > 0


def test_the_published_distance_without_its_weights_names_the_way_out(
    network: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if weight_state("torchvision-vgg16").status is WeightStatus.PRESENT:
        pytest.skip("the weights of VGG-16 are here")
    assert main(["path-length", network, "--samples", "2", "-q"]) == 2
    shown = capsys.readouterr().err
    assert "models fetch torchvision-vgg16; or use --distance st-lpips-vgg" in shown


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["path-length", "x.pkl", "--variants", "ppl"], "no path length called 'ppl'"),
        (["path-length", "x.pkl", "--distance", "psnr"], "no distance called 'psnr'"),
        (["sample", "x.pkl", "2", "out", "--noise", "pink"], "no noise called 'pink'"),
        (["sample", "x.pkl", "2", "out", "--labels", "no.json"], "Cannot read the labels 'no.json'"),
        (["sample", "x.pkl", "0", "out"], "Invalid value"),
        (["generator", "nowhere.pkl"], "Cannot read 'nowhere.pkl'"),
    ],
)
def test_wrong_requests_end_with_a_sentence(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert word in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    "text", ["[]", '{"labels": []}', '{"labels": [["a.png", [0.5, 1.0]]]}', "{", '{"labels": [1]}']
)
def test_labels_that_are_no_classes_are_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dataset.json").write_text(text)
    assert main(["sample", "x.pkl", "2", "out", "--labels", str(tmp_path / "dataset.json")]) == 2
    assert "Cannot read the labels" in capsys.readouterr().err


def test_a_program_runs_only_after_it_was_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "program.pt"
    with zipfile.ZipFile(program, "w") as archive:
        archive.writestr("program/constants.pkl", b"")
        archive.writestr("program/code/forward.py", b"")
    assert main(["sample", str(program), "1", str(tmp_path / "out"), "-q"]) == 2
    shown = capsys.readouterr().err
    assert "is a TorchScript file: a program" in shown
    assert f"planetview generator --trust '{program}'" in shown


def test_the_help_does_not_wait_for_torch(planetview_home: Path) -> None:
    code = (
        "import sys\nfrom planetview.cli import main\nmain(['sample', '--help'])\n"
        "print([n for n in ('torch', 'scipy', 'safetensors') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
