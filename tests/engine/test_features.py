"""Features of a dataset: each distinct image computed once, whatever stops or goes wrong in between."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.engine.devices import TimedBatch
from planetview.engine.features import FeatureProgress, FeatureTable, extract_features, feature_space
from planetview.engine.store import FeatureStore
from tests.patience import PATIENCE_S, SOON_S

DIM = 24
WEIGHTS = np.random.default_rng(1).standard_normal((8 * 8 * 3, DIM)).astype(np.float32)


class Projection:
    """The smallest real extractor: a random linear map of the pixels, counting what it sees."""

    id = "projection"
    dim = DIM
    preprocessing_id = "scale-1"
    weights_digest = hashlib.sha256(WEIGHTS.tobytes()).hexdigest()
    precision = "float32"

    def __init__(self) -> None:
        self.seen = 0
        self.batches: list[int] = []

    def prepare(self, rgb8: np.ndarray) -> np.ndarray:
        return rgb8.astype(np.float32) / 255

    def features(self, batch: np.ndarray) -> np.ndarray:
        self.seen += len(batch)
        self.batches.append(len(batch))
        flat = batch.reshape(len(batch), -1)
        return np.einsum("np,pd->nd", flat, np.resize(WEIGHTS, (flat.shape[1], DIM)))


def sevens() -> TimedBatch:
    """Batches of seven, however long they take."""
    return TimedBatch(start=7, largest=7, target_s=1e9)


def pixels_of(name: str) -> np.ndarray:
    """Pixels that follow from the content named before the colon: `a:1` and `a:2` are duplicates."""
    return np.random.default_rng(list(name.partition(":")[0].encode())).integers(0, 256, (8, 8, 3), dtype=np.uint8)


def record(name: str) -> ImageRecord:
    digest = hashlib.sha256(name.partition(":")[0].encode()).hexdigest()
    return ImageRecord(name, Path(name), None, None, digest, 192, 8, 8, 3, "uint8")


def load(record: ImageRecord) -> np.ndarray:
    if record.name.startswith("bad"):
        raise ImageProblem(f"{record.name} is truncated")
    return pixels_of(record.name)


def expected(names: list[str]) -> np.ndarray:
    return np.stack([pixels_of(name).reshape(-1) / 255.0 @ WEIGHTS.astype(np.float64) for name in names])


def no_check() -> None:
    """Stand for a job that nobody cancels."""


def extract(
    names: list[str],
    store: FeatureStore,
    extractor: Projection | None = None,
    *,
    check: Callable[[], None] = no_check,
    read: Callable[[ImageRecord], np.ndarray] = load,
    on_progress: Callable[[FeatureProgress], None] = lambda progress: None,
) -> FeatureTable:
    extractor = extractor or Projection()
    space = feature_space(extractor, "none")
    return extract_features(
        [record(name) for name in names], extractor, space, store, read,
        batcher=sevens(), check=check, on_progress=on_progress, workers=2,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FeatureStore]:
    with FeatureStore(tmp_path / "features.sqlite") as store:
        yield store


def names(n: int, start: int = 0) -> list[str]:
    return [f"tile{i}" for i in range(start, start + n)]


def test_rows_equal_a_float64_projection_in_the_order_of_the_records(store: FeatureStore) -> None:
    table = extract(names(40), store)
    np.testing.assert_allclose(table.features, expected(names(40)), rtol=1e-4, atol=1e-4)
    assert table.features.dtype == np.float32
    assert table.indices.tolist() == list(range(40))
    assert (table.computed, table.problems) == (40, ())


def test_a_second_run_computes_nothing_and_gives_the_same_bytes(store: FeatureStore) -> None:
    first, extractor = extract(names(40), store), Projection()
    second = extract(names(40)[::-1], store, extractor)
    assert (extractor.seen, second.computed) == (0, 0)
    assert second.features[::-1].tobytes() == first.features.tobytes()


def test_adding_100_images_computes_exactly_100(store: FeatureStore) -> None:
    extract(names(150), store)
    extractor = Projection()
    table = extract(names(50, start=500) + names(150) + names(50, start=900), store, extractor)
    assert (extractor.seen, table.computed) == (100, 100)
    assert len(table.features) == 250


def test_another_stretch_or_precision_shares_no_rows(store: FeatureStore) -> None:
    extract(names(10), store)
    other = Projection()
    other.precision = "bfloat16"
    assert extract(names(10), store, other).computed == 10
    assert feature_space(other, "none").key != feature_space(other, "range:0.0:1.0").key


def test_duplicates_are_computed_once_and_bad_images_left_out_with_all_their_copies(store: FeatureStore) -> None:
    order = ["bad:1", "a:1", "b", "a:2", "bad:2", "c", "b:2", "a:3"]
    extractor = Projection()
    table = extract(order, store, extractor)
    assert extractor.seen == 3
    assert table.indices.tolist() == [1, 2, 3, 5, 6, 7]
    np.testing.assert_allclose(table.features, expected([order[i] for i in table.indices]), rtol=1e-4, atol=1e-4)
    assert table.problems == ((0, "bad:1 is truncated"), (4, "bad:1 is truncated"))


def test_many_duplicates_and_gaps_keep_every_row_at_its_image(store: FeatureStore) -> None:
    rng = np.random.default_rng(3)
    order = [f"{'bad' if v < 40 else 't'}{v}:{i}" for i, v in enumerate(rng.integers(0, 300, 1800))]
    table = extract(order, store)
    assert table.indices.tolist() == [i for i, name in enumerate(order) if not name.startswith("bad")]
    np.testing.assert_allclose(table.features, expected([order[i] for i in table.indices]), rtol=1e-4, atol=1e-4)


def test_no_images_give_an_empty_table(store: FeatureStore) -> None:
    table = extract([], store)
    assert table.features.shape == (0, DIM)
    assert table.indices.shape == (0,)
    assert extract(["bad"], store).features.shape == (0, DIM)


def test_a_cancel_keeps_the_finished_batches_and_the_next_run_goes_on_from_there(store: FeatureStore) -> None:
    token, extractor = CancelToken(), Projection()

    def stop_after_three_batches(progress: FeatureProgress) -> None:
        if progress.done == 21:
            token.cancel()

    with pytest.raises(Cancelled):
        extract(names(100), store, extractor, check=token.check, on_progress=stop_after_three_batches)
    assert store.count(feature_space(extractor, "none").key) == extractor.seen == 21
    table = extract(names(100), store)
    assert table.computed == 79
    np.testing.assert_allclose(table.features, expected(names(100)), rtol=1e-4, atol=1e-4)


def test_a_cancel_during_a_slow_read_ends_at_once_and_leaks_no_thread(store: FeatureStore) -> None:
    token, gate = CancelToken(), threading.Event()

    def slow(record: ImageRecord) -> np.ndarray:
        if record.name == "tile30":
            token.cancel()
            gate.wait(30)
        return load(record)

    began = time.monotonic()
    with pytest.raises(Cancelled):
        extract(names(100), store, check=token.check, read=slow)
    assert time.monotonic() - began < SOON_S
    gate.set()
    # By their name: threads of other libraries come and go.
    for thread in [thread for thread in threading.enumerate() if thread.name.startswith("planetview-decode")]:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def test_a_store_that_fills_up_changes_no_number(tmp_path: Path, store: FeatureStore) -> None:
    with FeatureStore(tmp_path / "small.sqlite", max_bytes=1) as small:
        table = extract(names(2500), small)
        assert len(small.warnings) == 1
    assert table.features.tobytes() == extract(names(2500), store).features.tobytes()


def test_features_that_are_not_finite_are_a_problem_and_never_stored(store: FeatureStore) -> None:
    class Overflowing(Projection):
        def features(self, batch: np.ndarray) -> np.ndarray:
            rows = super().features(batch)
            rows[2, 5] = np.inf
            return rows

    table = extract(names(7), store, Overflowing())
    assert table.indices.tolist() == [0, 1, 3, 4, 5, 6]
    assert [i for i, _ in table.problems] == [2]
    assert store.count(feature_space(Projection(), "none").key) == 6


def test_images_of_different_shapes_never_share_a_batch(store: FeatureStore) -> None:
    def read(record: ImageRecord) -> np.ndarray:
        return load(record)[: 8 if int(record.name[4:]) < 10 else 4]

    extractor = Projection()
    assert len(extract(names(20), store, extractor, read=read).features) == 20
    assert extractor.batches == [7, 3, 7, 3]


def test_a_batch_that_does_not_fit_in_memory_is_done_in_parts(store: FeatureStore) -> None:
    class Cramped(Projection):
        def features(self, batch: np.ndarray) -> np.ndarray:
            if len(batch) > 3:
                raise MemoryError
            return super().features(batch)

    extractor = Cramped()
    table = extract(names(20), store, extractor)
    np.testing.assert_allclose(table.features, expected(names(20)), rtol=1e-4, atol=1e-4)
    assert extractor.seen == table.computed == 20


def test_a_defect_in_the_reader_surfaces_as_itself(store: FeatureStore) -> None:
    def read(record: ImageRecord) -> np.ndarray:
        raise KeyError(record.name)

    with pytest.raises(KeyError):
        extract(names(3), store, read=read)


def test_progress_counts_every_image_and_rates_only_the_computed_ones(store: FeatureStore) -> None:
    order, steps = [*names(20), "bad", "tile3:copy"], list[FeatureProgress]()
    extract(order, store, on_progress=steps.append)
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (steps[-1].done, steps[-1].total) == (22, 22)
    assert steps[-1].rate is not None
    assert steps[-1].rate > 0

    again: list[FeatureProgress] = []
    extract(names(20), store, on_progress=again.append)
    assert again == [FeatureProgress(20, 20, None)]


def test_memory_running_out_is_said_and_changes_no_number(store: FeatureStore) -> None:
    class Cramped(Projection):
        def features(self, batch: np.ndarray) -> np.ndarray:
            if len(batch) > 3:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return super().features(batch)

    said: list[int] = []
    extractor = Cramped()
    table = extract_features(
        [record(name) for name in names(20)], extractor, feature_space(extractor, "none"), store, load,
        batcher=sevens(), check=no_check, on_smaller_batch=said.append, workers=2,
    )  # fmt: skip
    np.testing.assert_allclose(table.features, expected(names(20)), rtol=1e-4, atol=1e-4)
    # Of seven images four went into the second half, and are halved once more.
    assert said == [3, 2]
