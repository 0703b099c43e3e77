"""The keys of every command: those of the table, changed as a person likes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence

from planetview.core.errors import UserError
from planetview.core.files import write_text_atomically
from planetview.gui.actions import ACTIONS, ActionSpec, tr
from planetview.gui.local_keys import LOCAL, may_clash
from planetview.gui.preferences import shortcuts_from

Keys = Mapping[str, tuple[str, ...]]
EVERY: tuple[ActionSpec, ...] = (*ACTIONS, *LOCAL)
_SPECS = {spec.id: spec for spec in EVERY}
_FORMAT = "planetview shortcuts"


def keys_of(command: str, changed: Keys) -> tuple[str, ...]:
    """Return the keys of a command in portable text, the first of them shown in menus."""
    spec = _SPECS[command]
    return spec.keys if spec.focus_keys else tuple(changed.get(command, spec.keys))


def native(keys: str) -> str:
    """Return keys as this system writes them."""
    return QKeySequence.fromString(keys).toString(QKeySequence.SequenceFormat.NativeText)


def title_of(command: str) -> str:
    """Return the name of a command without its mnemonic."""
    return tr(_SPECS[command].text).replace("&", "").rstrip("…")


def with_keys(tip: str, keys: Iterable[str]) -> str:
    """Return a tip with the first of the keys in brackets."""
    first = next(iter(keys), "")
    return f"{tip} ({native(first)})" if first else tip


def apply_keys(actions: Mapping[str, QAction], changed: Keys) -> None:
    """Give the actions their keys, in their tips too."""
    for spec in ACTIONS:
        keys = keys_of(spec.id, changed)
        actions[spec.id].setShortcuts([QKeySequence.fromString(text) for text in keys])
        actions[spec.id].setToolTip(with_keys(tr(spec.tip), keys))


def owner_of(keys: str, changed: Keys, but: str = "") -> str:
    """Return the id of a command that has these keys where `but` has its own, or ""; `but` itself does not count."""
    wanted, asking = QKeySequence.fromString(keys), _SPECS.get(but)
    for spec in EVERY:
        if spec.id == but or (asking is not None and not may_clash(spec, asking)):
            continue
        if any(QKeySequence.fromString(own) == wanted for own in keys_of(spec.id, changed)):
            return spec.id
    return ""


def given(command: str, keys: Iterable[str], changed: Keys) -> dict[str, tuple[str, ...]]:
    """Return the changes with `keys` given to `command` and taken from every other command."""
    wanted = tuple(dict.fromkeys(keys))
    after = dict(changed)
    for text in wanted:
        while owner := owner_of(text, after, but=command):
            if _SPECS[owner].focus_keys:
                return dict(changed)
            sequence = QKeySequence.fromString(text)
            rest = (own for own in keys_of(owner, after) if QKeySequence.fromString(own) != sequence)
            after = _put(owner, tuple(rest), after)
    return _put(command, wanted, after)


def reset(command: str, changed: Keys) -> dict[str, tuple[str, ...]]:
    """Return the changes with a command's keys as in the table, taken back from whoever got them."""
    return given(command, _SPECS[command].keys, changed)


def conflicts(changed: Keys) -> list[tuple[str, str, str]]:
    """Return (keys, first command, second command) for keys that two commands have."""
    seen: dict[str, list[ActionSpec]] = {}
    found = []
    for spec in EVERY:
        for keys in keys_of(spec.id, changed):
            text = QKeySequence.fromString(keys).toString()
            others = seen.setdefault(text, [])
            found += [(text, other.id, spec.id) for other in others if other is not spec and may_clash(other, spec)]
            others.append(spec)
    return found


def is_fixed(spec: ActionSpec) -> bool:
    """Return whether the keys belong to the widget with the focus and cannot be changed."""
    return spec.focus_keys


def write_keys(changed: Keys, path: Path) -> None:
    """Write the keys of all commands as JSON; raises UserError when that fails."""
    keys = {spec.id: list(keys_of(spec.id, changed)) for spec in EVERY if not spec.focus_keys}
    write_text_atomically(path, json.dumps({"format": _FORMAT, "version": 1, "keys": keys}, indent=1) + "\n")


def read_keys(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the changes that a file written by `write_keys` asks for; unknown commands are left out.

    Raises UserError when the file is none, or gives two commands the same keys.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(_tr("'{0}' cannot be read: {1}.").format(path.name, error.strerror or error)) from error
    except ValueError as error:
        raise UserError(_tr("'{0}' is not a file of shortcuts.").format(path.name)) from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise UserError(_tr("'{0}' is not a file of shortcuts.").format(path.name))
    changed: dict[str, tuple[str, ...]] = {}
    for command, keys in shortcuts_from(document.get("keys")).items():
        if command in _SPECS and not _SPECS[command].focus_keys:
            good = tuple(text for text in keys if not QKeySequence.fromString(text).isEmpty())
            changed = _put(command, good, changed)
    for text, first, second in conflicts(changed):
        words = _tr("'{0}' gives {1} both to '{2}' and to '{3}'.")
        raise UserError(words.format(path.name, native(text), title_of(first), title_of(second)))
    return changed


def _put(command: str, keys: tuple[str, ...], changed: Keys) -> dict[str, tuple[str, ...]]:
    after = {name: own for name, own in changed.items() if name != command}
    if keys != _SPECS[command].keys:
        after[command] = keys
    return after


def _tr(text: str) -> str:
    return QCoreApplication.translate("Shortcuts", text)
