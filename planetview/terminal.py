"""What the command line shows: the table, progress, findings, errors. Plain and complete when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from planetview.core.errors import UserError

if TYPE_CHECKING:
    from planetview.core.messages import Message
    from planetview.core.results import MetricValue, Results

# What a line of the whole table needs with names of ordinary length; below, intervals and n are left out.
_FULL_WIDTH = 110
_FLOOR_WIDTH = 60
_PIPED_WIDTH = 10_000


def plain(text: str) -> Text:
    """Return text for the terminal: no markup is read from it, no control character survives."""
    from planetview.core.formatting import printable

    return Text("\n".join(printable(line) for line in text.split("\n")))


def console(stream: TextIO) -> Console:
    """Return a console; a stream that is no terminal gets lines that are never wrapped or coloured."""
    if stream.isatty():
        return Console(file=stream, highlight=False, soft_wrap=False)
    return Console(file=stream, highlight=False, no_color=True, width=_PIPED_WIDTH)


def show_error(error: UserError) -> None:
    """Print what happened and the next step on stderr."""
    err = console(sys.stderr)
    err.print(Text("error: ", style="bold red").append_text(plain(error.message)), soft_wrap=True)
    if error.hint:
        err.print(Text("  hint: ", style="bold").append_text(plain(error.hint)), soft_wrap=True)


def show_results(results: Results, stream: TextIO, literature: bool = False) -> None:
    """Print the table of values, then notes, warnings and findings, and published values when asked for."""
    from planetview.core.datasets import Role
    from planetview.core.findings import findings

    out = console(stream)
    out.print(values_table(results, out.width if stream.isatty() else _FULL_WIDTH))
    for lines, title in ((_missing(results), "No value"), (_notes(results), "Notes"), (results.warnings, "Warnings")):
        _list(out, title, lines)
    for candidate in results.with_role(Role.CANDIDATE):
        _list(out, candidate.name, [finding.text for finding in findings(results, candidate.name)])
    if literature:
        _list(out, "Published values", _published(results))


def values_table(results: Results, width: int) -> Table:
    """Return one row per metric, extractor and candidate; a narrow terminal gets the columns that decide."""
    from planetview.core.datasets import Role
    from planetview.core.ranking import clearly_best

    is_full, has_floor = width >= _FULL_WIDTH, width >= _FLOOR_WIDTH
    extractors = {value.extractor for value in results.values} - {None}
    candidates = results.with_role(Role.CANDIDATE)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Metric", no_wrap=is_full, overflow="fold")
    if len(extractors) > 1:
        table.add_column("Extractor", no_wrap=is_full)
    if len(candidates) > 1:
        table.add_column("Candidate", no_wrap=is_full, min_width=6)
    numbers = ["Value", *(["Interval"] if is_full else []), *(["Noise floor"] if has_floor else []), "Ratio"]
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Against floor" if is_full else "Floor", no_wrap=True)
    if is_full:
        table.add_column("n", justify="right", no_wrap=True)
    best = clearly_best(results.values)
    shown: tuple[str, str | None] | None = None
    for value in results.values:
        is_repeated = shown == (value.metric, value.extractor) and sys.stdout.isatty()
        shown = (value.metric, value.extractor)
        cells = _cells(value, is_full, (*shown, value.candidate) in best)
        if is_repeated:
            cells["Metric"] = Text("")
        elif not has_floor:
            # Labels would break in mid-word; the ids are short and what the options take.
            cells["Metric"] = Text(value.metric)
        table.add_row(*(cells[str(column.header)] for column in table.columns))
    return table


def _cells(value: MetricValue, is_full: bool, is_best: bool) -> dict[str, Text]:
    """Return every cell that a column of either form may ask for, by its header."""
    from planetview.core.catalogue import METRICS, metric_label, published_name
    from planetview.core.findings import extractor_label
    from planetview.core.formatting import floor_word, format_count, format_interval, format_ratio, format_value

    spec = METRICS.get(value.metric)
    unit, arrow = (spec.unit, spec.direction.arrow) if spec else ("", "")
    words = floor_word(value.beyond_floor) + (", best" if is_best else "")
    style = {True: "red", False: "green", None: "dim"}[value.beyond_floor]
    if value.value is None:
        words, style = "no value", "dim"
    return {
        "Metric": plain(f"{published_name(value.metric, value.extractor) or metric_label(value.metric)} {arrow}"),
        "Extractor": plain(extractor_label(value.extractor)),
        "Candidate": plain(value.candidate),
        "Value": Text(format_value(value.value, value.interval, unit), style="bold" if is_best else ""),
        "Interval": Text(format_interval(value.interval, value.value)),
        "Noise floor": Text(format_value(value.floor, value.floor_interval, unit)),
        "Ratio": Text(format_ratio(value.ratio)),
        "Against floor": Text(words, style=style),
        "Floor": Text(words.removesuffix(", best").replace(" than floor", "").replace(" floor", ""), style=style),
        "n": Text(format_count(value.n) if value.value is not None else ""),
    }


def _list(out: Console, title: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    if not lines:
        return
    out.print()
    out.print(plain(title).append(":"), style="bold")
    for line in lines:
        # A hanging indent needs a table; plain printing would start wrapped lines at the margin.
        row = Table.grid(padding=0)
        row.add_column(width=2)
        row.add_column()
        row.add_row("  ", plain(line))
        out.print(row)


def _missing(results: Results) -> list[str]:
    from planetview.core.findings import value_label

    reasons: dict[tuple[str, str], list[str]] = {}
    for value in results.values:
        if value.value is None:
            reasons.setdefault((value_label(value), value.reason), []).append(value.candidate)
    return [f"{label} ({', '.join(names)}): {reason}" for (label, reason), names in reasons.items()]


def _published(results: Results) -> list[str]:
    from planetview.core.catalogue import LITERATURE_CAUTION, literature_for

    cells = dict.fromkeys((value.metric, value.extractor) for value in results.values)
    lines = [
        f"{row.label} {row.text}: {row.generator}, {row.dataset} ({row.citation})"
        + (f". {row.caution}" if row.caution else "")
        for cell in cells
        for row in literature_for(*cell)
    ]
    return [*lines, LITERATURE_CAUTION] if lines else ["none for these metrics on these extractors"]


def _notes(results: Results) -> list[str]:
    from planetview.core.catalogue import metric_label

    notes: dict[str, list[str]] = {}
    for value in results.values:
        for note in value.notes:
            notes.setdefault(note, []).append(metric_label(value.metric))
    return [f"{', '.join(dict.fromkeys(labels))}: {note}" for note, labels in notes.items()]


class ProgressLine:
    """Shows the messages of a job on stderr: a live line on a terminal, one line a stage in a log.

    Use as a context manager; `show` takes every message, in one thread. Notices are printed at once.
    """

    def __init__(self, is_quiet: bool = False) -> None:
        self._console = console(sys.stderr)
        self._is_quiet = is_quiet
        self._is_live = sys.stderr.isatty() and not is_quiet
        self._stage = ""
        self._began = time.monotonic()
        self._bar = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.description}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._is_live,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressLine:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, message: Message) -> None:
        """Show one message of the engine."""
        from planetview.core.messages import Notice
        from planetview.core.messages import Progress as JobProgress

        if self._is_quiet:
            return
        if isinstance(message, Notice):
            self.say(f"note: {message.text}")
        elif isinstance(message, JobProgress):
            if self._is_live:
                self._advance(message)
            elif message.label != self._stage:
                self._stage = message.label
                self._console.print(plain(message.label))

    def say(self, text: str) -> None:
        """Print one line above the live line, unless quiet."""
        if not self._is_quiet:
            self._console.print(plain(text), soft_wrap=True)

    def _advance(self, message: object) -> None:
        from planetview.core.formatting import format_duration
        from planetview.core.messages import Progress as JobProgress

        assert isinstance(message, JobProgress)
        words = [message.label, f"{message.done:,} of {message.total:,}"]
        if message.rate:
            words.append(f"{message.rate:.0f} {message.unit}/s" if message.rate >= 10 else f"{message.rate:.1f}/s")
        if message.eta_seconds is not None:
            words.append(f"{format_duration(message.eta_seconds)} left")
        if self._task is None:
            self._task = self._bar.add_task("", total=1.0)
        self._bar.update(self._task, completed=message.fraction, description=plain(" · ".join(words)).plain)
