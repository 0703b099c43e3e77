from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch

from planetview.core.errors import UserError
from planetview.engine import weights
from planetview.engine.weights import MissingWeights, WeightFile, WeightStatus

ABSENT = replace(weights.ST_LPIPS_ALEX, package="no_such_package_anywhere")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(weights.WEIGHTS_VARIABLE, str(tmp_path))
    return tmp_path


def small_file(content: bytes) -> WeightFile:
    return replace(ABSENT, sha256=sha256(content).hexdigest(), size_bytes=len(content))


def test_the_files_of_the_installed_package_are_found_and_verified(folder: Path) -> None:
    for state in weights.weight_states():
        if state.status is WeightStatus.MISSING:
            pytest.skip("the package stlpips_pytorch is not installed")
        assert state.status is WeightStatus.PRESENT
        assert state.path is not None
        assert sha256(state.path.read_bytes()).hexdigest() == state.file.sha256
        assert state.path.stat().st_size == state.file.size_bytes
        assert state.advice == ""


def test_looking_for_weights_imports_neither_torch_nor_the_package_that_carries_them() -> None:
    code = (
        "import sys; from planetview.engine.weights import weight_states; weight_states();"
        "print([n for n in ('torch', 'stlpips_pytorch', 'IPython') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_file_says_where_to_put_it(folder: Path) -> None:
    state = weights.weight_state(ABSENT)
    assert state.status is WeightStatus.MISSING
    assert state.path is None
    assert str(folder) in state.advice
    assert ABSENT.file_name in state.advice
    with pytest.raises(MissingWeights, match="not on this computer") as caught:
        weights.load_state_dict(ABSENT)
    assert isinstance(caught.value, UserError)
    assert caught.value.hint == state.advice


def test_a_file_in_the_weights_folder_is_used_without_the_package(folder: Path) -> None:
    file = small_file(b"the right tensors")
    (folder / file.file_name).write_bytes(b"the right tensors")
    assert weights.require(file) == folder / file.file_name


def test_a_damaged_file_is_never_loaded_and_is_named(folder: Path) -> None:
    path = folder / ABSENT.file_name
    path.write_bytes(b"half a download")
    state = weights.weight_state(ABSENT)
    assert state.status is WeightStatus.WRONG_DIGEST
    assert state.path == path
    assert state.found_digest == sha256(b"half a download").hexdigest()
    with pytest.raises(MissingWeights, match="SHA-256 differs"):
        weights.load_state_dict(ABSENT)


def test_a_damaged_file_in_the_folder_does_not_hide_the_right_one_of_the_package(folder: Path) -> None:
    good = weights.weight_state(weights.ST_LPIPS_ALEX)
    if good.status is not WeightStatus.PRESENT:
        pytest.skip("the package stlpips_pytorch is not installed")
    (folder / good.file.file_name).write_bytes(b"damaged")
    assert weights.weight_state(good.file) == good


def test_a_replaced_file_is_checked_again(folder: Path) -> None:
    file = small_file(b"first")
    path = folder / file.file_name
    path.write_bytes(b"first")
    assert weights.weight_state(file).status is WeightStatus.PRESENT
    path.write_bytes(b"other")
    os.utime(path, ns=(1, 1))
    assert weights.weight_state(file).status is WeightStatus.WRONG_DIGEST


def test_without_a_chosen_folder_the_users_data_folder_is_used(
    planetview_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(weights.WEIGHTS_VARIABLE, raising=False)
    assert planetview_home in weights.weights_folder().parents
    assert weights.weights_folder().name == "weights"


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, ("exploded",))


def test_code_inside_a_file_is_not_executed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    path = folder / ABSENT.file_name
    torch.save({"weight": _Bomb()}, path)
    file = small_file(path.read_bytes())
    with pytest.raises(pickle.UnpicklingError):
        weights.load_state_dict(file)
    assert not (folder / "exploded").exists()


def test_the_error_survives_a_process_boundary(folder: Path) -> None:
    error = MissingWeights(weights.weight_state(ABSENT))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.hint, copy.state) == (error.message, error.hint, error.state)


def test_the_package_is_read_from_wherever_it_is_installed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path_factory.mktemp("site")
    package = site / "carrier_of_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    file = replace(small_file(b"tensors"), package="carrier_of_weights", package_path="data/w.pth")
    (package / "data").mkdir()
    (package / "data" / "w.pth").write_bytes(b"tensors")
    monkeypatch.syspath_prepend(site)
    assert weights.require(file) == package / "data" / "w.pth"
    shutil.rmtree(package)
