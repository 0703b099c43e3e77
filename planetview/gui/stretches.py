"""The stretch that a run used for each set, so that thumbnails show what the networks saw."""

from __future__ import annotations

import math
from typing import Any

from planetview.core.results import Results
from planetview.core.stretch import ResolvedStretch


def stretches_of(results: Results) -> dict[str, ResolvedStretch]:
    """Return dataset name -> stretch as recorded in the provenance; sets without a record are left out."""
    recorded: Any = results.provenance.get("stretch")
    keys = recorded.get("per dataset") if isinstance(recorded, dict) else None
    found = {}
    for name, key in keys.items() if isinstance(keys, dict) else ():
        found[name] = ResolvedStretch(results.settings.stretch, _range(str(key)))
    return found


def _range(key: str) -> tuple[float, float] | None:
    kind, _, rest = key.partition(":")
    low, _, high = rest.partition(":")
    try:
        values = (float(low), float(high))
    except ValueError:
        return None
    return values if kind == "range" and all(map(math.isfinite, values)) else None
