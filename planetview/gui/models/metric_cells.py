"""What one cell of the metric table shows, as a value that painting, copying and reading out share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from planetview.core.catalogue import METRICS, Family
from planetview.core.formatting import format_count, format_value, value_and_spread
from planetview.core.results import MetricValue
from planetview.gui.models.literature_words import literature_range
from planetview.gui.models.metric_rows import MetricRow, family_help
from planetview.gui.models.wording import NO_VALUE, floor_words, tr


class CellState(StrEnum):
    """How far a cell is."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    UNAVAILABLE = "n/a"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows: a number with its quiet spread, a quiet second line, and whether it is the best.

    bar: log10 of value / floor, drawn as a bar from the floor's tick; None without one. is_beyond: worse than the
    floor; None where that is unknown. is_text: words, which stand on the left.
    """

    main: str
    sub: str
    state: CellState
    is_best: bool = False
    spread: str = ""
    bar: float | None = None
    is_beyond: bool | None = None
    is_text: bool = False

    @property
    def line(self) -> str:
        """The first line in full."""
        return f"{self.main} {self.spread}".rstrip()

    @property
    def text(self) -> str:
        """Both lines."""
        return f"{self.line}\n{self.sub}" if self.sub else self.line


def heading_cell(family: Family, folded: int) -> Cell:
    """Return the cell beside the heading of a family. folded: how many of its rows are folded away."""
    text = family_help(family)
    closed = tr("{0} Closed: {1} row.") if folded == 1 else tr("{0} Closed: {1} rows.")
    return Cell(closed.format(text, folded) if folded else text, "", CellState.READY, is_text=True)


def value_cell(value: MetricValue, *, is_best: bool, with_floor: bool, with_interval: bool, with_bar: bool) -> Cell:
    """Return the cell of one value: with_floor also names the floor's own number."""
    if value.value is None:
        return Cell(NO_VALUE, value.reason, CellState.UNAVAILABLE)
    unit = METRICS[value.metric].unit
    main, spread = value_and_spread(value.value, value.interval, unit)
    if not with_interval:
        main, spread = format_value(value.value, value.interval, unit), ""
    sub = floor_words(value, with_floor=with_floor, is_short=True)
    bar = _log_ratio(value.ratio) if with_bar else None
    return Cell(f"★ {main}" if is_best else main, sub, CellState.READY, is_best, spread, bar, value.beyond_floor)


def unfinished_cell(is_running: bool, has_stopped: bool) -> Cell:
    """Return the cell of a value that a run will give, or would have given."""
    if has_stopped:
        return Cell(NO_VALUE, tr("the run stopped before it"), CellState.UNAVAILABLE)
    if is_running:
        return Cell(tr("computing…"), "", CellState.RUNNING)
    return Cell(tr("queued"), "", CellState.WAITING)


def floor_cell(
    row: MetricRow, values: Sequence[MetricValue], expected: int, *, is_running: bool, has_stopped: bool
) -> Cell:
    """Return the cell of the noise floor that all candidates share. expected: how many values the row will have."""
    floored = [value for value in values if value.floor is not None]
    if floored:
        unit, interval = METRICS[row.metric].unit, floored[0].floor_interval
        # The copying share's chance is one number, but how far it scatters depends on the candidate.
        if all(value.floor_interval == interval for value in floored):
            return Cell(*_main_and_spread(floored[0], unit))
        return Cell(format_value(floored[0].floor, interval, unit), "", CellState.READY)
    if len(values) < expected:
        return unfinished_cell(is_running, has_stopped)
    reason = next((v.floor_reason or v.reason for v in values if v.floor_reason or v.reason), "")
    return Cell(NO_VALUE, reason, CellState.UNAVAILABLE)


def count_cell(values: Sequence[MetricValue]) -> Cell:
    """Return how many images a side the values of a row have."""
    sizes = sorted({value.n for value in values if value.value is not None})
    if not sizes:
        return Cell("", "", CellState.READY)
    ends = dict.fromkeys((format_count(sizes[0]), format_count(sizes[-1])))
    return Cell(tr(" to ").join(ends), "", CellState.READY)


def extractor_cell(row: MetricRow) -> Cell:
    """Return which features a row is computed on."""
    return Cell(row.extractor_label or tr("pixels"), "", CellState.READY, is_text=True)


def literature_cell(row: MetricRow) -> Cell:
    """Return the range of published values."""
    ends, what = literature_range(row.metric, row.extractor)
    return Cell(ends, what, CellState.READY) if ends else Cell(tr("none"), "", CellState.UNAVAILABLE)


def _main_and_spread(value: MetricValue, unit: str) -> tuple[str, str, CellState]:
    main, spread = value_and_spread(value.floor or 0.0, value.floor_interval, unit)
    return main, spread, CellState.READY


def _log_ratio(ratio: float | None) -> float | None:
    if ratio is None or math.isnan(ratio):
        return None
    return math.log10(ratio) if 0 < ratio < math.inf else math.copysign(math.inf, ratio - 1)
