"""The library face: one call that compares image sets, one that writes what it found."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from planetview.core.archive import ArchiveReport, collect
from planetview.core.cancel import CancelToken
from planetview.core.catalogue import DEFAULT_EXTRACTORS, DEFAULT_METRICS
from planetview.core.datasets import Dataset, Role
from planetview.core.errors import UserError
from planetview.core.files import cannot_write, write_text_atomically
from planetview.core.messages import (
    CompareRequest,
    Engine,
    JobResult,
    Message,
    Outcome,
    Progress,
    Request,
    ScanRequest,
    ScanResult,
    ScanTarget,
)
from planetview.core.results import Results
from planetview.core.settings import RunSettings
from planetview.core.stretch import Stretch, StretchKind

if TYPE_CHECKING:
    from planetview.core.report_options import ReportOptions
    from planetview.core.study import Study

Location = str | os.PathLike[str]
Source = Location | tuple[str, Location] | Dataset
OnMessage = Callable[[Message], None]

RESULT_FILES = ("results.json", "results.csv", "report.html")
_MARK = '"format": "planetview results"'


def compare(
    reference: Source,
    candidates: Location | Dataset | Iterable[Source],
    *,
    held_out: Source | None = None,
    metrics: Sequence[str] | None = None,
    extractors: Sequence[str] | None = None,
    neighbours_by: Sequence[str] | None = None,
    stretch: str | Stretch = "none",
    seed: int = 2020,
    device: str = "auto",
    precision: str = "float32",
    split_reference: float = 0.0,
    threads: int | None = None,
    memory_mib: int = 1024,
    neighbours_k: int = 5,
    random_pairs: int = 1000,
    kid_subsets: int = 100,
    kid_subset_size: int = 1000,
    progress: OnMessage | None = None,
    token: CancelToken | None = None,
    store: Location | None = None,
    engine: Engine | None = None,
) -> Results:
    """Judge one or more sets of synthetic images against real ones.

    reference: real images, those the generator was trained on. candidates: one path or dataset, or
    several in a list. held_out: real images the generator never saw; they give the noise floor.
    A source is a path (folder, zip, or text list of images), a pair (name, path), or a `Dataset`.
    metrics, extractors, neighbours_by: ids as `planetview metrics` lists them; None for the defaults.
    stretch: how deeper images become 8-bit, as a `Stretch` or in the words of `parse_stretch`.
    split_reference: share in [0, 1) of the reference to set aside as held-out when there is none.
    precision: "float32", or "fast" where the catalogue allows a lower one.
    memory_mib: budget for all-pairs work. neighbours_k: neighbours kept of each image. random_pairs: pairs
    of random images that are scored too. kid_subsets, kid_subset_size: as torch-fidelity.
    progress: called with every message in this thread.
    token: cancels from another thread. store: the feature file; None for the one in the cache folder.
    engine: None for the torch engine in this process.

    Raises UserError for what the caller can put right, Cancelled after `token.cancel()`.
    """
    settings = RunSettings(
        metrics=DEFAULT_METRICS if metrics is None else tuple(metrics),
        extractors=DEFAULT_EXTRACTORS if extractors is None else tuple(extractors),
        neighbours_by=DEFAULT_EXTRACTORS if neighbours_by is None else tuple(neighbours_by),
        stretch=parse_stretch(stretch) if isinstance(stretch, str) else stretch,
        seed=seed,
        device=device,
        precision=precision,
        threads=threads,
        memory_mib=memory_mib,
        neighbours_k=neighbours_k,
        random_pairs=random_pairs,
        kid_subsets=kid_subsets,
        kid_subset_size=kid_subset_size,
        split_reference=split_reference,
    ).validated()
    if threads is not None and threads < 1:
        raise UserError(f"threads is {threads}; it must be at least 1.")
    targets = [(reference, Role.REFERENCE), *((one, Role.CANDIDATE) for one in _several(candidates))]
    if len(targets) == 1:
        raise UserError("There is no candidate to judge.", hint="Name at least one set of synthetic images.")
    if held_out is not None:
        targets.append((held_out, Role.HELD_OUT))
    used_engine = engine if engine is not None else _torch_engine(store)
    used_token = token if token is not None else CancelToken()
    used_progress = progress if progress is not None else _ignore
    sets = _scanned(targets, used_engine, used_token, used_progress)
    request = CompareRequest(
        sets[0],
        tuple(one for one in sets if one.role is Role.CANDIDATE),
        sets[-1] if held_out is not None else None,
        settings,
    )
    outcome = _outcome(request, used_engine, used_token, used_progress)
    assert isinstance(outcome, Results)
    return outcome


def run_study(
    study: Location,
    *,
    progress: OnMessage | None = None,
    token: CancelToken | None = None,
    store: Location | None = None,
    engine: Engine | None = None,
) -> Results:
    """Run a saved study: its sets under their names and roles, its settings, without the images it excludes.

    progress, token, store, engine: as for `compare`. Raises UserError and Cancelled as `compare` does.
    """
    from planetview.core.study import load_study

    return run_sets(load_study(Path(study)), progress=progress, token=token, store=store, engine=engine)[0]


def run_sets(
    saved: Study,
    *,
    progress: OnMessage | None = None,
    token: CancelToken | None = None,
    store: Location | None = None,
    engine: Engine | None = None,
) -> tuple[Results, tuple[Dataset, ...]]:
    """Run a study as `run_study` does; return the results and the sets as they were read, with the excluded images."""
    used_engine = engine if engine is not None else _torch_engine(store)
    used_token, used_progress = token or CancelToken(), progress or _ignore
    roles = [source.role for source in saved.sources]
    for role, allowed in ((Role.REFERENCE, (1,)), (Role.HELD_OUT, (0, 1))):
        if roles.count(role) not in allowed:
            raise UserError(f"The study has {roles.count(role)} {role.value} sets.", hint="Open it and set the roles.")
    if Role.CANDIDATE not in roles:
        raise UserError("The study has no candidate to judge.", hint="Open it and add synthetic images.")
    sources: list[tuple[Source, Role]] = [((source.name, source.path), source.role) for source in saved.sources]
    datasets = _scanned(sources, used_engine, used_token, used_progress)
    sets = [saved.marks.kept(one) for one in datasets]
    held_out = next((one for one in sets if one.role is Role.HELD_OUT), None)
    settings = saved.settings if held_out is None else replace(saved.settings, split_reference=0.0)
    request = CompareRequest(
        next(one for one in sets if one.role is Role.REFERENCE),
        tuple(one for one in sets if one.role is Role.CANDIDATE),
        held_out,
        settings.validated(),
    )
    outcome = _outcome(request, used_engine, used_token, used_progress)
    assert isinstance(outcome, Results)
    return outcome, tuple(datasets)


def archive(
    study: Location,
    target: Location,
    *,
    progress: OnMessage | None = None,
    token: CancelToken | None = None,
    engine: Engine | None = None,
) -> ArchiveReport:
    """Copy a saved study with all its images to a new folder or zip that opens on another computer.

    progress, token, engine: as for `compare`. Sets and images that cannot be read are listed, in the archive too.
    Raises UserError when the target exists or the machine refuses, Cancelled after `token.cancel()`.
    """
    from planetview.core.study import load_study

    saved = load_study(Path(study))
    used_engine = engine if engine is not None else _torch_engine(None)
    used_token, used_progress = token or CancelToken(), progress or _ignore
    targets = tuple(ScanTarget(source.path, source.name, source.role) for source in saved.sources)
    datasets: tuple[Dataset, ...] = ()
    if targets:
        found = _outcome(ScanRequest(targets), used_engine, used_token, used_progress)
        assert isinstance(found, ScanResult)
        datasets = found.datasets
    documents = {} if saved.results is None else {"report.html": _report_bytes(saved, saved.results, datasets)}

    def on_progress(done: int, total: int) -> None:
        used_progress(Progress("archive", "Copying", done >> 10, total >> 10, "KiB", done / total))

    return collect(saved, datasets, Path(target), documents=documents, check=used_token.check, on_progress=on_progress)


def _report_bytes(saved: Study, results: Results, datasets: Sequence[Dataset]) -> bytes:
    from planetview.core.study_report import report_options_of

    return _report(results, report_options_of(saved, datasets)).encode("utf-8")


def _report(results: Results, options: ReportOptions) -> str:
    from planetview.core.recorded_stretch import image_loader
    from planetview.report.html import render_report

    return render_report(results, image_loader(results, options.marked.datasets), options)


def save(
    results: Results, folder: Location, *, overwrite: bool = True, options: ReportOptions | None = None
) -> tuple[Path, ...]:
    """Write `results.json`, `results.csv` and `report.html` into `folder` and return their paths.

    options: of the report: title, marking, marks on images, path lengths.

    Each file is replaced as a whole or not at all. Files of these names that PlanetView did not write
    are never replaced; an earlier study is, unless `overwrite` is False.
    Raises UserError (exit code 4 where the machine refuses).
    """
    from planetview.core.report_options import ReportOptions
    from planetview.core.results_io import write_results
    from planetview.core.tables import values_csv

    target = Path(folder)
    if holds_study(target) and not overwrite:
        raise UserError(f"'{target}' already holds a study.", hint="Choose another folder, or allow overwriting.")
    refuse_foreign_files(target)
    table = values_csv(results.values)
    report = _report(results, options or ReportOptions())
    paths = tuple(target / name for name in RESULT_FILES)
    # First, so that the mark of a study is there whatever happens to the others.
    write_results(results, paths[0])
    write_text_atomically(paths[1], table)
    write_text_atomically(paths[2], report)
    return paths


def holds_study(folder: Path) -> bool:
    """Return whether `folder` holds a `results.json` that PlanetView wrote."""
    try:
        with (folder / RESULT_FILES[0]).open("rb") as stream:
            return _MARK.encode() in stream.read(200)
    except OSError:
        return False


def refuse_foreign_files(folder: Path) -> None:
    """Raise UserError when `folder` holds files of our names beside no study of ours."""
    if holds_study(folder):
        return
    for name in RESULT_FILES:
        if os.path.lexists(folder / name):
            raise UserError(
                f"'{folder / name}' exists and was not written by PlanetView.", hint="Choose another folder with --out."
            )


def check_writable(folder: Path) -> None:
    """Prove that files can be written into `folder`, or that it can be made, before hours are spent; leaves nothing.

    Raises UserError (exit code 4) when the machine refuses, or (2) when foreign files are in the way.
    """
    refuse_foreign_files(folder)
    try:
        there = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
        with tempfile.TemporaryFile(dir=there) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
    except (OSError, ValueError) as error:
        raise cannot_write(folder, error if isinstance(error, OSError) else OSError(str(error))) from error


def parse_stretch(text: str) -> Stretch:
    """Return the stretch that words name: "none", "fixed:0:4095", "set-percentile", "image-percentile:1:99".

    Without numbers percentiles are 0.5 and 99.5. Raises UserError for anything else.
    """
    hint = "Use none, fixed:LOW:HIGH, set-percentile[:LOW:HIGH] or image-percentile[:LOW:HIGH]."
    kind, *numbers = text.strip().split(":")
    try:
        chosen = StretchKind(kind)
        bounds = [float(number) for number in numbers]
        allowed = {StretchKind.NONE: (0,), StretchKind.FIXED: (2,)}.get(chosen, (0, 2))
        if len(bounds) not in allowed or not all(abs(bound) < float("inf") for bound in bounds):
            raise ValueError(f"{kind} takes {' or '.join(map(str, allowed))} finite numbers")
        return Stretch(chosen, *bounds)
    except ValueError as error:
        raise UserError(f"Cannot read the stretch '{text}': {error}.", hint=hint) from error


def _several(candidates: Location | Dataset | Iterable[Source]) -> list[Source]:
    if isinstance(candidates, (str, os.PathLike, Dataset)):
        return [candidates]
    return list(candidates)


def _torch_engine(store: Location | None) -> Engine:
    from planetview.engine.engine import TorchEngine

    return TorchEngine(store_path=None if store is None else Path(store))


def _ignore(message: Message) -> None:
    pass


def _outcome(request: Request, engine: Engine, token: CancelToken, progress: OnMessage) -> Outcome:
    for message in engine.run(request, token):
        progress(message)
        if isinstance(message, JobResult):
            return message.outcome
    raise RuntimeError("the engine ended without a result")


def _scanned(
    sources: Sequence[tuple[Source, Role]], engine: Engine, token: CancelToken, progress: OnMessage
) -> list[Dataset]:
    """Return one dataset for each source, in order, with the role asked for; scans those that are paths."""
    given = {i: replace(one, role=role) for i, (one, role) in enumerate(sources) if isinstance(one, Dataset)}
    targets = {i: _target(one, role) for i, (one, role) in enumerate(sources) if not isinstance(one, Dataset)}
    if targets:
        found = _outcome(ScanRequest(tuple(targets.values())), engine, token, progress)
        assert isinstance(found, ScanResult)
        for failure in found.failures:
            raise UserError(failure.message, failure.hint, exit_code=3 if failure.path.exists() else 2)
        given |= dict(zip(targets, found.datasets, strict=True))
    for i, dataset in given.items():
        if not len(dataset):
            reasons = f": {dataset.skipped[0].reason}" if dataset.skipped else ""
            raise UserError(f"'{dataset.name}' holds no usable image{reasons}.", exit_code=3)
        assert dataset.role is sources[i][1]
    return [given[i] for i in range(len(sources))]


def _target(source: Location | tuple[str, Location], role: Role) -> ScanTarget:
    name, location = source if isinstance(source, tuple) else (None, source)
    text = os.fspath(location)
    if not text.strip():
        raise UserError(f"The path of the {role.value} images is empty.")
    if "\0" in text:
        raise UserError(f"The path of the {role.value} images holds a null character.")
    return ScanTarget(Path(text), name, role)
