"""Path lengths of generators as rows of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from planetview.core.catalogue.path_length import PATH_LENGTHS, PUBLISHED_SAMPLES
from planetview.core.formatting import format_count, format_interval, format_value
from planetview.core.generation import PathLengthResult, PathLengthValue


def path_length_section(found: Sequence[PathLengthResult]) -> dict[str, Any]:
    """Return the rows of the table and the sentences below it, each sentence once."""
    rows = [_row(result, value) for result in found for value in result.values]
    said = dict.fromkeys(
        words for result in found for words in (*(value.text for value in result.values), *result.notes) if words
    )
    return {"rows": rows, "notes": list(said)}


def _row(result: PathLengthResult, value: PathLengthValue) -> dict[str, Any]:
    spec = PATH_LENGTHS.get(value.variant)
    return {
        "generator": result.generator.name,
        "sha256": result.generator_sha256,
        "seed": result.seed,
        "label": spec.label if spec else value.variant,
        "value": format_value(value.value, value.interval),
        "interval": format_interval(value.interval, value.value),
        "n": format_count(value.n),
        "remark": "screening" if 0 < value.n < PUBLISHED_SAMPLES else "",
        "reason": value.reason,
        "is_missing": value.value is None,
    }
