"""What front ends hear about generators: what one is, what was sampled from it, how long its paths are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from planetview.core.errors import UserError
from planetview.core.stats import Interval

NoiseUse = Literal["random", "const", "none"]
GENERATION_FILE = "generation.json"
_MOST_LABEL_BYTES = 1 << 30
_MOST_CLASSES = 16_384


@dataclass(frozen=True, slots=True)
class GeneratorDescription:
    """An opened generator in plain values.

    format: "stylegan2", "stylegan3", "onnx", "torchscript" or "torch.export". sha256: of the file. source: where the
    network comes from, in words. z_dim, num_ws, w_dim, classes: sizes, 0 where there are none.
    resolution: (height, width). channels: 1 or 3. noise: "controllable", "fixed" or "none".
    truncation: whether it can be truncated. sampling_problem, path_length_problem: why it cannot be used for this, or
    empty. warnings: sentences for the user. safe_copy: the files of the copy that was asked for.
    """

    format: str
    path: Path
    sha256: str
    source: str
    z_dim: int
    num_ws: int
    w_dim: int
    classes: int
    resolution: tuple[int, int]
    channels: int
    noise: str
    truncation: bool
    sampling_problem: str = ""
    path_length_problem: str = ""
    warnings: tuple[str, ...] = ()
    safe_copy: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleResult:
    """Images written to a folder. count: asked for, all there now. skipped: of these, there already.

    notes: what to know about them, in sentences.
    """

    folder: Path
    count: int
    skipped: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """Pictures of a generator to look at. images: (n, height, width, channels) uint8, reduced to the size asked for.

    walk: "w" or "z", the latents that a walk went through; "" for pictures of seeds.
    """

    images: NDArray[np.uint8]
    walk: Literal["", "w", "z"] = ""


@dataclass(frozen=True, slots=True)
class PathLengthValue:
    """One path length, or the reason why there is none.

    variant: id in `PATH_LENGTHS`. value: mean of the samples that were kept, None when not computable; then `reason`
    says why. standard_error, interval: by bootstrap of the trimmed mean. n: samples; kept: those between `low` and
    `high`. text: every setting that names the number exactly, in words.
    """

    variant: str
    value: float | None = None
    standard_error: float | None = None
    interval: Interval | None = None
    n: int = 0
    kept: int = 0
    low: float | None = None
    high: float | None = None
    text: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PathLengthResult:
    """The path lengths of one generator, in the order asked for.

    generator_sha256, source: of its file, and where the network comes from. seed: of every draw.
    notes: deviations from the published settings and other things to know, in sentences.
    """

    generator: Path
    generator_sha256: str
    source: str
    seed: int
    values: tuple[PathLengthValue, ...]
    notes: tuple[str, ...] = ()


def read_class_counts(path: Path) -> tuple[int, ...]:
    """Return how many images each class has, from class 0, by a StyleGAN `dataset.json`: {"labels": [[file, class]]}.

    Raises UserError for anything else.
    """
    try:
        if path.stat().st_size > _MOST_LABEL_BYTES:
            raise ValueError("it is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document.get("labels") if isinstance(document, dict) else None
        if not isinstance(rows, list) or not rows:
            raise ValueError("it lists no labels")
        counts = Counter(row[1] if isinstance(row, list) and len(row) == 2 else None for row in rows)
        classes = [index for index in counts if type(index) is int and 0 <= index < _MOST_CLASSES]
        if len(classes) != len(counts):
            raise ValueError("a label is no class number")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            f"Cannot read the labels '{path}': {reason}.",
            "Give the dataset.json of the set the generator was trained on.",
        ) from error
    return tuple(counts[index] for index in range(max(classes) + 1))
