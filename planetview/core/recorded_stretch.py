"""The stretch that a run used for each set, read back from its provenance."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.results import Results
from planetview.core.stretch import ResolvedStretch


def recorded_stretches(results: Results) -> dict[str, ResolvedStretch]:
    """Return dataset name -> stretch as the provenance records it; sets without a record are left out."""
    recorded: Any = results.provenance.get("stretch")
    keys = recorded.get("per dataset") if isinstance(recorded, dict) else None
    items = keys.items() if isinstance(keys, dict) else ()
    return {name: ResolvedStretch(results.settings.stretch, _range(str(key))) for name, key in items}


def image_loader(results: Results, also: Iterable[Dataset] = ()) -> Callable[[ImageRecord], NDArray[np.uint8]]:
    """Return a function that reads an image of `results` as (height, width, 3) uint8, as the networks saw it.

    also: sets with images that the run left out; these are read with the stretch of the set of the same source.
    The function is safe from several threads; it raises ImageProblem for an image that is gone, damaged or changed.
    """
    from planetview.core.readers import load_rgb8

    of_set = recorded_stretches(results)
    unrecorded = ResolvedStretch(results.settings.stretch)
    of_source = {dataset.source: of_set.get(dataset.name, unrecorded) for dataset in reversed(results.datasets)}
    sets = [(dataset, of_source.get(dataset.source, unrecorded)) for dataset in also]
    sets += [(dataset, of_set.get(dataset.name, unrecorded)) for dataset in results.datasets]
    stretches = {(image.path, image.member): stretch for dataset, stretch in sets for image in dataset.images}

    def load(record: ImageRecord) -> NDArray[np.uint8]:
        return load_rgb8(record, stretches.get((record.path, record.member), unrecorded))

    return load


def _range(key: str) -> tuple[float, float] | None:
    kind, _, rest = key.partition(":")
    low, _, high = rest.partition(":")
    try:
        values = (float(low), float(high))
    except ValueError:
        return None
    return values if kind == "range" and all(map(math.isfinite, values)) else None
