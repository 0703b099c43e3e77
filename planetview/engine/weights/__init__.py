"""Weight files: where they lie, whether they are the right ones, how to get them.

Nothing is downloaded unless the user asks, nothing inside a file is executed, and no package is imported to reach
its data files. torch is imported only when tensors are read, so that states are cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from planetview.core.catalogue import WEIGHTS, WeightSource
from planetview.engine.weights.loading import LoadedWeights, load_weights, weight_identity
from planetview.engine.weights.places import WEIGHTS_VARIABLE, weights_folder
from planetview.engine.weights.states import MissingWeights, weight_state, weight_states

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "WEIGHTS_VARIABLE",
    "LoadedWeights",
    "MissingWeights",
    "load_weights",
    "weight_identity",
    "weight_state",
    "weight_states",
    "weights_folder",
]


# For callers that have yet to name weights by id.
ST_LPIPS_ALEX = WEIGHTS["st-lpips-alex"].sources[0]
ST_LPIPS_VGG = WEIGHTS["st-lpips-vgg"].sources[0]


def require(file: WeightSource) -> None:
    """Raise MissingWeights unless the file is there."""
    weight_identity(_id_of(file))


def load_state_dict(file: WeightSource) -> dict[str, Tensor]:
    """Return the tensors of the file."""
    return load_weights(_id_of(file)).tensors


def _id_of(file: WeightSource) -> str:
    return next(spec.id for spec in WEIGHTS.values() if file in spec.sources)
