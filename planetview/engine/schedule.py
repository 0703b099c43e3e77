"""Weighted stages: one honest bar and one time left for a job of many parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from planetview.core.cancel import work_seconds
from planetview.core.messages import Progress
from planetview.engine.streaming import Ticker


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a job.

    id: stable. label: words for people. unit: what `total` counts. seconds: estimate of the work on
    an ordinary two-core machine; only the proportions between stages matter.
    """

    id: str
    label: str
    unit: str
    total: int
    seconds: float


class Schedule:
    """Turns the progress of stages into the progress of the job.

    device, precision: where and how it is computed, in words, passed on with every progress.
    """

    def __init__(
        self, stages: tuple[Stage, ...], report: Callable[[Progress], None], device: str = "", precision: str = ""
    ) -> None:
        self._device, self._precision = device, precision
        self._stages = {stage.id: stage for stage in stages}
        self._report = report
        self._whole_s = sum(stage.seconds for stage in stages) or 1.0
        self._finished_s = 0.0
        self._began = work_seconds()
        self._fraction = 0.0
        self._ticker = Ticker()

    def resize(self, stage_id: str, total: int) -> None:
        """Set the total of a stage once it is known."""
        self._stages[stage_id] = replace(self._stages[stage_id], total=total)

    def relabel(self, stage_id: str, label: str) -> None:
        """Change the words of a stage, for what it found on its way."""
        self._stages[stage_id] = replace(self._stages[stage_id], label=label)

    def advance(self, stage_id: str, done: int, rate: float | None = None) -> None:
        """Report that `done` of a stage's total are finished; `rate` in its units a second.

        A stage that was not planned, because it has nothing to do, is passed over here and in `finish`.
        """
        stage = self._stages.get(stage_id)
        if stage is None:
            return
        is_last = done >= stage.total
        if not self._ticker.admits(is_last):
            return
        share = min(1.0, done / stage.total) if stage.total else 1.0
        # Never falls, whatever order stages report in.
        self._fraction = max(self._fraction, min(1.0, (self._finished_s + share * stage.seconds) / self._whole_s))
        eta = self._time_left(stage, done, rate)
        self._tell(stage, done, rate, eta)

    def finish(self, stage_id: str) -> None:
        """Report a stage as complete and count its share."""
        stage = self._stages.pop(stage_id, None)
        if stage is None:
            return
        self._finished_s += stage.seconds
        self._fraction = max(self._fraction, min(1.0, self._finished_s / self._whole_s))
        self._tell(stage, stage.total, None, self._extrapolated())

    def _tell(self, stage: Stage, done: int, rate: float | None, eta: float | None) -> None:
        self._report(
            Progress(
                stage.id, stage.label, done, stage.total, stage.unit, self._fraction, rate, eta,
                self._device, self._precision,
            )
        )  # fmt: skip

    def _time_left(self, stage: Stage, done: int, rate: float | None) -> float | None:
        extrapolated = self._extrapolated()
        if rate is None or rate <= 0 or extrapolated is None:
            return extrapolated
        # A measured rate is worth more than the estimate, for this stage; the others follow the estimate.
        own = (stage.total - done) / rate
        others = max(0.0, self._whole_s - self._finished_s - stage.seconds) * self._pace()
        return own + others

    def _extrapolated(self) -> float | None:
        if self._fraction < 0.02:
            return None
        return (1.0 - self._fraction) * self._whole_s * self._pace()

    def _pace(self) -> float:
        expected = self._fraction * self._whole_s
        return (work_seconds() - self._began) / expected if expected > 0 else 1.0
