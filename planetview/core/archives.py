"""Zips read in place: what a member may be, and its bytes. Nothing is ever extracted."""

from __future__ import annotations

import re
import threading
import zipfile
import zlib
from pathlib import Path

from planetview.core.decoding import MAX_FILE_BYTES
from planetview.core.errors import ImageProblem

# DEFLATE cannot exceed about 1,030:1, and honest images that compress so well are small.
MAX_RATIO = 200
RATIO_FREE_BYTES = 64 * 1024**2

_ENCRYPTED_FLAG = 0x1
_open_zips = threading.local()


def member_problem(info: zipfile.ZipInfo) -> str | None:
    """Return why a member must not be read, in words, or None when it may be."""
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        return "refused: its name leads outside the zip"
    if info.flag_bits & _ENCRYPTED_FLAG:
        return "encrypted: unpack the zip with its password first"
    if info.file_size > MAX_FILE_BYTES:
        return f"unpacks to {info.file_size:,} bytes; at most {MAX_FILE_BYTES:,} are read"
    if info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"refused: {info.compress_size:,} bytes would unpack to {info.file_size:,}"
    return None


def list_members(path: Path) -> list[zipfile.ZipInfo]:
    """Return every file of a zip in its stored order, a name that occurs twice included.

    Raises ImageProblem when the file is no readable zip.
    """
    try:
        return [info for info in _open(path).infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ImageProblem(f"not a readable zip: {error}") from error


def read_member(path: Path, member: str, limit: int | None = None) -> bytes:
    """Return the bytes of one member, or its first `limit` bytes; of two with one name, the last.

    Safe from several threads: each keeps its own handle on the zip that it read last.
    Raises ImageProblem when the zip or the member cannot be read.
    """
    try:
        archive = _open(path)
        info = archive.getinfo(member)
        if problem := member_problem(info):
            raise ImageProblem(problem)
        with archive.open(info) as stream:
            return stream.read(-1 if limit is None else limit)
    except KeyError:
        raise ImageProblem("no longer in the zip") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError) as error:
        raise ImageProblem(f"cannot be unpacked: {error}") from error


def close_zip() -> None:
    """Close the handle that this thread keeps, so that the zip may be moved or replaced on Windows."""
    archive: zipfile.ZipFile | None = getattr(_open_zips, "archive", None)
    if archive is not None:
        archive.close()
    _open_zips.archive = _open_zips.key = None


def _open(path: Path) -> zipfile.ZipFile:
    # Opening parses the whole directory of the zip: too slow to repeat for every member.
    status = path.stat()
    key = (path, status.st_mtime_ns, status.st_size)
    if getattr(_open_zips, "key", None) != key:
        close_zip()
        _open_zips.archive = zipfile.ZipFile(path)
        _open_zips.key = key
    archive: zipfile.ZipFile = _open_zips.archive
    return archive
