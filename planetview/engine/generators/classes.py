"""The classes of a conditional generator, drawn as its training set has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.engine.generators.adapter import GeneratorInfo


def class_shares(info: GeneratorInfo, class_counts: Sequence[int]) -> NDArray[np.float64]:
    """Return the share of each class, (c_dim,), of sum 1: even without counts, 0 for classes beyond them."""
    if not class_counts:
        return np.full(info.c_dim, 1 / info.c_dim)
    shares = np.zeros(info.c_dim)
    shares[: len(class_counts)] = class_counts
    shares /= shares.sum()
    return shares


def refuse_other_classes(info: GeneratorInfo, class_counts: Sequence[int]) -> None:
    """Raise UserError when the counts name classes that the generator has not, or no image; () is well."""
    if len(class_counts) > info.c_dim:
        raise UserError(
            f"The labels name {len(class_counts)} classes and this generator knows {info.c_dim}.",
            "Use the labels of the set it was trained on.",
        )
    if class_counts and (min(class_counts) < 0 or not any(class_counts)):
        raise UserError("The labels count no images.", "Use the labels of the set the generator was trained on.")
