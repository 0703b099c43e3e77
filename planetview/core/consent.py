"""Which program files the user has agreed to run, remembered by their content."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.core.paths import config_dir

_SCHEMA = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Consent:
    """One agreement. sha256: of the file, 64 hexadecimal digits. name: the file's at the time. given: ISO 8601, UTC."""

    sha256: str
    name: str
    given: str


class ConsentStore:
    """Agreements in a small file of the settings folder; a changed file is another file and is asked about again.

    path: of the store; None for its usual place. `sha256 in store` tells whether a file may run. A store that is
    missing, damaged or unreadable holds no consent. Every call reads the file anew, so that consent given or taken
    back in the window counts in an engine that already runs. Safe from any thread.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path if path is not None else config_dir() / "consent.json"
        self._lock = threading.Lock()

    def __contains__(self, sha256: object) -> bool:
        return isinstance(sha256, str) and sha256 in self._read()

    def all(self) -> tuple[Consent, ...]:
        """Return all agreements, the oldest first."""
        return tuple(sorted(self._read().values(), key=lambda consent: (consent.given, consent.sha256)))

    def give(self, sha256: str, name: str) -> None:
        """Remember that the file may run. Raises ValueError for what is no SHA-256, UserError for a failed write."""
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hexadecimal digits: {sha256[:80]!r}")
        with self._lock:
            consents = self._read()
            consents[sha256] = Consent(sha256, name, datetime.now(UTC).isoformat(timespec="seconds"))
            self._write(consents)

    def withdraw(self, sha256: str) -> None:
        """Forget the agreement, if there is one. Raises UserError when the store cannot be written."""
        with self._lock:
            consents = self._read()
            if consents.pop(sha256, None) is not None:
                self._write(consents)

    def _read(self) -> dict[str, Consent]:
        with contextlib.suppress(OSError, ValueError, RecursionError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(stored, dict) and stored.get("schema") == _SCHEMA and isinstance(stored.get("files"), list):
                consents = (_consent_of(entry) for entry in stored["files"])
                return {consent.sha256: consent for consent in consents if consent is not None}
        return {}

    def _write(self, consents: Mapping[str, Consent]) -> None:
        stored = {"schema": _SCHEMA, "files": [asdict(consent) for consent in consents.values()]}
        write_text_atomically(self._path, json.dumps(stored, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A file that is a program. sha256: what to agree to. name: of the file. kind: what it is, in words."""

    sha256: str
    name: str
    kind: str


class ConsentNeeded(UserError):
    """A file is a program and the user has not agreed to run it.

    sha256: what to agree to. name: of the file. kind: what it is, in words.
    """

    def __init__(self, sha256: str, name: str, kind: str) -> None:
        super().__init__(
            f"'{name}' is a {kind}: a program that can do anything you can do on this computer.",
            "Open it only if you trust where it comes from; an ONNX export needs no trust.",
        )
        self.sha256, self.name, self.kind = sha256, name, kind

    @property
    def program(self) -> ProgramFile:
        """The file, without the error."""
        return ProgramFile(self.sha256, self.name, self.kind)

    def __reduce__(self) -> tuple[Any, ...]:
        return (ConsentNeeded, (self.sha256, self.name, self.kind))


def _consent_of(entry: object) -> Consent | None:
    if not isinstance(entry, dict):
        return None
    sha256, name, given = (entry.get(key) for key in ("sha256", "name", "given"))
    if not (isinstance(sha256, str) and isinstance(name, str) and isinstance(given, str)):
        return None
    return Consent(sha256, name, given) if _DIGEST.fullmatch(sha256) else None
