"""ST-LPIPS: the shift-tolerant learned perceptual distance, from the tensors of its published files.

Ghildyal and Liu, "Shift-tolerant Perceptual Similarity Metric", ECCV 2022. The distance compares unit-normalised
features of five stages; every downsampling in the trunk is a dense maximum followed by a strided 1-2-1 blur, so a
shift of one pixel moves the features little. Written from the paper and the tensors of the file; the published code
serves only as the oracle of the tests.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import reduce
from typing import Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from planetview.engine.perceptual.learned import LearnedDistance
from planetview.engine.weights import load_weights

Net = Literal["alex", "vgg"]
SMALLEST_SIDE: Final[dict[str, int]] = {"alex": 21, "vgg": 18}


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
        yield from self.stages_of(batch.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1.0, last)

    def stages_of(self, images: Tensor, last: int = 5) -> Iterator[Tensor]:
        """Yield the features of stage 1 to `last`. images: (n, 3, h, w) float32, nominally in [-1, 1]."""
        yield from self.trunk.stages((images - self.shift) / self.scale, last)


class StLpips(LearnedDistance):
    """ST-LPIPS between images; see `PairNetwork` for the attributes.

    net: "alex" (at least 21 px a side) or "vgg" (18 px); their values are not comparable with each other, nor with
    LPIPS. Raises MissingWeights when the file is not there.
    """

    def __init__(self, net: Net, device: torch.device | str = "cpu") -> None:
        self.net: Net = net
        loaded = load_weights(f"st-lpips-{net}")
        super().__init__(
            f"ST-LPIPS ({net})",
            ScaledTrunk(net, loaded.tensors).to(device),
            [loaded.tensors[f"lin{stage}.model.1.weight"] for stage in range(5)],
            smallest_side=SMALLEST_SIDE[net],
            weights_digest=loaded.digest,
            device=device,
            note=loaded.note,
        )


def build(id: str, device: torch.device | str) -> StLpips:
    """Return the network of a catalogue id; the registry calls it."""
    return StLpips("alex" if id.endswith("alex") else "vgg", device)
