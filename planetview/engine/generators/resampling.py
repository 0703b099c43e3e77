"""Changing the sampling rate of feature maps through long filters, as StyleGAN3's layers do."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# Output samples made by one small matrix: larger wastes products with zeros, smaller wastes copies.
_BLOCK = 64


class Resampler:
    """Puts `up` - 1 zeros after every sample, pads, convolves, and keeps every `down`-th sample, along both axes.

    taps: (t,) used along both axes, or (t, t) for a filter that is no product; their gain is kept.
    padding: left, right, top, bottom, in samples of the higher rate; negative ones crop.
    """

    def __init__(self, taps: Tensor, up: int, down: int, padding: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        self._up, self._down, self._padding = up, down, padding
        self._kernel: Tensor | None = None
        if taps.ndim == 1:
            left, right, top, bottom = padding
            self._rows = _Line(taps, up, down, left, right)
            self._columns = _Line(taps, up, down, top, bottom)
        else:
            self._kernel = taps.flip((0, 1))

    def __call__(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, c, h', w')."""
        if self._kernel is None:
            return self._columns(self._rows(x).transpose(2, 3)).transpose(2, 3)
        n, c, h, w = x.shape
        if self._up > 1:
            spread = x.new_zeros(n, c, h * self._up, w * self._up)
            spread[:, :, :: self._up, :: self._up] = x
            x = spread
        x = functional.pad(x, self._padding)
        return functional.conv2d(x, self._kernel.expand(c, 1, -1, -1), stride=self._down, groups=c)


class _Line:
    """Resamples the last axis.

    Each block of the result comes from a short piece of the input by one and the same small matrix: one product
    instead of a pass for each tap, and the inserted zeros are never made.
    """

    def __init__(self, taps: Tensor, up: int, down: int, before: int, after: int) -> None:
        self._up, self._down = up, down
        self._added = before + after - len(taps)
        self._block = max(_BLOCK // up, 1) * up
        self._step = self._block * down // up
        # Sample i of the result reads samples i*down ... i*down + taps - 1 of the padded line, in which sample j of
        # the input stands at before + j*up.
        self._first = -(before // up)
        last = ((self._block - 1) * down - before + len(taps) - 1) // up
        inputs = torch.arange(self._first, last + 1)
        place = before + inputs[:, None] * up - torch.arange(self._block)[None, :] * down
        reached = (place >= 0) & (place < len(taps))
        flipped = taps.flip(0).to(torch.float32)
        self._matrix = flipped[place.clamp(0, len(taps) - 1).to(taps.device)] * reached.to(taps.device)

    def __call__(self, x: Tensor) -> Tensor:
        length = (x.shape[-1] * self._up + self._added) // self._down + 1
        pieces = -(-length // self._block)
        wide = len(self._matrix)
        end = self._first + (pieces - 1) * self._step + wide
        x = functional.pad(x, (-self._first, end - x.shape[-1]))
        # As one flat product: matmul would copy the matrix for every line of every map.
        blocks = x.unfold(-1, wide, self._step).reshape(-1, wide) @ self._matrix
        return blocks.view(*x.shape[:-1], pieces * self._block)[..., :length]
