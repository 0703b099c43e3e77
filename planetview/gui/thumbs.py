"""Small pictures of images: decoded off the GUI thread, newest wish first, kept in memory by bytes."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, QRunnable, QThread, QThreadPool, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage, QPixmap

from planetview.core.datasets import ImageRecord
from planetview.core.errors import ImageProblem
from planetview.core.readers import load_rgb8
from planetview.core.stretch import ResolvedStretch, Stretch, StretchKind
from planetview.gui.thumb_store import (
    EDGE_PX,
    Pixels,
    ThumbnailStore,
    is_as_scanned,
    is_worth_keeping,
    scaled_size,
    stored_size,
)

log = logging.getLogger(__name__)

CACHE_BYTES = 256 * 1024**2
MAX_PENDING = 120
_REFRESH_MS = 33
_UNCHANGED = ResolvedStretch(Stretch(StretchKind.NONE))
_DISPLAY_ONLY = ResolvedStretch(Stretch(StretchKind.IMAGE_PERCENTILE))


class ThumbnailKey(NamedTuple):
    """What a thumbnail shows: the image, its longer side in device pixels, the stretch it went through."""

    digest: str
    path: Path
    member: str | None
    edge_px: int
    stretch: str


class ThumbnailCache(QObject):
    """Thumbnails on demand; lives on the GUI thread, decodes in a small thread pool of its own.

    A miss returns None at once and queues the decoding; the newest wish is served first and wishes
    beyond `MAX_PENDING` are dropped, so that fast scrolling never decodes what is already out of view.

    store: keeps thumbnails between starts; None keeps none.
    """

    ready = Signal(object)  # ThumbnailKey, once decoded or found unreadable
    refreshed = Signal()  # at most once in 33 ms while thumbnails arrive: connect repaints here

    _decoded = Signal(object, object, str)  # ThumbnailKey, QImage | None, reason

    def __init__(
        self, parent: QObject | None = None, max_bytes: int = CACHE_BYTES, store: ThumbnailStore | None = None
    ) -> None:
        super().__init__(parent)
        self._max_bytes = max_bytes
        self._store = store
        self._bytes = 0
        self._pixmaps: OrderedDict[ThumbnailKey, QPixmap] = OrderedDict()
        self._problems: dict[ThumbnailKey, str] = {}
        self._pending: dict[ThumbnailKey, _Decoding] = {}
        # A task's signal arrives before its run() has returned: it must outlive that moment.
        self._finished: deque[_Decoding] = deque(maxlen=16)
        self._stretches: dict[str, ResolvedStretch] = {}
        self._waiting: OrderedDict[ThumbnailKey, _Decoding] = OrderedDict()
        self._running = 0
        self._is_shut_down = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(max(1, min(4, (os.cpu_count() or 2) - 1)))
        self._pool.setThreadPriority(QThread.Priority.LowPriority)
        # Every task that starts while tiles are painted takes the interpreter's lock from the painting: 68 ms for 27.
        self._starting = QTimer(self, singleShot=True, interval=0)
        self._starting.timeout.connect(self._start_waiting)
        self._refresh = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self.refreshed)
        self._decoded.connect(self._on_decoded)

    def use_stretches(self, stretches: Mapping[str, ResolvedStretch]) -> None:
        """Show the images of each named dataset through its stretch, and try unreadable images again.

        Datasets not named pass unchanged; their deeper images are stretched alone, for display only.
        """
        self._stretches = dict(stretches)
        self._problems.clear()

    def get(
        self,
        record: ImageRecord,
        edge_px: int,
        dataset: str | None = None,
        ratio: float | None = None,
        stretch: ResolvedStretch | None = None,
    ) -> QPixmap | None:
        """Return the thumbnail whose longer side is `edge_px` logical pixels, or None while it is not there.

        dataset: name for its stretch. ratio: device pixels per logical pixel; None takes the application's.
        stretch: to be shown in place of the dataset's.
        """
        stretch = self._stretch_of(record, dataset) if stretch is None else _shown_as(record, stretch)
        ratio = ratio or QGuiApplication.instance().devicePixelRatio()  # type: ignore[union-attr]
        key = ThumbnailKey(record.digest, record.path, record.member, max(1, round(edge_px * ratio)), stretch.key)
        pixmap = self._pixmaps.get(key)
        if pixmap is not None:
            self._pixmaps.move_to_end(key)
            if pixmap.devicePixelRatio() != ratio:
                pixmap.setDevicePixelRatio(ratio)
            return pixmap
        if key not in self._pending and _any_size(key) not in self._problems:
            self._wish(key, record, stretch)
        return None

    def problem(self, record: ImageRecord, dataset: str | None = None) -> str:
        """Return why the image is unreadable, or "" when nothing is known against it."""
        stretch = self._stretch_of(record, dataset)
        return self._problems.get(ThumbnailKey(record.digest, record.path, record.member, 0, stretch.key), "")

    def shutdown(self) -> None:
        """Drop all wishes and wait for the few that are being decoded; nothing is decoded afterwards."""
        self._is_shut_down = True
        self._refresh.stop()
        self._starting.stop()
        self._waiting.clear()
        self._pool.waitForDone()
        self._pending.clear()

    def _stretch_of(self, record: ImageRecord, dataset: str | None) -> ResolvedStretch:
        return _shown_as(record, self._stretches.get(dataset, _UNCHANGED) if dataset is not None else _UNCHANGED)

    def _wish(self, key: ThumbnailKey, record: ImageRecord, stretch: ResolvedStretch) -> None:
        if self._is_shut_down:
            return
        task = _Decoding(self, key, record, stretch, self._store)
        self._pending[key] = self._waiting[key] = task
        while len(self._waiting) > MAX_PENDING:
            del self._pending[self._waiting.popitem(last=False)[0]]
        if not self._starting.isActive():
            self._starting.start()

    @Slot()
    def _start_waiting(self) -> None:
        """Keep every thread busy and one task ahead of it, newest wish first."""
        while self._waiting and self._running < 2 * self._pool.maxThreadCount():
            self._running += 1
            self._pool.start(self._waiting.popitem(last=True)[1])

    @Slot(object, object, str)
    def _on_decoded(self, key: ThumbnailKey, image: QImage | None, reason: str) -> None:
        task = self._pending.pop(key, None)
        if task is not None:
            self._finished.append(task)
        self._running -= 1
        if self._is_shut_down:
            return
        self._start_waiting()
        if image is None:
            self._problems[_any_size(key)] = reason
        else:
            self._keep(key, QPixmap.fromImage(image))
        self.ready.emit(key)
        if not self._refresh.isActive():
            self._refresh.start()

    def _keep(self, key: ThumbnailKey, pixmap: QPixmap) -> None:
        replaced = self._pixmaps.pop(key, None)
        if replaced is not None:
            self._bytes -= _size_bytes(replaced)
        self._pixmaps[key] = pixmap
        self._bytes += _size_bytes(pixmap)
        while self._bytes > self._max_bytes and len(self._pixmaps) > 1:
            self._bytes -= _size_bytes(self._pixmaps.popitem(last=False)[1])


class _Decoding(QRunnable):
    def __init__(
        self,
        cache: ThumbnailCache,
        key: ThumbnailKey,
        record: ImageRecord,
        stretch: ResolvedStretch,
        store: ThumbnailStore | None,
    ) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._cache, self._key, self._record, self._stretch, self._store = cache, key, record, stretch, store

    def run(self) -> None:
        try:
            image, reason = decode_thumbnail(self._record, self._stretch, self._key.edge_px, self._store), ""
        except ImageProblem as problem:
            image, reason = None, problem.reason
        except Exception as error:  # a worker that dies in silence would leave its tile waiting forever
            log.exception("thumbnail of %s failed", self._record.path)
            image, reason = None, f"{type(error).__name__}: {error}"
        self._cache._decoded.emit(self._key, image, reason)


def decode_thumbnail(
    record: ImageRecord, stretch: ResolvedStretch, edge_px: int, store: ThumbnailStore | None = None
) -> QImage:
    """Return the image scaled so that its longer side is `edge_px` device pixels; safe in any thread.

    store: where a thumbnail of up to `EDGE_PX` pixels is looked for, and left, when that is quicker than decoding.
    Raises ImageProblem when the image cannot be read.
    """
    if store is None or edge_px > EDGE_PX or not is_worth_keeping(record):
        return _scaled(load_rgb8(record, stretch), edge_px)
    kept = store.read(record, stretch.key) if is_as_scanned(record) else None
    if kept is None:
        kept = _resized(load_rgb8(record, stretch), stored_size(record))
        store.write(record, stretch.key, kept)
    return _scaled(kept, edge_px)


def _scaled(pixels: Pixels, edge_px: int) -> QImage:
    width, height = scaled_size(pixels.shape[1], pixels.shape[0], edge_px)
    scaled = _resized(pixels, (width, height))
    view = QImage(scaled.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    # The conversion copies: `view` only borrows the array's memory.
    return view.convertToFormat(QImage.Format.Format_RGB32)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    filter_ = Image.Resampling.LANCZOS if size[0] < pixels.shape[1] else Image.Resampling.BICUBIC
    return np.ascontiguousarray(Image.fromarray(pixels).resize(size, filter_, reducing_gap=3.0))


def _shown_as(record: ImageRecord, stretch: ResolvedStretch) -> ResolvedStretch:
    return _DISPLAY_ONLY if stretch.stretch.kind is StretchKind.NONE and not record.is_8bit else stretch


def _any_size(key: ThumbnailKey) -> ThumbnailKey:
    return key._replace(edge_px=0)


def _size_bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * max(1, pixmap.depth() // 8)
