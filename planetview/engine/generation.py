"""What is done with a generator: told what it is, sampled to a folder, measured along its paths."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planetview.core.cancel import work_seconds
from planetview.core.catalogue.path_length import (
    EPSILON,
    LOWER_PERCENTILE,
    PATH_LENGTHS,
    PUBLISHED_SAMPLES,
    SCREENING_SAMPLES,
    UPPER_PERCENTILE,
    PathLengthSpec,
)
from planetview.core.consent import ConsentStore
from planetview.core.errors import UserError
from planetview.core.generation import GeneratorDescription, PathLengthResult, PathLengthValue
from planetview.core.messages import GeneratorRequest, JobResult, PathLengthRequest, SampleRequest
from planetview.engine.devices import choose_device, device_words, limit_threads, usable_cores
from planetview.engine.generators.adapter import Generator, GeneratorInfo
from planetview.engine.generators.classes import refuse_other_classes
from planetview.engine.generators.opening import open_generator
from planetview.engine.generators.safe_copy import save_safe_copy
from planetview.engine.generators.sampling import write_samples
from planetview.engine.generators.style_generator import StyleGenerator
from planetview.engine.memo import Memo
from planetview.engine.metrics.path_length import (
    CHECKED_PAIRS,
    Array,
    ImageDistance,
    PathWalker,
    bootstrap,
    refuse_rounding,
    seen_side,
    trimmed_mean,
)
from planetview.engine.perceptual import load_pair_network
from planetview.engine.schedule import Schedule, Stage
from planetview.engine.store import FeatureStore
from planetview.engine.streaming import Emit

Check = Callable[[], None]

# A cancel loses at most this many samples, and a chunk is one row of the store.
_CHUNK = 16
_MOST_SAMPLES = 10_000_000
# Raise the version when the numbers change.
_VALUES, _ROUNDING = "path length 1", "path length rounding 1"


def describe(request: GeneratorRequest, check: Check) -> JobResult:
    """Open a generator and return its `GeneratorDescription`; write the safe copy when one is asked for.

    Raises UserError, ConsentNeeded.
    """
    with _opened(request.generator, request.device, check) as generator:
        copy = () if request.safe_copy is None else _copy(generator, request.safe_copy, check)
        return JobResult(description(generator.info, copy))


def description(info: GeneratorInfo, copy: tuple[Path, ...] = ()) -> GeneratorDescription:
    """Return in plain values what is known about a generator. copy: the files of its safe copy."""
    return GeneratorDescription(
        info.format, info.path, info.sha256, info.source, info.z_dim, info.num_ws, info.w_dim, info.c_dim,
        info.resolution, info.channels, info.noise, info.truncation, info.sampling_problem, info.path_length_problem,
        info.warnings, copy,
    )  # fmt: skip


def _copy(generator: Generator, path: Path, check: Check) -> tuple[Path, ...]:
    if not isinstance(generator, StyleGenerator):
        raise UserError(
            "Only StyleGAN network pickles need a copy that holds nothing but data.",
            "An ONNX file can be shared as it is.",
        )
    return save_safe_copy(generator, path, check)


def sample(request: SampleRequest, emit: Emit, check: Check) -> JobResult:
    """Write images to a folder and return the `SampleResult`. Raises UserError, ConsentNeeded."""
    limit_threads(request.threads or usable_cores())
    with _opened(request.generator, request.device, check) as generator:
        label = f"Images of {request.generator.name}"
        words = device_words(generator.info.device, usable_cores())
        schedule = Schedule((Stage("sample", label, "images", request.count, 1.0),), emit, words)
        began = work_seconds()

        def advance(done: int, made: int) -> None:
            schedule.advance("sample", done, made / (work_seconds() - began) if made else None)

        result = write_samples(generator, request, advance, check)
        schedule.finish("sample")
    return JobResult(result)


def measure_path_lengths(request: PathLengthRequest, store_path: Path, emit: Emit, check: Check) -> JobResult:
    """Measure path lengths and return the `PathLengthResult`.

    Everything finished is kept in the store at `store_path`, 16 samples at a time. Raises UserError for a generator
    whose output is rounded or noisy and for requests that cannot be carried out, MissingWeights, ConsentNeeded.
    """
    specs = requested_variants(request)
    limit_threads(request.threads or usable_cores())
    with FeatureStore(store_path) as store, _opened(request.generator, request.device, check) as generator:
        return JobResult(Measurement(request, specs, generator, Memo(store), emit, check).result())


@contextlib.contextmanager
def _opened(path: Path, device: str, check: Check) -> Iterator[Generator]:
    generator = open_generator(path, check, device, ConsentStore())
    try:
        yield generator
    finally:
        generator.close()


def requested_variants(request: PathLengthRequest) -> tuple[PathLengthSpec, ...]:
    """Return the variants of a request; raises UserError for a request that makes no sense."""
    unknown = [name for name in request.variants if name not in PATH_LENGTHS]
    if unknown or not request.variants:
        named = f"There is no path length called '{unknown[0]}'." if unknown else "No path length was asked for."
        raise UserError(named, f"Known: {', '.join(PATH_LENGTHS)}.")
    if request.samples is not None and not 2 <= request.samples <= _MOST_SAMPLES:
        raise UserError(f"A path length needs 2 to {_MOST_SAMPLES:,} samples, not {request.samples:,}.")
    if not 0 <= request.seed < 2**32:
        raise UserError("The seed lies outside 0 to 4,294,967,295.")
    return tuple(PATH_LENGTHS[name] for name in dict.fromkeys(request.variants))


@dataclass(frozen=True, slots=True)
class _Group:
    """Variants that begin at the same images and are compared by the same network."""

    id: str
    specs: tuple[PathLengthSpec, ...]

    @property
    def images(self) -> int:
        """Images a sample takes."""
        return 1 + len({spec.space for spec in self.specs})


class Measurement:
    """One request carried out on one generator.

    load_distance: gives the network of an id on a device.
    """

    def __init__(
        self,
        request: PathLengthRequest,
        specs: tuple[PathLengthSpec, ...],
        generator: Generator,
        memo: Memo,
        emit: Emit,
        check: Check,
        load_distance: Callable[[str, str], ImageDistance] = load_pair_network,
    ) -> None:
        info = generator.info
        if info.path_length_problem:
            raise UserError(f"This generator has no path length. {info.path_length_problem}")
        refuse_other_classes(info, request.class_counts)
        self._request, self._specs, self._generator, self._memo = request, specs, generator, memo
        self._check = check
        on_cuda = info.device.startswith("cuda")
        self._samples = request.samples or (PUBLISHED_SAMPLES if on_cuda else SCREENING_SAMPLES)
        device = str(choose_device(request.device))
        self._distances = {name: load_distance(name, device) for name in dict.fromkeys(spec.distance for spec in specs)}
        self._reasons = {spec.id: self._reason(spec) for spec in specs}
        self._possible = [spec for spec in specs if not self._reasons[spec.id]]
        if not self._possible:
            raise UserError(f"{specs[0].label} cannot be measured: {self._reasons[specs[0].id]}")
        self._groups = _groups(self._possible)
        self._schedule = Schedule(self._stages(), emit, device_words(choose_device(request.device), usable_cores()))

    def result(self) -> PathLengthResult:
        """Check the generator, walk all paths, sum up."""
        self._refuse_rounding(self._possible[0])
        found = {id: values for group in self._groups for id, values in self._walk(group).items()}
        values = tuple(
            self._value(spec, found[spec.id])
            if spec.id in found
            else PathLengthValue(spec.id, reason=self._reasons[spec.id])
            for spec in self._specs
        )
        info = self._generator.info
        return PathLengthResult(
            self._request.generator, info.sha256, info.source, self._request.seed, values, self._notes()
        )

    def _stages(self) -> tuple[Stage, ...]:
        checking = Stage("check", "Checking for rounding", "samples", CHECKED_PAIRS, 3.0 * CHECKED_PAIRS)
        walking = (
            Stage(
                group.id,
                f"Path length: {', '.join(spec.label for spec in group.specs)}",
                "samples",
                self._samples,
                float(group.images * self._samples),
            )
            for group in self._groups
        )
        return (checking, *walking)

    def _reason(self, spec: PathLengthSpec) -> str:
        """Return why a variant cannot be had, in words, or nothing."""
        info = self._generator.info
        if spec.space == "w" and not info.has_w:
            return "it needs the styles w, and this file gives images of latents z only. Take a variant in z."
        side = min(seen_side(side, spec.crop, info.resolution[0]) for side in info.resolution)
        least = self._distances[spec.distance].smallest_side
        if side < least:
            return f"what it looks at is {side} px a side, and {spec.distance} needs at least {least}."
        return ""

    def _inputs(self, spec: PathLengthSpec, start: int, stop: int) -> list[str]:
        info, request = self._generator.info, self._request
        return [
            info.sha256,
            f"{spec.space} {spec.start} crop={spec.crop} eps={EPSILON} unit sphere={info.z_normalised}",
            f"seed={request.seed} samples={start}:{stop} classes={request.class_counts}",
            self._distances[spec.distance].weights_digest,
        ]

    def _walker(self, distance: str) -> PathWalker:
        return PathWalker(
            self._generator,
            self._distances[distance],
            label_counts=self._request.class_counts,
            seed=self._request.seed,
            check=self._check,
        )

    def _refuse_rounding(self, spec: PathLengthSpec) -> None:
        inputs = self._inputs(spec, 0, CHECKED_PAIRS)
        self._schedule.advance("check", 0)
        means = self._memo.array(_ROUNDING, inputs, (2,), lambda: self._walker(spec.distance).rounding(spec))
        refuse_rounding(means)
        self._schedule.finish("check")

    def _walk(self, group: _Group) -> dict[str, Array]:
        """Return every sample's value by variant, read from the store where it is there."""
        walker = self._walker(group.specs[0].distance)
        parts: dict[str, list[Array]] = {spec.id: [] for spec in group.specs}
        computed, spent = 0, 0.0
        for start in range(0, self._samples, _CHUNK):
            self._check()
            stop = min(start + _CHUNK, self._samples)
            rows = {s.id: self._memo.find(_VALUES, self._inputs(s, start, stop), (stop - start,)) for s in group.specs}
            missing = [spec for spec in group.specs if rows[spec.id] is None]
            if missing:
                began = work_seconds()
                for id, values in walker.distances(missing, start, stop).items():
                    rows[id] = self._memo.keep(_VALUES, self._inputs(PATH_LENGTHS[id], start, stop), values)
                computed, spent = computed + stop - start, spent + work_seconds() - began
            for id, row in rows.items():
                assert row is not None
                parts[id].append(row)
            self._schedule.advance(group.id, stop, computed / spent if computed else None)
        self._schedule.finish(group.id)
        return {id: np.concatenate(rows) for id, rows in parts.items()}

    def _value(self, spec: PathLengthSpec, values: Array) -> PathLengthValue:
        kept = trimmed_mean(values)
        error, interval = bootstrap(values, self._request.seed, self._check) or (None, None)
        return PathLengthValue(
            spec.id, kept.mean, error, interval, values.size, kept.kept, kept.low, kept.high, self._text(spec)
        )

    def _text(self, spec: PathLengthSpec) -> str:
        info = self._generator.info
        noise = {"controllable": "noise drawn for each sample", "fixed": "the file's own noise", "none": "no noise"}
        screening = " (screening)" if self._samples < PUBLISHED_SAMPLES else ""
        parts = (
            spec.label,
            f"{'slerp' if spec.space == 'z' else 'lerp'} in {spec.space}",
            "t in [0, 1)" if spec.start == "full" else "t = 0",
            f"step {EPSILON:g}",
            "face crop" if spec.crop else "whole image",
            f"{self._samples:,} samples{screening}, seed {self._request.seed}",
            f"percentiles {LOWER_PERCENTILE} to {UPPER_PERCENTILE}",
            "no truncation",
            noise[info.noise],
            f"{spec.distance} weights {self._distances[spec.distance].weights_digest[:12]}",
            f"generator {info.sha256[:12]}",
        )
        return ", ".join(parts)

    def _notes(self) -> tuple[str, ...]:
        info = self._generator.info
        notes = list(info.warnings)
        if self._samples < PUBLISHED_SAMPLES:
            notes.append(f"Screening: {self._samples:,} samples; publications use {PUBLISHED_SAMPLES:,}.")
        if any(spec.crop for spec in self._possible):
            notes.append(
                "The variants other than PPL2 look only at the part of the image where a portrait has its face; for "
                "terrain take PPL2."
            )
        notes += _deviations(info, self._possible, bool(self._request.class_counts))
        notes += [distance.note for distance in self._distances.values() if distance.note]
        return tuple(dict.fromkeys(notes))


def _deviations(info: GeneratorInfo, specs: list[PathLengthSpec], has_labels: bool) -> list[str]:
    """Return in what the measurement differs from the published one, in sentences."""
    found = []
    if any(not spec.published for spec in specs):
        found.append("Values with ST-LPIPS are comparable with each other only, not with published path lengths.")
    if not info.z_normalised and any(spec.space == "z" for spec in specs):
        found.append(
            "Deviation: this generator heeds the length of z, so points of the arc are given the interpolated length "
            "of its ends; the published measure would leave the distribution of z."
        )
    if info.noise == "fixed":
        found.append("Deviation: the file holds its own noise, so it is the same for all samples.")
    if info.c_dim and not has_labels:
        found.append("Deviation: classes were drawn evenly; publications draw them from the training set's labels.")
    return found


def _groups(specs: list[PathLengthSpec]) -> tuple[_Group, ...]:
    found: dict[str, list[PathLengthSpec]] = {}
    for spec in specs:
        id = f"{spec.distance} {spec.start}" + (f" {spec.space}" if spec.start == "full" else "")
        found.setdefault(id, []).append(spec)
    return tuple(_Group(id, tuple(members)) for id, members in found.items())
