"""What front ends and engines say to each other: frozen requests in, frozen messages out."""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from planetview.core.cancel import CancelToken
from planetview.core.consent import ConsentNeeded, ProgramFile
from planetview.core.datasets import Dataset, ImageRecord, Role, SharedImages
from planetview.core.errors import UserError
from planetview.core.generation import GeneratorDescription, NoiseUse, PathLengthResult, Preview, SampleResult
from planetview.core.models import ModelsResult
from planetview.core.pair_map import PairMap
from planetview.core.results import MetricValue, Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import ResolvedStretch

_ids = itertools.count(1)


def next_job_id() -> int:
    """Return a job id that no other request of this process has."""
    return next(_ids)


@dataclass(frozen=True, slots=True)
class ScanTarget:
    """One source to scan; name None takes the source's own, role None is guessed."""

    path: Path
    name: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Read what is in some folders, zips and lists."""

    targets: tuple[ScanTarget, ...]
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Judge candidates against a reference; complete, so also the provenance of the run."""

    reference: Dataset
    candidates: tuple[Dataset, ...]
    held_out: Dataset | None = None
    settings: RunSettings = field(default_factory=RunSettings)
    id: int = field(default_factory=next_job_id)


class ModelsAction(StrEnum):
    """What to do with weight files."""

    LIST = "list"
    IMPORT = "import"
    FETCH = "fetch"
    VERIFY = "verify"
    PACK = "pack"


@dataclass(frozen=True, slots=True)
class ModelsRequest:
    """Look after weight files.

    names: catalogue ids to fetch, verify or pack, or the id that imported files are to be taken for; () for all
    (verify, pack) or recognised by content (import). paths: files and folders to import, or the folder to pack into.
    accept_unknown: also take files that fit a network but whose digest is not a published one.
    FETCH is the one action that uses the network.
    """

    action: ModelsAction
    names: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    accept_unknown: bool = False
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class GeneratorRequest:
    """Open a generator and say what it is; with `safe_copy`, also write a copy that holds nothing but data."""

    generator: Path
    safe_copy: Path | None = None
    device: str = "auto"
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Make a few pictures to look at, with the noise of the file; the engine keeps the generator for the next ones.

    seeds: one picture each. walk: instead, places from 0 to 1 on the way from the first seed to the second, in w where
    the generator gives it, else in z. truncation: psi. class_index: of all pictures, taken as 0 where it is needed and
    None. side: longest side in pixels; larger pictures are reduced by a whole factor.
    """

    generator: Path
    seeds: tuple[int, ...]
    walk: tuple[float, ...] = ()
    truncation: float = 1.0
    class_index: int | None = None
    side: int = 256
    device: str = "auto"
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """Write images of a generator to a folder, one for each seed from `first_seed`.

    count: images. truncation: psi, 1 for none; cutoff: rows of w it applies to, None for all.
    noise: "random" (a fresh draw for each image, for sets to be judged), "const" (the file's own) or "none".
    class_index: the class of every image, or None; then classes are drawn in the proportion of `class_counts`, or
    evenly where that is empty. threads: None for all cores.
    """

    generator: Path
    count: int
    folder: Path
    first_seed: int = 0
    truncation: float = 1.0
    cutoff: int | None = None
    noise: NoiseUse = "random"
    class_index: int | None = None
    class_counts: tuple[int, ...] = ()
    device: str = "auto"
    threads: int | None = None
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class PathLengthRequest:
    """Measure path lengths of a generator.

    variants: ids of `PATH_LENGTHS`. samples: None for 50,000 on CUDA and 2,000 elsewhere. class_counts: images of each
    class in the training set, () to draw classes evenly. threads: None for all cores.
    """

    generator: Path
    variants: tuple[str, ...]
    samples: int | None = None
    seed: int = 2020
    class_counts: tuple[int, ...] = ()
    device: str = "auto"
    threads: int | None = None
    id: int = field(default_factory=next_job_id)


@dataclass(frozen=True, slots=True)
class PairMapRequest:
    """Show where a perceptual metric sees two images differ.

    metric: an id that a pair network has ("st-lpips-alex"). first_stretch, second_stretch: to 8 bits, as the run did.
    """

    first: ImageRecord
    second: ImageRecord
    first_stretch: ResolvedStretch
    second_stretch: ResolvedStretch
    metric: str = "st-lpips-alex"
    device: str = "auto"
    id: int = field(default_factory=next_job_id)


Request = (
    ScanRequest
    | CompareRequest
    | ModelsRequest
    | GeneratorRequest
    | PreviewRequest
    | SampleRequest
    | PathLengthRequest
    | PairMapRequest
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    stage: stable id. label: words for people ("Features of 'train' (VGG-16)").
    done, total: in `unit` of this stage. fraction: of the whole job, 0 to 1, never falling.
    rate: units a second actually computed (stored results are not counted), None when unknown.
    eta_seconds: for the whole job, None when unknown.
    device, precision: where and how it is computed, in words; "" when unknown.
    memory_bytes, peak_bytes: of the engine's process, now and the most during this job; None when unknown.
    """

    stage: str
    label: str
    done: int
    total: int
    unit: str
    fraction: float
    rate: float | None = None
    eta_seconds: float | None = None
    device: str = ""
    precision: str = ""
    memory_bytes: int | None = None
    peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class PartialValues:
    """Metric values that are ready before the run ends."""

    values: tuple[MetricValue, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know that does not stop the job, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """A source that could not be scanned, and the next step."""

    path: Path
    message: str
    hint: str


@dataclass(frozen=True)
class ScanResult:
    """What a scan found: datasets in the order of the targets, exact duplicates between them, failures."""

    datasets: tuple[Dataset, ...]
    shared: tuple[SharedImages, ...] = ()
    failures: tuple[ScanFailure, ...] = ()


Outcome = (
    Results | ScanResult | ModelsResult | GeneratorDescription | Preview | SampleResult | PathLengthResult | PairMap
)


@dataclass(frozen=True)
class JobResult:
    """The last message of a job that ended well."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class JobFailure:
    """Why a job ended badly: text only, so that nothing of the failed run stays alive.

    details: the traceback for the log and "Copy details"; empty for errors the user can put right.
    program: the file that the user has to agree to run first, if that is why.
    """

    message: str
    hint: str = ""
    details: str = ""
    program: ProgramFile | None = None

    @classmethod
    def from_exception(cls, error: BaseException) -> JobFailure:
        """Turn any exception into words; a `UserError` keeps its own."""
        if isinstance(error, ConsentNeeded):
            return cls(error.message, error.hint, program=error.program)
        if isinstance(error, UserError):
            return cls(error.message, error.hint)
        return cls(
            f"The run stopped on an unexpected error: {type(error).__name__}: {error}.",
            "Finished work is kept. Run again; if it repeats, send the details.",
            "".join(traceback.format_exception(error)),
        )


Message = Progress | PartialValues | Notice | JobResult


class Engine(Protocol):
    """Anything that carries out requests; front ends know no more of an engine than this."""

    def run(self, request: Request, token: CancelToken) -> Iterator[Message]:
        """Yield messages, a `JobResult` last. Raises `Cancelled`, `UserError`, or anything unexpected."""
        ...
