"""Draws a plot of each kind once, out of sight, before anybody waits for one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QSize

from planetview.core.regression import fit_line
from planetview.gui.plots.histogram import HistogramPlot, HistogramSeries
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.plots.series import ScatterSeries
from planetview.gui.plots.styles import class_style
from planetview.gui.theme import Theme

_SIZE = QSize(640, 400)
_PLACES = 12


def rehearse(theme: Theme) -> Iterator[None]:
    """Draw a small histogram and a small scatter in short steps, and throw them away.

    Fonts, and the paths through the plotting library, are found at the first drawing: that of a histogram takes 40 ms
    of work, the second 13.
    """
    edges = np.linspace(0.0, 1.0, _PLACES + 1)
    heights = np.arange(_PLACES, dtype=np.float64)
    style = class_style(0)
    histogram = HistogramPlot(theme, "")
    histogram.resize(_SIZE)
    yield
    histogram.set_axes("0", "1", "2", "")
    histogram.show_series(edges, (HistogramSeries("0", "0", style, heights, 0.5),))
    yield
    histogram.grab()
    histogram.deleteLater()
    yield
    scatter = ScatterPlot(theme, "")
    scatter.resize(_SIZE)
    yield
    x, y = heights, heights % 5
    scatter.set_axes("0", "1", "2", "")
    scatter.show_series((ScatterSeries("0", "0", style, x, y, np.arange(_PLACES), fit_line(x, y), "0"),))
    yield
    scatter.grab()
    scatter.deleteLater()
    yield
