"""Feature rows of a dataset: stored ones read, missing ones computed once per distinct image and stored."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.engine.images import Decoded, prefetch
from planetview.engine.store import FeatureSpace, FeatureStore

# 512 rows of 2048 float32 are 4 MB and take about 10 ms to read, so a cancel is noticed at once.
_ROWS_PER_READ = 512
_NOT_FINITE = "the network returned values that are not finite"


class Extractor(Protocol):
    """A network that turns 8-bit RGB images into feature rows."""

    @property
    def id(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def preprocessing_id(self) -> str: ...
    @property
    def weights_digest(self) -> str: ...
    @property
    def precision(self) -> str: ...

    def prepare(self, rgb8: npt.NDArray[np.uint8], /) -> npt.NDArray[Any]:
        """Return the network's input for one (h, w, 3) image; called in the decoding threads."""
        ...

    def features(self, batch: npt.NDArray[Any], /) -> npt.NDArray[np.float32]:
        """Return (n, dim) features of n stacked inputs."""
        ...


class Batcher(Protocol):
    """Chooses how many images go through the network at once."""

    @property
    def size(self) -> int: ...

    def record(self, seconds: float, n: int, /) -> None:
        """Take note that `n` images took `seconds`."""
        ...


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
    batcher: Batcher,
    check: Callable[[], None],
    workers: int | None = None,
) -> Generator[FeatureProgress, None, FeatureTable]:
    """Yield progress and return the table: `table = yield from extract_features(...)`.

    load: reads one image as (h, w, 3) uint8; an ImageProblem leaves that image out. Runs in threads.
    check: called at least every 0.1 s except while the network works on a batch; it ends the work by raising.
    Every batch is stored before the next begins, so an interrupted run loses at most one.
    """
    run = _Run(records, extractor, space.key, store)
    yield from run.read_stored(check)
    missing = run.missing()
    images = prefetch(
        [records[i] for i in missing],
        lambda record: extractor.prepare(load(record)),
        check=check,
        workers=workers,
        ahead=max(16, 2 * batcher.size),
    )
    try:
        yield from run.compute(missing, images, batcher, check)
    finally:
        images.close()
    return run.table()


def drain(
    steps: Generator[FeatureProgress, None, FeatureTable],
    on_progress: Callable[[FeatureProgress], None] = lambda progress: None,
) -> FeatureTable:
    """Run `extract_features` to its end and return the table, handing each progress to `on_progress`."""
    while True:
        try:
            on_progress(next(steps))
        except StopIteration as end:
            table: FeatureTable = end.value
            return table


class _Run:
    """One extraction: the rows of every record in one array, filled at the first record of each image."""

    def __init__(self, records: Sequence[ImageRecord], extractor: Extractor, space: str, store: FeatureStore) -> None:
        self._records = records
        self._extractor = extractor
        self._space = space
        self._store = store
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

    def read_stored(self, check: Callable[[], None]) -> Generator[FeatureProgress, None, None]:
        """Fill in what the store holds."""
        for start in range(0, len(self._firsts), _ROWS_PER_READ):
            check()
            at = np.array(self._firsts[start : start + _ROWS_PER_READ])
            rows = np.empty((len(at), self._extractor.dim), dtype=np.float32)
            found = self._store.read_into(self._space, [self._records[i].digest for i in at], rows)
            self._rows[at[found]] = rows[found]
            self._mark(at[found])
            yield FeatureProgress(self._done, len(self._records))

    def missing(self) -> list[int]:
        """Return the first position of every image that has to be computed."""
        return [i for i in self._firsts if not self._known[i]]

    def compute(
        self,
        missing: Sequence[int],
        images: Generator[tuple[int, Decoded], None, None],
        batcher: Batcher,
        check: Callable[[], None],
    ) -> Generator[FeatureProgress, None, None]:
        """Send the images through the network in batches of equal shape, storing each batch."""
        self._began = time.perf_counter()
        at: list[int] = []
        batch: list[npt.NDArray[Any]] = []
        for k, image in images:
            if isinstance(image, ImageProblem):
                self._leave_out(missing[k], image.reason)
                continue
            if batch and image.shape != batch[0].shape:
                yield self._compute_batch(at, batch, batcher, check)
                at, batch = [], []
            at.append(missing[k])
            batch.append(image)
            if len(batch) >= batcher.size:
                yield self._compute_batch(at, batch, batcher, check)
                at, batch = [], []
        if batch:
            yield self._compute_batch(at, batch, batcher, check)
        if self._reasons:
            yield self._progress()

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

    def _compute_batch(
        self,
        at: list[int],
        batch: list[npt.NDArray[Any]],
        batcher: Batcher,
        check: Callable[[], None],
    ) -> FeatureProgress:
        check()
        stacked = np.stack(batch)
        began = time.perf_counter()
        rows = np.asarray(self._extractor.features(stacked), dtype=np.float32)
        batcher.record(time.perf_counter() - began, len(at))
        self._computed += len(at)
        finite = np.isfinite(rows).all(axis=1)
        for i in np.asarray(at)[~finite].tolist():
            self._leave_out(i, _NOT_FINITE)
        good, rows = np.asarray(at)[finite], rows[finite]
        self._store.put_many(self._space, [self._records[i].digest for i in good], rows)
        self._rows[good] = rows
        self._mark(good)
        return self._progress()

    def _mark(self, at: npt.NDArray[np.int64]) -> None:
        self._known[at] = True
        self._done += int(self._repeats[at].sum())

    def _leave_out(self, i: int, reason: str) -> None:
        self._reasons[i] = reason
        self._done += int(self._repeats[i])

    def _progress(self) -> FeatureProgress:
        seconds = time.perf_counter() - self._began
        rate = self._computed / seconds if self._computed and seconds > 0 else None
        return FeatureProgress(self._done, len(self._records), rate)
