"""Where PlanetView keeps its files, and where its own data files lie."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WEIGHTS_VARIABLE = "PLANETVIEW_WEIGHTS"


def _home() -> Path | None:
    """Return the folder named by PLANETVIEW_HOME, which then holds everything, or None."""
    value = os.environ.get("PLANETVIEW_HOME", "").strip()
    return Path(value).expanduser() if value else None


def cache_dir() -> Path:
    """Return the folder of what can be computed again; not created here."""
    import platformdirs

    home = _home()
    return home / "cache" if home else platformdirs.user_cache_path("planetview", appauthor=False)


def data_dir() -> Path:
    """Return the folder of what must be kept, such as weight files; not created here."""
    import platformdirs

    home = _home()
    return home / "data" if home else platformdirs.user_data_path("planetview", appauthor=False)


def weights_dir() -> Path:
    """Return the folder of the user's weight files, `PLANETVIEW_WEIGHTS` before the data folder; not created here."""
    chosen = os.environ.get(WEIGHTS_VARIABLE)
    return Path(chosen).expanduser() if chosen else data_dir() / "weights"


def config_dir() -> Path:
    """Return the folder of the settings; not created here."""
    import platformdirs

    home = _home()
    return home / "config" if home else platformdirs.user_config_path("planetview", appauthor=False)


def log_dir() -> Path:
    """Return the folder of the log files; not created here."""
    import platformdirs

    home = _home()
    return home / "logs" if home else platformdirs.user_log_path("planetview", appauthor=False)


def resource(name: str) -> Path:
    """Return the path of a data file that ships with PlanetView, for example "icons/play.svg".

    Looks in the frozen program, then inside the installed package, then beside it in a checkout.
    Raises FileNotFoundError when none of them holds `name`.
    """
    package = Path(__file__).resolve().parents[1]
    roots = [package, package.parent]
    if frozen := getattr(sys, "_MEIPASS", None):
        roots.insert(0, Path(frozen))
    for root in roots:
        candidate = root / "resources" / name
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"resource {name!r} is not part of this installation")


def help_folder() -> Path:
    """Return the folder that holds README.md and docs/, the pages of the offline help.

    It lies in the frozen program, in the installed package, or is the checkout itself.
    Raises FileNotFoundError when this installation has no help.
    """
    package = Path(__file__).resolve().parents[1]
    roots = [package / "help", package.parent]
    if frozen := getattr(sys, "_MEIPASS", None):
        roots.insert(0, Path(frozen) / "help")
    for root in roots:
        if (root / "docs" / "metrics.md").is_file():
            return root
    raise FileNotFoundError("the help pages are not part of this installation")
