"""`planetview generator`, `sample` and `path-length`: what can be done with a generator's file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planetview.core.cancel import CancelToken
from planetview.core.errors import UserError

if TYPE_CHECKING:
    from planetview.core.generation import GeneratorDescription, PathLengthResult, PathLengthValue
    from planetview.core.messages import GeneratorRequest, Outcome, PathLengthRequest, SampleRequest

GeneratorArgument = Annotated[
    Path, typer.Argument(metavar="GENERATOR", help="A .pkl, .onnx, safe copy or .generator.json.")
]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, max=4096, help="CPU threads; all cores by default.")]
LabelsOption = Annotated[
    Path | None, typer.Option(help="The dataset.json of the training set: classes are drawn in its proportion.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]

_DISTANCES = {"lpips-vgg": "", "st-lpips-vgg": "-st"}
_NOISES = ("random", "const", "none")


def generator(
    file: GeneratorArgument,
    save_copy: Annotated[
        Path | None, typer.Option(help="Also write FILE.safetensors and FILE.generator.json, which hold only data.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Agree to run this file if it is a program; kept for exactly this content.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a generator is; nothing in a StyleGAN pickle is executed."""
    from planetview.core.consent import ConsentNeeded, ConsentStore
    from planetview.core.generation import GeneratorDescription
    from planetview.core.messages import GeneratorRequest

    request = GeneratorRequest(file, save_copy, "cpu")
    try:
        found = _run(request, is_quiet=True)
    except ConsentNeeded as needed:
        if not trust:
            raise _untrusted(needed, file) from needed
        ConsentStore().give(needed.sha256, needed.name)
        found = _run(request, is_quiet=True)
    assert isinstance(found, GeneratorDescription)
    if as_json:
        _print_json(asdict(found))
    else:
        _print_generator(found)


def sample(
    file: GeneratorArgument,
    count: Annotated[int, typer.Argument(min=1, help="How many images.")],
    folder: Annotated[Path, typer.Argument(help="Folder to write to: a new one, an empty one, or one to go on with.")],
    truncation: Annotated[float, typer.Option(help="psi: 1 for none, less for less variety.")] = 1.0,
    cutoff: Annotated[int | None, typer.Option(min=0, help="Rows of styles to truncate; all by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first image; each next one is one more.")] = 0,
    noise: Annotated[str, typer.Option(help="random (for sets to be judged), const or none.")] = "random",
    class_index: Annotated[int | None, typer.Option("--class", min=0, help="The class of every image.")] = None,
    labels: LabelsOption = None,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write images of a generator to a folder; run again to go on after a cancel."""
    from planetview.core.generation import SampleResult
    from planetview.core.messages import SampleRequest

    if noise not in _NOISES:
        raise UserError(f"There is no noise called '{noise}'.", f"Known: {', '.join(_NOISES)}.")
    done = _run_trusted(
        SampleRequest(
            file, count, folder, seed, truncation, cutoff,
            noise,  # type: ignore[arg-type]
            class_index, _counts(labels), device, threads,
        ),
        quiet,
    )  # fmt: skip
    assert isinstance(done, SampleResult)
    there = f", {done.skipped:,} of them there already" if done.skipped else ""
    _say(f"{done.count:,} images in {done.folder}{there}")
    for note in done.notes:
        _say(f"note: {note}")


def path_length(
    file: GeneratorArgument,
    variants: Annotated[
        list[str] | None,
        typer.Option(help="ppl2-wend (whole image, for terrain), ppl-zfull, ppl-wfull, ppl-zend, ppl-wend, or all."),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(min=2, help="50,000 on CUDA, as published; 2,000 elsewhere, for screening.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every draw.")] = 2020,
    distance: Annotated[
        str, typer.Option(help="lpips-vgg as published, or st-lpips-vgg, which needs no download.")
    ] = "lpips-vgg",
    labels: LabelsOption = None,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure how smoothly a generator's images follow its latents; run again to go on after a cancel."""
    from planetview.core.generation import PathLengthResult
    from planetview.core.messages import PathLengthRequest
    from planetview.engine.weights import MissingWeights

    request = PathLengthRequest(
        file, _variants(variants, distance), samples, seed, _counts(labels), device, threads
    )  # fmt: skip
    try:
        found = _run_trusted(request, quiet)
    except MissingWeights as missing:
        hint = f"{missing.hint}; or use --distance st-lpips-vgg, which needs no download."
        raise UserError(missing.message, hint) from missing
    assert isinstance(found, PathLengthResult)
    if as_json:
        _print_json(asdict(found))
    else:
        _print_path_lengths(found)


def _variants(given: Sequence[str] | None, distance: str) -> tuple[str, ...]:
    from planetview.core.catalogue.path_length import PATH_LENGTHS

    if distance not in _DISTANCES:
        raise UserError(f"There is no distance called '{distance}'.", f"Known: {', '.join(_DISTANCES)}.")
    names = [word.strip().replace("_", "-") for item in given or ["ppl2-wend"] for word in item.split(",")]
    known = [spec.id for spec in PATH_LENGTHS.values() if spec.published]
    for name in names:
        if name not in (*known, "all"):
            raise UserError(f"There is no path length called '{name}'.", f"Known: {', '.join(known)}, all.")
    return tuple(name + _DISTANCES[distance] for name in (known if "all" in names else names))


def _counts(labels: Path | None) -> tuple[int, ...]:
    from planetview.core.generation import read_class_counts

    return () if labels is None else read_class_counts(labels)


def _run_trusted(request: SampleRequest | PathLengthRequest, is_quiet: bool) -> Outcome:
    from planetview.core.consent import ConsentNeeded

    try:
        return _run(request, is_quiet)
    except ConsentNeeded as needed:
        raise _untrusted(needed, request.generator) from needed


def _untrusted(needed: UserError, file: Path) -> UserError:
    return UserError(needed.message, f"{needed.hint} To agree: planetview generator --trust '{file}'")


def _run(request: GeneratorRequest | SampleRequest | PathLengthRequest, is_quiet: bool) -> Outcome:
    from planetview.core.messages import JobResult
    from planetview.engine.engine import TorchEngine
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    token = CancelToken()
    with ProgressLine(is_quiet) as line, interruptible(token):
        for message in TorchEngine().run(request, token):
            if isinstance(message, JobResult):
                return message.outcome
            line.show(message)
    raise RuntimeError("the engine ended without a result")


def _print_json(document: dict[str, Any]) -> None:
    from planetview.core.formatting import printable

    typer.echo(json.dumps(document, ensure_ascii=False, indent=1, default=lambda path: printable(str(path))))


def _print_generator(found: GeneratorDescription) -> None:
    height, width = found.resolution
    styles = f"{found.num_ws} rows of {found.w_dim}" if found.num_ws else "not apart from z"
    rows = {
        "file": str(found.path),
        "format": found.format,
        "source": found.source,
        "images": f"{width} x {height}, {'grey' if found.channels == 1 else 'colour'}",
        "latents z": str(found.z_dim),
        "styles w": styles,
        "classes": str(found.classes) if found.classes else "none",
        "noise": found.noise,
        "truncation": "yes" if found.truncation else "not available",
        "sha256": found.sha256,
    }
    for name, value in rows.items():
        _say(f"{name:<11} {value}")
    for note in (*found.warnings, found.sampling_problem, found.path_length_problem):
        if note:
            _say(f"note: {note}")
    for path in found.safe_copy:
        _say(f"Wrote {path}")


def _print_path_lengths(found: PathLengthResult) -> None:
    from rich.table import Table

    from planetview.terminal import console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("Path length ↓", "Value", "Interval", "Standard error", "n", "Kept"):
        table.add_column(name, justify="left" if name.startswith("Path") else "right", no_wrap=True)
    for value in found.values:
        table.add_row(*_cells(value))
    console(sys.stdout).print(table)
    _say("")
    for value in found.values:
        _say(value.text or f"{value.variant}: {value.reason}")
    for note in found.notes:
        _say(f"note: {note}")


def _cells(value: PathLengthValue) -> tuple[str, ...]:
    from planetview.core.catalogue.path_length import PATH_LENGTHS
    from planetview.core.formatting import format_count, format_interval, format_value

    label = PATH_LENGTHS[value.variant].label
    if value.value is None:
        return (label, "no value", "", "", "", "")
    return (
        label,
        format_value(value.value, value.interval),
        format_interval(value.interval, value.value),
        format_value(value.standard_error),
        format_count(value.n),
        format_count(value.kept),
    )


def _say(text: str) -> None:
    from planetview.terminal import console, plain

    console(sys.stdout).print(plain(text), soft_wrap=True)
