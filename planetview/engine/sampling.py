"""Seeded choices: equal sample sizes, and a held-out part cut from a reference."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from planetview.core.datasets import Dataset, Role

_ROLE_CODES = {Role.REFERENCE: 0, Role.HELD_OUT: 1, Role.CANDIDATE: 2}


def subsample(total: int, n: int, seed: int, role: Role) -> npt.NDArray[np.int64]:
    """Return n of the positions 0..total-1, ascending, without replacement.

    One permutation a seed and role, cut after n: smaller samples are parts of larger ones, so that
    comparisons at several sizes share their images. Raises ValueError when n > total.
    """
    if n > total:
        raise ValueError(f"cannot take {n} of {total}")
    order = np.random.default_rng([seed, _ROLE_CODES[role]]).permutation(total)
    return np.sort(order[:n])


def split_reference(reference: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Cut a reference into what stays and a held-out part of about `share` of its images.

    Images of equal bytes stay on one side; which side depends on the seed and the bytes alone, not on
    names or order.
    """
    digests = np.array([image.digest for image in reference.images])
    unique = sorted(set(digests.tolist()))
    order = np.random.default_rng([seed, 3]).permutation(len(unique))
    out = {unique[i] for i in order[: round(share * len(unique))]}
    kept = tuple(image for image in reference.images if image.digest not in out)
    held = tuple(image for image in reference.images if image.digest in out)
    return (
        replace(reference, images=kept, notes=(*reference.notes, f"{len(held)} images set aside as held-out")),
        replace(
            reference, name=f"{reference.name} (held-out part)", role=Role.HELD_OUT, images=held, skipped=(), notes=()
        ),
    )


def random_partners(
    query: Dataset, reference: Dataset, most: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return (rows, partners): at most `most` images of `query`, ascending, each with a random image of `reference`.

    Who is drawn follows from the seed and the bytes of the images alone, not from names or order: the images with the
    smallest SHA-256 of seed and digest, each with the partner that the rest of that hash points to.
    """
    hashes = [hashlib.sha256(f"{seed} {image.digest}".encode()).digest() for image in query.images]
    rows = np.array(sorted(sorted(range(len(hashes)), key=lambda i: (hashes[i], i))[:most]), dtype=np.int64)
    order = sorted(range(len(reference)), key=lambda i: (reference.images[i].digest, i))
    partners = [order[int.from_bytes(hashes[i][16:], "big") % len(order)] for i in rows]
    return rows, np.array(partners, dtype=np.int64)


def set_digest(digests: Sequence[str], space: str) -> str:
    """Return a SHA-256 that names these images, in this order, in this feature space."""
    text = "\n".join((space, *digests))
    return hashlib.sha256(text.encode()).hexdigest()
