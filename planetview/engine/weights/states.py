"""What is there of each network's weights, cheaply enough to ask at every start: no torch, no reading twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from planetview.core.catalogue import WEIGHTS, WeightSource, WeightsSpec
from planetview.core.errors import UserError
from planetview.core.models import WeightState, WeightStatus
from planetview.engine.weights.converted import Origin, manifest_of, origin_of
from planetview.engine.weights.digests import file_digest
from planetview.engine.weights.places import converted_path, published_files


class MissingWeights(UserError):
    """Weights that a metric needs are absent or not the published ones. state: what was found."""

    def __init__(self, state: WeightState) -> None:
        title = WEIGHTS[state.weights].title
        message = {
            WeightStatus.MISSING: f"The weights of {title} are not on this computer.",
            WeightStatus.UNKNOWN_FILE: f"{state.path} is not known as the published {title}.",
        }.get(state.status, f"{state.path} is not the published {title}: its SHA-256 differs.")
        super().__init__(message, state.advice)
        self.state = state

    def __reduce__(self) -> tuple[type[MissingWeights], tuple[WeightState]]:  # type: ignore[override]
        return (MissingWeights, (self.state,))


def weight_states() -> tuple[WeightState, ...]:
    """Return the state of every network's weights, in the order of the catalogue."""
    return tuple(weight_state(weights_id) for weights_id in WEIGHTS)


def weight_state(weights_id: str) -> WeightState:
    """Return what is there of `weights_id`; raises KeyError for an unknown id.

    The converted file is looked at before published files in the weights folder, these before installed packages;
    the first right file wins over any wrong one.
    """
    spec = WEIGHTS[weights_id]
    wrong: WeightState | None = None
    for state in _candidates(spec):
        if state.status is WeightStatus.PRESENT:
            return state
        wrong = wrong or state
    return wrong or WeightState(weights_id, WeightStatus.MISSING, advice=spec.how_to_get)


def require(weights_id: str) -> WeightState:
    """Return the state of weights that can be used; raises MissingWeights."""
    state = weight_state(weights_id)
    if state.status is not WeightStatus.PRESENT:
        raise MissingWeights(state)
    return state


def _candidates(spec: WeightsSpec) -> Iterator[WeightState]:
    converted = converted_path(spec.id)
    if converted.is_file():
        yield _converted_state(spec, converted)
    for path, source in published_files(spec):
        yield _published_state(spec, path, source)


def _converted_state(spec: WeightsSpec, path: Path) -> WeightState:
    try:
        size, origin = path.stat().st_size, origin_of(path)
        if origin is None or origin.weights != spec.id:
            return _unknown(spec, path, size)
        record = manifest_of(path.parent).get(path.name)
        if record is not None and file_digest(path) != record.get("sha256"):
            return _damaged(spec, path, size)
    except OSError:
        return _damaged(spec, path, 0)
    return present(path, size, origin)


def present(path: Path, size: int, origin: Origin) -> WeightState:
    """Return the state of a file that can be used."""
    return WeightState(origin.weights, WeightStatus.PRESENT, path, size, origin.source_sha256, origin.note)


def _published_state(spec: WeightsSpec, path: Path, source: WeightSource) -> WeightState:
    try:
        size = path.stat().st_size
        if not source.has_digest:
            return _unknown(spec, path, size)
        digest = file_digest(path)
    except OSError:
        return _damaged(spec, path, 0)
    if source.matches(digest):
        return present(path, size, Origin(spec.id, path.name, digest, "digest" if source.sha256 else "prefix"))
    advice = f"Delete it, or replace it by the published file. {spec.how_to_get}"
    return WeightState(spec.id, WeightStatus.WRONG_DIGEST, path, size, digest, "", advice)


def _damaged(spec: WeightsSpec, path: Path, size: int) -> WeightState:
    advice = f"It is damaged or cannot be read: delete it. {spec.how_to_get}"
    return WeightState(spec.id, WeightStatus.WRONG_DIGEST, path, size, None, "", advice)


def _unknown(spec: WeightsSpec, path: Path, size: int) -> WeightState:
    advice = f"If you trust it: planetview models import --accept-unknown --as {spec.id} {quote(str(path))}"
    return WeightState(spec.id, WeightStatus.UNKNOWN_FILE, path, size, None, "", advice)
