"""Bounds on the squared distances of many vectors by their inner products, in bfloat16 where that is faster.

The products only rule out what cannot matter; whatever is left is computed again exactly. So the number format decides
how long a search takes, never what it finds.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

Format: TypeAlias = Literal["float32", "bfloat16"]
FormatChoice: TypeAlias = Literal["auto", "float32", "bfloat16"]
_Floats: TypeAlias = npt.NDArray[np.float64]

# A bfloat16 product is rounded to 8 bits once more; twice its unit roundoff.
OUTPUT_ROUNDING = 2.0**-8
_UNIT_ROUNDOFF = 2.0**-24
# Float32 products are summed in pieces of this many dimensions: the error bound grows with the longest piece only.
_PIECE = 4096
# Below this many multiplications float32 takes a tenth of a second at most, not worth the probe.
_WORTH_A_PROBE = 1 << 32
_LEAST_GAIN = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """Vectors (n, d) in one format, with the squared lengths (n,) of the vectors themselves, float32.

    loss: the largest share of its length that a vector lost by the format.
    """

    values: torch.Tensor
    squares: torch.Tensor
    loss: float

    @property
    def is_coarse(self) -> bool:
        """Whether the products themselves come rounded, by `OUTPUT_ROUNDING` of their size."""
        return self.values.dtype == torch.bfloat16

    @classmethod
    def of(cls, vectors: torch.Tensor, squares: torch.Tensor, form: Format) -> Rounded:
        """Round finite float32 vectors (n, d) of known squared lengths (n,)."""
        if form == "float32":
            return cls(vectors, squares, 0.0)
        values = vectors.bfloat16()
        shares = torch.linalg.vector_norm(vectors - values, dim=1) / squares.sqrt()
        # Vectors of zeros lose nothing. Both lengths come from float32, good to far better than 1 %.
        return cls(values, squares, 1.01 * float(shares.nan_to_num_(nan=0.0).max()) if len(shares) else 0.0)


def choose_format(choice: FormatChoice, multiplications: int) -> Format:
    """Return the format for a job of that many multiplications: bfloat16 where a probe found it faster."""
    if choice != "auto":
        return choice
    return "bfloat16" if multiplications >= _WORTH_A_PROBE and _is_bfloat16_faster() else "float32"


def products(a: Rounded, b: Rounded) -> torch.Tensor:
    """Return the inner products (n, m) as float32, those of bfloat16 good to `OUTPUT_ROUNDING` of themselves as well.

    The rest of the error, as a share of the product of the lengths, is below `product_error`.
    """
    if a.is_coarse:
        return (a.values @ b.values.T).float()
    total = a.values[:, :_PIECE] @ b.values[:, :_PIECE].T
    for start in range(_PIECE, a.values.shape[1], _PIECE):
        total += a.values[:, start : start + _PIECE] @ b.values[:, start : start + _PIECE].T
    return total


def product_error(a: Rounded, b: Rounded, roundings: int) -> float:
    """Return the largest error of a product as a share of both lengths, `roundings` of other operations included.

    Sums: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1, with a margin of two.
    Rounding: |a·b - a'·b'| = |(a - a')·b + a'·(b - b')|.
    """
    dim = a.values.shape[1]
    terms = dim if a.is_coarse else min(dim, _PIECE) + math.ceil(dim / _PIECE)
    lost = a.loss + b.loss * (1.0 + a.loss)
    return lost + 2.0 * (terms + roundings) * _UNIT_ROUNDOFF * (1.0 + a.loss) * (1.0 + b.loss)


def lower_bounds(a: Rounded, b: Rounded, slack: float, tiny: float = 0.0) -> torch.Tensor:
    """Return a lower bound (n, m) on every squared distance, float32; negative ones included.

    slack: largest error of a product as a share of both lengths, as `product_error` returns it. tiny: absolute error.
    """
    dots = products(a, b)
    bounds = dots * -2.0 if a.is_coarse else dots.mul_(-2.0)
    if a.is_coarse:
        bounds.sub_(dots.abs_(), alpha=2.0 * OUTPUT_ROUNDING)
    # 2·|a|·|b| is no more than |a|² + |b|².
    bounds += ((1.0 - slack) * a.squares).unsqueeze(1)
    bounds += (1.0 - slack) * b.squares - tiny
    return bounds


def upper_bounds(lower: _Floats, squares: _Floats, slack: float, *, is_coarse: bool) -> _Floats:
    """Return how large squared distances with these lower bounds may be, given |a|² + |b|² of each pair."""
    coarse = 2.0 * OUTPUT_ROUNDING if is_coarse else 0.0
    # From the bound back to the product, whose own rounding may have been as large upwards.
    product = (np.abs(squares - lower) + slack * squares) / (2.0 - coarse)
    return lower + 2.0 * slack * squares + 2.0 * coarse * product


@cache
def _is_bfloat16_faster() -> bool:
    """Time both formats on a small product, 50 ms in all; processors without the instructions emulate them."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.rand((1024, 768), generator=generator) - 0.5
    squares = vectors.double().square().sum(dim=1)
    formats: tuple[Format, Format] = ("float32", "bfloat16")
    sides = {form: Rounded.of(vectors, squares.float(), form) for form in formats}
    seconds = dict.fromkeys(sides, math.inf)
    # Processor time of this thread, since other programs that want the cores would decide by the clock on the wall.
    is_fine = time.get_clock_info("thread_time").resolution <= 1e-4
    clock = time.thread_time if is_fine else time.perf_counter
    for _ in range(4):
        for form, side in sides.items():
            began = clock()
            found = products(side, side)
            seconds[form] = min(seconds[form], clock() - began)
    exact = vectors.double() @ vectors.double().T
    bound = product_error(sides["bfloat16"], sides["bfloat16"], 0) * torch.outer(squares, squares).sqrt()
    # `found` is that of bfloat16: a processor that sums otherwise than assumed is not trusted with it.
    is_sound = bool(((found - exact).abs() <= bound + OUTPUT_ROUNDING * found.abs()).all())
    return is_sound and seconds["float32"] >= _LEAST_GAIN * seconds["bfloat16"]
