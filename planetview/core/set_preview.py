"""A quick look at a folder, zip or list before it is taken in: names counted, a few images looked into."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from planetview.core.archives import close_zip, read_member
from planetview.core.containers import Entry, Listing, list_container
from planetview.core.datasets import SkippedImage, SourceKind, named_role
from planetview.core.decoding import NativeImage, read_header, read_native
from planetview.core.errors import ImageProblem, UserError
from planetview.core.readers import to_rgb8
from planetview.core.scanning import counted, image_classes, misnamed_notes, nothing_found, nothing_usable
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

SAMPLE: Final = 32
PICTURES: Final = 6
PICTURE_EDGE: Final = 128
_FIRST: Final = 4
# What is decoded to its end; larger images tell their header only.
_WHOLE_BYTES: Final = 8 * 1024**2
_WHOLE_PIXELS: Final = 4_000_000
_TELL_SECONDS: Final = 0.15
_FIRST_SECONDS: Final = 0.3
_MOST_SECONDS: Final = 5.0
_SUFFIXES_NAMED: Final = 5

_AS_STORED = ResolvedStretch(Stretch(StretchKind.NONE))
_FOR_DISPLAY = ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE))


@dataclass(frozen=True, slots=True)
class Picture:
    """One small picture. pixels: (height, width, 3) uint8, at most PICTURE_EDGE on each side."""

    name: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class SetPreview:
    """What is known of a source so far.

    kind: None while unknown. images: files named as images; `is_counted` once that is all of them.
    sampled: how many of them were looked into; formats, sizes (width, height), dtypes and bands count those, most
    common first. damaged: those among them that cannot be used. labels: class -> images, of all names.
    ignored: which files are left out and why, in words. notes: other findings in words.
    folders: sub-folders that hold images and are named like sets of their own ("train", "test", "gan_v1").
    problem, hint: why the source cannot be taken in, and what to do; "" when it can. is_done: nothing more will come.
    """

    path: Path
    kind: SourceKind | None = None
    images: int = 0
    is_counted: bool = False
    sampled: int = 0
    formats: dict[str, int] = field(default_factory=dict)
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    dtypes: dict[str, int] = field(default_factory=dict)
    bands: dict[int, int] = field(default_factory=dict)
    damaged: tuple[SkippedImage, ...] = ()
    labels: dict[str, int] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    folders: tuple[Path, ...] = ()
    problem: str = ""
    hint: str = ""
    is_done: bool = False


def look_at(path: Path, check: Callable[[], None], on_change: Callable[[SetPreview], None]) -> None:
    """Look at a source quickly, telling what is known as it grows; the last one told is done.

    Names are counted; the headers of SAMPLE images are read, and images that are small are decoded to their end. The
    looking into images ends after about 5 s, whatever the disk. Writes nothing. Slow sources make it long: not for the
    GUI thread. check: called for each folder and image, raises to stop.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - as in `scan`
    look = _Look(path, check, on_change)
    try:
        look.run()
    except UserError as error:
        on_change(SetPreview(path, problem=error.message, hint=error.hint, is_counted=True, is_done=True))
    finally:
        close_zip()


class _Look:
    def __init__(self, path: Path, check: Callable[[], None], on_change: Callable[[SetPreview], None]) -> None:
        self._path, self._check, self._on_change = path, check, on_change
        self._began = self._told = time.monotonic()
        self._seen: set[str] = set()
        self._formats: Counter[str] = Counter()
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._dtypes: Counter[str] = Counter()
        self._bands: Counter[int] = Counter()
        self._damaged: list[SkippedImage] = []
        self._pictures: list[Picture] = []

    def run(self) -> None:
        listing = list_container(self._path, self._check, self._on_listed)
        if not listing.entries:
            raise (
                nothing_found(self._path, listing)
                if not listing.skipped
                else nothing_usable(self._path, listing.skipped)
            )
        labels, notes = image_classes(self._path, listing, [entry.name for entry in listing.entries])
        classes = dict(Counter(label for label in labels if label is not None).most_common())
        folders, ignored = _folders_of_sets(self._path, listing), _ignored(listing)

        def known(is_done: bool) -> SetPreview:
            return self._known(
                listing, is_counted=True, labels=classes, ignored=ignored, notes=tuple(notes), folders=folders,
                is_done=is_done,
            )  # fmt: skip

        self._on_change(known(False))
        for entry in _spread(listing.entries, SAMPLE):
            if len(self._seen) >= SAMPLE or time.monotonic() - self._began > _MOST_SECONDS:
                break
            self._look_into(entry)
            self._tell_if_due(lambda: known(False))
        if len(self._damaged) == len(listing.entries):
            raise nothing_usable(self._path, [*self._damaged, *listing.skipped])
        self._on_change(known(True))

    def _on_listed(self, listing: Listing) -> None:
        # A folder of a million files is one turn of the listing's own check.
        if time.monotonic() - self._told < _TELL_SECONDS:
            return
        self._check()
        if not self._seen and time.monotonic() - self._began > _FIRST_SECONDS:
            for entry in listing.entries[:_FIRST]:
                self._look_into(entry)
        self._tell_if_due(lambda: self._known(listing))

    def _tell_if_due(self, known: Callable[[], SetPreview]) -> None:
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self._on_change(known())
            self._told = time.monotonic()

    def _known(self, listing: Listing, **more: Any) -> SetPreview:
        return SetPreview(
            self._path, listing.kind, len(listing.entries), sampled=len(self._seen),
            formats=dict(self._formats.most_common()), sizes=dict(self._sizes.most_common()),
            dtypes=dict(self._dtypes.most_common()), bands=dict(self._bands.most_common()),
            damaged=tuple(self._damaged), pictures=tuple(self._pictures), **more,
        )  # fmt: skip

    def _look_into(self, entry: Entry) -> None:
        self._check()
        if entry.name in self._seen:
            return
        self._seen.add(entry.name)
        is_cut = False
        try:
            source = _bytes_of(entry)
            is_cut = source is not None and len(source) == _WHOLE_BYTES
            header = read_header(entry.path if source is None else source)
            width, height, bands, dtype = header.width, header.height, header.bands, header.dtype
            if source is not None and not is_cut and width * height <= _WHOLE_PIXELS:
                native = read_native(source, entry.name)
                # Turned upright, palettes undone: as the scan will find it.
                height, width = native.samples.shape[:2]
                bands, dtype = native.bands, native.dtype
                if len(self._pictures) < PICTURES:
                    self._pictures.append(Picture(entry.name, _small(native)))
        except (ImageProblem, MemoryError) as error:
            # Of a member that was cut short nothing bad is known.
            if isinstance(error, ImageProblem) and not is_cut:
                self._damaged.append(SkippedImage(entry.name, error.reason))
            return
        self._formats[header.kind] += 1
        self._sizes[width, height] += 1
        self._dtypes[dtype] += 1
        self._bands[bands] += 1


def _bytes_of(entry: Entry) -> bytes | None:
    """Return the bytes of an image; None for a file too large to be worth it. The header of a large member is cut."""
    if entry.member is not None:
        return read_member(entry.path, entry.member, _WHOLE_BYTES)
    try:
        if entry.path.stat().st_size > _WHOLE_BYTES:
            return None
        return entry.path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageProblem(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _small(native: NativeImage) -> NDArray[np.uint8]:
    pixels = to_rgb8(native, _AS_STORED if native.dtype == "uint8" else _FOR_DISPLAY)
    picture = Image.fromarray(pixels)
    picture.thumbnail((PICTURE_EDGE, PICTURE_EDGE), Image.Resampling.BOX)
    return np.ascontiguousarray(picture)


def _spread(entries: list[Entry], count: int) -> Iterable[Entry]:
    """Return `count` entries spread evenly, the outermost of a bisection first: what is seen early stands for all."""
    places = range(len(entries)) if len(entries) <= count else [i * len(entries) // count for i in range(count)]
    order = sorted(range(len(places)), key=lambda i: int(f"{i:08b}"[::-1], 2) if len(places) <= 256 else i)
    return (entries[places[i]] for i in order)


def _ignored(listing: Listing) -> tuple[str, ...]:
    words = misnamed_notes(listing)
    others = listing.others
    if others:
        words.append(f"{counted(others.total(), 'file')} of other formats ({_suffixes(others)}): not images read here")
    if listing.companions:
        total = counted(listing.companions.total(), "file")
        words.append(f"{total} beside the images ({_suffixes(listing.companions)}): notes, tables or labels, no images")
    reasons: dict[str, list[str]] = {}
    for item in listing.skipped:
        reasons.setdefault(item.reason, []).append(item.name)
    words += [f"{counted(len(names), 'image')} (first: {names[0]}): {why}" for why, names in reasons.items()]
    return tuple(words)


def _suffixes(counts: Counter[str]) -> str:
    named = ", ".join(f"{count:,} {suffix}" for suffix, count in counts.most_common(_SUFFIXES_NAMED))
    return f"{named}, …" if len(counts) > _SUFFIXES_NAMED else named


def _folders_of_sets(path: Path, listing: Listing) -> tuple[Path, ...]:
    """Return the sub-folders of a folder that are sets of their own by their names, two of which tell a role."""
    if listing.kind is not SourceKind.FOLDER:
        return ()
    names = list(dict.fromkeys(entry.name.partition("/")[0] for entry in listing.entries if "/" in entry.name))
    told = [name for name in names if named_role(name) is not None]
    return tuple(path / name for name in names) if len(told) >= 2 else ()
