"""The metric table for the clipboard and for files: full precision, one header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from planetview.core.catalogue import METRICS
from planetview.core.results import MetricValue
from planetview.core.stats import Interval
from planetview.gui.models.metric_rows import MetricRow
from planetview.gui.models.metric_table import MetricTableModel


def _inert(text: str) -> str:
    """Return text that no spreadsheet runs as a formula: dataset names are made by others."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def table_grid(model: MetricTableModel, rows: Sequence[int], candidates: Sequence[str]) -> list[list[str]]:
    """Return a header and one line a metric; per candidate its value, interval ends, floor and n.

    Numbers have full precision and a decimal point; a missing one is empty. Family rows are left out.
    """
    header = ["Metric", "Extractor", "Better"]
    for name in candidates:
        header += [
            _inert(name),
            f"{_inert(name)} low",
            f"{_inert(name)} high",
            f"{_inert(name)} noise floor",
            f"{_inert(name)} n",
        ]
    grid = [header]
    for row in rows:
        item = model.rows[row]
        if not isinstance(item, MetricRow):
            continue
        line = [item.name, item.extractor or "", METRICS[item.metric].direction.value]
        for name in candidates:
            line += _numbers(model.value_of(item, name))
        grid.append(line)
    return grid


def _numbers(value: MetricValue | None) -> list[str]:
    if value is None or value.value is None:
        return [""] * 5
    return [_exact(value.value), *_ends(value.interval), _exact(value.floor), str(value.n)]


def _ends(interval: Interval | None) -> tuple[str, str]:
    return ("", "") if interval is None else (_exact(interval.low), _exact(interval.high))


def _exact(number: float | None) -> str:
    return "" if number is None else repr(float(number))


def grid_tsv(grid: Iterable[Iterable[str]]) -> str:
    """Return lines of tab-separated cells; tabs and line breaks inside a cell become spaces."""
    return "".join("\t".join(" ".join(cell.split()) for cell in line) + "\n" for line in grid)


def grid_html(grid: Sequence[Sequence[str]]) -> str:
    """Return an HTML table whose first line is the header."""
    lines = [
        "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in line) + "</tr>"
        for tag, part in (("th", grid[:1]), ("td", grid[1:]))
        for line in part
    ]
    return f"<table>{''.join(lines)}</table>"
