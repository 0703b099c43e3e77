"""What an archive says of itself: README.txt for people, provenance.json for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

import planetview
from planetview.core.command_line import command_line
from planetview.core.datasets import Dataset
from planetview.core.fingerprints import Fingerprint, fingerprint_document
from planetview.core.formatting import format_count, printable
from planetview.core.generation import PathLengthResult
from planetview.core.provenance import provenance_document
from planetview.core.study import Study

LeftOut = Sequence[tuple[str, str, str]]
_PATH_LENGTHS = TypeAdapter(tuple[PathLengthResult, ...])


def provenance_json(study: Study, datasets: Sequence[Dataset], left_out: LeftOut) -> bytes:
    """Return where everything in the archive comes from, as strict JSON."""
    document: dict[str, Any] = {
        "format": "planetview archive",
        "planetview": planetview.__version__,
        "collected": datetime.now(UTC).isoformat(timespec="seconds"),
        "title": study.title,
        "sets": [
            {
                "name": dataset.name,
                "role": dataset.role.value,
                "collected from": str(dataset.source),
                "kind": dataset.kind.value,
                "fingerprint": fingerprint_document(Fingerprint.of(dataset)),
                "excluded": list(study.marks.excluded_of(dataset.name)),
                "ratings": study.marks.ratings_of(dataset.name),
                "skipped": [{"name": one.name, "reason": one.reason} for one in dataset.skipped],
            }
            for dataset in datasets
        ],
        "left out": [{"set": name, "image": image, "reason": reason} for name, image, reason in left_out],
        "run": None if study.results is None else provenance_document(study.results),
        "path lengths": _PATH_LENGTHS.dump_python(study.path_lengths, mode="json"),
    }
    return json.dumps(document, indent=1).encode("ascii")


def readme(study: Study, datasets: Sequence[Dataset], left_out: LeftOut) -> bytes:
    """Return README.txt: what this is, how to open it, what is in it and what is not."""
    lines = [
        f"{printable(study.title)}",
        "",
        f"A study collected by PlanetView {planetview.__version__} on {datetime.now(UTC):%Y-%m-%d} (UTC).",
        "It is complete: it opens on any computer with PlanetView, wherever this folder lies.",
        "",
        "Open it",
        "    planetview open study.planetview      or File > Open study in the window",
        "    Unpack a zip first.",
        "",
        "Check that nothing was altered",
        "    sha256sum --check --quiet SHA256SUMS",
        "",
        "What is here",
        "    study.planetview    sets, settings, marks and results; paths are relative to it",
        "    images/             every image of the study, one folder for each set",
        "    results.json        all numbers with intervals, neighbours and pairs (if it was run)",
        "    results.csv         the table of metrics (if it was run)",
        "    provenance.json     versions, devices, weights, seeds, settings and where the images came from",
        "    SHA256SUMS          digests of all files",
        "",
        "Sets",
        *(_set_line(study, dataset) for dataset in datasets),
    ]
    if left_out:
        lines += ["", "Not as it was, or not here", *(_left_out_line(*one) for one in left_out)]
    if study.results is not None:
        lines += ["", "The run was asked for by", f"    {printable(command_line(study.results))}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _set_line(study: Study, dataset: Dataset) -> str:
    excluded = len(study.marks.excluded_of(dataset.name))
    noun = "image" if len(dataset) == 1 else "images"
    words = f"    {printable(dataset.name)}: {dataset.role.value}, {format_count(len(dataset))} {noun}"
    words += f", {format_count(excluded)} of them left out of runs" if excluded else ""
    rated = len(study.marks.ratings_of(dataset.name))
    return words + (f", {format_count(rated)} of them rated" if rated else "")


def _left_out_line(name: str, image: str, reason: str) -> str:
    return f"    {printable(name)}{f': {printable(image)}' if image else ''}: {printable(reason)}"
