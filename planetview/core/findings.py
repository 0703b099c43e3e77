"""What the numbers say about one candidate, in sentences that a reviewer can check against the table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from planetview.core import catalogue
from planetview.core.catalogue import EXTRACTORS, METRICS, Direction, Family, metric_label, published_name
from planetview.core.copies import SuspectedCopies, suspected_copies
from planetview.core.datasets import Role
from planetview.core.formatting import format_count, format_interval, format_ratio, format_value
from planetview.core.results import Gap, MetricValue, Results

COPYING = "closer-to-reference"
_MOST_NAMED = 4
_NOTABLE_R = 0.5
# A class of a handful of images is uncovered by chance.
_LEAST_IN_CLASS = 10


class Tone(StrEnum):
    """Whether a finding speaks for the candidate, against it, or is only to be known."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


class Verdict(StrEnum):
    """How a candidate stands to held-out real images, as one word for people."""

    BEYOND = "beyond floor"
    WITHIN = "within floor"
    COPIES = "copies suspected"
    UNKNOWN = "cannot tell"


class Evidence(StrEnum):
    """Where what a finding claims can be looked at."""

    CELL = "cell"
    BEYOND = "beyond"
    GAPS = "gaps"
    COPIES = "copies"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a candidate.

    evidence: what shows it: a CELL of the table (metric, extractor), the cells BEYOND the floor, the real images of a
    GAP (extractor), suspected COPIES (extractor: the space of the distances). None where the sentence is all there is.
    label: the class that a GAP is named of, None for all images.
    """

    tone: Tone
    text: str
    evidence: Evidence | None = None
    metric: str = ""
    extractor: str | None = None
    label: str | None = None


def findings(results: Results, candidate: str) -> tuple[Finding, ...]:
    """Return what stands out about one candidate, the comparison with the noise floor first.

    Only claims that the intervals support are made; a candidate without any number gets its reasons.
    """
    cells = [value for value in results.values if value.candidate == candidate]
    return (
        *_against_floor(cells),
        *_manifold(cells),
        *_gap_sentences(results, candidate),
        *_copies(results, cells, candidate),
        *_entropy(results, candidate),
        *_missing(results, cells, candidate),
    )


def verdict(values: Iterable[MetricValue]) -> Verdict:
    """Return how one candidate stands: beyond the floor as soon as one of its numbers is worse than held-out images.

    A set of copies is as good as real images by every distance: it is not called within the floor but suspected, where
    more of its images lie nearest to a reference image than chance explains. values: of one candidate.
    """
    cells = tuple(values)
    judged = _judged(cells)
    if any(cell.beyond_floor for cell in judged):
        return Verdict.BEYOND
    if any(cell.metric == COPYING and cell.beyond_floor for cell in cells):
        return Verdict.COPIES
    return Verdict.WITHIN if judged else Verdict.UNKNOWN


def clauses(values: Sequence[MetricValue], candidate: str, results: Results | None = None) -> tuple[Finding, ...]:
    """Return the few words that answer for one candidate: distance, numbers beyond the floor, gaps, copies.

    values: those that are there, of all candidates; during a run they come without `results`.
    """
    cells = [value for value in values if value.candidate == candidate]
    main = main_value(cells)
    has_several = len({cell.extractor for cell in cells} - {None}) > 1
    found = [] if main is None else [_distance_clause(main, has_several)]
    judged = _judged(cells)
    if len(judged) > 1:
        worse = sum(cell.beyond_floor is True for cell in judged)
        text = f"{worse or 'none'} of {len(judged)} numbers worse than held-out real images"
        found.append(Finding(Tone.BAD if worse else Tone.GOOD, text, Evidence.BEYOND))
    if results is not None:
        gap = _main_gap(results, candidate, main)
        found += [_gap_clause(results, gap)] if gap is not None else []
        copies = suspected_copies(results, candidate)
        found += [_copies_clause(copies)] if copies is not None else []
    return (*found, *_copying_clauses(cells))


def main_value(cells: Iterable[MetricValue]) -> MetricValue | None:
    """Return the number that speaks first for a candidate: its Fréchet distance, by DINOv2 where that is there."""
    ready = [cell for cell in cells if cell.value is not None and cell.metric in METRICS]
    whole = [cell for cell in ready if METRICS[cell.metric].family is Family.DISTRIBUTION]
    distances = [cell for cell in whole if cell.metric == "fd"]
    by_dinov2 = [cell for cell in distances if (cell.extractor or "").startswith("dinov2")]
    return next(iter([*by_dinov2, *distances, *whole]), None)


def value_label(value: MetricValue) -> str:
    """Return the published name of the value, else the metric's label with the extractor where it has one."""
    return catalogue.value_label(value.metric, value.extractor)


def extractor_label(extractor: str | None) -> str:
    """Return an extractor's label, its id when unknown to this version, or "" for pixel metrics."""
    if extractor is None:
        return ""
    return EXTRACTORS[extractor].label if extractor in EXTRACTORS else extractor


def percent(share: float) -> str:
    """Return a share in 0..1 as "96 %"; never rounds up to all or down to none."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def _judged(cells: Iterable[MetricValue]) -> list[MetricValue]:
    # The floor of the copying share is chance, not held-out images: it has a sentence of its own.
    return [cell for cell in cells if cell.beyond_floor is not None and cell.metric != COPYING]


def _distance_clause(value: MetricValue, has_several: bool) -> Finding:
    # "FD-DINOv2" for "FD-DINOv2 (dgm-eval)": which code it follows is for the table.
    label = (published_name(value.metric, value.extractor) or "").partition(" (")[0] or metric_label(value.metric)
    if has_several and not published_name(value.metric, value.extractor):
        label += f" on {extractor_label(value.extractor)}"
    own, floor = format_value(value.value, value.interval), format_value(value.floor, value.floor_interval)
    if value.floor is None:
        text = f"{label} {own}, with no noise floor to read it against"
    elif value.ratio is None or METRICS[value.metric].direction is Direction.HIGHER:
        text = f"{label} {own} beside a noise floor of {floor}"
    else:
        text = f"{format_ratio(value.ratio)} the noise floor by {label}"
    tone = {True: Tone.BAD, False: Tone.GOOD, None: Tone.NOTE}[value.beyond_floor]
    return Finding(tone, text, Evidence.CELL, value.metric, value.extractor)


def _copying_clauses(cells: Iterable[MetricValue]) -> Iterator[Finding]:
    for cell in cells:
        if cell.metric == COPYING and cell.value is not None and cell.beyond_floor:
            chance = "" if cell.floor is None else f" (chance: {percent(cell.floor)})"
            text = f"{percent(cell.value)} lie nearest to a reference image{chance}"
            yield Finding(Tone.BAD, text, Evidence.CELL, COPYING, cell.extractor)


def _main_gap(results: Results, candidate: str, main: MetricValue | None) -> Gap | None:
    own = [gap for gap in results.gaps if gap.query == candidate and gap.compared.size]
    return next((gap for gap in own if main is not None and gap.by == main.extractor), next(iter(own), None))


def _gap_clause(results: Results, gap: Gap) -> Finding:
    named = _worst_class(results, gap)
    total, missing, held_out = (gap.compared.size, gap.uncovered.size, gap.held_out_uncovered)
    expected = None if held_out is None else held_out.size
    whose, label = "real images", None
    if named is not None:
        label, (total, missing, expected) = named
        whose = f"real '{label}' images"
    beside = "" if expected is None else f" (held-out: {percent(expected / total)})"
    text = f"{percent(missing / total)} of {whose} have no synthetic neighbour{beside}"
    return Finding(_gap_tone(results, gap), text, Evidence.GAPS, "coverage", gap.by, label)


def _gap_tone(results: Results, gap: Gap) -> Tone:
    try:
        beyond = results.value("coverage", gap.query, gap.by).beyond_floor
    except KeyError:
        beyond = None
    return {True: Tone.BAD, False: Tone.GOOD, None: Tone.NOTE}[beyond]


def _worst_class(results: Results, gap: Gap) -> tuple[str, tuple[int, int, int | None]] | None:
    """Return the class with the largest share of gaps: its label, images compared, gaps, gaps of held-out images.

    None where fewer than two classes have enough images, or where no image of a class is a gap.
    """
    images = results.with_role(Role.REFERENCE)[0].images

    def counted(rows: Iterable[int]) -> Counter[str]:
        labels = (images[row].label for row in rows)
        return Counter(label for label in labels if label is not None)

    totals, missing = counted(gap.compared.tolist()), counted(gap.uncovered.tolist())
    held_out = None if gap.held_out_uncovered is None else counted(gap.held_out_uncovered.tolist())
    large = [label for label, total in totals.items() if total >= _LEAST_IN_CLASS]
    worst = max(large, key=lambda label: (missing[label] / totals[label], missing[label]), default=None)
    if len(large) < 2 or worst is None or not missing[worst]:
        return None
    return worst, (totals[worst], missing[worst], None if held_out is None else held_out[worst])


def _copies_clause(copies: SuspectedCopies) -> Finding:
    noun = "suspected copy" if copies.count == 1 else "suspected copies"
    text = f"{format_count(copies.count) if copies.count else 'no'} {noun}"
    if copies.count or copies.mirrored:
        text += f" (held-out: {format_count(copies.mirrored)})"
    tone = Tone.BAD if copies.is_beyond_chance else Tone.NOTE if copies.count else Tone.GOOD
    return Finding(tone, text, Evidence.COPIES, COPYING, copies.by)


def _against_floor(cells: list[MetricValue]) -> Iterator[Finding]:
    judged = _judged(cells)
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
        text = f"Not separable from held-out real images on {counted} {plural} with a noise floor."
        yield Finding(Tone.GOOD, text, Evidence.BEYOND)
        return
    label = _short_label if len({cell.extractor for cell in worse} - {None}) < 2 else value_label
    named = "; ".join(_worse_words(cell, label(cell)) for cell in worse[:_MOST_NAMED])
    more = f"; and {len(worse) - _MOST_NAMED} more" if len(worse) > _MOST_NAMED else ""
    text = f"Worse than held-out real images, beyond the noise, on {counted} {plural}: {named}{more}."
    yield Finding(Tone.BAD, text, Evidence.BEYOND)


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
            share, floor = _share(found["precision"])
            parts.append(f"{share} of its images lie among the reference images{floor}")
        if "recall" in found:
            share, floor = _share(found["recall"])
            parts.append(f"it reaches {share} of the reference's variety{floor}")
        if parts:
            yield Finding(Tone.NOTE, f"By {extractor_label(extractor)}, {'; '.join(parts)}.")


def _share(cell: MetricValue) -> tuple[str, str]:
    floor = "" if cell.floor is None else f" (held-out: {100 * cell.floor:.0f} %)"
    return f"{100 * (cell.value or 0):.0f} %", floor


def _gap_sentences(results: Results, candidate: str) -> Iterator[Finding]:
    gap = _main_gap(results, candidate, main_value(v for v in results.values if v.candidate == candidate))
    if gap is None:
        return
    found = _gap_clause(results, gap)
    held_out = gap.held_out_uncovered
    beside = "" if held_out is None else f", {format_count(held_out.size)} for as many held-out images"
    numbers = f"{format_count(gap.uncovered.size)} of {format_count(gap.compared.size)} in all{beside}"
    text = f"By {extractor_label(gap.by)}, {found.text} [{numbers}]."
    yield replace(found, text=text)


def _copies(results: Results, cells: list[MetricValue], candidate: str) -> Iterator[Finding]:
    for shared in results.shared:
        if candidate in (shared.first, shared.second):
            other = shared.second if candidate == shared.first else shared.first
            count = len({pair[0] if candidate == shared.first else pair[1] for pair in shared.pairs})
            noun = "image is an exact copy of one" if count == 1 else "images are exact copies of images"
            tone = Tone.NOTE if results.dataset(other).role is Role.CANDIDATE else Tone.BAD
            yield Finding(tone, f"{format_count(count)} {noun} in '{other}'.")
    suspected = suspected_copies(results, candidate)
    if suspected is not None and suspected.count:
        yield Finding(_copies_clause(suspected).tone, _copies_sentence(suspected), Evidence.COPIES, "", suspected.by)
    for cell in cells:
        if cell.metric == COPYING and cell.value is not None and cell.beyond_floor:
            share = f"{100 * cell.value:.0f} % of its images have their nearest real image in the reference"
            chance = "" if cell.floor is None else f"; about {100 * cell.floor:.0f} % without copying"
            where = f"({extractor_label(cell.extractor)}{chance})"
            text = f"{share} {where}: look at the nearest pairs for copies."
            yield Finding(Tone.BAD, text, Evidence.CELL, COPYING, cell.extractor)


def _copies_sentence(copies: SuspectedCopies) -> str:
    noun = "image lies" if copies.count == 1 else "images lie"
    many = f"{format_count(copies.count)} {noun} much nearer to a reference image than to any held-out one"
    mirrored = f"{format_count(copies.mirrored)} the other way round, which cannot be copies"
    text = f"{many} ({extractor_label(copies.by) or copies.by}; {mirrored})"
    if copies.times >= 1.5:
        text += f"; the reference is {format_ratio(copies.times)} as large, which alone brings neighbours nearer"
    return f"{text}."


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


def _missing(results: Results, cells: list[MetricValue], candidate: str) -> Iterator[Finding]:
    missing = [cell for cell in cells if cell.value is None]
    if missing:
        verb = "has" if len(missing) == 1 else "have"
        yield Finding(Tone.NOTE, f"{len(missing)} of {len(cells)} numbers {verb} no value; the table says why.")
    left_out = len(results.dataset(candidate).skipped) + len(results.unusable.get(candidate, ()))
    if left_out:
        noun = "file was" if left_out == 1 else "files were"
        yield Finding(Tone.NOTE, f"{format_count(left_out)} {noun} left out; the data sets section says why.")
