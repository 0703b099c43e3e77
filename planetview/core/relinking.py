"""A folder of a study that was moved: whether what was found is what it was, and where its neighbours went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planetview.core.datasets import Dataset


@dataclass(frozen=True, slots=True)
class Match:
    """How a set that was found again compares with the one that was known.

    known, found: numbers of images. equal: known images of which the same bytes were found. named: known images of
    which the name was found, with other bytes.
    """

    known: int
    found: int
    equal: int
    named: int

    @property
    def is_same(self) -> bool:
        """Whether exactly the known images were found."""
        return self.known == self.found == self.equal


def match(known: Dataset, found: Dataset) -> Match:
    """Return how `found` compares with `known`; names and digests decide, paths do not."""
    digests = {image.digest for image in found.images}
    names = {image.name for image in found.images}
    equal = sum(image.digest in digests for image in known.images)
    named = sum(image.digest not in digests and image.name in names for image in known.images)
    return Match(len(known), len(found), equal, named)


def moved_along(old: Path, new: Path, other: Path) -> Path | None:
    """Return where `other` would be if it had moved as `old` did to `new`; None where it did not lie beside it.

    The names that both paths end with are taken off first: what moved is the folder above them.
    """
    before, after = list(old.parts), list(new.parts)
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    # A renamed folder tells nothing about the folder around it, unless that one moved too.
    if before == list(old.parts):
        before.pop()
        after = list(new.parts[:-1])
    if not before or not after or before == after or other.parts[: len(before)] != tuple(before):
        return None
    return Path(*after, *other.parts[len(before) :])


def common_folder(paths: tuple[Path, ...]) -> Path | None:
    """Return the nearest folder that holds all of these, None where that is only the root of a disk."""
    parents = [path.parent.parts for path in paths]
    shared = []
    for parts in zip(*parents, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return Path(*shared) if len(shared) > 1 else None
