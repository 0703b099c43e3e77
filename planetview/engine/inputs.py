"""The images of a comparison as numbers: decoded once, features and entropy together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planetview.core.catalogue import EXTRACTORS
from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.entropy import channel_entropy_bits
from planetview.core.errors import ImageProblem, UserError
from planetview.core.readers import load_rgb8
from planetview.core.stretch import ResolvedStretch
from planetview.engine.devices import TimedBatch
from planetview.engine.extractors import Extractor
from planetview.engine.features import FeatureTable, extract_features, feature_space
from planetview.engine.images import prefetch
from planetview.engine.schedule import Schedule
from planetview.engine.store import FeatureStore

Check = Callable[[], None]


@dataclass(frozen=True)
class Inputs:
    """One dataset reduced to its usable images, with everything later stages read.

    dataset: usable images only. features: extractor id -> (n, d) float32. entropy_bits: (n,).
    channel_bits: (n, 3), red, green and blue; None where no image has colour.
    unusable: (name, reason) of images that failed after the scan. computed: images that went through a network, by the
    extractor that had most to do.
    """

    dataset: Dataset
    stretch: ResolvedStretch
    features: dict[str, npt.NDArray[np.float32]]
    entropy_bits: npt.NDArray[np.float64]
    unusable: tuple[tuple[str, str], ...]
    computed: int
    channel_bits: npt.NDArray[np.float64] | None = None

    def load(self, record: ImageRecord) -> npt.NDArray[np.uint8]:
        """Return one image as (H, W, 3) uint8 under this dataset's stretch; raises ImageProblem."""
        return load_rgb8(record, self.stretch)


class _Decoder:
    """Loads images and keeps their entropy, so that no image is decoded for it again."""

    def __init__(self, stretch: ResolvedStretch) -> None:
        self._stretch = stretch
        self._lock = threading.Lock()
        self.channel_bits: dict[str, npt.NDArray[np.float64]] = {}

    def load(self, record: ImageRecord) -> npt.NDArray[np.uint8]:
        rgb8 = load_rgb8(record, self._stretch)
        bits = channel_entropy_bits(rgb8)
        with self._lock:
            self.channel_bits[record.digest] = bits
        return rgb8

    def load_entropy(self, record: ImageRecord) -> npt.NDArray[np.float64]:
        self.load(record)
        return self.channel_bits[record.digest]


def missing_features(
    datasets: tuple[Dataset, ...], stretches: dict[str, ResolvedStretch], extractors: list[Extractor],
    store: FeatureStore,
) -> dict[tuple[str, str], int]:  # fmt: skip
    """Return how many images of each (dataset, extractor) are not in the store."""
    missing = {}
    for dataset in datasets:
        digests = list({image.digest for image in dataset.images})
        for extractor in extractors:
            space = feature_space(extractor, stretches[dataset.name].key).key
            missing[dataset.name, extractor.id] = len(digests) - store.count_of(space, digests)
    return missing


def read_inputs(
    datasets: tuple[Dataset, ...],
    stretches: dict[str, ResolvedStretch],
    extractors: list[Extractor],
    store: FeatureStore,
    schedule: Schedule,
    check: Check,
    notice: Callable[[str], None],
) -> list[Inputs]:
    """Compute or read the features and entropy of every dataset.

    Extractor by extractor, so that one network at a time is in memory. notice: told in words what people should know.
    Raises UserError (exit code 3) when no image of a dataset is usable.
    """
    decoders = {dataset.name: _Decoder(stretches[dataset.name]) for dataset in datasets}
    tables: dict[str, dict[str, FeatureTable]] = {dataset.name: {} for dataset in datasets}
    for extractor in extractors:
        for dataset in datasets:
            name = dataset.name
            tables[name][extractor.id] = _features(
                dataset, extractor, stretches[name], decoders[name], store, schedule, check, notice
            )
        extractor.release()
    return [
        _inputs(dataset, stretches[dataset.name], tables[dataset.name], decoders[dataset.name], store, schedule, check)
        for dataset in datasets
    ]


def _inputs(
    dataset: Dataset,
    stretch: ResolvedStretch,
    tables: dict[str, FeatureTable],
    decoder: _Decoder,
    store: FeatureStore,
    schedule: Schedule,
    check: Check,
) -> Inputs:
    reasons: dict[int, str] = {}
    for table in tables.values():
        reasons.update(table.problems)
    bits = _entropy(dataset, decoder, stretch, store, schedule, check, reasons)
    channels = _colours(bits)
    usable = np.array([i for i in range(len(dataset)) if i not in reasons], dtype=np.int64)
    if not len(usable):
        first = next(iter(reasons.values()), "unknown reason")
        raise UserError(f"No image of '{dataset.name}' can be used: {first}.", exit_code=3)
    features = {}
    for name, table in tables.items():
        rows = np.searchsorted(table.indices, usable)
        features[name] = table.features if len(rows) == len(table.features) else table.features[rows]
    return Inputs(
        replace(dataset, images=tuple(dataset.images[i] for i in usable)),
        stretch,
        features,
        bits[usable].mean(axis=1),
        tuple((dataset.images[i].name, reason) for i, reason in sorted(reasons.items())),
        max((table.computed for table in tables.values()), default=0),
        None if channels is None else channels[usable],
    )


def _features(
    dataset: Dataset,
    extractor: Extractor,
    stretch: ResolvedStretch,
    decoder: _Decoder,
    store: FeatureStore,
    schedule: Schedule,
    check: Check,
    notice: Callable[[str], None],
) -> FeatureTable:
    label = EXTRACTORS[extractor.id].label if extractor.id in EXTRACTORS else extractor.id

    def say_smaller(images: int) -> None:
        notice(f"Memory ran out: {label} goes on with {images} images at once. The numbers are the same.")

    stage = f"features/{extractor.id}/{dataset.name}"
    table = extract_features(
        dataset.images,
        extractor,
        feature_space(extractor, stretch.key),
        store,
        decoder.load,
        batcher=TimedBatch(step=extractor.images_at_once),
        check=check,
        on_progress=lambda progress: schedule.advance(stage, progress.done, progress.rate),
        on_smaller_batch=say_smaller,
    )
    schedule.finish(stage)
    return table


def _entropy(
    dataset: Dataset,
    decoder: _Decoder,
    stretch: ResolvedStretch,
    store: FeatureStore,
    schedule: Schedule,
    check: Check,
    reasons: dict[int, str],
) -> npt.NDArray[np.float64]:
    """Return entropies by channel, (n, 3), NaN for unusable images; adds the newly unusable to `reasons`."""
    stage = f"entropy/{dataset.name}"
    images = dataset.images
    bits = _stored_entropy(dataset, decoder, stretch, store)
    missing = [i for i in np.flatnonzero(np.isnan(bits[:, 0])).tolist() if i not in reasons]
    # Only images whose features were stored by a run that kept no entropy, or none by channel.
    for k, value in prefetch([images[i] for i in missing], decoder.load_entropy, check=check, ahead=32):
        if isinstance(value, ImageProblem):
            reasons[missing[k]] = value.reason
        else:
            bits[missing[k]] = value
        schedule.advance(stage, len(images) - len(missing) + k + 1)
    kept = [i for i in missing if i not in reasons]
    if kept:
        _store_entropy(store, stretch, {images[i].digest: bits[i] for i in kept})
    schedule.finish(stage)
    return bits


def _stored_entropy(
    dataset: Dataset, decoder: _Decoder, stretch: ResolvedStretch, store: FeatureStore
) -> npt.NDArray[np.float64]:
    """Return what this run's decoder and the store know, (n, 3), NaN for the rest."""
    if decoder.channel_bits:
        _store_entropy(store, stretch, decoder.channel_bits)
    digests = [image.digest for image in dataset.images]
    bits, found = store.get_many(_channel_space(stretch), digests, 3, np.float64)
    for i in np.flatnonzero(~found):
        bits[i] = decoder.channel_bits.get(digests[i], bits[i])
    unknown = [i for i in np.flatnonzero(np.isnan(bits[:, 0])) if dataset.images[i].bands < 3]
    if unknown:
        # Stores of earlier versions hold the mean alone, which says all about a grey image.
        old = f"entropy bits 1 {stretch.key}"
        bits[unknown], _ = store.get_many(old, [digests[i] for i in unknown], 1, np.float64)
    return bits.astype(np.float64)


def _store_entropy(store: FeatureStore, stretch: ResolvedStretch, bits: dict[str, npt.NDArray[np.float64]]) -> None:
    rows = np.array([np.broadcast_to(row, 3) for row in bits.values()])
    store.put_many(_channel_space(stretch), list(bits), rows)


def _channel_space(stretch: ResolvedStretch) -> str:
    return f"entropy bits by channel 1 {stretch.key}"


def _colours(bits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Return `bits` where the channels of some image differ, None where all are grey."""
    return bits if bool(np.any(bits[:, 1:] != bits[:, :1], where=np.isfinite(bits[:, 1:]))) else None
