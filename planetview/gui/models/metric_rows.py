"""Which rows the metric table has: grouped by family, filtered, sorted inside each group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from planetview.core.catalogue import EXTRACTORS, METRICS, Direction, Family, published_name
from planetview.core.results import MetricValue
from planetview.gui.models.wording import tr

BY_NAME = "name"


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One row: a metric on one extractor, or on pixels (extractor None)."""

    metric: str
    extractor: str | None

    @property
    def family(self) -> Family:
        """The group that the row stands in."""
        return METRICS[self.metric].family

    @property
    def name(self) -> str:
        """What papers call it, else the metric's label."""
        return published_name(self.metric, self.extractor) or METRICS[self.metric].label

    @property
    def extractor_label(self) -> str:
        """The extractor for people; "" for metrics on pixels."""
        if self.extractor is None:
            return ""
        known = EXTRACTORS.get(self.extractor)
        return known.label if known else self.extractor


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What a person asked for.

    text: words that all have to be in the names of a row. only_beyond: leave rows out where nobody is worse than the
    floor; `beyond_of` asks that of one candidate. sort: None for the catalogue's order, `BY_NAME`, or
    "candidate:NAME" for how that one stands to the floor. is_reversed: Z to A, best first.
    closed: families whose rows are folded away.
    """

    text: str = ""
    only_beyond: bool = False
    beyond_of: str | None = None
    sort: str | None = None
    is_reversed: bool = False
    closed: frozenset[Family] = frozenset()

    @property
    def is_filtering(self) -> bool:
        """Whether rows are left out."""
        return bool(self.text.strip()) or self.only_beyond


ValueOf = Callable[[MetricRow, str], MetricValue | None]


def family_title(family: Family) -> str:
    """Return the heading of a family."""
    return {
        Family.DISTRIBUTION: tr("Distribution"),
        Family.GENERALISATION: tr("Generalisation"),
        Family.PAIRWISE: tr("Pairwise"),
    }[family]


def family_help(family: Family) -> str:
    """Return what the metrics of a family ask."""
    return {
        Family.DISTRIBUTION: tr("Do the sets look alike as wholes?"),
        Family.GENERALISATION: tr("Did the generator copy what it was trained on?"),
        Family.PAIRWISE: tr("How close is each image to its nearest reference image? Means over pairs."),
    }[family]


def catalogue_order(items: Iterable[MetricRow]) -> list[MetricRow]:
    """Return rows by family, and inside of one in the order of the catalogue."""
    places = {metric: place for place, metric in enumerate(METRICS)}
    families = list(Family)
    return sorted(items, key=lambda row: (families.index(row.family), places[row.metric]))


def filtered_rows(
    items: Iterable[MetricRow], candidates: Iterable[str], choice: RowChoice, value_of: ValueOf
) -> list[MetricRow]:
    """Return the rows that the filter leaves, in the order of `items`."""
    names = [choice.beyond_of] if choice.beyond_of is not None else list(candidates)
    words = choice.text.casefold().split()
    return [
        row for row in items if _has_words(row, words) and (not choice.only_beyond or _is_beyond(row, names, value_of))
    ]


def arranged_rows(items: Iterable[MetricRow], choice: RowChoice, value_of: ValueOf) -> list[MetricRow | Family]:
    """Return headings and rows as they are shown; a heading stays where its rows are folded away.

    items: what the filter leaves, in the catalogue's order.
    """
    groups: dict[Family, list[MetricRow]] = {}
    for row in items:
        groups.setdefault(row.family, []).append(row)
    shown: list[MetricRow | Family] = []
    for family, members in groups.items():
        shown.append(family)
        if family not in choice.closed:
            shown += _sorted_rows(members, choice, value_of)
    return shown


def times_worse(value: MetricValue | None) -> float | None:
    """Return how many times worse than its floor a value is, > 1 for worse; None where a ratio says nothing."""
    if value is None or value.ratio is None or math.isnan(value.ratio):
        return None
    if METRICS[value.metric].direction is Direction.LOWER:
        return value.ratio
    return 1.0 / value.ratio if value.ratio > 0 else math.inf


def _sorted_rows(rows: list[MetricRow], choice: RowChoice, value_of: ValueOf) -> list[MetricRow]:
    if choice.sort is None:
        return rows
    if choice.sort == BY_NAME:
        return sorted(
            rows, key=lambda row: (row.name.casefold(), row.extractor_label.casefold()), reverse=choice.is_reversed
        )
    name = choice.sort.partition(":")[2]
    sign = 1.0 if choice.is_reversed else -1.0

    def key(row: MetricRow) -> tuple[bool, float]:
        times = times_worse(value_of(row, name))
        return times is None, 0.0 if times is None else sign * times

    return sorted(rows, key=key)


def _has_words(row: MetricRow, words: list[str]) -> bool:
    if not words:
        return True
    label = METRICS[row.metric].label
    texts = (row.name, label, row.metric, row.extractor or "", row.extractor_label, family_title(row.family))
    text = " ".join(texts).casefold()
    return all(word in text for word in words)


def _is_beyond(row: MetricRow, names: Iterable[str], value_of: ValueOf) -> bool:
    found = (value_of(row, name) for name in names)
    return any(value is not None and value.beyond_floor is True for value in found)
