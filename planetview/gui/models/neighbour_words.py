"""What the neighbours page offers and says of a set as a whole."""

from __future__ import annotations

from planetview.core.datasets import Role
from planetview.core.formatting import format_count, format_ratio
from planetview.core.real_neighbours import RealTable, candidates_with_real_neighbours, real_spaces
from planetview.core.results import Results
from planetview.gui.models.neighbour_order import space_label
from planetview.gui.models.neighbour_set import NeighbourSet, Toward
from planetview.gui.models.wording import tr

_UNEVEN_BANKS = 1.5


def queries_of(results: Results, toward: Toward = Toward.REAL) -> list[tuple[str, Role]]:
    """Return the datasets that have neighbours in the reference, candidates first, or those it has neighbours in."""
    if toward is Toward.SYNTHETIC:
        return [(name, Role.CANDIDATE) for name in candidates_with_real_neighbours(results)]
    banks = {dataset.name for dataset in results.with_role(Role.REFERENCE)}
    names = dict.fromkeys(table.query for table in results.neighbours if table.bank in banks)
    found = [(name, results.dataset(name).role) for name in names]
    return sorted(found, key=lambda item: item[1] is not Role.CANDIDATE)


def offered_sets(results: Results, toward: Toward) -> list[tuple[str, str]]:
    """Return what the sets of `queries_of` are called in a list, each with its name."""
    if toward is Toward.SYNTHETIC:
        return [(tr("real, beside {0}").format(name), name) for name, _role in queries_of(results, toward)]
    words = {Role.CANDIDATE: tr("synthetic"), Role.HELD_OUT: tr("held-out")}
    return [(f"{name} ({words.get(role, role)})", name) for name, role in queries_of(results, toward)]


def spaces_of(results: Results, query: str, toward: Toward = Toward.REAL) -> tuple[str, ...]:
    """Return the spaces in which a dataset has neighbours in the reference, or the reference in it."""
    if toward is Toward.SYNTHETIC:
        return real_spaces(results, query)
    banks = {dataset.name for dataset in results.with_role(Role.REFERENCE)}
    return tuple(
        dict.fromkeys(table.by for table in results.neighbours if table.query == query and table.bank in banks)
    )


def count_words(found: NeighbourSet, shown: int, selected: int) -> str:
    """Return how many images are shown, what decides what is near, and what the marks on the tiles mean."""
    total = found.total
    numbers = format_count(total) if shown == total else f"{format_count(shown)} of {format_count(total)}"
    one, many = tr("{0} image"), tr("{0} images")
    if found.real is not None:
        one, many = tr("{0} real image"), tr("{0} real images")
    parts = [
        (one if total == 1 else many).format(numbers)
        + (tr(", {0} selected").format(format_count(selected)) if selected else "")
    ]
    if found.other is not None:
        words = tr("A: {0}, B: {1}: the same nearest image for {2} of {3}")
        agreed = format_count(int(found.agree.sum()))
        parts.append(words.format(space_label(found.by), space_label(found.other), agreed, format_count(total)))
    else:
        parts.append(tr("Distances: {0}").format(space_label(found.by)))
    if found.real is not None:
        parts += _gap_words(found.name, found.real)
    elif found.other is None:
        parts += _near_words(found)
    return ". ".join(parts) + "."


def _near_words(found: NeighbourSet) -> list[str]:
    """Return what marks the images that may be copies, and what else brings images near."""
    if found.held_out is None:
        return [tr("No held-out set: copies cannot be told from likeness")]
    parts = [tr("▲ marks images much nearer to a reference than to any held-out image")]
    times = len(found.bank) / max(1, len(found.held_out))
    if times > _UNEVEN_BANKS:
        note = tr("The reference is {0} as large, which alone brings neighbours nearer")
        parts.append(note.format(format_ratio(times)))
    return parts


def _gap_words(name: str, real: RealTable) -> list[str]:
    """Return how many real images are gaps, and how many there are beside as many held-out images."""
    total, compared = real.gaps.size, int(real.compared.sum())
    words = tr("○ {0} gaps of {1}: no image of {2} is as near as the 5th nearest real one")
    parts = [words.format(format_count(int(real.gaps.sum())), format_count(compared), name)]
    if real.held_out_gaps is not None:
        parts[0] += tr(" (held-out: {0})").format(format_count(real.held_out_gaps))
    if compared < total:
        note = tr("{0} of the {1} real images are compared, as many as the smallest set has")
        parts.append(note.format(format_count(compared), format_count(total)))
    return parts
