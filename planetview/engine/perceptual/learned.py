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
    """A network that reads images and gives the features of its stages in turn, each (n, c, h', w')."""

    def stages(self, batch: Tensor) -> Iterator[Tensor]:
        """Yield the features of 8-bit images. batch: (n, h, w, 3) uint8."""
        ...

    def stages_of(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the features of images that were never rounded. images: (n, 3, h, w) float32, nominally in [-1, 1]."""
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
        at_once = self._images_at_once(*first.shape[1:3])
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
        at_once = self._images_at_once(*images.shape[1:3])
        blocks = []
        for start in range(0, len(images), at_once):
            block = images[start : start + at_once]
            blocks.append(self._embed_block(_filled(block, at_once))[: len(block)])
        return np.concatenate(blocks) if blocks else np.empty((0, 0), dtype=np.float32)

    def stage_maps(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return where a pair differs by each stage, float32 (h', w') at the stage's own resolution.

        a, b: (h, w, 3) RGB or (h, w) grey, uint8, of equal shape. `distance` is the sum of the means of these maps.
        Raises as `distance`.
        """
        pair = np.concatenate((self._as_rgb(a[None]), self._as_rgb(b[None])))
        self._images_at_once(*pair.shape[1:3])
        with torch.inference_mode():
            stages = self._trunk.stages(torch.from_numpy(pair).to(self.device))
            return [found[0].cpu().numpy() for found in self._weighed(stages, [0], [1])]

    def distance_float(self, images: Tensor, *others: Tensor) -> Tensor:
        """Return the distances of images that are not rounded to 8 bits: float32 (len(others), n).

        Row k holds the distance of each of `images` to its counterpart in `others[k]`; `images` go through the trunk
        once. All (n, 3, h, w) float32 of equal shape, nominally in [-1, 1] and not clamped. Raises UserError below the
        smallest side, ValueError for unequal or unfit tensors.
        """
        for other in others:
            if other.shape != images.shape:
                raise ValueError(f"{self.title} compares images of equal size, got {images.shape} and {other.shape}")
        if images.ndim != 4 or images.shape[1] != 3 or any(x.dtype != torch.float32 for x in (images, *others)):
            raise ValueError(f"{self.title} reads (n, 3, h, w) float32, got {images.dtype} {tuple(images.shape)}")
        step = max(1, self._images_at_once(*images.shape[2:]) // (1 + len(others)))
        values = torch.empty(len(others), len(images))
        for start in range(0, len(images), step):
            parts = [side[start : start + step].to(self.device) for side in (images, *others)]
            count = len(parts[0])
            right = list(range(count, count * len(parts)))
            with torch.inference_mode():
                found = self._weigh(self._trunk.stages_of(torch.cat(parts)), list(range(count)) * len(others), right)
            values[:, start : start + count] = found.reshape(len(others), count).cpu()
        return values

    def _pair_block(self, images: NDArray[np.uint8], left: list[int], right: list[int]) -> NDArray[np.float32]:
        with torch.inference_mode():
            stages = self._trunk.stages(torch.from_numpy(images).to(self.device))
            return self._weigh(stages, left, right).cpu().numpy()

    def _weigh(self, stages: Iterator[Tensor], left: list[int], right: list[int]) -> Tensor:
        """Return the distance between the images at the positions left[i] and right[i], float32 (len(left),)."""
        total = torch.zeros(len(left), device=self.device)
        for differences in self._weighed(stages, left, right):
            total += differences.mean(dim=(1, 2))
        return total

    def _weighed(self, stages: Iterator[Tensor], left: list[int], right: list[int]) -> Iterator[Tensor]:
        """Yield the weighed differences of each stage between those images, float32 (len(left), h', w')."""
        for head, features in zip(self._heads, stages, strict=True):
            directions = unit(features)
            yield (directions[left] - directions[right]).square_().mul_(head).sum(dim=1)

    def _embed_block(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            parts = []
            stages = self._trunk.stages(torch.from_numpy(block).to(self.device))
            for head, features in zip(self._heads, stages, strict=True):
                weight = (head / features[0, 0].numel()).sqrt()
                parts.append((unit(features) * weight).flatten(1))
            return torch.cat(parts, dim=1).cpu().numpy()

    def _images_at_once(self, height: int, width: int) -> int:
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
