"""A small and strict part of YAML, which has no reader among what PlanetView needs."""

from __future__ import annotations

import json
import re
from typing import Any

_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):(?: +(.*))?$")
# What means something else than itself at the front of a plain scalar.
_NOT_PLAIN = re.compile(r"[\[\]{}&*!|>%@`\"'#,?]|- ")

_Lines = list[tuple[int, str]]


def block_yaml(text: str) -> Any:
    """Return a document of nested mappings, lists and one-line scalars; every scalar as text.

    ValueError for all else: flow collections, anchors, tags, text over several lines, comments behind a value, tabs,
    a key twice.
    """
    lines: _Lines = []
    for line in text.splitlines():
        content = line.strip()
        if content and not content.startswith("#"):
            if "\t" in line:
                raise ValueError(f"a tab in {content!r}")
            lines.append((len(line) - len(line.lstrip(" ")), content))
    if not lines or lines[0][0]:
        raise ValueError("no document")
    found = _block(lines)
    if lines:
        raise ValueError(f"unexpected: {lines[0][1]!r}")
    return found


def _block(lines: _Lines) -> Any:
    """Take a mapping or list from the front of `lines`."""
    indent, first = lines[0]
    is_list = _is_item(first)
    items: list[Any] = []
    mapping: dict[str, Any] = {}
    while lines and lines[0][0] == indent and _is_item(lines[0][1]) == is_list:
        if is_list:
            items.append(_item(lines))
            continue
        match = _KEY.match(lines.pop(0)[1])
        if match is None or match[1] in mapping:
            raise ValueError(f"no key, or one that is there already, in the block of {first!r}")
        mapping[match[1]] = _value(match[2] or "", indent, lines)
    if lines and lines[0][0] > indent:
        raise ValueError(f"unexpected: {lines[0][1]!r}")
    return items if is_list else mapping


def _is_item(content: str) -> bool:
    return content == "-" or content.startswith("- ")


def _item(lines: _Lines) -> Any:
    indent, content = lines.pop(0)
    rest = content[1:].lstrip(" ")
    if _KEY.match(rest) or _is_item(rest):
        lines.insert(0, (indent + len(content) - len(rest), rest))
        return _block(lines)
    return _value(rest, indent, lines, may_be_level=False)


def _value(text: str, indent: int, lines: _Lines, *, may_be_level: bool = True) -> Any:
    if text:
        return _scalar(text)
    if lines and (lines[0][0] > indent or (may_be_level and lines[0][0] == indent and _is_item(lines[0][1]))):
        return _block(lines)
    return ""


def _scalar(text: str) -> str:
    if text.startswith('"'):
        value = json.loads(text)
        if not isinstance(value, str):
            raise ValueError(f"no text: {text!r}")
        return value
    if text.startswith("'"):
        inner = text[1:-1]
        if len(text) < 2 or not text.endswith("'") or "'" in inner.replace("''", ""):
            raise ValueError(f"no end of {text!r}")
        return inner.replace("''", "'")
    if _NOT_PLAIN.match(text) or ": " in text or " #" in text or text.endswith(":"):
        raise ValueError(f"quotation marks are missing around {text!r}")
    return text
