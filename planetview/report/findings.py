"""What the numbers say about one candidate, in sentences that a reviewer can check against the table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from planetview.core import catalogue
from planetview.core.catalogue import EXTRACTORS, METRICS, metric_label
from planetview.core.datasets import Role
from planetview.core.formatting import format_count, format_interval, format_ratio, format_value
from planetview.core.results import MetricValue, Results

_MOST_NAMED = 4
_COPYING = "closer-to-reference"
_NOTABLE_R = 0.5


class Tone(StrEnum):
    """Whether a finding speaks for the candidate, against it, or is only to be known."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a candidate."""

    tone: Tone
    text: str


def findings(results: Results, candidate: str) -> tuple[Finding, ...]:
    """Return what stands out about one candidate, the comparison with the noise floor first.

    Only claims that the intervals support are made; a candidate without any number gets its reasons.
    """
    cells = [value for value in results.values if value.candidate == candidate]
    return (
        *_against_floor(cells),
        *_manifold(cells),
        *_copies(results, cells, candidate),
        *_entropy(results, candidate),
        *_gaps(results, cells, candidate),
    )


def value_label(value: MetricValue) -> str:
    """Return the published name of the value, else the metric's label with the extractor where it has one."""
    return catalogue.value_label(value.metric, value.extractor)


def extractor_label(extractor: str | None) -> str:
    """Return an extractor's label, its id when unknown to this version, or "" for pixel metrics."""
    if extractor is None:
        return ""
    return EXTRACTORS[extractor].label if extractor in EXTRACTORS else extractor


def _against_floor(cells: list[MetricValue]) -> Iterator[Finding]:
    # The floor of the copying share is chance, not held-out images: it has a sentence of its own.
    judged = [cell for cell in cells if cell.beyond_floor is not None and cell.metric != _COPYING]
    worse = sorted((cell for cell in judged if cell.beyond_floor), key=lambda cell: -(cell.ratio or 0))
    if not judged:
        if any(cell.value is not None for cell in cells):
            reason = next((cell.floor_reason for cell in cells if cell.floor_reason), "there is no held-out set")
            yield Finding(
                Tone.NOTE,
                f"No noise floor ({reason.rstrip('.')}): these numbers cannot tell a fault from sampling noise.",
            )
        return
    counted = f"{len(worse)} of {len(judged)}" if worse else f"all {len(judged)}" if len(judged) > 1 else "the only"
    plural = "number" if len(judged) == 1 else "numbers"
    if not worse:
        yield Finding(Tone.GOOD, f"Not separable from held-out real images on {counted} {plural} with a noise floor.")
        return
    label = _short_label if len({cell.extractor for cell in worse} - {None}) < 2 else value_label
    named = "; ".join(_worse_words(cell, label(cell)) for cell in worse[:_MOST_NAMED])
    more = f"; and {len(worse) - _MOST_NAMED} more" if len(worse) > _MOST_NAMED else ""
    yield Finding(Tone.BAD, f"Worse than held-out real images, beyond the noise, on {counted} {plural}: {named}{more}.")


def _short_label(cell: MetricValue) -> str:
    return metric_label(cell.metric)


def _worse_words(cell: MetricValue, label: str) -> str:
    if cell.ratio is not None and math.isfinite(cell.ratio) and METRICS[cell.metric].direction.is_worse(1.0, 0.0):
        return f"{label} {format_ratio(cell.ratio)} the floor"
    value, floor = format_value(cell.value, cell.interval), format_value(cell.floor, cell.floor_interval)
    return f"{label} {value} against {floor}"


def _manifold(cells: list[MetricValue]) -> Iterator[Finding]:
    for extractor in dict.fromkeys(cell.extractor for cell in cells):
        found = {cell.metric: cell for cell in cells if cell.extractor == extractor and cell.value is not None}
        parts = []
        if "precision" in found:
            share, floor = _percent(found["precision"])
            parts.append(f"{share} of its images lie among the reference images{floor}")
        if "recall" in found:
            share, floor = _percent(found["recall"])
            parts.append(f"it reaches {share} of the reference's variety{floor}")
        if parts:
            yield Finding(Tone.NOTE, f"By {extractor_label(extractor)}, {'; '.join(parts)}.")


def _percent(cell: MetricValue) -> tuple[str, str]:
    floor = "" if cell.floor is None else f" (held-out: {100 * cell.floor:.0f} %)"
    return f"{100 * (cell.value or 0):.0f} %", floor


def _copies(results: Results, cells: list[MetricValue], candidate: str) -> Iterator[Finding]:
    for shared in results.shared:
        if candidate in (shared.first, shared.second):
            other = shared.second if candidate == shared.first else shared.first
            count = len({pair[0] if candidate == shared.first else pair[1] for pair in shared.pairs})
            noun = "image is an exact copy of one" if count == 1 else "images are exact copies of images"
            tone = Tone.NOTE if results.dataset(other).role is Role.CANDIDATE else Tone.BAD
            yield Finding(tone, f"{format_count(count)} {noun} in '{other}'.")
    for cell in cells:
        if cell.metric == _COPYING and cell.value is not None and cell.beyond_floor:
            share = f"{100 * cell.value:.0f} % of its images have their nearest real image in the reference"
            chance = "" if cell.floor is None else f"; about {100 * cell.floor:.0f} % without copying"
            where = f"({extractor_label(cell.extractor)}{chance})"
            yield Finding(Tone.BAD, f"{share} {where}: look at the nearest pairs for copies.")


def _entropy(results: Results, candidate: str) -> Iterator[Finding]:
    for found in results.correlations:
        if found.candidate != candidate or found.r is None or found.r_interval is None:
            continue
        apart_from_zero = found.r_interval.low > 0 or found.r_interval.high < 0
        if apart_from_zero and abs(found.r) >= _NOTABLE_R:
            numbers = f"r = {format_value(found.r, found.r_interval)} {format_interval(found.r_interval, found.r)}"
            yield Finding(
                Tone.NOTE,
                f"{metric_label(found.metric)} largely follows image entropy here ({numbers}, n = "
                f"{format_count(found.n)}): part of what it says is about texture, not about likeness.",
            )


def _gaps(results: Results, cells: list[MetricValue], candidate: str) -> Iterator[Finding]:
    missing = [cell for cell in cells if cell.value is None]
    if missing:
        verb = "has" if len(missing) == 1 else "have"
        yield Finding(Tone.NOTE, f"{len(missing)} of {len(cells)} numbers {verb} no value; the table says why.")
    left_out = len(results.dataset(candidate).skipped) + len(results.unusable.get(candidate, ()))
    if left_out:
        noun = "file was" if left_out == 1 else "files were"
        yield Finding(Tone.NOTE, f"{format_count(left_out)} {noun} left out; the data sets section says why.")
