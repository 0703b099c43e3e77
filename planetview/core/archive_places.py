"""Where each set of a study goes in an archive, under names that every file system takes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from planetview.core.datasets import Dataset, ImageRecord, SourceKind
from planetview.core.labels import LABELS_FILE, folder_classes

IMAGES_FOLDER = "images"
LIST_NAME = "list.csv"
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|[\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_MOST_NAME_BYTES = 80


@dataclass(frozen=True)
class Place:
    """One set in an archive; paths are relative to the archive, with `/`.

    folder: of its images. source: what the study names: the folder, the zip in it, or the list in it.
    names: name of an image -> its path below `folder`; equal but for names that lead out of it.
    """

    dataset: Dataset
    folder: str
    source: str
    names: dict[str, str]

    def holding(self, images: tuple[ImageRecord, ...]) -> Place:
        """Return the place with these images only."""
        return self if len(images) == len(self.dataset) else replace(self, dataset=replace(self.dataset, images=images))

    def portable(self, dataset: Dataset) -> Dataset:
        """Return this set, or a part of it that a run made, with its paths and names in the archive."""
        return replace(
            dataset, source=Path(self.source), images=tuple(self._portable(image) for image in dataset.images)
        )

    def companions(self) -> Iterator[tuple[str, bytes]]:
        """Yield (name, content) of the files beside the images without which they would be read otherwise."""
        images, names = self.dataset.images, self.names
        if self.dataset.kind is SourceKind.LIST:
            yield LIST_NAME, _table((names[image.name], image.label or "") for image in images)
            return
        labels = [image.label for image in images]
        if any(labels) and labels != folder_classes([image.name for image in images]):
            yield LABELS_FILE, _table((names[image.name], image.label) for image in images if image.label)

    def _portable(self, image: ImageRecord) -> ImageRecord:
        if self.dataset.kind is SourceKind.ZIP:
            return replace(image, path=Path(self.source))
        name = self.names.get(image.name, image.name)
        return replace(image, name=name, path=Path(self.folder) / name)


def places_of(datasets: tuple[Dataset, ...]) -> tuple[Place, ...]:
    """Return a place for each set, each in a folder of its own that is called after the set."""
    taken: set[str] = set()
    return tuple(_place(dataset, taken) for dataset in datasets)


def _place(dataset: Dataset, taken: set[str]) -> Place:
    folder = f"{IMAGES_FOLDER}/{_free(portable_name(dataset.name), taken)}"
    if dataset.kind is SourceKind.ZIP:
        # Classes can depend on the name of the zip.
        stem = portable_name(dataset.source.stem)
        return Place(dataset, folder, f"{folder}/{stem}.zip", {image.name: image.name for image in dataset.images})
    if dataset.kind is SourceKind.FOLDER:
        return Place(dataset, folder, folder, {image.name: image.name for image in dataset.images})
    used: set[str] = {LIST_NAME}
    names = {image.name: _free(_inside(image.name), used) for image in dataset.images}
    return Place(dataset, folder, f"{folder}/{LIST_NAME}", names)


def portable_name(name: str) -> str:
    """Return a name for a folder or file that Windows, macOS and Linux all take; never empty."""
    safe = _FORBIDDEN.sub("_", name).strip(" .") or "set"
    if _RESERVED.fullmatch(safe):
        safe = f"_{safe}"
    return safe.encode("utf-8")[:_MOST_NAME_BYTES].decode("utf-8", "ignore").rstrip(" .")


def _inside(name: str) -> str:
    """Return a name of a list's image as a path that stays below its folder."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "image"


def _free(name: str, taken: set[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    base, end = (stem, dot + suffix) if stem and "/" not in suffix else (name, "")
    free, number = name, 2
    # Two names that differ in case alone are one on Windows and macOS.
    while free.casefold() in taken:
        free, number = f"{base} ({number}){end}", number + 1
    taken.add(free.casefold())
    return free


def _table(rows: Iterator[tuple[str, str | None]]) -> bytes:
    text = io.StringIO(newline="")
    # Quoted throughout: a name that begins with # would be read as a comment.
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("file", "label"))
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")
