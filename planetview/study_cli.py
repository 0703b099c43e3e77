"""Commands about saved studies: run one again, collect one for archive, cite what made it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planetview.core.cancel import CancelToken

if TYPE_CHECKING:
    from planetview.core.report_options import ReportOptions
    from planetview.core.results import Results

StudyArgument = Annotated[Path, typer.Argument(help="A study file (.planetview).")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for results.json, results.csv, report.html.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print results.json on stdout in place of the table.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def run(
    study: StudyArgument,
    out: OutOption = Path("planetview-results"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a saved study with its sets, settings and excluded images; the study file stays as it is."""
    from planetview import api
    from planetview.core.study import load_study
    from planetview.core.study_report import report_options_of
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    api.check_writable(out)
    token = CancelToken()
    saved = load_study(study)
    with ProgressLine(quiet) as line, interruptible(token):
        results, datasets = api.run_sets(saved, progress=line.show, token=token)
    show_and_save(results, out, as_json, quiet, options=report_options_of(saved, datasets))


def archive(
    study: StudyArgument,
    target: Annotated[Path, typer.Argument(help="A new folder, or a name that ends in .zip.")],
    quiet: QuietOption = False,
) -> None:
    """Copy a study with all its images and results to a folder or zip that opens on another computer."""
    from planetview import api
    from planetview.core.formatting import format_bytes, format_count, printable
    from planetview.process import interruptible
    from planetview.terminal import ProgressLine

    token = CancelToken()
    with ProgressLine(quiet) as line, interruptible(token):
        report = api.archive(study, target, progress=line.show, token=token)
    for name, image, reason in report.left_out:
        typer.echo(printable(f"{name}{f': {image}' if image else ''}: {reason}"), err=True)
    noun = "image" if report.images == 1 else "images"
    typer.echo(
        f"Collected {format_count(report.images)} {noun}, {format_bytes(report.size_bytes)}, in "
        f"{printable(str(report.target))}"
    )


def cite(
    source: Annotated[Path | None, typer.Argument(help="A study file or results.json, for its own references.")] = None,
    as_bibtex: Annotated[bool, typer.Option("--bibtex", help="As BibTeX.")] = False,
) -> None:
    """Print how to cite PlanetView; with a study or results also how the numbers were made, and by whom."""
    from planetview.core.citations import bibtex, cited_ids, methods_text
    from planetview.core.errors import UserError
    from planetview.core.program_citation import program_citation
    from planetview.core.study import load_study

    results = None if source is None else load_study(source).results
    if source is not None and results is None:
        raise UserError(f"'{source}' holds no results.", hint="Run the study first.")
    cited = program_citation()
    parts = [cited.bibtex() if as_bibtex else f"{cited.message}\n\n{cited.text()}"]
    if results is not None:
        parts += [bibtex(cited_ids(results)) if as_bibtex else methods_text(results)]
    typer.echo("\n\n".join(part.rstrip() for part in parts if part))


def show_and_save(
    results: Results,
    out: Path,
    as_json: bool,
    quiet: bool,
    open_report: bool = False,
    literature: bool = False,
    options: ReportOptions | None = None,
) -> None:
    """Print the results, then write them into `out` and say so; raises UserError when stdout refuses them.

    options: of the report.
    """
    from planetview import api

    problem = _print_results(results, as_json, literature)
    is_replaced = api.holds_study(out)
    paths = api.save(results, out, options=options)
    where = f"{'Replaced' if is_replaced else 'Wrote'} {', '.join(path.name for path in paths)} in {out}"
    if problem is None:
        typer.echo(f"\n{where}" if not as_json else where, err=as_json or quiet)
    if open_report:
        import webbrowser

        webbrowser.open(paths[2].absolute().as_uri())
    if problem is not None and not isinstance(problem, BrokenPipeError):
        from planetview.core.files import cannot_write

        raise cannot_write(Path("standard output"), problem)


def _print_results(results: Results, as_json: bool, literature: bool) -> OSError | None:
    """Print the results; a closed or full stdout is returned, since the files have yet to be written."""
    from planetview.core.results_io import results_to_json
    from planetview.process import discard_stdout
    from planetview.terminal import show_results

    try:
        if as_json:
            sys.stdout.write(results_to_json(results).encode("utf-8", "backslashreplace").decode() + "\n")
        else:
            show_results(results, sys.stdout, literature)
        sys.stdout.flush()
    except OSError as error:
        discard_stdout()
        return error
    return None
