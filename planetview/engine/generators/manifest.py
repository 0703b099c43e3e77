"""The description that stands beside weights or exports: `NAME.generator.json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from planetview.core.errors import UserError

SUFFIX: Final = ".generator.json"
_MOST_MANIFEST_BYTES = 16 * 2**20
_MOST_FILE_BYTES = 2 * 2**30
_CHUNK = 2**24

Size = Annotated[int, Field(ge=1, le=16_384)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Role = Literal["weights", "full", "mapping", "synthesis"]


class Manifest(BaseModel):
    """What a generator's files are and how they are to be called.

    files: role -> name of a file in the same folder: "weights" for our own copies, "full" and/or "mapping" with
    "synthesis" for exports. sha256: role -> of that file; every file has one. The rest is needed for exports unless
    their graphs tell it: z_dim, c_dim; w_shape (num_ws, w_dim); output_range and resolution (height, width) and
    channels of the images; z_normalised: whether the length of z makes no difference; w_avg: the mean w, with which
    truncation is possible. network: settings by module, for our own copies. source, original_sha256: where they
    were made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    planetview_generator: Literal[1] = 1
    format: Literal["stylegan", "onnx", "torchscript", "torch.export"]
    files: dict[Role, str]
    sha256: dict[Role, Digest]
    z_distribution: Literal["normal"] = "normal"
    z_dim: Size | None = None
    z_normalised: bool | None = None
    c_dim: Annotated[int, Field(ge=0, le=16_384)] | None = None
    w_shape: Annotated[list[Size], Field(min_length=2, max_length=2)] | None = None
    w_avg: Annotated[list[float], Field(max_length=16_384)] | None = None
    output_range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    channels: Literal[1, 3] | None = None
    resolution: Annotated[list[Size], Field(min_length=2, max_length=2)] | None = None
    source: str = ""
    original_sha256: Digest | None = None
    network: dict[str, dict[str, Any]] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = list(self.files.values())
        if any(not name or PurePath(name).name != name or "\\" in name or name in (".", "..") for name in names):
            raise ValueError("files must be plain names of files in the same folder")
        if set(self.files) != set(self.sha256):
            raise ValueError("every file needs its sha256")
        ours, roles = self.format == "stylegan", set(self.files)
        if ours != (roles == {"weights"}) or ours != bool(self.network):
            raise ValueError("a StyleGAN copy has weights and a network, an export neither")
        if not ours and not ("full" in roles or {"mapping", "synthesis"} <= roles):
            raise ValueError("an export needs the file 'full', or 'mapping' and 'synthesis'")
        if self.output_range is not None and not self.output_range[0] < self.output_range[1]:
            raise ValueError("output_range must rise")
        return self


def beside(path: Path) -> Path:
    """Return where the manifest of the file `path` would stand."""
    return path.with_name(path.stem + SUFFIX)


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """Return a manifest and its SHA-256. Raises UserError that names the first mistake."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_MANIFEST_BYTES + 1)
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {(error.strerror or str(error)).lower()}.") from error
    try:
        if len(data) > _MOST_MANIFEST_BYTES:
            raise ValueError("it is too large")
        manifest = Manifest.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(f"'{path.name}' is no description of a generator: {where}: {first['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"'{path.name}' is no description of a generator: {error}.") from error
    return manifest, hashlib.sha256(data).hexdigest()


def read_hashed(path: Path, check: Callable[[], None]) -> tuple[bytes, str]:
    """Return the content of a file and its SHA-256, of the same bytes. Raises UserError for what cannot be read."""
    digest = hashlib.sha256()
    parts: list[bytes] = []
    try:
        if path.stat().st_size > _MOST_FILE_BYTES:
            raise UserError(f"'{path.name}' is larger than {_MOST_FILE_BYTES / 2**30:.0f} GiB; no generator is.")
        with path.open("rb") as stream:
            while part := stream.read(_CHUNK):
                check()
                digest.update(part)
                parts.append(part)
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {(error.strerror or str(error)).lower()}.") from error
    return b"".join(parts), digest.hexdigest()


def read_member(manifest: Manifest, role: Role, folder: Path, check: Callable[[], None]) -> bytes:
    """Return the content of one of a manifest's files. Raises UserError when it is not the one described."""
    name = manifest.files[role]
    data, sha256 = read_hashed(folder / name, check)
    if sha256 != manifest.sha256[role]:
        raise UserError(
            f"'{name}' is not the file that its description was written for.",
            "Get both files again from their source, or export the generator again.",
        )
    return data
