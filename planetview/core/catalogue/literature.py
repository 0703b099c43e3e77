"""Values that papers and their repositories report: for orientation, since other images give other numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from planetview.core.catalogue.published import published_name

LITERATURE_CAUTION = (
    "Other images, other sizes, other pipelines: these numbers give an idea of the scale, and no rank. "
    "Compare with them only what has the same published name, and then with care."
)


@dataclass(frozen=True, slots=True)
class LiteratureValue:
    """One reported value.

    dataset, generator: in the words of the source. metric_id, extractor_id: of the catalogue, or None where the
    number belongs to nothing in it. label: what the source computed. text: the value as printed.
    number: the value on the catalogue's scale.
    citation: where it is printed. caution: what to know before comparing, or "".
    """

    dataset: str
    generator: str
    metric_id: str | None
    extractor_id: str | None
    label: str
    text: str
    number: float
    citation: str
    caution: str = ""


@cache
def literature() -> tuple[LiteratureValue, ...]:
    """Return every reported value, in the order of the file beside this module."""
    import tomllib

    table = tomllib.loads(Path(__file__).with_name("literature.toml").read_text(encoding="utf-8"))
    found: list[LiteratureValue] = []
    for row in table["row"]:
        source = row["citation"]
        caution = " ".join(filter(None, (row.get("caution", ""), table["note"].get(source, ""))))
        found.extend(_values(row, table["citation"][source], caution))
    return tuple(found)


def _values(row: dict[str, Any], citation: str, caution: str) -> Iterator[LiteratureValue]:
    for metric, text in row["values"].items():
        metric_id, _, extractor_id = metric.partition(" @ ")
        name = published_name(metric_id, extractor_id)
        printed_times = row.get("divide", {}).get(metric, 1)
        shown = text if printed_times == 1 else f"{text} (×{printed_times})"
        number = float(text.split()[0]) / printed_times
        yield LiteratureValue(
            row["dataset"], row["generator"], metric_id if name else None, extractor_id if name else None,
            name or metric, shown, number, citation, caution,
        )  # fmt: skip


def literature_for(metric_id: str, extractor_id: str | None) -> tuple[LiteratureValue, ...]:
    """Return the values reported for exactly this metric on this extractor."""
    return tuple(value for value in literature() if value.metric_id == metric_id and value.extractor_id == extractor_id)
