"""`planetview models`: look after the weight files of the networks."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planetview.core.cancel import CancelToken
from planetview.core.errors import UserError

if TYPE_CHECKING:
    from planetview.core.models import ImportOutcome, ModelsResult, WeightState

app = typer.Typer(
    name="models",
    no_args_is_help=True,
    help="Look after the weight files of the networks. Nothing is downloaded except by 'fetch'.",
)

NamesArgument = Annotated[list[str] | None, typer.Argument(help="Ids of weights, as 'models list' shows them.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


@app.command("list")
def list_weights(as_json: JsonOption = False) -> None:
    """Show every network's weights: what is here, what is missing, what needs them."""
    result = _run("list", is_quiet=True)
    if as_json:
        typer.echo(json.dumps([_row(state) for state in result.states], ensure_ascii=False, indent=1))
        return
    _print_states(result.states)


@app.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Ids of the weights to download, as 'models list' shows them.")],
    quiet: QuietOption = False,
) -> None:
    """Download weights from where their authors publish them, check and convert them."""
    result = _run("fetch", names, is_quiet=quiet)
    _print_outcomes(result.outcomes)
    _refuse_unless(all(outcome.accepted for outcome in result.outcomes))


@app.command("import")
def import_weights(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, folders, packs, a USB stick.")] = None,
    caches: Annotated[
        bool, typer.Option("--caches", help="Look where torch.hub, Hugging Face, clip and clean-fid keep files.")
    ] = False,
    take_as: Annotated[str | None, typer.Option("--as", help="The weights that the files are to be taken for.")] = None,
    accept_unknown: Annotated[
        bool, typer.Option("--accept-unknown", help="Also take files whose digest is not a published one.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Take weight files from this computer: recognised by content, checked, converted once, never executed."""
    places = list(paths or [])
    if caches:
        from planetview.engine.weights.places import caches as find_caches

        places += find_caches()
        if not places:
            raise UserError("None of the known caches is on this computer.", "Give the path of a file or folder.")
    names = (take_as,) if take_as else ()
    result = _run("import", names, places, accept_unknown, is_quiet=quiet)
    _print_outcomes(result.outcomes)
    _refuse_unless(any(outcome.accepted for outcome in result.outcomes))


@app.command()
def verify(names: NamesArgument = None, quiet: QuietOption = False) -> None:
    """Read the weight files again, every byte, and compare their digests."""
    result = _run("verify", names or (), is_quiet=quiet)
    _print_outcomes(result.outcomes)
    _refuse_unless(all(outcome.accepted for outcome in result.outcomes))


@app.command()
def pack(
    target: Annotated[Path, typer.Argument(help="Folder, or .zip file, to write.")],
    names: NamesArgument = None,
    quiet: QuietOption = False,
) -> None:
    """Write the weights of this computer into one folder or zip, to import on another."""
    result = _run("pack", names or (), (target,), is_quiet=quiet)
    _print_outcomes(result.outcomes)


def _run(
    action: str,
    names: Sequence[str] = (),
    paths: Sequence[Path] = (),
    accept_unknown: bool = False,
    *,
    is_quiet: bool,
) -> ModelsResult:
    from planetview.core.messages import JobResult, ModelsAction, ModelsRequest
    from planetview.core.models import ModelsResult
    from planetview.engine.engine import TorchEngine
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    request = ModelsRequest(ModelsAction(action), tuple(names), tuple(paths), accept_unknown)
    token = CancelToken()
    outcome: object = None
    with ProgressLine(is_quiet) as line, interruptible(token):
        for message in TorchEngine().run(request, token):
            if isinstance(message, JobResult):
                outcome = message.outcome
            else:
                line.show(message)
    assert isinstance(outcome, ModelsResult)
    return outcome


def _refuse_unless(is_well: bool) -> None:
    if not is_well:
        raise typer.Exit(2)


def _row(state: WeightState) -> dict[str, Any]:
    from planetview.core.catalogue import WEIGHTS
    from planetview.core.formatting import printable

    spec = WEIGHTS[state.weights]
    return {
        "id": spec.id,
        "title": spec.title,
        "state": state.status.value,
        "path": printable(str(state.path)) if state.path else None,
        "size_bytes": state.size_bytes,
        "sha256": state.digest,
        "licence": spec.licence,
        "homepage": spec.homepage,
        "used_by": list(spec.used_by),
        "note": printable(state.note),
        "advice": printable(state.advice),
    }


def _print_states(states: Sequence[WeightState]) -> None:
    from rich.table import Table
    from rich.text import Text

    from planetview.core.catalogue import WEIGHTS
    from planetview.core.formatting import format_bytes
    from planetview.core.models import WeightStatus
    from planetview.engine.weights import weights_folder
    from planetview.terminal import console, plain

    styles = {WeightStatus.PRESENT: "green", WeightStatus.MISSING: "dim"}
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("Id", "State", "Size", "Licence", "Used by"):
        table.add_column(name, no_wrap=name != "Used by", justify="right" if name == "Size" else "left")
    for state in states:
        spec = WEIGHTS[state.weights]
        size = format_bytes(state.size_bytes) if state.path else f"about {format_bytes(int(spec.size_mib * 2**20))}"
        status = Text(state.status.value, style=styles.get(state.status, "bold red"))
        table.add_row(spec.id, status, size, spec.licence, ", ".join(spec.used_by))
    out = console(sys.stdout)
    out.print(table)
    out.print(plain(f"\nThe weights folder is {weights_folder()}"), soft_wrap=True)
    if any(state.status is WeightStatus.MISSING for state in states):
        out.print(plain("Missing ones: planetview models fetch ID, or planetview models import PATH"), soft_wrap=True)
    for state in states:
        wrong = state.status not in {WeightStatus.PRESENT, WeightStatus.MISSING}
        if wrong or state.note:
            out.print(plain(f"{state.weights}: {state.advice if wrong else state.note}"), soft_wrap=True)


def _print_outcomes(outcomes: Sequence[ImportOutcome]) -> None:
    from rich.text import Text

    from planetview.terminal import console, plain

    out = console(sys.stdout)
    for outcome in outcomes:
        word = Text("ok  ", style="green") if outcome.accepted else Text("no  ", style="yellow")
        what = f"{outcome.weights}: " if outcome.weights else ""
        out.print(word.append_text(plain(f"{what}{outcome.path}: {outcome.message}")), soft_wrap=True)
        if outcome.hint:
            out.print(plain(f"    {outcome.hint}"), soft_wrap=True)
