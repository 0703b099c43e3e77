"""Finished numbers kept in the store, so that a repeated run reads what it once computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from planetview.engine.store import FeatureStore

Array = npt.NDArray[np.float64]


class Memo:
    """Arrays of float64 under a name and the digests of everything they depend on."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store

    def array(self, what: str, inputs: Sequence[str], shape: tuple[int, ...], compute: Callable[[], Array]) -> Array:
        """Return the stored array, or compute and store it.

        what: name and version of the computation ("frechet 1"); raise the version when its numbers change.
        inputs: everything that decides the numbers, as text. shape: of the result, all entries finite or NaN.
        """
        stored = self.find(what, inputs, shape)
        if stored is not None:
            return stored
        return self.keep(what, inputs, np.asarray(compute(), dtype=np.float64).reshape(shape))

    def find(self, what: str, inputs: Sequence[str], shape: tuple[int, ...]) -> Array | None:
        """Return the stored array, or None; arguments as for `array`."""
        row = np.empty((1, int(np.prod(shape))), dtype=np.float64)
        found = self._store.read_into(f"memo {what}", [_key(inputs)], row)[0]
        return row.reshape(shape) if found else None

    def keep(self, what: str, inputs: Sequence[str], values: Array) -> Array:
        """Store an array and return it; arguments as for `array`."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        self._store.put_many(f"memo {what}", [_key(inputs)], values.reshape(1, -1))
        return values


def _key(inputs: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()
