"""One comparison from request to results, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import EXTRACTORS, METRICS, Family
from planetview.core.datasets import Dataset, Role, shared_images
from planetview.core.errors import UserError
from planetview.core.messages import CompareRequest, JobResult, Notice, PartialValues
from planetview.core.readers import resolve_stretch
from planetview.core.results import RANDOM, Correlation, Gap, MetricValue, Neighbours, PairTable, Results
from planetview.core.stats import pearson, spearman
from planetview.core.stretch import ResolvedStretch
from planetview.engine.devices import choose_device, device_words, limit_threads, usable_cores
from planetview.engine.distribution import DISTRIBUTION_METRICS
from planetview.engine.extractors import Extractor, load_extractor
from planetview.engine.inputs import Inputs, missing_features, read_inputs
from planetview.engine.memo import Memo
from planetview.engine.pairs import Pairing, cosine_distances, keep_one_form, ms_ssim_forms, score_pairs, unequal_sizes
from planetview.engine.perceptual import PAIR_NETWORKS, PairNetwork, load_pair_network
from planetview.engine.plan import needed_extractors, plan
from planetview.engine.provenance import describe_run
from planetview.engine.sampling import random_partners, split_reference
from planetview.engine.schedule import Schedule
from planetview.engine.searches import Searches
from planetview.engine.store import FeatureStore
from planetview.engine.streaming import Emit
from planetview.engine.values import DistributionTable, Sets, closer_to_reference, pairwise_value
from planetview.engine.weights import MissingWeights

Check = Callable[[], None]
Rows = npt.NDArray[np.int64]


def compare(request: CompareRequest, store_path: Path, emit: Emit, check: Check) -> JobResult:
    """Carry out a comparison; emits progress, partial values and notices, returns the results.

    Everything finished is kept in the store at `store_path`, so that a repeated run reads instead of computing.
    Raises UserError for a request that cannot be carried out, Cancelled from `check`.
    """
    with FeatureStore(store_path) as store:
        run = _Run(request, store, emit, check)
        results = run.results()
    return JobResult(results)


class _Run:
    """The state of one comparison, filled stage by stage."""

    def __init__(self, request: CompareRequest, store: FeatureStore, emit: Emit, check: Check) -> None:
        self._began = datetime.now(UTC)
        self._settings = request.settings.validated()
        self._request = request
        self._store = store
        self._emit = emit
        self._check = check
        self._warnings: list[str] = []
        self._device = choose_device(self._settings.device)
        self._threads = limit_threads(self._settings.threads or usable_cores())
        self._datasets = self._roles()
        self._extractors, self._missing_weights = self._load_extractors()
        self._perceptual = self._load_perceptual()

    def results(self) -> Results:
        """Run all stages."""
        sets = self._read_sets()
        searches = Searches(sets, self._settings, Memo(self._store), self._spaces(), self._perceptual, self._check)
        values, gaps = self._distribution_values(sets)
        neighbours = self._neighbours(sets, searches)
        values += self._generalisation_values(sets, searches)
        tables, pair_values = self._pairs(sets, neighbours)
        values += pair_values
        drawn = self._random_pairs(sets, tables)
        self._schedule.finish("summary")
        used = tuple(inputs.dataset for inputs in (sets.reference, *sets.queries))
        everything = (sets.reference, *sets.queries)
        for text in self._store.warnings:
            self._warn(text)
        return Results(
            datasets=used,
            settings=self._settings,
            values=tuple(sorted(values, key=self._table_order)),
            neighbours=neighbours,
            pairs=tables,
            correlations=tuple(c for table in tables for c in _correlations(table)),
            entropy_bits={inputs.dataset.name: inputs.entropy_bits for inputs in everything},
            shared=shared_images(used),
            unusable={inputs.dataset.name: inputs.unusable for inputs in everything if inputs.unusable},
            warnings=tuple(dict.fromkeys(self._warnings)),
            channel_bits={i.dataset.name: i.channel_bits for i in everything if i.channel_bits is not None},
            random_pairs=drawn,
            random_correlations=tuple(c for table in drawn for c in _correlations(table)),
            provenance=describe_run(
                self._settings, self._paired_by(), str(self._device), self._threads, self._extractors, self._perceptual,
                [(inputs.dataset, inputs.stretch) for inputs in everything],
                {"computed": sum(i.computed for i in everything), "used": sum(len(i.dataset) for i in everything)},
                self._began,
            ),
            gaps=gaps,
        )  # fmt: skip

    # Preparation

    def _roles(self) -> tuple[Dataset, ...]:
        """Return reference, held-out if any, candidates; cut the held-out part from the reference if asked."""
        request, settings = self._request, self._settings
        if not request.candidates:
            raise UserError("There is no candidate to judge.", hint="Give at least one set of synthetic images.")
        reference, held_out = request.reference, request.held_out
        if held_out is None and settings.split_reference > 0:
            reference, held_out = split_reference(reference, settings.split_reference, settings.seed)
            if not len(reference) or not len(held_out):
                raise UserError(
                    f"'{request.reference.name}' is too small to set {settings.split_reference:.0%} aside as held-out.",
                    hint="Give a held-out set, or run without one.",
                )
        sets = (reference, *((held_out,) if held_out else ()), *request.candidates)
        names = [dataset.name for dataset in sets]
        if len(set(names)) != len(names):
            raise UserError(f"Two sets have the same name: {', '.join(names)}.", hint="Rename one of them.")
        for dataset in sets:
            if not len(dataset):
                raise UserError(f"'{dataset.name}' holds no usable image.", exit_code=3)
        self._has_held_out = held_out is not None
        roles = [Role.REFERENCE, *([Role.HELD_OUT] if held_out else []), *[Role.CANDIDATE] * len(request.candidates)]
        return tuple(replace(dataset, role=role) for dataset, role in zip(sets, roles, strict=True))

    def _load_extractors(self) -> tuple[list[Extractor], dict[str, str]]:
        loaded, missing = [], {}
        for name in needed_extractors(self._settings):
            self._check()
            try:
                extractor = load_extractor(name, self._device, self._settings.precision)
            except MissingWeights as error:
                missing[name] = f"{error.message} {error.hint}".strip()
                continue
            if extractor.note:
                self._warn(f"{EXTRACTORS[name].label}: {extractor.note}")
            loaded.append(extractor)
        return loaded, missing

    def _load_perceptual(self) -> dict[str, PairNetwork]:
        asked = {*self._settings.metrics, *self._settings.neighbours_by}
        loaded = {}
        for name in (name for name in PAIR_NETWORKS if name in asked):
            self._check()
            try:
                loaded[name] = load_pair_network(name, self._device)
            except MissingWeights as error:
                self._missing_weights[name] = f"{error.message} {error.hint}".strip()
                continue
            if loaded[name].note:
                self._warn(f"{METRICS[name].label}: {loaded[name].note}")
        return loaded

    def _spaces(self) -> dict[str, str]:
        return {e.id: f"{e.preprocessing_id} {e.weights_digest} {e.precision}" for e in self._extractors}

    def _read_sets(self) -> Sets:
        stretches: dict[str, ResolvedStretch] = {}
        for dataset in self._datasets:
            stretches[dataset.name] = resolve_stretch(self._settings.stretch, dataset, self._settings.seed, self._check)
        missing = missing_features(self._datasets, stretches, self._extractors, self._store)
        self._schedule = Schedule(
            plan(self._request, self._datasets, missing), self._emit, device_words(self._device, self._threads),
            self._settings.precision,
        )  # fmt: skip
        self._schedule.finish("stretch")
        inputs = read_inputs(
            self._datasets, stretches, self._extractors, self._store, self._schedule, self._check, self._warn
        )
        for item in inputs:
            if item.unusable:
                first = item.unusable[0][1]
                count = len(item.unusable)
                self._warn(f"{count} images of '{item.dataset.name}' could not be used and are left out: {first}.")
        for shared in shared_images([item.dataset for item in inputs]):
            if Role.HELD_OUT in (self._role(shared.first), self._role(shared.second)):
                self._warn(
                    f"{len(shared.pairs)} images of '{shared.second}' are exact duplicates of images of "
                    f"'{shared.first}': the noise floor is too low by that."
                )
        rest = inputs[1:]
        return Sets(inputs[0], rest[0] if self._has_held_out else None, tuple(rest[1:] if self._has_held_out else rest))

    # Stages

    def _distribution_values(self, sets: Sets) -> tuple[list[MetricValue], tuple[Gap, ...]]:
        metrics = [m for m in self._settings.metrics if m in DISTRIBUTION_METRICS]
        classifiers = {e.id: e.classifier for e in self._extractors} if "isc" in metrics else {}
        table = DistributionTable(sets, self._settings, Memo(self._store), self._spaces(), self._check, classifiers)
        values: list[MetricValue] = []
        gaps: list[Gap | None] = []
        stage = "distribution"
        done = 0
        for extractor in self._settings.extractors:
            for candidate in sets.candidates:
                for metric in metrics:
                    if extractor in self._missing_weights:
                        reason = self._missing_weights[extractor]
                        value = MetricValue(metric, extractor, candidate.dataset.name, reason=reason)
                    else:
                        value = table.value(metric, extractor, candidate)
                        gaps += [table.gap(extractor, candidate)] if metric == "coverage" else []
                    values.append(value)
                    done += 1
                    self._schedule.advance(stage, done)
                    self._emit(PartialValues((value,)))
        self._schedule.finish(stage)
        for candidate in sets.candidates:
            n = min(len(candidate.dataset), len(sets.reference.dataset))
            if metrics and n < 50:
                self._warn(
                    f"'{candidate.dataset.name}' is compared at n = {n}: distribution metrics are mostly "
                    "small-sample bias at this size. Read them only against the noise floor."
                )
        return values, tuple(gap for gap in gaps if gap is not None)

    def _neighbours(self, sets: Sets, searches: Searches) -> tuple[Neighbours, ...]:
        tables = []
        done = 0
        for by in self._settings.neighbours_by:
            if by in self._missing_weights:
                fallback = self._paired_by()
                is_replaced = by == self._settings.neighbours_by[0] != fallback
                pairing = f" Pairs are made by {fallback} instead." if is_replaced else ""
                self._warn(f"Neighbours by {by} are not available. {self._missing_weights[by]}{pairing}")
                continue
            for query in sets.queries:
                banks = [sets.reference, *([sets.held_out] if sets.held_out and query is not sets.held_out else [])]
                for bank in banks:
                    tables.append(searches.nearest(query, bank, by, self._settings.neighbours_k))
                    done += 1
                    self._schedule.advance("neighbours", done)
        self._schedule.finish("neighbours")
        return tuple(tables)

    def _generalisation_values(self, sets: Sets, searches: Searches) -> list[MetricValue]:
        metric = "closer-to-reference"
        if metric not in self._settings.metrics:
            return []
        values = []
        for extractor in self._settings.extractors:
            for candidate in sets.candidates:
                name = candidate.dataset.name
                if extractor in self._missing_weights:
                    values.append(MetricValue(metric, extractor, name, reason=self._missing_weights[extractor]))
                elif sets.held_out is None:
                    values.append(MetricValue(metric, extractor, name, reason="needs a held-out set"))
                else:
                    found = searches.nearest_real(candidate, extractor)
                    values.append(closer_to_reference(*found, candidate, sets, extractor, self._settings))
        self._emit(PartialValues(tuple(values)))
        return values

    def _pairs(self, sets: Sets, neighbours: tuple[Neighbours, ...]) -> tuple[tuple[PairTable, ...], list[MetricValue]]:
        metrics = [m for m in self._settings.metrics if METRICS[m].family is Family.PAIRWISE]
        # A DreamSim is named as the extractor whose features it compares.
        lost = {m: self._missing_weights[m] for m in metrics if m in self._missing_weights}
        able = [m for m in metrics if m not in lost]
        candidates = {inputs.dataset.name for inputs in sets.candidates}
        by = self._paired_by()
        partners = {t.query: t for t in neighbours if t.bank == sets.reference.dataset.name and t.by == by}
        tables: dict[str, PairTable] = {}
        forms: dict[str, str] = {}
        for query in sets.queries if metrics else ():
            name = query.dataset.name
            if name in partners:
                rows, partner = np.arange(len(query.dataset)), partners[name].indices[:, 0]
                tables[name], form = self._pair_table(query, sets.reference, rows, partner, by, able)
                if form:
                    forms[name] = form
            self._schedule.finish(f"pairs/{name}")
        floor = tables.get(sets.held_out.dataset.name) if sets.held_out else None
        values = []
        for name in (inputs.dataset.name for inputs in sets.candidates):
            for metric in metrics:
                if metric in lost:
                    values.append(MetricValue(metric, None, name, reason=lost[metric]))
                elif name not in tables:
                    reason = f"no nearest pairs: {self._missing_weights.get(by, 'neighbours are not available')}"
                    values.append(MetricValue(metric, None, name, reason=reason))
                else:
                    values.append(pairwise_value(metric, tables[name], floor, forms, self._settings))
        self._emit(PartialValues(tuple(values)))
        ordered = sorted(tables.values(), key=lambda table: table.query not in candidates)
        return tuple(ordered), values

    def _random_pairs(self, sets: Sets, nearest: tuple[PairTable, ...]) -> tuple[PairTable, ...]:
        """Return random pairs of the datasets that have nearest pairs, scored by the same metrics."""
        queries = {inputs.dataset.name: inputs for inputs in sets.queries}
        reference, most, seed = sets.reference, self._settings.random_pairs, self._settings.seed
        drawn = []
        for table in nearest if most else ():
            query = queries[table.query]
            rows, partner = random_partners(query.dataset, reference.dataset, most, seed)
            found, _ = self._pair_table(query, reference, rows, partner, RANDOM, list(table.scores))
            drawn.append(found)
        for name in queries:
            self._schedule.finish(f"random/{name}")
        return tuple(drawn)

    def _pair_table(
        self, query: Inputs, reference: Inputs, rows: Rows, partner: Rows, paired_by: str, metrics: list[str]
    ) -> tuple[PairTable, str]:
        """Return the scores of the pairs (rows[i], partner[i]), and which form of MS-SSIM they have, or ""."""
        left = [query.dataset.images[i] for i in rows]
        right = [reference.dataset.images[i] for i in partner]
        pairing = Pairing(left, right, query.load, reference.load, f"{query.stretch.key} | {reference.stretch.key}")
        stage = f"{'random' if paired_by == RANDOM else 'pairs'}/{query.dataset.name}"
        scores: dict[str, np.ndarray] = {}
        on_images = [m for m in metrics if METRICS[m].embedding is None]
        for done, scores in score_pairs(pairing, on_images, self._perceptual, self._store, self._check, self._warn):  # noqa: B007
            self._schedule.advance(stage, done)
        for metric in metrics:
            space = METRICS[metric].embedding
            if space is not None:
                scores[metric] = cosine_distances(query.features[space][rows], reference.features[space][partner])
        scores = {metric: scores[metric] for metric in metrics}
        notes, form = {}, ""
        if "ms-ssim" in metrics:
            form = keep_one_form(scores, ms_ssim_forms(pairing))
            if form != "MS-SSIM":
                notes["ms-ssim"] = form
        resized = unequal_sizes(pairing)
        if resized:
            text = f"{resized} pairs of unequal size compared at the smaller size (bicubic)"
            notes = {m: f"{notes[m]}; {text}" if m in notes else text for m in metrics}
        bits = (query.entropy_bits[rows] + reference.entropy_bits[partner]) / 2
        name, bank = query.dataset.name, reference.dataset.name
        return PairTable(name, bank, paired_by, rows, partner, bits, scores, notes), form

    # Small things

    def _paired_by(self) -> str:
        """Return the first neighbour space that could be searched, the first of all when none could."""
        spaces = self._settings.neighbours_by
        return next((space for space in spaces if space not in self._missing_weights), spaces[0])

    def _role(self, name: str) -> Role:
        return next(dataset.role for dataset in self._datasets if dataset.name == name)

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)
            self._emit(Notice(text))

    def _table_order(self, value: MetricValue) -> tuple[int, int, int]:
        names = [dataset.name for dataset in self._datasets]
        extractors = list(EXTRACTORS)
        return (
            list(METRICS).index(value.metric),
            extractors.index(value.extractor) if value.extractor else -1,
            names.index(value.candidate),
        )


def _correlations(table: PairTable) -> list[Correlation]:
    """Return how each score of a table follows pair entropy."""
    found = []
    for metric, scores in table.scores.items():
        r, rho = pearson(table.entropy_bits, scores), spearman(table.entropy_bits, scores)
        partners = len(np.unique(table.bank_index[np.isfinite(scores)]))
        found.append(
            Correlation(
                metric, table.query, r.value, r.interval, rho.value, rho.interval, r.n, r.dropped, partners, r.reason
            )
        )
    return found
