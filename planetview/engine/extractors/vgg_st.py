"""`vgg16-st`: the VGG-16 trunk of ST-LPIPS, pooled to one vector an image; works without any download.

The input side, the layers and the pooling were chosen by `benchmarks/choose_vgg_st.py`; the measurements are in
`docs/vgg16-st.md`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from planetview.engine.perceptual.learned import unit
from planetview.engine.perceptual.st_lpips import ScaledTrunk
from planetview.engine.resize import squash
from planetview.engine.weights import load_weights, weight_identity

_WEIGHTS: Final = "st-lpips-vgg"
SIDE: Final = 80
STAGES: Final = (2, 3, 4, 5)
_WIDTHS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}
# The first stage holds 64 channels at full size: sub-batches keep it inside the cache and bound the memory.
_IMAGES_AT_ONCE = 8


class VggSt:
    """Mean over the image of the unit-length channel vectors of stages 2 to 5 of the shift-tolerant VGG-16.

    See `Extractor` for the attributes. Raises MissingWeights when the file is absent or wrong.
    """

    id: Final = "vgg16-st"
    dim: Final = sum(_WIDTHS[stage] for stage in STAGES)
    preprocessing_id: Final = (
        f"squash to {SIDE}x{SIDE}, Pillow antialiased bicubic, uint8; ST-LPIPS scaling; "
        "relu2_2 + relu3_3 + relu4_3 + relu5_3, channel vectors scaled to length 1; mean over pixels"
    )
    precision: Final = "float32"
    classifier: Final = None

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.weights_digest, self.note = weight_identity(_WEIGHTS)
        self._trunk: ScaledTrunk | None = None

    def prepare(self, rgb8: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the image as (SIDE, SIDE, 3) uint8; untouched when it has that size already.

        rgb8: (h, w, 3) uint8. Raises ValueError for anything else.
        """
        return squash(rgb8, SIDE)

    def features(self, batch: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features, float32 (n, dim). batch: (n, SIDE, SIDE, 3) from `prepare`."""
        if batch.ndim != 4 or batch.shape[1:] != (SIDE, SIDE, 3):
            raise ValueError(f"vgg16-st reads (n, {SIDE}, {SIDE}, 3) arrays, got shape {batch.shape}")
        step = _IMAGES_AT_ONCE if self.device.type == "cpu" else max(1, len(batch))
        vectors = np.empty((len(batch), self.dim), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(batch), step):
                part = torch.from_numpy(np.ascontiguousarray(batch[start : start + step])).to(self.device)
                vectors[start : start + step] = self._pooled(part).cpu().numpy()
        return vectors

    def release(self) -> None:
        """Give the memory of the network back; the next `features` takes it again."""
        self._trunk = None

    def _pooled(self, part: Tensor) -> Tensor:
        if self._trunk is None:
            self._trunk = ScaledTrunk("vgg", load_weights(_WEIGHTS).tensors).to(self.device)
        stages = enumerate(self._trunk.stages(part, last=STAGES[-1]), start=1)
        return torch.cat([unit(features).mean(dim=(2, 3)) for stage, features in stages if stage in STAGES], dim=1)


def build(id: str, device: torch.device | str, precision: str) -> VggSt:
    """Return the extractor on `device`; the registry calls it. Only float32 was found good enough."""
    return VggSt(device)
