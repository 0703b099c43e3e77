"""PlanetView: judge synthetic planetary imagery against real imagery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planetview.api import compare as compare
    from planetview.api import save as save

__version__ = "0.1.0"
__all__ = ["__version__", "compare", "save"]


def __getattr__(name: str) -> Any:
    # Lazy, so that the command line answers --help and the window opens before numpy is loaded.
    if name in ("compare", "save"):
        from planetview import api

        return getattr(api, name)
    raise AttributeError(f"module 'planetview' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
