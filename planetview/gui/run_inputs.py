"""What tells two runs apart, so that results can be called stale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from planetview.core.datasets import Dataset
from planetview.core.marks import ImageKey
from planetview.core.messages import CompareRequest
from planetview.core.results import Results


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


def excluded_then(
    results: Results, datasets: Iterable[Dataset], set_name: Callable[[Dataset], str], now: frozenset[ImageKey]
) -> frozenset[ImageKey]:
    """Return the images that the run of these results left out: those of its sets that it has not seen.

    datasets: those of the study, scanned. set_name: of the study's set that one of the results is, or is a part of.
    now: what is excluded now; that of sets which the run did not have, or had whole as they are now, stays as it is.
    """
    parts: dict[str, list[Dataset]] = {}
    for dataset in results.datasets:
        parts.setdefault(set_name(dataset), []).append(dataset)
    then = now
    for dataset in datasets:
        seen_in = parts.get(dataset.name, [])
        failed = [name for part in seen_in for name, _reason in results.unusable.get(part.name, ())]
        is_whole = sum(map(len, seen_in)) >= len(dataset)
        if not seen_in or (is_whole and not any(name == dataset.name for name, _image in now)):
            continue
        seen = {image.name for part in seen_in for image in part.images}.union(failed)
        unseen = ((dataset.name, image.name) for image in dataset.images if image.name not in seen)
        then = frozenset(key for key in then if key[0] != dataset.name).union(unseen)
    return then


def _content_of(dataset: Dataset) -> int:
    # Python keeps the hash of each digest: 50,000 take 4 ms.
    return hash(tuple(image.digest for image in dataset.images))
