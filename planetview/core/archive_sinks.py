"""Where the files of an archive go, folder or zip, with the digest of each."""

from __future__ import annotations

import hashlib
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path


class Sink(ABC):
    """Takes files by their path in the archive, with `/`, and keeps their digests."""

    def __init__(self) -> None:
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes, *, is_summed: bool = True) -> str:
        """Write one file and return its SHA-256, hexadecimal; raises OSError."""
        return self.add_chunks(name, (content,), is_summed=is_summed)

    def add_chunks(self, name: str, chunks: Iterable[bytes], *, is_summed: bool = True) -> str:
        """Write one file piece by piece and return its SHA-256, hexadecimal; raises OSError."""
        digest = hashlib.sha256()

        def watched() -> Iterator[bytes]:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk

        self._write(name, watched())
        if is_summed:
            self._sums[name] = digest.hexdigest()
        return digest.hexdigest()

    def sums(self) -> str:
        """Return the digests in the form that `sha256sum --check` reads."""
        return "".join(_sum_line(digest, name) for name, digest in self._sums.items())

    @abstractmethod
    def _write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file."""


class FolderSink(Sink):
    """Files below a folder that nobody else writes to."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._made: set[Path] = set()

    def _write(self, name: str, chunks: Iterable[bytes]) -> None:
        path = self._folder / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        with path.open("xb") as stream:
            for chunk in chunks:
                stream.write(chunk)


class ZipSink(Sink):
    """Members of a zip below one folder; images are compressed already, so they are stored."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__()
        self._archive, self._root = archive, root

    def _write(self, name: str, chunks: Iterable[bytes]) -> None:
        info = zipfile.ZipInfo(f"{self._root}/{name}", time.localtime()[:6])
        info.external_attr = 0o644 << 16
        with self._archive.open(info, "w", force_zip64=True) as stream:
            for chunk in chunks:
                stream.write(chunk)


def _sum_line(digest: str, name: str) -> str:
    # The tool marks a line with a backslash when the name on it is escaped.
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n"
