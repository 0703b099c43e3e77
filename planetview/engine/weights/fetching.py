"""Fetching a published file over HTTPS, when the user asks for it: resumed, bounded, checked before it is used."""

from __future__ import annotations

import contextlib
import errno
import http.client
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import planetview
from planetview.core.cancel import work_seconds
from planetview.core.catalogue import WeightSource
from planetview.core.errors import UserError
from planetview.core.files import cannot_write
from planetview.core.formatting import format_bytes
from planetview.engine.weights.digests import fresh_digest

# Kinds of address that are followed, from the first to the last redirection.
SCHEMES: tuple[str, ...] = ("https",)
_CHUNK = 1 << 16
_ATTEMPTS = 4
_MOST_BYTES = 8 << 30
_OFFLINE_HINT = "Check the connection, or bring the file on a disk: see docs/weights.md."

Check = Callable[[], None]
Report = Callable[[int, int, float | None], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds. stall: without a single byte. total: for the whole file."""

    stall: float = 30.0
    total: float = 12 * 3600.0


class NotThere(UserError):
    """The address holds no such file; another one may."""


def fetch_file(
    source: WeightSource,
    folder: Path,
    report: Report,
    check: Check,
    *,
    patience: Patience | None = None,
    schemes: tuple[str, ...] | None = None,
) -> Path:
    """Fetch a published file into `folder` and return its path; it has that name only when its digest is right.

    What was already fetched stays in a `.part` file and is continued. report(done, total, bytes a second): total is 0
    while it is not known. schemes: None for `SCHEMES`. Raises UserError, NotThere, Cancelled.
    """
    download = _Download(source, folder, report, check, patience or Patience(), schemes or SCHEMES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        download.run()
    except OSError as error:
        raise cannot_write(folder, error) from error
    return download.finish()


class _SameSchemes(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but never to another kind of address: not from https to http."""

    def __init__(self, schemes: tuple[str, ...]) -> None:
        self._schemes = schemes

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        _require_scheme(newurl, self._schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _require_scheme(url: str, schemes: tuple[str, ...]) -> None:
    if urlsplit(url).scheme not in schemes:
        raise UserError(f"The address {url[:200]} is not secure; it was not followed.", _OFFLINE_HINT)


class _Download:
    """One file on its way."""

    def __init__(
        self, source: WeightSource, folder: Path, report: Report, check: Check, patience: Patience,
        schemes: tuple[str, ...],
    ) -> None:  # fmt: skip
        self._source, self._report, self._check = source, report, check
        self._patience, self._schemes = patience, schemes
        self._final = folder / source.files[0]
        self._part = folder / f"{source.files[0]}.part"
        self._mark = folder / f"{source.files[0]}.part.mark"
        self._opener = urllib.request.build_opener(_SameSchemes(schemes))
        self._began = work_seconds()
        self._host = urlsplit(source.url).hostname or source.url

    def run(self) -> None:
        """Fetch until the file is whole; a broken connection is taken up again a few times."""
        _require_scheme(self._source.url, self._schemes)
        for attempt in range(_ATTEMPTS):
            before = self._have()
            try:
                if self._attempt():
                    return
            except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                if attempt == _ATTEMPTS - 1 or self._have() == before:
                    raise self._broken(error) from error
            self._check()
        raise self._broken(None)

    def finish(self) -> Path:
        """Check the digest and give the file its name. Raises UserError."""
        if self._source.has_digest and not self._source.matches(fresh_digest(self._part, self._check)):
            self._discard()
            raise UserError(
                f"What {self._host} sent is not the published {self._final.name}: its SHA-256 differs. It was deleted.",
                "Try again later; if it repeats, the file at that address was changed.",
            )
        self._mark.unlink(missing_ok=True)
        self._part.replace(self._final)
        return self._final

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.is_file() else 0

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)

    def _attempt(self) -> bool:
        """Ask for what is missing and write it down; return whether the file is whole."""
        have = self._have()
        mark = self._mark.read_text(encoding="utf-8") if self._mark.is_file() else ""
        if have and not mark and not self._source.has_digest:
            # Nothing would tell that the rest belongs to another version of the file.
            self._discard()
            have = 0
        headers = {"User-Agent": f"PlanetView/{planetview.__version__}", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if mark:
                headers["If-Range"] = mark
        try:
            answer = self._opener.open(
                urllib.request.Request(self._source.url, headers=headers), timeout=self._patience.stall
            )
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error, have)
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise TimeoutError from error
            raise UserError(f"No connection to {self._host}: {error.reason}.", _OFFLINE_HINT, 4) from error
        with answer:
            return self._receive(answer, have)

    def _refused(self, error: urllib.error.HTTPError, have: int) -> bool:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            if error.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
                return True
            self._discard()
            return False
        message = f"{self._host} does not give {self._final.name}: {error.code} {error.reason}."
        if error.code in {401, 403, 404, 410}:
            raise NotThere(message, _OFFLINE_HINT)
        raise UserError(message, "Try again later.", 4)

    def _receive(self, answer: http.client.HTTPResponse, have: int) -> bool:
        is_rest = answer.status == http.HTTPStatus.PARTIAL_CONTENT
        if is_rest and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            self._discard()
            return False
        if not is_rest:
            have = 0
        length = answer.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else 0
        self._require_room(total, total - have)
        mark = answer.headers.get("ETag", "")
        if mark and not mark.startswith("W/"):
            self._mark.write_text(mark, encoding="utf-8")
        with self._part.open("ab" if is_rest else "wb") as file:
            done = self._copy(answer, file, have, total)
        return done == total if total else True

    def _copy(self, answer: http.client.HTTPResponse, file: IO[bytes], have: int, total: int) -> int:
        done, began = have, work_seconds()
        while block := answer.read1(_CHUNK):
            self._check()
            _write(file, block)
            done += len(block)
            if done > (total or _MOST_BYTES):
                self._discard()
                raise UserError(f"{self._host} sends more than it announced; what came was deleted.")
            now = work_seconds()
            if now - self._began > self._patience.total:
                raise UserError(
                    f"{self._final.name} did not arrive in time.", "Fetch again: it goes on where it stopped.", 4
                )
            self._report(done, total, (done - have) / (now - began) if now > began else None)
        return done

    def _require_room(self, total: int, missing: int) -> None:
        known = self._source.size_bytes
        if total > _MOST_BYTES or (known and total and total != known):
            raise UserError(
                f"{self._host} offers {format_bytes(total)} as {self._final.name}, which is not the published size.",
                "The file at that address was changed; bring the published one on a disk: see docs/weights.md.",
            )
        # As much again for the converted file.
        if shutil.disk_usage(self._part.parent).free < missing + total:
            raise cannot_write(self._part, OSError(errno.ENOSPC, "No space left on device"))

    def _broken(self, error: Exception | None) -> UserError:
        why = "no answer" if isinstance(error, TimeoutError) else "the connection broke"
        hint = "Fetch again: it goes on where it stopped."
        return UserError(f"{self._host}: {why} after {format_bytes(self._have())} of {self._final.name}.", hint, 4)


def _write(file: IO[bytes], block: bytes) -> None:
    try:
        file.write(block)
    except OSError as error:
        with contextlib.suppress(OSError):
            file.close()
        raise cannot_write(Path(file.name), error) from error
