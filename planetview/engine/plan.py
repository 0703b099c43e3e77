"""A request as ordered stages: what will be done, and about how long each part takes."""

from __future__ import annotations

from planetview.core.catalogue import EXTRACTORS, METRICS, Family
from planetview.core.datasets import Dataset
from planetview.core.messages import CompareRequest
from planetview.core.settings import RunSettings
from planetview.core.stretch import StretchKind
from planetview.engine.schedule import Stage

# Seconds an image or pair on two cores without a GPU, measured over the demo; only their proportions matter.
_FEATURE_S = 0.03
_STORED_S = 0.0002
_ENTROPY_S = 0.0002
_PAIR_S = 0.028
# A value, and besides for every pair of images its sets have: 44 of 168 x 196 images took 0.9 s, one of 5,000 x 5,000
# about one.
_METRIC_S, _METRIC_PAIR_S = 0.02, 4e-8
# 5,000 x 5,000 images took 1.04 s.
_SEARCH_S, _SEARCH_PAIR_S = 0.005, 4e-8


def needed_extractors(settings: RunSettings) -> tuple[str, ...]:
    """Return the extractors whose features a run reads: for its metrics, its neighbours, its embedded distances."""
    asked = {
        *settings.extractors,
        *settings.neighbours_by,
        *(METRICS[metric].embedding for metric in settings.metrics),
    }
    return tuple(name for name in EXTRACTORS if name in asked)


def plan(
    request: CompareRequest, datasets: tuple[Dataset, ...], missing: dict[tuple[str, str], int]
) -> tuple[Stage, ...]:
    """Return the stages of a comparison, in order.

    datasets: reference, held-out if any, candidates. missing: (dataset name, extractor id) -> images whose features
    are not stored. Stage ids: "stretch", "features/<extractor>/<dataset>", "entropy/<dataset>", "distribution",
    "neighbours", "pairs/<dataset>", "random/<dataset>", "summary".
    """
    settings = request.settings
    stages = []
    if settings.stretch.kind is StretchKind.SET_PERCENTILE:
        stages.append(Stage("stretch", "Pixel ranges", "sets", len(datasets), 2.0 * len(datasets)))
    for extractor in needed_extractors(settings):
        label = EXTRACTORS[extractor].label
        for dataset in datasets:
            todo = missing.get((dataset.name, extractor), len(dataset))
            seconds = todo * _FEATURE_S + (len(dataset) - todo) * _STORED_S
            stages.append(
                Stage(
                    f"features/{extractor}/{dataset.name}", f"Features of {dataset.name}, {label}", "images",
                    len(dataset), seconds,
                )
            )  # fmt: skip
    for dataset in datasets:
        stages.append(
            Stage(f"entropy/{dataset.name}", f"Entropy of {dataset.name}", "images", len(dataset),
                  len(dataset) * _ENTROPY_S)
        )  # fmt: skip
    on_features = [m for m in settings.metrics if METRICS[m].on_features]
    each = len(on_features) * len(settings.extractors)
    comparisons = each * len(request.candidates)
    judged = sum(len(candidate) for candidate in request.candidates) * len(datasets[0])
    if comparisons:
        seconds = comparisons * _METRIC_S + each * judged * _METRIC_PAIR_S
        stages.append(Stage("distribution", "Distribution metrics", "values", comparisons, seconds))
    queries = datasets[1:]
    searches = len(settings.neighbours_by) * (len(queries) + len(request.candidates))
    seconds = searches * _SEARCH_S + len(settings.neighbours_by) * 2 * judged * _SEARCH_PAIR_S
    stages.append(Stage("neighbours", "Nearest neighbours", "searches", searches, seconds))
    if any(METRICS[m].family is Family.PAIRWISE for m in settings.metrics):
        for query in queries:
            stages.append(
                Stage(f"pairs/{query.name}", f"Pairwise scores of {query.name}", "pairs", len(query),
                      len(query) * _PAIR_S)
            )  # fmt: skip
        for query in queries if settings.random_pairs else ():
            drawn = min(len(query), settings.random_pairs)
            stages.append(
                Stage(f"random/{query.name}", f"Random pairs of {query.name}", "pairs", drawn, drawn * _PAIR_S)
            )
    stages.append(Stage("summary", "Summary", "steps", 1, 0.1))
    return tuple(stages)
