"""The command line that repeats a study."""

from __future__ import annotations

import shlex

from planetview.core.datasets import Dataset, Role
from planetview.core.results import Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind


def command_line(results: Results) -> str:
    """Return the `planetview compare` command that repeats these results, quoted for a POSIX shell.

    Settings at their default are left out. A seeded split is repeated by its share, not by its files.
    """
    settings, default = results.settings, RunSettings()
    parts = ["planetview", "compare"]
    parts += [_source(d) for role in (Role.REFERENCE, Role.CANDIDATE) for d in results.with_role(role)]
    if settings.split_reference:
        parts += ["--split-reference", repr(settings.split_reference)]
    else:
        parts += [word for held_out in results.with_role(Role.HELD_OUT) for word in ("--held-out", _source(held_out))]
    if settings.metrics != default.metrics:
        parts += ["--metrics", ",".join(settings.metrics)]
    if settings.extractors != default.extractors:
        parts += ["--extractor", ",".join(settings.extractors)]
    if settings.neighbours_by != default.neighbours_by:
        parts += ["--neighbours-by", ",".join(settings.neighbours_by)]
    if settings.stretch != default.stretch:
        parts += ["--stretch", stretch_word(settings.stretch)]
    if settings.device != default.device:
        parts += ["--device", settings.device]
    return shlex.join([*parts, "--seed", str(settings.seed)])


def stretch_word(stretch: Stretch) -> str:
    """Return a stretch as the command line takes it: "none", "fixed:0:4095", "set-percentile:0.5:99.5"."""
    if stretch.kind is StretchKind.NONE:
        return "none"
    return f"{stretch.kind.value}:{stretch.low!r}:{stretch.high!r}"


def _source(dataset: Dataset) -> str:
    # A name that begins with a dash would be read as an option.
    path = str(dataset.source)
    return f"./{path}" if path.startswith("-") else path
