"""Datasets as values: ordered image records, their role in a study, their classes."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, SupportsIndex

from planetview.core.collecting import collector_held_back

# One call of the pickle module keeps the interpreter's lock as long as it likes: for 500 records that is 0.5 ms.
_RECORDS_AT_ONCE = 500
_BUFFERS_SINCE = 5  # the protocol of pickle


class Role(StrEnum):
    """What a dataset is for in a study."""

    REFERENCE = "reference"
    HELD_OUT = "held-out"
    CANDIDATE = "candidate"


class SourceKind(StrEnum):
    """How the images of a dataset are held."""

    FOLDER = "folder"
    ZIP = "zip"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One readable image.

    name: unique inside its dataset; path relative to the dataset's source, with `/`.
    path: the file on disk; the zip itself for a zip member.
    member: the name inside the zip, or None.
    label: its class (sub-folder or `labels.csv`), or None.
    digest: SHA-256 of the encoded bytes, hexadecimal; the identity of the image everywhere.
    size_bytes: length of the encoded bytes.
    width, height: pixels. bands: 1 to 4 as stored. dtype: NumPy name, "uint8", "uint16", "float32" ...
    """

    name: str
    path: Path
    member: str | None
    label: str | None
    digest: str
    size_bytes: int
    width: int
    height: int
    bands: int
    dtype: str

    @property
    def is_8bit(self) -> bool:
        """Whether the stored samples are 8-bit, so that no stretch is needed."""
        return self.dtype == "uint8"


@dataclass(frozen=True, slots=True)
class SkippedImage:
    """One file left out, with the reason in words for people."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """An ordered, immutable set of images with a role.

    name: unique inside a study; shown everywhere.
    source: the folder, zip or list file it was scanned from.
    images: in natural name order. skipped: every file that looked like an image and could not be used.
    notes: findings of the scan in words (for example "3 exact duplicates inside the set").
    """

    name: str
    role: Role
    source: Path
    kind: SourceKind
    images: tuple[ImageRecord, ...]
    skipped: tuple[SkippedImage, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Callable[..., Dataset], tuple[Any, ...]]:
        packed = _packed(self.images)
        # Whoever can send such parts beside the pickle need not copy them into it.
        parts = tuple(map(pickle.PickleBuffer, packed) if int(protocol) >= _BUFFERS_SINCE else packed)
        known = self.__dict__.get("content_digest", "")
        return _unpacked, (parts, self.name, self.role, self.source, self.kind, self.skipped, self.notes, known)

    @cached_property
    def content_digest(self) -> str:
        """SHA-256 over the names and contents of all images, in their order, hexadecimal.

        50,000 images take about 30 ms, once: it goes along to another process.
        """
        text = "".join([f"{image.name}\n{image.digest}\n" for image in self.images])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def labels(self) -> dict[str, int]:
        """Count of images per class, largest first; empty when no image has a class."""
        counts = Counter(image.label for image in self.images if image.label is not None)
        return dict(counts.most_common())

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        """Count of images per (width, height), most common first."""
        return dict(Counter((image.width, image.height) for image in self.images).most_common())

    @property
    def dtypes(self) -> dict[str, int]:
        """Count of images per stored sample type, most common first."""
        return dict(Counter(image.dtype for image in self.images).most_common())

    def duplicates_inside(self) -> int:
        """Return how many images repeat the exact bytes of an earlier one."""
        return len(self.images) - len({image.digest for image in self.images})


_columns_of = attrgetter("name", "member", "label", "digest", "size_bytes", "width", "height", "bands", "dtype")


def _packed(images: Sequence[ImageRecord]) -> Iterator[bytes]:
    """Yield the records as pickled columns, some hundred in each part; paths as text, which is read much faster."""
    for start in range(0, len(images), _RECORDS_AT_ONCE):
        part = images[start : start + _RECORDS_AT_ONCE]
        columns = ([str(record.path) for record in part], *zip(*map(_columns_of, part), strict=True))
        yield pickle.dumps(columns, pickle.HIGHEST_PROTOCOL)


def _unpacked(
    parts: Iterable[bytes],
    name: str,
    role: Role,
    source: Path,
    kind: SourceKind,
    skipped: tuple[SkippedImage, ...],
    notes: tuple[str, ...],
    content_digest: str = "",
) -> Dataset:
    """Return the dataset that `Dataset.__reduce__` took apart."""
    with collector_held_back():
        records: list[ImageRecord] = []
        text, path = "", Path()
        for part in parts:
            paths, *columns = pickle.loads(part)  # noqa: S301 - part of a pickle that is being read already
            for place, (own, *others) in zip(paths, zip(*columns, strict=True), strict=True):
                if place != text:  # all members of a zip share one
                    text, path = place, Path(place)
                records.append(ImageRecord(own, path, *others))
        dataset = Dataset(name, role, source, kind, tuple(records), skipped, notes)
    if content_digest:
        dataset.__dict__["content_digest"] = content_digest
    return dataset


@dataclass(frozen=True, slots=True)
class SharedImages:
    """Exact duplicates between two datasets: names in `first` and `second` that hold equal bytes."""

    first: str
    second: str
    pairs: tuple[tuple[str, str], ...] = field(default=())


def shared_images(datasets: Iterable[Dataset]) -> tuple[SharedImages, ...]:
    """Return the exact duplicates of every pair of datasets that has some.

    Each image of the second set is paired with the first image of equal bytes in the first set.
    """
    sets = list(datasets)
    digests = [{image.digest for image in dataset.images} for dataset in sets]
    found = []
    for i, first in enumerate(sets):
        for j, second in enumerate(sets[i + 1 :], i + 1):
            # Most sets share nothing, which takes a tenth of the time to tell.
            if digests[i].isdisjoint(digests[j]):
                continue
            names = {image.digest: image.name for image in reversed(first.images)}
            pairs = tuple((names[image.digest], image.name) for image in second.images if image.digest in names)
            found.append(SharedImages(first.name, second.name, pairs))
    return tuple(found)


_HELD_OUT_WORDS = {"test", "val", "valid", "validation", "heldout", "held", "holdout", "eval"}
_REFERENCE_WORDS = {"real", "train", "training", "reference", "ref", "original", "orig", "truth"}
_CANDIDATE_WORDS = {
    "synthetic", "synth", "fake", "fakes", "gen", "generated", "gan", "stylegan", "diffusion", "sample", "samples",
    "candidate", "rendered", "render", "renders", "simulated", "sim",
}  # fmt: skip


def guess_role(path: Path) -> Role:
    """Guess the role of a dataset from its name, then from its parents' names.

    The nearest name that holds a known word decides; inside one name a synthetic word outweighs a
    split word ("synthetic_train" is a candidate). Unknown names are candidates: a candidate wrongly
    taken for real data would corrupt every number, the reverse shows at once.
    """
    for name in (path.stem, *(parent.name for parent in list(path.parents)[:2])):
        if (role := named_role(name)) is not None:
            return role
    return Role.CANDIDATE


def named_role(name: str) -> Role | None:
    """Return the role that a word in `name` tells, or None."""
    words = set(re.findall(r"[a-z]+", name.lower()))
    if words & _CANDIDATE_WORDS:
        return Role.CANDIDATE
    if words & _HELD_OUT_WORDS:
        return Role.HELD_OUT
    return Role.REFERENCE if words & _REFERENCE_WORDS else None
