"""SHA-256 of files, remembered while a file stays as it is: weight files have gigabytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.core.paths import cache_dir

_CHUNK = 1 << 20
# Smaller files are hashed again in each process: that takes less time than keeping the record.
_KEPT_FROM_BYTES = 1 << 22

_Entry = tuple[int, int, str]
_known: dict[Path, dict[str, _Entry]] = {}
_lock = threading.Lock()


def file_digest(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of a file, hexadecimal; a file of the same size and time as before is not read again.

    check: called between blocks, to cancel. Raises OSError.
    """
    key, size, mtime = _identity(path)
    with _lock:
        entry = _entries().get(key)
    if entry is not None and entry[:2] == (size, mtime):
        return entry[2]
    digest = fresh_digest(path, check)
    remember(path, digest)
    return digest


def fresh_digest(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of what the file holds now. Raises OSError."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_CHUNK):
            state.update(block)
            check()
    return state.hexdigest()


def remember(path: Path, digest: str) -> None:
    """Keep the digest of a file as it is now."""
    key, size, mtime = _identity(path)
    with _lock:
        entries = _entries()
        entries[key] = (size, mtime, digest)
        if size < _KEPT_FROM_BYTES:
            return
        kept = {name: entry for name, entry in entries.items() if entry[0] >= _KEPT_FROM_BYTES}
        # Without a cache folder the digest is computed again next time.
        with contextlib.suppress(UserError):
            write_text_atomically(_record(), json.dumps(kept))


def _identity(path: Path) -> tuple[str, int, int]:
    info = path.stat()
    return str(path.resolve()), info.st_size, info.st_mtime_ns


def _record() -> Path:
    return cache_dir() / "weight-digests.json"


def _entries() -> dict[str, _Entry]:
    record = _record()
    if record not in _known:
        _known[record] = _read(record)
    return _known[record]


def _read(record: Path) -> dict[str, _Entry]:
    try:
        entries = json.loads(record.read_text(encoding="utf-8"))
        return {str(key): (int(size), int(mtime), str(digest)) for key, (size, mtime, digest) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
