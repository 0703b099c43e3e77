"""Weight files: where they lie, whether they are the right ones, how to get them.

Nothing is downloaded unless the user asks, nothing inside a file is executed, and no package is imported to reach
its data files. torch is imported only when tensors are read, so that states are cheap.
"""

from __future__ import annotations

from planetview.engine.weights.loading import LoadedWeights, load_weights, weight_identity
from planetview.engine.weights.places import WEIGHTS_VARIABLE, weights_folder
from planetview.engine.weights.states import MissingWeights, weight_state, weight_states

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
