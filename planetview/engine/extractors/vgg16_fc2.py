"""`vgg16-fc2`: torchvision's VGG-16 for ImageNet up to its second fully connected layer, as torch-fidelity reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import nn
from torchvision.models import vgg16

from planetview.engine.extractors.colours import IMAGENET_MEAN, IMAGENET_STD, standardised
from planetview.engine.extractors.network import NetworkExtractor, Pipeline, load_strictly
from planetview.engine.resize import tensorflow1_bilinear
from planetview.engine.weights import LoadedWeights, load_weights, weight_identity

SIDE: Final = 224
DIM: Final = 4096
WEIGHTS: Final = "torchvision-vgg16"
_CLASS_LAYER = "classifier.6."
_AT_ONCE_CPU, _AT_ONCE_GPU = 2, 32

PIPELINE: Final = Pipeline(
    f"TF1-224-IN: TensorFlow 1 bilinear to {SIDE}x{SIDE}, float32; ImageNet mean and deviation; VGG-16 fc2 after ReLU",
    SIDE,
    lambda rgb8: tensorflow1_bilinear(rgb8, SIDE),
    standardised(IMAGENET_MEAN, IMAGENET_STD),
)


def load_network(loaded: LoadedWeights) -> nn.Module:
    """Return the network (n, 3, 224, 224) -> (n, 4096) with these tensors; raises UserError when they do not fit.

    The tensors of the last layer, which gives the classes, may be there or not.
    """
    with torch.device("meta"):
        network = vgg16(weights=None, init_weights=False)
    # Linear, ReLU, dropout, linear, ReLU: what follows makes classes of the features.
    network.classifier = network.classifier[:5]
    tensors = {name: value for name, value in loaded.tensors.items() if not name.startswith(_CLASS_LAYER)}
    load_strictly(network, tensors, "VGG-16 (torchvision)")
    evaluated: nn.Module = network.requires_grad_(False).eval()
    return evaluated


def vgg16_extractor(
    loaded: LoadedWeights, device: torch.device | str = "cpu", precision: str = "float32"
) -> NetworkExtractor:
    """Return the extractor with these weights, which are checked at the first use."""
    return _extractor(lambda: loaded, (loaded.digest, loaded.note), device, precision)


def build(id: str, device: torch.device | str, precision: str) -> NetworkExtractor:
    """Return the extractor on `device`; the registry calls it. Raises MissingWeights."""
    return _extractor(lambda: load_weights(WEIGHTS), weight_identity(WEIGHTS), device, precision)


def _extractor(
    load: Callable[[], LoadedWeights], identity: tuple[str, str], device: torch.device | str, precision: str
) -> NetworkExtractor:
    digest, note = identity
    return NetworkExtractor(
        "vgg16-fc2",
        lambda: load_network(load()),
        PIPELINE,
        dim=DIM,
        weights_digest=digest,
        device=device,
        precision=precision,
        images_at_once=_AT_ONCE_CPU if torch.device(device).type == "cpu" else _AT_ONCE_GPU,
        note=note,
    )
