"""Feature store: rows of numbers kept on disk, keyed by image content and everything that shaped them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from planetview.core.errors import UserError
from planetview.engine.store_file import (
    FAULTS,
    JOURNALS,
    ForeignFile,
    OtherVersion,
    claim_name,
    file_id,
    may_write,
    open_frozen,
    open_writable,
    transaction,
)

Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Pair = tuple[str, str]

_KEYS_PER_QUERY = 500
_MOST_RESTARTS = 3
_BUSY_CODES = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSED_CODES = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FeatureSpace:
    """Everything besides the image that decides a feature row.

    preprocessing, extractor: ids of the resize recipe and of the network and layer.
    stretch: `ResolvedStretch.key`. weights: digest of the weight file. precision: "float32", "bfloat16" ...
    """

    preprocessing: str
    stretch: str
    extractor: str
    weights: str
    precision: str

    @property
    def key(self) -> str:
        """Text that differs whenever any field differs."""
        return json.dumps(astuple(self), ensure_ascii=False, separators=(",", ":"))


class FeatureStore:
    """SQLite file of checksummed rows; losing it costs time, never correctness.

    path: the database file; missing parent folders are created.
    max_bytes: upper limit of the database file, or None.

    Every row carries a checksum over its space, digest, type and numbers; a row that fails it counts
    as absent. A damaged file, or one of another schema version, is renamed (`.corrupt-<n>`,
    `.version-<n>`) and a new one is started. When nothing can be written (full disk, read-only
    folder) the store keeps reading and stops storing. Each of these adds one sentence to `warnings`;
    none raises. Safe from several threads and from several processes at once.
    """

    def __init__(self, path: Path, *, max_bytes: int | None = None) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._warnings: list[str] = []
        self._space_ids: dict[str, int] = {}
        self._connection: sqlite3.Connection | None = None
        self._file_id: tuple[int, int] | None = None
        self._storing = True
        self._warned_busy = False
        self._restarts = 0
        self._connect()

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong so far, in sentences for people, oldest first."""
        with self._lock:
            return tuple(self._warnings)

    @property
    def is_storing(self) -> bool:
        """Whether new rows are being kept."""
        return self._storing and self._connection is not None

    def close(self) -> None:
        """Close the file; afterwards every row counts as absent and nothing is stored."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(*FAULTS):
                    self._connection.close()
            self._connection = None

    def read_into(self, space: str, digests: Sequence[str], out: Rows) -> npt.NDArray[np.bool_]:
        """Fill the rows of `out` that are stored and return which ones, shape (n,) bool.

        digests: n hexadecimal image digests, repeats allowed. out: (n, d) float32 or float64,
        C-contiguous rows; rows that are absent stay untouched. Raises ValueError on shapes that disagree.
        """
        if out.ndim != 2 or len(out) != len(digests):
            raise ValueError(f"out has shape {out.shape} for {len(digests)} digests")
        positions: dict[bytes, list[int]] = {}
        for i, digest in enumerate(digests):
            positions.setdefault(bytes.fromhex(digest), []).append(i)
        found = np.zeros(len(digests), dtype=np.bool_)
        for i, values in self._stored(space, positions, _stored_type(out), out.shape[1]):
            out[i] = values
            found[i] = True
        return found

    def get_many(
        self, space: str, digests: Sequence[str], dim: int, dtype: npt.DTypeLike = np.float32
    ) -> tuple[Rows, npt.NDArray[np.bool_]]:
        """Return (rows, found): rows (n, dim) with NaN where absent, found (n,) bool."""
        rows: Rows = np.full((len(digests), dim), np.nan, dtype=dtype)
        return rows, self.read_into(space, digests, rows)

    def put_many(self, space: str, digests: Sequence[str], rows: Rows) -> None:
        """Store the rows (n, d), float32 or float64, in one transaction, replacing what is there.

        Raises ValueError on shapes or types that disagree; troubles of the disk end in `warnings`.
        """
        if rows.ndim != 2 or len(rows) != len(digests):
            raise ValueError(f"rows have shape {rows.shape} for {len(digests)} digests")
        self._put(space, [bytes.fromhex(digest) for digest in digests], np.asarray(rows, dtype=_stored_type(rows)))

    def get_pairs(self, space: str, pairs: Sequence[Pair]) -> dict[Pair, float]:
        """Return the stored score of every ordered pair of digests that has one."""
        by_key = {_pair_key(pair): pair for pair in pairs}
        ordered = list(by_key.values())
        positions = {key: [i] for i, key in enumerate(by_key)}
        return {ordered[i]: float(v[0]) for i, v in self._stored(space, positions, np.dtype("<f8"), 1)}

    def put_pairs(self, space: str, scores: Mapping[Pair, float]) -> None:
        """Store one float64 score per ordered pair of digests, in one transaction."""
        values = np.fromiter(scores.values(), dtype="<f8", count=len(scores)).reshape(-1, 1)
        self._put(space, [_pair_key(pair) for pair in scores], values)

    def count(self, space: str) -> int:
        """Return how many rows the space holds, intact or not; 0 when the file cannot be read."""
        with self._lock:
            try:
                space_id = self._space_id(space)
                if self._connection is None or space_id is None:
                    return 0
                query = "SELECT count(*) FROM rows WHERE space = ?"
                return int(self._connection.execute(query, (space_id,)).fetchone()[0])
            except FAULTS as error:
                self._recover(error)
                return 0

    def count_of(self, space: str, digests: Sequence[str]) -> int:
        """Return how many of these distinct images have a row, intact or not; for estimates of the work left."""
        keys = [bytes.fromhex(digest) for digest in digests]
        total = 0
        with self._lock:
            try:
                space_id = self._space_id(space)
                if self._connection is None or space_id is None:
                    return 0
                for start in range(0, len(keys), _KEYS_PER_QUERY):
                    chunk = keys[start : start + _KEYS_PER_QUERY]
                    query = f"SELECT count(*) FROM rows WHERE space = ? AND digest IN ({','.join('?' * len(chunk))})"
                    total += int(self._connection.execute(query, (space_id, *chunk)).fetchone()[0])
            except FAULTS as error:
                self._recover(error)
        return total

    def size_bytes(self) -> int:
        """Return the bytes on disk, journals included, files set aside excluded."""
        total = 0
        for suffix in ("", *JOURNALS):
            with contextlib.suppress(OSError):
                total += Path(f"{self.path}{suffix}").stat().st_size
        return total

    def clear(self) -> None:
        """Delete every row and give the space back; storing starts again if it had stopped.

        Raises UserError when the file cannot be written or another process keeps it busy.
        """
        with self._lock:
            try:
                if self._connection is None:
                    raise sqlite3.OperationalError("it is not open")
                self._connection.execute("DELETE FROM rows")
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except FAULTS as error:
                raise UserError(
                    f"The feature store {self.path.name} could not be emptied: {error}.",
                    "Close other runs that use it, or delete the file.",
                    exit_code=4,
                ) from error
            self._storing = True

    def _stored(
        self, space: str, positions: Mapping[bytes, list[int]], dtype: np.dtype[Any], dim: int
    ) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """Yield (position, values (dim,)) of every intact row among the keys."""
        keys = list(positions)
        sealed = _seal(space, dtype)
        for start in range(0, len(keys), _KEYS_PER_QUERY):
            for key, checksum, data in self._fetch(space, keys[start : start + _KEYS_PER_QUERY]):
                # A damaged file can hold any type in any column, and answer with keys nobody asked for.
                if key not in positions or not isinstance(data, bytes) or len(data) != dim * dtype.itemsize:
                    continue
                if _checksum(sealed, key, data) == checksum:
                    values = np.frombuffer(data, dtype=dtype)
                    yield from ((i, values) for i in positions[key])

    def _fetch(self, space: str, keys: list[bytes]) -> list[tuple[Any, Any, Any]]:
        with self._lock:
            try:
                space_id = self._space_id(space)
                if self._connection is None or space_id is None:
                    return []
                marks = ",".join("?" * len(keys))
                query = f"SELECT digest, checksum, data FROM rows WHERE space = ? AND digest IN ({marks})"
                return self._connection.execute(query, (space_id, *keys)).fetchall()
            except FAULTS as error:
                self._recover(error)
                return []

    def _put(self, space: str, keys: list[bytes], rows: npt.NDArray[Any]) -> None:
        with self._lock:
            # The second try goes to the new file after a damaged one was set aside.
            for _ in range(2):
                if not keys or not self.is_storing:
                    return
                try:
                    self._write(space, keys, rows)
                    return
                except FAULTS as error:
                    if not self._recover(error):
                        return

    def _write(self, space: str, keys: list[bytes], rows: npt.NDArray[Any]) -> None:
        assert self._connection is not None
        sealed = _seal(space, rows.dtype)
        with transaction(self._connection) as connection:
            connection.execute("INSERT OR IGNORE INTO spaces (key) VALUES (?)", (space,))
            space_id = self._space_id(space)
            if space_id is None:
                raise sqlite3.DatabaseError("the list of spaces is damaged")
            blobs = ((key, row.tobytes()) for key, row in zip(keys, rows, strict=True))
            connection.executemany(
                "INSERT INTO rows (space, digest, checksum, data) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (space, digest) DO UPDATE SET"
                " checksum = excluded.checksum, data = excluded.data",
                ((space_id, key, _checksum(sealed, key, blob), blob) for key, blob in blobs),
            )
        self._space_ids[space] = space_id

    def _space_id(self, space: str) -> int | None:
        if self._connection is None or space in self._space_ids:
            return self._space_ids.get(space)
        found = self._connection.execute("SELECT id FROM spaces WHERE key = ?", (space,)).fetchone()
        return None if found is None else int(found[0])

    def _connect(self) -> None:
        """Open the file, setting a damaged one aside; on a refusal read what can be read."""
        while self._storing and self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = open_writable(self.path, self._max_bytes)
                self._file_id = file_id(self.path)
            except ForeignFile:
                self._stop_storing("the file belongs to another program")
            except OtherVersion:
                self._set_aside("version", "was written by another version of PlanetView")
            except OSError as error:
                self._stop_storing(error.strerror or str(error))
            except FAULTS as error:
                if _code(error) in _BUSY_CODES or self._is_refusal(error):
                    self._stop_storing(str(error))
                else:
                    self._set_aside("corrupt", "was damaged")
        if self._connection is None:
            self._connection = open_frozen(self.path)

    def _recover(self, error: Exception) -> bool:
        """Bring the store back to a usable state; return whether trying again makes sense."""
        code = _code(error)
        if code in _BUSY_CODES:
            if not self._warned_busy:
                self._warned_busy = True
                self._warn("was kept busy by another process, so some results were not stored")
            return False
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_DBMOVED or self._was_replaced():
            self._reopen()
            return self.is_storing
        if self._is_refusal(error):
            self._stop_storing(str(error))
            return False
        if not self._storing:
            self.close()
            return False
        self.close()
        self._set_aside("corrupt", "was damaged")
        self._reopen()
        return self.is_storing

    def _reopen(self) -> None:
        self.close()
        self._space_ids.clear()
        self._connect()

    def _is_refusal(self, error: Exception) -> bool:
        """Whether the system said no, rather than the content of the file."""
        # A damaged header can declare the file read-only; the system then has nothing against writing it.
        declared = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY and may_write(self.path)
        return _code(error) in _REFUSED_CODES and not declared

    def _was_replaced(self) -> bool:
        """Whether another process set the open file aside and started a new one."""
        try:
            return self._file_id is not None and file_id(self.path) != self._file_id
        except OSError:
            return False

    def _set_aside(self, label: str, fault: str) -> None:
        """Rename the file and its journals to names that were free; stop storing when that fails."""
        self._space_ids.clear()
        self._restarts += 1
        if self._restarts > _MOST_RESTARTS:
            self._stop_storing("it keeps being damaged")
            return
        try:
            aside = claim_name(self.path, label)
            # Journals first: a crash here must not leave them beside a new file, which would replay them.
            for suffix in JOURNALS:
                with contextlib.suppress(FileNotFoundError):
                    os.replace(f"{self.path}{suffix}", f"{aside}{suffix}")
            os.replace(self.path, aside)
        except OSError as error:
            self._stop_storing(error.strerror or str(error))
            return
        self._warn(f"{fault} and is kept as {aside.name}; a new one was started")

    def _stop_storing(self, cause: str) -> None:
        if self._storing:
            self._storing = False
            self._warn(f"cannot be written ({cause}), so new results are not kept and the next run repeats them")

    def _warn(self, what: str) -> None:
        self._warnings.append(f"The feature store {self.path.name} {what}.")


def _code(error: Exception) -> int:
    """Primary SQLite result code; SQLITE_ERROR for errors the Python layer raised itself."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _stored_type(rows: npt.NDArray[Any]) -> np.dtype[Any]:
    if rows.dtype not in (np.float32, np.float64):
        raise ValueError(f"rows are float32 or float64, got {rows.dtype}")
    return rows.dtype.newbyteorder("<")


def _pair_key(pair: Pair) -> bytes:
    return hashlib.blake2b(bytes.fromhex(pair[0]) + bytes.fromhex(pair[1]), digest_size=16).digest()


def _seal(space: str, dtype: np.dtype[Any]) -> hashlib.blake2b:
    """Hash state that binds a row's checksum to its space and number type."""
    return hashlib.blake2b(f"{dtype.itemsize}:{space}\0".encode(), digest_size=8)


def _checksum(sealed: hashlib.blake2b, key: bytes, data: bytes) -> bytes:
    state = sealed.copy()
    state.update(key)
    state.update(data)
    return state.digest()
