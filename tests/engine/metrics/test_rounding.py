"""Oracle: the products in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from planetview.engine.metrics.rounding import OUTPUT_ROUNDING, Format, Rounded, choose_format, product_error, products


def rounded(vectors: np.ndarray, form: Format) -> Rounded:
    squares = np.square(vectors.astype(np.float64)).sum(axis=1).astype(np.float32)
    return Rounded.of(torch.from_numpy(vectors), torch.from_numpy(squares), form)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    form=st.sampled_from(["float32", "bfloat16"]),
    dim=st.sampled_from([1, 3, 64, 700, 5000]),
    spread=st.floats(0.0, 1.0),
    offset=st.floats(-0.5, 0.5, width=32),
)
def test_products_err_by_no_more_than_they_say(seed, form, dim, spread, offset):
    rng = np.random.default_rng(seed)
    a, b = ((rng.uniform(-0.5, 0.5, (rows, dim)) * spread + offset).astype(np.float32) for rows in (9, 14))
    sides = rounded(a, form), rounded(b, form)

    found = products(*sides).numpy().astype(np.float64)

    lengths = np.outer(*(np.linalg.norm(v.astype(np.float64), axis=1) for v in (a, b)))
    bound = product_error(*sides, 0) * lengths + 1e-30
    if form == "bfloat16":
        bound += OUTPUT_ROUNDING * np.abs(found)
    assert (np.abs(found - a.astype(np.float64) @ b.astype(np.float64).T) <= bound).all()


@pytest.mark.parametrize("form", ["float32", "bfloat16"])
def test_zeros_and_exact_vectors_lose_nothing(form):
    vectors = np.array([[0.0, 0.0], [1.0, -0.5], [0.75, 0.0]], dtype=np.float32)

    assert rounded(vectors, form).loss == 0.0


def test_a_small_job_is_not_worth_a_probe_and_a_choice_is_kept():
    assert choose_format("auto", 1000) == "float32"
    assert choose_format("bfloat16", 1) == "bfloat16"
    assert choose_format("float32", 1 << 60) == "float32"
    assert choose_format("auto", 1 << 60) in ("float32", "bfloat16")
