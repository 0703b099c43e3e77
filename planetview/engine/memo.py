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
        key = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        row = np.empty((1, int(np.prod(shape))), dtype=np.float64)
        space = f"memo {what}"
        if self._store.read_into(space, [key], row)[0]:
            return row.reshape(shape)
        values = np.ascontiguousarray(compute(), dtype=np.float64).reshape(shape)
        self._store.put_many(space, [key], values.reshape(1, -1))
        return values
