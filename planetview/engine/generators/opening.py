"""Opens any file that a generator may come in, by what it contains and not by its name."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Container
from pathlib import Path
from typing import Final, Literal

from planetview.core.consent import ConsentNeeded
from planetview.core.errors import UserError
from planetview.engine.devices import choose_device
from planetview.engine.generators.adapter import Generator
from planetview.engine.generators.exported import PartName, Runner, exported_generator
from planetview.engine.generators.isolated import read_isolated
from planetview.engine.generators.manifest import SUFFIX, Manifest, beside, read_hashed, read_manifest, read_member
from planetview.engine.generators.onnx_runner import OnnxRunner
from planetview.engine.generators.other_formats import only_weights, refuse_other_bytes
from planetview.engine.generators.probe import learn_from_probe
from planetview.engine.generators.program_process import ProgramRunner
from planetview.engine.generators.safe_copy import joint_digest, open_safe_copy
from planetview.engine.generators.style_generator import StyleGenerator, style_generator
from planetview.engine.pickle_machine import never_cancelled

ProgramFormat = Literal["torchscript", "torch.export"]

_EXPORT: Final = "Export the generator to ONNX (Help > Export a generator) and open that file."
_HEAD_BYTES: Final = 2**20
_PROGRAMS: Final[dict[str, str]] = {"torchscript": "TorchScript file", "torch.export": "torch.export file"}


def open_generator(
    path: Path,
    check: Callable[[], None] = never_cancelled,
    device: str = "auto",
    consents: Container[str] = (),
    output_range: tuple[float, float] | None = None,
) -> Generator:
    """Open a generator and try it.

    path: a StyleGAN2 or StyleGAN3 network pickle (read without running anything of it), our own safe copy (either of
    its two files), an ONNX graph, a TorchScript or torch.export program, or the description `NAME.generator.json`.
    check: called often, now and in later calls of the generator; may raise to cancel.
    device: "auto", "cpu", "cuda" or "mps"; programs run on the CPU.
    consents: the SHA-256 of the programs that may run, for instance a `ConsentStore`.
    output_range: of an export's images, where the user knows better than its file.

    Raises ConsentNeeded for a program that is not in `consents`; UserError for everything else that cannot be opened.
    """
    if path.is_dir():
        raise UserError(f"'{path.name}' is a folder, not a generator.", _EXPORT)
    if path.name.endswith(SUFFIX):
        return _described(path, check, device, consents, output_range)
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {(error.strerror or str(error)).lower()}.") from error
    description = beside(path)
    if description.is_file() and (_is_safetensors(head) or _is_export(path, head)):
        manifest, _ = read_manifest(description)
        if path.name in manifest.files.values():
            return _described(description, check, device, consents, output_range)
    if _is_safetensors(head):
        raise only_weights()
    program = _program_format(path, head)
    if program is not None or _is_onnx(head):
        return _undescribed(path, program, check, device, consents, output_range)
    refuse_other_bytes(head)
    network = read_isolated(path, check)
    generator = style_generator(
        network.generator,
        path,
        network.sha256,
        network.source,
        warnings=network.warnings,
        device=choose_device(device),
        check=check,
    )
    return _tried(generator)


def _described(
    path: Path,
    check: Callable[[], None],
    device: str,
    consents: Container[str],
    output_range: tuple[float, float] | None,
) -> Generator:
    """Open what a description describes."""
    manifest, digest = read_manifest(path)
    if manifest.format == "stylegan":
        return _tried(open_safe_copy(path, choose_device(device), check))
    roles: list[PartName] = [role for role in ("full", "mapping", "synthesis") if role in manifest.files]
    if manifest.format == "onnx":
        runner: Runner = OnnxRunner(
            {role: read_member(manifest, role, path.parent, check) for role in roles}, check, str(choose_device(device))
        )
    else:
        if roles != ["full"]:
            raise UserError("A program is one file; its methods 'mapping' and 'synthesis' are found by themselves.")
        runner = _program(
            path.parent / manifest.files["full"], manifest.format, manifest.sha256["full"], check, consents
        )
    sha256 = joint_digest([digest, *(manifest.sha256[role] for role in roles)])
    return _export(runner, manifest, path, sha256, output_range)


def _undescribed(
    path: Path,
    program: ProgramFormat | None,
    check: Callable[[], None],
    device: str,
    consents: Container[str],
    output_range: tuple[float, float] | None,
) -> Generator:
    """Open a single export that nothing describes."""
    data, sha256 = read_hashed(path, check)
    if program is None:
        runner: Runner = OnnxRunner({"full": data}, check, str(choose_device(device)))
    else:
        del data
        runner = _program(path, program, sha256, check, consents)
    manifest = Manifest(format=program or "onnx", files={"full": path.name}, sha256={"full": sha256})
    return _export(runner, manifest, path, sha256, output_range)


def _program(
    path: Path, format: ProgramFormat, sha256: str, check: Callable[[], None], consents: Container[str]
) -> ProgramRunner:
    """Start a program in its process; raises ConsentNeeded unless the user agreed to this very content.

    The process compares the digest again, so what was agreed to is what runs.
    """
    if sha256 not in consents:
        raise ConsentNeeded(sha256, path.name, _PROGRAMS[format])
    import torch

    return ProgramRunner(path, sha256, format, check, torch.get_num_threads())


def _export(
    runner: Runner, manifest: Manifest, path: Path, sha256: str, output_range: tuple[float, float] | None
) -> Generator:
    try:
        if output_range is not None:
            manifest = manifest.model_copy(update={"output_range": list(output_range)})
        generator = exported_generator(
            runner,
            manifest,
            format=manifest.format,
            path=path,
            sha256=sha256,
            source=manifest.source or "an export",
        )
        learn_from_probe(generator, manifest.output_range is not None, manifest.z_normalised)
    except BaseException:
        runner.close()
        raise
    return generator


def _tried(generator: StyleGenerator) -> Generator:
    """Return one of our own networks after one image; what else a probe would find holds by construction."""
    import numpy as np
    import torch

    info = generator.info
    z = generator.sample_z(1, np.random.RandomState(0))
    c = torch.zeros(1, info.c_dim, device=z.device) if info.c_dim else None
    if not bool(torch.isfinite(generator.generate(z, c)).all()):
        generator.close()
        raise UserError("This generator's images hold numbers that are not finite.", "Its training may have diverged.")
    return generator


def _is_safetensors(head: bytes) -> bool:
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= 100_000_000


def _is_onnx(head: bytes) -> bool:
    """A protobuf that begins with the field `ir_version`, a small number."""
    return len(head) > 2 and head[0] == 0x08 and 1 <= head[1] < 0x40


def _is_export(path: Path, head: bytes) -> bool:
    return _is_onnx(head) or _program_format(path, head) is not None


def _program_format(path: Path, head: bytes) -> ProgramFormat | None:
    """Return which kind of PyTorch program a zip archive is, or None; nothing of it is unpacked."""
    if not head.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if "constants.pkl" in names and any(name.startswith("code/") for name in names):
        return "torchscript"
    if "archive_format" in names and any(name.startswith("models/") for name in names):
        return "torch.export"
    return None
