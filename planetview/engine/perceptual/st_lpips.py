"""ST-LPIPS: the shift-tolerant learned perceptual distance, from the tensors of its published files.

Ghildyal and Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022. The distance compares unit-normalised
features of five stages; every downsampling in the trunk is a dense maximum followed by a strided 1-2-1 blur, so a
shift of one pixel moves the features little. Written from the paper and the tensors of the file; the published code
serves only as the oracle of the tests.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from functools import reduce
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from planetview.core.errors import UserError
from planetview.engine.weights import ST_LPIPS_ALEX, ST_LPIPS_VGG, load_state_dict

Net = Literal["alex", "vgg"]
SMALLEST_SIDE: Final[dict[str, int]] = {"alex": 21, "vgg": 18}

_FILES = {"alex": ST_LPIPS_ALEX, "vgg": ST_LPIPS_VGG}
_UNIT_EPS = 1e-10
# Images the trunk sees at once. One fixed number makes the features of an image independent of its company,
# so equal images are at distance exactly 0, and bounds the memory of the first, widest stage.
_IMAGES_AT_ONCE = 8


class BlurPool(nn.Module):
    """Halve the resolution: reflect two pixels at each edge, blur with the stored 3 x 3 kernel, keep every other.

    (n, c, h, w) -> (n, c, (h + 1) // 2 + 1, (w + 1) // 2 + 1); h and w must be at least 3.
    """

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("filt", torch.empty(channels, 1, 3, 3))

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, (2, 2, 2, 2), mode="reflect")
        return functional.conv2d(padded, self.filt, stride=2, groups=self.channels)


class DenseMax(nn.Module):
    """Maximum over every side x side window, no padding: (n, c, h, w) -> (n, c, h - side + 1, w - side + 1).

    As row and column maxima of shifted views it equals nn.MaxPool2d(side, stride=1) and took a twelfth of its time
    (one AVX-512 core, channels last, 8 x 64 x 96 x 96, side 2: 4 ms against 47 ms).
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        for axis in (2, 3):
            length = x.shape[axis] - self.side + 1
            shifted = [x.narrow(axis, offset, length) for offset in range(self.side)]
            x = reduce(torch.maximum, shifted)
        return x


class Trunk(nn.Module):
    """Five stages of layers; `forward` yields the output of each stage in turn.

    Layers carry the numbers of the published file, so that its tensors load by name, strictly.
    """

    def __init__(self, stages: tuple[tuple[nn.Module, ...], ...]) -> None:
        super().__init__()
        number = 0
        for index, layers in enumerate(stages, start=1):
            named = OrderedDict((str(number + i), layer) for i, layer in enumerate(layers))
            self.add_module(f"slice{index}", nn.Sequential(named))
            number += len(layers)

    def stages(self, x: Tensor, last: int = 5) -> Iterator[Tensor]:
        """Yield the output of stage 1 to `last`. x: (n, 3, h, w) scaled."""
        for index in range(1, last + 1):
            x = self.get_submodule(f"slice{index}")(x)
            yield x


def _conv(inputs: int, outputs: int, side: int, padding: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, padding=padding)


def _relu() -> nn.ReLU:
    return nn.ReLU(inplace=True)


def _alex_trunk() -> Trunk:
    return Trunk(
        (
            (_conv(3, 64, 11, 2), BlurPool(64), _relu()),
            (DenseMax(3), BlurPool(64), _conv(64, 192, 5, 2), _relu()),
            (DenseMax(3), BlurPool(192), _conv(192, 384, 3, 1), _relu()),
            (_conv(384, 256, 3, 1), _relu()),
            (_conv(256, 256, 3, 1), _relu()),
        )
    )


def _vgg_trunk() -> Trunk:
    stages: list[tuple[nn.Module, ...]] = []
    before = 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers: list[nn.Module] = [DenseMax(2), BlurPool(before)] if stages else []
        for _ in range(depth):
            layers += [_conv(before, width, 3, 1), _relu()]
            before = width
        stages.append(tuple(layers))
    return Trunk(tuple(stages))


class ScaledTrunk(nn.Module):
    """A trunk with the scaling its training used, reading 8-bit images.

    net: which trunk. tensors: the whole published file.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: Net, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        # Without storage until the tensors come: no time and no random numbers spent on initial values.
        with torch.device("meta"):
            self.trunk = _alex_trunk() if net == "alex" else _vgg_trunk()
        own = {name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")}
        self.trunk.load_state_dict(own, strict=True, assign=True)
        self.register_buffer("shift", tensors["scaling_layer.shift"].clone())
        self.register_buffer("scale", tensors["scaling_layer.scale"].clone())
        self.requires_grad_(False)
        self.eval()
        self.to(memory_format=torch.channels_last)

    def stages(self, batch: Tensor, last: int = 5) -> Iterator[Tensor]:
        """Yield the features of stage 1 to `last`. batch: (n, h, w, 3) uint8 or float32 in [0, 255]."""
        pixels = batch.permute(0, 3, 1, 2).to(torch.float32)
        scaled = (pixels / 127.5 - 1.0 - self.shift) / self.scale
        yield from self.trunk.stages(scaled, last)


def unit(features: Tensor) -> Tensor:
    """Scale the channel vector of every pixel to length 1. (n, c, h, w) -> the same shape."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt_() + _UNIT_EPS)


class StLpips:
    """ST-LPIPS between images, and the embedding whose squared Euclidean distance it is.

    net: "alex" or "vgg"; their values are not comparable with each other, nor with LPIPS.
    Raises MissingWeights when the file is not there.
    """

    def __init__(self, net: Net, device: torch.device | str = "cpu") -> None:
        self.net: Net = net
        self.device = torch.device(device)
        self.smallest_side = SMALLEST_SIDE[net]
        self.weights_digest = _FILES[net].sha256
        self.note = ""
        tensors = load_state_dict(_FILES[net])
        self._trunk = ScaledTrunk(net, tensors).to(self.device)
        heads = [tensors[f"lin{stage}.model.1.weight"].reshape(1, -1, 1, 1) for stage in range(5)]
        self._heads = [head.to(self.device) for head in heads]

    def distance(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the ST-LPIPS distance of each pair: float32 (n,), at least 0, 0 for equal images.

        a, b: (n, h, w, 3) RGB or (n, h, w) grey, uint8, of equal shape. Raises UserError below the smallest side
        (alex 21 px, vgg 18 px), ValueError for unequal or unfit arrays. An image that several neighbouring pairs share
        goes through the trunk once: pairs sorted by partner cost little more than half.
        """
        first, second = _as_rgb(a), _as_rgb(b)
        if first.shape != second.shape:
            raise ValueError(f"ST-LPIPS compares images of equal size, got {first.shape} and {second.shape}")
        self._check_side(first)
        values = np.empty(len(first), dtype=np.float32)
        for part, images, left, right in _shared_blocks(first, second):
            values[part] = self._pair_block(images, left, right)
        return values

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return one flat vector an image: float32 (n, dim(h, w)).

        The squared Euclidean distance of two vectors is the ST-LPIPS distance of the images. The vectors are long
        (alex at 64 px: 168,000 values), so keep blocks of them, not sets. Accepts and raises as `distance`.
        """
        images = _as_rgb(batch)
        self._check_side(images)
        blocks = []
        for start in range(0, len(images), _IMAGES_AT_ONCE):
            block = images[start : start + _IMAGES_AT_ONCE]
            blocks.append(self._embed_block(_filled(block))[: len(block)])
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
            for head, features in zip(self._heads, self._trunk.stages(torch.from_numpy(block).to(self.device)),
                                      strict=True):  # fmt: skip
                weight = (head / features[0, 0].numel()).sqrt()
                parts.append((unit(features) * weight).flatten(1))
            return torch.cat(parts, dim=1).cpu().numpy()

    def _check_side(self, images: NDArray[np.uint8]) -> None:
        height, width = images.shape[1:3]
        smallest = SMALLEST_SIDE[self.net]
        if min(height, width) < smallest:
            raise UserError(
                f"ST-LPIPS ({self.net}) needs images of at least {smallest} px a side, got {width} x {height}.",
                "Leave this metric out for such small images, or use larger tiles.",
            )


def _shared_blocks(
    first: NDArray[np.uint8], second: NDArray[np.uint8]
) -> Iterator[tuple[slice, NDArray[np.uint8], list[int], list[int]]]:
    """Cut pairs into blocks of at most `_IMAGES_AT_ONCE` different images.

    Yields (pairs of the block, its different images, and for each pair the positions of its two images among them).
    """
    start, images = 0, dict[bytes, tuple[int, NDArray[np.uint8]]]()
    sides: tuple[list[int], list[int]] = ([], [])
    for i, pair in enumerate(zip(first, second, strict=True)):
        keys = [hashlib.blake2b(image.data, digest_size=16).digest() for image in pair]
        if len({*images, *keys}) > _IMAGES_AT_ONCE:
            yield slice(start, i), np.stack([image for _, image in images.values()]), *sides
            start, images, sides = i, {}, ([], [])
        for key, image, side in zip(keys, pair, sides, strict=True):
            side.append(images.setdefault(key, (len(images), image))[0])
    if images:
        yield slice(start, len(first)), np.stack([image for _, image in images.values()]), *sides


def _as_rgb(batch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if batch.dtype != np.uint8:
        raise ValueError(f"ST-LPIPS reads uint8 images, got {batch.dtype}")
    if batch.ndim == 3:
        return np.repeat(batch[..., None], 3, axis=3)
    if batch.ndim != 4 or batch.shape[3] != 3:
        raise ValueError(f"ST-LPIPS reads (n, h, w, 3) or (n, h, w) arrays, got shape {batch.shape}")
    return np.ascontiguousarray(batch)


def _filled(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last image until the block holds `_IMAGES_AT_ONCE`."""
    short = _IMAGES_AT_ONCE - len(block)
    return np.concatenate((block, np.repeat(block[-1:], short, axis=0))) if short else block


def build(id: str, device: torch.device | str) -> StLpips:
    """Return the network of a catalogue id; the registry calls it."""
    return StLpips("alex" if id.endswith("alex") else "vgg", device)
