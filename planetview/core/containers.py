"""What a folder, zip or list file holds: candidates for images, in natural order, nothing decoded yet."""

from __future__ import annotations

import csv
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from planetview.core.archives import list_members, member_problem, read_member
from planetview.core.datasets import SkippedImage, SourceKind
from planetview.core.decoding import SUFFIXES, image_format
from planetview.core.errors import ImageProblem, UserError
from planetview.core.labels import LABELS_FILE, header_columns, path_key
from planetview.core.readers import os_reason

LIST_SUFFIXES = frozenset({".txt", ".lst", ".csv"})
IMAGE_SUFFIXES = frozenset().union(*SUFFIXES.values())

_COMPANIONS = frozenset({
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".md", ".html", ".xml", ".lbl", ".tfw", ".pgw",
    ".jgw", ".wld", ".prj", ".lst", ".pdf", ".py", ".log", ".ini", ".db", ".pt", ".pth", ".pkl", ".npz", ".npy",
})  # fmt: skip
_HEAD_BYTES = 32
_MAX_LIST_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Entry:
    """One candidate for an image. name: as in ImageRecord; path, member: where its bytes are."""

    name: str
    path: Path
    member: str | None = None


@dataclass
class Listing:
    """What a container holds.

    entries: files named as images, in natural order. skipped: those of them that cannot be tried.
    others: count by suffix of files left out that are no known companions of images.
    misnamed: count by suffix of those among them that begin like an image.
    companions: count by suffix of the files left out that often lie beside images: notes, tables, labels.
    classes: class by name, where the container itself is a table with a class column.
    """

    kind: SourceKind
    entries: list[Entry] = field(default_factory=list)
    skipped: list[SkippedImage] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    misnamed: Counter[str] = field(default_factory=Counter)
    companions: Counter[str] = field(default_factory=Counter)
    classes: dict[str, str] = field(default_factory=dict)


def shown(name: str) -> str:
    """Return a name that any file, database and screen can take: undecodable bytes become `\\xNN`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def natural_key(name: str) -> list[list[tuple[int, int, str]]]:
    """Return a sort key by which "tile_2" comes before "tile_10", folder by folder."""
    # Compared as text by length, since int() refuses numbers of thousands of digits.
    return [
        [(i % 2, len(piece.lstrip("0")) if i % 2 else 0, piece.lstrip("0") if i % 2 else piece.casefold())
         for i, piece in enumerate(re.split(r"([0-9]+)", part))]
        for part in name.split("/")
    ]  # fmt: skip


def list_container(
    path: Path, check: Callable[[], None], on_listed: Callable[[Listing], None] = lambda listing: None
) -> Listing:
    """List a folder, a zip or a list file, chosen by what `path` is and how it begins.

    on_listed: called after each file with what was found so far, not yet in order; it must not change it.
    Raises UserError when it is missing, unreadable or none of these.
    """
    try:
        is_folder = path.is_dir()
        head = b"" if is_folder else _head(path)
    except FileNotFoundError:
        raise UserError(
            f"'{shown(str(path))}' does not exist.", "Check the path, or whether the disk is there."
        ) from None
    except (OSError, ValueError) as error:
        hint = "Check the permissions of the file and of the folders above it."
        raise UserError(f"'{shown(str(path))}' cannot be opened: {os_reason(error)}.", hint) from error
    if is_folder:
        listing = _list_folder(path, check, on_listed)
    elif head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or path.suffix.lower() == ".zip":
        listing = _list_zip(path, check, on_listed)
    elif path.suffix.lower() in LIST_SUFFIXES:
        listing = _list_lines(path, check, on_listed)
    else:
        raise _not_a_container(path, head)
    listing.entries.sort(key=lambda entry: (natural_key(entry.name), entry.name))
    _drop_equal_names(listing)
    return listing


def _drop_equal_names(listing: Listing) -> None:
    """Keep one entry a name: a zip can hold `a/b.png` and `a\\b.png`, a list `/b.png` and `b.png`."""
    first: dict[str, Entry] = {}
    for entry in listing.entries:
        if first.setdefault(entry.name, entry) is not entry:
            listing.skipped.append(SkippedImage(entry.name, "another file has the same name: only one is used"))
    listing.entries = list(first.values())


def _not_a_container(path: Path, head: bytes) -> UserError:
    name = shown(path.name)
    if image_format(head):
        return UserError(f"'{name}' is one image, not a set of images.", "Give the folder that holds it.")
    hint = "Give a folder of images, a zip, or a text file that lists one image path per line."
    return UserError(f"'{name}' is neither a folder, a zip nor a list of images.", hint)


def _head(path: Path) -> bytes:
    """Return the first bytes of a regular file; a pipe would block for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("not a regular file")
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _list_folder(root: Path, check: Callable[[], None], on_listed: Callable[[Listing], None]) -> Listing:
    listing = Listing(SourceKind.FOLDER)
    for relative, problem in _walk(root, check):
        name, path = shown(relative), root / relative
        if problem:
            listing.skipped.append(SkippedImage(name, problem))
        elif path.suffix.lower() not in IMAGE_SUFFIXES:
            _count_other(listing, path.suffix, partial(_head, path))
        elif reason := _file_problem(path):
            listing.skipped.append(SkippedImage(name, reason))
        else:
            listing.entries.append(Entry(name, path))
        on_listed(listing)
    return listing


def _walk(root: Path, check: Callable[[], None]) -> Iterator[tuple[str, str]]:
    """Yield (path relative to root with `/`, problem or "") of every file, following folder links once."""
    seen: set[tuple[int, int]] = set()
    pending = [""]
    while pending:
        check()
        folder = pending.pop()
        try:
            status = (root / folder).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root / folder) as found:
                entries = [(entry.name, _leads_to_folder(entry)) for entry in found if not _is_hidden(entry.name)]
        except OSError as error:
            if not folder:
                hint = "Check the permissions of the folder."
                raise UserError(f"'{shown(str(root))}' cannot be listed: {os_reason(error)}.", hint) from error
            yield folder, f"folder {os_reason(error)}"
            continue
        for name, is_folder in sorted(entries):
            relative = f"{folder}/{name}" if folder else name
            if is_folder:
                pending.append(relative)
            else:
                yield relative, ""


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    # entry.is_dir() raises for a link that points to itself; os.path.isdir answers False.
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))  # noqa: PTH112


def _file_problem(path: Path) -> str | None:
    try:
        return None if stat.S_ISREG(path.stat().st_mode) else "not a regular file"
    except (OSError, ValueError) as error:
        return os_reason(error)


def _count_other(listing: Listing, suffix: str, head: Callable[[], bytes]) -> None:
    suffix = shown(suffix.lower())
    if suffix in _COMPANIONS:
        listing.companions[suffix] += 1
        return
    try:
        is_image = image_format(head()) is not None
    except (OSError, ImageProblem):
        is_image = False
    if is_image:
        listing.misnamed[suffix or "no suffix"] += 1
    elif suffix:
        listing.others[suffix] += 1


def _list_zip(path: Path, check: Callable[[], None], on_listed: Callable[[Listing], None]) -> Listing:
    listing = Listing(SourceKind.ZIP)
    try:
        members = list_members(path)
    except ImageProblem as problem:
        hint = "Copy or download it again, or unpack it and give the folder."
        raise UserError(f"'{shown(path.name)}': {problem.reason}.", hint, exit_code=3) from problem
    last = {info.filename: info for info in members}
    for info in members:
        check()
        on_listed(listing)
        name = shown(info.filename.replace("\\", "/"))
        parts = name.split("/")
        suffix = Path(parts[-1]).suffix.lower()
        refusal = member_problem(info)
        if any(_is_hidden(part) for part in parts if part not in (".", "..")):
            continue
        if suffix not in IMAGE_SUFFIXES:
            if refusal is None:
                _count_other(listing, suffix, partial(read_member, path, info.filename, _HEAD_BYTES))
        elif refusal is not None:
            listing.skipped.append(SkippedImage(name, refusal))
        elif last[info.filename] is not info:
            listing.skipped.append(SkippedImage(name, "its name occurs again in the zip: the last one is used"))
        else:
            listing.entries.append(Entry(name, path, info.filename))
    return listing


def _list_lines(path: Path, check: Callable[[], None], on_listed: Callable[[Listing], None]) -> Listing:
    listing = Listing(SourceKind.LIST)
    seen: set[str] = set()
    for line, label in _lines(path):
        check()
        on_listed(listing)
        name = shown(path_key(line))
        target = path.parent / line.replace("\\", "/") if os.sep == "/" else path.parent / line
        if problem := _listed_problem(target):
            listing.skipped.append(SkippedImage(name, problem))
            continue
        place = os.path.realpath(target)
        if place in seen:
            listing.skipped.append(SkippedImage(name, "listed twice: used once"))
            continue
        seen.add(place)
        listing.entries.append(Entry(name, target))
        if label:
            listing.classes[name] = label
    return listing


def _listed_problem(target: Path) -> str | None:
    try:
        if target.is_dir():
            return "a folder: list its images one by one"
    except ValueError:
        return "not a path"
    return _file_problem(target)


def _lines(path: Path) -> Iterable[tuple[str, str | None]]:
    """Return (path as written, class or None) of every line that is neither blank nor a `#` comment."""
    with path.open("rb") as stream:
        data = stream.read(_MAX_LIST_BYTES + 1)
    if len(data) > _MAX_LIST_BYTES or b"\x00" in data:
        hint = "A list is a text file with one image path per line."
        raise UserError(f"'{shown(path.name)}' is not a list of images.", hint)
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if path.suffix.lower() != ".csv":
        return [(line, None) for line in lines]
    try:
        rows = [row for row in csv.reader(lines) if row]
    except csv.Error as error:
        raise UserError(f"'{shown(path.name)}' is not a table: {error}.", "Save it as UTF-8 CSV.") from error
    columns = header_columns(rows[0]) if rows else {}
    place, label = columns.get("file", 0), columns.get("label")
    return [
        (row[place], row[label].strip() if label is not None and len(row) > label else None)
        for row in (rows[1:] if "file" in columns else rows)
        if len(row) > place and row[place].strip()
    ]


def labels_files(source: Path, listing: Listing) -> Iterator[tuple[str, Path, str | None]]:
    """Yield (prefix of image names, file, zip member) of the labels files that may speak of this dataset.

    The dataset's own comes first, then that of its parent folder, which names images below
    the dataset's own name.
    """
    if listing.kind is SourceKind.ZIP:
        if any(info.filename == LABELS_FILE for info in list_members(source)):
            yield "", source, LABELS_FILE
        return
    folder = source if listing.kind is SourceKind.FOLDER else source.parent
    places = [("", folder / LABELS_FILE)]
    if listing.kind is SourceKind.FOLDER:
        places.append((f"{source.resolve().name}/", source.resolve().parent / LABELS_FILE))
    for prefix, place in places:
        if place.is_file() and place != source:
            yield prefix, place, None
