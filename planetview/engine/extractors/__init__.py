"""Feature extractors: one file a network, found by id and imported only when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from planetview.core.catalogue import EXTRACTORS
from planetview.core.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


class Extractor(Protocol):
    """A network that turns images into feature vectors.

    id: as in the catalogue. dim: length of a feature vector.
    preprocessing_id: names the input side, the resize, the normalisation, the layers and the pooling; with
    `weights_digest` (SHA-256) and `precision` it identifies the features in the store.
    """

    @property
    def id(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def preprocessing_id(self) -> str: ...
    @property
    def weights_digest(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def images_at_once(self) -> int:
        """Images the network works on together; fewer cost as much."""
        ...

    @property
    def note(self) -> str:
        """What to know about the weights' origin; "" for a verified published file."""
        ...

    @property
    def classifier(self) -> NDArray[np.float32] | None:
        """(dim, classes) matrix from features to class logits without bias, or None without classes."""
        ...

    def prepare(self, rgb8: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.float32]:
        """Bring one (h, w, 3) uint8 image to the fixed input size. Any thread may call it."""
        ...

    def features(self, batch: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, dim) features of n stacked `prepare` results; independent of n to 1e-5 relative."""
        ...

    def release(self) -> None:
        """Give the memory of the network back; the next `features` takes it again."""
        ...


_BUILDERS = {
    "vgg16-st": "planetview.engine.extractors.vgg_st",
    "inception-tf1": "planetview.engine.extractors.inception",
    "inception-clean": "planetview.engine.extractors.inception",
    "inception-ptf": "planetview.engine.extractors.inception",
    "vgg16-fc2": "planetview.engine.extractors.vgg16_fc2",
    "clip-vit-b-32": "planetview.engine.extractors.clip",
    "clip-vit-l-14": "planetview.engine.extractors.clip",
    "clip-vit-l-14-336": "planetview.engine.extractors.clip",
    "clip-vit-b-32-laion2b": "planetview.engine.extractors.clip",
    "clip-vit-l-14-datacomp": "planetview.engine.extractors.clip",
    "dinov2-vits14": "planetview.engine.extractors.dinov2",
    "dinov2-vitb14": "planetview.engine.extractors.dinov2",
    "dinov2-vitl14": "planetview.engine.extractors.dinov2",
    "dreamsim": "planetview.engine.extractors.dreamsim",
    "dreamsim-dino-vitb16": "planetview.engine.extractors.dreamsim",
    "dreamsim-clip-vitb32": "planetview.engine.extractors.dreamsim",
    "dreamsim-open-clip-vitb32": "planetview.engine.extractors.dreamsim",
}


def load_extractor(id: str, device: torch.device | str = "cpu", precision: str = "float32") -> Extractor:
    """Return the extractor `id`, its weights loaded on `device`.

    precision: "float32", or "fast" for the lower precision the catalogue allows this extractor, if any.
    Raises UserError for an unknown id and MissingWeights when its file is absent or wrong.
    """
    if id not in _BUILDERS:
        raise UserError(f"There is no feature extractor called {id!r}.", f"Known: {', '.join(sorted(_BUILDERS))}.")
    kind = EXTRACTORS[id].fast if precision == "fast" else ""
    extractor: Extractor = import_module(_BUILDERS[id]).build(id, device, kind or "float32")
    return extractor
