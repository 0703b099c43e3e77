"""What jobs are called, how they stand and what they came to, in words."""

from __future__ import annotations

from enum import StrEnum

from planetview.core.formatting import format_count
from planetview.core.generation import GeneratorDescription, PathLengthResult, SampleResult
from planetview.core.messages import (
    CompareRequest,
    GeneratorRequest,
    ModelsAction,
    ModelsRequest,
    PathLengthRequest,
    PreviewRequest,
    Progress,
    Request,
    SampleRequest,
    ScanRequest,
    ScanResult,
)
from planetview.core.models import ModelsResult
from planetview.core.results import Results
from planetview.gui.models.wording import tr


class JobState(StrEnum):
    """How a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


# Each state has a drawing of its own, so that none is told by colour alone.
STATE_ICONS = {
    JobState.WAITING: "waiting",
    JobState.RUNNING: "run",
    JobState.PAUSED: "pause",
    JobState.DONE: "present",
    JobState.CANCELLED: "cancel",
    JobState.FAILED: "error",
}


def state_words(state: JobState) -> str:
    """Return a state in one word."""
    return {
        JobState.WAITING: tr("Waiting"),
        JobState.RUNNING: tr("Running"),
        JobState.PAUSED: tr("Paused"),
        JobState.DONE: tr("Done"),
        JobState.CANCELLED: tr("Cancelled"),
        JobState.FAILED: tr("Failed"),
    }[state]


def job_title(request: Request) -> str:
    """Return what a job does, with the names it is about."""
    if isinstance(request, ScanRequest):
        first = request.targets[0].name or request.targets[0].path.name if request.targets else ""
        return tr("Read '{0}'").format(first) if len(request.targets) == 1 else _count_title(len(request.targets))
    if isinstance(request, CompareRequest):
        names = [dataset.name for dataset in request.candidates]
        what = f"'{names[0]}'" if len(names) == 1 else tr("{0} sets").format(len(names))
        return tr("Judge {0} against '{1}'").format(what, request.reference.name)
    if isinstance(request, ModelsRequest):
        return _models_title(request)
    if isinstance(request, SampleRequest):
        return tr("Make {0} images with {1}").format(format_count(request.count), request.generator.name)
    if isinstance(request, PathLengthRequest):
        return tr("Measure path lengths of {0}").format(request.generator.name)
    if isinstance(request, GeneratorRequest) and request.safe_copy is not None:
        return tr("Write a safe copy of {0}").format(request.generator.name)
    if isinstance(request, GeneratorRequest):
        return tr("Open {0}").format(request.generator.name)
    if isinstance(request, PreviewRequest):
        return tr("Make pictures with {0}").format(request.generator.name)
    return type(request).__name__


def outcome_words(outcome: object) -> str:
    """Return what a job came to, in one line."""
    if isinstance(outcome, Results):
        known = sum(value.value is not None for value in outcome.values)
        return tr("{0} values of {1} sets").format(format_count(known), len(outcome.datasets))
    if isinstance(outcome, ScanResult):
        images = sum(len(dataset) for dataset in outcome.datasets)
        words = tr("{0} images in {1}").format(format_count(images), _sets(len(outcome.datasets)))
        return words + (tr("; {0} could not be read").format(len(outcome.failures)) if outcome.failures else "")
    if isinstance(outcome, ModelsResult):
        taken = sum(file.accepted for file in outcome.outcomes)
        return tr("{0} of {1} files are in order").format(taken, len(outcome.outcomes))
    if isinstance(outcome, SampleResult):
        return tr("{0} images in '{1}'").format(format_count(outcome.count), outcome.folder.name)
    if isinstance(outcome, PathLengthResult):
        return tr("{0} path lengths").format(sum(value.value is not None for value in outcome.values))
    if isinstance(outcome, GeneratorDescription):
        return tr("The safe copy is written") if outcome.safe_copy else tr("The generator is open")
    return tr("Done")


def progress_words(progress: Progress, left: str = "{0} left") -> str:
    """Return "1,200 / 4,000 images · 85 images/s · 0:33 left · 30 %", leaving out what is not known."""
    return " · ".join(progress_parts(progress, left))


def progress_parts(progress: Progress, left: str = "{0} left") -> list[str]:
    """Return the same in parts, the most wanted ones last."""
    parts = []
    if progress.total > 0:
        parts.append(count_words(progress.done, progress.total, progress.unit))
    if progress.rate is not None and progress.rate > 0:
        parts.append(rate_words(progress.rate, progress.unit))
    if progress.eta_seconds is not None:
        parts.append(left.format(duration_words(progress.eta_seconds)))
    parts.append(percent_words(progress.fraction))
    return parts


def count_words(done: int, total: int, unit: str) -> str:
    """Return "1,200 / 4,000 images"."""
    return f"{done:,} / {total:,} {unit}"


def rate_words(rate: float, unit: str) -> str:
    """Return "85 images/s"."""
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.1f} {unit}/s"


def percent_words(fraction: float) -> str:
    """Return "30 %"; never 100 % before all is done."""
    return f"{int(min(1.0, fraction) * 100 + 1e-6)} %"


def duration_words(seconds: float) -> str:
    """Return a duration as m:ss, or h:mm:ss from one hour on."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _count_title(count: int) -> str:
    return tr("Read {0} sources").format(count)


def _sets(count: int) -> str:
    return tr("1 set") if count == 1 else tr("{0} sets").format(count)


def _models_title(request: ModelsRequest) -> str:
    title = {
        ModelsAction.LIST: tr("Look at the weight files"),
        ModelsAction.IMPORT: tr("Import weights"),
        ModelsAction.FETCH: tr("Fetch weights"),
        ModelsAction.VERIFY: tr("Read weight files again"),
        ModelsAction.PACK: tr("Pack weights"),
    }[request.action]
    return f"{title}: {', '.join(request.names)}" if request.names else title
