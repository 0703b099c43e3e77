"""What tells two runs apart, so that results can be called stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planetview.core.datasets import Dataset
from planetview.core.messages import CompareRequest


class KnownAnswers:
    """Answers about a state of the study, each worked out once: actions, header and title ask at every change.

    A state is told by the identity of its parts, since to compare 50,000 images takes some milliseconds.
    """

    def __init__(self) -> None:
        self._state: tuple[object, ...] = ()
        self._answers: dict[str, Any] = {}

    def get(self, state: tuple[object, ...], question: str, answer: Callable[[], Any]) -> Any:
        """Return the answer to a question about `state`, asking `answer` the first time."""
        if len(state) != len(self._state) or any(a is not b for a, b in zip(state, self._state, strict=True)):
            self._state, self._answers = state, {}
        if question not in self._answers:
            self._answers[question] = answer()
        return self._answers[question]


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
