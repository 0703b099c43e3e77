"""What earlier scans found out about encoded images, so that no image is decoded twice to be checked."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from planetview.core.decoding import READER_VERSION

FILE_NAME = "scan-index.sqlite3"

_SCHEMA = """CREATE TABLE IF NOT EXISTS findings (
    digest TEXT PRIMARY KEY, width INTEGER NOT NULL, height INTEGER NOT NULL, bands INTEGER NOT NULL,
    dtype TEXT NOT NULL, notes TEXT NOT NULL, problem TEXT NOT NULL) WITHOUT ROWID"""
# What is read again once the reader has changed from one version to another, where that is not everything.
_FORGET = {(1, 2): "DELETE FROM findings WHERE problem != ''"}
_BATCH = 1000
_LOCK_SECONDS = 2.0
# The file itself is wrong: what it says or how it is laid out, not the disk or another process.
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of decoding some bytes once: the shape of the image, or the problem with it."""

    width: int = 0
    height: int = 0
    bands: int = 0
    dtype: str = ""
    notes: tuple[str, ...] = ()
    problem: str = ""


class ScanIndex:
    """Findings by SHA-256 of the encoded bytes, in one SQLite file; safe from several threads.

    Only ever a help: when its file cannot be made, read or written, lookups miss and additions
    are dropped. A corrupt file is set aside under another name and a new one begun.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._pending: dict[str, Finding] = {}
        self._connection: sqlite3.Connection | None = None
        # The second attempt starts a new file where the first one found a corrupt one.
        for _attempt in range(2):
            if self._opened():
                break

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, digest: str) -> Finding | None:
        """Return what is known about these bytes, or None."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                row = self._connection.execute(
                    "SELECT width, height, bands, dtype, notes, problem FROM findings WHERE digest = ?", (digest,)
                ).fetchone()
            except (sqlite3.Error, OverflowError) as error:
                self._give_up(error)
                return None
        if row is None:
            return None
        width, height, bands, dtype, notes, problem = row
        return Finding(width, height, bands, dtype, tuple(notes.split("\n")) if notes else (), problem)

    def add(self, digest: str, finding: Finding) -> None:
        """Remember what was found; written in batches and by `close`."""
        with self._lock:
            self._pending[digest] = finding
            if len(self._pending) >= _BATCH:
                self._write()

    def close(self) -> None:
        """Write what is pending and close the file; later calls of `get` and `add` do nothing."""
        with self._lock:
            self._write()
            self._disconnect()

    def _opened(self) -> bool:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=_LOCK_SECONDS, check_same_thread=False)
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version != READER_VERSION:
                self._connection.execute(_FORGET.get((version, READER_VERSION), "DROP TABLE IF EXISTS findings"))
                self._connection.execute(_SCHEMA)
                self._connection.execute(f"PRAGMA user_version = {READER_VERSION}")
                self._connection.commit()
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        return self._connection is not None

    def _write(self) -> None:
        pending, self._pending = self._pending, {}
        if self._connection is None or not pending:
            return
        rows = [
            (digest, found.width, found.height, found.bands, found.dtype, "\n".join(found.notes), found.problem)
            for digest, found in pending.items()
        ]
        try:
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._disconnect()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT:
            aside = self._path.with_name(f"{FILE_NAME}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}")
            with contextlib.suppress(OSError):
                self._path.replace(aside)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
