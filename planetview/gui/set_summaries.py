"""The summaries of the study's sets, made once for all who show them; large sets are counted off the GUI thread."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.set_summary import SetSummary, summarise

# 5,000 images take about 3 ms on one core: that need not wait for another thread.
COUNTED_AT_ONCE = 5000


class SetSummaries(QObject):
    """Summaries by dataset; lives on the GUI thread. A child of the object that owns the study's sets."""

    ready = Signal()

    _counted = Signal(object, object)  # id of the images, beyond what a C int holds; SetSummary

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        # The images are kept beside: while they live, no other tuple can have their id.
        self._known: dict[int, tuple[tuple[ImageRecord, ...], SetSummary | None]] = {}
        self._tasks: dict[int, _Counting] = {}
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._counted.connect(self._on_counted)

    @classmethod
    def of(cls, owner: QObject) -> SetSummaries:
        """Return the summaries that belong to `owner`, making them at the first call."""
        found = owner.findChild(cls)
        return found if found is not None else cls(owner)

    @property
    def is_counting(self) -> bool:
        """Whether some summary is still to come."""
        return bool(self._tasks)

    def get(self, dataset: Dataset) -> SetSummary | None:
        """Return the summary of a dataset; None while it is being counted, `ready` follows then."""
        key = id(dataset.images)
        if key in self._known:
            return self._known[key][1]
        if len(dataset.images) <= COUNTED_AT_ONCE:
            self._known[key] = (dataset.images, summarise(dataset))
            return self._known[key][1]
        self._known[key] = (dataset.images, None)
        task = self._tasks[key] = _Counting(self, key, dataset)
        self._pool.start(task)
        return None

    def keep_only(self, datasets: Iterable[Dataset]) -> None:
        """Forget the summaries of all other sets."""
        wanted = {id(dataset.images) for dataset in datasets}
        self._known = {key: value for key, value in self._known.items() if key in wanted or key in self._tasks}

    @Slot(object, object)
    def _on_counted(self, key: int, summary: SetSummary) -> None:
        self._tasks.pop(key, None)
        if key in self._known:
            self._known[key] = (self._known[key][0], summary)
        self.ready.emit()


class _Counting(QRunnable):
    def __init__(self, owner: SetSummaries, key: int, dataset: Dataset) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._owner, self._key, self._dataset = owner, key, dataset

    def run(self) -> None:
        summary = summarise(self._dataset)
        try:
            self._owner._counted.emit(self._key, summary)
        except RuntimeError:
            return  # the window closed meanwhile
