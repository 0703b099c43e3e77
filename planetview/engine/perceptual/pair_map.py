"""Maps of perceptual distance: the spatial mean of a learned metric, not taken."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import interpolate

from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem, UserError
from planetview.core.messages import PairMapRequest
from planetview.core.pair_map import PairMap
from planetview.core.readers import load_rgb8
from planetview.core.stretch import ResolvedStretch
from planetview.engine.devices import choose_device
from planetview.engine.pairs import Pairing, load_pair
from planetview.engine.perceptual import PairNetwork, load_pair_network

# The first stage of VGG-16 takes 64 floats a pixel and image: 0.5 GiB a layer for a pair of this size.
LARGEST_SIDE: Final = 1024


class PairMapper:
    """Makes maps with the network that was used last, which it keeps. Safe from any thread: jobs take turns."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._key: tuple[str, str] = ("", "")
        self._network: PairNetwork | None = None

    def map(self, request: PairMapRequest, check: Callable[[], None]) -> PairMap:
        """Return the map of a pair, compared at its common size, or at `LARGEST_SIDE` where that is larger.

        Raises UserError when an image cannot be read or is too small, MissingWeights, and whatever `check` raises.
        """
        check()
        pair, note = _readable_pair(request)
        check()
        with self._lock:
            network = self._loaded(request.metric, request.device)
            check()
            values, score = pair_map(network, pair[0], pair[1])
        return PairMap(values, score, request.metric, " ".join(part for part in (note, network.note) if part))

    def _loaded(self, metric: str, device: str) -> PairNetwork:
        if self._network is None or self._key != (metric, device):
            self._network = None
            self._network = load_pair_network(metric, choose_device(device))
            self._key = (metric, device)
        return self._network


def pair_map(network: PairNetwork, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
    """Return where two images differ, (h, w) float32, and their distance, which is the mean of the map.

    a, b: (h, w, 3) uint8 of equal shape. The differences of each stage are enlarged bilinearly to (h, w) (half-pixel
    centres, as the LPIPS authors' spatial form), scaled to the mean they had before, and summed. Enlarging alone moves
    the mean, because edge values count for more than inner ones; with the scaling the mean of the map is the scalar
    distance up to rounding. A stage without any difference adds nothing.
    """
    height, width = a.shape[:2]
    total = torch.zeros(height, width, dtype=torch.float64)
    score = 0.0
    for stage in network.stage_maps(a, b):
        own = torch.from_numpy(stage).to(torch.float64)
        mean = float(own.mean())
        score += mean
        enlarged = interpolate(own[None, None], size=(height, width), mode="bilinear", align_corners=False)[0, 0]
        enlarged_mean = float(enlarged.mean())
        if enlarged_mean > 0:
            total += enlarged * (mean / enlarged_mean)
    return total.to(torch.float32).numpy(), score


def _readable_pair(request: PairMapRequest) -> tuple[NDArray[np.uint8], str]:
    """Return both images at their common size, (2, h, w, 3), and what was done to them in words."""
    pairing = Pairing(
        (request.first,), (request.second,),
        lambda record: _load(record, request.first_stretch),
        lambda record: _load(record, request.second_stretch),
        "",
    )  # fmt: skip
    pair = load_pair(pairing, 0)
    height, width = pair.shape[1:3]
    notes = []
    sizes = {(record.width, record.height) for record in (request.first, request.second)}
    if len(sizes) > 1:
        notes.append(f"Sizes differ: compared at {width} × {height} px.")
    if max(height, width) > LARGEST_SIDE:
        scale = LARGEST_SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        resized = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)) for image in pair]
        pair = np.stack(resized)
        notes.append(f"Reduced to {size[0]} × {size[1]} px: the distance is of the reduced pair.")
    return pair, " ".join(notes)


def _load(record: ImageRecord, stretch: ResolvedStretch) -> NDArray[np.uint8]:
    try:
        return load_rgb8(record, stretch)
    except ImageProblem as problem:
        raise UserError(f"Cannot read '{record.name}': {problem.reason}.", "Scan its set again.") from problem
