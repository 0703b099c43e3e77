"""What a person does to a plot: clicks at data positions, drags with buttons held."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest

from planetview.gui.plots.base import PlotBase
from planetview.gui.plots.histogram import HistogramPlot

NO_KEY = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


def pixel_of(plot: PlotBase, x: float, y: float) -> QPoint:
    """Return where a data position lies in the plot's viewport."""
    QCoreApplication.sendPostedEvents()
    plot.grab()  # auto-range and axis widths settle when painted
    return plot.scene.views()[0].mapFromScene(plot.view_box.mapViewToScene(QPointF(x, y)))


def click(plot: PlotBase, x: float, y: float, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Click at a data position."""
    QTest.mouseClick(plot.viewport, LEFT, keys, pixel_of(plot, x, y))


def drag(plot: PlotBase, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Press, move in steps with the button held, release; viewport pixels."""
    QTest.mousePress(plot.viewport, LEFT, keys, start)
    for step in (0.3, 0.6, 1.0):
        _mouse(plot, QEvent.Type.MouseMove, start + (end - start) * step, Qt.MouseButton.NoButton, LEFT, keys)
    _mouse(plot, QEvent.Type.MouseButtonRelease, end, LEFT, Qt.MouseButton.NoButton, keys)


def _mouse(plot, kind, at, button, held, keys):
    where = QPointF(at)
    event = QMouseEvent(kind, where, QPointF(plot.viewport.mapToGlobal(at)), button, held, keys)
    QCoreApplication.sendEvent(plot.viewport, event)


def bin_of(plot: HistogramPlot, number: int) -> tuple[float, float, float]:
    """Return the middle, the lower and the upper end of a bin."""
    low, high = plot.bin_range(number)
    return (low + high) / 2, low, high
