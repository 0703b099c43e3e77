"""Colour tables of the compare view: for grey images, differences and maps."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from planetview.gui.theme import Tokens

GREY: Final = "grey"
SINGLE_BAND: Final = (GREY, "viridis", "cividis", "magma")
HEAT: Final = "viridis"
_ABSOLUTE = "magma"
# No difference is the colour of the window, so that only differences catch the eye.
_SIGNED, _SIGNED_ON_DARK = "CET-D1A", "CET-D4"


def table(name: str) -> NDArray[np.uint8] | None:
    """Return a colour table (256, 3), None for grey."""
    return None if name == GREY else _loaded(name)


def heat_table() -> NDArray[np.uint8]:
    """Return the table of perceptual maps: dark for nothing, bright for most, in order for every eye."""
    return _loaded(HEAT)


def difference_table(tokens: Tokens, *, absolute: bool) -> NDArray[np.uint8]:
    """Return the table of differences: negative blue, positive red; absolute ones from dark to bright."""
    return _loaded(_ABSOLUTE if absolute else _SIGNED if tokens.name == "light" else _SIGNED_ON_DARK)


@cache
def _loaded(name: str) -> NDArray[np.uint8]:
    found: Any = pg.colormap.get(name)
    return np.ascontiguousarray(found.getLookupTable(nPts=256, alpha=False)[:, :3], dtype=np.uint8)
