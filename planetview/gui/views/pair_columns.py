"""The columns of a pair table (entropy and scores): their values, names and coefficients."""

from __future__ import annotations

import html

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import METRICS, metric_label
from planetview.core.results import Correlation, PairTable
from planetview.core.stats import Interval, pearson, spearman

ENTROPY = "entropy"

Vector = npt.NDArray[np.float64]


def column_of(table: PairTable, name: str) -> Vector:
    """Return entropy or one score of every pair, shape (n,); NaN for a score the table does not have."""
    if name == ENTROPY:
        return table.entropy_bits
    return table.scores.get(name, np.full(table.query_index.size, np.nan))


def correlated(table: PairTable, x: str, y: str) -> Correlation:
    """Correlate two columns over the pairs where both are finite."""
    xs, ys = column_of(table, x), column_of(table, y)
    r, rho = pearson(xs, ys), spearman(xs, ys)
    partners = int(np.unique(table.bank_index[np.isfinite(xs) & np.isfinite(ys)]).size)
    return Correlation(y, table.query, r.value, r.interval, rho.value, rho.interval, r.n, r.dropped, partners, r.reason)


def quantity(name: str) -> tuple[str, str]:
    """Return the axis label and unit of a column."""
    if name == ENTROPY:
        return "Pair entropy", "bits"
    spec = METRICS.get(name)
    return column_label(name), spec.unit if spec else ""


def with_interval(value: float, interval: Interval | None) -> str:
    """Return a coefficient, with its interval in brackets where there is one."""
    return signed(value) if interval is None else f"{signed(value)} [{signed(interval.low)}, {signed(interval.high)}]"


def method_words(found: Correlation) -> str:
    """Return level and method of the intervals in brackets, with a space before; HTML. Empty without intervals."""
    spans = [span for span in (found.r_interval, found.rho_interval) if span is not None]
    if not spans:
        return ""
    kinds = " / ".join(dict.fromkeys(span.kind for span in spans))
    return f" ({100 * spans[0].level:g} % {html.escape(kinds)})"


def short_number(value: float) -> str:
    """Return a value with three digits, "∞" or "n/a"."""
    if np.isnan(value):
        return "n/a"
    return "∞" if np.isinf(value) else f"{value:.3g}".replace("-", "−")


def column_label(name: str) -> str:
    """Return what people call a column of the matrix."""
    return "Entropy" if name == ENTROPY else metric_label(name)


def signed(value: float) -> str:
    """Return a coefficient with two decimals and a true minus sign."""
    return f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00")
