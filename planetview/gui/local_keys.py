"""The keys that hold only in one place, such as the images or the compare view: one table, changed as one likes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from planetview.gui.actions import ActionSpec

COMPARE, IMAGES, PLOTS, TABLE = "Compare view", "Images", "Plots", "Metric table"
SETS, JOBS = "Panel: sets", "Panel: jobs"
# A window of its own: the keys of the menus do not reach it.
_APART = (COMPARE,)

_ROWS: tuple[tuple[str, str | tuple[str, ...], str], ...] = (
    (COMPARE, "S", "Side by side"), (COMPARE, "W", "Swipe"), (COMPARE, "B", "Blink"), (COMPARE, "O", "Blend"),
    (COMPARE, "D", "Difference"), (COMPARE, "H", "Heat map"), (COMPARE, "P", "Compare another two of the images"),
    (COMPARE, "[", "Line, share or cover less; blink faster"),
    (COMPARE, "]", "Line, share or cover more; blink slower"),
    (COMPARE, "Space", "Stop or go on blinking"), (COMPARE, "Shift+Space", "Show the other image"),
    (COMPARE, "A", "Difference signed or absolute"), (COMPARE, "N", "Hatch pixels without data, or not"),
    (COMPARE, "V", "Pair beside difference and map, or not"),
    (COMPARE, "+", "Zoom in"), (COMPARE, "=", "Zoom in (second keys)"), (COMPARE, "-", "Zoom out"),
    (COMPARE, "0", "Fit the image"), (COMPARE, "1", "One image pixel as one screen pixel"),
    (COMPARE, "L", "Move all images together, or each alone"), (COMPARE, "T", "Next stretch"),
    (COMPARE, "R", "The reference's stretch for all"), (COMPARE, "C", "Next colours of single bands"),
    (COMPARE, "G", "Histogram"), (COMPARE, "PgUp", "Image before"), (COMPARE, "PgDown", "Image after"),
    (COMPARE, "Ctrl+Left", "Image before (second keys)"), (COMPARE, "Ctrl+Right", "Image after (second keys)"),
    (COMPARE, "F", "Flag the image"), (COMPARE, "X", "Leave the image out of the next run"),
    *((COMPARE, f"Alt+{n}", f"Rate the image {n}" if n else "Remove the rating") for n in range(6)),
    (COMPARE, "Ctrl+C", "Copy the read-out"), (COMPARE, "Ctrl+Shift+C", "Copy the picture"),
    (COMPARE, "Ctrl+S", "Save the picture"), (COMPARE, "Ctrl+Shift+S", "Save the whole view"),
    (COMPARE, "?", "Show the keys"), (COMPARE, "F1", "Show the keys (second keys)"),
    (IMAGES, "F", "Flag images"), (IMAGES, "X", "Leave images out of the next run"),
    (IMAGES, "Ctrl+Shift+A", "Clear the selection"), (IMAGES, "Ctrl+Shift+C", "Copy the list"),
    *((IMAGES, str(rating), f"Rate images {rating}" if rating else "Remove the rating") for rating in range(6)),
    (PLOTS, "0", "Show all data"), (PLOTS, ("+", "="), "Zoom in"), (PLOTS, "-", "Zoom out"),
    (PLOTS, "H", "Cross-hair under the cursor, or not"), (PLOTS, "L", "Legend as a list"),
    (PLOTS, "X", "Horizontal axis logarithmic or linear"), (PLOTS, "Y", "Vertical axis logarithmic or linear"),
    (PLOTS, "B", "Brush instead of moving the view, or not"), (PLOTS, "S", "Next shape of the brush"),
    (PLOTS, "N", "Next set in front, with its band, or none"),
    (PLOTS, ".", "Go to the next pair"), (PLOTS, ",", "Go to the pair before"),
    (PLOTS, "I", "Preview of the current pair, or none"),
    (PLOTS, "Ctrl+A", "Select all pairs in view"),
    (TABLE, "Alt+Shift+Left", "Move the column left"), (TABLE, "Alt+Shift+Right", "Move the column right"),
    (TABLE, "Alt+Shift+Down", "Sort by the column"),
    (SETS, "F2", "Rename the set"), (SETS, "Del", "Remove the set from the study"),
    (SETS, "Ctrl+Alt+R", "Make the set the reference"), (SETS, "Ctrl+Alt+H", "Make the set held-out"),
    (SETS, "Ctrl+Alt+C", "Make the set a candidate"),
    (JOBS, "Space", "Pause the job or go on"), (JOBS, "Ctrl+Up", "Run the job next"), (JOBS, "Del", "Cancel the job"),
)  # fmt: skip

_ARROWS = ("Left", "Right", "Up", "Down")
_SHIFT_ARROWS = tuple(f"Shift+{key}" for key in _ARROWS)
# What every list or view of its kind does with these: they stay, and nobody else gets them there.
_FIXED: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (COMPARE, _ARROWS, "Move the image"), (COMPARE, _SHIFT_ARROWS, "Move the cross by one pixel"),
    (COMPARE, ("Esc",), "Close the view"),
    (IMAGES, _ARROWS, "Go through the images"), (IMAGES, _SHIFT_ARROWS, "Select images on the way"),
    (IMAGES, ("Return", "Enter"), "Open the large view"), (IMAGES, ("Space",), "Select the image, or no longer"),
    (IMAGES, ("Ctrl+A",), "Select all shown"),
    (PLOTS, _ARROWS, "Move the view, or the cursor in it"),
    (PLOTS, _SHIFT_ARROWS, "Stretch the cursor over several bins"),
    (PLOTS, ("Home",), "Show all data, or go to the first bin"), (PLOTS, ("End",), "Go to the last bin"),
    (PLOTS, ("Return", "Enter", "Space"), "Choose what is under the cursor, or open it"),
    (TABLE, _ARROWS, "Go through the numbers"), (TABLE, ("Return", "Enter", "Space"), "Open or close the group"),
    (SETS, _ARROWS, "Go through the sets"), (JOBS, _ARROWS, "Go through the jobs"),
)  # fmt: skip


def _spec(place: str, keys: tuple[str, ...], text: str, *, is_fixed: bool = False) -> ActionSpec:
    tip = f"{text}; while that part of the window has the focus."
    return ActionSpec(f"{place}:{keys[0]}", place, text, tip, keys, focus_keys=is_fixed)


LOCAL: tuple[ActionSpec, ...] = (
    *(_spec(place, (keys,) if isinstance(keys, str) else keys, text) for place, keys, text in _ROWS),
    *(_spec(place, keys, text, is_fixed=True) for place, keys, text in _FIXED),
)
"""One line for each command of a place; its menu is the place, its id holds the first of the usual keys."""

_LOCAL_IDS = {spec.id: spec for spec in LOCAL}
_TIP_KEYS = re.compile(r"\(([^()]+)\)")
_bound: WeakKeyDictionary[QObject, str] = WeakKeyDictionary()
_changed: dict[str, tuple[str, ...]] = {}


@dataclass(slots=True)
class _Words:
    """Tip and name of a widget: written with the usual keys, and as they were shown last."""

    place: str
    tip: str
    shown_tip: str
    name: str
    shown_name: str


_told: WeakKeyDictionary[QWidget, _Words] = WeakKeyDictionary()


def place_of(spec: ActionSpec) -> str:
    """Return where the keys of a command hold, "" for everywhere."""
    return spec.menu if spec.id in _LOCAL_IDS else ""


def may_clash(one: ActionSpec, other: ActionSpec) -> bool:
    """Return whether the same keys of both would be ambiguous."""
    places = {place_of(one), place_of(other)}
    return len(places) == 1 or ("" in places and not places & set(_APART))


def bind(target: QAction | QShortcut, place: str) -> None:
    """Let the keys that a command has now be its usual ones, and follow what a person chooses in their stead.

    Raises KeyError for keys that the table does not know in that place.
    """
    usual = target.shortcut() if isinstance(target, QAction) else target.key()
    spec = _LOCAL_IDS[f"{place}:{usual.toString()}"]
    _bound[target] = spec.id
    _apply(target, spec.id)


def tell(widget: QWidget, tip: str, place: str) -> None:
    """Give a widget a tip that names usual keys in brackets: it names the present ones, now and after every change."""
    widget.setToolTip(tip)
    words = _told.get(widget)
    if words is None:
        _told[widget] = _Words(place, tip, tip, widget.accessibleName(), widget.accessibleName())
    else:
        words.place, words.tip, words.shown_tip = place, tip, tip
    _show_words(widget)


def follow_tips(root: QWidget, place: str) -> None:
    """Do as `tell` with the tips and accessible names below `root` that are there and name a key in brackets."""
    for widget in root.findChildren(QWidget):
        tip, name = widget.toolTip(), widget.accessibleName()
        if widget not in _told and ("(" in tip or "(" in name):
            _told[widget] = _Words(place, tip, tip, name, name)
            _show_words(widget)


def present(text: str, place: str) -> str:
    """Return a text with the present keys for usual ones of a place that stand in it in brackets."""
    now = _present_keys(place)
    return _TIP_KEYS.sub(lambda match: f"({now.get(match[1], match[1])})", text)


@cache
def _present_keys(place: str) -> Mapping[str, str]:
    """Return usual keys -> present ones, as this system writes them."""
    return {_native(spec.keys[0]): _native(_keys(spec.id)[0]) if _keys(spec.id) else "–"
            for spec in LOCAL if spec.menu == place}  # fmt: skip


def keys_in(place: str) -> Iterable[tuple[str, str]]:
    """Yield (present keys as this system writes them, what they do) of a place; commands without keys are left out."""
    for spec in LOCAL:
        if spec.menu == place and (keys := _keys(spec.id)):
            yield ", ".join(_native(text) for text in keys), spec.text


def use(changed: Mapping[str, tuple[str, ...]]) -> None:
    """Give every command that is there, and all to come, these keys; the others have their usual ones."""
    mine = {id: tuple(keys) for id, keys in changed.items() if id in _LOCAL_IDS}
    if mine == _changed:
        return
    _changed.clear()
    _changed.update(mine)
    _present_keys.cache_clear()
    for target, id in list(_bound.items()):
        if isValid(target):
            _apply(target, id)
    for widget in list(_told):
        if isValid(widget):
            _show_words(widget)


def _keys(id: str) -> tuple[str, ...]:
    return _changed.get(id, _LOCAL_IDS[id].keys)


def _apply(target: QObject, id: str) -> None:
    sequences = [QKeySequence.fromString(text) for text in _keys(id)]
    if isinstance(target, QAction):
        target.setShortcuts(sequences)
    elif isinstance(target, QShortcut):
        target.setKeys(sequences)


def _show_words(widget: QWidget) -> None:
    """Name the present keys in tip and name; what was written over them since is taken as they were."""
    words = _told[widget]
    if widget.toolTip() != words.shown_tip:
        words.tip = widget.toolTip()
    if widget.accessibleName() != words.shown_name:
        words.name = widget.accessibleName()
    words.shown_tip, words.shown_name = present(words.tip, words.place), present(words.name, words.place)
    widget.setToolTip(words.shown_tip)
    widget.setAccessibleName(words.shown_name)


def _native(keys: str) -> str:
    return QKeySequence.fromString(keys).toString(QKeySequence.SequenceFormat.NativeText)
