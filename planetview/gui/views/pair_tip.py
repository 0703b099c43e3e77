"""The preview of a pair beside its point: both images, their names and what was measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, QPoint, QRect, QSize, Qt, Slot
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from planetview.core.results import Results
from planetview.gui.models.wording import from_the_left, tr
from planetview.gui.plots.panel_view import PanelView
from planetview.gui.plots.resting import Point
from planetview.gui.plots.scatter import ScatterPlot
from planetview.gui.theme import Theme
from planetview.gui.thumbs import ThumbnailCache
from planetview.gui.views.pair_columns import ENTROPY, column_of, quantity, short_number
from planetview.gui.views.pair_series import PairSets

EDGE_PX = 112
_GAP_PX, _INSET_PX = 8, 10
_AWAY_PX = 18


class PairTip(QWidget):
    """Lies over the window, lets the mouse through, and is gone with the next move; never waits for a picture."""

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._thumbs, self._over = theme, thumbs, parent
        self._pair: tuple[Point, ...] = ()
        self._results: Results | None = None
        self._lines: tuple[str, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        thumbs.refreshed.connect(self.update)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, a fact a line; "" while it is hidden."""
        return "\n".join(self._lines) if self.isVisible() else ""

    def show_pair(
        self, results: Results, pair: tuple[tuple[str, int], ...], lines: tuple[str, ...], at: QPoint
    ) -> None:
        """Show images beside a place in the parent. pair: (dataset name, number of the image) of each. lines: below."""
        self._results, self._pair, self._lines = results, pair, lines
        self.setAccessibleName("\n".join(lines))
        size, room = self.sizeHint(), self._over.size()
        x = at.x() + _AWAY_PX if at.x() + _AWAY_PX + size.width() <= room.width() else at.x() - _AWAY_PX - size.width()
        below = at.y() + _AWAY_PX
        y = below if below + size.height() <= room.height() else at.y() - _AWAY_PX - size.height()
        self.setGeometry(QRect(QPoint(max(0, x), max(0, y)), size))
        self.raise_()
        self.show()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        pictures = len(self._pair) * (EDGE_PX + _GAP_PX) - _GAP_PX
        wide = max((metrics.horizontalAdvance(line) for line in self._lines), default=0)
        width = max(pictures, min(wide, 44 * metrics.averageCharWidth()))
        height = EDGE_PX + _GAP_PX + len(self._lines) * metrics.lineSpacing()
        return QSize(width + 2 * _INSET_PX, height + 2 * _INSET_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.text_muted), 1))
        painter.setBrush(QColor(tokens.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        for number, (name, image) in enumerate(self._pair):
            left = _INSET_PX + number * (EDGE_PX + _GAP_PX)
            self._paint_image(painter, QRect(left, _INSET_PX, EDGE_PX, EDGE_PX), name, image)
        metrics = painter.fontMetrics()
        painter.setPen(QColor(tokens.text))
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        line = QRect(_INSET_PX, _INSET_PX + EDGE_PX + _GAP_PX, self.width() - 2 * _INSET_PX, metrics.lineSpacing())
        for words in self._lines:
            shown = metrics.elidedText(from_the_left(words), Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
            line.translate(0, metrics.lineSpacing())
        painter.end()

    def _paint_image(self, painter: QPainter, place: QRect, name: str, image: int) -> None:
        assert self._results is not None
        record = self._results.dataset(name).images[image]
        painter.fillRect(place, QColor(self._theme.tokens.surface_alt))
        pixmap = self._thumbs.get(record, EDGE_PX, name)
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            fitted = QRect(place.topLeft(), size)
            fitted.moveCenter(place.center())
            painter.drawPixmap(fitted, pixmap)
            return
        painter.setPen(QColor(self._theme.tokens.text_muted))
        words = tr("Unreadable") if self._thumbs.problem(record, name) else "…"
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)


class PairTips(QObject):
    """Shows the `PairTip` of the points that plots ask for. `use` tells it what they show."""

    def __init__(self, theme: Theme, thumbs: ThumbnailCache, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._thumbs, self._page = theme, thumbs, parent
        self._sets: PairSets | None = None
        self._columns: tuple[str, ...] = ()
        self.tip: PairTip | None = None

    def watch(self, plot: ScatterPlot) -> None:
        """Follow the points of this plot too."""
        plot.previews.wanted.connect(partial(self._on_wanted, plot, plot.viewport, lambda: self._columns))
        plot.previews.ended.connect(self._on_ended)

    def watch_panels(self, panels: PanelView) -> None:
        """Follow the points of these panels, each of a metric against entropy."""

        def columns() -> tuple[str, ...]:
            return panels.rested_panel.partition("/")[0], ENTROPY

        panels.previews.wanted.connect(partial(self._on_wanted, panels, panels.viewport(), columns))
        panels.previews.ended.connect(self._on_ended)

    def use(self, results: Results, sets: PairSets, columns: tuple[str, ...] = ()) -> None:
        """Take pairs from these results; columns: of the axes of the plots that are watched."""
        self._on_ended()
        self._results, self._sets, self._columns = results, sets, columns

    def _on_wanted(
        self,
        asking: QWidget,
        viewport: QWidget,
        columns: Callable[[], tuple[str, ...]],
        name: str,
        row: int,
        at: QPoint,
    ) -> None:
        if self._sets is None or name not in self._sets.tables:
            return
        window = self._page.window()
        if self.tip is None or self.tip.parentWidget() is not window:
            self.tip = PairTip(self._theme, self._thumbs, window)
        table = self._sets.tables[name]
        pair = ((table.query, int(table.query_index[row])), (table.bank, int(table.bank_index[row])))
        lines = pair_lines(self._results, self._sets, name, row, columns())
        self.tip.show_pair(self._results, pair, lines, viewport.mapTo(window, at))
        asking.setAccessibleDescription(self.tip.text)
        QAccessible.updateAccessibility(QAccessibleEvent(asking, QAccessible.Event.DescriptionChanged))

    @Slot()
    def _on_ended(self) -> None:
        if self.tip is not None:
            self.tip.hide()


def pair_lines(results: Results, sets: PairSets, name: str, row: int, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return sets and names of both images of a pair, and its values in some columns, each with its unit."""
    table = sets.tables[name]
    first = results.dataset(table.query).images[int(table.query_index[row])].name
    second = results.dataset(table.bank).images[int(table.bank_index[row])].name
    values = []
    for column in columns:
        label, unit = quantity(column)
        values.append(f"{label} {short_number(float(column_of(table, column)[row]))} {unit}".strip())
    kind = () if name in sets.nearest else (tr("a random pair"),)
    return (f"{table.query} · {first}", f"{table.bank} · {second}", *values, *kind)
