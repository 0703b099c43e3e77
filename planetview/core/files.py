"""Writing files so that a reader sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from planetview.core.errors import UserError


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Create or replace `path` with what `write` puts into the stream.

    Writes beside the target, flushes to the disk, renames. On any failure the old file stays and no
    part is left. Raises UserError (exit code 4) for a full disk, a read-only place or missing permission.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name[:80]}-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(part, 0o666 & ~umask)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def write_text_atomically(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_atomically` does."""
    data = text.encode("utf-8", "surrogateescape")
    write_atomically(path, lambda stream: stream.write(data))


def cannot_write(path: Path, error: OSError) -> UserError:
    """Return the error a person sees when `path` cannot be written."""
    hints = {
        errno.ENOSPC: "Free some space, or choose another folder.",
        errno.EDQUOT: "The disk quota is used up: free some space, or choose another folder.",
        errno.EROFS: "The place is read-only: choose another folder.",
        errno.EACCES: "You may not write there: choose another folder.",
        errno.EPERM: "You may not write there: choose another folder.",
        errno.ENOTDIR: "A part of the path is a file: choose another folder.",
        errno.EEXIST: "A file of that name stands where a folder is needed: choose another folder.",
        errno.ENAMETOOLONG: "Choose a shorter name.",
    }
    reason = os.strerror(error.errno) if error.errno else str(error)
    hint = hints.get(error.errno or 0, "Choose another folder.")
    return UserError(f"Cannot write '{path}': {reason.lower()}.", hint=hint, exit_code=4)
