"""What a stretch would do to the sets, worked out off the GUI thread and dropped when another is asked for."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal, Slot
from PySide6.QtGui import QImage

from planetview.core.cancel import Cancelled, CancelToken
from planetview.core.datasets import Dataset, ImageRecord
from planetview.core.errors import ImageProblem, UserError
from planetview.core.readers import NativeImage, load_native, resolve_stretch, to_rgb8
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind

BINS = 64
_MOST_SAMPLES = 1_000_000
_KEPT_RANGES = 256
_AS_SHOWN = ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE))


@dataclass(frozen=True, slots=True)
class SetStretch:
    """A stretch for one set: made concrete, or why it cannot be."""

    name: str
    resolved: ResolvedStretch | None
    problem: str = ""


@dataclass(frozen=True)
class SampleStretch:
    """One image before and after.

    native: counts of samples in BINS bins from `lowest` to `highest`, in native units. levels: the same of the 8-bit
    levels, 0 to 255. black, white: share of samples at level 0 and 255. value_range: native values that become 0 and
    255; None where samples pass unchanged. is_refused: a run would refuse the image; `picture` is for display only.
    problem: why there is nothing to show.
    """

    set_name: str
    image_name: str
    dtype: str = ""
    picture: QImage | None = None
    native: NDArray[np.int64] | None = None
    levels: NDArray[np.int64] | None = None
    lowest: float = 0.0
    highest: float = 0.0
    black: float = 0.0
    white: float = 0.0
    value_range: tuple[float, float] | None = None
    is_refused: bool = False
    problem: str = ""


@dataclass(frozen=True)
class PreviewRequest:
    """What to work out. samples: (set, image number in it), shown first; edge_px: longer side of the pictures."""

    datasets: tuple[Dataset, ...]
    samples: tuple[tuple[Dataset, int], ...]
    stretch: Stretch
    seed: int
    edge_px: int


class StretchPreview(QObject):
    """Works on the last request only; lives on the GUI thread, with a pool of one thread."""

    resolved = Signal(object)  # SetStretch
    sampled = Signal(object)  # SampleStretch
    finished = Signal()

    _arrived = Signal(int, object)  # serial, SetStretch | SampleStretch | None at the end

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._serial = 0
        self._task: _Preview | None = None
        self._former: list[_Preview] = []
        # Ranges of sets by images and choice: the same question comes with every change of a role or name.
        self._ranges: _Ranges = OrderedDict()
        self._arrived.connect(self._on_arrived)

    @property
    def is_busy(self) -> bool:
        """Whether something is still to come."""
        return self._task is not None

    def request(self, request: PreviewRequest) -> None:
        """Begin with this; what was asked before is dropped."""
        self.cancel()
        self._serial += 1
        self._task = _Preview(self, self._serial, request, self._ranges)
        self._pool.start(self._task)

    def cancel(self) -> None:
        """Drop what is being worked on; nothing of it arrives any more."""
        self._serial += 1
        if self._task is not None:
            self._task.token.cancel()
            if not self._pool.tryTake(self._task):
                # Python must keep it until its run() has returned.
                self._former = [*self._former[-4:], self._task]
            self._task = None

    def shutdown(self) -> None:
        """Drop everything and wait for the image that is being read."""
        self.cancel()
        self._pool.clear()
        self._pool.waitForDone()

    @Slot(int, object)
    def _on_arrived(self, serial: int, found: SetStretch | SampleStretch | None) -> None:
        if serial != self._serial:
            return
        if isinstance(found, SetStretch):
            self.resolved.emit(found)
        elif isinstance(found, SampleStretch):
            self.sampled.emit(found)
        else:
            if self._task is not None:
                self._former = [*self._former[-4:], self._task]
                self._task = None
            self.finished.emit()


_Ranges = OrderedDict[tuple[int, Stretch, int], tuple[tuple[ImageRecord, ...], SetStretch]]


class _Preview(QRunnable):
    def __init__(self, owner: StretchPreview, serial: int, request: PreviewRequest, ranges: _Ranges) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.token = CancelToken()
        self._owner, self._serial, self._request, self._ranges = owner, serial, request, ranges

    def run(self) -> None:
        request = self._request
        shown = [dataset for dataset, _ in request.samples]
        try:
            for dataset, number in request.samples:
                found = self._resolve(dataset)
                self._say(found)
                self.token.check()
                self._say(sample_stretch(dataset, number, found, request.edge_px))
            for dataset in request.datasets:
                if all(dataset is not other for other in shown):
                    self._say(self._resolve(dataset))
            self._say(None)
        except (Cancelled, RuntimeError):
            return  # another request came, or the window closed

    def _resolve(self, dataset: Dataset) -> SetStretch:
        key = (id(dataset.images), self._request.stretch, self._request.seed)
        known = self._ranges.get(key)
        if known is not None and known[0] is dataset.images:
            return SetStretch(dataset.name, known[1].resolved, known[1].problem)
        try:
            found = SetStretch(
                dataset.name,
                resolve_stretch(self._request.stretch, dataset, self._request.seed, self.token.check),
            )
        except UserError as error:
            found = SetStretch(dataset.name, None, error.message)
        self._ranges[key] = (dataset.images, found)
        while len(self._ranges) > _KEPT_RANGES:
            self._ranges.popitem(last=False)
        return found

    def _say(self, found: SetStretch | SampleStretch | None) -> None:
        self.token.check()
        self._owner._arrived.emit(self._serial, found)


def sample_stretch(dataset: Dataset, number: int, found: SetStretch, edge_px: int) -> SampleStretch:
    """Return one image of a set before and after the stretch `found` for it; safe in any thread."""
    record = dataset.images[number]
    if found.resolved is None:
        return SampleStretch(dataset.name, record.name, record.dtype, problem=found.problem)
    try:
        native = load_native(record)
        is_refused = found.resolved.stretch.kind is StretchKind.NONE and native.samples.dtype != np.uint8
        pixels = to_rgb8(native, _AS_SHOWN if is_refused else found.resolved)
    except ImageProblem as problem:
        return SampleStretch(dataset.name, record.name, record.dtype, problem=problem.reason)
    values, levels = _samples(native, pixels)
    if not values.size:
        return SampleStretch(dataset.name, record.name, record.dtype, problem="no pixel holds data")
    lowest, highest = float(values.min()), float(values.max())
    counts, _ = np.histogram(values, BINS, (lowest, highest if highest > lowest else lowest + 1))
    return SampleStretch(
        dataset.name,
        record.name,
        record.dtype,
        _picture(pixels, edge_px),
        counts.astype(np.int64),
        np.bincount(levels, minlength=256).reshape(BINS, -1).sum(axis=1),
        lowest,
        highest,
        float(np.mean(levels == 0)),
        float(np.mean(levels == 255)),
        None if is_refused else found.resolved.value_range,
        is_refused,
    )


def _samples(native: NativeImage, pixels: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return finite native samples and the levels they became, every n-th of a large image."""
    samples = native.samples
    bands = samples.shape[2]
    levels = pixels if bands == 3 else pixels[..., :1]
    if native.valid is not None:
        samples, levels = samples[native.valid], levels[native.valid]
    flat, flat_levels = samples.reshape(-1), levels.reshape(-1)
    step = max(1, flat.size // _MOST_SAMPLES)
    flat, flat_levels = flat[::step], flat_levels[::step]
    if flat.dtype.kind == "f":
        finite = np.isfinite(flat)
        flat, flat_levels = flat[finite], flat_levels[finite]
    return flat, flat_levels


def _picture(pixels: NDArray[np.uint8], edge_px: int) -> QImage:
    height, width = pixels.shape[:2]
    scale = edge_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    filter_ = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    scaled = np.ascontiguousarray(Image.fromarray(pixels).resize(size, filter_, reducing_gap=3.0))
    # The copy: the image only borrows the array's memory.
    return QImage(scaled.data, size[0], size[1], 3 * size[0], QImage.Format.Format_RGB888).copy()
