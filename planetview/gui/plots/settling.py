"""Lays a plot out before it is painted, so that it is painted once."""

from __future__ import annotations

from typing import Any

# The width of the numbers changes the room of the data, and that again the numbers.
_ROUNDS = 2
_SIDES = ("left", "bottom")


def settle(plot: Any) -> None:
    """Bring ranges and axes of a pyqtgraph plot item up to date.

    Left to the painting, these lay the scene out anew in the middle of it: three paintings for each change, of 10 to
    30 ms with eight histograms.
    """
    view_box = plot.getViewBox()
    for _ in range(_ROUNDS):
        view_box.prepareForPaint()
        for side in _SIDES:
            plot.getAxis(side).find_ahead()
        plot.layout.activate()
        if all(plot.getAxis(side).picture is not None for side in _SIDES):
            return
