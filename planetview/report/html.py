"""The report: one HTML file that needs nothing else, for people who have to judge and defend a study."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from planetview.core.catalogue import (
    EXTRACTORS,
    LITERATURE_CAUTION,
    METRICS,
    Direction,
    literature_for,
    metric_label,
    published_name,
)
from planetview.core.command_line import command_line
from planetview.core.datasets import Dataset, Role
from planetview.core.findings import Verdict, extractor_label, findings, verdict
from planetview.core.formatting import (
    floor_word,
    format_count,
    format_interval,
    format_ratio,
    format_value,
    printable,
)
from planetview.core.provenance import provenance_groups
from planetview.core.ranking import clearly_best
from planetview.core.report_options import MOST_BANNER, ReportOptions
from planetview.core.results import Correlation, MetricValue, Neighbours, PairTable, Results
from planetview.core.study_marks import marked_sets
from planetview.report import charts
from planetview.report.gap_pictures import worst_gaps
from planetview.report.marked_images import exclusion_lines, marked_images
from planetview.report.path_lengths import path_length_section
from planetview.report.thumbnails import LoadRgb8, Thumbnails, picture

MOST_POINTS = 2000
MOST_ROWS = 8
MOST_GAPS = 6
MOST_LISTED = 200
_POINTS_A_PAGE = 60_000
_PICTURE_BYTES = 3_300_000
_ROWS_A_PAGE = 72
_GAP_BYTES = 700_000

Context = dict[str, Any]
DEFAULT_OPTIONS = ReportOptions()


def render_report(results: Results, load_rgb8: LoadRgb8, options: ReportOptions = DEFAULT_OPTIONS) -> str:
    """Return the report as one HTML document of at most about 6 MB, without scripts or outside references.

    load_rgb8: returns an image as (height, width, 3) uint8, or raises ImageProblem; such an image is
    shown as a placeholder with the reason. Every name is escaped; lists and points beyond what a page
    holds are cut, and the page says so.
    """
    return render("report.html.j2", report_context(results, load_rgb8, options))


def render(template: str, context: Context) -> str:
    """Return a template of this package filled in, as text that UTF-8 takes."""
    page = environment().get_template(template).render(context)
    # Names that are not UTF-8 on disk hold lone surrogates, which no encoder of the page would take.
    return page.encode("utf-8", "replace").decode("utf-8")


def report_context(results: Results, load_rgb8: LoadRgb8, options: ReportOptions) -> Context:
    """Return everything that the templates of a report name."""
    colours = _colours(results)
    marked = marked_sets(options.marked, results)
    return {
        "title": options.title or _title(results),
        "subtitle": _title(results),
        "banner": options.banner.strip()[:MOST_BANNER],
        "path_lengths": path_length_section(options.path_lengths),
        "candidates": [_candidate(results, dataset) for dataset in results.with_role(Role.CANDIDATE)],
        "warnings": (*results.warnings, *exclusion_lines(marked)),
        "groups": _value_groups(results),
        "extra_notes": _notes(results),
        "literature": [
            r for cell in dict.fromkeys((v.metric, v.extractor) for v in results.values) for r in literature_for(*cell)
        ],
        "literature_caution": LITERATURE_CAUTION,
        "datasets": [_dataset(results, dataset, colours) for dataset in results.datasets],
        "shared": results.shared,
        "entropy": _entropy(results, colours),
        "correlations": [_correlation_row(results, found) for found in results.correlations],
        "scatters": list(_scatters(results, colours)),
        "neighbours": list(_neighbours(results, load_rgb8)) if options.pictures else [],
        "gaps": list(_gaps(results, load_rgb8)) if options.pictures else [],
        "marked": marked_images(marked, load_rgb8 if options.pictures else None) if options.shows_marks else None,
        "has_pictures": options.pictures,
        "glossary": [METRICS[m] for m in dict.fromkeys(v.metric for v in results.values) if m in METRICS],
        "spaces": [EXTRACTORS[e] for e in _extractors(results) if e in EXTRACTORS],
        "command": printable(command_line(results)),
        "provenance": provenance_groups(results),
        "version": str(results.provenance.get("planetview", "")),
    }


@functools.cache
def environment() -> Environment:
    """Return the environment of the templates: everything escaped, control characters replaced."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable_lines(value) if type(value) is str else value,
    )
    environment.filters["count"] = format_count
    environment.globals["most_listed"] = MOST_LISTED
    return environment


def printable_lines(text: str) -> str:
    """Return `text` with control characters replaced, line breaks kept."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _title(results: Results) -> str:
    names = [dataset.name for dataset in results.with_role(Role.CANDIDATE)]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    reference = results.with_role(Role.REFERENCE)
    return f"{shown} against {reference[0].name}" if reference else shown


def _colours(results: Results) -> dict[str, int]:
    """Give each dataset a palette index: reference 0, held-out 1, candidates the others in turn."""
    fixed = {Role.REFERENCE: 0, Role.HELD_OUT: 1}
    turn = itertools.cycle(range(2, charts.COLOURS))
    return {d.name: fixed[d.role] if d.role in fixed else next(turn) for d in results.datasets}


def _candidate(results: Results, dataset: Dataset) -> Context:
    stands = verdict(value for value in results.values if value.candidate == dataset.name)
    return {
        "name": dataset.name,
        "count": len(dataset),
        "findings": findings(results, dataset.name),
        "verdict": stands.value,
        "tone": {Verdict.BEYOND: "beyond", Verdict.COPIES: "beyond", Verdict.WITHIN: "within"}.get(stands, ""),
    }


def _value_groups(results: Results) -> list[Context]:
    best = clearly_best(results.values)
    groups: dict[tuple[str, str | None], list[MetricValue]] = {}
    for value in results.values:
        groups.setdefault((value.metric, value.extractor), []).append(value)
    return [
        {
            "label": published_name(metric, extractor) or metric_label(metric),
            "extractor": extractor_label(extractor),
            "arrow": METRICS[metric].direction.arrow if metric in METRICS else "",
            "better": _better_words(metric),
            "rows": [_value_row(value, (metric, extractor, value.candidate) in best) for value in values],
        }
        for (metric, extractor), values in groups.items()
    ]


def _better_words(metric: str) -> str:
    if metric not in METRICS:
        return ""
    return "lower is better" if METRICS[metric].direction is Direction.LOWER else "higher is better"


def _value_row(value: MetricValue, is_best: bool) -> Context:
    unit = METRICS[value.metric].unit if value.metric in METRICS else ""
    level = f"{100 * value.interval.level:g} %, {value.interval.kind}" if value.interval else ""
    return {
        "candidate": value.candidate,
        "value": format_value(value.value, value.interval, unit),
        "exact": "" if value.value is None else repr(float(value.value)),
        "interval": format_interval(value.interval, value.value),
        "interval_kind": level,
        "floor": format_value(value.floor, value.floor_interval, unit),
        "floor_interval": format_interval(value.floor_interval, value.floor) if value.floor_interval else "",
        "floor_reason": value.floor_reason,
        "ratio": format_ratio(value.ratio),
        "word": floor_word(value.beyond_floor) if value.value is not None else "",
        "beyond": value.beyond_floor,
        "n": format_count(value.n),
        "reason": value.reason,
        "is_missing": value.value is None,
        "is_best": is_best,
    }


def _notes(results: Results) -> list[Context]:
    """Gather the variants, notes and companion numbers, one entry for each text with the values it is about."""
    gathered: dict[tuple[str, str], list[str]] = {}
    for value in results.values:
        about = " · ".join(filter(None, (metric_label(value.metric), extractor_label(value.extractor))))
        texts = [*value.notes]
        texts += [f"{name}: {number:.6g}" for name, number in value.extra.items()]
        texts += [value.variant] if value.variant else []
        for text in texts:
            gathered.setdefault((about, text), []).append(value.candidate)
    return [{"about": about, "text": text, "names": ", ".join(names)} for (about, text), names in gathered.items()]


def _dataset(results: Results, dataset: Dataset, colours: Mapping[str, int]) -> Context:
    unusable = [(name, reason) for name, reason in results.unusable.get(dataset.name, ())]
    left_out = [(skipped.name, skipped.reason) for skipped in dataset.skipped] + unusable
    return {
        "name": dataset.name,
        "role": dataset.role.value,
        "colour": colours[dataset.name],
        "count": len(dataset),
        "source": str(dataset.source),
        "sizes": _top({f"{width} × {height}": count for (width, height), count in dataset.sizes.items()}),
        "dtypes": _top(dataset.dtypes),
        "labels": _top(dataset.labels, 8),
        "duplicates": dataset.duplicates_inside(),
        "left_out": left_out,
        "notes": dataset.notes,
    }


def _top(counts: Mapping[str, int], most: int = 3) -> str:
    if not counts:
        return "none"
    if len(counts) == 1:
        return next(iter(counts))
    shown = ", ".join(f"{name} ({format_count(count)})" for name, count in list(counts.items())[:most])
    return shown + (f" and {len(counts) - most} more" if len(counts) > most else "")


def _entropy(results: Results, colours: Mapping[str, int]) -> Context:
    series = [
        charts.Series(dataset.name, np.asarray(results.entropy_bits[dataset.name]), colours[dataset.name], dash)
        for dash, dataset in enumerate(results.datasets)
        if dataset.name in results.entropy_bits
    ]
    description = "Histogram of Shannon entropy for " + ", ".join(one.name for one in series)
    rows, sizes = [], []
    for one in series:
        finite = one.values[np.isfinite(one.values)]
        sizes.append(finite.size)
        quartiles = np.percentile(finite, [25, 50, 75]) if finite.size else np.full(3, np.nan)
        numbers = [f"{x:.2f}" if np.isfinite(x) else "—" for x in quartiles]
        rows.append({"name": one.name, "key": charts.key(one), "count": finite.size, "quartiles": numbers})
    bins = charts.bin_count(min((size for size in sizes if size), default=0))
    chart = charts.histogram(series, "Shannon entropy (bits)", "Share of images", description)
    return {"chart": chart, "rows": rows, "bins": bins}


def _correlation_row(results: Results, found: Correlation) -> Context:
    return {
        "label": metric_label(found.metric),
        "candidate": found.candidate,
        "r": format_value(found.r, found.r_interval),
        "r_interval": format_interval(found.r_interval, found.r),
        "rho": format_value(found.rho, found.rho_interval),
        "rho_interval": format_interval(found.rho_interval, found.rho),
        "n": found.n,
        "dropped": found.dropped,
        "partners": found.distinct_partners,
        "reason": found.reason,
    }


def _scatters(results: Results, colours: Mapping[str, int]) -> Iterator[Context]:
    plots = sum(len(table.scores) for table in results.pairs) or 1
    most = max(100, min(MOST_POINTS, _POINTS_A_PAGE // plots))
    numbers = {(found.metric, found.candidate): found for found in results.correlations}
    for table in results.pairs:
        drawn = [_scatter(results, table, metric, most, colours) for metric in table.scores]
        yield {
            "query": table.query,
            "bank": table.bank,
            "paired_by": extractor_label(table.paired_by) or metric_label(table.paired_by),
            "plots": [
                {**plot, "numbers": _r_words(numbers.get((metric, table.query)))}
                for metric, plot in zip(table.scores, drawn, strict=True)
                if plot
            ],
        }


def _scatter(results: Results, table: PairTable, metric: str, most: int, colours: Mapping[str, int]) -> Context | None:
    x, y = np.asarray(table.entropy_bits), np.asarray(table.scores[metric])
    keep = np.isfinite(x) & np.isfinite(y)
    if not keep.any():
        return None
    unit = METRICS[metric].unit if metric in METRICS else ""
    y_label = metric_label(metric) + (f" ({unit})" if unit else "")
    seed = results.settings.seed
    chart = charts.Scatter(table.query, x[keep], y[keep], "Pair entropy (bits)", y_label, most, seed)
    count = int(keep.sum())
    shown = "" if chart.shown == count else f"{chart.shown:,} of {count:,} points drawn, seed {seed}"
    return {
        "label": metric_label(metric),
        "chart": charts.scatter(chart, colours.get(table.query, 2)),
        "shown": shown,
        "note": table.notes.get(metric, ""),
    }


def _r_words(found: Correlation | None) -> str:
    if found is None or found.r is None:
        return found.reason if found else ""
    interval = f" {format_interval(found.r_interval, found.r)}" if found.r_interval else ""
    rho = f", ρ = {format_value(found.rho, found.rho_interval)}" if found.rho is not None else ""
    return f"r = {format_value(found.r, found.r_interval)}{interval}{rho}, n = {format_count(found.n)}"


def _neighbours(results: Results, load_rgb8: LoadRgb8) -> Iterator[Context]:
    candidates, references = results.with_role(Role.CANDIDATE), results.with_role(Role.REFERENCE)
    thumbnails = Thumbnails(load_rgb8, _PICTURE_BYTES)
    rows = max(1, min(MOST_ROWS, _ROWS_A_PAGE // max(1, len(candidates))))
    held_out = next(iter(results.with_role(Role.HELD_OUT)), None)
    for candidate, reference in itertools.product(candidates, references[:1]):
        near = _table(results, candidate.name, reference.name)
        if near is None or not len(near.distances):
            continue
        far = _table(results, candidate.name, held_out.name, near.by) if held_out else None
        banks = [("reference", reference, near)]
        if held_out and far:
            banks.append(("held-out", held_out, far))
        order = np.argsort(near.distances[:, 0], kind="stable")
        order = order[np.isfinite(near.distances[order, 0])]
        best, worst = order[: min(rows, -(-len(order) // 2))], order[::-1][: min(rows, len(order) // 2)]
        yield {
            "name": candidate.name,
            "by": extractor_label(near.by) if near.by in EXTRACTORS else metric_label(near.by),
            "held_out": held_out.name if held_out and far else "",
            "reference": reference.name,
            "sides": [
                {
                    "title": title,
                    "rows": [_trio(candidate, int(i), banks, thumbnails) for i in chosen],
                }
                for title, chosen in (("Closest to the reference", best), ("Farthest from the reference", worst))
            ],
        }


def _gaps(results: Results, load_rgb8: LoadRgb8) -> Iterator[Context]:
    thumbnails = Thumbnails(load_rgb8, _GAP_BYTES)
    rows = max(1, min(MOST_GAPS, _ROWS_A_PAGE // (2 * max(1, len(results.with_role(Role.CANDIDATE))))))
    for found in worst_gaps(results, rows):
        pictures = [[picture(*part, thumbnails) for part in row] for row in found.rows]
        yield {"name": found.name, "by": found.by, "words": found.words, "rows": pictures}


def _table(results: Results, query: str, bank: str, by: str | None = None) -> Neighbours | None:
    try:
        return results.neighbours_of(query, bank, by)
    except KeyError:
        return None


def _trio(
    candidate: Dataset, row: int, banks: list[tuple[str, Dataset, Neighbours]], thumbnails: Thumbnails
) -> list[Context]:
    pictures = [picture("synthetic", candidate.images[row], None, thumbnails)]
    for words, bank, table in banks:
        record = bank.images[int(table.indices[row, 0])]
        pictures.append(picture(words, record, float(table.distances[row, 0]), thumbnails))
    return pictures


def _extractors(results: Results) -> list[str]:
    used = [value.extractor for value in results.values if value.extractor] + [t.by for t in results.neighbours]
    return list(dict.fromkeys(used))
