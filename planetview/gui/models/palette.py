"""What the command palette offers, and how a few typed letters find it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
# A command that was run lately comes before its equals.
_RECENT_BONUS = 15.0
_ENABLED_BONUS = 10.0
# How many letters of a title may lie between two that were typed, on average.
_MOST_SPREAD = 2.5


@dataclass(frozen=True)
class PaletteEntry:
    """One thing to do.

    id: stable, for the list of recent ones. title: what is searched and shown. place: where else it is found (a menu,
    "Recent study"). keys: its shortcut in the system's words. why_not: why it cannot be done now, "" when it can.
    """

    id: str
    title: str
    place: str
    run: Callable[[], object]
    keys: str = ""
    hint: str = ""
    why_not: str = ""


def found(entries: Sequence[PaletteEntry], query: str, recent: Sequence[str] = ()) -> list[PaletteEntry]:
    """Return the entries that match `query`, best first; without a query the recent ones, then all in their order."""
    rank = {id: len(recent) - place for place, id in enumerate(recent)}
    if not query.strip():
        return sorted(entries, key=lambda entry: -rank.get(entry.id, 0))
    scored = []
    for entry in entries:
        score = match(query, entry.title, f"{entry.place} {entry.hint}")
        if score > 0:
            bonus = _RECENT_BONUS * bool(rank.get(entry.id)) + _ENABLED_BONUS * (not entry.why_not)
            scored.append((score + bonus, entry))
    return [entry for _, entry in sorted(scored, key=lambda pair: -pair[0])]


def match(query: str, title: str, rest: str = "") -> float:
    """Return how well every word of `query` is found in `title`, or less well in `rest`; 0 when one is not.

    The start of a word counts most, then a piece of one, then first letters of words, then letters in order.
    """
    total = 0.0
    for word in query.casefold().split():
        best = max(_match_word(word, title.casefold()), 0.4 * _whole_words(word, rest.casefold()))
        if best <= 0:
            return 0.0
        total += best
    # Of two equal matches the shorter title is the closer one.
    return total - min(len(title), 80) * 0.05 if total else 0.0


def spans(query: str, title: str) -> list[int]:
    """Return the positions in `title` of the letters that `query` matched, to show them."""
    low = title.casefold()
    marked: set[int] = set()
    for word in query.casefold().split():
        at = low.find(word)
        if at >= 0:
            marked.update(range(at, at + len(word)))
        else:
            marked.update(_in_order(word, low) or ())
    return sorted(place for place in marked if place < len(title))


def _match_word(word: str, text: str) -> float:
    score = _whole_words(word, text)
    if score:
        return score
    if word in text:
        return 60.0
    initials = "".join(found[0] for found in _WORD.findall(text))
    if len(word) > 1 and word in initials:
        return 50.0
    places = _in_order(word, text)
    if len(word) < 3 or places is None:
        return 0.0
    # Letters far apart are chance, not intent.
    spread = (places[-1] - places[0] + 1) / len(word)
    return 40.0 / spread if spread <= _MOST_SPREAD else 0.0


def _whole_words(word: str, text: str) -> float:
    for order, start in enumerate(_WORD.findall(text)):
        if start.startswith(word):
            return 100.0 - min(order, 5) * 2 + (5.0 if start == word else 0.0)
    return 0.0


def _in_order(word: Iterable[str], text: str) -> list[int] | None:
    places: list[int] = []
    at = -1
    for letter in word:
        at = text.find(letter, at + 1)
        if at < 0:
            return None
        places.append(at)
    return places
