"""Peer against ours in one process: calls in random order, ratios per round, peak memory, difference of values."""

from __future__ import annotations

import ctypes
import gc
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

_PROCESS = Path("/proc/self")
_GEMM_SIDE = 2048
# Numerical libraries keep their threads spinning for up to 25 ms after a call, which would slow the next library.
_SETTLE_S = 0.05

Differs = Callable[[Any, Any], float]


@dataclass(frozen=True, slots=True)
class Peer:
    """One other way to the same answer.

    differs(ours, theirs) gives the difference of the two answers, of the `kind` named.
    """

    name: str
    run: Callable[[], Any]
    differs: Differs
    kind: Literal["relative", "absolute"] = "relative"


@dataclass(frozen=True, slots=True)
class Case:
    """One stage at one size.

    items: how many images or pairs a call handles, for rates; 0 leaves the rate out.
    flops: float32 operations that our way cannot avoid; 0 leaves the share of the matrix-product rate out.
    memory: whether peak memory is taken; only for calls long enough that returning freed memory costs nothing.
    """

    stage: str
    size: str
    ours: Callable[[], Any]
    peers: tuple[Peer, ...]
    items: int = 0
    flops: float = 0.0
    memory: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One peer of one case: medians over the rounds, ratios as peer ÷ ours within a round.

    Seconds a call; ratio_low and ratio_high are the extremes over the rounds; cpu_ratio compares processor time of
    all threads. Peaks in MB above what the process held before the call. limit_share in 0..1.
    """

    stage: str
    size: str
    peer: str
    peer_s: float
    ours_s: float
    ratio: float
    ratio_low: float
    ratio_high: float
    cpu_ratio: float
    difference: float
    difference_kind: str
    peer_peak_mb: float | None
    ours_peak_mb: float | None
    ours_per_s: float | None
    limit_share: float | None


@dataclass(frozen=True, slots=True)
class _Sample:
    wall: float
    cpu: float
    peak_mb: float | None


def measure(case: Case, rounds: int, order: random.Random) -> list[Row]:
    """Time ours and every peer `rounds` times, in a new random order each round, after one untimed call of each."""
    calls = {"": case.ours, **{peer.name: peer.run for peer in case.peers}}
    answers = {name: call() for name, call in calls.items()}
    gaps = {peer.name: peer.differs(answers[""], answers[peer.name]) for peer in case.peers}
    del answers
    if case.flops:
        calls["product"] = gemm_call()
        calls["product"]()
    samples: dict[str, list[_Sample]] = {name: [] for name in calls}
    for _ in range(rounds):
        names = list(calls)
        order.shuffle(names)
        for name in names:
            samples[name].append(_sample(calls[name], case.memory))
    return [_row(case, peer, gaps[peer.name], samples) for peer in case.peers]


def _row(case: Case, peer: Peer, gap: float, samples: dict[str, list[_Sample]]) -> Row:
    ours, theirs = samples[""], samples[peer.name]
    ratios = [b.wall / a.wall for a, b in zip(ours, theirs, strict=True)]
    ours_s = statistics.median(a.wall for a in ours)
    share = None
    if case.flops:
        least = [case.flops / (2.0 * _GEMM_SIDE**3) * p.wall for p in samples["product"]]
        share = statistics.median(floor / a.wall for floor, a in zip(least, ours, strict=True))
    return Row(
        stage=case.stage,
        size=case.size,
        peer=peer.name,
        peer_s=statistics.median(b.wall for b in theirs),
        ours_s=ours_s,
        ratio=statistics.median(ratios),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        cpu_ratio=statistics.median(b.cpu / max(a.cpu, 1e-9) for a, b in zip(ours, theirs, strict=True)),
        difference=gap,
        difference_kind=peer.kind,
        peer_peak_mb=_median_peak(theirs),
        ours_peak_mb=_median_peak(ours),
        ours_per_s=case.items / ours_s if case.items else None,
        limit_share=share,
    )


def _median_peak(samples: list[_Sample]) -> float | None:
    peaks = [sample.peak_mb for sample in samples if sample.peak_mb is not None]
    return statistics.median(peaks) if peaks else None


def _sample(call: Callable[[], Any], memory: bool) -> _Sample:
    time.sleep(_SETTLE_S)
    before = start_peak() if memory else None
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return _Sample(wall, cpu, peak_since(before))


def gemm_call() -> Callable[[], Any]:
    """Return a float32 matrix product of `_GEMM_SIDE` cubed: the rate that dense work is held against."""
    import torch

    left, right, out = (torch.rand(_GEMM_SIDE, _GEMM_SIDE) for _ in range(3))
    return lambda: torch.mm(left, right, out=out)


def start_peak() -> int | None:
    """Give freed memory back, forget the peak so far, and return the resident bytes; None where it cannot be told."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    try:
        (_PROCESS / "clear_refs").write_text("5")
        return _status_bytes("VmRSS")
    except (OSError, ValueError):
        return None


def peak_since(before: int | None) -> float | None:
    """Return the peak resident MB above `before`, as `start_peak` returned it."""
    return None if before is None else max(0, _status_bytes("VmHWM") - before) / 1e6


def _status_bytes(field: str) -> int:
    for line in (_PROCESS / "status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {field} in the process status")


def relative(ours: float, theirs: float) -> float:
    """Return |ours - theirs| as a share of theirs."""
    return abs(ours - theirs) / max(abs(theirs), 1e-300)


def largest(ours: Any, theirs: Any) -> float:
    """Return the largest absolute difference between two arrays of one shape."""
    import numpy as np

    return float(np.abs(np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)).max())
