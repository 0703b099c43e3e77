"""LPIPS 0.1: the learned perceptual distance with torchvision's trunks and the published heads.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018. The published code
serves only as the oracle of the tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

import torch
from torch import Tensor, nn

from planetview.engine.extractors.network import load_strictly
from planetview.engine.perceptual.learned import LearnedDistance
from planetview.engine.weights import LoadedWeights, load_weights

Net = Literal["alex", "vgg", "squeeze"]

_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A trunk: its torchvision model and weights id, the layers of `features` it is read at, the least side."""

    model: str
    weights: str
    taps: tuple[int, ...]
    smallest_side: int


_KINDS: Final[dict[Net, _Kind]] = {
    "alex": _Kind("alexnet", "torchvision-alexnet", (1, 4, 7, 9, 11), 31),
    "vgg": _Kind("vgg16", "torchvision-vgg16", (3, 8, 15, 22, 29), 16),
    "squeeze": _Kind("squeezenet1_1", "torchvision-squeezenet1-1", (1, 4, 7, 9, 10, 11, 12), 17),
}


class Trunk(nn.Module):
    """The convolutional part of a torchvision network, read after the layers `taps`.

    tensors: torchvision's state dict; its classifier is left aside. Raises UserError when they do not fit.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, net: Net, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        from torchvision import models

        kind = _KINDS[net]
        with torch.device("meta"):
            self.features = models.get_model(kind.model, weights=None).features[: kind.taps[-1] + 1]
        self._taps = frozenset(kind.taps)
        convolutional = {name: value for name, value in tensors.items() if name.startswith("features.")}
        load_strictly(self, convolutional, kind.weights)
        self.register_buffer("shift", torch.tensor(_SHIFT).reshape(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor(_SCALE).reshape(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()
        self.to(memory_format=torch.channels_last)

    def stages(self, batch: Tensor) -> Iterator[Tensor]:
        """Yield the features after each tap. batch: (n, h, w, 3) uint8."""
        yield from self.stages_of(batch.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1.0)

    def stages_of(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the features after each tap. images: (n, 3, h, w) float32, nominally in [-1, 1]."""
        x = (images - self.shift) / self.scale
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self._taps:
                yield x


class Lpips(LearnedDistance):
    """LPIPS between images; see `PairNetwork` for the attributes.

    net: "alex", "vgg" or "squeeze"; their values are not comparable with each other. trunk: torchvision's tensors.
    heads: `lin{k}.model.1.weight` for each stage k.
    """

    def __init__(
        self, net: Net, trunk: LoadedWeights, heads: LoadedWeights, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__(
            f"LPIPS ({net})",
            Trunk(net, trunk.tensors).to(device),
            [heads.tensors[f"lin{stage}.model.1.weight"] for stage in range(len(_KINDS[net].taps))],
            smallest_side=_KINDS[net].smallest_side,
            weights_digest=hashlib.sha256(f"{trunk.digest} {heads.digest}".encode()).hexdigest(),
            device=device,
            note=" ".join(note for note in (trunk.note, heads.note) if note),
        )


def build(id: str, device: torch.device | str) -> Lpips:
    """Return the network of a catalogue id; the registry calls it. Raises MissingWeights."""
    net = next(net for net in get_args(Net) if id == f"lpips-{net}")
    return Lpips(net, load_weights(_KINDS[net].weights), load_weights(id), device)
