"""Values and findings in words, as tables, tooltips and strips show them."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from planetview.core.findings import percent
from planetview.core.formatting import floor_word, format_ratio, format_value, value_and_spread
from planetview.core.marks import BEST_RATING
from planetview.core.results import MetricValue
from planetview.core.stats import Interval

__all__ = ["NO_VALUE", "floor_words", "from_the_left", "percent", "rating_words", "tr", "with_interval"]

NO_VALUE = "n/a"
_FROM_LEFT, _APART, _APART_ENDS = "\u200e", "\u2068", "\u2069"
# Letters that are written from right to left, in the blocks of Hebrew, Arabic and their neighbours.
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_FROM_RIGHT = re.compile(rf"(?<=')[^'\n]*[{_RIGHT_TO_LEFT}][^'\n]*(?=')|[{_RIGHT_TO_LEFT}][^\s',:;]*")


def tr(text: str) -> str:
    """Return the translation of a text that belongs to no widget."""
    return QCoreApplication.translate("wording", text)


def from_the_left(text: str) -> str:
    """Return text whose lines begin at the left whatever script the names in them have.

    A line that begins with an Arabic name would be turned around with all its numbers. Text without such names stays.
    """
    if not _FROM_RIGHT.search(text):
        return text
    apart = _FROM_RIGHT.sub(lambda name: f"{_APART}{name[0]}{_APART_ENDS}", text)
    return "\n".join(_FROM_LEFT + line for line in apart.split("\n"))


def rating_words(rating: int, *, or_more: bool = False) -> str:
    """Return a rating of 1 to 5 in words: "★ 3 of 5", or "★ 3 or more"."""
    if or_more and rating < BEST_RATING:
        return tr("★ {0} or more").format(rating)
    return tr("★ {0} of {1}").format(rating, BEST_RATING)


def with_interval(value: float, interval: Interval | None, unit: str = "") -> str:
    """Return "0.412 ± 0.031", or "0.96 [0.91, 0.98]" where the interval is lopsided."""
    return " ".join(part for part in value_and_spread(value, interval, unit) if part)


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
