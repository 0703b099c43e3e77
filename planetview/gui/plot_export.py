"""Plots as files and pictures for papers: always on light ground, whatever the window looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from planetview.core.files import write_atomically, write_text_atomically
from planetview.core.tables import rows_csv
from planetview.gui.theme import LIGHT

if TYPE_CHECKING:
    from planetview.gui.plots.base import PlotBase

PNG_SCALE = 2.0
_POINTS_PER_INCH = 72.0


def render_image(plot: PlotBase, scale: float = PNG_SCALE) -> QImage:
    """Return the plot as an image of `scale` times its size in logical pixels."""
    size = _logical_size(plot)
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(LIGHT.surface)
    # Qt draws cosmetic pens in image pixels: without a wider pen lines thin out as the scale grows.
    with plot.for_export(LIGHT, line_scale=scale):
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot.scene.render(painter, QRectF(0, 0, size.width(), size.height()), plot.scene_rect())
        painter.end()
    return image


def export_png(plot: PlotBase, path: Path, scale: float = PNG_SCALE) -> None:
    """Write the plot as PNG. Raises UserError when the file cannot be written."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(render_image(plot, scale))
    write_atomically(path, lambda stream: stream.write(data.data()))


def export_svg(plot: PlotBase, path: Path) -> None:
    """Write the plot as SVG with real text. Raises UserError when the file cannot be written."""
    size = _logical_size(plot)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    # At the generator's own 72 dpi texts and axes come out misplaced and too large.
    generator.setResolution(plot.logicalDpiX())
    generator.setTitle(plot.accessibleName())
    with plot.for_export(LIGHT):
        painter = QPainter(generator)
        plot.scene.render(painter, QRectF(0, 0, size.width(), size.height()), plot.scene_rect())
        painter.end()
    write_atomically(path, lambda stream: stream.write(data.data()))


def export_pdf(plot: PlotBase, path: Path) -> None:
    """Write the plot as a PDF of one page of its size, lines and text as such. Raises UserError as `export_svg`."""
    size = _logical_size(plot)
    dpi = plot.logicalDpiX()
    points = QSizeF(size) * (_POINTS_PER_INCH / dpi)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(dpi)
    writer.setPageSize(QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF())
    writer.setTitle(plot.accessibleName())
    with plot.for_export(LIGHT):
        painter = QPainter(writer)
        plot.scene.render(painter, QRectF(0, 0, size.width(), size.height()), plot.scene_rect())
        painter.end()
    write_atomically(path, lambda stream: stream.write(data.data()))


def export_data(plot: PlotBase, path: Path) -> None:
    """Write what the plot draws as CSV, at full precision. Raises UserError when the file cannot be written."""
    write_text_atomically(path, rows_csv(*plot.data_table()))


def copy_image(plot: PlotBase) -> None:
    """Put the plot on the clipboard as an image."""
    QGuiApplication.clipboard().setImage(render_image(plot))


def _logical_size(plot: PlotBase) -> QSize:
    return plot.scene_rect().size().toSize()
