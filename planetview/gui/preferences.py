"""What the window remembers between starts: theme, text size, shortcuts, recent places, its own on the screen."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from planetview.core.files import write_text_atomically
from planetview.core.paths import config_dir
from planetview.core.report_options import marking_of
from planetview.gui.recent import MOST_PLACES, RecentPlaces
from planetview.gui.theme import THEME_NAMES

FILE_NAME = "preferences.json"
_COMMANDS_MAX = 8
_COLUMNS_MAX = 1000
TEXT_SCALES = (0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was chosen, and what was done last.

    theme: one of `THEME_NAMES`. text_scale: 0.8 to 2. studies: study files. folders: sources of images taken in.
    geometry, docks: places on the screen, base64. layouts: name -> places of the panels, as `docks`.
    shortcuts: command id -> its keys as portable text, for those commands whose keys were changed. commands: ids that
    the palette ran, latest first. knows_tour: the tour was offered and answered. columns: those of the overview, as its
    `use_columns` takes them. shows_literature: whether published values stand beside. keeps_awake: hold off sleep while
    a job runs. tells_ends: tell when a long job ends.
    reduces_motion: nothing moves or blinks by itself. asks_before_adding: show what a source holds before it is read.
    marking: of new studies, how they are to be handled; "" for none.
    figure_text, figure_scale: of the text in figures and of copied images, as `FigureChoices` takes them.
    pages: page id -> how it draws, as its `use_choices` takes it.
    """

    theme: str = "system"
    text_scale: float = 1.0
    studies: RecentPlaces = field(default_factory=RecentPlaces)
    folders: RecentPlaces = field(default_factory=RecentPlaces)
    geometry: str = ""
    docks: str = ""
    shortcuts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    knows_tour: bool = False
    columns: tuple[str, ...] = ()
    shows_literature: bool = False
    keeps_awake: bool = True
    tells_ends: bool = True
    reduces_motion: bool = False
    asks_before_adding: bool = True
    layouts: Mapping[str, str] = field(default_factory=dict)
    figure_text: float = 1.0
    figure_scale: int = 2
    marking: str = ""
    pages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_study(self, path: Path) -> Preferences:
        """Return preferences with `path` as the latest study."""
        return replace(self, studies=self.studies.with_place(path))

    def with_folder(self, path: Path) -> Preferences:
        """Return preferences with `path` as the latest source of images."""
        return replace(self, folders=self.folders.with_place(path))

    def with_shortcuts(self, shortcuts: Mapping[str, tuple[str, ...]]) -> Preferences:
        """Return preferences with these commands' keys changed, and no others."""
        return replace(self, shortcuts=dict(shortcuts))

    def with_layout(self, name: str, docks: str) -> Preferences:
        """Return preferences that keep places of the panels under a name, in place of those it had."""
        return replace(self, layouts={**self.layouts, name: docks})

    def with_page(self, page: str, choices: tuple[str, ...]) -> Preferences:
        """Return preferences in which a page draws so."""
        return replace(self, pages={**self.pages, page: choices})

    def without_layout(self, name: str) -> Preferences:
        """Return preferences without the layout of that name."""
        return replace(self, layouts={known: docks for known, docks in self.layouts.items() if known != name})

    def with_command(self, entry: str) -> Preferences:
        """Return preferences with `entry` as the palette's latest."""
        rest = (known for known in self.commands if known != entry)
        return replace(self, commands=(entry, *rest)[:_COMMANDS_MAX])

    def scaled(self, step: int) -> Preferences:
        """Return preferences with the text `step` sizes larger; 0 returns to the usual size."""
        if step == 0:
            return replace(self, text_scale=1.0)
        nearest = min(range(len(TEXT_SCALES)), key=lambda i: abs(TEXT_SCALES[i] - self.text_scale))
        return replace(self, text_scale=TEXT_SCALES[min(max(nearest + step, 0), len(TEXT_SCALES) - 1)])


class KeptPreferences(QObject):
    """The preferences that all windows of the process share."""

    changed = Signal(object, object)  # Preferences now, Preferences before

    def __init__(self, value: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._value = value

    @property
    def value(self) -> Preferences:
        """The preferences in force."""
        return self._value

    def use(self, value: Preferences) -> None:
        """Put others in force; `changed` follows when they differ."""
        before, self._value = self._value, value
        if value != before:
            self.changed.emit(value, before)


def preferences_path() -> Path:
    """Return where the preferences are kept."""
    return config_dir() / FILE_NAME


def load_preferences() -> Preferences:
    """Read the preferences; the usual ones when there are none. A file that cannot be understood is set aside."""
    path = preferences_path()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("not an object")
    except OSError:
        return Preferences()
    except ValueError:
        with contextlib.suppress(OSError):
            path.replace(path.with_name(f"{FILE_NAME}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"))
        return Preferences()
    return _from_document(document)


def save_preferences(preferences: Preferences) -> None:
    """Write the preferences; raises UserError when they cannot be written."""
    write_text_atomically(preferences_path(), json.dumps(asdict(preferences), indent=1))


def shortcuts_from(document: object) -> dict[str, tuple[str, ...]]:
    """Return the entries of a mapping from command ids to lists of keys that make sense; the others are left out."""
    if not isinstance(document, dict):
        return {}
    return {name: _texts(keys) for name, keys in document.items() if isinstance(name, str) and isinstance(keys, list)}


def _texts(found: Iterable[object]) -> tuple[str, ...]:
    return tuple(item for item in found if isinstance(item, str) and item)


def _places(document: object) -> RecentPlaces:
    if not isinstance(document, dict):
        return RecentPlaces()
    latest, pinned = (
        _texts(found)[:MOST_PLACES] if isinstance(found := document.get(name), list) else ()
        for name in ("latest", "pinned")
    )
    return RecentPlaces(latest, pinned)


def _from_document(document: dict[str, Any]) -> Preferences:
    """Take every value that makes sense; each other one keeps its default."""
    values: dict[str, Any] = {
        "shortcuts": shortcuts_from(document.get("shortcuts")),
        # Lists of texts by name, as those are.
        "pages": shortcuts_from(document.get("pages")),
    }
    layouts = document.get("layouts")
    if isinstance(layouts, dict):
        values["layouts"] = {name: docks for name, docks in layouts.items() if name and isinstance(docks, str)}
    theme, scale = document.get("theme"), document.get("text_scale")
    if theme in THEME_NAMES:
        values["theme"] = theme
    if isinstance(scale, int | float) and math.isfinite(scale):
        values["text_scale"] = min(2.0, max(0.8, float(scale)))
    for name in ("figure_text", "figure_scale"):
        if type(document.get(name)) in (int, float):
            values[name] = document[name]
    # Before there were folders the studies stood alone.
    values["studies"] = _places(
        document.get("studies", {"latest": document.get("recent"), "pinned": document.get("pinned")})
    )
    values["folders"] = _places(document.get("folders"))
    limits = (("commands", _COMMANDS_MAX), ("columns", _COLUMNS_MAX))
    for name, most in limits:
        if isinstance(document.get(name), list):
            values[name] = _texts(document[name])[:most]
    switches = ("knows_tour", "shows_literature", "keeps_awake", "tells_ends", "reduces_motion", "asks_before_adding")
    for name, kind in (("geometry", str), ("docks", str), *((switch, bool) for switch in switches)):
        if isinstance(document.get(name), kind):
            values[name] = document[name]
    if isinstance(document.get("marking"), str):
        values["marking"] = marking_of(document["marking"])
    return Preferences(**values)
