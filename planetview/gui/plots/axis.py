"""The axes of the plots: drawn at once, and with round numbers where they are logarithmic."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QPainter, QPicture

from planetview.gui.plots.ticks import log_ticks, tick_text

_TICK_PX = 90


class PlotAxis(pg.AxisItem):
    """An axis with its grid lines.

    pyqtgraph keeps them as a QPicture, whose texts look up their fonts each time it is played: 10 ms of processor time
    for one axis, where drawing them again takes 0.5.
    """

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._is_of_logarithms = False

    def show_logarithms(self, on: bool) -> None:
        """Take positions as decimal logarithms, and print the values themselves."""
        if on != self._is_of_logarithms:
            self._is_of_logarithms = on
            self.picture = None
            self.update()

    def find_ahead(self) -> None:
        """Find lines and numbers, and with them the width of the axis, before it is painted."""
        if self.picture is None:
            # Texts are measured with the painter that is to draw them, or with one like it.
            scrap = QPicture()
            painter = QPainter(scrap)
            self.picture = self.generateDrawSpecs(painter)
            painter.end()

    def paint(self, p: QPainter, opt: Any, widget: Any) -> None:
        p.save()
        # pyqtgraph forgets `picture` whenever the axis changes: here lines and texts instead of a picture of them.
        lines: Any = self.picture or self.generateDrawSpecs(p)
        self.picture = lines
        if lines is not None:
            self.drawPicture(p, *lines)
        p.restore()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Any:  # noqa: N803  pyqtgraph's own names
        if not self._is_of_logarithms:
            return super().tickValues(minVal, maxVal, size)
        low, high = sorted((minVal, maxVal))
        return [(1.0, [math.log10(value) for value in log_ticks(low, high, max(2, int(size / _TICK_PX)))])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if not self._is_of_logarithms:
            return list(super().tickStrings(values, scale, spacing))
        return [tick_text(round(10.0**value, 12 - math.floor(value))) for value in values]
