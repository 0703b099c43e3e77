"""`inception-tf1`, `inception-clean`, `inception-ptf`: the Inception-v3 of the first FID, after its three resizes.

One network and one weight file; only the way from an image to 299 x 299 differs, and with it the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import inception as blocks

from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly
from planetview.engine.resize import float_bicubic, pytorch_bilinear, tensorflow1_bilinear
from planetview.engine.weights import LoadedWeights, load_weights, weight_identity

SIDE: Final = 299
DIM: Final = 2048
WEIGHTS: Final = "inception-2015-12-05"
_CLASSES = 1008
# Processor time an image with 1, 2, 4 and 8 at once: 1, 0.93, 0.90, 0.88. Short batches are filled up: few is better.
_AT_ONCE_CPU, _AT_ONCE_GPU = 2, 32
_LAYER = "Inception-v3 2015-12-05, pool3"


def _centred(pixels: Tensor) -> Tensor:
    return (pixels - 128.0) / 128.0


def _signed(pixels: Tensor) -> Tensor:
    return 2.0 * (pixels / 255.0) - 1.0


PIPELINES: Final = {
    "inception-tf1": Pipeline(
        f"TF1-299: TensorFlow 1 bilinear to 299x299, float32; (x - 128) / 128; {_LAYER}",
        SIDE,
        lambda rgb8: tensorflow1_bilinear(rgb8, SIDE),
        _centred,
    ),
    "inception-clean": Pipeline(
        f"CLEAN-299: Pillow bicubic on float channels to 299x299, clipped, float32; (x - 128) / 128; {_LAYER}",
        SIDE,
        lambda rgb8: float_bicubic(rgb8, SIDE),
        _centred,
    ),
    "inception-ptf": Pipeline(
        f"PTF-299: PyTorch bilinear to 299x299, float32; 2x / 255 - 1; {_LAYER}",
        SIDE,
        lambda rgb8: pytorch_bilinear(rgb8, SIDE),
        _signed,
    ),
}


class FidInception(nn.Module):
    """Inception-v3 as converted from TensorFlow for FID: (n, 3, 299, 299) -> (n, 2048) after the last pooling.

    It differs from torchvision's in three ways: average pools leave the border's zeros out, the pool of the last
    block takes the maximum, and there are 1008 classes. Tensor names are those of `pt_inception-2015-12-05`.
    """

    def __init__(self) -> None:
        super().__init__()
        conv = blocks.BasicConv2d
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.Mixed_5b = _BlockA(192, pool_features=32)
        self.Mixed_5c = _BlockA(256, pool_features=64)
        self.Mixed_5d = _BlockA(288, pool_features=64)
        self.Mixed_6a = blocks.InceptionB(288)
        self.Mixed_6b = _BlockC(768, channels_7x7=128)
        self.Mixed_6c = _BlockC(768, channels_7x7=160)
        self.Mixed_6d = _BlockC(768, channels_7x7=160)
        self.Mixed_6e = _BlockC(768, channels_7x7=192)
        self.Mixed_7a = blocks.InceptionD(768)
        self.Mixed_7b = _BlockE(1280)
        self.Mixed_7c = _LastBlockE(2048)
        self.fc = nn.Linear(DIM, _CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features. x: normalised images; the classifier `fc` is not applied."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = functional.max_pool2d(x, kernel_size=3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = functional.max_pool2d(x, kernel_size=3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean(dim=(2, 3))


def _average(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class _BlockA(blocks.InceptionA):  # type: ignore[misc]  # torchvision has no types
    def forward(self, x: Tensor) -> Tensor:
        fives = self.branch5x5_2(self.branch5x5_1(x))
        threes = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat((self.branch1x1(x), fives, threes, self.branch_pool(_average(x))), dim=1)


class _BlockC(blocks.InceptionC):  # type: ignore[misc]
    def forward(self, x: Tensor) -> Tensor:
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat((self.branch1x1(x), once, twice, self.branch_pool(_average(x))), dim=1)


class _BlockE(blocks.InceptionE):  # type: ignore[misc]
    def forward(self, x: Tensor) -> Tensor:
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = (
            self.branch1x1(x),
            self.branch3x3_2a(once),
            self.branch3x3_2b(once),
            self.branch3x3dbl_3a(twice),
            self.branch3x3dbl_3b(twice),
            self.branch_pool(self.pool(x)),
        )
        return torch.cat(parts, dim=1)

    def pool(self, x: Tensor) -> Tensor:
        return _average(x)


class _LastBlockE(_BlockE):
    def pool(self, x: Tensor) -> Tensor:
        return functional.max_pool2d(x, kernel_size=3, stride=1, padding=1)


def fold_batch_norm(network: nn.Module) -> None:
    """Multiply the scale of every batch normalisation into the convolution before it, in place.

    The network must be in evaluation use: running statistics, no training. Computed in float64.
    """
    for block in network.modules():
        if isinstance(block, blocks.BasicConv2d):
            norm, conv = block.bn, block.conv
            scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
            shift = norm.bias.double() - norm.running_mean.double() * scale
            conv.weight = nn.Parameter((conv.weight.double() * scale[:, None, None, None]).float())
            conv.bias = nn.Parameter(shift.float())
            block.bn = nn.Identity()


def load_network(loaded: LoadedWeights) -> FidInception:
    """Return the network with these tensors, as published; raises UserError when they do not fit."""
    with torch.device("meta"):
        network = FidInception()
    load_strictly(network, loaded.tensors, "Inception-v3 (2015-12-05)")
    return network.requires_grad_(False).eval()


def inception_extractor(
    id: str, loaded: LoadedWeights, device: torch.device | str = "cpu", precision: str = "float32"
) -> NetworkExtractor:
    """Return the extractor `id`, a key of `PIPELINES`, with these weights, which are checked at the first use."""
    return _extractor(id, lambda: loaded, (loaded.digest, loaded.note), device, precision)


def build(id: str, device: torch.device | str, precision: str) -> NetworkExtractor:
    """Return the extractor on `device`; the registry calls it. Raises MissingWeights."""
    return _extractor(id, lambda: load_weights(WEIGHTS), weight_identity(WEIGHTS), device, precision)


def _extractor(
    id: str,
    load: Callable[[], LoadedWeights],
    identity: tuple[str, str],
    device: torch.device | str,
    precision: str,
) -> NetworkExtractor:
    def folded() -> nn.Module:
        network = load_network(load())
        fold_batch_norm(network)
        del network.fc
        return network

    def classifier() -> NDArray[np.float32]:
        weight = load().tensors["fc.weight"].to(torch.float32)
        return np.ascontiguousarray(weight.numpy().T)

    digest, note = identity
    return NetworkExtractor(
        id,
        folded,
        PIPELINES[id],
        dim=DIM,
        weights_digest=digest,
        device=device,
        precision=precision,
        images_at_once=_AT_ONCE_CPU if torch.device(device).type == "cpu" else _AT_ONCE_GPU,
        note=note,
        classifier=classifier,
    )
