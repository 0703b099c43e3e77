"""Opening and saving studies off the GUI thread, and the copy that survives a crash."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from planetview.core.datasets import Dataset
from planetview.core.errors import UserError
from planetview.core.files import cannot_write, write_text_atomically
from planetview.core.fingerprints import Fingerprint
from planetview.core.messages import JobFailure
from planetview.core.paths import data_dir
from planetview.core.study import RESULTS_SUFFIX, STUDY_SUFFIX, Study, load_study, save_study
from planetview.gui.apart import call_beside
from planetview.gui.background import Background
from planetview.gui.workspace import Workspace

AUTOSAVE_SECONDS = 60
# What a study file holds for each image, at least: a digest does not compress below 32.
_BYTES_AN_IMAGE = 50


@dataclass(frozen=True, slots=True)
class Recovery:
    """A study that a window left behind when it ended without closing.

    copy: the autosaved file. original: the file it belongs to, None when it never had one.
    """

    copy: Path
    title: str
    original: Path | None


class StudyFiles(QObject):
    """Saves, opens and autosaves the study of one workspace.

    Autosaved copies lie in `data_dir()/autosave`, one per running window, each with a lock file that
    tells a later start whether its window still runs. A clean end removes the copy.

    window_state: asked for what the window shows, JSON-ready, whenever the study is saved; set by who knows.
    """

    saved = Signal(object)  # Path
    opened = Signal(object, object)  # Study, Path
    failed = Signal(object, object)  # what was tried ("save", "open", "autosave"), JobFailure
    recoveries_found = Signal(object)  # tuple[Recovery, ...]
    part_lost = Signal(object, object)  # Path, tuple[str, ...]: parts of an opened study that were damaged
    set_changed = Signal(str, str)  # name of a set that is not as it was when the study was saved, the difference

    def __init__(self, workspace: Workspace, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._background = workspace, background
        self._copy = autosave_dir() / f"{uuid.uuid4().hex}{STUDY_SUFFIX}"
        self._lock: QLockFile | None = None
        self._autosaved: tuple[object, ...] | None = None
        self.window_state: Callable[[], Mapping[str, Any]] = dict
        # Of the file that is open: what this version does not know, whether parts of it are damaged.
        self._extra: tuple[Path, Mapping[str, Any]] | None = None
        self._damaged: set[Path] = set()
        self._expected: dict[str, Fingerprint] = {}
        workspace.contents_changed.connect(self._compare_sets)
        self._timer = QTimer(self, interval=AUTOSAVE_SECONDS * 1000)
        self._timer.timeout.connect(self.autosave)
        self._timer.start()

    def save(self, path: Path) -> None:
        """Write the study to `path`; ends with `saved` or `failed`."""
        if path.suffix != STUDY_SUFFIX:
            path = path.with_name((path.stem if path.suffix == RESULTS_SUFFIX else path.name) + STUDY_SUFFIX)
        study, state, datasets = self.study(), self._workspace.snapshot(), self._workspace.datasets
        is_damaged = path in self._damaged

        def on_done(_nothing: object) -> None:
            self._damaged.discard(path)
            self._extra = (path, study.extra)
            self._workspace.mark_saved(path, state)
            if not self._workspace.is_dirty:
                # A crash from here on loses nothing: the copy would be offered for no reason.
                self._autosaved = None
                self._background.submit(lambda: _delete(self._copy))
            self.saved.emit(path)

        def work() -> None:
            if is_damaged:
                set_aside(path)
            _save(study, datasets, path)

        self._background.submit(work, on_done, lambda why: self.failed.emit("save", why))

    def study(self) -> Study:
        """Return the study as it would be saved, with the state of the window and what else its file held."""
        extra = self._extra[1] if self._extra is not None and self._extra[0] == self._workspace.path else {}
        return replace(self._workspace.study(), window=dict(self.window_state()), extra=extra)

    def open(self, path: Path) -> None:
        """Read the study in `path`; ends with `opened` or `failed`."""

        def on_read(study: Study) -> None:
            self._extra = (path, study.extra)
            self.opened.emit(study, path)
            if study.damaged:
                self._damaged.add(path)
                self.part_lost.emit(path, study.damaged)

        self.read(path, on_read)

    def read(self, path: Path, on_read: Callable[[Study], object]) -> None:
        """Read the study in `path` and hand it to `on_read` on the GUI thread; ends with `failed` otherwise."""

        def on_done(study: Study) -> None:
            self._expected = {one.name: one.fingerprint for one in study.sources if one.fingerprint is not None}
            on_read(study)

        self._background.submit(lambda: _load(path), on_done, lambda why: self.failed.emit("open", why))

    def autosave(self, *, is_last: bool = False) -> None:
        """Write the copy, if something has changed since the last one; `is_last` when the event loop has ended."""
        workspace = self._workspace
        state = workspace.snapshot()
        if not workspace.is_dirty or (
            self._autosaved is not None and all(a is b for a, b in zip(state, self._autosaved, strict=True))
        ):
            return
        self._autosaved = state
        self._hold_lock()
        study, copy, datasets = self.study(), self._copy, workspace.datasets
        note = json.dumps({"title": study.title, "path": str(workspace.path) if workspace.path else None})

        def work() -> None:
            # Nobody waits for a window that is closing: the quickest way is best.
            _save(study, datasets, copy, apart=not is_last)
            write_text_atomically(copy.with_suffix(".json"), note)

        self._background.submit(work, None, self._on_autosave_failed)

    def look_for_recoveries(self) -> None:
        """Look for copies that a crashed window left behind; `recoveries_found` follows when there are some."""
        own = self._copy

        def on_done(found: tuple[Recovery, ...]) -> None:
            if found:
                self.recoveries_found.emit(found)

        self._background.submit(lambda: tuple(_abandoned(own)), on_done)

    def discard(self, recovery: Recovery) -> None:
        """Delete a copy that nobody wants back."""
        copy = recovery.copy
        self._background.submit(lambda: _delete(copy))

    def close(self, *, keep_copy: bool = False) -> None:
        """Stop the clock, and remove the copy unless the window ends against its will.

        Call once the background work has ended.
        """
        self._timer.stop()
        if not keep_copy:
            _delete(self._copy)
        if self._lock is not None:
            self._lock.unlock()

    def _compare_sets(self) -> None:
        """Tell of sets that were read for the study just opened and differ from what its file says."""
        contents = self._workspace.contents
        if not contents.datasets and not contents.missing:
            self._expected = {}
        for dataset in contents.datasets:
            expected = self._expected.pop(dataset.name, None)
            if expected is not None:
                self._background.submit(partial(expected.difference, dataset), partial(self._on_compared, dataset.name))

    def _on_compared(self, name: str, difference: str) -> None:
        if difference:
            self.set_changed.emit(name, difference)

    def _hold_lock(self) -> None:
        if self._lock is None:
            with contextlib.suppress(OSError):
                self._copy.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock_of(self._copy)
            self._lock.tryLock(0)

    def _on_autosave_failed(self, why: JobFailure) -> None:
        self._autosaved = None
        self.failed.emit("autosave", why)


def set_aside(path: Path) -> Path | None:
    """Keep the file at `path` under another name beside it, before it is replaced; return that name.

    None when there is no such file. Raises UserError when it cannot be kept.
    """
    if not path.exists():
        return None
    kept = path.with_name(f"{path.stem} (damaged {time.strftime('%Y-%m-%d %H%M%S')}){path.suffix}")
    try:
        shutil.copy2(path, kept)
    except OSError as error:
        raise cannot_write(kept, error) from error
    return kept


def autosave_dir() -> Path:
    """Return the folder of the autosaved copies."""
    return data_dir() / "autosave"


def _save(study: Study, datasets: tuple[Dataset, ...], path: Path, *, apart: bool = True) -> None:
    study = study.with_fingerprints(datasets)
    call_beside(_images_in(study) if apart else 0, save_study, study, path)


def _images_in(study: Study) -> int:
    return 0 if study.results is None else sum(len(dataset) for dataset in study.results.datasets)


def _load(path: Path) -> Study:
    study: Study = call_beside(_images_at_most(path), load_study, path)
    return study


def _images_at_most(path: Path) -> int:
    try:
        return path.stat().st_size // _BYTES_AN_IMAGE
    except OSError:
        return 0  # reading it will say why


def _lock_of(copy: Path) -> QLockFile:
    lock = QLockFile(str(copy.with_suffix(".lock")))
    # Only a dead process makes a lock stale, however long the window has been open.
    lock.setStaleLockTime(0)
    return lock


def _abandoned(own: Path) -> Iterator[Recovery]:
    for copy in sorted(autosave_dir().glob(f"*{STUDY_SUFFIX}")):
        if copy == own:
            continue
        lock = _lock_of(copy)
        if not lock.tryLock(0):
            continue  # its window still runs
        lock.unlock()
        try:
            _load(copy)
        except UserError:
            copy.replace(copy.with_suffix(".damaged"))
            continue
        note: dict[str, str | None] = {}
        with contextlib.suppress(OSError, ValueError):
            note = json.loads(copy.with_suffix(".json").read_text(encoding="utf-8"))
        original = note.get("path")
        yield Recovery(copy, note.get("title") or Study().title, Path(original) if original else None)


def _delete(copy: Path) -> None:
    for path in (copy, copy.with_suffix(".json")):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
