"""Each image with its nearest images of another set and of the held-out one, in one neighbour space or two."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from planetview.core.copies import much_nearer
from planetview.core.datasets import Dataset, ImageRecord, Role
from planetview.core.real_neighbours import RealTable, real_table
from planetview.core.results import Neighbours, Results
from planetview.core.selection import Mask

Rows = npt.NDArray[np.int64]
# The records of 50,000 images lie all over the memory.
_AT_ONCE = 2000


class Toward(StrEnum):
    """Which images stand beside each image: real ones beside synthetic, or the other way round."""

    REAL = "real"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Partner:
    """A near neighbour: its dataset, position and record, and how far it is."""

    dataset: str
    index: int
    record: ImageRecord
    distance: float


@dataclass(frozen=True, slots=True)
class Other:
    """What a second space says of the same image.

    by: the space. partners: its nearest images of the same set, nearest first.
    is_same: whether both spaces have the same nearest image, or one of equal bytes.
    rank: which neighbour of the second space the first space's nearest is, 1 for the nearest; None beyond `depth`.
    """

    by: str
    partners: tuple[Partner, ...]
    is_same: bool
    rank: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One image of a dataset with its neighbours; held_out is None where there is no such set.

    partners: the nearest images of the other set, `nearest` first, as many as were asked for.
    other: what a second space says, None where one space is shown. toward: whether the neighbours are reference images
    or synthetic ones. radius: of the ball of a real image, None for a synthetic one; is_gap: no synthetic image in it.
    """

    dataset: str
    index: int
    record: ImageRecord
    nearest: Partner
    held_out: Partner | None
    is_much_nearer: bool
    partners: tuple[Partner, ...] = ()
    other: Other | None = None
    toward: Toward = Toward.REAL
    radius: float | None = None
    is_gap: bool = False


class EqualImages:
    """Which images of a set have equal bytes."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._firsts: dict[str, int] = {}
        self._first: list[int] = []

    def read(self) -> Iterator[None]:
        """Look at the records in short steps; `first` waits for all of them."""
        images = self._dataset.images
        while len(self._first) < len(images):
            begin = len(self._first)
            part = enumerate(images[begin : begin + _AT_ONCE], begin)
            self._first += [self._firsts.setdefault(image.digest, i) for i, image in part]
            yield

    @property
    def first(self) -> Rows:
        """The first image with the bytes of each, shape (n,)."""
        for _ in self.read():
            pass
        return np.array(self._first, np.int64)


class NeighbourSet:
    """The neighbours of one dataset in one space, and in a second one beside it.

    name: the set judged: its images are looked up in the reference, or those of the reference in it, as `toward` says.
    query, bank: whose images are shown, and where their neighbours are. held_out: None without one.
    by, other: the spaces, `other` None for one alone. nearest, held_out_distance: shape (n,), to the nearest image of
    each, in `by`; NaN for images that were not compared. real: what is known of real images, None of synthetic ones.
    depth: neighbours per image. equal: which images of the bank are the same; may be that of a set looked at before.
    KeyError when the results do not hold these neighbours.
    """

    def __init__(
        self, results: Results, name: str, by: str, other: str | None = None, toward: Toward = Toward.REAL
    ) -> None:
        reference = results.with_role(Role.REFERENCE)[0]
        self.name, self.by, self.other, self.toward = name, by, other, toward
        self.real: RealTable | None = None
        self._to_held_out: Neighbours | None = None
        self._by_other: Neighbours | None = None
        if toward is Toward.SYNTHETIC:
            self.query, self.bank = reference, results.dataset(name)
            self.real = real_table(results, name, by)
            self._to_bank, self._to_held_out = self.real.to_candidate, self.real.to_held_out
            if other is not None:
                self._by_other = real_table(results, name, other).to_candidate
        else:
            self.query, self.bank = results.dataset(name), reference
            self._to_bank = results.neighbours_of(name, reference.name, by)
            self._to_held_out = _held_out_table(results, name, by)
            if other is not None:
                self._by_other = results.neighbours_of(name, reference.name, other)
        self.equal = EqualImages(self.bank)
        self.nearest = self._to_bank.distances[:, 0]
        self.depth = max(table.indices.shape[1] for table in (self._to_bank, self._by_other) if table is not None)
        self.held_out: Dataset | None = None
        self.held_out_distance: npt.NDArray[np.float64] | None = None
        if self._to_held_out is not None:
            self.held_out = results.dataset(self._to_held_out.bank)
            self.held_out_distance = self._to_held_out.distances[:, 0]

    def __len__(self) -> int:
        return int(self.nearest.size)

    @property
    def compared(self) -> Mask | None:
        """Which images have neighbours at all, shape (n,); None where every one has."""
        return None if self.real is None or bool(self.real.compared.all()) else self.real.compared

    @property
    def total(self) -> int:
        """How many images have neighbours."""
        return len(self) if self.compared is None else int(self.compared.sum())

    @cached_property
    def much_nearer(self) -> Mask:
        """Which images lie much nearer to a reference than to any held-out image, shape (n,); no real ones."""
        if self.held_out_distance is None or self.toward is Toward.SYNTHETIC:
            return np.zeros(len(self), np.bool_)
        return much_nearer(self.nearest, self.held_out_distance)

    @cached_property
    def ranks(self) -> npt.NDArray[np.int64]:
        """Which neighbour of the second space the first space's nearest is, from 1; 0 beyond its depth; shape (n,).

        Without a second space all are 0, as are images that were not compared. Images of equal bytes count as one.
        """
        if self._by_other is None:
            return np.zeros(len(self), np.int64)
        same = self.equal.first
        hits = same[self._by_other.indices] == same[self._to_bank.indices[:, :1]]
        ranks = np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)
        return ranks if self.compared is None else np.where(self.compared, ranks, 0)

    @property
    def agree(self) -> Mask:
        """Which images have the same nearest image of the bank in both spaces, shape (n,)."""
        return np.asarray(self.ranks == 1)

    def tile(self, index: int, count: int = 1) -> Tile:
        """Return one image with its `count` nearest neighbours, fewer where there are no more."""
        partners = _partners(self.bank, self._to_bank, index, count)
        held_out = None
        if self.held_out is not None and self._to_held_out is not None:
            held_out = _partners(self.held_out, self._to_held_out, index, 1)[0]
        radius, is_gap = (None, False)
        if self.real is not None:
            radius, is_gap = float(self.real.radii[index]), bool(self.real.gaps[index])
        return Tile(
            self.query.name, index, self.query.images[index], partners[0], held_out, bool(self.much_nearer[index]),
            partners, self._other(index, count), self.toward, radius, is_gap,
        )  # fmt: skip

    def _other(self, index: int, count: int) -> Other | None:
        if self._by_other is None:
            return None
        rank = int(self.ranks[index])
        partners = _partners(self.bank, self._by_other, index, count)
        return Other(self._by_other.by, partners, rank == 1, rank or None, int(self._by_other.indices.shape[1]))


def _held_out_table(results: Results, query: str, by: str) -> Neighbours | None:
    found = None
    for dataset in results.with_role(Role.HELD_OUT):
        with contextlib.suppress(KeyError):
            found = results.neighbours_of(query, dataset.name, by)
    return found


def _partners(bank: Dataset, table: Neighbours, index: int, count: int) -> tuple[Partner, ...]:
    found = zip(table.indices[index, :count], table.distances[index, :count], strict=True)
    return tuple(Partner(bank.name, int(at), bank.images[int(at)], float(distance)) for at, distance in found)
