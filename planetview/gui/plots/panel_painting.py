"""One small scatter of many: points or density, line with band, a few ticks, and its coefficients in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPolygonF

from planetview.gui.models.wording import tr
from planetview.gui.plots.density import cell_counts, opacity_of
from planetview.gui.plots.series import MAX_POINTS, Scales, ScatterSeries, Vector
from planetview.gui.plots.styles import BAND_OPACITY, MOST_BANDS, SeriesStyle
from planetview.gui.plots.ticks import log_ticks, nice_ticks, tick_text
from planetview.gui.theme import Tokens

_GAP = 6
_LEAST_PLOT_PX = 96
_HIGHEST = 1.0  # height of a plot in its width
_SYMBOL_PX = 5.0
_MARK_PX = 7.0
_POINT_OPACITY = 0.8

Opacity = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Panel:
    """One small scatter.

    key: what it is called outside. title: above it. words: lines below it, plain text. x_words, y_words: the axes.
    span: what is in view; None without points, then `reason` says why. hint: one more line, not drawn.
    """

    key: str
    title: str
    words: tuple[str, ...]
    x_words: str
    y_words: str
    series: tuple[ScatterSeries, ...]
    span: QRectF | None
    reason: str = ""
    hint: str = ""

    @property
    def scales(self) -> Scales:
        """Which of its axes are logarithmic."""
        return self.series[0].scales if self.series else Scales()

    def axis_words(self) -> tuple[str, str]:
        """Return what stands beside the axes."""
        x, y = (tr("{}, log") if on else "{}" for on in (self.scales.is_log_x, self.scales.is_log_y))
        return x.format(self.x_words), y.format(self.y_words)

    @property
    def is_dense(self) -> bool:
        """Whether there are too many points to draw each."""
        return sum(one.x.size for one in self.series) > MAX_POINTS

    def text(self) -> str:
        """Return all it says, in lines."""
        return "\n".join((self.title, *self.words, *filter(None, (self.reason, self.hint))))


class PanelPainter:
    """Draws panels with one set of colours and one font.

    lines: of words that every panel has room for, so that plots side by side are equally high.
    """

    def __init__(self, tokens: Tokens, font: QFont, lines: int = 0) -> None:
        self._tokens = tokens
        self._lines = lines
        self._font = QFont(font)
        self._small = QFont(font)
        self._small.setPointSizeF(max(1.0, 0.88 * font.pointSizeF()))
        self._metrics, self._fine = QFontMetrics(self._font), QFontMetrics(self._small)

    def size_for(self, width: int, lines: int, rows: int = 1, room: int | None = None) -> QSize:
        """Return the size of a panel of this width with so many lines of words.

        Where `room`, a height, is given, so many rows fill it, or a single one at least fits into it.
        """
        texts = self._metrics.height() + (lines + 2) * self._fine.height() + 5 * _GAP
        plot = round(0.5 * width)
        if room is not None and room // rows >= texts + plot:
            plot = min(room // rows - texts, round(_HIGHEST * width))
        elif room is not None:
            plot = max(_LEAST_PLOT_PX, min(plot, room - texts))
        return QSize(width, texts + plot)

    def least_width(self) -> int:
        """Return the least width in which words and plot are readable."""
        return max(220, self._fine.horizontalAdvance("ρ = −0.00 [−0.00, −0.00], n = 00,000") + 4 * _GAP)

    def plot_rect(self, area: QRect, panel: Panel) -> QRect:
        """Return where the points of a panel go."""
        labels = [_tick_words(tick, panel.scales.is_log_y) for tick in self._ticks(panel)[1]] or ["0.00"]
        left = area.left() + _GAP + self._fine.height() + 2 + max(map(self._fine.horizontalAdvance, labels)) + 4
        top = area.top() + self._metrics.height() + 2 * _GAP
        bottom = area.bottom() - (self._lines_below(panel) + 2) * self._fine.height() - 3 * _GAP
        return QRect(left, top, max(1, area.right() - 2 * _GAP - left), max(1, bottom - top))

    def _lines_below(self, panel: Panel) -> int:
        return max(self._lines, len(panel.words))

    def to_data(self, at: QPointF, area: QRect, panel: Panel) -> QPointF:
        """Return the data position under a pixel of a panel with points."""
        assert panel.span is not None
        plot, view = self.plot_rect(area, panel), _padded(panel.span)
        x = view.left() + (at.x() - plot.left()) / plot.width() * view.width()
        y = view.top() + (plot.bottom() + 1 - at.y()) / plot.height() * view.height()
        return QPointF(x, y)

    def to_pixel(self, at: QPointF, area: QRect, panel: Panel) -> QPointF:
        """Return the pixel of a data position of a panel with points; the other way round of `to_data`."""
        assert panel.span is not None
        plot, view = self.plot_rect(area, panel), _padded(panel.span)
        x = plot.left() + (at.x() - view.left()) / view.width() * plot.width()
        return QPointF(x, plot.bottom() + 1 - (at.y() - view.top()) / view.height() * plot.height())

    def paint(self, painter: QPainter, area: QRect, panel: Panel, body: QImage | None) -> None:
        """Draw all of a panel but its marks. body: from `body_image`, null for no points yet, None for shapes."""
        tokens, plot = self._tokens, self.plot_rect(area, panel)
        painter.save()
        # A name in Arabic would turn its line of numbers around.
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        painter.setFont(self._font)
        painter.setPen(QColor(tokens.text))
        title = QRect(area.left() + _GAP, area.top() + _GAP, area.width() - 2 * _GAP, self._metrics.height())
        words = self._metrics.elidedText(panel.title, Qt.TextElideMode.ElideMiddle, title.width())
        painter.drawText(title, int(Qt.AlignmentFlag.AlignCenter), words)
        painter.setFont(self._small)
        if panel.span is None:
            self._paint_reason(painter, plot, panel.reason)
        else:
            self._paint_axes(painter, area, plot, panel)
            painter.save()
            painter.setClipRect(plot)
            if body is not None and not body.isNull():
                painter.drawImage(plot, body)
            elif body is None:
                self._paint_points(painter, plot, panel)
            self._paint_lines(painter, plot, panel)
            painter.restore()
        self._paint_words(painter, area, panel)
        painter.restore()

    def face_image(self, size: QSize, panel: Panel, ratio: float) -> QImage:
        """Return all of a panel but its marks as pixels; `ratio` is device pixels per logical pixel."""
        image = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        area = QRect(QPoint(), size)
        plot = self.plot_rect(area, panel)
        pixels = QSize(round(plot.width() * ratio), round(plot.height() * ratio))
        painter = QPainter(image)
        self.paint(painter, area, panel, self.body_image(pixels, panel, ratio))
        painter.end()
        return image

    def body_image(self, size: QSize, panel: Panel, ratio: float) -> QImage:
        """Return the points, or their density, as pixels of the plot; `ratio` is device pixels per logical pixel."""
        pixels = np.zeros((size.height(), size.width(), 4), dtype=np.float32)
        for one in panel.series:
            if one.x.size and panel.span is not None:
                counts = cell_counts(one.x, one.y, _padded(panel.span), size.width(), size.height())[::-1]
                opacity = (
                    _spread(np.asarray(opacity_of(counts) / 255, dtype=np.float32), _disc(2 * ratio))
                    if panel.is_dense
                    else _POINT_OPACITY * _spread((counts > 0).astype(np.float32), _stamp(one.style, ratio))
                )
                _lay_over(pixels, opacity, one.style.colour(self._tokens))
        return _image(pixels)

    def marks_image(
        self, size: QSize, panel: Panel, selected: Mapping[str, npt.NDArray[np.bool_]], ratio: float
    ) -> QImage:
        """Return discs on the selected points as pixels. selected: series name -> mask over the rows of its table."""
        pixels = np.zeros((size.height(), size.width(), 4), dtype=np.float32)
        for one in panel.series:
            mask = selected.get(one.name)
            if mask is not None and panel.span is not None:
                here = mask[one.rows]
                counts = cell_counts(one.x[here], one.y[here], _padded(panel.span), size.width(), size.height())[::-1]
                present = (counts > 0).astype(np.float32)
                _lay_over(pixels, _spread(present, _disc(_MARK_PX * ratio)), QColor(self._tokens.surface))
                _lay_over(pixels, _spread(present, _disc((_MARK_PX - 2) * ratio)), QColor(self._tokens.text))
        return _image(pixels)

    def _ticks(self, panel: Panel) -> tuple[list[float], list[float]]:
        if panel.span is None:
            return [], []
        view = _padded(panel.span)
        x, y = (view.left(), view.right()), (view.top(), view.bottom())
        return (
            np.log10(log_ticks(*x)).tolist() if panel.scales.is_log_x else nice_ticks(*x),
            np.log10(log_ticks(*y)).tolist() if panel.scales.is_log_y else nice_ticks(*y),
        )

    def _paint_axes(self, painter: QPainter, area: QRect, plot: QRect, panel: Panel) -> None:
        assert panel.span is not None
        place = _Placing(plot, _padded(panel.span))
        height = self._fine.height()
        grid, ink = QPen(QColor(self._tokens.grid), 1), QColor(self._tokens.text_muted)
        across, down = self._ticks(panel)
        x_words, y_words = panel.axis_words()
        for tick, at in zip(across, place.x(np.array(across)).tolist(), strict=True):
            painter.setPen(grid)
            painter.drawLine(QPointF(at, plot.top()), QPointF(at, plot.bottom()))
            painter.setPen(ink)
            box = QRectF(at - 40, plot.bottom() + 3, 80, height)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), _tick_words(tick, panel.scales.is_log_x))
        for tick, at in zip(down, place.y(np.array(down)).tolist(), strict=True):
            painter.setPen(grid)
            painter.drawLine(QPointF(plot.left(), at), QPointF(plot.right(), at))
            painter.setPen(ink)
            box = QRectF(area.left(), at - height / 2, plot.left() - 4 - area.left(), height)
            words = _tick_words(tick, panel.scales.is_log_y)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        painter.setPen(QPen(QColor(self._tokens.border), 1))
        painter.drawRect(plot)
        painter.setPen(ink)
        below = QRect(plot.left(), plot.bottom() + 3 + height, plot.width(), height)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignCenter), x_words)
        painter.save()
        painter.translate(area.left() + _GAP, plot.center().y())
        painter.rotate(-90)
        beside = QRect(-plot.height() // 2, 0, plot.height(), height)
        words = self._fine.elidedText(y_words, Qt.TextElideMode.ElideRight, beside.width())
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignCenter), words)
        painter.restore()

    def _paint_points(self, painter: QPainter, plot: QRect, panel: Panel) -> None:
        assert panel.span is not None
        if panel.is_dense:
            painter.drawImage(plot, self.body_image(plot.size() * 2, panel, 2.0))
            return
        place = _Placing(plot, _padded(panel.span))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for one in panel.series:
            colour = one.style.colour(self._tokens)
            colour.setAlphaF(_POINT_OPACITY)
            brush, pen = QBrush(colour), QPen(Qt.PenStyle.NoPen)
            for x, y in zip(place.x(one.x).tolist(), place.y(one.y).tolist(), strict=True):
                painter.save()
                painter.translate(x, y)
                drawSymbol(painter, one.style.symbol, _SYMBOL_PX, pen, brush)
                painter.restore()

    def _paint_lines(self, painter: QPainter, plot: QRect, panel: Panel) -> None:
        assert panel.span is not None
        place = _Placing(plot, _padded(panel.span))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for one in panel.series:
            curve = one.curve()
            if curve is None:
                continue
            colour = one.style.colour(self._tokens)
            fill = QColor(colour)
            fill.setAlpha(BAND_OPACITY)
            if len(panel.series) <= MOST_BANDS:
                painter.fillPath(curve.band_path(place.points), fill)
            # Dark under light: the line must stand out from points of its own colour.
            line = curve.line_path(place.points)
            painter.strokePath(line, QPen(QColor(self._tokens.surface), 3.5))
            painter.strokePath(line, QPen(colour, 2, one.style.line))

    def _paint_words(self, painter: QPainter, area: QRect, panel: Panel) -> None:
        height = self._fine.height()
        top = area.bottom() - _GAP - self._lines_below(panel) * height
        painter.setPen(QColor(self._tokens.text))
        for number, line in enumerate(panel.words):
            box = QRect(area.left() + _GAP, top + number * height, area.width() - 2 * _GAP, height)
            words = self._fine.elidedText(line, Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_reason(self, painter: QPainter, plot: QRect, reason: str) -> None:
        painter.setPen(QColor(self._tokens.text_muted))
        painter.drawText(plot, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), reason)


class _Placing:
    """From data to pixels of a plot."""

    def __init__(self, plot: QRect, view: QRectF) -> None:
        self._plot, self._view = plot, view

    def x(self, values: Vector) -> Vector:
        return self._plot.left() + (values - self._view.left()) / self._view.width() * self._plot.width()

    def y(self, values: Vector) -> Vector:
        return self._plot.bottom() + 1 - (values - self._view.top()) / self._view.height() * self._plot.height()

    def points(self, x: Vector, y: Vector) -> QPolygonF:
        pixels = np.column_stack([self.x(x), self.y(y)])
        return QPolygonF([QPointF(px, py) for px, py in pixels.tolist()])


def _padded(span: QRectF) -> QRectF:
    across, up = 0.04 * span.width(), 0.06 * span.height()
    return span.adjusted(-across, -up, across, up)


def _tick_words(at: float, is_log: bool) -> str:
    return tick_text(round(10.0**at, 12 - math.floor(at)) if is_log else at)


@cache
def _stamp(style: SeriesStyle, ratio: float) -> Opacity:
    """Return the marker of a style as opacities of a few pixels."""
    edge = 2 * math.ceil(_SYMBOL_PX * ratio / 2) + 1
    image = QImage(edge, edge, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(edge / 2, edge / 2)
    drawSymbol(painter, style.symbol, _SYMBOL_PX * ratio, QPen(Qt.PenStyle.NoPen), QBrush(QColor("#000000")))
    painter.end()
    bits = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(edge, edge, 4)
    return np.asarray(bits[..., 3] / np.float32(255), dtype=np.float32)


@cache
def _disc(width: float) -> Opacity:
    """Return a disc as opacities, soft at its edge."""
    reach = math.ceil(width / 2)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.clip(width / 2 + 0.5 - np.hypot(x, y), 0, 1), dtype=np.float32)


def _spread(present: Opacity, stamp: Opacity) -> Opacity:
    """Put a stamp on every cell that is not 0; where stamps meet the stronger one shows."""
    reach = stamp.shape[0] // 2
    height, width = present.shape
    room = np.pad(present, reach)
    spread = np.zeros_like(present)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            strength = stamp[dy + reach, dx + reach]
            if strength > 0:
                part = room[reach - dy : reach - dy + height, reach - dx : reach - dx + width]
                np.maximum(spread, strength * part, out=spread)
    return spread


def _lay_over(pixels: npt.NDArray[np.float32], opacity: Opacity, colour: QColor) -> None:
    """Lay a colour over premultiplied BGRA pixels in 0..1."""
    ink = np.array([colour.blueF(), colour.greenF(), colour.redF(), 1.0], dtype=np.float32)
    pixels *= (1 - opacity)[..., None]
    pixels += opacity[..., None] * ink


def _image(pixels: npt.NDArray[np.float32]) -> QImage:
    height, width, _ = pixels.shape
    data = np.ascontiguousarray((pixels * 255 + 0.5).astype(np.uint8))
    return QImage(data.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied).copy()
