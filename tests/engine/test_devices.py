from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import UserError
from planetview.engine.devices import TimedBatch, choose_device, limit_threads, run_halving, usable_cores


@pytest.fixture(autouse=True)
def same_threads_afterwards() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def free() -> None:
    """A job nobody cancels."""


def test_the_processor_is_always_there() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_asking_for_an_absent_device_says_so() -> None:
    with pytest.raises(UserError, match="CUDA") as caught:
        choose_device("cuda")
    assert "auto" in caught.value.hint


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="'tpu'") as caught:
        choose_device("tpu")
    assert "cuda" in caught.value.hint


def test_one_core_is_left_over_and_one_thread_is_the_least() -> None:
    assert limit_threads() == max(1, usable_cores() - 1) == torch.get_num_threads()
    assert limit_threads(0) == 1 == torch.get_num_threads()


def settle(batch: TimedBatch, seconds_each: float, rounds: int = 40) -> list[int]:
    sizes = []
    for _ in range(rounds):
        batch.record(batch.size * seconds_each, batch.size)
        sizes.append(batch.size)
    return sizes


@pytest.mark.parametrize("seconds_each", [0.1, 0.03, 0.007, 0.002])
def test_batches_come_to_rest_near_the_target_time(seconds_each: float) -> None:
    sizes = settle(TimedBatch(target_s=0.2), seconds_each)
    assert len(set(sizes[20:])) == 1
    assert 0.1 <= sizes[-1] * seconds_each <= 0.3


def test_batches_stay_between_one_and_the_largest() -> None:
    assert settle(TimedBatch(largest=64), 1e-6)[-1] == 64
    assert settle(TimedBatch(), 10.0)[-1] == 1


def test_a_short_last_batch_teaches_no_growth() -> None:
    batch = TimedBatch(start=8)
    batch.record(0.01, 2)
    assert batch.size == 8


class SmallMemory:
    """A network on a device that holds `limit` images."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.largest_done = 0

    def __call__(self, batch: NDArray[np.generic]) -> NDArray[np.float32]:
        if len(batch) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.largest_done = max(self.largest_done, len(batch))
        return np.asarray(batch, dtype=np.float32) * 2


def test_what_does_not_fit_is_done_in_halves_and_in_order() -> None:
    size, told, work = TimedBatch(start=20), [], SmallMemory(6)
    values = np.arange(20, dtype=np.float32)[:, None]
    found = run_halving(work, values, check=free, batch_size=size, report=told.append)
    np.testing.assert_array_equal(found, values * 2)
    assert told[0] == 10
    assert size.size <= work.limit
    assert settle(size, 1e-6)[-1] <= work.limit, "it must not grow back into the error"


def test_a_single_image_that_does_not_fit_is_a_message_for_people() -> None:
    with pytest.raises(UserError, match="too little memory"):
        run_halving(SmallMemory(0), np.zeros((4, 1)), check=free)


def test_other_errors_pass_through_untouched() -> None:
    def broken(batch: NDArray[np.generic]) -> NDArray[np.float32]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        run_halving(broken, np.zeros((4, 1)), check=free)


def test_the_halves_can_be_cancelled() -> None:
    token = CancelToken()
    with pytest.raises(Cancelled):
        run_halving(SmallMemory(1), np.zeros((8, 1)), check=token.check, report=lambda _: token.cancel())


def test_the_batch_stays_a_multiple_of_what_the_network_takes_at_once() -> None:
    batch = TimedBatch(start=4, step=8, largest=30)
    seen = [batch.size]
    for seconds in (0.01, 0.01, 0.01, 5.0, 5.0, 5.0):
        batch.record(seconds, batch.size)
        seen.append(batch.size)
    assert seen == [8, 16, 24, 24, 8, 8, 8]
    batch.out_of_memory(8)
    assert batch.size == 4
