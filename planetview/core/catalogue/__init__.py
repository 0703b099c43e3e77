"""Every metric, extractor and weight file as data: what it is called, what it means, what it needs."""

from __future__ import annotations

from planetview.core.catalogue.extractors import DEFAULT_EXTRACTORS, EXTRACTORS
from planetview.core.catalogue.literature import LITERATURE_CAUTION, LiteratureValue, literature, literature_for
from planetview.core.catalogue.metrics import DEFAULT_METRICS, METRICS, metric_label
from planetview.core.catalogue.published import published_name, value_label
from planetview.core.catalogue.specs import Direction, ExtractorSpec, Family, MetricSpec
from planetview.core.catalogue.weights import WEIGHTS, WeightSource, WeightsSpec

# Perceptual distances that are squared Euclidean distances of vectors short enough to search all pairs.
NEIGHBOUR_SPACES: tuple[str, ...] = (*EXTRACTORS, "st-lpips-alex", "lpips-alex")

__all__ = [
    "DEFAULT_EXTRACTORS",
    "DEFAULT_METRICS",
    "EXTRACTORS",
    "LITERATURE_CAUTION",
    "METRICS",
    "NEIGHBOUR_SPACES",
    "WEIGHTS",
    "Direction",
    "ExtractorSpec",
    "Family",
    "LiteratureValue",
    "MetricSpec",
    "WeightSource",
    "WeightsSpec",
    "literature",
    "literature_for",
    "metric_label",
    "published_name",
    "value_label",
]
