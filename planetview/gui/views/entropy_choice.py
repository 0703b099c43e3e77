"""Which images lie behind a choice in the entropy histogram, and the tiles that show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from planetview.gui.models.entropy_series import EntropySeries
from planetview.gui.views.tile_strip import Tiles

Vector = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]


def in_range(one: EntropySeries, low: float, high: float) -> Mask:
    """Return which values of a curve lie in an interval that holds its lower end and not its upper one."""
    return (one.values >= low) & (one.values < high)


def in_bins(one: EntropySeries, edges: Vector, bins: Mask) -> Mask:
    """Return which values of a curve lie in some of the bins; the last bin holds its upper edge too."""
    numbers = np.searchsorted(edges, one.values, side="right") - 1
    numbers[one.values == edges[-1]] = bins.size - 1
    is_in = (numbers >= 0) & (numbers < bins.size)
    return is_in & bins[np.where(is_in, numbers, 0)]


def image_masks(chosen: Iterable[tuple[EntropySeries, Mask]], sizes: Mapping[str, int]) -> dict[str, Mask] | None:
    """Return the images of chosen values by dataset, of pairs both; None where a dataset is not in `sizes`."""
    masks: dict[str, Mask] = {}
    for one, places in chosen:
        for dataset, rows in ((one.dataset, one.rows), (one.bank, one.partners)):
            if rows is None:
                continue
            if dataset not in sizes:
                return None
            masks.setdefault(dataset, np.zeros(sizes[dataset], dtype=np.bool_))[rows[places]] = True
    return masks


def tiles_of(
    series: Sequence[EntropySeries],
    masks: Sequence[Mask],
    names: Sequence[str],
    captions: Callable[[int], tuple[str, str]],
) -> tuple[Tiles, Places]:
    """Return a tile for every value in a mask, and shape (n, 2): number of its curve, place in it.

    names: of the datasets, in the order of the results. captions: tile number -> two lines of text.
    """
    sets, images, tiles = [], [], []
    for number, (one, mask) in enumerate(zip(series, masks, strict=True)):
        places = np.flatnonzero(mask)
        columns, owners = [one.rows[places]], [names.index(one.dataset)]
        if one.partners is not None:
            columns.append(one.partners[places])
            owners.append(names.index(one.bank))
        images.append(np.column_stack(columns))
        sets.append(np.tile(np.array(owners), (places.size, 1)))
        tiles.append(np.column_stack([np.full(places.size, number), places]))
    return Tiles(tuple(names), np.concatenate(sets), np.concatenate(images), captions), np.concatenate(tiles)
