"""Where an archive is put together before it gets its name, and what killed programs have left there."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from planetview.core.files import cannot_write

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_OWNER, _WHOLE = ".planetview-archive", "whole"
_SUFFIX = ".planetview.part"
# Milliseconds lie between the making of a folder and its mark; clocks of shares differ by more.
_UNMARKED_S = 3600.0
_WORDS = b"PlanetView puts an archive together here. It deletes this folder itself.\n"


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Give a path in a hidden folder beside `target`; what was made there takes the place of `target` at the end.

    The folder goes when something fails, and those that killed programs have left beside it go first. Raises UserError
    (exit code 4) where the machine refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        part = Path(tempfile.mkdtemp(prefix=f".{target.name[:80]}-", suffix=_SUFFIX, dir=target.parent))
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        with _owned(part):
            yield part / _WHOLE
            (part / _WHOLE).replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete the parts of archives in a folder whose programs are gone; those of running ones stay.

    A part that its program had no time to mark goes after an hour.
    """
    for part in folder.glob(".*.part"):
        owner = part / _OWNER
        with contextlib.suppress(OSError):
            if part.is_symlink():
                continue
            # An empty file is not locked yet: its program has only just begun, or did not come further.
            if not owner.is_file() or not owner.stat().st_size:
                if part.name.endswith(_SUFFIX) and time.time() - part.stat().st_mtime > _UNMARKED_S:
                    owner.unlink(missing_ok=True)
                    part.rmdir()
                continue
            with owner.open("r+b") as stream:
                _lock(stream)
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _owned(part: Path) -> Iterator[None]:
    """Keep a file in the folder locked, which the system lets go of when the program ends in whatever way."""
    with (part / _OWNER).open("xb") as stream:
        # Some network folders know no locks: nobody can lock the file there, so the part is never taken for a left one.
        with contextlib.suppress(OSError):
            _lock(stream)
        stream.write(_WORDS)
        stream.flush()
        yield


def _lock(stream: BinaryIO) -> None:
    """Raise OSError where another program holds the lock."""
    if sys.platform == "win32":
        # Far behind the words: Windows lets nobody read a locked byte.
        stream.seek(1 << 20)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        stream.seek(0)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
