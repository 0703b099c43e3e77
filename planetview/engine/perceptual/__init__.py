"""Perceptual distances between two images: one file a network, found by id and imported only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from planetview.core.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


class PairNetwork(Protocol):
    """A network that measures how different two images look.

    smallest_side: least height and width of the images. weights_digest: SHA-256 over everything that decides the
    numbers. note: what to know about the weights' origin, "" for verified published files.
    """

    @property
    def smallest_side(self) -> int: ...
    @property
    def weights_digest(self) -> str: ...
    @property
    def note(self) -> str: ...

    def distance(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the distance of each pair, float32 (n,). a, b: (n, h, w, 3) uint8 of equal shape."""
        ...

    def stage_maps(self, a: NDArray[np.uint8], b: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return where one pair differs by each stage, float32 (h', w'); their means sum to the distance.

        a, b: (h, w, 3) uint8 of equal shape.
        """
        ...

    def distance_float(self, images: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        """Return the distances of `images` to each of `others`, not rounded to 8 bits: float32 (len(others), n).

        All (n, 3, h, w) float32 of equal shape, nominally in [-1, 1].
        """
        ...

    def embed(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return vectors whose squared Euclidean distance is `distance`: float32 (n, dim(h, w))."""
        ...


_BUILDERS = {
    "st-lpips-alex": "planetview.engine.perceptual.st_lpips",
    "st-lpips-vgg": "planetview.engine.perceptual.st_lpips",
    "lpips-alex": "planetview.engine.perceptual.lpips",
    "lpips-vgg": "planetview.engine.perceptual.lpips",
    "lpips-squeeze": "planetview.engine.perceptual.lpips",
}
PAIR_NETWORKS = tuple(_BUILDERS)


def load_pair_network(id: str, device: torch.device | str = "cpu") -> PairNetwork:
    """Return the network `id` on `device`.

    Raises UserError for an unknown id and MissingWeights when a file is absent or wrong.
    """
    if id not in _BUILDERS:
        raise UserError(f"There is no perceptual network called {id!r}.", f"Known: {', '.join(_BUILDERS)}.")
    network: PairNetwork = import_module(_BUILDERS[id]).build(id, device)
    return network
