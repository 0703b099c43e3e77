"""What learned perceptual distances have in common: unit-length features of several stages, weighed and compared.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, equation 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.core.errors import UserError

_UNIT_EPS = 1e-10
# Images the trunk sees at once, for a given size always as many: the features of an image are then independent of its
# company, so equal images are at distance exactly 0. The pixels bound the memory of the first, widest stage: half a
# gigabyte for VGG-16.
_IMAGES_AT_ONCE = 8
_PIXELS_AT_ONCE = 8 * 512 * 512


class StagedTrunk(Protocol):
    """A network that reads 8-bit images and gives the features of its stages in turn."""

    def stages(self, batch: Tensor) -> Iterator[Tensor]:
        """Yield (n, c, h', w') features, stage by stage. batch: (n, h, w, 3) uint8."""
        ...


class LearnedDistance:
    """A learned perceptual distance, and the embedding whose squared Euclidean distance it is; see `PairNetwork`.

    title: for messages ("LPIPS (alex)"). trunk: on `device`. heads: (channels,) non-negative weights of each stage.
    """

    def __init__(
        self,
        title: str,
        trunk: StagedTrunk,
        heads: Sequence[Tensor],
        *,
        smallest_side: int,
        weights_digest: str,
        device: torch.device | str,
        note: str = "",
    ) -> None:
        self.title = title
        self.device = torch.device(device)
        self.smallest_side = smallest_side
        self.weights_digest = weights_digest
        self.note = note
        self._trunk = trunk
        self._heads = [head.reshape(1, -1, 1, 1).to(self.device, torch.float32) for head in heads]

    def distance(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the distance of each pair: float32 (n,), at least 0, 0 for equal images.

        a, b: (n, h, w, 3) RGB or (n, h, w) grey, uint8, of equal shape. Raises UserError below the smallest side,
        ValueError for unequal or unfit arrays. An image that several neighbouring pairs share goes through the trunk
        once: pairs sorted by partner cost little more than half.
        """
        first, second = self._as_rgb(a), self._as_rgb(b)
        if first.shape != second.shape:
            raise ValueError(f"{self.title} compares images of equal size, got {first.shape} and {second.shape}")
        at_once = self._images_at_once(first)
        values = np.empty(len(first), dtype=np.float32)
        for part, images, left, right in _shared_blocks(first, second, at_once):
            values[part] = self._pair_block(images, left, right)
        return values

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return one flat vector an image: float32 (n, dim(h, w)).

        The squared Euclidean distance of two vectors is the distance of the images. The vectors are long
        (ST-LPIPS alex at 64 px: 168,000 values), so keep blocks of them, not sets. Accepts and raises as `distance`.
        """
        images = self._as_rgb(batch)
        at_once = self._images_at_once(images)
        blocks = []
        for start in range(0, len(images), at_once):
            block = images[start : start + at_once]
            blocks.append(self._embed_block(_filled(block, at_once))[: len(block)])
        return np.concatenate(blocks) if blocks else np.empty((0, 0), dtype=np.float32)

    def _pair_block(self, images: NDArray[np.uint8], left: list[int], right: list[int]) -> NDArray[np.float32]:
        with torch.inference_mode():
            total = torch.zeros(len(left), device=self.device)
            stages = self._trunk.stages(torch.from_numpy(images).to(self.device))
            for head, features in zip(self._heads, stages, strict=True):
                directions = unit(features)
                weighted = (directions[left] - directions[right]).square_().mul_(head)
                total += weighted.sum(dim=1).mean(dim=(1, 2))
        return total.cpu().numpy()

    def _embed_block(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = []
            stages = self._trunk.stages(torch.from_numpy(block).to(self.device))
            for head, features in zip(self._heads, stages, strict=True):
                weight = (head / features[0, 0].numel()).sqrt()
                parts.append((unit(features) * weight).flatten(1))
            return torch.cat(parts, dim=1).cpu().numpy()

    def _images_at_once(self, images: NDArray[np.uint8]) -> int:
        height, width = int(images.shape[1]), int(images.shape[2])
        if min(height, width) < self.smallest_side:
            raise UserError(
                f"{self.title} needs images of at least {self.smallest_side} px a side, got {width} x {height}.",
                "Leave this metric out for such small images, or use larger tiles.",
            )
        # A pair needs two.
        return max(2, min(_IMAGES_AT_ONCE, _PIXELS_AT_ONCE // (height * width)))

    def _as_rgb(self, batch: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if batch.dtype != np.uint8:
            raise ValueError(f"{self.title} reads uint8 images, got {batch.dtype}")
        if batch.ndim == 3:
            return np.repeat(batch[..., None], 3, axis=3)
        if batch.ndim != 4 or batch.shape[3] != 3:
            raise ValueError(f"{self.title} reads (n, h, w, 3) or (n, h, w) arrays, got shape {batch.shape}")
        return np.ascontiguousarray(batch)


def unit(features: Tensor) -> Tensor:
    """Scale the channel vector of every pixel to length 1. (n, c, h, w) -> the same shape."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt_() + _UNIT_EPS)


def _shared_blocks(
    first: NDArray[np.uint8], second: NDArray[np.uint8], at_once: int
) -> Iterator[tuple[slice, NDArray[np.uint8], list[int], list[int]]]:
    """Cut pairs into blocks of at most `at_once` different images.

    Yields (pairs of the block, its different images, and for each pair the positions of its two images among them).
    """
    start, images = 0, dict[bytes, tuple[int, NDArray[np.uint8]]]()
    sides: tuple[list[int], list[int]] = ([], [])
    for i, pair in enumerate(zip(first, second, strict=True)):
        keys = [hashlib.blake2b(image.data, digest_size=16).digest() for image in pair]
        if len({*images, *keys}) > at_once:
            yield slice(start, i), np.stack([image for _, image in images.values()]), *sides
            start, images, sides = i, {}, ([], [])
        for key, image, side in zip(keys, pair, sides, strict=True):
            side.append(images.setdefault(key, (len(images), image))[0])
    if images:
        yield slice(start, len(first)), np.stack([image for _, image in images.values()]), *sides


def _filled(block: NDArray[np.uint8], at_once: int) -> NDArray[np.uint8]:
    """Repeat the last image until the block holds `at_once`."""
    short = at_once - len(block)
    return np.concatenate((block, np.repeat(block[-1:], short, axis=0))) if short else block
