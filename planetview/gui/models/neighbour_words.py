"""What the neighbours page offers and says of a set as a whole."""

from __future__ import annotations

from planetview.core.datasets import Role
from planetview.core.formatting import format_count, format_ratio
from planetview.core.results import Results
from planetview.gui.models.neighbour_list import NeighbourSet, space_label
from planetview.gui.models.wording import tr

_UNEVEN_BANKS = 1.5


def queries_of(results: Results) -> list[tuple[str, Role]]:
    """Return the datasets that have neighbours in the reference, candidates first."""
    banks = {dataset.name for dataset in results.with_role(Role.REFERENCE)}
    names = dict.fromkeys(table.query for table in results.neighbours if table.bank in banks)
    found = [(name, results.dataset(name).role) for name in names]
    return sorted(found, key=lambda item: item[1] is not Role.CANDIDATE)


def spaces_of(results: Results, query: str) -> tuple[str, ...]:
    """Return the spaces in which a dataset has neighbours in the reference."""
    banks = {dataset.name for dataset in results.with_role(Role.REFERENCE)}
    return tuple(
        dict.fromkeys(table.by for table in results.neighbours if table.query == query and table.bank in banks)
    )


def count_words(found: NeighbourSet, shown: int, selected: int) -> str:
    """Return how many images are shown, what decides what is near, and what the marks on the tiles mean."""
    total = len(found)
    numbers = format_count(total) if shown == total else f"{format_count(shown)} of {format_count(total)}"
    parts = [
        (tr("{0} image") if total == 1 else tr("{0} images")).format(numbers)
        + (tr(", {0} selected").format(format_count(selected)) if selected else "")
    ]
    if found.other is not None:
        words = tr("A: {0}, B: {1}: the same nearest image for {2} of {3}")
        agreed = format_count(int(found.agree.sum()))
        parts.append(words.format(space_label(found.by), space_label(found.other), agreed, format_count(total)))
        return ". ".join(parts) + "."
    parts.append(tr("Distances: {0}").format(space_label(found.by)))
    if found.held_out is None or found.held_out_distance is None:
        parts.append(tr("No held-out set: copies cannot be told from likeness"))
        return ". ".join(parts) + "."
    parts.append(tr("▲ marks images much nearer to a reference than to any held-out image"))
    times = len(found.reference) / max(1, len(found.held_out))
    if times > _UNEVEN_BANKS:
        note = tr("The reference is {0} as large, which alone brings neighbours nearer")
        parts.append(note.format(format_ratio(times)))
    return ". ".join(parts) + "."
