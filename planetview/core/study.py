"""A study: which datasets, which roles, which settings, and what the last run found."""

from __future__ import annotations

import io
import json
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from pydantic import TypeAdapter

from planetview.core.archives import member_problem
from planetview.core.datasets import Dataset, Role
from planetview.core.decoding import MAX_FILE_BYTES
from planetview.core.errors import UserError
from planetview.core.files import write_atomically
from planetview.core.fingerprints import Fingerprint, fingerprint_document, fingerprint_from
from planetview.core.generation import PathLengthResult
from planetview.core.marks import Marks
from planetview.core.report_options import marking_of
from planetview.core.results import Results
from planetview.core.results_io import results_from_document, results_from_json, results_to_document
from planetview.core.settings import RunSettings
from planetview.core.study_places import located, relative_to, relocated
from planetview.core.study_schema import MIGRATIONS, STUDY_SCHEMA, marks_document, marks_from

STUDY_SUFFIX = ".planetview"
RESULTS_SUFFIX = ".json"
_FORMAT = "planetview study"
_PATH_LENGTHS = TypeAdapter(tuple[PathLengthResult, ...])
# The window's state is a page and some choices; a document of more is not ours.
_MAX_WINDOW_BYTES = 256 * 1024
_MAX_DOCUMENT_BYTES = 256 * 1024**2
# Whatever bytes can make zipfile, the JSON reader, NumPy and pydantic raise.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, UserError, LookupError, ValueError, TypeError,
    AttributeError, EOFError, ArithmeticError, NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StudySource:
    """One dataset of a study by reference: where it is, what it is called, what it is for.

    fingerprint: what it held when the study was saved, None where that is not known.
    """

    path: Path
    name: str
    role: Role
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class Study:
    """What a `.planetview` file holds.

    title: shown in the window; sources: in study order; results: of the last run, or None.
    path_lengths: of the generators measured, oldest first. marks: single images flagged or excluded.
    window: what the window showed, JSON-ready; empty where that is not known.
    extra: entries of the file that this version does not know; kept when it is saved again.
    damaged: parts of the file that could not be read and are left out, in words; never saved.
    marking: how the study is to be handled, shown on every window, page and figure; "" for none.
    """

    title: str = "Untitled study"
    sources: tuple[StudySource, ...] = ()
    settings: RunSettings = field(default_factory=RunSettings)
    results: Results | None = None
    path_lengths: tuple[PathLengthResult, ...] = ()
    marks: Marks = field(default_factory=Marks)
    window: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    damaged: tuple[str, ...] = ()
    marking: str = ""

    def with_fingerprints(self, datasets: tuple[Dataset, ...]) -> Study:
        """Return the study with what its sets hold now; sets that are not among `datasets` keep what is known."""
        known = {dataset.name: Fingerprint.of(dataset) for dataset in datasets}
        return replace(
            self, sources=tuple(replace(one, fingerprint=known.get(one.name, one.fingerprint)) for one in self.sources)
        )


def save_study(study: Study, path: Path) -> None:
    """Write a study to one file, atomically.

    The file is a zip: `study.json`, and with results `results.json` with its arrays as `.npy`
    members. Source paths are stored absolute and relative to the file, so that a folder moved
    together with its study is found; a path that is not absolute is stored as it is and means the
    place beside the file. Raises UserError when the place cannot be written.
    """
    path = path.absolute()
    write_atomically(path, lambda stream: write_study(study, path.parent, stream))


def write_study(study: Study, folder: Path, stream: BinaryIO) -> None:
    """Write the bytes of a study file that is to lie in `folder`."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("study.json", json.dumps(_document(study, folder), indent=1))
        if study.results is None:
            return
        arrays: dict[str, np.ndarray] = {}
        results = results_to_document(study.results, sink=arrays)
        archive.writestr("results.json", json.dumps(results, allow_nan=False), zipfile.ZIP_DEFLATED, 1)
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(f"arrays/{key}.npy", buffer.getvalue())


def _document(study: Study, folder: Path) -> dict[str, Any]:
    return {
        **study.extra,
        "format": _FORMAT,
        "schema": STUDY_SCHEMA,
        "title": study.title,
        "settings": TypeAdapter(RunSettings).dump_python(study.settings, mode="json"),
        "sources": [_source_document(source, folder) for source in study.sources],
        "path_lengths": _PATH_LENGTHS.dump_python(study.path_lengths, mode="json"),
        "marks": marks_document(study.marks),
        "window": dict(study.window),
        "marking": study.marking,
    }


def _source_document(source: StudySource, folder: Path) -> dict[str, Any]:
    is_inside = not source.path.is_absolute()
    return {
        "path": source.path.as_posix() if is_inside else str(source.path),
        "relative": None if is_inside else relative_to(source.path, folder),
        "name": source.name,
        "role": source.role.value,
        "fingerprint": fingerprint_document(source.fingerprint),
    }


def load_study(path: Path) -> Study:
    """Read a study file.

    A source that is missing at its absolute path is looked for relative to the file, and the images of the results
    with it. Parts that are damaged are left out and named in `damaged` (the study still opens, ready to run again).
    A `results.json` opens too, as the study of these results.
    Raises UserError when the file cannot be read, is not a study, or is from a newer version.
    """
    path = path.absolute()
    try:
        if path.suffix.lower() == RESULTS_SUFFIX:
            return _study_of_results(path)
        with zipfile.ZipFile(path) as archive:
            document = json.loads(_member(archive, "study.json", _MAX_DOCUMENT_BYTES))
            return _study_from(_migrated(document), path.parent, archive)
    except OSError as error:
        # bz2 reports damaged data as an OSError without a number.
        if error.errno is not None:
            raise UserError(f"Cannot read '{path}': {os.strerror(error.errno).lower()}.") from error
        raise _not_a_study(path) from error
    except _NewerStudy as error:
        raise error.words() from error
    except _DAMAGE as error:
        raise _not_a_study(path) from error


class _NewerStudy(Exception):
    def __init__(self, schema: int) -> None:
        super().__init__(schema)
        self.schema = schema

    def words(self) -> UserError:
        return UserError(
            f"This study was written by a newer PlanetView (schema {self.schema}; this version reads up to "
            f"{STUDY_SCHEMA}).",
            hint="Open it with a newer version.",
        )


def _not_a_study(path: Path) -> UserError:
    return UserError(
        f"'{path.name}' is not a PlanetView study, or is damaged.",
        hint="The file was left as it is. Start a new study from the same folders.",
    )


def _study_of_results(path: Path) -> Study:
    """Return the study whose sets and settings are those of a `results.json`."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError("too large")
    found = results_from_json(path.read_text(encoding="utf-8"))
    # The part of the reference that a run set aside is made again by the next run.
    whole = {dataset.source: dataset for dataset in reversed(found.datasets)}
    sources = tuple(StudySource(one.source, one.name, one.role) for one in reversed(whole.values()))
    return Study(path.parent.name or Study().title, sources, found.settings, found)


def _member(archive: zipfile.ZipFile, name: str, most: int | None = None) -> bytes:
    info = archive.getinfo(name)
    problem = member_problem(info)
    if problem or (most is not None and info.file_size > most):
        raise ValueError(f"{name}: {problem or 'too large'}")
    return archive.read(info)


def _migrated(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or document["format"] != _FORMAT or type(document["schema"]) is not int:
        raise ValueError("not a study")
    if document["schema"] > STUDY_SCHEMA:
        raise _NewerStudy(document["schema"])
    while document["schema"] < STUDY_SCHEMA:
        document = MIGRATIONS[document["schema"]](document)
    return dict(document)


_KNOWN = {"format", "schema", "title", "settings", "sources", "path_lengths", "marks", "window", "marking"}


def _study_from(document: dict[str, Any], folder: Path, archive: zipfile.ZipFile) -> Study:
    stored = [str(item["path"]) for item in document["sources"]]
    sources = tuple(
        StudySource(
            located(str(item["path"]), item.get("relative"), folder),
            str(item["name"]),
            Role(item["role"]),
            fingerprint_from(item.get("fingerprint")),
        )
        for item in document["sources"]
    )
    damaged: list[str] = []

    def whole(words: str, read: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return read()
        except OSError as error:
            if error.errno is not None:
                raise
        except _DAMAGE:
            pass
        damaged.append(words)
        return otherwise

    results = None
    if "results.json" in archive.namelist():
        results = whole("the results", lambda: _results_from(archive), None)
    if results is not None:
        moved = {Path(old): source.path for old, source in zip(stored, sources, strict=True)}
        results = relocated(results, moved, folder)
    settings = whole(
        "the settings", lambda: TypeAdapter(RunSettings).validate_python(document["settings"]), RunSettings()
    )
    return Study(
        str(document["title"]),
        sources,
        settings,
        results,
        whole("the path lengths", lambda: _PATH_LENGTHS.validate_python(document["path_lengths"]), ()),
        whole("the marks", lambda: marks_from(document["marks"]), Marks()),
        whole("the state of the window", lambda: _window_from(document.get("window")), {}),
        {key: value for key, value in document.items() if key not in _KNOWN},
        # Read before `damaged` is taken: arguments are worked out from the left.
        marking=whole("the marking", lambda: _marking_from(document.get("marking", "")), ""),
        damaged=tuple(damaged),
    )


def _marking_from(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a marking is a text")
    return marking_of(value)


def _window_from(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(json.dumps(value)) > _MAX_WINDOW_BYTES:
        raise ValueError("not the state of a window")
    return value


def _results_from(archive: zipfile.ZipFile) -> Results:
    arrays = {}
    for name in archive.namelist():
        if name.startswith("arrays/") and name.endswith(".npy"):
            arrays[name[7:-4]] = np.load(io.BytesIO(_member(archive, name)), allow_pickle=False)
    return results_from_document(json.loads(_member(archive, "results.json")), arrays)
