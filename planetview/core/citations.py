"""What a paper needs to say about a run: a paragraph on the methods, and the references in BibTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from planetview.core.catalogue import EXTRACTORS, METRICS, metric_label, value_label
from planetview.core.catalogue.path_length import PATH_LENGTHS
from planetview.core.datasets import Dataset, Role
from planetview.core.formatting import format_count, printable
from planetview.core.results import MetricValue, Results
from planetview.core.stretch import StretchKind

_REFERENCE = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:[^\s;,]+")
_ACCENTS = {"\N{COMBINING ACUTE ACCENT}": "'", "\N{COMBINING GRAVE ACCENT}": "`", "\N{COMBINING DIAERESIS}": '"'}


def methods_text(results: Results) -> str:
    """Return one paragraph in plain English on how the numbers of `results` were made.

    Names the sets with their sizes, the stretch, the extractors, each metric with its variant, the intervals,
    the seed and the version. Only metrics that gave a value are named.
    """
    values = [value for value in results.values if value.value is not None]
    sentences = [_sets(results), _stretch(results)]
    if values:
        sentences += [*_extractors(results, values), _metrics(values), *_intervals(values)]
    made_by = str(results.provenance.get("planetview", "")).strip()
    sentences.append(
        f"All computations used PlanetView{f' {made_by}' if made_by else ''} with seed {results.settings.seed}."
    )
    return printable(" ".join(sentences))


def bibtex(ids: Iterable[str]) -> str:
    """Return BibTeX entries of the papers that the catalogue cites for these metrics, extractors and path lengths.

    Entries are keyed "arXiv:..." or "doi:...", each once, in the order of `ids`; an id that is not in the
    catalogue, or cites no paper, adds nothing.
    """
    keys = dict.fromkeys(key for id in ids for key in _REFERENCE.findall(_citation(id)))
    return "\n".join(_entry(key, _papers()[key]) for key in keys)


def cited_ids(results: Results) -> tuple[str, ...]:
    """Return the ids of the metrics and extractors whose numbers `results` holds, metrics first."""
    values = [value for value in results.values if value.value is not None]
    metrics = dict.fromkeys(value.metric for value in values)
    return (*metrics, *dict.fromkeys(value.extractor for value in values if value.extractor))


def _sets(results: Results) -> str:
    candidates = results.with_role(Role.CANDIDATE)
    reference, held_out = results.with_role(Role.REFERENCE), results.with_role(Role.HELD_OUT)
    noun = "set" if len(candidates) == 1 else "sets"
    text = f"The synthetic {noun} {_listed(map(_named, candidates))} {'was' if noun == 'set' else 'were'} compared"
    text += f" with the reference set {_listed(map(_named, reference))}"
    if held_out:
        text += (
            f"; the held-out set {_listed(map(_named, held_out))} gave the noise floor, the same number for real images"
        )
    return text + "."


def _named(dataset: Dataset) -> str:
    return f"{dataset.name} ({format_count(len(dataset))} images)"


def _stretch(results: Results) -> str:
    if results.settings.stretch.kind is StretchKind.NONE:
        return "The images have 8 bits a band and were not stretched."
    return f"All images were brought to 8 bits by one stretch: {results.settings.stretch.label}."


def _extractors(results: Results, values: Iterable[MetricValue]) -> list[str]:
    recorded: Any = results.provenance.get("extractors")
    told = []
    for id in dict.fromkeys(value.extractor for value in values if value.extractor):
        spec = EXTRACTORS.get(id)
        record = recorded.get(id) if isinstance(recorded, dict) else None
        precision = record.get("precision") if isinstance(record, dict) else None
        details = [f"{spec.dim:,} dimensions"] if spec else []
        details += [str(precision)] if precision else []
        sources = _sources(spec.citation) if spec else ""
        details += [sources] if sources else []
        told.append((spec.label if spec else id) + (f" ({'; '.join(details)})" if details else ""))
    return [f"Features came from {_listed(told)}."] if told else []


def _metrics(values: Iterable[MetricValue]) -> str:
    kinds: dict[tuple[str, str | None], dict[str, None]] = {}
    for value in values:
        variants = kinds.setdefault((value.metric, value.extractor), {})
        if value.variant:
            variants[value.variant] = None
    told = []
    for (metric, extractor), variants in kinds.items():
        sources = _sources(_citation(metric))
        details = "; ".join(filter(None, (" / ".join(variants), sources)))
        told.append(value_label(metric, extractor) + (f" [{details}]" if details else ""))
    sizes = sorted({value.n for value in values})
    sides = format_count(sizes[0]) if len(sizes) == 1 else f"{format_count(sizes[0])} to {format_count(sizes[-1])}"
    return f"Reported are {_listed(told, '; ')}, with n = {sides} images a side."


def _intervals(values: Iterable[MetricValue]) -> list[str]:
    kinds: dict[tuple[float, str], dict[str, None]] = {}
    for value in values:
        if value.interval is not None:
            kinds.setdefault((value.interval.level, value.interval.kind), {})[metric_label(value.metric)] = None
    if not kinds:
        return []
    if len(kinds) == 1:
        ((level, kind),) = kinds
        return [f"Intervals are {level * 100:g} % ({kind})."]
    told = (f"{level * 100:g} % ({kind}) for {_listed(labels)}" for (level, kind), labels in kinds.items())
    return [f"Intervals are {'; '.join(told)}."]


def _citation(id: str) -> str:
    spec = METRICS.get(id) or EXTRACTORS.get(id) or PATH_LENGTHS.get(id)
    return spec.citation if spec is not None else ""


def _sources(citation: str) -> str:
    return ", ".join(_REFERENCE.findall(citation))


@cache
def _papers() -> dict[str, dict[str, Any]]:
    import tomllib

    path = Path(__file__).parent / "catalogue" / "papers.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _entry(key: str, paper: dict[str, Any]) -> str:
    scheme, _, number = key.partition(":")
    kind = "article" if "journal" in paper else "inproceedings" if "booktitle" in paper else "misc"
    where = {"eprint": number, "archiveprefix": "arXiv"} if scheme == "arXiv" else {"doi": number}
    # The second pair of braces keeps capitals that BibTeX styles would lower.
    fields = {**paper, "title": f"{{{paper['title']}}}", "author": ascii_names(paper["author"]), **where}
    lines = "".join(f"  {name} = {{{text}}},\n" for name, text in fields.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def ascii_names(names: str) -> str:
    """Return names with accents as commands, which every BibTeX reads."""
    text = ""
    for character in unicodedata.normalize("NFD", names):
        if character in _ACCENTS:
            text = f"{text[:-1]}{{\\{_ACCENTS[character]}{text[-1]}}}"
        else:
            text += r"{\l}" if character == "ł" else character
    return text


def _listed(words: Iterable[str], mark: str = ", ") -> str:
    *most, last = [*words] or ["none"]
    return f"{mark.join(most)}{mark.rstrip() if mark == '; ' else ''} and {last}" if most else last
