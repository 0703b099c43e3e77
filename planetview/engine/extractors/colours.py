"""Colour normalisation: the channel statistics that a network was trained with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Channels = tuple[float, float, float]

IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)
CLIP_MEAN: Channels = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Channels = (0.26862954, 0.26130258, 0.27577711)


def standardised(mean: Channels, std: Channels) -> Callable[[Tensor], Tensor]:
    """Return the function that maps (n, 3, h, w) values of 0..255 to (value / 255 - mean) / std, channel by channel.

    mean, std: of red, green and blue in 0..1. The order of the operations is torchvision's (ToTensor, Normalize).
    """

    def scale(pixels: Tensor) -> Tensor:
        means, stds = (torch.tensor(v, dtype=pixels.dtype, device=pixels.device).view(3, 1, 1) for v in (mean, std))
        return (pixels / 255 - means) / stds

    return scale
