"""Where the images of a study lie: found again after the study, its folders, or both were moved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PureWindowsPath

from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.results import Results


def relative_to(path: Path, folder: Path) -> str | None:
    """Return `path` as seen from `folder`, or None where there is no such way."""
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # another drive on Windows
        return None


def located(stored: str, relative: str | None, folder: Path) -> Path:
    """Return where a source of a study in `folder` is now; where it was when it is nowhere to be found."""
    path = _beside(Path(stored), folder)
    if isinstance(relative, str) and not _exists(path) and _exists(folder / relative):
        return (folder / relative).resolve()
    return path


def relocated(results: Results, moved: Mapping[Path, Path], folder: Path) -> Results:
    """Return results whose images lie where the sources are now.

    moved: path of a source as stored -> path now. Paths that are not absolute are taken as seen from `folder`.
    """
    datasets = tuple(_moved(dataset, moved.get(dataset.source), folder) for dataset in results.datasets)
    return results if datasets == results.datasets else replace(results, datasets=datasets)


def _moved(dataset: Dataset, source: Path | None, folder: Path) -> Dataset:
    now = _beside(dataset.source, folder) if source is None else source
    if now == dataset.source:
        return dataset
    return replace(
        dataset, source=now, images=tuple(_moved_image(image, dataset.source, now, folder) for image in dataset.images)
    )


def _moved_image(image: ImageRecord, old: Path, now: Path, folder: Path) -> ImageRecord:
    if image.path == old:  # a zip
        return replace(image, path=now)
    if image.path.is_relative_to(old):
        return replace(image, path=now / image.path.relative_to(old))
    if image.path.is_relative_to(old.parent) and image.path.is_absolute():  # a list, with its images beside it
        return replace(image, path=now.parent / image.path.relative_to(old.parent))
    return replace(image, path=_beside(image.path, folder))


def _beside(path: Path, folder: Path) -> Path:
    # What another system calls absolute is no place beside the study.
    return path if path.is_absolute() or PureWindowsPath(path).drive else folder / path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
