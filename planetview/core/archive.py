"""Collecting a study for archive: one folder or zip with everything that opens it on another computer."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from planetview.core.archive_parts import appearing
from planetview.core.archive_places import Place, places_of
from planetview.core.archive_sinks import FolderSink, Sink, ZipSink
from planetview.core.archive_words import provenance_json, readme
from planetview.core.datasets import Dataset, SourceKind
from planetview.core.errors import ImageProblem, UserError
from planetview.core.files import cannot_write
from planetview.core.formatting import format_bytes
from planetview.core.marks import ImageKey
from planetview.core.readers import os_reason, read_bytes
from planetview.core.results import Results
from planetview.core.results_io import results_to_json
from planetview.core.study import Study, write_study
from planetview.core.tables import values_csv

STUDY_NAME = "study.planetview"
SUMS_NAME = "SHA256SUMS"
_CHUNK_BYTES = 4 * 1024**2
# What a study, its tables and the directory of a zip add for each image, generously.
_BYTES_AN_IMAGE = 2_000

Check = Callable[[], None]
Call = Callable[..., Any]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What was collected. images, size_bytes: copied. left_out: (set, image or "", reason) of what could not be."""

    target: Path
    images: int
    size_bytes: int
    left_out: tuple[tuple[str, str, str], ...] = ()


def _here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def archive_bytes(datasets: tuple[Dataset, ...]) -> int:
    """Return about how many bytes an archive of these sets takes; zips count as a whole."""
    size = 0
    for dataset in datasets:
        size += _BYTES_AN_IMAGE * len(dataset)
        if dataset.kind is SourceKind.ZIP:
            with contextlib.suppress(OSError):
                size += dataset.source.stat().st_size
        else:
            size += sum(image.size_bytes for image in dataset.images)
    return size


def collect(
    study: Study,
    datasets: tuple[Dataset, ...],
    target: Path,
    *,
    documents: Mapping[str, bytes] | None = None,
    check: Check = lambda: None,
    on_progress: OnProgress = lambda done, total: None,
    call: Call = _here,
) -> ArchiveReport:
    """Copy a study and every image of its sets to `target`: a zip if it is called so, else a new folder.

    The archive holds the study file with relative paths, the images under `images/`, results as JSON and CSV,
    `provenance.json`, `README.txt` and `SHA256SUMS`; documents: name -> content of further files.
    datasets: the sets of the study as they were scanned, images that runs leave out included. Sources of the study
    without one of them, and images that cannot be read, are listed in the archive and in the report.
    Nothing is at `target` until everything is there. Links are never made; what they lead to is copied.
    check: called between chunks, raises to cancel. on_progress: called with (done, total) in bytes.
    call: calls a function of a module with picklable arguments; for those whose process must not stand still meanwhile.
    Raises UserError when the target exists, when there is too little space, or when the machine refuses.
    """
    target = target.absolute()
    needed = archive_bytes(datasets)
    as_zip = target.suffix.lower() == ".zip"
    _refuse(target, needed, as_zip)
    job = _Collection(study, datasets, dict(documents or {}), check, on_progress, needed, call)
    with appearing(target) as part:
        if as_zip:
            with part.open("xb") as stream:
                with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                    job.fill(ZipSink(archive, target.stem))
                stream.flush()
                os.fsync(stream.fileno())
        else:
            part.mkdir()
            job.fill(FolderSink(part))
    return ArchiveReport(target, job.images, job.done, tuple(job.left_out))


def _refuse(target: Path, needed: int, as_zip: bool) -> None:
    """Raise UserError for a target that exists or a disk that is too full."""
    if os.path.lexists(target) and not as_zip:
        raise UserError(f"'{target}' exists already.", hint="Choose a new name: nothing is written into a folder.")
    there = next((place for place in target.parents if place.is_dir()), None)
    if there is None:
        return
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        raise cannot_write(target, error) from error
    if free < needed:
        raise UserError(
            f"The archive needs about {format_bytes(needed)}; {format_bytes(free)} are free at '{there}'.",
            hint="Free some space, or choose another disk.",
            exit_code=4,
        )


class _Collection:
    """One archive while it is filled. images, done: copied so far, images and bytes."""

    def __init__(
        self,
        study: Study,
        datasets: tuple[Dataset, ...],
        documents: dict[str, bytes],
        check: Check,
        on_progress: OnProgress,
        needed: int,
        call: Call,
    ) -> None:
        self._study, self._documents, self._check = study, documents, check
        self._on_progress, self._needed, self._call = on_progress, max(needed, 1), call
        self._places = places_of(datasets)
        self.images = self.done = 0
        self.left_out: list[tuple[str, str, str]] = []

    def fill(self, sink: Sink) -> None:
        """Write everything into `sink`, what was left out before the words that tell of it."""
        found = {place.dataset.name for place in self._places}
        for source in self._study.sources:
            if source.name not in found:
                self.left_out.append((source.name, "", f"the set could not be read from '{source.path}'"))
        collected = [self._copy(place, sink) for place in self._places]
        for name, content in self._call(_study_files, self._study, self._places, tuple(collected)).items():
            sink.add(name, content)
        for name, content in self._documents.items():
            sink.add(name, content)
        datasets = tuple(place.dataset for place in self._places)
        sink.add("provenance.json", provenance_json(self._study, datasets, self.left_out))
        sink.add("README.txt", readme(self._study, datasets, self.left_out))
        sink.add(SUMS_NAME, sink.sums().encode("utf-8", "backslashreplace"), is_summed=False)

    def _copy(self, place: Place, sink: Sink) -> Place:
        """Copy one set, and return its place with the images that are there."""
        if place.dataset.kind is SourceKind.ZIP:
            return self._copy_zip(place, sink)
        kept = []
        for image in place.dataset.images:
            self._check()
            try:
                data = read_bytes(image.path, image.member)
            except ImageProblem as problem:
                self.left_out.append((place.dataset.name, image.name, problem.reason))
                continue
            digest = sink.add(f"{place.folder}/{place.names[image.name]}", data)
            if digest != image.digest:
                self.left_out.append((place.dataset.name, image.name, "copied, but changed since it was read"))
            kept.append(image)
            self._count(1, len(data) + _BYTES_AN_IMAGE)
        place = place.holding(tuple(kept))
        for name, content in place.companions():
            sink.add(f"{place.folder}/{name}", content)
        return place

    def _copy_zip(self, place: Place, sink: Sink) -> Place:
        try:
            stream = place.dataset.source.open("rb")
        except OSError as error:
            self.left_out.append((place.dataset.name, "", os_reason(error)))
            return place.holding(())
        with stream:
            sink.add_chunks(place.source, self._chunks(stream))
        self._count(len(place.dataset), _BYTES_AN_IMAGE * len(place.dataset))
        return place

    def _chunks(self, stream: BinaryIO) -> Iterator[bytes]:
        while True:
            self._check()
            try:
                chunk = stream.read(_CHUNK_BYTES)
            except OSError as error:
                words = f"'{stream.name}' cannot be read to its end: {os_reason(error)}."
                raise UserError(words, hint="Copy it again, or take the set out of the study.", exit_code=4) from error
            if not chunk:
                return
            yield chunk
            self._count(0, len(chunk))

    def _count(self, images: int, size: int) -> None:
        self.images += images
        self.done += size
        self._on_progress(min(self.done, self._needed), self._needed)


def _study_files(study: Study, places: tuple[Place, ...], collected: tuple[Place, ...]) -> dict[str, bytes]:
    """Return name -> content of the study and its tables, with the paths, names and contents of the archive."""
    by_name = {place.dataset.name: place for place in collected}
    sources = tuple(
        replace(source, path=Path(by_name[source.name].source)) if source.name in by_name else source
        for source in study.sources
    )
    marks = study.marks.with_keys(lambda keys: _renamed(keys, by_name))
    results = study.results if study.results is None else _moved(study.results, places)
    study = replace(study, sources=sources, marks=marks, results=results)
    study = study.with_fingerprints(tuple(place.portable(place.dataset) for place in collected))
    buffer = io.BytesIO()
    write_study(study, Path(os.sep), buffer)
    files = {STUDY_NAME: buffer.getvalue()}
    if study.results is not None:
        files["results.json"] = results_to_json(study.results).encode("utf-8", "backslashreplace")
        files["results.csv"] = values_csv(study.results.values).encode("utf-8", "backslashreplace")
    return files


def _renamed(keys: frozenset[ImageKey], places: Mapping[str, Place]) -> frozenset[ImageKey]:
    return frozenset(
        (dataset, places[dataset].names.get(image, image) if dataset in places else image) for dataset, image in keys
    )


def _moved(results: Results, places: tuple[Place, ...]) -> Results:
    """Return results whose images lie in the archive; sets that are no longer in the study keep their paths."""
    by_source = {place.dataset.source: place for place in places}
    datasets = tuple(
        by_source[dataset.source].portable(dataset) if dataset.source in by_source else dataset
        for dataset in results.datasets
    )
    return replace(results, datasets=datasets)
