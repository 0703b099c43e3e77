"""The prefetching decoder: order, bounds, faults, and threads that go away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.errors import ImageProblem
from planetview.engine.images import default_workers, prefetch
from tests.patience import PATIENCE_S, SOON_S


def nothing_to_check() -> None:
    """Stand for a job that nobody cancels."""


def decoding_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("planetview-decode")]


def end_of_decoding() -> bool:
    """Whether every decoding thread ends; one may need a moment on a crowded machine."""
    threads = decoding_threads()
    for thread in threads:
        thread.join(PATIENCE_S)
    return not any(thread.is_alive() for thread in threads)


@pytest.fixture(autouse=True)
def no_thread_outlives_a_test() -> Iterator[None]:
    yield
    assert end_of_decoding()


def image(value: int) -> np.ndarray:
    return np.full((2, 2), value)


def test_images_come_in_order_although_later_ones_are_ready_first() -> None:
    later_is_done = threading.Event()

    def load(i: int) -> np.ndarray:
        if i == 0:
            assert later_is_done.wait(10)
        if i == 2:
            later_is_done.set()
        return image(i)

    got = [(k, int(a[0, 0])) for k, a in prefetch(range(9), load, check=nothing_to_check, workers=3) if a is not None]
    assert got == [(i, i) for i in range(9)]


def test_no_more_images_than_asked_for_are_held_ahead_of_the_consumer() -> None:
    started, lead = 0, []
    lock = threading.Lock()

    def load(i: int) -> np.ndarray:
        nonlocal started
        with lock:
            started += 1
        return image(i)

    for k, _ in prefetch(range(200), load, check=nothing_to_check, workers=3, ahead=5):
        lead.append(started - (k + 1))
    assert len(lead) == 200
    assert max(lead) <= 5


def test_decoding_runs_beside_the_consumer() -> None:
    second_began = threading.Event()

    def load(i: int) -> np.ndarray:
        if i == 1:
            second_began.set()
        return image(i)

    images = prefetch(range(2), load, check=nothing_to_check, workers=1)
    next(images)
    assert second_began.wait(10)
    images.close()


def test_a_bad_image_takes_its_place_and_the_rest_goes_on() -> None:
    def load(i: int) -> np.ndarray:
        if i % 3 == 1:
            raise ImageProblem(f"truncated {i}")
        return image(i)

    got = [a.reason if isinstance(a, ImageProblem) else int(a[0, 0]) for _, a in prefetch(
        range(6), load, check=nothing_to_check, workers=2
    )]  # fmt: skip
    assert got == [0, "truncated 1", 2, 3, "truncated 4", 5]


def test_an_unexpected_exception_surfaces_once_as_itself_after_the_images_before_it() -> None:
    fault = RuntimeError("a defect")

    def load(i: int) -> np.ndarray:
        if i == 3:
            raise fault
        return image(i)

    images = prefetch(range(50), load, check=nothing_to_check, workers=2)
    assert [next(images)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RuntimeError) as raised:
        next(images)
    assert raised.value is fault
    assert list(images) == []


def test_leaving_early_stops_the_threads() -> None:
    images = prefetch(range(10_000), image, check=nothing_to_check, workers=4, ahead=8)
    next(images)
    assert decoding_threads()
    images.close()
    assert end_of_decoding()


def test_a_cancel_ends_the_wait_for_a_stuck_read() -> None:
    token, gate, stuck = CancelToken(), threading.Event(), threading.Event()

    def load(i: int) -> np.ndarray:
        stuck.set()
        gate.wait(30)
        return image(i)

    def cancel_once_stuck() -> None:
        stuck.wait(10)
        token.cancel()

    canceller = threading.Thread(target=cancel_once_stuck)
    canceller.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        list(prefetch(range(100), load, check=token.check, workers=2))
    assert time.monotonic() - began < SOON_S
    gate.set()
    canceller.join()


def test_a_cancel_is_noticed_although_images_are_always_ready() -> None:
    token = CancelToken()
    images = prefetch(range(10_000), image, check=token.check)
    next(images)
    token.cancel()
    with pytest.raises(Cancelled):
        next(images)


def test_no_records_need_no_threads() -> None:
    assert list(prefetch([], image, check=nothing_to_check)) == []
    assert 1 <= default_workers() <= 4
