"""Maps of perceptual distance, asked for as quiet jobs: the newest wish counts, the last maps are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from planetview.core.messages import JobFailure, PairMapRequest, next_job_id
from planetview.core.pair_map import PairMap
from planetview.gui.runner import JobRunner

# A map of the largest pair takes 4 MiB.
_KEPT = 16

_Key = tuple[str, str, str, str, str]


class PairMaps(QObject):
    """Asks the engine for maps of pairs; one wish at a time.

    It does not count as a job of the window: it waits in the engine's queue while another one runs.
    """

    found = Signal(object, object)  # PairMapRequest as asked, PairMap
    failed = Signal(object, object)  # PairMapRequest as asked, JobFailure
    state_changed = Signal()  # is_waiting or is_working

    def __init__(self, runner: JobRunner, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._is_busy = runner, is_busy
        self._kept: OrderedDict[_Key, PairMap] = OrderedDict()
        self._asked: PairMapRequest | None = None
        self._has_begun = False
        runner.started.connect(self._on_started)
        runner.done.connect(self._on_done)
        runner.failed.connect(self._on_failed)
        runner.cancelled.connect(self._on_cancelled)

    @property
    def is_working(self) -> bool:
        """Whether a map is still to come."""
        return self._asked is not None

    @property
    def is_waiting(self) -> bool:
        """Whether the wish has not begun because another job runs."""
        return self._asked is not None and not self._has_begun and self._is_busy()

    def ask(self, request: PairMapRequest) -> None:
        """Make a map in place of the one asked for before; a kept one is answered at once."""
        key = _key_of(request)
        if self._asked is not None and _key_of(self._asked) == key:
            return
        self.drop()
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            self.found.emit(request, kept)
            return
        self._asked, self._has_begun = replace(request, id=next_job_id()), False
        self._runner.submit(self._asked, is_quiet=True)
        self.state_changed.emit()

    def drop(self) -> None:
        """Ask for nothing any more."""
        asked, self._asked = self._asked, None
        if asked is not None:
            self._runner.cancel(asked.id)
            self.state_changed.emit()

    @Slot(object)
    def _on_started(self, job_id: int) -> None:
        if self._asked is not None and job_id == self._asked.id:
            self._has_begun = True
        self.state_changed.emit()

    @Slot(object, object)
    def _on_done(self, job_id: int, outcome: object) -> None:
        asked = self._asked
        if asked is None or job_id != asked.id or not isinstance(outcome, PairMap):
            return
        self._asked = None
        self._kept[_key_of(asked)] = outcome
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.state_changed.emit()
        self.found.emit(asked, outcome)

    @Slot(object, object)
    def _on_failed(self, job_id: int, failure: JobFailure) -> None:
        asked = self._asked
        if asked is not None and job_id == asked.id:
            self._asked = None
            self.state_changed.emit()
            self.failed.emit(asked, failure)

    @Slot(object)
    def _on_cancelled(self, job_id: int) -> None:
        # Whoever cancelled everything meant this too; our own cancelling has forgotten the wish before.
        self._on_failed(job_id, JobFailure(self.tr("The heat map was cancelled."), self.tr("Press H to ask again.")))


def _key_of(request: PairMapRequest) -> _Key:
    return (
        request.first.digest,
        request.second.digest,
        request.first_stretch.key,
        request.second_stretch.key,
        request.metric,
    )
