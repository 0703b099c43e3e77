"""Metric values as one flat table that any program reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from planetview.core.catalogue import METRICS
from planetview.core.catalogue.published import published_name
from planetview.core.results import MetricValue
from planetview.core.stats import Interval

Cell = str | int | float | bool | None

COLUMNS = (
    "metric", "label", "family", "better", "unit", "extractor", "candidate",
    "value", "low", "high", "level", "interval_kind",
    "floor", "floor_low", "floor_high", "floor_level", "floor_interval_kind", "floor_reason",
    "ratio", "beyond_floor", "n", "seed", "variant", "notes", "extra", "reason", "published",
)  # fmt: skip


def values_csv(values: Iterable[MetricValue]) -> str:
    """Return one row per metric, extractor and candidate under one header row, as RFC 4180 CSV.

    Numbers carry every digit of their float64 and a decimal point whatever the locale; infinities
    are `inf`. A cell without a value is empty and `reason` says why. `notes` are joined by "; ",
    `extra` is a JSON object, `published` what the literature calls this metric on this extractor, if anything.
    There are no comment lines, which many readers take for data.
    Text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(cell) for cell in _row(value)] for value in values)
    return stream.getvalue()


def _row(value: MetricValue) -> tuple[Cell, ...]:
    spec = METRICS.get(value.metric)
    label, family, better, unit = (
        (spec.label, spec.family.value, spec.direction.value, spec.unit) if spec else (value.metric, "", "", "")
    )
    return (
        value.metric, label, family, better, unit, value.extractor, value.candidate,
        value.value, *_interval(value.interval),
        value.floor, *_interval(value.floor_interval), value.floor_reason,
        value.ratio, None if value.beyond_floor is None else bool(value.beyond_floor),
        value.n, value.seed, value.variant, "; ".join(value.notes),
        json.dumps(value.extra, ensure_ascii=False, sort_keys=True) if value.extra else None, value.reason,
        published_name(value.metric, value.extractor),
    )  # fmt: skip


def _interval(interval: Interval | None) -> tuple[Cell, ...]:
    if interval is None:
        return (None, None, None, None)
    return (interval.low, interval.high, interval.level, interval.kind)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (int, float)):
        return repr(float(cell) if isinstance(cell, float) else int(cell))  # NumPy's own repr names its type
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
