"""The pairs of a run as scatters: nearest and random ones, one series a table, one panel a metric."""

from __future__ import annotations

import html
from collections.abc import Iterator
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QRectF

from planetview.core.regression import fit_line
from planetview.core.results import Correlation, Results
from planetview.gui.models.wording import tr
from planetview.gui.plots.panel_painting import Panel
from planetview.gui.plots.series import Scales, ScatterSeries, whole_span
from planetview.gui.plots.styles import dataset_style, random_style
from planetview.gui.views.pair_columns import (
    ENTROPY,
    column_label,
    column_of,
    correlated,
    method_words,
    quantity,
    with_interval,
)


class Pairing(StrEnum):
    """Which pairs are shown."""

    NEAREST = "nearest"
    RANDOM = "random"
    BOTH = "both"

    @property
    def kinds(self) -> tuple[Pairing, ...]:
        """The one or two kinds of pairs that are side by side."""
        return (Pairing.NEAREST, Pairing.RANDOM) if self is Pairing.BOTH else (self,)


class PairSets:
    """The pair tables of one run by series name, and what they look like as series and panels."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self.nearest = {table.query: table for table in results.pairs if table.scores}
        self._random_names = {table.query: tr("{} (random pairs)").format(table.query) for table in results.pairs}
        drawn = (table for table in results.random_pairs if table.query in self.nearest)
        self.tables = dict(self.nearest) | {self._random_names[table.query]: table for table in drawn}
        self._known: dict[tuple[str, str, str, bool], ScatterSeries] = {}

    @property
    def has_random(self) -> bool:
        """Whether the run drew random pairs."""
        return len(self.tables) > len(self.nearest)

    def names(self, datasets: list[str], kind: Pairing) -> list[str]:
        """Return the series names of some datasets for one kind of pairs, those that exist."""
        wanted = datasets if kind is Pairing.NEAREST else [self._random_names[name] for name in datasets]
        return [name for name in wanted if name in self.tables]

    def series(self, name: str, x: str, y: str, *, is_narrow: bool = False) -> ScatterSeries:
        """Return the pairs of one table with finite values of both columns, with line and legend; made once."""
        key = (name, x, y, is_narrow)
        if key not in self._known:
            self._known[key] = self._make(name, x, y, is_narrow=is_narrow)
        return self._known[key]

    def scales(self, names: list[str], x: str, y: str, logarithmic: frozenset[str]) -> Scales:
        """Return the axes of two columns, logarithmic where asked for and all values of the tables are above 0."""
        return Scales(x in logarithmic and self.is_positive(names, x), y in logarithmic and self.is_positive(names, y))

    def is_positive(self, names: list[str], column: str) -> bool:
        """Return whether a column has finite values in these tables, all of them above 0."""
        found = [values[np.isfinite(values)] for values in (column_of(self.tables[name], column) for name in names)]
        return any(values.size for values in found) and all(bool((values > 0).all()) for values in found)

    def _make(self, name: str, x: str, y: str, *, is_narrow: bool) -> ScatterSeries:
        table = self.tables[name]
        xs, ys = column_of(table, x), column_of(table, y)
        rows = np.flatnonzero(np.isfinite(xs) & np.isfinite(ys))
        style = dataset_style(self._results, table.query)
        if name not in self.nearest:
            style = random_style(style)
        found = self.coefficients(name, x, y)
        legend, short = legend_of(name, found, is_narrow=is_narrow), f"{name}: {one_line(found)}"
        return ScatterSeries(name, legend, style, xs[rows], ys[rows], rows, fit_line(xs[rows], ys[rows]), short)

    def coefficients(self, name: str, x: str, y: str) -> Correlation:
        """Return what the run found for entropy against a metric; other columns are correlated now."""
        table = self.tables[name]
        if x == ENTROPY:
            known = self._results.correlations if name in self.nearest else self._results.random_correlations
            for one in known:
                if (one.metric, one.candidate) == (y, table.query):
                    return one
        return correlated(table, x, y)

    def reason(self, names: list[str], x: str, y: str) -> str:
        """Return why no pair has both columns."""
        notes = [self.tables[name].notes.get(column, "") for name in names for column in (y, x)]
        reason = next((note for note in notes if note), "")
        words = tr("No pair has a finite value of both {} and {}.").format(column_label(y), column_label(x))
        return f"{words} {reason[:1].upper()}{reason[1:]}." if reason else words

    def panel_count(self, datasets: list[str], pairing: Pairing) -> int:
        """Return how many panels `panels` yields."""
        return len(self._metrics(datasets)) * len(pairing.kinds)

    def panels(
        self, datasets: list[str], pairing: Pairing, logarithmic: frozenset[str] = frozenset()
    ) -> Iterator[Panel]:
        """Yield one panel for every metric, or two with the same axes for nearest and random pairs.

        logarithmic: the columns whose axes shall be so.
        """
        for metric in self._metrics(datasets):
            sides = []
            for kind in pairing.kinds:
                names = self.names(datasets, kind)
                sides.append((kind, names, tuple(self.series(name, ENTROPY, metric) for name in names)))
            scales = self.scales([name for _, names, _ in sides for name in names], ENTROPY, metric, logarithmic)
            sides = [(kind, names, tuple(one.on(scales) for one in series)) for kind, names, series in sides]
            span = whole_span(tuple(one for _, _, series in sides for one in series))
            for kind, names, series in sides:
                yield self._panel(metric, kind, names, series, span, is_one_of_two=pairing is Pairing.BOTH)

    def _metrics(self, datasets: list[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(metric for name in datasets for metric in self.nearest[name].scores))

    def _panel(
        self, metric: str, kind: Pairing, names: list[str], series: tuple[ScatterSeries, ...], span: QRectF | None,
        *, is_one_of_two: bool,
    ) -> Panel:  # fmt: skip
        label, unit = quantity(metric)
        title = label
        if is_one_of_two or kind is Pairing.RANDOM:
            words = tr("nearest pairs") if kind is Pairing.NEAREST else tr("random pairs")
            title = f"{label}, {words}"
        lines: list[str] = []
        for name in names:
            found = self.coefficients(name, ENTROPY, metric)
            lines += short_lines(found) if len(names) == 1 else [f"{self.tables[name].query}: {one_line(found)}"]
        if any(not one.scales.is_linear for one in series):
            lines.append(tr("r and lines: of the values"))
        has_points = any(one.x.size for one in series)
        hint = "" if is_one_of_two else self._other_kind(metric, kind, names)
        reason = "" if has_points else self.reason(names, ENTROPY, metric)
        x_label, x_unit = quantity(ENTROPY)
        y_words = f"{label} ({unit})" if unit else label
        return Panel(f"{metric}/{kind}", title, tuple(lines), f"{x_label} ({x_unit})", y_words, series,
                     span if has_points else None, reason, hint)  # fmt: skip

    def _other_kind(self, metric: str, kind: Pairing, names: list[str]) -> str:
        """Return the coefficients of the pairs that are not shown: random ones beside nearest ones."""
        other = Pairing.RANDOM if kind is Pairing.NEAREST else Pairing.NEAREST
        datasets = [self.tables[name].query for name in names]
        found = [one_line(self.coefficients(name, ENTROPY, metric)) for name in self.names(datasets, other)]
        if not found:
            return ""
        words = tr("Random pairs: {}") if other is Pairing.RANDOM else tr("Nearest pairs: {}")
        return words.format("; ".join(found))


def short_lines(found: Correlation) -> list[str]:
    """Return both coefficients with their intervals and n, a line each."""
    if found.r is None:
        return [tr("n = {:,}").format(found.n), ""]
    rho = "" if found.rho is None else f"ρ = {with_interval(found.rho, found.rho_interval)}, "
    return [f"r = {with_interval(found.r, found.r_interval)}", tr("{}n = {:,}").format(rho, found.n)]


def one_line(found: Correlation) -> str:
    """Return both coefficients in few letters."""
    if found.r is None:
        return tr("n = {:,}").format(found.n)
    rho = "" if found.rho is None else f", ρ {with_interval(found.rho, None)}"
    return f"r {with_interval(found.r, None)}{rho}"


def legend_of(name: str, found: Correlation, *, is_narrow: bool = False) -> str:
    """Return name, counts and coefficients for a legend in two lines, or in four short ones; HTML."""
    counts = tr("n = {:,} pairs, {:,} dropped, {:,} distinct partners").format(
        found.n, found.dropped, found.distinct_partners
    )
    if found.r is None:
        words = tr("no coefficient: {}").format(html.escape(found.reason))
    else:
        words = f"r = {with_interval(found.r, found.r_interval)}"
        if found.rho is not None:
            words += f", ρ = {with_interval(found.rho, found.rho_interval)}"
        words += f"<br>{method_words(found).strip()}" if is_narrow else method_words(found)
    return f"<b>{html.escape(name)}</b>{'<br>' if is_narrow else ' &nbsp; '}{counts}<br>{words}"
