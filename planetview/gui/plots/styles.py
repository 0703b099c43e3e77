"""How a dataset looks in plots: colour, line and marker together, so that none of them carries meaning alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPixmap

from planetview.core.datasets import Role
from planetview.core.results import Results
from planetview.gui.theme import Tokens

SAMPLE_SIZE = QSize(34, 16)
BAND_OPACITY = 50
# The bands of more sets lie over each other and over the points.
MOST_BANDS = 3

_PEN = Qt.PenStyle
_CANDIDATE_LINES = (_PEN.DashDotLine, _PEN.DotLine, _PEN.DashDotDotLine, _PEN.SolidLine, _PEN.DashLine)
_CLASS_LINES = (_PEN.SolidLine, _PEN.DashLine, _PEN.DotLine, _PEN.DashDotLine, _PEN.DashDotDotLine)
_CLASS_SYMBOLS = ("o", "s", "d", "t", "star", "p", "t1", "h", "+")
_CANDIDATE_SYMBOLS = ("s", "d", "star", "p", "t1", "h")


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """The look of one dataset in every plot and theme.

    role, order: which colour token it takes; `order` counts the candidates. symbol: pyqtgraph marker name.
    is_random: for random pairs, whose colour stands back towards the muted text.
    """

    role: Role
    order: int
    line: Qt.PenStyle
    symbol: str
    is_random: bool = False

    def colour(self, tokens: Tokens) -> QColor:
        """Return the data colour under a set of tokens."""
        if self.is_random:
            return _between(self._own_colour(tokens), QColor(tokens.text_muted))
        return self._own_colour(tokens)

    def _own_colour(self, tokens: Tokens) -> QColor:
        if self.role is Role.REFERENCE:
            return QColor(tokens.reference)
        if self.role is Role.HELD_OUT:
            return QColor(tokens.held_out)
        return QColor(tokens.candidates[self.order % len(tokens.candidates)])


def dataset_style(results: Results, name: str) -> SeriesStyle:
    """Return the style of one dataset of `results`; KeyError for an unknown name."""
    role = results.dataset(name).role
    return set_style(role, [dataset.name for dataset in results.with_role(role)].index(name))


def set_style(role: Role, order: int) -> SeriesStyle:
    """Return the style of the set of a role; `order` counts the sets of that role in study order."""
    if role is Role.REFERENCE:
        return SeriesStyle(role, order, _PEN.SolidLine, "o")
    if role is Role.HELD_OUT:
        return SeriesStyle(role, order, _PEN.DashLine, "t")
    return candidate_style(order)


def candidate_style(order: int) -> SeriesStyle:
    """Return the style of a candidate; `order` counts the candidates of the study."""
    line = _CANDIDATE_LINES[order % len(_CANDIDATE_LINES)]
    return SeriesStyle(Role.CANDIDATE, order, line, _CANDIDATE_SYMBOLS[order % len(_CANDIDATE_SYMBOLS)])


def class_style(order: int) -> SeriesStyle:
    """Return the style of one class of a dataset; two classes share none while line and marker together differ."""
    line = _CLASS_LINES[order % len(_CLASS_LINES)]
    return SeriesStyle(Role.CANDIDATE, order, line, _CLASS_SYMBOLS[order % len(_CLASS_SYMBOLS)])


def random_style(style: SeriesStyle) -> SeriesStyle:
    """Return the style of a dataset's random pairs beside `style`, that of its nearest pairs."""
    return replace(style, line=_PEN.DotLine, symbol="x", is_random=True)


def _between(first: QColor, second: QColor) -> QColor:
    return QColor.fromRgbF(
        (first.redF() + second.redF()) / 2, (first.greenF() + second.greenF()) / 2, (first.blueF() + second.blueF()) / 2
    )


def draw_sample(painter: QPainter, style: SeriesStyle, tokens: Tokens, line_scale: float = 1.0) -> None:
    """Draw a stretch of line with the marker on it into (0, 0, *SAMPLE_SIZE)."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    middle = SAMPLE_SIZE.height() / 2
    pen = QPen(style.colour(tokens), 2.0 * line_scale, style.line)
    pen.setCosmetic(True)
    painter.setPen(pen)
    painter.drawLine(QPointF(1, middle), QPointF(SAMPLE_SIZE.width() - 1, middle))
    draw_marker(painter, style, tokens, QPointF(SAMPLE_SIZE.width() / 2, middle), 9)


def draw_marker(painter: QPainter, style: SeriesStyle, tokens: Tokens, centre: QPointF, size: float) -> None:
    """Draw the marker of a dataset around `centre`, `size` logical pixels wide."""
    # The window opens with lists of sets before it needs plots.
    from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol

    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(centre)
    drawSymbol(painter, style.symbol, size, QPen(Qt.PenStyle.NoPen), QBrush(style.colour(tokens)))
    painter.restore()


def sample_icon(style: SeriesStyle, tokens: Tokens, ratio: float) -> QIcon:
    """Return line and marker as an icon; `ratio` is device pixels per logical pixel."""
    pixmap = QPixmap(SAMPLE_SIZE * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_sample(painter, style, tokens)
    painter.end()
    return QIcon(pixmap)
