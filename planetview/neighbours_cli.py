"""The command that lists images with their nearest neighbours, in either direction."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planetview.core.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from planetview.core.results import Results


class From(StrEnum):
    """Whose images are listed."""

    SYNTHETIC = "synthetic"
    REAL = "real"


def neighbours(
    source: Annotated[Path, typer.Argument(help="A results.json, or a study file (.planetview) with results.")],
    listed: Annotated[
        From, typer.Option("--from", help="List synthetic images with the nearest real ones, or the other way round.")
    ] = From.SYNTHETIC,
    candidate: Annotated[str | None, typer.Option("--set", help="Candidate; by default the first.")] = None,
    by: Annotated[str | None, typer.Option(help="Space that decides the order and the gaps; the first.")] = None,
    gaps: Annotated[bool, typer.Option("--gaps", help="Only real images without a synthetic neighbour.")] = False,
    label: Annotated[str | None, typer.Option("--class", help="Only images of this class.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many lines.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A CSV file, in place of stdout.")] = None,
) -> None:
    """List images with their nearest neighbours as CSV: synthetic ones nearest first, real ones farthest first."""
    from planetview.core.files import write_text_atomically

    if gaps and listed is From.SYNTHETIC:
        raise UserError("Gaps are real images.", hint="Add --from real.")
    results = _read(source)
    text = _listed(results, listed, candidate, by, gaps, label, limit)
    if out is None:
        typer.echo(text.encode("utf-8", "surrogateescape"), nl=False)
    else:
        write_text_atomically(out, text)
        typer.echo(f"Wrote {out}", err=True)


def _read(source: Path) -> Results:
    from planetview.core.results_io import results_from_json
    from planetview.core.study import STUDY_SUFFIX, load_study

    if source.suffix == STUDY_SUFFIX:
        results = load_study(source).results
        if results is None:
            raise UserError(f"'{source}' has no results.", hint=f"Run it first: planetview run {source}")
        return results
    try:
        return results_from_json(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read '{source}': {error}.", hint="Give a results.json or a study file.") from error


def _listed(
    results: Results,
    listed: From,
    candidate: str | None,
    by: str | None,
    gaps: bool,
    label: str | None,
    limit: int | None,
) -> str:
    """Return the list as CSV."""
    import numpy as np

    from planetview.core.datasets import Role
    from planetview.core.neighbour_table import neighbour_columns, real_columns
    from planetview.core.tables import rows_csv

    if listed is From.REAL:
        name, order = _real_order(results, candidate, by, gaps)
        dataset, columns = results.with_role(Role.REFERENCE)[0], real_columns(results, name)
    else:
        name, order = _synthetic_order(results, candidate, by)
        dataset, columns = results.dataset(name), neighbour_columns(results, name)
    if label is not None:
        order = order[np.array([dataset.images[at].label == label for at in order.tolist()], np.bool_)]
    rows = []
    for rank, at in enumerate(order[:limit].tolist(), 1):
        record = dataset.images[at]
        place = (str(record.path), record.member, record.digest)
        rows.append((rank, dataset.name, record.name, record.label, *place, *columns.cells(at), name))
    header = ("rank", "dataset", "image", "class", "path", "member", "sha256", *columns.names, "candidate")
    return rows_csv(header, rows)


def _real_order(
    results: Results, candidate: str | None, by: str | None, gaps: bool
) -> tuple[str, npt.NDArray[np.int64]]:
    """Return the candidate, and the real images compared with it, the farthest first."""
    import numpy as np

    from planetview.core.real_neighbours import candidates_with_real_neighbours, real_spaces, real_table

    known = candidates_with_real_neighbours(results)
    if not known:
        hint = "Run again with the metric coverage: older versions kept no neighbours of real images."
        raise UserError("These results hold no neighbours of real images.", hint=hint)
    name = _chosen("candidate", candidate, known)
    table = real_table(results, name, _chosen("space", by, real_spaces(results, name)))
    places = np.flatnonzero(table.gaps if gaps else table.compared)
    return name, places[np.argsort(-table.to_candidate.distances[places, 0], kind="stable")]


def _synthetic_order(results: Results, candidate: str | None, by: str | None) -> tuple[str, npt.NDArray[np.int64]]:
    """Return the candidate, and its images, those nearest to the reference first."""
    import numpy as np

    from planetview.core.datasets import Role

    reference = results.with_role(Role.REFERENCE)[0].name
    mine = [table for table in results.neighbours if table.bank == reference]
    names = {table.query for table in mine}
    known = tuple(dataset.name for dataset in results.with_role(Role.CANDIDATE) if dataset.name in names)
    if not known:
        raise UserError("These results hold no neighbours.", hint="Run the study again.")
    name = _chosen("candidate", candidate, known)
    space = _chosen("space", by, tuple(table.by for table in mine if table.query == name))
    nearest = results.neighbours_of(name, reference, space).distances[:, 0]
    return name, np.argsort(nearest, kind="stable")


def _chosen(kind: str, wanted: str | None, known: tuple[str, ...]) -> str:
    if wanted is None:
        return known[0]
    if wanted not in known:
        raise UserError(f"There are no neighbours for the {kind} '{wanted}'.", hint=f"Known: {', '.join(known)}.")
    return wanted
