"""Which numbers a run will give, and which of them the engine is at."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from planetview.core.catalogue import METRICS, Family
from planetview.core.settings import RunSettings
from planetview.gui.models.metric_rows import MetricRow

STOPPED = "stopped"
"""In place of a stage: the run has ended, and gives no more values."""

Key = tuple[str, str | None, str]
"""Metric, extractor and candidate of one value."""


@dataclass(frozen=True, slots=True)
class ExpectedRun:
    """The rows and candidates that a run fills; `order`: its values on features, in the order of the engine."""

    candidates: tuple[str, ...] = ()
    rows: tuple[MetricRow, ...] = ()
    order: tuple[Key, ...] = ()

    @classmethod
    def of(cls, candidates: Iterable[str], settings: RunSettings) -> ExpectedRun:
        """Return what a run with these settings will give."""
        names = tuple(candidates)
        rows = tuple(
            MetricRow(metric, extractor)
            for metric in settings.metrics
            for extractor in (settings.extractors if METRICS[metric].on_features else (None,))
        )
        whole = [metric for metric in settings.metrics if METRICS[metric].family is Family.DISTRIBUTION]
        order = tuple((metric, e, name) for e in settings.extractors for name in names for metric in whole)
        return cls(names, rows, order)

    def computing(self, stage: str, there: Container[Key]) -> frozenset[Key]:
        """Return what is being computed. stage: id of the engine's present stage. there: the values that came."""
        kind, _, of = stage.partition("/")
        if kind == "distribution":
            missing = next((key for key in self.order if key not in there), None)
            return frozenset() if missing is None else frozenset([missing])
        if kind not in ("neighbours", "pairs"):
            return frozenset()
        family = Family.GENERALISATION if kind == "neighbours" else Family.PAIRWISE
        own = [name for name in self.candidates if of in ("", name)]
        return frozenset((row.metric, row.extractor, name) for row in self.rows if row.family is family for name in own)
