"""`vgg16-st`: the VGG-16 trunk of ST-LPIPS, pooled to one vector an image; works without any download.

The input side, the layers and the pooling were chosen by `benchmarks/choose_vgg_st.py`; the measurements are in
`docs/vgg16-st.md`.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from planetview.engine.extractors.network import NetworkExtractor, Pipeline
from planetview.engine.perceptual.learned import unit
from planetview.engine.perceptual.st_lpips import ScaledTrunk, Trunk
from planetview.engine.resize import squash
from planetview.engine.weights import load_weights, weight_identity

_WEIGHTS: Final = "st-lpips-vgg"
SIDE: Final = 80
STAGES: Final = (2, 3, 4, 5)
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
_WIDTHS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
# The first stage holds 64 channels at full size: sub-batches keep it inside the cache and bound the memory.
_IMAGES_AT_ONCE, _IMAGES_ELSEWHERE = 8, 64


class _Pooled(nn.Module):
    """Mean over the image of the unit-length channel vectors of some stages: (n, 3, h, w) -> (n, widths)."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, scaled: Tensor) -> Tensor:
        stages = enumerate(self.trunk.stages(scaled, last=STAGES[-1]), start=1)
        return torch.cat([unit(features).mean(dim=(2, 3)) for stage, features in stages if stage in STAGES], dim=1)


def _scale(pixels: Tensor) -> Tensor:
    """Scale as the network's training did, and as the file's own `scaling_layer` says."""
    shift, scale = (pixels.new_tensor(values).reshape(1, 3, 1, 1) for values in (SHIFT, SCALE))
    return (pixels / 127.5 - 1.0 - shift) / scale


_PIPELINE = Pipeline(
    f"squash to {SIDE}x{SIDE}, Pillow antialiased bicubic, uint8; ST-LPIPS scaling; "
    "relu2_2 + relu3_3 + relu4_3 + relu5_3, channel vectors scaled to length 1; mean over pixels",
    SIDE,
    lambda rgb8: squash(rgb8, SIDE),
    _scale,
)


def build(id: str, device: torch.device | str = "cpu", precision: str = "float32") -> NetworkExtractor:
    """Return the extractor on `device`; the registry calls it. Raises MissingWeights."""
    digest, note = weight_identity(_WEIGHTS)
    return NetworkExtractor(
        id,
        lambda: _Pooled(ScaledTrunk("vgg", load_weights(_WEIGHTS).tensors).trunk),
        _PIPELINE,
        dim=sum(_WIDTHS[stage] for stage in STAGES),
        weights_digest=digest,
        device=device,
        precision=precision,
        images_at_once=_IMAGES_AT_ONCE if torch.device(device).type == "cpu" else _IMAGES_ELSEWHERE,
        note=note,
    )
