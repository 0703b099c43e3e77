"""The command line: the engine without a window. Heavy imports wait until a command needs them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import planetview
from planetview import generator_cli, models_cli, neighbours_cli, study_cli
from planetview.core.cancel import CancelToken
from planetview.core.errors import UserError

if TYPE_CHECKING:
    from planetview.api import Source

app = typer.Typer(
    name="planetview",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Judge synthetic planetary imagery against real imagery.",
    epilog="Exit status: 0 done, 2 wrong request, 3 no usable images, 4 the machine refused, 130 cancelled, "
    "1 anything unexpected.",
)
app.add_typer(models_cli.app)
app.command()(study_cli.run)
app.command()(study_cli.archive)
app.command()(study_cli.cite)
app.command()(neighbours_cli.neighbours)
app.command()(generator_cli.generator)
app.command()(generator_cli.sample)
app.command()(generator_cli.path_length)

OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for results.json, results.csv, report.html.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
ThreadsOption = Annotated[int | None, typer.Option(min=1, max=4096, help="CPU threads; all cores by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print results.json on stdout in place of the table.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the report in the browser afterwards.")]
DEFAULT_OUT = Path("planetview-results")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; nothing that goes wrong shows a traceback."""
    from planetview.process import guarded

    arguments = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: app(arguments, prog_name="planetview"))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"PlanetView {planetview.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks on stderr as well.")] = False,
) -> None:
    if debug:
        from planetview.process import show_tracebacks

        show_tracebacks()


@app.command()
def compare(
    reference: Annotated[str, typer.Argument(help="Real images: a folder, a zip, or a text file of paths.")],
    candidate: Annotated[list[str], typer.Argument(help="Synthetic images, one or more sets.")],
    held_out: Annotated[str | None, typer.Option(help="Real images the generator never saw: the noise floor.")] = None,
    metrics: Annotated[list[str] | None, typer.Option(help="Metric ids, by commas or repeated.")] = None,
    extractor: Annotated[list[str] | None, typer.Option(help="Extractor ids, by commas or repeated.")] = None,
    neighbours_by: Annotated[list[str] | None, typer.Option(help="Spaces to search neighbours in.")] = None,
    neighbours: Annotated[int, typer.Option(min=1, help="Neighbours kept of each image.")] = 5,
    random_pairs: Annotated[int, typer.Option(min=0, help="Random pairs scored beside the nearest, 0: none.")] = 1000,
    kid_subsets: Annotated[int, typer.Option(min=1, help="Subsets of the kernel distance.")] = 100,
    kid_subset_size: Annotated[int, typer.Option(min=2, help="Images in each of them.")] = 1000,
    stretch: Annotated[
        str, typer.Option(help="none, fixed:LOW:HIGH, set-percentile[:LOW:HIGH], image-percentile[:LOW:HIGH].")
    ] = "none",
    split_reference: Annotated[
        float, typer.Option(help="Share of the reference to set aside when there is no held-out set, 0 to 1.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of every subsample and interval.")] = 2020,
    device: DeviceOption = "auto",
    precision: Annotated[str, typer.Option(help="float32, or fast: lower where the catalogue allows it.")] = "float32",
    threads: ThreadsOption = None,
    memory: Annotated[int, typer.Option(min=64, max=1 << 24, help="Budget for all-pairs work, MiB.")] = 1024,
    out: OutOption = DEFAULT_OUT,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    open_report: OpenOption = False,
    literature: Annotated[bool, typer.Option("--literature", help="Print published values beside them.")] = False,
) -> None:
    """Judge candidates against a reference; print the table and write the results.

    A set is called as its folder; NAME=PATH gives it another name.
    """
    options: dict[str, Any] = {
        "held_out": None if held_out is None else _named(held_out),
        "metrics": [] if metrics == ["none"] else _ids(metrics),
        "extractors": _ids(extractor),
        "neighbours_by": _ids(neighbours_by) or _ids(extractor),
        "neighbours_k": neighbours,
        "random_pairs": random_pairs,
        "kid_subsets": kid_subsets,
        "kid_subset_size": kid_subset_size,
        "stretch": stretch,
        "split_reference": split_reference,
        "seed": seed,
        "device": device,
        "precision": precision,
        "threads": threads,
        "memory_mib": memory,
    }
    _study(_named(reference), [_named(one) for one in candidate], options, out, as_json, quiet, open_report, literature)


def _named(argument: str) -> Source:
    from planetview.core.command_line import split_name

    name, path = split_name(argument)
    return path if name is None else (name, path)


@app.command()
def demo(
    out: OutOption = DEFAULT_OUT,
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    open_report: OpenOption = False,
) -> None:
    """Compare image sets with known faults that come with PlanetView."""
    from planetview import demo as demo_sets
    from planetview.api import check_writable
    from planetview.core.datasets import Role
    from planetview.core.paths import cache_dir
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    check_writable(out)
    token = CancelToken()
    with ProgressLine(quiet) as line, interruptible(token):
        line.say("Making the images of the demo")
        targets = demo_sets.prepare_demo(cache_dir() / "demo", token.check)
        line.say(demo_sets.demo_credit())
    sources: dict[Role | None, list[Source]] = {}
    for target in targets:
        sources.setdefault(target.role, []).append((target.name or target.path.name, target.path))
    options = {"held_out": sources[Role.HELD_OUT][0], "device": device, "threads": threads}
    _study(sources[Role.REFERENCE][0], sources[Role.CANDIDATE], options, out, as_json, quiet, open_report)


def _study(
    reference: Source,
    candidates: list[Source],
    options: dict[str, Any],
    out: Path,
    as_json: bool,
    quiet: bool,
    open_report: bool,
    literature: bool = False,
) -> None:
    from planetview import api
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    api.check_writable(out)
    token = CancelToken()
    with ProgressLine(quiet) as line, interruptible(token):
        results = api.compare(reference, candidates, progress=line.show, token=token, **options)
    study_cli.show_and_save(results, out, as_json, quiet, open_report, literature)


def _ids(given: list[str] | None) -> list[str] | None:
    if not given:
        return None
    return [word.strip() for item in given for word in item.split(",")]


@app.command()
def metrics(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List every metric, extractor and neighbour space with its id and definition."""
    from planetview.core.catalogue import EXTRACTORS, METRICS, NEIGHBOUR_SPACES

    if as_json:
        from dataclasses import asdict

        document = {
            "metrics": [asdict(spec) for spec in METRICS.values()],
            "extractors": [asdict(spec) for spec in EXTRACTORS.values()],
            "neighbour spaces": NEIGHBOUR_SPACES,
        }
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    from rich.table import Table

    from planetview.terminal import console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("Id", "Label", "Definition"):
        table.add_column(name, no_wrap=name == "Id")
    for spec in METRICS.values():
        table.add_row(spec.id, f"{spec.label} {spec.direction.arrow}", spec.definition)
    for extractor in EXTRACTORS.values():
        table.add_row(extractor.id, f"extractor {extractor.label}", extractor.definition)
    console(sys.stdout).print(table)
    typer.echo(f"\nNeighbour spaces: {', '.join(NEIGHBOUR_SPACES)}")


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    start_qt: Annotated[bool, typer.Option("--start-qt", hidden=True)] = False,
) -> None:
    """Check what this computer offers: versions, devices, weights, folders, window."""
    from planetview.doctor import State, examine, to_json
    from planetview.doctor import start_qt as start_qt_here
    from planetview.terminal import console, plain

    if start_qt:
        start_qt_here()
        return

    out = console(sys.stdout)
    checks = []
    for check in examine():
        checks.append(check)
        if not as_json:
            style = {State.OK: "green", State.NOTE: "yellow", State.PROBLEM: "bold red"}[check.state]
            line = plain(f"{check.state.value:<8}")
            line.stylize(style)
            out.print(line.append_text(plain(f"{check.name:<19} {check.text}")), soft_wrap=True)
            if check.fix:
                out.print(plain(f"{'':<8}{'':<19} {check.fix}"), soft_wrap=True)
    if as_json:
        typer.echo(json.dumps(to_json(checks), ensure_ascii=False, indent=1))
    if any(check.state is State.PROBLEM for check in checks):
        raise typer.Exit(4)


@app.command()
def gui(paths: Annotated[list[str] | None, typer.Argument(help="Studies, folders, zips or lists.")] = None) -> None:
    """Open the window."""
    _open_window(paths or [])


@app.command(name="open")
def open_study(study: Annotated[str, typer.Argument(help="A study file (.planetview).")]) -> None:
    """Open a study in the window."""
    if not Path(study).is_file():
        raise UserError(f"There is no study file '{study}'.", hint="Give the path of a .planetview file.")
    _open_window([study])


def _open_window(arguments: list[str]) -> None:
    # By name: the window and the command line are two programs over the same parts, neither needs the other.
    window = importlib.import_module("planetview.app")
    raise typer.Exit(window.main(["--", *arguments]) or 0)
