"""Values and findings in words, as tables, tooltips and strips show them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from planetview.core.catalogue import METRICS, Family
from planetview.core.formatting import floor_word, format_count, format_interval, format_ratio, format_value
from planetview.core.results import MetricValue
from planetview.core.stats import Interval

NO_VALUE = "n/a"


def tr(text: str) -> str:
    """Return the translation of a text that belongs to no widget."""
    return QCoreApplication.translate("wording", text)


def with_interval(value: float, interval: Interval | None, unit: str = "") -> str:
    """Return "0.412 ± 0.031", or "0.96 [0.91, 0.98]" where the interval is lopsided."""
    text = format_value(value, interval)
    suffix = f" {unit}" if unit else ""
    if interval is None or not math.isfinite(interval.high - interval.low) or interval.high <= interval.low:
        return text + suffix
    half = (interval.high - interval.low) / 2
    if abs(value - interval.low - half) > 0.1 * half:
        return f"{text} {format_interval(interval, value)}{suffix}"
    return f"{text} ± {format_value(half, Interval(value, value + 2 * half, interval.level, ''))}{suffix}"


def percent(share: float) -> str:
    """Return a share in 0..1 as "96 %"; never rounds up to all or down to none."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{share * 100:.0f} %"


def floor_words(value: MetricValue, *, with_floor: bool) -> str:
    """Return how a value stands to its noise floor: "3.1× floor · worse than floor".

    with_floor: whether to name the floor's own number too. Empty without a floor.
    """
    if value.value is None or value.floor is None:
        return ""
    ratio = "" if value.ratio is None else format_ratio(value.ratio)
    parts = []
    if with_floor:
        named = tr("floor {0}").format(format_value(value.floor, value.floor_interval))
        parts.append(f"{named} ({ratio})" if ratio else named)
    elif ratio:
        parts.append(tr("{0} floor").format(ratio))
    if value.beyond_floor is not None:
        parts.append(floor_word(value.beyond_floor))
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
    words = tr("{0} of its images are nearer to reference than to held-out").format(percent(value.value or 0.0))
    # One half is what two samples of one distribution give.
    suspicious = value.interval is not None and value.interval.low > 0.5
    return words + tr(": look for copies") if suspicious else words
