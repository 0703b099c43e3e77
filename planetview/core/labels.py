"""Classes of the images of a dataset, from a `labels.csv` or from the sub-folders."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

LABELS_FILE = "labels.csv"
FILE_COLUMNS = ("file", "filename", "path", "image", "name")
LABEL_COLUMNS = ("label", "landform", "class")
MAX_LABELS_BYTES = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class LabelTable:
    """What one labels file says. classes: class by path, relative to the file's own folder."""

    classes: dict[str, str]
    notes: tuple[str, ...] = ()


def path_key(text: str) -> str:
    """Return the form in which paths are compared: `/`, no leading `./`, composed Unicode.

    macOS hands out decomposed names, so a table typed elsewhere would match no accented one.
    """
    parts = [part for part in text.strip().replace("\\", "/").split("/") if part not in ("", ".")]
    return unicodedata.normalize("NFC", "/".join(parts))


def header_columns(row: Sequence[str]) -> dict[str, int]:
    """Return the position of "file" and "label" in a header row, under any of their usual names."""
    cells = [cell.strip().casefold() for cell in row]
    found = {}
    for role, names in (("file", FILE_COLUMNS), ("label", LABEL_COLUMNS)):
        position = next((cells.index(name) for name in names if name in cells), None)
        if position is not None:
            found[role] = position
    return found


def parse_labels(data: bytes) -> LabelTable:
    """Read a labels file: a header with `file` and `label` (or `landform`), then one row an image.

    Raises ValueError, in words for people, when it is no such table.
    """
    if len(data) > MAX_LABELS_BYTES:
        raise ValueError(f"it holds {len(data):,} bytes; at most {MAX_LABELS_BYTES:,} are read")
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except csv.Error as error:
        raise ValueError(f"it is not a table: {error}") from None
    columns = header_columns(rows[0]) if rows else {}
    missing = [f"'{name}'" for name in ("file", "label") if name not in columns]
    if missing:
        raise ValueError(f"its first line names no column {' and no '.join(missing)}")
    classes: dict[str, str] = {}
    short = conflicting = 0
    for row in rows[1:]:
        if not row:
            continue
        if len(row) <= max(columns.values()):
            short += 1
            continue
        key, label = path_key(row[columns["file"]]), row[columns["label"]].strip()
        if key and label:
            conflicting += classes.setdefault(key, label) != label
    notes = []
    if short:
        notes.append(f"{LABELS_FILE}: {short} short rows left out")
    if conflicting:
        notes.append(f"{LABELS_FILE}: {conflicting} files listed with two classes, the first is used")
    return LabelTable(classes, tuple(notes))


def folder_classes(names: Sequence[str], wrapper: str | None = None) -> list[str | None]:
    """Return the first sub-folder of each name when all names have one, else None for each.

    wrapper: a folder that holds everything and says nothing, such as the one inside a zip of its name.
    """
    parts = [name.split("/") for name in names]
    if wrapper is not None and all(len(part) > 1 and part[0] == wrapper for part in parts):
        parts = [part[1:] for part in parts]
    if all(len(part) > 1 for part in parts):
        return [part[0] for part in parts]
    return [None] * len(parts)
