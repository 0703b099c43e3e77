"""Metric values as one flat table that any program reads."""

from __future__ import annotations

import csv
import io
import json
import math
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
    return rows_csv(COLUMNS, (_row(value) for value in values))


def rows_csv(header: Iterable[str], rows: Iterable[Iterable[Cell]]) -> str:
    """Return any rows under one header row, with the rules for cells that `values_csv` has."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow([_text(cell) for cell in row])
    return stream.getvalue()


def values_json(values: Iterable[MetricValue], version: str) -> str:
    """Return a JSON object: "planetview" is `version`, "values" one object per value with `COLUMNS` as keys.

    Numbers carry every digit; infinities are the strings "inf" and "-inf", an undefined number is null.
    "notes" is a list of strings and "extra" an object. A value without a number has `reason`.
    """
    found = [
        {**dict(zip(COLUMNS, map(_json, _row(value)), strict=True)), "notes": list(value.notes)}
        | {"extra": {name: _json(number) for name, number in value.extra.items()}}
        for value in values
    ]
    return json.dumps({"planetview": version, "values": found}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _json(cell: Cell) -> Cell:
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return cell
    if isinstance(cell, float):
        return float(cell) if math.isfinite(cell) else None if math.isnan(cell) else str(float(cell))
    return int(cell)


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
