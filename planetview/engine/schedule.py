"""Weighted stages: one honest bar and one time left for a job of many parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from planetview.core.cancel import work_seconds
from planetview.core.messages import Progress
from planetview.engine.streaming import Ticker

# Before so much work, and so much of the whole, has been timed, a time left would be a guess.
_KNOWN_S, _KNOWN_SHARE = 3.0, 0.02
# Stages that took less of their estimate were read from the store: they say nothing of work that is to be done.
_DONE_BEFORE = 0.05


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
        self._shares = dict.fromkeys(self._stages, 0.0)
        self._spent = dict.fromkeys(self._stages, 0.0)
        self._told_at = work_seconds()
        self._fraction = 0.0
        self._finished: set[str] = set()
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
        if stage is None or stage_id in self._finished:
            return
        is_last = done >= stage.total
        if self._ticker.admits(is_last):
            self._take(stage, min(1.0, done / stage.total) if stage.total else 1.0)
            self._tell(stage, done, rate)

    def finish(self, stage_id: str) -> None:
        """Report a stage as complete and count its share."""
        stage = self._stages.get(stage_id)
        if stage is None or stage_id in self._finished:
            return
        self._finished.add(stage_id)
        self._take(stage, 1.0)
        self._tell(stage, stage.total, None)

    def _take(self, stage: Stage, share: float) -> None:
        """Note how much of a stage is done; the time since the last news belongs to it."""
        now = work_seconds()
        self._spent[stage.id] += now - self._told_at
        self._told_at = now
        self._shares[stage.id] = max(self._shares[stage.id], share)
        done_s = sum(share * self._stages[id].seconds for id, share in self._shares.items())
        # Never falls, whatever order stages report in.
        self._fraction = max(self._fraction, min(1.0, done_s / self._whole_s))

    def _tell(self, stage: Stage, done: int, rate: float | None) -> None:
        self._report(
            Progress(
                stage.id, stage.label, done, stage.total, stage.unit, self._fraction, rate,
                self._time_left(stage, done, rate), self._device, self._precision,
            )
        )  # fmt: skip

    def _time_left(self, stage: Stage, done: int, rate: float | None) -> float | None:
        """Return the seconds left, each kind of stage at the pace it has shown; None while too little is known."""
        if len(self._finished) == len(self._stages):
            return 0.0
        if self._fraction < _KNOWN_SHARE or sum(self._spent.values()) < _KNOWN_S:
            return None
        expected: dict[str, float] = {}
        spent: dict[str, float] = {}
        for id, share in self._shares.items():
            expected[_kind(id)] = expected.get(_kind(id), 0.0) + share * self._stages[id].seconds
            spent[_kind(id)] = spent.get(_kind(id), 0.0) + self._spent[id]
        worked = [kind for kind in spent if spent[kind] > _DONE_BEFORE * expected[kind] > 0]
        usual = sum(spent[kind] for kind in worked) / (sum(expected[kind] for kind in worked) or 1.0) or 1.0
        left = 0.0
        for id, share in self._shares.items():
            kind = _kind(id)
            if id == stage.id and rate is not None and rate > 0:
                left += (stage.total - done) / rate
            else:
                pace = spent[kind] / expected[kind] if expected[kind] > 0 else usual
                left += (1.0 - share) * self._stages[id].seconds * pace
        return left


def _kind(stage_id: str) -> str:
    """Return what the stages of one sort have in common: the first part of their ids."""
    return stage_id.partition("/")[0]
