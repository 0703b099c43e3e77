"""Pairwise scores of images and their nearest reference images: decoded once, scored, stored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from planetview.core.cancel import work_seconds
from planetview.core.catalogue import METRICS
from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.engine.devices import TimedBatch, run_halving
from planetview.engine.images import prefetch
from planetview.engine.metrics.pixel import ms_ssim, ms_ssim_label, ms_ssim_levels, psnr, ssim, ssim_and_ms_ssim
from planetview.engine.perceptual import PairNetwork
from planetview.engine.store import FeatureStore

Image8 = npt.NDArray[np.uint8]
Scores = dict[str, npt.NDArray[np.float64]]
Load = Callable[[ImageRecord], Image8]

_PIXEL_METRICS: dict[str, Callable[[Image8, Image8], float]] = {
    "psnr": psnr,
    "ssim": ssim,
    "ms-ssim": lambda a, b: float(ms_ssim(a, b).value),
}
_STORE_EVERY = 64
# A new number where the last digits of a metric changed, so that stored values are not mixed with others.
_VERSIONS = {"ssim": "pair 2", "ms-ssim": "pair 2"}


@dataclass(frozen=True, slots=True)
class Pairing:
    """Images of one dataset, each with its partner in the reference.

    left, right: equally long records. load_left, load_right: to (H, W, 3) uint8 under each set's stretch.
    key: text that names both stretches.
    """

    left: Sequence[ImageRecord]
    right: Sequence[ImageRecord]
    load_left: Load
    load_right: Load
    key: str


def cosine_distances(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return 1 − cos of each pair of rows, float64 (n,), in [0, 2]; exactly 0 for equal rows of length 1.

    left, right: (n, d) unit-length rows, as DreamSim makes them.
    """
    # Half the squared difference has no cancellation near 0, where 1 − a·b has little else.
    gaps = np.square(left.astype(np.float64) - right.astype(np.float64)).sum(axis=1)
    return np.asarray(gaps / 2.0)


def common_size(a: ImageRecord, b: ImageRecord) -> tuple[int, int]:
    """Return the (width, height) at which a pair is compared: the smaller width and the smaller height."""
    return min(a.width, b.width), min(a.height, b.height)


def score_pairs(
    pairing: Pairing,
    metrics: Sequence[str],
    perceptual: dict[str, PairNetwork],
    store: FeatureStore,
    check: Callable[[], None],
    notice: Callable[[str], None],
) -> Iterator[tuple[int, Scores]]:
    """Yield (pairs done, scores so far); the last one is complete.

    metrics: pairwise ids of the catalogue. perceptual: the loaded network of each perceptual id among them.
    A pair of unequal sizes is compared at the common size (Pillow bicubic, antialiased). NaN where a pair has no
    value: too small for the window, or unreadable. Scores known to the store are not computed again. notice: told in
    words when memory runs out.
    """
    keys = [(a.digest, b.digest) for a, b in zip(pairing.left, pairing.right, strict=True)]
    spaces = {metric: _space(metric, pairing.key, perceptual) for metric in metrics}
    scores = {metric: np.full(len(keys), np.nan) for metric in metrics}
    known = {metric: np.zeros(len(keys), dtype=np.bool_) for metric in metrics}
    for metric in metrics:
        stored = store.get_pairs(spaces[metric], keys)
        for i, key in enumerate(keys):
            if key in stored:
                scores[metric][i] = stored[key]
                known[metric][i] = True
    missing = [i for i in range(len(keys)) if not all(known[metric][i] for metric in metrics)]
    # Pairs that share their reference image stand together, so that the networks see it once.
    missing.sort(key=lambda i: keys[i][1])
    yield len(keys) - len(missing), scores
    worker = _Scorer(metrics, perceptual, check, notice)
    batch: list[tuple[int, Image8]] = []
    unsaved: list[int] = []
    done = len(keys) - len(missing)

    def load(i: int) -> Image8:
        # Pixel metrics run in the decoding threads, beside the networks; each writes its own row.
        pair = load_pair(pairing, i)
        worker.pixel(i, pair, scores)
        return pair

    # Without networks beside them the pixel metrics may have every thread.
    workers = None if worker.has_networks else torch.get_num_threads()
    for k, pair in prefetch(missing, load, check=check, workers=workers, ahead=32):
        done += 1
        if not isinstance(pair, ImageProblem):
            i = missing[k]
            if batch and batch[0][1].shape != pair.shape:
                worker.perceptual(batch, scores)
                batch = []
            batch.append((i, pair))
            unsaved.append(i)
            if len(batch) >= worker.batch.size:
                worker.perceptual(batch, scores)
                batch = []
        if not batch and len(unsaved) >= _STORE_EVERY:
            _save(store, spaces, keys, unsaved, scores)
            unsaved = []
        yield done, scores
    if batch:
        worker.perceptual(batch, scores)
    _save(store, spaces, keys, unsaved, scores)
    yield done, scores


class _Scorer:
    """Computes the scores of decoded pairs, stacked as (2, H, W, 3)."""

    def __init__(
        self,
        metrics: Sequence[str],
        perceptual: dict[str, PairNetwork],
        check: Callable[[], None],
        notice: Callable[[str], None],
    ) -> None:
        self._pixel = [metric for metric in metrics if metric in _PIXEL_METRICS]
        self._networks = [(metric, perceptual[metric]) for metric in metrics if metric in perceptual]
        self._check = check
        self._notice = notice
        self.batch = TimedBatch(start=4, largest=32)

    @property
    def has_networks(self) -> bool:
        return bool(self._networks)

    def pixel(self, i: int, pair: Image8, scores: Scores) -> None:
        try:
            for metric, value in self._pixel_values(pair):
                scores[metric][i] = value
        except ImageProblem:
            # Too small for the window, which only SSIM has: PSNR comes first.
            return

    def _pixel_values(self, pair: Image8) -> Iterator[tuple[str, float]]:
        together = {"ssim", "ms-ssim"} <= set(self._pixel)
        for metric in sorted(self._pixel, key=lambda metric: metric != "psnr"):
            if not together or metric == "psnr":
                yield metric, _PIXEL_METRICS[metric](pair[0], pair[1])
        if together:
            first_scale, all_scales = ssim_and_ms_ssim(pair[0], pair[1])
            yield "ssim", first_scale
            yield "ms-ssim", all_scales.value

    def perceptual(self, batch: list[tuple[int, Image8]], scores: Scores) -> None:
        if not self._networks:
            return
        at = [i for i, _ in batch]
        stacked = np.stack([pair for _, pair in batch])
        for metric, network in self._networks:
            if min(stacked.shape[2:4]) < network.smallest_side:
                continue
            began = work_seconds()

            def work(part: npt.NDArray[Any], network: PairNetwork = network) -> npt.NDArray[np.float32]:
                return network.distance(part[:, 0], part[:, 1])

            def say_smaller(pairs: int, label: str = METRICS[metric].label) -> None:
                self._notice(f"Memory ran out: {label} goes on with {pairs} pairs at once. The numbers are the same.")

            scores[metric][at] = run_halving(
                work, stacked, check=self._check, batch_size=self.batch, report=say_smaller
            )
            self.batch.record(work_seconds() - began, len(at))


def load_pair(pairing: Pairing, i: int) -> Image8:
    """Return both images of a pair at their common size (Pillow bicubic, antialiased), uint8 (2, h, w, 3).

    Raises ImageProblem when one cannot be read.
    """
    a, b = pairing.load_left(pairing.left[i]), pairing.load_right(pairing.right[i])
    size = min(a.shape[1], b.shape[1]), min(a.shape[0], b.shape[0])
    return np.stack([_at_size(a, size), _at_size(b, size)])


def _at_size(image: Image8, size: tuple[int, int]) -> Image8:
    if (image.shape[1], image.shape[0]) == size:
        return image
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


def _space(metric: str, key: str, perceptual: dict[str, PairNetwork]) -> str:
    weights = perceptual[metric].weights_digest if metric in perceptual else ""
    return json.dumps([_VERSIONS.get(metric, "pair 1"), metric, key, weights, "bicubic to the smaller size"])


def _save(
    store: FeatureStore, spaces: dict[str, str], keys: list[tuple[str, str]], at: list[int], scores: Scores
) -> None:
    if at:
        for metric, space in spaces.items():
            store.put_pairs(space, {keys[i]: float(scores[metric][i]) for i in at})


def ms_ssim_forms(pairing: Pairing) -> npt.NDArray[np.int64]:
    """Return the number of MS-SSIM scales each pair allows, shape (n,), 0 to 5."""
    sizes = [common_size(a, b) for a, b in zip(pairing.left, pairing.right, strict=True)]
    return np.array([ms_ssim_levels(height, width) for width, height in sizes], dtype=np.int64)


def keep_one_form(scores: Scores, forms: npt.NDArray[np.int64]) -> str:
    """Leave only the most common MS-SSIM form in its column, the rest NaN, and return what to know about it.

    Values with different numbers of scales are different metrics: one column, one mean, one form.
    """
    counts = Counter(forms.tolist())
    form = max(counts, key=lambda level: (counts[level], level))
    scores["ms-ssim"][forms != form] = np.nan
    if form == 0:
        return "no pair reaches the 11 px of the window"
    others = len(forms) - counts[form]
    left_out = f"; {others} pairs that allow another form are left out" if others else ""
    return f"{ms_ssim_label(form)}{left_out}"


def unequal_sizes(pairing: Pairing) -> int:
    """Return how many pairs are compared at a common size because their own sizes differ."""
    return sum((a.width, a.height) != (b.width, b.height) for a, b in zip(pairing.left, pairing.right, strict=True))
