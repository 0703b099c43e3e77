"""Which candidate is best by a metric, where the intervals allow an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planetview.core.catalogue import METRICS, Direction, Family
from planetview.core.results import MetricValue
from planetview.core.stats import Interval


def best_candidate(cells: Sequence[MetricValue]) -> str | None:
    """Return the candidate whose interval lies apart from all others on the better side, or None.

    cells: of one metric and extractor. None with fewer than two values, when one has no interval, and for metrics
    on features when the sample sizes differ: their bias depends on n, and a smaller set has more of it. None for the
    share of copies: below chance there is nothing to be best at.
    """
    ready = [cell for cell in cells if cell.value is not None and cell.metric in METRICS]
    intervals = [cell.interval for cell in ready if cell.interval is not None]
    if len(ready) < 2 or len(intervals) < len(ready):
        return None
    spec = METRICS[ready[0].metric]
    if spec.family is Family.GENERALISATION:
        return None
    if spec.on_features and len({cell.n for cell in ready}) > 1:
        return None
    is_lower = spec.direction is Direction.LOWER
    # Only the one whose worse end is the best of all can lie apart from every other.
    best = min(range(len(ready)), key=lambda i: intervals[i].high if is_lower else -intervals[i].low)
    others = (other for k, other in enumerate(intervals) if k != best)
    return ready[best].candidate if all(_is_apart(intervals[best], other, is_lower) for other in others) else None


def clearly_best(values: Iterable[MetricValue]) -> set[tuple[str, str | None, str]]:
    """Return (metric, extractor, candidate) of every best candidate among values of several metrics."""
    groups: dict[tuple[str, str | None], list[MetricValue]] = {}
    for value in values:
        groups.setdefault((value.metric, value.extractor), []).append(value)
    found = {(*key, best_candidate(group)) for key, group in groups.items()}
    return {(metric, extractor, name) for metric, extractor, name in found if name is not None}


def _is_apart(one: Interval, other: Interval, is_lower: bool) -> bool:
    return one.high < other.low if is_lower else one.low > other.high
