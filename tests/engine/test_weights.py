"""Where weights lie, whether they are the published ones, how they are loaded."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from planetview.core.catalogue import WEIGHTS
from planetview.core.errors import UserError
from planetview.core.models import WeightStatus
from planetview.engine.weights import MissingWeights, load_weights, weight_identity, weight_state, weight_states
from planetview.engine.weights import places as places_module
from planetview.engine.weights.converted import Origin, read_header
from planetview.engine.weights.importing import import_file, keep
from planetview.engine.weights.layouts import expected
from tests.engine.weight_files import official_alexnet_heads, seeded

HEADS = "lpips-alex"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "weights"
    monkeypatch.setenv(places_module.WEIGHTS_VARIABLE, str(place))
    return place


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


def test_the_files_of_the_installed_packages_are_found_and_verified(folder: Path) -> None:
    for weights_id in ("st-lpips-alex", "st-lpips-vgg", "lpips-alex", "lpips-vgg", "lpips-squeeze"):
        state = weight_state(weights_id)
        if state.status is WeightStatus.MISSING:
            pytest.skip("the packages that carry weights are not installed")
        assert state.status is WeightStatus.PRESENT
        assert state.path is not None
        assert state.digest == sha256(state.path.read_bytes()).hexdigest() == WEIGHTS[weights_id].sources[0].sha256
        assert state.size_bytes == WEIGHTS[weights_id].sources[0].size_bytes
        assert (state.advice, state.note) == ("", "")
        assert {name: tuple(t.shape) for name, t in load_weights(weights_id).tensors.items()} == expected(weights_id)


def test_looking_for_weights_imports_neither_torch_nor_the_packages_that_carry_them() -> None:
    code = (
        "import sys; from planetview.engine.weights import weight_states; weight_states();"
        "print([n for n in ('torch', 'stlpips_pytorch', 'lpips', 'IPython') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("folder", "nothing_installed")
def test_every_missing_network_names_one_action() -> None:
    for state in weight_states():
        assert state.status is WeightStatus.MISSING
        assert state.path is None
        assert state.weights in state.advice or "pip install" in state.advice
    with pytest.raises(MissingWeights, match="not on this computer") as caught:
        load_weights("torchvision-vgg16")
    assert caught.value.hint == "Get it with: planetview models fetch torchvision-vgg16"
    assert isinstance(caught.value, UserError)
    with pytest.raises(MissingWeights):
        weight_identity("torchvision-vgg16")


def test_a_published_file_in_the_folder_is_verified_and_loaded(folder: Path, nothing_installed: None) -> None:
    name = "vgg_shift_tolerant.pth"
    folder.mkdir()
    (folder / name).write_bytes(b"half a download")
    state = weight_state("st-lpips-vgg")
    assert state.status is WeightStatus.WRONG_DIGEST
    assert (state.path, state.digest) == (folder / name, sha256(b"half a download").hexdigest())
    with pytest.raises(MissingWeights, match="SHA-256 differs"):
        load_weights("st-lpips-vgg")


def test_a_damaged_file_in_the_folder_does_not_hide_the_right_one_of_the_package(folder: Path) -> None:
    good = weight_state("st-lpips-alex")
    if good.status is not WeightStatus.PRESENT:
        pytest.skip("the package stlpips_pytorch is not installed")
    folder.mkdir()
    (folder / "alex_shift_tolerant.pth").write_bytes(b"damaged")
    assert weight_state("st-lpips-alex") == good


def test_a_file_whose_digest_nobody_publishes_is_unknown_until_it_is_accepted(folder: Path) -> None:
    folder.mkdir()
    (folder / "dreamsim_ensemble_checkpoint.zip").write_bytes(b"PK")
    state = weight_state("dreamsim")
    assert state.status is WeightStatus.UNKNOWN_FILE
    assert "--accept-unknown" in state.advice
    with pytest.raises(MissingWeights, match="not known as the published"):
        load_weights("dreamsim")


def test_converted_weights_are_what_any_reader_of_safetensors_finds(folder: Path) -> None:
    tensors = {**seeded("lpips-vgg"), "half": torch.ones(3, dtype=torch.float16), "whole": torch.tensor([7, -7])}
    origin = Origin("lpips-vgg", "vgg.pth", "ab" * 32, "digest")
    path = keep(tensors, origin)
    read = load_file(path)
    assert set(read) == set(tensors)
    assert all(torch.equal(read[name], tensors[name]) and read[name].dtype == tensors[name].dtype for name in read)
    first = path.read_bytes()
    assert keep(tensors, origin).read_bytes() == first
    loaded = load_weights("lpips-vgg")
    assert (loaded.digest, loaded.note) == ("ab" * 32, "")
    assert all(torch.equal(loaded.tensors[name], tensors[name]) for name in tensors)


def test_a_converted_file_that_changed_is_not_used(folder: Path, nothing_installed: None) -> None:
    path = keep(seeded(HEADS), Origin(HEADS, "alex.pth", "ab" * 32, "digest"))
    assert weight_state(HEADS).status is WeightStatus.PRESENT
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))
    assert weight_state(HEADS).status is WeightStatus.WRONG_DIGEST
    path.write_bytes(data[:-4])
    assert weight_state(HEADS).status is not WeightStatus.PRESENT


def test_a_converted_file_of_another_network_or_another_program_is_not_used(
    folder: Path, nothing_installed: None
) -> None:
    path = keep(seeded(HEADS), Origin(HEADS, "alex.pth", "ab" * 32, "digest"))
    path.rename(folder / "lpips-squeeze.safetensors")
    save_file(seeded("lpips-vgg"), folder / "lpips-vgg.safetensors")
    assert weight_state("lpips-squeeze").status is WeightStatus.UNKNOWN_FILE
    assert weight_state("lpips-vgg").status is WeightStatus.UNKNOWN_FILE


def test_accepted_weights_carry_a_note(folder: Path, tmp_path: Path) -> None:
    file = official_alexnet_heads(tmp_path)
    outcome = import_file(file, accept_unknown=True)
    assert outcome.accepted, outcome.message
    state = weight_state(HEADS)
    assert state.status is WeightStatus.PRESENT
    assert "accepted by the user" in state.note
    assert load_weights(HEADS).note == state.note
    assert weight_identity(HEADS) == (sha256(file.read_bytes()).hexdigest(), state.note)


def test_a_file_with_a_header_from_another_world_is_refused_calmly(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for content in (b"", b"\x02\0\0\0\0\0\0\0[]", b"\xff" * 64, b"\x10\0\0\0\0\0\0\0" + b"{" * 16):
        path.write_bytes(content)
        assert read_header(path) is None


def test_without_a_chosen_folder_the_users_data_folder_is_used(
    planetview_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(places_module.WEIGHTS_VARIABLE, raising=False)
    assert planetview_home in places_module.weights_folder().parents
    assert places_module.weights_folder().name == "weights"


def test_the_error_survives_a_process_boundary(folder: Path, nothing_installed: None) -> None:
    error = MissingWeights(weight_state("dinov2-vits14"))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.hint, copy.state) == (error.message, error.hint, error.state)


def test_the_package_is_read_from_wherever_it_is_installed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "carrier_of_weights"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (package / "data" / "w.pth").write_bytes(b"tensors")
    monkeypatch.syspath_prepend(package.parent)
    assert list(places_module._in_package("carrier_of_weights", "data/w.pth")) == [package / "data" / "w.pth"]
