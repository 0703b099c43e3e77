from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from planetview.core.cancel import Cancelled, CancelToken
from planetview.engine.metrics.rounding import FormatChoice
from planetview.engine.neighbours import nearest


def free() -> None:
    """A job nobody cancels."""


def brute_force(queries: NDArray, bank: NDArray, k: int, exclude_self: bool = False) -> tuple[NDArray, NDArray]:
    difference = queries.astype(np.float64)[:, None, :] - bank.astype(np.float64)[None, :, :]
    squared = np.square(difference).sum(axis=2)
    if exclude_self:
        np.fill_diagonal(squared, np.inf)
    indices = np.argsort(squared, axis=1, kind="stable")[:, : min(k, len(bank) - exclude_self)]
    return indices, np.sqrt(np.take_along_axis(squared, indices, axis=1))


def assert_same(found: tuple[NDArray, NDArray], expected: tuple[NDArray, NDArray]) -> None:
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12, atol=0)
    np.testing.assert_array_equal(found[0], expected[0])


@pytest.mark.parametrize(("n", "m", "dim", "k"), [(40, 300, 64, 5), (7, 5, 3, 5), (1, 1, 1, 1), (30, 200, 5000, 3)])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_equals_brute_force_in_float64(n: int, m: int, dim: int, k: int, offset: float, screen: FormatChoice) -> None:
    rng = np.random.default_rng(3)
    queries = (rng.normal(size=(n, dim)) + offset).astype(np.float32)
    bank = (rng.normal(size=(m, dim)) + offset).astype(np.float32)
    assert_same(nearest(queries, bank, k, check=free, screen=screen), brute_force(queries, bank, k))


@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_small_blocks_give_the_same_answer_as_one_block(screen: FormatChoice) -> None:
    rng = np.random.default_rng(4)
    queries, bank = rng.normal(size=(65, 40)), rng.normal(size=(333, 40))
    found = nearest(queries, bank, 4, check=free, budget_bytes=20_000, screen=screen)
    assert_same(found, brute_force(queries, bank, 4))


def test_clusters_too_tight_for_a_coarse_format_are_told_apart() -> None:
    rng = np.random.default_rng(12)
    centres = rng.normal(size=(6, 48)) * 100
    queries, bank = (
        (np.repeat(centres, each, axis=0) + rng.normal(size=(6 * each, 48)) * 1e-3).astype(np.float32)
        for each in (5, 80)
    )
    found = nearest(queries, bank, 3, check=free, screen="bfloat16")
    assert_same(found, brute_force(queries, bank, 3))
    assert_same(nearest(bank, bank, 3, check=free, screen="bfloat16", exclude_self=True, budget_bytes=100_000),
                brute_force(bank, bank, 3, exclude_self=True))  # fmt: skip


def test_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    queries, bank = rng.normal(size=(50, 20)), rng.normal(size=(500, 20))
    found = nearest(queries, bank, 6, check=free)
    distances, indices = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(bank).kneighbors(queries)
    np.testing.assert_array_equal(found[0], indices)
    np.testing.assert_allclose(found[1], distances, rtol=1e-9)


def test_exact_copies_are_at_distance_zero_and_ties_go_to_the_lower_index() -> None:
    rng = np.random.default_rng(6)
    originals = (rng.normal(size=(9, 512)) * 50 + 300).astype(np.float32)
    bank = originals[rng.integers(0, 9, size=400)]
    indices, distances = nearest(originals, bank, 7, check=free, budget_bytes=400_000)
    assert_same((indices, distances), brute_force(originals, bank, 7))
    assert (distances == 0).all()


@pytest.mark.parametrize("screen", ["float32", "bfloat16"])
def test_near_copies_are_told_apart_where_float32_products_cannot(screen: FormatChoice) -> None:
    rng = np.random.default_rng(8)
    query = (rng.normal(size=(1, 256)) + 100).astype(np.float32)
    bank = np.repeat(query, 60, axis=0)
    for row in range(60):
        bank[row, row] = np.nextafter(bank[row, row], np.float32(np.inf))
    bank[37] = query[0]
    assert_same(nearest(query, bank, 10, check=free, screen=screen), brute_force(query, bank, 10))


@pytest.mark.parametrize("budget", [1 << 30, 30_000])
def test_a_set_searched_in_itself_leaves_out_each_vector_but_not_its_copies(budget: int) -> None:
    rng = np.random.default_rng(9)
    vectors = rng.normal(size=(120, 16))
    vectors[[10, 50, 90]] = vectors[3]
    found = nearest(vectors, vectors, 3, check=free, exclude_self=True, budget_bytes=budget)
    assert_same(found, brute_force(vectors, vectors, 3, exclude_self=True))
    assert found[0][3].tolist() == [10, 50, 90]
    assert found[0][50].tolist() == [3, 10, 90]


def test_an_outlier_does_not_spoil_the_others() -> None:
    rng = np.random.default_rng(10)
    queries, bank = rng.normal(size=(20, 8)), rng.normal(size=(100, 8))
    bank[13] = 1e30
    assert_same(nearest(queries, bank, 4, check=free), brute_force(queries, bank, 4))


@settings(max_examples=80, deadline=None)
@given(
    data=st.data(),
    k=st.integers(1, 6),
    dim=st.integers(1, 4),
    budget=st.sampled_from([1, 3_000, 1 << 30]),
    screen=st.sampled_from(["float32", "bfloat16"]),
)
def test_any_finite_vectors_equal_brute_force(
    data: st.DataObject, k: int, dim: int, budget: int, screen: FormatChoice
) -> None:
    few_values = st.sampled_from([0.0, -0.0, 1.0, 1.0 + 2.0**-23, -3.5, 2.0**-70, 1e6, 2.0**43])
    elements = st.one_of(few_values, st.floats(-(2.0**50), 2.0**50, width=32))
    arrays = hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(dim)), elements=elements)
    queries, bank = data.draw(arrays), data.draw(arrays)
    found = nearest(queries, bank, k, check=free, budget_bytes=budget, screen=screen)
    assert_same(found, brute_force(queries, bank, k))


def test_the_matrix_of_all_distances_is_never_held() -> None:
    rng = np.random.default_rng(11)
    vectors = rng.normal(size=(4_000, 4)).astype(np.float32)
    tracemalloc.start()
    nearest(vectors, vectors, 1, check=free, budget_bytes=4 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20, "the whole matrix would take 61 MiB"


def test_cancelling_stops_between_blocks() -> None:
    token = CancelToken()
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            token.cancel()
        token.check()

    vectors = np.random.default_rng(0).normal(size=(500, 8))
    with pytest.raises(Cancelled):
        nearest(vectors, vectors, 2, check=check, budget_bytes=10_000)
    assert calls == 5


def test_progress_grows_to_one() -> None:
    seen: list[float] = []
    vectors = np.random.default_rng(0).normal(size=(300, 8))
    nearest(vectors, vectors, 2, check=free, budget_bytes=20_000, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: nearest(np.zeros((2, 3)), np.zeros((2, 4)), 1, check=free),
        lambda: nearest(np.zeros((2, 3)), np.zeros((2, 3)), 0, check=free),
        lambda: nearest(np.zeros((2, 3)), np.zeros((0, 3)), 1, check=free),
        lambda: nearest(np.zeros((1, 3)), np.zeros((1, 3)), 1, check=free, exclude_self=True),
        lambda: nearest(np.zeros((2, 3)), np.zeros((3, 3)), 1, check=free, exclude_self=True),
        lambda: nearest(np.zeros((2, 3)), np.full((2, 3), np.nan), 1, check=free),
        lambda: nearest(np.full((2, 3), np.inf), np.zeros((2, 3)), 1, check=free),
    ],
)
def test_unfit_arrays_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        call()


def test_no_queries_give_an_empty_answer() -> None:
    indices, distances = nearest(np.zeros((0, 3)), np.ones((4, 3)), 2, check=free)
    assert indices.shape == distances.shape == (0, 2)
