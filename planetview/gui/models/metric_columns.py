"""Which columns the metric table has, in which order: a value that can be kept and given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from html import escape

from planetview.gui.models.literature_words import literature_help
from planetview.gui.models.metric_details import floor_help
from planetview.gui.models.wording import tr

_CANDIDATE = "candidate:"
_HIDDEN = "-"


class ColumnKind(StrEnum):
    """What a column shows."""

    EXTRACTOR = "extractor"
    FLOOR = "floor"
    CANDIDATE = "candidate"
    COUNT = "n"
    LITERATURE = "literature"


# What cells of candidates may show besides their value.
INTERVAL, BAR = "interval", "bar"
_PARTS = (INTERVAL, BAR)
_BEFORE = (ColumnKind.EXTRACTOR, ColumnKind.FLOOR)
_AFTER = (ColumnKind.COUNT, ColumnKind.LITERATURE)
_HIDDEN_AT_FIRST = frozenset({ColumnKind.EXTRACTOR, ColumnKind.COUNT, ColumnKind.LITERATURE})


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `candidate` names whose values it shows, "" for the other kinds."""

    kind: ColumnKind
    candidate: str = ""

    @property
    def id(self) -> str:
        """The column's name in a kept state."""
        return f"{_CANDIDATE}{self.candidate}" if self.kind is ColumnKind.CANDIDATE else self.kind.value


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """What a person chose: ids in order, and which of them, or which parts of cells, are hidden."""

    order: tuple[str, ...] = ()
    hidden: frozenset[str] = field(default=frozenset(kind.value for kind in _HIDDEN_AT_FIRST))

    @classmethod
    def of_state(cls, state: Iterable[str]) -> ColumnChoice:
        """Return the choice that `state` wrote; what it does not name is as at first."""
        tokens = [token for token in state if token]
        named = {token.removeprefix(_HIDDEN): token.startswith(_HIDDEN) for token in tokens}
        hidden = {id for id in cls().hidden if id not in named} | {id for id, is_hidden in named.items() if is_hidden}
        return cls(tuple(id for id in named if id not in _PARTS), frozenset(hidden))

    def state(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """Return the choice as texts: ids in order, hidden ones after "-", then the parts of cells."""
        ids = [column.id for column in self.columns(candidates)]
        return tuple(f"{_HIDDEN if id in self.hidden else ''}{id}" for id in (*ids, *_PARTS))

    def shows(self, id: str) -> bool:
        """Return whether a column or a part of cells is shown."""
        return id not in self.hidden

    def with_shown(self, id: str, is_shown: bool) -> ColumnChoice:
        """Return the choice with one id shown or hidden."""
        return replace(self, hidden=self.hidden - {id} if is_shown else self.hidden | {id})

    def columns(self, candidates: Sequence[str]) -> tuple[Column, ...]:
        """Return all columns in the chosen order, hidden ones too; those not named stand where they do at first."""
        everything = [
            *(Column(kind) for kind in _BEFORE),
            *(Column(ColumnKind.CANDIDATE, name) for name in candidates),
            *(Column(kind) for kind in _AFTER),
        ]
        by_id = {column.id: column for column in everything}
        ordered = [by_id[id] for id in dict.fromkeys(self.order) if id in by_id]
        placed = set(ordered)
        following = {
            everything[position - 1] if position else None: column
            for position, column in enumerate(everything)
            if column not in placed
        }
        found: list[Column] = []
        for start in (None, *ordered):
            found += [start] if start is not None else []
            column = start
            while (column := following.get(column)) is not None:
                found.append(column)
        return tuple(found)


def column_title(column: Column) -> str:
    """Return the heading of a column."""
    titles = {
        ColumnKind.EXTRACTOR: tr("Features"),
        ColumnKind.FLOOR: tr("Noise floor"),
        ColumnKind.COUNT: tr("n"),
        ColumnKind.LITERATURE: tr("Literature"),
    }
    return titles.get(column.kind, column.candidate)


def column_help(column: Column) -> str:
    """Return what a column shows, as rich text."""
    helps = {
        ColumnKind.EXTRACTOR: tr("The network whose features are compared."),
        ColumnKind.FLOOR: floor_help(),
        ColumnKind.COUNT: tr("Images a side."),
        ColumnKind.LITERATURE: literature_help(),
    }
    if column.kind in helps:
        return helps[column.kind]
    how = tr("Click to sort by how it stands to the noise floor: worst first, best first, as before.")
    return f"<p><b>{escape(column.candidate)}</b></p><p>{escape(how)}</p>"
