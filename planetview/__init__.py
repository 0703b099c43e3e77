"""PlanetView: judge synthetic planetary imagery against real imagery."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"
# Types for both are in __init__.pyi: an import here, even for types alone, would put api below the engine.
__all__ = ["__version__", "compare", "save"]


def __getattr__(name: str) -> Any:
    # Lazy, so that the command line answers --help and the window opens before numpy is loaded.
    if name in ("compare", "save"):
        return getattr(importlib.import_module("planetview.api"), name)
    raise AttributeError(f"module 'planetview' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
