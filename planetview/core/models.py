"""Weight files as people meet them: what each is, what was found of it, what an import did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class WeightStatus(StrEnum):
    """What was found for the weights of a network."""

    PRESENT = "present"
    MISSING = "missing"
    WRONG_DIGEST = "wrong digest"
    UNKNOWN_FILE = "unknown file"


@dataclass(frozen=True, slots=True)
class WeightState:
    """The weights of one network and what was found of them.

    weights: catalogue id. path: the file that is used, or the wrong or unknown one, or None when missing.
    size_bytes: of that file, 0 when missing. digest: SHA-256 of the published file it is or was converted from,
    None when unknown. note: what to know about its origin ("" for a verified published file).
    advice: the next step for people; "" when present.
    """

    weights: str
    status: WeightStatus
    path: Path | None = None
    size_bytes: int = 0
    digest: str | None = None
    note: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What became of one file offered for import or fetched.

    weights: catalogue id it was recognised as, or None. accepted: whether it can be used now.
    message: in words. hint: the next step, "" when there is none.
    """

    path: Path
    weights: str | None
    accepted: bool
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ModelsResult:
    """The state of every weight file after an action, and what the action did file by file."""

    states: tuple[WeightState, ...]
    outcomes: tuple[ImportOutcome, ...] = ()
