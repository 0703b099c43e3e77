"""Where the numbers of a run come from: in groups for people, as one document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from planetview.core.catalogue import EXTRACTORS, METRICS
from planetview.core.command_line import command_line
from planetview.core.datasets import Dataset
from planetview.core.fingerprints import Fingerprint, fingerprint_document
from planetview.core.formatting import format_count, format_duration
from planetview.core.results import Results
from planetview.core.settings import RunSettings

_SETTINGS = TypeAdapter(RunSettings)
_RUN = ("started", "finished", "seconds")
_MACHINE = ("platform", "device", "device name", "threads", "precision")
_METHOD = ("sampling", "pairing", "seed", "images")
# Said in groups of their own, or by the settings.
_ELSEWHERE = {"planetview", "python", "packages", "stretch", "extractors", "perceptual", "command", "sets"}


@dataclass(frozen=True, slots=True)
class ProvenanceGroup:
    """One heading with its lines: (name, text)."""

    title: str
    rows: tuple[tuple[str, str], ...]


def provenance_groups(results: Results) -> tuple[ProvenanceGroup, ...]:
    """Return everything that made the numbers, group by group; what this version does not know comes last."""
    provenance = results.provenance
    known = {*_RUN, *_MACHINE, *_METHOD, *_ELSEWHERE}
    groups = (
        ("Run", [*_picked(provenance, _RUN), ("command", command_line(results))]),
        ("Software", _software(provenance)),
        ("Machine", list(_picked(provenance, _MACHINE))),
        ("Sets", [row for dataset in results.datasets for row in _set_rows(results, dataset)]),
        ("Networks", list(_networks(provenance))),
        ("Method", list(_picked(provenance, _METHOD))),
        ("Settings", list(_settings(results.settings))),
        ("Other", list(_flat({key: value for key, value in provenance.items() if key not in known}))),
    )
    return tuple(ProvenanceGroup(title, tuple(rows)) for title, rows in groups if rows)


def provenance_document(results: Results) -> dict[str, Any]:
    """Return the same, JSON-ready: what the run recorded, its settings, sets and the command that repeats it."""
    return {
        **results.provenance,
        "command": command_line(results),
        "settings": _SETTINGS.dump_python(results.settings, mode="json"),
        "sets": [
            {
                "name": dataset.name,
                "role": dataset.role.value,
                "source": str(dataset.source),
                "used": len(dataset),
                "skipped": len(dataset.skipped),
                "unusable": len(results.unusable.get(dataset.name, ())),
                "fingerprint": fingerprint_document(Fingerprint.of(dataset)),
            }
            for dataset in results.datasets
        ],
        "warnings": list(results.warnings),
    }


def provenance_text(results: Results) -> str:
    """Return the groups as plain text, for a message or a lab book."""
    return "\n\n".join(
        "\n".join((group.title, *(f"  {name}: {text}" for name, text in group.rows)))
        for group in provenance_groups(results)
    )


def _picked(provenance: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for key in keys:
        if key in provenance:
            yield from _flat(provenance[key], key)


def _software(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("PlanetView", str(provenance["planetview"]))] if "planetview" in provenance else []
    rows += [("Python", str(provenance["python"]))] if "python" in provenance else []
    packages = provenance.get("packages")
    return rows + (list(_flat(packages)) if isinstance(packages, Mapping) else [])


def _set_rows(results: Results, dataset: Dataset) -> Iterator[tuple[str, str]]:
    left_out = len(dataset.skipped) + len(results.unusable.get(dataset.name, ()))
    used = f"{dataset.role.value}; {format_count(len(dataset))} images used, {format_count(left_out)} left out"
    yield dataset.name, used
    yield f"{dataset.name}, source", str(dataset.source)
    yield f"{dataset.name}, SHA-256 of names and contents", Fingerprint.of(dataset).digest
    stretch = results.provenance.get("stretch")
    per_set = stretch.get("per dataset") if isinstance(stretch, Mapping) else None
    if isinstance(per_set, Mapping) and dataset.name in per_set:
        yield f"{dataset.name}, stretch to 8-bit", str(per_set[dataset.name])


def _networks(provenance: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, catalogue in (("extractors", EXTRACTORS), ("perceptual", METRICS)):
        found = provenance.get(key)
        for name, about in found.items() if isinstance(found, Mapping) else ():
            label = catalogue[name].label if name in catalogue else str(name)
            for detail, text in _flat(about):
                yield f"{label}{f', {detail}' if detail else ''}", text


def _settings(settings: RunSettings) -> Iterator[tuple[str, str]]:
    for name, value in _SETTINGS.dump_python(settings, mode="json").items():
        text = settings.stretch.label if name == "stretch" else ", ".join(value) if isinstance(value, list) else value
        yield name.replace("_", " "), "automatic" if text is None else str(text) or "none"


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield every leaf of nested provenance as (dotted name, text)."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, (list, tuple)):
        yield prefix, ", ".join(str(item) for item in value)
    elif prefix.endswith("seconds") and isinstance(value, (int, float)):
        yield prefix, f"{value:g} ({format_duration(value)})"
    else:
        yield prefix, str(value)
