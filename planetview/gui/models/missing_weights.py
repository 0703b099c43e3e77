"""Which weights a number needs, and which of them it lacks."""

from __future__ import annotations

from planetview.core.catalogue import EXTRACTORS, METRICS, WEIGHTS
from planetview.core.results import MetricValue


def weights_of(metric: str, extractor: str | None) -> tuple[str, ...]:
    """Return the ids of the weights that a metric on an extractor needs."""
    of_extractor = EXTRACTORS[extractor].weights if extractor in EXTRACTORS else ()
    of_metric = METRICS[metric].weights if metric in METRICS else ()
    return tuple(dict.fromkeys((*of_extractor, *of_metric)))


def lacking_weights(value: MetricValue) -> str | None:
    """Return the id of the weights whose absence is the reason why there is no number, or None.

    The reason names them by their title, as every `MissingWeights` does.
    """
    if value.value is not None:
        return None
    needed = weights_of(value.metric, value.extractor)
    return next((key for key in needed if WEIGHTS[key].title in value.reason), None)
