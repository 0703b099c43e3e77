"""What front ends hear about generators: what one is, what was sampled from it, how long its paths are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from planetview.core.stats import Interval

NoiseUse = Literal["random", "const", "none"]
GENERATION_FILE = "generation.json"


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
