"""Weight files: where they lie, whether they are the right ones, how to get them.

Nothing is downloaded here and no package is imported to reach its data files. torch is imported only
when a file is loaded, so that `weight_states` is cheap enough for a diagnosis.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from planetview.core.errors import UserError
from planetview.core.messages import ModelsRequest
from planetview.core.models import ModelsResult
from planetview.core.paths import data_dir
from planetview.engine.streaming import Emit

if TYPE_CHECKING:
    import torch

WEIGHTS_VARIABLE = "PLANETVIEW_WEIGHTS"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One published weight file.

    id: used in settings and messages. title: for people.
    file_name: its name in a weights folder. sha256: hexadecimal, of the whole file. size_bytes: of the file.
    package, package_path: the installed package that carries it, and the path inside that package.
    licence: short name. how_to_get: complete sentences for people.
    """

    id: str
    title: str
    file_name: str
    sha256: str
    size_bytes: int
    package: str
    package_path: str
    licence: str
    how_to_get: str


class WeightStatus(StrEnum):
    """What was found for a weight file."""

    PRESENT = "present"
    MISSING = "missing"
    WRONG_DIGEST = "wrong digest"


@dataclass(frozen=True, slots=True)
class WeightState:
    """A weight file and what was found of it.

    path: the verified file, or the wrong one, or None when missing.
    found_digest: SHA-256 of a wrong file (empty when it could not be read), else None.
    advice: the next step for people; empty when present.
    """

    file: WeightFile
    status: WeightStatus
    path: Path | None
    found_digest: str | None
    advice: str


class MissingWeights(UserError):
    """A metric needs a weight file that is absent or is not the published one. state: what was found."""

    def __init__(self, state: WeightState) -> None:
        if state.status is WeightStatus.MISSING:
            message = f"The weight file {state.file.file_name} ({state.file.title}) is not on this computer."
        else:
            message = f"{state.path} is not the published {state.file.title}: its SHA-256 differs."
        super().__init__(message, state.advice)
        self.state = state

    def __reduce__(self) -> tuple[type[MissingWeights], tuple[WeightState]]:  # type: ignore[override]
        return (MissingWeights, (self.state,))


def _st_lpips_file(net: str, title: str, sha256: str, size_bytes: int) -> WeightFile:
    name = f"{net}_shift_tolerant.pth"
    return WeightFile(
        id=f"st-lpips-{net}",
        title=title,
        file_name=name,
        sha256=sha256,
        size_bytes=size_bytes,
        package="stlpips_pytorch",
        package_path=f"weights/vST0.0/{name}",
        licence="BSD-2-Clause",
        how_to_get=(
            "Install the package that carries it (pip install --no-deps stlpips_pytorch==0.0.2), or copy "
            f"{name} into the weights folder."
        ),
    )


ST_LPIPS_ALEX = _st_lpips_file(
    "alex",
    "ST-LPIPS with AlexNet",
    "b356b382f96010f77d085ee8343ecd9fd322d0a56e8de2b2d0549fafcad8b9ee",
    9_899_296,
)
ST_LPIPS_VGG = _st_lpips_file(
    "vgg",
    "ST-LPIPS with VGG-16",
    "44597da68f49c1837c100ff52299050f274d102eb102e5837178c79be6f0e250",
    58_907_298,
)
WEIGHT_FILES = (ST_LPIPS_ALEX, ST_LPIPS_VGG)


def weights_folder() -> Path:
    """Return the folder where people put weight files: `PLANETVIEW_WEIGHTS`, else the user's data folder."""
    chosen = os.environ.get(WEIGHTS_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    return data_dir() / "weights"


def weight_state(file: WeightFile) -> WeightState:
    """Return where `file` lies and whether it is the published one.

    The weights folder is looked at before the installed package; the first right file wins over any wrong one.
    """
    wrong: tuple[Path, str] | None = None
    for path in _places(file):
        if not path.is_file():
            continue
        try:
            digest = _digest(path)
        except OSError:
            digest = ""
        if digest == file.sha256:
            return WeightState(file, WeightStatus.PRESENT, path, None, "")
        wrong = wrong or (path, digest)
    if wrong is None:
        return WeightState(
            file, WeightStatus.MISSING, None, None, f"{file.how_to_get} The weights folder is {weights_folder()}."
        )
    reason = "Delete it, or replace it by the published file." if wrong[1] else "It could not be read."
    return WeightState(file, WeightStatus.WRONG_DIGEST, *wrong, f"{reason} {file.how_to_get}")


def weight_states() -> tuple[WeightState, ...]:
    """Return the state of every weight file the program knows."""
    return tuple(weight_state(file) for file in WEIGHT_FILES)


def require(file: WeightFile) -> Path:
    """Return the path of the verified file; raises MissingWeights when it is absent or wrong."""
    state = weight_state(file)
    if state.status is not WeightStatus.PRESENT or state.path is None:
        raise MissingWeights(state)
    return state.path


@dataclass(frozen=True)
class LoadedWeights:
    """The tensors of a network under its canonical names, on the CPU, and where they come from.

    digest: SHA-256 of the published file they were read or converted from; part of every store key.
    note: what to know about their origin ("" for a verified published file).
    """

    tensors: dict[str, torch.Tensor]
    digest: str
    note: str = ""


def weight_identity(weights_id: str) -> tuple[str, str]:
    """Return the digest and note that `load_weights` would give, without reading the tensors.

    Raises MissingWeights, KeyError for an unknown id.
    """
    file = {file.id: file for file in WEIGHT_FILES}[weights_id]
    require(file)
    return file.sha256, ""


def load_weights(weights_id: str) -> LoadedWeights:
    """Return the tensors of `weights_id`; raises MissingWeights, KeyError for an unknown id."""
    file = {file.id: file for file in WEIGHT_FILES}[weights_id]
    return LoadedWeights(load_state_dict(file), file.sha256)


def look_after(request: ModelsRequest, emit: Emit, check: Callable[[], None]) -> ModelsResult:
    """Carry out a request about weight files and return what was found."""
    raise UserError(f"'{request.action}' is not available yet.")


def load_state_dict(file: WeightFile) -> dict[str, torch.Tensor]:
    """Return the tensors of the verified file by name, on the CPU.

    Only plain tensors are read, nothing stored in the file is executed. Raises MissingWeights.
    """
    path = require(file)
    import torch

    tensors: dict[str, torch.Tensor] = torch.load(path, weights_only=True, map_location="cpu")
    return tensors


def _places(file: WeightFile) -> Iterator[Path]:
    yield weights_folder() / file.file_name
    bundle = getattr(sys, "_MEIPASS", None)
    if bundle is not None:
        yield Path(bundle) / file.package / file.package_path
    # A top-level name is located without running the package, whose own imports need IPython.
    spec = importlib.util.find_spec(file.package)
    if spec is not None:
        for folder in spec.submodule_search_locations or ():
            yield Path(folder) / file.package_path


_digests: dict[tuple[str, int, int], str] = {}
_digests_lock = threading.Lock()


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, remembered while its size and modification time stay."""
    info = path.stat()
    key = (str(path.resolve()), info.st_size, info.st_mtime_ns)
    with _digests_lock:
        known = _digests.get(key)
    if known is None:
        with path.open("rb") as stream:
            known = hashlib.file_digest(stream, "sha256").hexdigest()
        with _digests_lock:
            _digests[key] = known
    return known
