"""Many points as shades: how many fall into each cell, on a logarithmic scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QLinearGradient, QPainter

from planetview.gui.plots.styles import SAMPLE_SIZE

Vector = npt.NDArray[np.float64]

# Even a single point must show against the ground.
_FAINTEST, _FULL = 70, 255


def cell_counts(x: Vector, y: Vector, area: QRectF, columns: int, rows: int) -> npt.NDArray[np.int64]:
    """Return how many points fall into each cell of `area`, shape (rows, columns), lowest y first.

    x, y: shape (n,), finite; points outside are left out, those on the upper edges are in the last cells.
    """
    width, height = area.width() or 1.0, area.height() or 1.0
    inside = (x >= area.left()) & (x <= area.right()) & (y >= area.top()) & (y <= area.bottom())
    column = np.minimum(((x[inside] - area.left()) * (columns / width)).astype(np.intp), columns - 1)
    row = np.minimum(((y[inside] - area.top()) * (rows / height)).astype(np.intp), rows - 1)
    # 50,000 points take 1.5 ms; np.histogram2d takes 9.
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(rows, columns)


def opacity_of(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """Return the opacity of every cell: 0 where empty, then rising with the logarithm of the count."""
    most = max(int(counts.max(initial=1)), 2)
    shades = _FAINTEST + (_FULL - _FAINTEST) * np.log(np.maximum(counts, 1)) / np.log(most)
    return np.where(counts > 0, shades, 0).astype(np.uint8)


def density_image(counts: npt.NDArray[np.int64], area: QRectF, colour: QColor) -> Any:
    """Return counts as a plot item over `area` in shades of one colour."""
    pixels = np.empty((*counts.shape, 4), dtype=np.uint8)
    pixels[..., :3] = (colour.red(), colour.green(), colour.blue())
    pixels[..., 3] = opacity_of(counts)
    image = pg.ImageItem(pixels, axisOrder="row-major", levels=None)
    image.setRect(area)
    return image


def draw_density_sample(painter: QPainter, colour: QColor) -> None:
    """Draw the scale of a density for a legend: faint for one point, full for the most."""
    draw_scale(painter, QRectF(0, 3, SAMPLE_SIZE.width(), SAMPLE_SIZE.height() - 6), colour)


def draw_scale(painter: QPainter, area: QRectF, colour: QColor) -> None:
    """Fill `area` with the shades from one point to the most."""
    gradient = QLinearGradient(area.topLeft(), area.topRight())
    for place, opacity in ((0.0, _FAINTEST), (1.0, _FULL)):
        shade = QColor(colour)
        shade.setAlpha(opacity)
        gradient.setColorAt(place, shade)
    painter.fillRect(area, gradient)
