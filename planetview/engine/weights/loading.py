"""Tensors of a network under its canonical names, from whichever right file is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planetview.core.catalogue import WEIGHTS
from planetview.core.models import WeightState, WeightStatus
from planetview.engine.weights.layouts import fitting
from planetview.engine.weights.places import converted_path
from planetview.engine.weights.reading import UnreadableFile, read_tensors
from planetview.engine.weights.states import MissingWeights, require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


@dataclass(frozen=True)
class LoadedWeights:
    """The tensors of a network under its canonical names, on the CPU, and where they come from.

    digest: SHA-256 of the published file they were read or converted from; part of every store key.
    note: what to know about their origin ("" for a verified published file).
    """

    tensors: dict[str, Tensor]
    digest: str
    note: str = ""


def weight_identity(weights_id: str) -> tuple[str, str]:
    """Return the digest and note that `load_weights` would give, without reading the tensors.

    Raises MissingWeights, KeyError for an unknown id.
    """
    state = require(weights_id)
    return state.digest or "", state.note


def load_weights(weights_id: str) -> LoadedWeights:
    """Return the tensors of `weights_id`; raises MissingWeights, KeyError for an unknown id."""
    state = require(weights_id)
    path = state.path
    assert path is not None
    try:
        tensors = read_tensors(path)
        if path != converted_path(weights_id):
            tensors = canonical(weights_id, tensors)
    except (UnreadableFile, OSError) as error:
        reason = error.reason if isinstance(error, UnreadableFile) else str(error)
        advice = f"{path.name} cannot be used: {reason}. {WEIGHTS[weights_id].how_to_get}"
        broken = WeightState(weights_id, WeightStatus.WRONG_DIGEST, path, state.size_bytes, state.digest, "", advice)
        raise MissingWeights(broken) from error
    return LoadedWeights(tensors, state.digest or "", state.note)


def canonical(weights_id: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a published file under the canonical names. Raises UnreadableFile when they do not fit."""
    found = fitting(tensors).get(WEIGHTS[weights_id].layout)
    if found is None:
        raise UnreadableFile("its tensors do not fit the network")
    return found
