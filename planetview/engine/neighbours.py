"""Exact nearest neighbours, by feature vectors and by ST-LPIPS, in bounded memory.

Candidates come from float32 or bfloat16 matrix products together with a proven bound on their rounding error; whatever
the bound cannot rule out is scored again as a float64 sum of squared differences. So the answer is that of a
brute-force search in float64: exact duplicates are at distance exactly 0, and ties go to the lower index.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planetview.engine.resize import squash

if TYPE_CHECKING:
    from planetview.engine.metrics.rounding import Format, FormatChoice, Rounded
    from planetview.engine.perceptual import PairNetwork

Neighbours = tuple[NDArray[np.int64], NDArray[np.float64]]
Vectors = NDArray[np.float32] | NDArray[np.float64]
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
LoadImage = Callable[[int], NDArray[np.uint8]]

DEFAULT_BUDGET = 1 << 30
ST_LPIPS_SIDE = 64

# Up to these powers of two float32 vectors can be scaled in float32: nothing of weight overflows or underflows.
_MOST_FLOAT32_EXPONENT = 100
# Operations besides the products: placing the vectors, their norms, and the sums.
_ROUNDINGS = 16
# About 0.1 s of work on two cores at 2,048 dimensions, so that cancelling stays prompt.
_MOST_QUERIES: dict[Format, int] = {"float32": 1024, "bfloat16": 2048}
_MOST_BANK = 4096
_CENTRE_ROWS = 1024
# Candidates per query and neighbour wanted from which a format is too coarse for these vectors.
_MOST_CANDIDATES = 8


def _ignore(_done: float) -> None:
    """Progress nobody asked for."""


def nearest(
    queries: Vectors,
    bank: Vectors,
    k: int,
    *,
    check: Callable[[], None],
    budget_bytes: int = DEFAULT_BUDGET,
    exclude_self: bool = False,
    progress: Callable[[float], None] = _ignore,
    screen: FormatChoice = "auto",
) -> Neighbours:
    """Return the k nearest bank vectors of every query by Euclidean distance, nearest first.

    queries: (n, d), bank: (m, d), finite floats, memory-mapped arrays included.
    Returns indices int64 and distances float64, both (n, min(k, m)), or (n, min(k, m - 1)) with `exclude_self`,
    where query i is bank vector i and is left out of its own neighbours.
    budget_bytes bounds the work memory; check is the cancel hook; progress gets the share done, 0 to 1.
    screen: number format of the search for candidates, by default the faster one; it never changes the answer.
    Raises ValueError for unfit arrays or k < 1.
    """
    from planetview.engine.metrics.rounding import choose_format

    _check_vectors(queries, bank, k, exclude_self)
    n, dim = queries.shape
    form = choose_format(screen, n * len(bank) * dim)
    kept = _without_surplus_copies(bank, k + exclude_self, check)
    columns = min(k, len(bank) - exclude_self)
    frame = _Frame.around(queries, bank, check)
    most_queries, most_bank = _block_sizes(dim, budget_bytes, _MOST_QUERIES[form])
    indices = np.empty((n, columns), dtype=np.int64)
    distances = np.empty((n, columns), dtype=np.float64)
    for start in range(0, n, most_queries):
        rows: Vectors = queries[start : start + most_queries]
        search = _Search(frame, rows, start if exclude_self else None, columns, budget_bytes, form)
        for low in range(0, len(kept), most_bank):
            check()
            names = kept[low : low + most_bank]
            # A run of neighbours in memory needs no copy.
            is_run = names[-1] - names[0] + 1 == len(names)
            block: Vectors = bank[names[0] : names[-1] + 1] if is_run else bank[names]
            search.add(names, block)
            progress((start + len(rows) * min(1.0, (low + most_bank) / len(kept))) / n)
        form = search.form
        part = slice(start, start + len(rows))
        indices[part], distances[part] = search.indices, np.sqrt(search.squared)
    return indices, distances


def nearest_st_lpips(
    load_query: LoadImage,
    n_queries: int,
    load_bank: LoadImage,
    n_bank: int,
    k: int,
    *,
    model: PairNetwork,
    check: Callable[[], None],
    side: int = ST_LPIPS_SIDE,
    budget_bytes: int = DEFAULT_BUDGET,
    exclude_self: bool = False,
    progress: Callable[[float], None] = _ignore,
) -> Neighbours:
    """Return the k nearest bank images of every query image by ST-LPIPS of all pairs, nearest first.

    load_query, load_bank: index -> (h, w, 3) uint8; every image is squashed to `side` x `side` first, so the
    values are those of small images. The trunk runs once per query image and once per bank image and query block.
    Returns indices and ST-LPIPS distances (not their roots); the shapes and the rest as `nearest`.
    """
    if k < 1 or n_bank < 1 + exclude_self:
        raise ValueError(f"need k >= 1 and enough bank images, got k={k}, {n_bank} images")
    embed = _Embedder(model, side, check)
    columns = min(k, n_bank - exclude_self)
    indices = np.empty((n_queries, columns), dtype=np.int64)
    distances = np.empty((n_queries, columns), dtype=np.float64)
    if n_queries == 0:
        return indices, distances
    frame = _Frame(embed.block(load_bank, 0, 1)[0], 1.0)
    most_queries, most_bank = _image_block_sizes(len(frame.centre), budget_bytes)
    for start in range(0, n_queries, most_queries):
        stop = min(n_queries, start + most_queries)
        rows = embed.block(load_query, start, stop)
        search = _Search(frame, rows, start if exclude_self else None, columns, budget_bytes // 4)
        for low in range(0, n_bank, most_bank):
            high = min(n_bank, low + most_bank)
            search.add(np.arange(low, high), embed.block(load_bank, low, high))
            progress((start + (stop - start) * high / n_bank) / n_queries)
        indices[start:stop], distances[start:stop] = search.indices, search.squared
    return indices, distances


class _Frame:
    """The shift and the power of two that bring vectors near the origin and inside the range of float32.

    A float32 centre serves float32 vectors, whose difference to it is then rounded once, as that of float64 is.
    """

    def __init__(self, centre: Vectors, scale: float) -> None:
        self.centre = centre
        self.scale = scale

    @classmethod
    def around(cls, queries: Vectors, bank: Vectors, check: Callable[[], None]) -> _Frame:
        """Centre on a sample of the bank; scale so that no coordinate exceeds 1. Raises ValueError if not finite."""
        centre: Vectors = np.asarray(bank[:_CENTRE_ROWS], dtype=np.float64).mean(axis=0)
        largest = float(np.abs(centre).max(initial=0.0))
        for vectors in (queries, bank):
            for start in range(0, len(vectors), _MOST_BANK):
                check()
                block = np.asarray(vectors[start : start + _MOST_BANK])
                largest = max(largest, float(np.max(block)), -float(np.min(block)))
                if not math.isfinite(float(np.sum(block, dtype=np.float64))):
                    raise ValueError("feature vectors must be finite numbers")
        exponent = -math.frexp(2.0 * largest)[1] if largest else 0
        if queries.dtype == bank.dtype == np.float32 and abs(exponent) <= _MOST_FLOAT32_EXPONENT:
            centre = centre.astype(np.float32)
        return cls(centre, 2.0**exponent)

    def place(self, vectors: Vectors) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors in this frame, float32, and their squared norms, float32 from float64 sums."""
        placed: NDArray[np.float32]
        if vectors.dtype == self.centre.dtype == np.float32:
            placed = np.multiply(vectors, np.float32(self.scale), dtype=np.float32)
            placed -= self.centre * np.float32(self.scale)
        else:
            placed = ((vectors - self.centre.astype(np.float64)) * self.scale).astype(np.float32)
        norms = np.empty(len(placed), dtype=np.float32)
        from planetview.engine.metrics.blocks import cached_rows

        step = cached_rows(placed.shape[1])
        for start in range(0, len(placed), step):
            part = slice(start, start + step)
            exact = placed[part].astype(np.float64)
            norms[part] = np.einsum("nd,nd->n", exact, exact)
        return placed, norms


class _Search:
    """The nearest bank vectors of one block of queries, bettered block by block.

    indices (q, k) int64 and squared (q, k) float64 distances, nearest first; complete once every bank block came.
    """

    def __init__(
        self, frame: _Frame, rows: Vectors, first_self: int | None, k: int, budget_bytes: int, form: Format = "float32"
    ) -> None:
        self._frame = frame
        self._rows = rows
        self._first_self = first_self
        self._placed, self._norms = frame.place(rows)
        self.form: Format = form
        self._rounded = _rounded(self._placed, self._norms, form)
        self._pairs_at_once = max(1, min(1 << 16, budget_bytes // (4 * 24 * max(1, rows.shape[1]))))
        self.indices = np.full((len(rows), k), np.iinfo(np.int64).max, dtype=np.int64)
        self.squared = np.full((len(rows), k), np.inf)
        self._tiny = 4.0 * (max(1, rows.shape[1]) + _ROUNDINGS) * float(np.finfo(np.float32).tiny)

    def add(self, names: NDArray[np.int64], block: Vectors) -> None:
        """Take in bank vectors `block` (b, d) whose indices are `names` (b,)."""
        placed, norms = self._frame.place(block)
        lower = self._lower_bounds(names, placed, norms)
        taken = self._take_likeliest(lower, names, block)
        rows, columns = self._candidates(lower, taken)
        if self.form == "bfloat16" and len(rows) > _MOST_CANDIDATES * self.squared.size:
            # Vectors far from the centre and close together: their distances drown in the rounding.
            self.form, self._rounded = "float32", _rounded(self._placed, self._norms, "float32")
            rows, columns = self._candidates(self._lower_bounds(names, placed, norms), taken)
        self._take(rows, columns, names, block)

    def _take_likeliest(self, lower: NDArray[np.float32], names: NDArray[np.int64], block: Vectors) -> _Pairs:
        """Score the k that look nearest where there is no limit yet, which makes one, and return these pairs."""
        k = self.squared.shape[1]
        unknown = np.flatnonzero(np.isinf(self.squared[:, -1]))
        if not len(unknown) or lower.shape[1] <= k:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        best = _smallest(lower if len(unknown) == len(lower) else lower[unknown], k)
        pairs = np.repeat(unknown, k), best.ravel()
        self._take(*pairs, names, block)
        return pairs

    def _candidates(self, lower: NDArray[np.float32], taken: _Pairs) -> _Pairs:
        """Return the (row, column) pairs that may belong to the answer, without those taken already."""
        lower[taken] = np.inf
        limit = self.squared[:, -1] * self._frame.scale**2
        widened = np.nextafter((limit * (1.0 + 1e-6)).astype(np.float32), np.float32(np.inf))
        candidates = lower <= widened[:, None]
        if np.isinf(widened).any():
            candidates &= lower < np.inf
        rows, columns = np.divmod(np.flatnonzero(candidates), lower.shape[1])
        return rows.astype(np.int64), columns.astype(np.int64)

    def _lower_bounds(
        self, names: NDArray[np.int64], placed: NDArray[np.float32], norms: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return a lower bound (q, b) on every squared distance in the frame, negative ones included.

        Infinite for a query and itself, where it is to be left out.
        """
        from planetview.engine.metrics.rounding import lower_bounds, product_error

        rounded = _rounded(placed, norms, self.form)
        slack = product_error(self._rounded, rounded, _ROUNDINGS)
        lower = np.asarray(lower_bounds(self._rounded, rounded, slack, self._tiny).numpy())
        if self._first_self is not None:
            own = np.arange(len(lower)) + self._first_self
            at = np.minimum(np.searchsorted(names, own), len(names) - 1)
            there = np.flatnonzero(names[at] == own)
            lower[there, at[there]] = np.inf
        return lower

    def _take(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], names: NDArray[np.int64], block: Vectors
    ) -> None:
        """Score pairs, rows ascending, and keep the best."""
        from planetview.engine.metrics.blocks import squared_distances

        for start in range(0, len(rows), self._pairs_at_once):
            part = slice(start, start + self._pairs_at_once)
            squared = squared_distances(self._rows, block, rows[part], columns[part])
            self._merge(rows[part], names[columns[part]], squared)

    def _merge(self, rows: NDArray[np.int64], names: NDArray[np.int64], squared: NDArray[np.float64]) -> None:
        touched = np.unique(rows)
        k = self.squared.shape[1]
        row = np.concatenate((np.repeat(touched, k), rows))
        name = np.concatenate((self.indices[touched].ravel(), names))
        value = np.concatenate((self.squared[touched].ravel(), squared))
        order = np.lexsort((name, value, row))
        firsts = np.searchsorted(row[order], touched)
        chosen = order[firsts[:, None] + np.arange(k)]
        self.indices[touched], self.squared[touched] = name[chosen], value[chosen]


class _Embedder:
    """Loads, squashes and embeds runs of images, checking for cancellation between small batches."""

    AT_ONCE = 8

    def __init__(self, model: PairNetwork, side: int, check: Callable[[], None]) -> None:
        self._model = model
        self._side = side
        self._check = check

    def block(self, load: LoadImage, start: int, stop: int) -> NDArray[np.float32]:
        """Return the embeddings of images start to stop (stop - start, dim)."""
        block: NDArray[np.float32] | None = None
        for low in self._batches(start, stop):
            high = min(stop, low + self.AT_ONCE)
            vectors = self._model.embed(np.stack([squash(load(i), self._side) for i in range(low, high)]))
            if block is None:
                block = np.empty((stop - start, vectors.shape[1]), dtype=np.float32)
            block[low - start : high - start] = vectors
        if block is None:
            raise ValueError("an empty run of images has no embedding")
        return block

    def _batches(self, start: int, stop: int) -> Iterator[int]:
        for low in range(start, stop, self.AT_ONCE):
            self._check()
            yield low


def _rounded(placed: NDArray[np.float32], norms: NDArray[np.float32], form: Format) -> Rounded:
    import torch

    from planetview.engine.metrics.rounding import Rounded

    return Rounded.of(torch.from_numpy(placed), torch.from_numpy(norms), form)


def _smallest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return where the k smallest of each row are, in any order; torch takes a ninth of NumPy's time."""
    import torch

    return np.asarray(torch.from_numpy(values).topk(k, dim=1, largest=False, sorted=False).indices.numpy())


def _without_surplus_copies(bank: Vectors, keep: int, check: Callable[[], None]) -> NDArray[np.int64]:
    """Return the bank indices left after dropping all but the first `keep` of equal vectors.

    A later copy never comes before `keep` earlier ones at the same distance; dropping it keeps a bank full of copies
    from making every pair a candidate.
    """
    keys = np.empty(len(bank), dtype=np.uint32)
    for start in range(0, len(bank), _MOST_BANK):
        check()
        part = np.ascontiguousarray(bank[start : start + _MOST_BANK])
        keys[start : start + len(part)] = np.bitwise_xor.reduce(part.view(np.uint32), axis=1)
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    # Equal vectors have equal keys: only where many share one are the vectors themselves told apart.
    suspects = np.flatnonzero(sizes[group] > keep)
    seen: Counter[bytes] = Counter()
    kept = np.ones(len(bank), dtype=np.bool_)
    for count, index in enumerate(suspects):
        if count % _MOST_BANK == 0:
            check()
        key = hashlib.blake2b(np.ascontiguousarray(bank[index]).data, digest_size=16).digest()
        seen[key] += 1
        kept[index] = seen[key] <= keep
    return np.flatnonzero(kept)


def _block_sizes(dim: int, budget_bytes: int, most_queries: int) -> tuple[int, int]:
    """Return (queries, bank vectors) a block: their float64 and float32 forms and products in half the budget."""
    queries, bank = most_queries, _MOST_BANK
    while 24 * dim * (queries + bank) + 16 * queries * bank > budget_bytes // 2 and queries * bank > 1:
        queries, bank = max(1, queries // 2), max(1, bank // 2)
    return queries, bank


def _image_block_sizes(dim: int, budget_bytes: int) -> tuple[int, int]:
    """Return (queries, bank images) a block: many queries, since the bank is embedded once per query block.

    Never fewer than the trunk takes at once, so a tiny budget is overstepped rather than wasted on padding.
    """
    each = 20 * dim
    bank = max(_Embedder.AT_ONCE, min(64, budget_bytes // (8 * each)))
    return max(_Embedder.AT_ONCE, budget_bytes // (2 * each)), bank


def _check_vectors(queries: Any, bank: Any, k: int, exclude_self: bool) -> None:
    if queries.ndim != 2 or bank.ndim != 2 or queries.shape[1] != bank.shape[1]:
        raise ValueError(f"queries {queries.shape} and bank {bank.shape} must be (n, d) and (m, d)")
    if exclude_self and len(queries) != len(bank):
        raise ValueError("leaving out each query itself needs queries and bank to be the same vectors")
    if k < 1 or len(bank) < 1 + exclude_self:
        raise ValueError(f"need k >= 1 and enough bank vectors, got k={k}, {len(bank)} vectors")
