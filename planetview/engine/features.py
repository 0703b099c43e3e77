"""Feature rows of a dataset: stored ones read, missing ones computed once per distinct image and stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from planetview.core.cancel import work_seconds
from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.engine.devices import TimedBatch, run_halving
from planetview.engine.extractors import Extractor
from planetview.engine.images import Decoded, prefetch
from planetview.engine.store import FeatureSpace, FeatureStore

# 512 rows of 2048 float32 are 4 MB and take about 10 ms to read, so a cancel is noticed at once.
_ROWS_PER_READ = 512
_LEAST_AHEAD = 16
_NOT_FINITE = "the network returned values that are not finite"


@dataclass(frozen=True, slots=True)
class FeatureProgress:
    """How far the features of one dataset are.

    done, total: images, duplicates and unusable ones included.
    rate: images computed a second, stored ones not counted; None before the first batch.
    """

    done: int
    total: int
    rate: float | None = None


@dataclass(frozen=True)
class FeatureTable:
    """Features of the usable images of a dataset.

    features: (n, d) float32. indices: (n,) int64, the position of each row's image in the records,
    ascending. problems: (position, reason) of each image left out.
    computed: distinct images that went through the network; the rest was stored or repeated.
    """

    features: npt.NDArray[np.float32]
    indices: npt.NDArray[np.int64]
    problems: tuple[tuple[int, str], ...]
    computed: int


def feature_space(extractor: Extractor, stretch_key: str) -> FeatureSpace:
    """Return the space of this extractor's rows under a stretch (`ResolvedStretch.key`)."""
    return FeatureSpace(
        preprocessing=extractor.preprocessing_id,
        stretch=stretch_key,
        extractor=extractor.id,
        weights=extractor.weights_digest,
        precision=extractor.precision,
    )


def extract_features(
    records: Sequence[ImageRecord],
    extractor: Extractor,
    space: FeatureSpace,
    store: FeatureStore,
    load: Callable[[ImageRecord], npt.NDArray[np.uint8]],
    *,
    batcher: TimedBatch,
    check: Callable[[], None],
    on_progress: Callable[[FeatureProgress], None] = lambda progress: None,
    on_smaller_batch: Callable[[int], None] | None = None,
    workers: int | None = None,
) -> FeatureTable:
    """Return the features of the usable images, reading stored rows and computing the others.

    load: reads one image as (h, w, 3) uint8; an ImageProblem leaves that image out. Runs in threads.
    check: called at least every 0.1 s except while the network works on a batch; it ends the work by raising.
    on_progress: called after every read of stored rows and every batch. on_smaller_batch: called with the new number
    of images when memory ran out and a batch was halved.
    Every batch is stored before the next begins, so an interrupted run loses at most one.
    """
    run = _Run(records, extractor, space.key, store, check, on_progress, on_smaller_batch)
    run.read_stored()
    missing = run.missing()
    images = prefetch(
        [records[i] for i in missing],
        lambda record: extractor.prepare(load(record)),
        check=check,
        workers=workers,
        ahead=max(_LEAST_AHEAD, 2 * batcher.size),
    )
    with contextlib.closing(images):
        run.compute(missing, images, batcher)
    return run.table()


class _Run:
    """One extraction: the rows of every record in one array, filled at the first record of each image."""

    def __init__(
        self,
        records: Sequence[ImageRecord],
        extractor: Extractor,
        space: str,
        store: FeatureStore,
        check: Callable[[], None],
        on_progress: Callable[[FeatureProgress], None],
        on_smaller_batch: Callable[[int], None] | None,
    ) -> None:
        self._records = records
        self._extractor = extractor
        self._space = space
        self._store = store
        self._check = check
        self._on_progress = on_progress
        self._on_smaller_batch = on_smaller_batch
        first: dict[str, int] = {}
        self._owner = np.array([first.setdefault(r.digest, i) for i, r in enumerate(records)], dtype=np.int64)
        self._repeats = np.bincount(self._owner, minlength=len(records))
        self._firsts = list(first.values())
        self._rows = np.empty((len(records), extractor.dim), dtype=np.float32)
        self._known = np.zeros(len(records), dtype=np.bool_)
        self._reasons: dict[int, str] = {}
        self._done = 0
        self._computed = 0
        self._began = 0.0

    def read_stored(self) -> None:
        """Fill in what the store holds."""
        for start in range(0, len(self._firsts), _ROWS_PER_READ):
            self._check()
            at = np.array(self._firsts[start : start + _ROWS_PER_READ])
            rows = np.empty((len(at), self._extractor.dim), dtype=np.float32)
            found = self._store.read_into(self._space, [self._records[i].digest for i in at], rows)
            self._rows[at[found]] = rows[found]
            self._mark(at[found])
            self._on_progress(FeatureProgress(self._done, len(self._records)))

    def missing(self) -> list[int]:
        """Return the first position of every image that has to be computed."""
        return [i for i in self._firsts if not self._known[i]]

    def compute(self, missing: Sequence[int], images: Iterable[tuple[int, Decoded]], batcher: TimedBatch) -> None:
        """Send the images through the network in batches of equal shape, storing each batch."""
        self._began = work_seconds()
        at: list[int] = []
        batch: list[npt.NDArray[Any]] = []
        for k, image in images:
            if isinstance(image, ImageProblem):
                self._leave_out(missing[k], image.reason)
                continue
            if batch and image.shape != batch[0].shape:
                self._compute_batch(at, batch, batcher)
                at, batch = [], []
            at.append(missing[k])
            batch.append(image)
            if len(batch) >= batcher.size:
                self._compute_batch(at, batch, batcher)
                at, batch = [], []
        if batch:
            self._compute_batch(at, batch, batcher)
        if self._reasons:
            self._report()

    def table(self) -> FeatureTable:
        """Copy rows to repeated images and close the gaps, without a second array."""
        known = self._known[self._owner]
        repeats = np.flatnonzero(known & (self._owner != np.arange(len(known))))
        for start in range(0, len(repeats), _ROWS_PER_READ):
            at = repeats[start : start + _ROWS_PER_READ]
            self._rows[at] = self._rows[self._owner[at]]
        indices = np.flatnonzero(known)
        for start in range(0, len(indices), _ROWS_PER_READ):
            at = indices[start : start + _ROWS_PER_READ]
            self._rows[start : start + len(at)] = self._rows[at]
        problems = tuple((i, self._reasons[int(self._owner[i])]) for i in np.flatnonzero(~known).tolist())
        return FeatureTable(self._rows[: len(indices)], indices, problems, self._computed)

    def _compute_batch(self, at: list[int], batch: list[npt.NDArray[Any]], batcher: TimedBatch) -> None:
        def work(part: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
            return self._extractor.features(part)

        began = work_seconds()
        stacked = np.stack(batch)
        rows = run_halving(work, stacked, check=self._check, batch_size=batcher, report=self._on_smaller_batch)
        batcher.record(work_seconds() - began, len(at))
        self._computed += len(at)
        finite = np.isfinite(rows).all(axis=1)
        for i in np.asarray(at)[~finite].tolist():
            self._leave_out(i, _NOT_FINITE)
        good, rows = np.asarray(at)[finite], rows[finite]
        self._store.put_many(self._space, [self._records[i].digest for i in good], rows)
        self._rows[good] = rows
        self._mark(good)
        self._report()

    def _mark(self, at: npt.NDArray[np.int64]) -> None:
        self._known[at] = True
        self._done += int(self._repeats[at].sum())

    def _leave_out(self, i: int, reason: str) -> None:
        self._reasons[i] = reason
        self._done += int(self._repeats[i])

    def _report(self) -> None:
        seconds = work_seconds() - self._began
        rate = self._computed / seconds if self._computed and seconds > 0 else None
        self._on_progress(FeatureProgress(self._done, len(self._records), rate))
