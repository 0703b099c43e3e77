"""A report on pages: laid out by Qt, with a marking and the page number on each.

Needs a `QGuiApplication` in its process, not the GUI thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QByteArray, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from planetview.core.files import write_atomically

_DPI = 96
_CHART_SCALE = 4
_MARGIN_MM = 16.0
_BAND_PX = 26
_INK, _QUIET = QColor("#1b1f24"), QColor("#57606a")


class Pages(Protocol):
    """What is laid out; `planetview.report.paged.PagedReport` is one.

    html: rich text of Qt. charts: name -> SVG. pictures: name -> PNG or JPEG. banner: "" for none.
    """

    @property
    def title(self) -> str: ...
    @property
    def banner(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def charts(self) -> Mapping[str, str]: ...
    @property
    def pictures(self) -> Mapping[str, bytes]: ...


def write_pdf(pages: Pages, path: Path, creator: str) -> int:
    """Lay the report out on A4 pages and write them as PDF, atomically; return the number of pages.

    A process without a window gets an application of its own, without a screen. Raises UserError when the file
    cannot be written.
    """
    if QGuiApplication.instance() is None:
        _keep.append(QGuiApplication(["planetview", "-platform", "offscreen"]))
    data, count = _pdf(pages, creator)
    write_atomically(path, lambda stream: stream.write(data))
    return count


# An application that is collected takes every font with it.
_keep: list[QGuiApplication] = []


def _pdf(pages: Pages, creator: str) -> tuple[bytes, int]:
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(pages.title)
    writer.setCreator(creator)
    writer.setResolution(_DPI)
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins,
                    QPageLayout.Unit.Millimeter)
    )  # fmt: skip
    painter = QPainter(writer)
    page = QRectF(painter.viewport())
    body = page.adjusted(0, _BAND_PX, 0, -_BAND_PX)
    document = _document(pages, painter, body.size())
    count = document.pageCount()
    for number in range(count):
        if number:
            writer.newPage()
        _draw_page(painter, document, body, number)
        _draw_bands(painter, pages, page, f"{number + 1} / {count}")
    painter.end()
    buffer.close()
    return bytes(buffer.data().data()), count


def _document(pages: Pages, painter: QPainter, size: QSizeF) -> QTextDocument:
    document = QTextDocument()
    document.documentLayout().setPaintDevice(painter.device())
    font = QFont(QGuiApplication.font())
    font.setPointSizeF(9)
    document.setDefaultFont(font)
    document.setDocumentMargin(0)
    for name, data in pages.pictures.items():
        document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), QImage.fromData(data))
    for name, svg in pages.charts.items():
        document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), _drawn(svg))
    document.setHtml(pages.html)
    document.setPageSize(size)
    return document


def _drawn(svg: str) -> QImage:
    """Return a chart as an image, fine enough for print."""
    renderer = QSvgRenderer(QByteArray(svg.encode("utf-8")))
    size = renderer.defaultSize() * _CHART_SCALE
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return image


def _draw_page(painter: QPainter, document: QTextDocument, body: QRectF, number: int) -> None:
    painter.save()
    painter.translate(body.left(), body.top() - number * body.height())
    shown = QRectF(0, number * body.height(), body.width(), body.height())
    painter.setClipRect(shown)
    context = QAbstractTextDocumentLayout.PaintContext()
    context.clip = shown
    palette = QPalette(context.palette)
    # The palette of a dark window would print white on white.
    palette.setColor(QPalette.ColorRole.Text, _INK)
    context.palette = palette
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    document.documentLayout().draw(painter, context)
    painter.restore()


def _draw_bands(painter: QPainter, pages: Pages, page: QRectF, number: str) -> None:
    font = QFont(QGuiApplication.font())
    top = QRectF(page.left(), page.top(), page.width(), _BAND_PX)
    bottom = QRectF(page.left(), page.bottom() - _BAND_PX, page.width(), _BAND_PX)
    font.setPointSizeF(7)
    painter.setFont(font)
    painter.setPen(_QUIET)
    below = Qt.AlignmentFlag.AlignBottom
    metrics = painter.fontMetrics()
    title = metrics.elidedText(
        pages.title, Qt.TextElideMode.ElideRight, int(page.width() * (0.3 if pages.banner else 0.8))
    )
    painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft | below, title)
    painter.drawText(bottom, Qt.AlignmentFlag.AlignRight | below, number)
    if not pages.banner:
        return
    font.setPointSizeF(9)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(_INK)
    words = painter.fontMetrics().elidedText(pages.banner, Qt.TextElideMode.ElideRight, int(page.width() * 0.98))
    painter.drawText(top, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)
    words = painter.fontMetrics().elidedText(pages.banner, Qt.TextElideMode.ElideRight, int(page.width() * 0.6))
    painter.drawText(bottom, Qt.AlignmentFlag.AlignHCenter | below, words)
