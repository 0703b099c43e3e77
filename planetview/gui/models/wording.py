"""Values and findings in words, as tables, tooltips and strips show them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from planetview.core.catalogue import METRICS, Family
from planetview.core.formatting import floor_word, format_count, format_ratio, format_value, value_and_spread
from planetview.core.results import MetricValue
from planetview.core.stats import Interval

NO_VALUE = "n/a"


def tr(text: str) -> str:
    """Return the translation of a text that belongs to no widget."""
    return QCoreApplication.translate("wording", text)


def with_interval(value: float, interval: Interval | None, unit: str = "") -> str:
    """Return "0.412 ± 0.031", or "0.96 [0.91, 0.98]" where the interval is lopsided."""
    return " ".join(part for part in value_and_spread(value, interval, unit) if part)


def percent(share: float) -> str:
    """Return a share in 0..1 as "96 %"; never rounds up to all or down to none."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def floor_words(value: MetricValue, *, with_floor: bool, is_short: bool = False) -> str:
    """Return how a value stands to its noise floor: "3.1× floor · worse than floor".

    with_floor: whether to name the floor's own number too. is_short: "3.1× floor · worse", for narrow columns.
    Empty without a floor.
    """
    if value.value is None or value.floor is None:
        return ""
    parts = []
    if with_floor or value.ratio is not None:
        ratio = "" if value.ratio is None else format_ratio(value.ratio)
        own = format_value(value.floor, value.floor_interval) if with_floor else ""
        parts.append(" ".join(word for word in (ratio, tr("floor"), own) if word))
    if value.beyond_floor is not None:
        short = tr("worse") if value.beyond_floor else tr("within")
        parts.append(short if is_short and parts else floor_word(value.beyond_floor))
    return " · ".join(parts)


def finding(candidate: str, values: Iterable[MetricValue]) -> str:
    """Return one plain sentence on a candidate, without its name, from the values that are there."""
    mine = [value for value in values if value.candidate == candidate and value.value is not None]
    main = next((value for value in mine if value.metric == "fd"), None) or next(
        (value for value in mine if METRICS[value.metric].family is Family.DISTRIBUTION), None
    )
    copying = next((value for value in mine if value.metric == "closer-to-reference"), None)
    parts = [*([_main_finding(main)] if main else []), *([_copy_finding(copying)] if copying else [])]
    return "; ".join(parts) + "." if parts else tr("no number about the set as a whole yet.")


def _main_finding(value: MetricValue) -> str:
    label, n = METRICS[value.metric].label, f"n = {format_count(value.n)}"
    own = format_value(value.value, value.interval)
    if value.floor is None:
        return tr("{0} {1} ({2}), with no noise floor to read it against").format(label, own, n)
    if value.ratio is None:
        words = tr("{0} {1} beside a noise floor of {2} ({3})")
        text = words.format(label, own, format_value(value.floor, value.floor_interval), n)
    else:
        text = tr("{0} {1} the noise floor ({2})").format(label, format_ratio(value.ratio), n)
    return text + tr(", not separable from held-out real images") if value.beyond_floor is False else text


def _copy_finding(value: MetricValue) -> str:
    words = tr("{0} of its images have their nearest real image in the reference").format(percent(value.value or 0.0))
    if value.floor is not None:
        words += tr(" (chance: {0})").format(percent(value.floor))
    return words + tr(": look for copies") if value.beyond_floor else words
