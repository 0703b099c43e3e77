"""What dropped or chosen paths are: a study, a generator, sources of images, or an image whose folder is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from planetview.core.decoding import SUFFIXES
from planetview.core.study import RESULTS_SUFFIX, STUDY_SUFFIX

_IMAGE_SUFFIXES = frozenset().union(*SUFFIXES.values())
GENERATOR_SUFFIXES = (".pkl", ".safetensors", ".onnx", ".pt", ".pt2", ".generator.json")


@dataclass(frozen=True, slots=True)
class Sorted:
    """studies: `.planetview` files and `results.json`. sources: folders, zips, lists.

    folders: those that hold the dropped images. generators: files with a suffix of networks.
    """

    studies: tuple[Path, ...] = ()
    sources: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    generators: tuple[Path, ...] = ()


def sort_paths(paths: Iterable[Path]) -> Sorted:
    """Tell by suffix what each path is; anything unknown counts as a source, and its scan says what is wrong."""
    studies, sources, folders, generators = [], [], [], []
    for path in dict.fromkeys(paths):
        suffix = path.suffix.lower()
        is_generator = path.name.lower().endswith(GENERATOR_SUFFIXES)
        if suffix in (STUDY_SUFFIX, RESULTS_SUFFIX) and not is_generator and not path.is_dir():
            studies.append(path)
        elif suffix in _IMAGE_SUFFIXES and not path.is_dir():
            folders.append(path.parent)
        elif is_generator and not path.is_dir():
            generators.append(path)
        else:
            sources.append(path)
    return Sorted(tuple(studies), tuple(sources), tuple(dict.fromkeys(folders)), tuple(generators))
