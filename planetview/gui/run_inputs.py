"""What tells two runs apart, so that results can be called stale."""

from __future__ import annotations

from planetview.core.datasets import Dataset
from planetview.core.messages import CompareRequest


def inputs_of(request: CompareRequest) -> tuple[object, ...]:
    """Return what tells two runs apart, cheap to compare: names, roles, sources, and the images as one number."""
    sets = (request.reference, request.held_out, *request.candidates)
    return (
        tuple((s.name, s.role, s.source, len(s.images), _content_of(s)) if s is not None else None for s in sets),
        request.settings,
    )


def _content_of(dataset: Dataset) -> int:
    # Python keeps the hash of each digest: 50,000 take 4 ms.
    return hash(tuple(image.digest for image in dataset.images))
