"""What the window remembers between starts: theme, text size, recent studies, its place on the screen."""

from __future__ import annotations

import contextlib
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from planetview.core.files import write_text_atomically
from planetview.core.paths import config_dir
from planetview.gui.theme import THEME_NAMES

FILE_NAME = "preferences.json"
_RECENT_MAX = 10
TEXT_SCALES = (0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)


@dataclass(frozen=True, slots=True)
class Preferences:
    """theme: one of `THEME_NAMES`. text_scale: 0.8 to 2. recent: study files, latest first. geometry: base64."""

    theme: str = "system"
    text_scale: float = 1.0
    recent: tuple[str, ...] = ()
    geometry: str = ""

    def with_recent(self, path: Path) -> Preferences:
        """Return preferences with `path` as the latest study."""
        text = str(path)
        return replace(self, recent=(text, *(known for known in self.recent if known != text))[:_RECENT_MAX])

    def without_recent(self, path: Path) -> Preferences:
        """Return preferences that no longer list `path`."""
        return replace(self, recent=tuple(known for known in self.recent if known != str(path)))

    def scaled(self, step: int) -> Preferences:
        """Return preferences with the text `step` sizes larger; 0 returns to the usual size."""
        if step == 0:
            return replace(self, text_scale=1.0)
        nearest = min(range(len(TEXT_SCALES)), key=lambda i: abs(TEXT_SCALES[i] - self.text_scale))
        return replace(self, text_scale=TEXT_SCALES[min(max(nearest + step, 0), len(TEXT_SCALES) - 1)])


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


def _from_document(document: dict[str, Any]) -> Preferences:
    """Take every value that makes sense; each other one keeps its default."""
    preferences = Preferences()
    theme, scale = document.get("theme"), document.get("text_scale")
    recent, geometry = document.get("recent"), document.get("geometry")
    if theme in THEME_NAMES:
        preferences = replace(preferences, theme=theme)
    if isinstance(scale, int | float) and math.isfinite(scale):
        preferences = replace(preferences, text_scale=min(2.0, max(0.8, float(scale))))
    if isinstance(recent, list):
        texts = tuple(item for item in recent if isinstance(item, str) and item)
        preferences = replace(preferences, recent=texts[:_RECENT_MAX])
    if isinstance(geometry, str):
        preferences = replace(preferences, geometry=geometry)
    return preferences
