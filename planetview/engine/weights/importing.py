"""Files of the user become weights: recognised by content, checked, converted once, never executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from planetview.core.catalogue import WEIGHTS, WeightSource, WeightsSpec
from planetview.core.models import ImportOutcome
from planetview.engine.weights.converted import Origin, add_to_manifest, write_converted
from planetview.engine.weights.digests import file_digest, remember
from planetview.engine.weights.layouts import fitting
from planetview.engine.weights.places import converted_path
from planetview.engine.weights.reading import UnreadableFile, read_tensors

if TYPE_CHECKING:
    from torch import Tensor

Check = Callable[[], None]


class _Refused(Exception):
    """Why a file is not taken; the attributes of an `ImportOutcome`."""

    def __init__(self, weights: str | None, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.weights = weights
        self.message = message
        self.hint = hint


def import_file(
    path: Path,
    *,
    weights_id: str | None = None,
    accept_unknown: bool = False,
    is_from_address: bool = False,
    check: Check = lambda: None,
) -> ImportOutcome:
    """Recognise one published file, convert it into the weights folder and say what became of it.

    weights_id: what the user takes it for; None to recognise it. accept_unknown: also take a file that fits a
    network but has no published digest, or another one. is_from_address: it was fetched from its official address.
    Raises UserError when the weights folder cannot be written, KeyError for an unknown id, Cancelled.
    """
    try:
        digest = file_digest(path, check)
        tensors, spec, trust = _recognised(path, digest, weights_id, accept_unknown, is_from_address)
    except _Refused as refusal:
        return ImportOutcome(path, refusal.weights, False, refusal.message, refusal.hint)
    except UnreadableFile as error:
        return ImportOutcome(path, None, False, f"Not taken: {error.reason}.")
    except OSError as error:
        return ImportOutcome(path, None, False, f"It could not be read: {error.strerror or error}.")
    check()
    origin = Origin(spec.id, path.name, digest, trust)
    keep(tensors, origin, check)
    checked = {"digest": ", digest verified", "prefix": ", digest verified"}.get(trust, ", digest not published")
    if trust == "accepted":
        checked = ", accepted without a published digest"
    return ImportOutcome(path, spec.id, True, f"{spec.title}{checked}.")


def keep(tensors: Mapping[str, Tensor], origin: Origin, check: Check = lambda: None) -> Path:
    """Write canonical tensors into the weights folder and return the file. Raises UserError."""
    path = converted_path(origin.weights)
    digest = write_converted(path, tensors, origin, check)
    add_to_manifest(path.parent, path.name, digest, origin)
    remember(path, digest)
    return path


# A copy of the Inception network in a form, and under a licence, of its own.
_NOT_READ = {"inception-2015-12-05.pt": "inception-2015-12-05"}


def _recognised(
    path: Path, digest: str, weights_id: str | None, accept_unknown: bool, is_from_address: bool
) -> tuple[dict[str, Tensor], WeightsSpec, str]:
    """Return the canonical tensors, whose they are, and how far to trust them. Raises _Refused, UnreadableFile."""
    known = {spec.id: source for spec in WEIGHTS.values() for source in spec.sources if source.matches(digest)}
    if weights_id is not None and known and weights_id not in known:
        other = WEIGHTS[next(iter(known))].title
        raise _Refused(next(iter(known)), f"This is {other}, not {WEIGHTS[weights_id].title}.")
    fits = _fits(path)
    if not fits and path.name in _NOT_READ:
        instead = WEIGHTS[_NOT_READ[path.name]]
        raise _Refused(
            None, "This is NVIDIA's copy of Inception-v3, which PlanetView does not read.", instead.how_to_get
        )
    spec = WEIGHTS[weights_id or next(iter(known), None) or _chosen(path, fits)]
    if spec.id not in fits:
        raise _Refused(spec.id, f"Its tensors do not fit {spec.title}.")
    if spec.id in known:
        return fits[spec.id], spec, "digest" if known[spec.id].sha256 else "prefix"
    source = _source_named(spec, path)
    if is_from_address and not (source and source.has_digest):
        return fits[spec.id], spec, "address"
    if not accept_unknown:
        # A renamed file is compared with the recommended one.
        has_digest = (source or spec.sources[0]).has_digest
        why = "its SHA-256 is not the published one" if has_digest else "no digest is published for it"
        raise _Refused(
            spec.id,
            f"It fits {spec.title}, but {why}: unknown file.",
            "If you trust where it came from: "
            f"planetview models import --accept-unknown --as {spec.id} {quote(str(path))}",
        )
    return fits[spec.id], spec, "accepted"


def _fits(path: Path) -> dict[str, dict[str, Tensor]]:
    """Return the weights a file can be, each with its canonical tensors."""
    layouts = fitting(read_tensors(path))
    return {spec.id: layouts[spec.layout] for spec in WEIGHTS.values() if spec.layout in layouts}


def _chosen(path: Path, fits: Mapping[str, object]) -> str:
    """Return the one id the file must be, by its shapes, its name or its repository. Raises _Refused."""
    if not fits:
        raise _Refused(None, "Its tensors fit none of the networks PlanetView knows.")
    named = [weights_id for weights_id in fits if _source_named(WEIGHTS[weights_id], path)]
    candidates = named or list(fits)
    if len(candidates) > 1:
        raise _Refused(
            None,
            f"It fits several networks: {', '.join(candidates)}.",
            f"Say which one it is, for example: planetview models import --accept-unknown --as {candidates[0]} {path}",
        )
    return candidates[0]


def _source_named(spec: WeightsSpec, path: Path) -> WeightSource | None:
    """Return the published file that `path` is by its name, and by its repository where the name says nothing."""
    for source in spec.sources:
        folder = f"models--{source.repository.replace('/', '--')}"
        if path.name in source.files and (not source.repository or folder in path.parts):
            return source
    return None
