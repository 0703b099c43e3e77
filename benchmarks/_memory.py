"""Whether the searches over all pairs stay inside their memory budget where the full matrix would not fit."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from _timing import peak_since, start_peak

from planetview.engine.metrics.blocks import DEFAULT_BUDGET_BYTES
from planetview.engine.metrics.manifold import manifold
from planetview.engine.neighbours import nearest


def check_memory(n: int, d: int) -> list[str]:
    """Return one line a search over n × n pairs of d-dimensional vectors: peak extra memory, budget, full matrix."""
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(n, d)).astype(np.float32) for _ in range(2))
    searches: dict[str, Callable[[], object]] = {
        "nearest neighbours, k = 10": lambda: nearest(first, second, 10, check=lambda: None),
        "precision, recall, density, coverage": lambda: manifold(first, second),
    }
    full_mb = 4.0 * n * n / 1e6
    lines = []
    for name, search in searches.items():
        before, began = start_peak(), time.perf_counter()
        search()
        seconds, peak = time.perf_counter() - began, peak_since(before)
        found = "cannot be measured here" if peak is None else f"{peak:,.0f} MB"
        limits = f"budget {DEFAULT_BUDGET_BYTES / 1e6:,.0f} MB, one full float32 matrix {full_mb:,.0f} MB"
        lines.append(f"{name}, {n:,} × {n:,}, d = {d}: peak extra memory {found} ({limits}), {seconds:,.0f} s")
    return lines
