"""The licences of PlanetView and of everything it is made of, as they lie on this computer."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

OWN_NAME = "PlanetView"
_DISTRIBUTION = "planetview"
_NOTICES = "THIRD_PARTY_NOTICES.txt"
_RULE = re.compile(r"^={60,}\n+", re.MULTILINE)
_PAPER = re.compile(r"(licen[sc]e|copying|notice)", re.IGNORECASE)
_CODE = {".py", ".pyc", ".pyi", ".so", ".pyd"}
_TESTS = "dev"
_FOR_TESTS = re.compile(rf"extra\s*==\s*['\"]{_TESTS}['\"]")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True)
class Licence:
    """A part of the program. licence: its name, "" where only the text tells it. text: all that its package carries."""

    name: str
    version: str
    licence: str
    text: str


def licences() -> tuple[Licence, ...]:
    """Return PlanetView's own licence, then those of its parts by name; reads files, so not for the GUI thread.

    The standalone program carries the texts in one file that was made with it; an installed one asks the packages
    that it depends on, directly or not.
    """
    own = Licence(OWN_NAME, "", "Apache-2.0", _own_text())
    frozen = _beside_the_program(_NOTICES)
    parts = _sections(frozen) if frozen is not None else _of_packages()
    return (own, *sorted(parts, key=lambda one: one.name.casefold()))


def _own_text() -> str:
    beside = _beside_the_program("LICENSE")
    if beside is not None:
        return beside
    checkout = Path(__file__).resolve().parents[2] / "LICENSE"
    if checkout.is_file():
        return checkout.read_text(encoding="utf-8")
    try:
        return _texts(distribution(_DISTRIBUTION))
    except PackageNotFoundError:
        return ""


def _beside_the_program(name: str) -> str | None:
    if not getattr(sys, "frozen", False):
        return None
    path = Path(sys.executable).resolve().parent / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _sections(notices: str) -> Iterator[Licence]:
    for section in _RULE.split(notices):
        lines = section.strip().splitlines()
        if not lines:
            continue
        licence = next((line.removeprefix("Licence: ") for line in lines[:3] if line.startswith("Licence: ")), "")
        name, _, version = lines[0].rpartition(" ") if licence else (lines[0], "", "")
        yield Licence(name or lines[0], version, licence, section.strip())


def _of_packages() -> Iterator[Licence]:
    for one in _closure():
        about = one.metadata
        # Some packages put the whole text where a name belongs.
        named = [about[key] for key in ("License-Expression", "License") if key in about]
        first = (named[0] if named else "").strip().splitlines()
        yield Licence(about["Name"], one.version, first[0][:80] if first else "", _texts(one))


def _closure() -> list[Distribution]:
    """Return the packages that PlanetView needs to run, directly or not; none of those it is tested with."""
    try:
        waiting = _named(line for line in distribution(_DISTRIBUTION).requires or () if not _FOR_TESTS.search(line))
    except PackageNotFoundError:
        waiting = _named(_of_checkout())
    found: dict[str, Distribution] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name == _DISTRIBUTION:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # of another system, or of an extra that is not installed
        waiting |= _needs(found[name])
    return list(found.values())


def _of_checkout() -> list[str]:
    """Return what the project that this program runs from says it needs; empty where there is none."""
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not path.is_file():
        return []
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    chosen = [lines for extra, lines in project.get("optional-dependencies", {}).items() if extra != _TESTS]
    return list(chain(project.get("dependencies", ()), *chosen))


def _needs(of: Distribution) -> set[str]:
    return _named(line for line in of.requires or () if "extra ==" not in line)


def _named(lines: Iterable[str]) -> set[str]:
    return {_plain(match[1]) for line in lines if (match := _REQUIREMENT.match(line))}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _texts(of: Distribution) -> str:
    papers = [file for file in of.files or () if _PAPER.search(file.name) and file.suffix not in _CODE]
    parts = []
    for file in papers:
        path = Path(str(of.locate_file(file)))
        if path.is_file():
            parts.append(f"--- {file.name} ---\n\n{path.read_text(encoding='utf-8', errors='replace').strip()}")
    return "\n\n".join(dict.fromkeys(parts))
