"""Child process of the store tests: writes known rows until it is done, killed or refused.

Arguments: mode, path of the store, first row, number of rows, rows a transaction.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import default_rng  # at the start: the unprivileged child could not import it later

from planetview.engine.store import FeatureStore

SPACE = "child"
DIM = 300


def digest_of(i: int) -> str:
    """Digest of the i-th imaginary image."""
    return hashlib.sha256(str(i).encode()).hexdigest()


def rows_of(digests: Sequence[str], dim: int = DIM) -> np.ndarray:
    """Rows that follow from the digests alone, so that any process can recompute them."""
    return np.stack([default_rng(int(d[:16], 16)).standard_normal(dim, dtype=np.float32) for d in digests])


def main(mode: str, path: Path, first: int, rows: int, step: int) -> None:
    if mode == "no-space":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
    if mode == "unprivileged" and os.getuid() == 0:
        os.setuid(65534)
    with FeatureStore(path) as store:
        for start in range(first, first + rows, step):
            digests = [digest_of(i) for i in range(start, start + step)]
            store.put_many(SPACE, digests, rows_of(digests))
            if mode == "acknowledge":
                print(start, flush=True)
        digests = [digest_of(i) for i in range(first, first + rows)]
        kept, found = store.get_many(SPACE, digests, DIM)
        assert (kept[found] == rows_of(digests)[found]).all()
        if mode != "acknowledge":
            print(int(found.sum()), *store.warnings, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *(int(value) for value in sys.argv[3:6]))
