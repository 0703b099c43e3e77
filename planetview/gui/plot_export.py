"""Plots as files and pictures for papers: always on light ground, whatever the window looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from planetview.core.files import write_atomically, write_text_atomically
from planetview.core.tables import Cell, rows_csv
from planetview.gui.theme import LIGHT, Tokens

PNG_SCALE = 2.0
PRINT_DPI = 300.0
_POINTS_PER_INCH = 72.0
_INCHES_PER_METRE = 1 / 0.0254


class Figure(Protocol):
    """A widget that can be drawn as a figure."""

    def figure_size(self) -> QSize:
        """Return its size in logical pixels."""

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw it with these colours, cosmetic lines `line_scale` as wide."""

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return a header and rows with the data that are drawn, at full precision."""

    def accessibleName(self) -> str:
        """Return its name, which becomes the title of documents."""

    def logicalDpiX(self) -> int:
        """Return the resolution that its texts are laid out for."""


def render_image(plot: Figure, scale: float = PNG_SCALE) -> QImage:
    """Return the plot as an image of `scale` times its size in logical pixels."""
    size = plot.figure_size()
    image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(LIGHT.surface)
    # Qt draws cosmetic pens in image pixels: without a wider pen lines thin out as the scale grows.
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.paint_figure(painter, LIGHT, scale)
    painter.end()
    return image


def export_png(plot: Figure, path: Path, scale: float = PNG_SCALE) -> None:
    """Write the plot as PNG. Raises UserError when the file cannot be written."""
    _write_png(render_image(plot, scale), path)


def export_print_png(plot: Figure, path: Path) -> None:
    """Write the plot as PNG at 300 dpi of its size on the screen, and say so in the file. Raises as `export_png`."""
    image = render_image(plot, PRINT_DPI / plot.logicalDpiX())
    dots = round(PRINT_DPI * _INCHES_PER_METRE)
    image.setDotsPerMeterX(dots)
    image.setDotsPerMeterY(dots)
    _write_png(image, path)


def export_svg(plot: Figure, path: Path) -> None:
    """Write the plot as SVG with real text. Raises UserError when the file cannot be written."""
    size = plot.figure_size()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # Tiny 1.2, the usual version, has no clipping: bands would run over the axes into the legend.
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    # At the generator's own 72 dpi texts and axes come out misplaced and too large.
    generator.setResolution(plot.logicalDpiX())
    generator.setTitle(plot.accessibleName())
    painter = QPainter(generator)
    plot.paint_figure(painter, LIGHT, 1.0)
    painter.end()
    write_atomically(path, lambda stream: stream.write(data.data()))


def export_pdf(plot: Figure, path: Path) -> None:
    """Write the plot as a PDF of one page of its size, lines and text as such. Raises UserError as `export_svg`."""
    size = plot.figure_size()
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
    painter = QPainter(writer)
    plot.paint_figure(painter, LIGHT, 1.0)
    painter.end()
    write_atomically(path, lambda stream: stream.write(data.data()))


def export_data(plot: Figure, path: Path) -> None:
    """Write what the plot draws as CSV, at full precision. Raises UserError when the file cannot be written."""
    write_text_atomically(path, rows_csv(*plot.data_table()))


def copy_image(plot: Figure, scale: float = PNG_SCALE) -> None:
    """Put the plot on the clipboard as an image of `scale` times its size in logical pixels."""
    QGuiApplication.clipboard().setImage(render_image(plot, scale))


def _write_png(image: QImage, path: Path) -> None:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    write_atomically(path, lambda stream: stream.write(data.data()))
