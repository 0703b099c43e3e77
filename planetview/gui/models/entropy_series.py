"""Which entropies the entropy page lays over each other: of images, pairs or channels, by dataset or by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import repeat

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Role
from planetview.core.results import PairTable, Results
from planetview.gui.models.wording import tr
from planetview.gui.plots.styles import SeriesStyle, class_style, dataset_style

MOST_CLASSES = 8
# The records of a large set lie all over the memory.
_LABELS_AT_ONCE = 8000

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Quantity(StrEnum):
    """What the entropy is of."""

    IMAGE = "image"
    NEAREST = "nearest"
    RANDOM = "random"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"

    @property
    def is_of_pairs(self) -> bool:
        """Whether every value belongs to two images."""
        return self in (Quantity.NEAREST, Quantity.RANDOM)

    @property
    def label(self) -> str:
        """What people call it."""
        return {
            Quantity.IMAGE: tr("Images"),
            Quantity.NEAREST: tr("Nearest pairs"),
            Quantity.RANDOM: tr("Random pairs"),
            Quantity.RED: tr("Red channel"),
            Quantity.GREEN: tr("Green channel"),
            Quantity.BLUE: tr("Blue channel"),
        }[self]

    @property
    def axis(self) -> str:
        """The name of the quantity on an axis."""
        if self.is_of_pairs:
            return tr("Entropy of pairs")
        return tr("Shannon entropy") if self is Quantity.IMAGE else tr("Entropy of the {}").format(self.label.lower())


_CHANNELS = {Quantity.RED: 0, Quantity.GREEN: 1, Quantity.BLUE: 2}


@dataclass(frozen=True)
class EntropySeries:
    """One curve of the page.

    name: unique among the curves. dataset: whose images they are. rows, values: shape (n,), positions in the dataset
    and bits. bank, partners: the other image of each pair, where values are of pairs.
    """

    name: str
    dataset: str
    style: SeriesStyle
    rows: Rows
    values: Vector
    bank: str = ""
    partners: Rows | None = None

    def at(self, places: Rows, name: str, style: SeriesStyle) -> EntropySeries:
        """Return part of the curve as a curve of its own."""
        partners = None if self.partners is None else self.partners[places]
        return EntropySeries(name, self.dataset, style, self.rows[places], self.values[places], self.bank, partners)


def missing_reason(results: Results, quantity: Quantity) -> str:
    """Return why there is nothing of a quantity, in words; "" where there is."""
    has_values = bool(dataset_series(results, quantity))
    if quantity is Quantity.NEAREST and not has_values:
        return tr("Run with a pairwise metric (PSNR, SSIM …) to have pairs.")
    if quantity is Quantity.RANDOM and not has_values:
        return tr("This run drew no random pairs.")
    if quantity in _CHANNELS and not results.channel_bits:
        return tr("All images are grey, or the run is from before channels were kept: there is one channel.")
    return ""


def dataset_series(results: Results, quantity: Quantity) -> list[EntropySeries]:
    """Return one curve for every dataset that has a finite value of the quantity."""
    found = []
    for dataset in results.datasets:
        if quantity.is_of_pairs:
            tables = results.pairs if quantity is Quantity.NEAREST else results.random_pairs
            series = next((_of_pairs(results, table) for table in tables if table.query == dataset.name), None)
        else:
            series = _of_images(results, dataset.name, quantity)
        if series is not None and np.isfinite(series.values).any():
            found.append(series)
    return found


def class_series(results: Results, whole: EntropySeries) -> Generator[None, None, list[EntropySeries]]:
    """Return, in short steps, one curve for each of the largest classes of a dataset's curve, and one for all others.

    At most `MOST_CLASSES` classes; images without a class are with the others.
    """
    images = results.dataset(whole.dataset).images
    rows = whole.rows.tolist()
    labels: list[str] = []
    for start in range(0, len(rows), _LABELS_AT_ONCE):
        labels += [images[row].label or "" for row in rows[start : start + _LABELS_AT_ONCE]]
        yield
    counts = Counter(labels)
    counts.pop("", None)
    if not counts:
        return [whole]
    largest = [label for label, _ in counts.most_common(MOST_CLASSES)]
    numbers = {label: number for number, label in enumerate(largest)}
    codes = np.fromiter(map(numbers.get, labels, repeat(-1)), dtype=np.intp, count=len(labels))
    yield
    found = [whole.at(np.flatnonzero(codes == order), label, class_style(order)) for order, label in enumerate(largest)]
    rest = np.flatnonzero(codes < 0)
    if rest.size:
        more = len(counts) - len(largest)
        name = tr("{} more classes").format(more) if more else tr("Without a class")
        while name in largest:
            name += "'"
        found.append(whole.at(rest, name, class_style(len(largest))))
    return found


def baseline(results: Results, quantity: Quantity) -> EntropySeries | None:
    """Return what the others are compared with: the reference, or for pairs those of the held-out set, if any."""
    role = Role.HELD_OUT if quantity.is_of_pairs else Role.REFERENCE
    names = {dataset.name for dataset in results.with_role(role)}
    return next((one for one in dataset_series(results, quantity) if one.dataset in names), None)


def _of_images(results: Results, name: str, quantity: Quantity) -> EntropySeries | None:
    values = results.entropy_bits.get(name)
    if values is None:
        return None
    style = dataset_style(results, name)
    series = EntropySeries(name, name, style, np.arange(values.size), values)
    if quantity in _CHANNELS and name in results.channel_bits:
        return replace(series, values=results.channel_bits[name][:, _CHANNELS[quantity]])
    return series


def _of_pairs(results: Results, table: PairTable) -> EntropySeries:
    style = dataset_style(results, table.query)
    return EntropySeries(
        table.query, table.query, style, table.query_index, table.entropy_bits, table.bank, table.bank_index
    )
