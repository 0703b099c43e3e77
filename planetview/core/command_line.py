"""The command line that repeats a run: a request, results or a study as the words of `planetview compare`."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from planetview.core.containers import LIST_SUFFIXES, shown
from planetview.core.datasets import Dataset, Role
from planetview.core.messages import CompareRequest
from planetview.core.results import Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind

Shell = Literal["posix", "powershell"]
# What PowerShell hands on as it is; a comma or an @ would make a list of it.
_PLAIN_IN_POWERSHELL = re.compile(r"[A-Za-z0-9_./:\\=+-]+")
_ROLES_BY_PLACE = (Role.REFERENCE, Role.CANDIDATE)


def default_shell() -> Shell:
    """Return the shell that people of this system paste into."""
    return "powershell" if sys.platform == "win32" else "posix"


def command_line(results: Results, shell: Shell = "posix") -> str:
    """Return the `planetview compare` command that repeats these results.

    Settings at their default are left out. A seeded split is repeated by its share, not by its files. Images that a
    person left out by hand are not part of it.
    """
    return quoted(compare_words(results.datasets, results.settings), shell)


def request_command(request: CompareRequest, shell: Shell = "posix") -> str:
    """Return the `planetview compare` command that asks for the same run as `request`."""
    held_out = (request.held_out,) if request.held_out is not None else ()
    return quoted(compare_words((request.reference, *held_out, *request.candidates), request.settings), shell)


def compare_words(datasets: Iterable[Dataset], settings: RunSettings) -> tuple[str, ...]:
    """Return the arguments, the program's name first, that give these sets and settings."""
    sets = tuple(datasets)
    sources = [_source(one) for role in _ROLES_BY_PLACE for one in sets if one.role is role]
    if settings.split_reference:
        held_out = ["--split-reference", repr(settings.split_reference)]
    else:
        held_out = [word for one in sets if one.role is Role.HELD_OUT for word in ("--held-out", _source(one))]
    options = (*held_out, *settings_words(settings))
    if any(word.startswith("-") for word in sources):
        # Such a word would be read as an option; after "--" there are none.
        return ("planetview", "compare", *options, "--", *sources)
    return ("planetview", "compare", *sources, *options)


def settings_words(settings: RunSettings) -> tuple[str, ...]:
    """Return the options that give these settings, those at their default left out, the seed always."""
    default = RunSettings()
    words: list[str] = []
    if settings.metrics != default.metrics:
        words += ["--metrics", ",".join(settings.metrics) or "none"]
    if settings.extractors != default.extractors:
        words += ["--extractor", ",".join(settings.extractors)]
    # Without the option neighbours are searched in the spaces of the extractors that were named.
    if settings.neighbours_by != settings.extractors:
        words += ["--neighbours-by", ",".join(settings.neighbours_by)]
    if settings.stretch != default.stretch:
        words += ["--stretch", stretch_word(settings.stretch)]
    for option, value, usual in (
        ("--neighbours", settings.neighbours_k, default.neighbours_k),
        ("--random-pairs", settings.random_pairs, default.random_pairs),
        ("--kid-subsets", settings.kid_subsets, default.kid_subsets),
        ("--kid-subset-size", settings.kid_subset_size, default.kid_subset_size),
        ("--device", settings.device, default.device),
        ("--precision", settings.precision, default.precision),
        ("--threads", settings.threads, default.threads),
        ("--memory", settings.memory_mib, default.memory_mib),
    ):
        words += [option, str(value)] if value != usual else []
    return (*words, "--seed", str(settings.seed))


def study_command(study: Path, shell: Shell = "posix") -> str:
    """Return the command that runs a saved study, with its names, settings and excluded images."""
    return quoted(("planetview", "run", str(study.absolute())), shell)


def stretch_word(stretch: Stretch) -> str:
    """Return a stretch as the command line takes it: "none", "fixed:0:4095", "set-percentile:0.5:99.5"."""
    if stretch.kind is StretchKind.NONE:
        return "none"
    return f"{stretch.kind.value}:{stretch.low!r}:{stretch.high!r}"


def quoted(words: Sequence[str], shell: Shell = "posix") -> str:
    """Return `words` as one line that `shell` reads as exactly these words."""
    if shell == "posix":
        return shlex.join(words)
    # In PowerShell only the quote itself has a meaning between single quotes, and doubling it takes that away.
    doubled = ((word, re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", word)) for word in words)
    return " ".join(word if _PLAIN_IN_POWERSHELL.fullmatch(word) else f"'{safe}'" for word, safe in doubled)


def split_name(argument: str) -> tuple[str | None, str]:
    """Return (name of the set or None, path) of an argument "PATH" or "NAME=PATH"; a path that exists is a path."""
    name, equals, path = argument.partition("=")
    if not equals or not name or not path or _exists(argument):
        return None, argument
    return name, path


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _source(dataset: Dataset) -> str:
    path = str(dataset.source)
    is_file = dataset.source.suffix.lower() in {".zip", *LIST_SUFFIXES}
    scanned_name = shown(dataset.source.stem if is_file else dataset.source.name)
    if (dataset.name == scanned_name and "=" not in path) or "=" in dataset.name:
        return path
    return f"{dataset.name}={path}"
