"""How to cite PlanetView itself, read from the CITATION.cff that ships with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from planetview.core.block_yaml import block_yaml
from planetview.core.citations import ascii_names
from planetview.core.errors import UserError
from planetview.core.paths import help_folder

FILE_NAME = "CITATION.cff"
_TEX = str.maketrans({mark: f"\\{mark}" for mark in "&%$#_"} | {"\\": r"\textbackslash{}", "~": r"\~{}", "^": r"\^{}"})


@dataclass(frozen=True, slots=True)
class CitedWork:
    """Something to cite: a program or a paper.

    kind: as in the file, "software" or "article". authors: (family name or whole name, given names or "").
    year: four digits. version, doi, url, journal: "" where there is none.
    """

    kind: str
    title: str
    authors: tuple[tuple[str, str], ...]
    year: str
    version: str = ""
    doi: str = ""
    url: str = ""
    journal: str = ""

    def text(self) -> str:
        """Return the entry of a list of references."""
        names = [f"{family}, {_initials(given)}" if given else family for family, given in self.authors]
        who = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
        what = f"{self.title} (version {self.version})" if self.version else self.title
        if self.kind == "software":
            what += " [Computer software]"
        where = f"https://doi.org/{self.doi}" if self.doi else self.url
        journal = f"{self.journal}." if self.journal else ""
        return " ".join(filter(None, (f"{who} ({self.year}). {what}.", journal, where)))

    def bibtex(self) -> str:
        """Return the entry in BibTeX, of a kind that every style knows."""
        names = (_tex(f"{family}, {given}") if given else f"{{{_tex(family)}}}" for family, given in self.authors)
        fields = {
            # The second pair of braces keeps capitals that styles would lower.
            "title": f"{{{_tex(self.title)}}}",
            "author": ascii_names(" and ".join(names)),
            "year": self.year,
            "journal": _tex(self.journal),
            "howpublished": "Computer software" if self.kind == "software" else "",
            "note": f"Version {_tex(self.version)}" if self.version else "",
            "doi": self.doi,
            "url": self.url,
        }
        lines = "".join(f"  {name} = {{{text}}},\n" for name, text in fields.items() if text)
        key = re.sub(r"[^A-Za-z0-9]", "", self.title if self.kind == "software" else self.authors[0][0])
        kind = "article" if self.journal else "misc"
        return f"@{kind}{{{key}{self.year},\n{lines}}}\n"


@dataclass(frozen=True, slots=True)
class ProgramCitation:
    """message: what is asked of a reader. works: PlanetView, then what it builds on."""

    message: str
    works: tuple[CitedWork, ...]

    def text(self) -> str:
        """Return the works one a line."""
        return "\n".join(work.text() for work in self.works)

    def bibtex(self) -> str:
        """Return the entries of all works."""
        return "\n".join(work.bibtex() for work in self.works)


def program_citation() -> ProgramCitation:
    """Return how to cite PlanetView; raises UserError when this installation does not tell."""
    try:
        return citation_from((help_folder() / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            "How to cite PlanetView is not part of this installation.", hint=f"{FILE_NAME} lies beside its source."
        ) from error


def citation_from(text: str) -> ProgramCitation:
    """Return what a CITATION.cff says; ValueError for what is no such file, or uses more of YAML than `block_yaml`."""
    document = block_yaml(text)
    if not isinstance(document, dict) or "cff-version" not in document:
        raise ValueError("not a citation file")
    references = document.get("references", [])
    if not isinstance(references, list):
        raise ValueError("references are a list")
    works = tuple(_work(one) for one in (document, *references))
    return ProgramCitation(_text(document, "message"), works)


def _work(document: Any) -> CitedWork:
    if not isinstance(document, dict):
        raise ValueError("a work is a mapping")
    released = _text(document, "date-released")
    year = str(date.fromisoformat(released).year) if released else _text(document, "year")
    authors = document.get("authors")
    if not isinstance(authors, list) or not authors or not re.fullmatch(r"\d{4}", year):
        raise ValueError("a work has authors and a year")
    return CitedWork(
        _text(document, "type") or "software",
        _required(document, "title"),
        tuple(_author(one) for one in authors),
        year,
        _text(document, "version"),
        _text(document, "doi"),
        _text(document, "repository-code") or _text(document, "url"),
        _text(document, "journal"),
    )


def _author(document: Any) -> tuple[str, str]:
    if not isinstance(document, dict):
        raise ValueError("an author is a mapping")
    if "name" in document:
        return _required(document, "name"), ""
    family = " ".join(filter(None, (_text(document, "name-particle"), _required(document, "family-names"))))
    return family, _text(document, "given-names")


def _required(document: Mapping[str, Any], name: str) -> str:
    if not (text := _text(document, name)):
        raise ValueError(f"{name} is missing")
    return text


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")
    return value


def _initials(given: str) -> str:
    return " ".join(f"{word[0]}." for word in given.split())


def _tex(text: str) -> str:
    return text.translate(_TEX)
