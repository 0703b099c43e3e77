"""What a person can do with weight files: list, import, fetch, verify, pack. The command line and the window use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shlex import quote

from planetview.core.catalogue import WEIGHTS, WeightSource
from planetview.core.errors import UserError
from planetview.core.messages import ModelsAction, ModelsRequest
from planetview.core.models import ImportOutcome, ModelsResult, WeightState, WeightStatus
from planetview.engine.schedule import Schedule, Stage
from planetview.engine.streaming import Emit
from planetview.engine.weights.collecting import candidates, is_pack, looks_known
from planetview.engine.weights.converted import manifest_of, origin_of
from planetview.engine.weights.digests import fresh_digest, remember
from planetview.engine.weights.importing import import_file
from planetview.engine.weights.packs import import_pack, write_pack
from planetview.engine.weights.places import converted_path, weights_folder
from planetview.engine.weights.states import weight_state, weight_states

Check = Callable[[], None]
_MIB = 2**20


def look_after(request: ModelsRequest, emit: Emit, check: Check) -> ModelsResult:
    """Carry out a request about weight files; return what each file became and what is there afterwards.

    Raises UserError for a request that cannot be carried out at all, Cancelled.
    """
    unknown = [name for name in request.names if name not in WEIGHTS]
    if unknown:
        raise UserError(f"There are no weights called {unknown[0]!r}.", f"Known: {', '.join(WEIGHTS)}.")
    outcomes = _ACTIONS[request.action](request, emit, check)
    return ModelsResult(weight_states(), tuple(outcomes))


def fetch_weights(weights_id: str, schedule: Schedule, check: Check) -> ImportOutcome:
    """Fetch and convert the weights of one network; the stage `weights_id` of the schedule counts MiB.

    Raises UserError, Cancelled.
    """
    # The network code takes a tenth of a second to load, which the list of weights must not wait for.
    from planetview.engine.weights.fetching import NotThere, fetch_file

    if weight_state(weights_id).status is WeightStatus.PRESENT:
        state = weight_state(weights_id)
        return ImportOutcome(state.path or Path(), weights_id, True, "It is here already; nothing was fetched.")

    def report(done: int, total: int, rate: float | None) -> None:
        if total:
            schedule.resize(weights_id, max(1, round(total / _MIB)))
        schedule.advance(weights_id, round(done / _MIB), rate / _MIB if rate else None)

    problem: UserError | None = None
    for source in _addresses(weights_id):
        try:
            path = fetch_file(source, weights_folder() / "fetched", report, check)
        except NotThere as error:
            problem = problem or error
            continue
        outcome = import_file(path, weights_id=weights_id, is_from_address=True, check=check)
        if outcome.accepted:
            path.unlink(missing_ok=True)
        return outcome
    raise problem or UserError(f"{WEIGHTS[weights_id].title} is not on the network.", WEIGHTS[weights_id].how_to_get)


def _addresses(weights_id: str) -> list[WeightSource]:
    return [source for source in WEIGHTS[weights_id].sources if source.url]


def _fetch(request: ModelsRequest, emit: Emit, check: Check) -> list[ImportOutcome]:
    if not request.names:
        raise UserError("Name what to fetch.", f"For example: {next(iter(WEIGHTS))}.")
    names = tuple(dict.fromkeys(request.names))
    sizes = {name: WEIGHTS[name].size_mib for name in names}
    stages = (
        Stage(name, f"Fetching {WEIGHTS[name].title}", "MiB", max(1, round(size)), size) for name, size in sizes.items()
    )
    schedule = Schedule(tuple(stages), emit)
    outcomes = []
    for name in names:
        try:
            outcomes.append(fetch_weights(name, schedule, check))
        except UserError as error:
            if len(names) == 1:
                raise
            outcomes.append(ImportOutcome(converted_path(name), name, False, error.message, error.hint))
        schedule.finish(name)
    return outcomes


def _import(request: ModelsRequest, emit: Emit, check: Check) -> list[ImportOutcome]:
    if not request.paths:
        raise UserError("Name a file, a folder or a pack to import.")
    if len(request.names) > 1:
        raise UserError("A file can only be taken for one network at a time.")
    for path in request.paths:
        if not path.exists():
            raise UserError(f"There is nothing at '{path}'.", "Give the path of a file, a folder or a pack.")
    found: list[tuple[Path, bool]] = []
    for path in request.paths:
        named = path.is_file() or is_pack(path)
        found += [(path, True)] if named else [(inside, False) for inside in candidates(path, check)]
    schedule = Schedule((Stage("import", "Importing weights", "files", max(1, len(found)), 1.0),), emit)
    outcomes: list[ImportOutcome] = []
    for number, (path, is_named) in enumerate(found, start=1):
        outcomes += _import_one(path, is_named, request, check)
        schedule.advance("import", number)
    schedule.finish("import")
    return outcomes or [ImportOutcome(path, None, False, "There are no weight files in it.") for path in request.paths]


def _import_one(path: Path, is_named: bool, request: ModelsRequest, check: Check) -> list[ImportOutcome]:
    if is_pack(path):
        return import_pack(path, accept_unknown=request.accept_unknown, check=check)
    if not is_named and not request.accept_unknown and not looks_known(path):
        message = "Not looked into: neither its name nor its size is that of a published file."
        return [ImportOutcome(path, None, False, message, f"To try it: planetview models import {quote(str(path))}")]
    weights_id = request.names[0] if request.names else None
    return [import_file(path, weights_id=weights_id, accept_unknown=request.accept_unknown, check=check)]


def _verify(request: ModelsRequest, emit: Emit, check: Check) -> list[ImportOutcome]:
    states = [weight_state(name) for name in request.names or WEIGHTS]
    there = [state for state in states if state.path is not None or request.names]
    schedule = Schedule((Stage("verify", "Reading weight files again", "files", max(1, len(there)), 1.0),), emit)
    outcomes = []
    for number, state in enumerate(there, start=1):
        outcomes.append(_verified(state, check))
        schedule.advance("verify", number)
    schedule.finish("verify")
    return outcomes


def _verified(state: WeightState, check: Check) -> ImportOutcome:
    path = state.path
    if path is None:
        return ImportOutcome(converted_path(state.weights), state.weights, False, "It is missing.", state.advice)
    try:
        digest = fresh_digest(path, check)
        remember(path, digest)
        is_converted = origin_of(path) is not None
    except OSError as error:
        return ImportOutcome(path, state.weights, False, f"It could not be read: {error.strerror}.", state.advice)
    if is_converted and path.name not in manifest_of(path.parent):
        hint = "It was copied here by hand: import it to have its digest recorded."
        return ImportOutcome(path, state.weights, True, "It is whole, but nothing records its digest.", hint)
    again = weight_state(state.weights)
    if again.status is WeightStatus.PRESENT and again.path == path:
        return ImportOutcome(path, state.weights, True, "It is as it was recorded.")
    return ImportOutcome(path, state.weights, False, f"{again.status.value.capitalize()}.", again.advice)


def _pack(request: ModelsRequest, emit: Emit, check: Check) -> list[ImportOutcome]:
    if len(request.paths) != 1:
        raise UserError("Name one folder, or one .zip file, to pack into.")
    ids = list(dict.fromkeys(request.names)) or [i for i in WEIGHTS if _is_packable(weight_state(i))]
    if not ids:
        raise UserError("There are no weights to pack.", "Fetch or import some first: planetview models list")
    schedule = Schedule((Stage("pack", "Packing weights", "networks", len(ids), 1.0),), emit)
    for weights_id in ids:
        state = weight_state(weights_id)
        if state.status is not WeightStatus.PRESENT or state.path is None:
            raise UserError(f"The weights {weights_id} cannot be packed: {state.status.value}.", state.advice)
        if state.path != converted_path(weights_id):
            import_file(state.path, weights_id=weights_id, check=check)
    outcomes = write_pack(request.paths[0], ids, check)
    schedule.finish("pack")
    return outcomes


def _is_packable(state: WeightState) -> bool:
    """Whether a pack should hold it unasked: what a Python package brings along need not be carried."""
    inside = state.path is not None and state.path.is_relative_to(weights_folder())
    return state.status is WeightStatus.PRESENT and inside


def _list(request: ModelsRequest, emit: Emit, check: Check) -> list[ImportOutcome]:
    return []


_ACTIONS: dict[ModelsAction, Callable[[ModelsRequest, Emit, Check], list[ImportOutcome]]] = {
    ModelsAction.LIST: _list,
    ModelsAction.IMPORT: _import,
    ModelsAction.FETCH: _fetch,
    ModelsAction.VERIFY: _verify,
    ModelsAction.PACK: _pack,
}
