"""The feature store's file: its schema, the ways to open it, and the names damaged ones are kept under."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from planetview.core.paths import cache_dir

_APPLICATION_ID = 0x50564653
SCHEMA_VERSION = 1
_TABLES = {"spaces", "rows"}
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS spaces (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    "CREATE TABLE IF NOT EXISTS rows (space INTEGER, digest BLOB, checksum BLOB, data BLOB)",
    "CREATE UNIQUE INDEX IF NOT EXISTS rows_by_digest ON rows (space, digest)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
# 32 KiB pages hold five rows of 1472 float32: against 4 KiB pages writing is 1.2x and reading 1.5x faster.
_PAGE_BYTES = 32768
# The default, 1000 pages, would leave 32 MB beside every store in use.
_LOG_BYTES = 8 * 2**20
# UnicodeDecodeError: Python's module cannot quote what SQLite says about a damaged schema.
FAULTS = (sqlite3.Error, UnicodeDecodeError)
_BUSY_SECONDS = 5.0
JOURNALS = ("-wal", "-shm", "-journal")


def default_path() -> Path:
    """Return where the feature store lies; named by schema, so that two installed versions leave each other's alone."""
    return cache_dir() / f"features-{SCHEMA_VERSION}.sqlite"


class OtherVersion(Exception):
    """The file is a feature store of another schema version."""


class ForeignFile(Exception):
    """The file is a database that was never a feature store."""


def open_writable(path: Path, max_bytes: int | None) -> sqlite3.Connection:
    """Open or create the store; raises sqlite3.Error, `ForeignFile` or `OtherVersion`."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA cell_size_check = ON")
        # Shared memory is not dependable on a network share, and the write-ahead log needs it.
        wanted = "DELETE" if str(path).startswith(("\\\\", "//")) else "WAL"
        # Another process may be switching at this moment; the mode in force then serves as well.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // _PAGE_BYTES}").fetchone()
        if max_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {max(8, max_bytes // _PAGE_BYTES)}").fetchone()
        _ensure_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _ensure_schema(connection: sqlite3.Connection) -> None:
    if not _tables(connection):
        with transaction(connection):
            for statement in _SCHEMA:
                connection.execute(statement)
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION_ID
    current = connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    complete = _tables(connection) >= _TABLES
    if not (ours or complete):
        raise ForeignFile
    if not (ours and current):
        raise OtherVersion
    if not complete:
        raise sqlite3.DatabaseError("tables are missing")


def _tables(connection: sqlite3.Connection) -> set[Any]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def open_frozen(path: Path) -> sqlite3.Connection | None:
    """Open a file that cannot be written, without any lock or journal; None when it cannot be read."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except (*FAULTS, OSError):
        return None
    with contextlib.suppress(*FAULTS):
        current = connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        if current and _tables(connection) >= _TABLES:
            return connection
    connection.close()
    return None


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Hold the write lock; everything inside is kept, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(*FAULTS):
            connection.execute("ROLLBACK")
        raise


def may_write(path: Path) -> bool:
    """Whether the system lets this process write the file and its folder."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def claim_name(path: Path, label: str) -> Path:
    """Create an empty file `<path>.<label>-<n>` under the first free n, so that no other process takes it."""
    n = 1
    while True:
        aside = path.with_name(f"{path.name}.{label}-{n}")
        try:
            aside.touch(exist_ok=False)
            return aside
        except FileExistsError:
            n += 1


def file_id(path: Path) -> tuple[int, int]:
    """Return what tells this file from another one put under the same name; raises OSError."""
    status = path.stat()
    return status.st_dev, status.st_ino
