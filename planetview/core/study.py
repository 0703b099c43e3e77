"""A study: which datasets, which roles, which settings, and what the last run found."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydantic import TypeAdapter, ValidationError

from planetview.core.datasets import Role
from planetview.core.errors import UserError
from planetview.core.files import write_atomically
from planetview.core.generation import PathLengthResult
from planetview.core.marks import Marks
from planetview.core.results import Results
from planetview.core.results_io import results_from_document, results_to_document
from planetview.core.settings import RunSettings

STUDY_SCHEMA = 1
STUDY_SUFFIX = ".planetview"
_PATH_LENGTHS = TypeAdapter(tuple[PathLengthResult, ...])
# A study of 50,000 images takes about 40 MB; more than this is not one of ours.
_MAX_MEMBER_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class StudySource:
    """One dataset of a study by reference: where it is, what it is called, what it is for."""

    path: Path
    name: str
    role: Role


@dataclass(frozen=True)
class Study:
    """What a `.planetview` file holds.

    title: shown in the window; sources: in study order; results: of the last run, or None.
    path_lengths: of the generators measured, oldest first. marks: single images flagged or excluded.
    """

    title: str = "Untitled study"
    sources: tuple[StudySource, ...] = ()
    settings: RunSettings = field(default_factory=RunSettings)
    results: Results | None = None
    path_lengths: tuple[PathLengthResult, ...] = ()
    marks: Marks = field(default_factory=Marks)


def save_study(study: Study, path: Path) -> None:
    """Write a study to one file, atomically.

    The file is a zip: `study.json`, and with results `results.json` with its arrays as `.npy`
    members. Source paths are stored absolute and relative to the file, so that a folder moved
    together with its study is found. Raises UserError when the place cannot be written.
    """
    path = path.absolute()
    write_atomically(path, lambda stream: _write_zip(study, path.parent, stream))


def _write_zip(study: Study, folder: Path, stream: BinaryIO) -> None:
    document = {
        "format": "planetview study",
        "schema": STUDY_SCHEMA,
        "title": study.title,
        "settings": TypeAdapter(RunSettings).dump_python(study.settings, mode="json"),
        "sources": [
            {"path": str(s.path), "relative": _relative(s.path, folder), "name": s.name, "role": s.role.value}
            for s in study.sources
        ],
        "path_lengths": _PATH_LENGTHS.dump_python(study.path_lengths, mode="json"),
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("study.json", json.dumps(document, indent=1))
        if study.results is None:
            return
        arrays: dict[str, np.ndarray] = {}
        results = results_to_document(study.results, sink=arrays)
        archive.writestr("results.json", json.dumps(results, allow_nan=False), zipfile.ZIP_DEFLATED, 1)
        for key, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            archive.writestr(f"arrays/{key}.npy", buffer.getvalue())


def _relative(path: Path, folder: Path) -> str | None:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return None


# Each entry turns a document of its schema into one of the next.
_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def load_study(path: Path) -> Study:
    """Read a study file.

    A source that is missing at its absolute path is looked for relative to the file. Results that
    are damaged are left out (the study still opens, ready to run again).
    Raises UserError when the file cannot be read, is not a study, or is from a newer version.
    """
    path = path.absolute()
    try:
        with zipfile.ZipFile(path) as archive:
            document = json.loads(_member(archive, "study.json"))
            study = _study_from(document, path.parent)
            if "results.json" not in archive.namelist():
                return study
            try:
                return replace(study, results=_results_from(archive))
            except (UserError, ValueError, KeyError, zipfile.BadZipFile):
                return study
    except OSError as error:
        raise UserError(f"Cannot read '{path}': {os.strerror(error.errno or 0).lower()}.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, ValidationError) as error:
        raise UserError(
            f"'{path.name}' is not a PlanetView study, or is damaged.",
            hint="The file was left as it is. Start a new study from the same folders.",
        ) from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MAX_MEMBER_BYTES:
        raise ValueError(f"{name} is too large")
    return archive.read(name)


def _study_from(document: dict[str, Any], folder: Path) -> Study:
    schema = document["schema"]
    if document["format"] != "planetview study":
        raise ValueError("not a study")
    if schema > STUDY_SCHEMA:
        raise UserError(
            f"This study was written by a newer PlanetView (schema {schema}; this version reads up to {STUDY_SCHEMA}).",
            hint="Open it with a newer version.",
        )
    while schema < STUDY_SCHEMA:
        document = _MIGRATIONS[schema](document)
        schema = document["schema"]
    sources = tuple(
        StudySource(_locate(item["path"], item.get("relative"), folder), str(item["name"]), Role(item["role"]))
        for item in document["sources"]
    )
    settings = TypeAdapter(RunSettings).validate_python(document["settings"])
    # Files of before there were generators lack them.
    path_lengths = _PATH_LENGTHS.validate_python(document.get("path_lengths", ()))
    return Study(str(document["title"]), sources, settings, path_lengths=path_lengths)


def _locate(absolute: str, relative: str | None, folder: Path) -> Path:
    path = Path(absolute)
    if not path.exists() and relative is not None and (folder / relative).exists():
        return (folder / relative).resolve()
    return path


def _results_from(archive: zipfile.ZipFile) -> Results:
    arrays = {}
    for name in archive.namelist():
        if name.startswith("arrays/") and name.endswith(".npy"):
            arrays[name[7:-4]] = np.load(io.BytesIO(_member(archive, name)), allow_pickle=False)
    return results_from_document(json.loads(_member(archive, "results.json")), arrays)
