"""Small multiples: a grid of small scatters to look over, to brush in, and to open one of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QEvent,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QListView, QWidget

from planetview.core.tables import Cell
from planetview.gui.local_keys import PLOTS, bind
from planetview.gui.plots.brushing import BrushShape, thinned
from planetview.gui.plots.crosshair import CrossHair, place_words
from planetview.gui.plots.export_menu import ExportMenu
from planetview.gui.plots.panel_list import PanelDelegate, PanelModel
from planetview.gui.plots.panel_painting import Panel, PanelPainter
from planetview.gui.plots.resting import Previews
from planetview.gui.plots.series import nearest_point
from planetview.gui.theme import Theme, Tokens

_FILL_OPACITY = 40
_MOST_ACROSS = 6
_HIT_RADIUS_PX = 8.0

Mask = npt.NDArray[np.bool_]


class PanelView(QListView):
    """Shows panels in as many columns as fit. Arrows move, Enter or a click opens, a drag selects the pairs inside."""

    opened = Signal(str)  # key of the panel
    area_chosen = Signal(object, object)  # series name -> rows inside, keyboard modifiers
    notice = Signal(str)
    log_wanted = Signal(str, str)  # key of the panel, "bottom" or "left": the axis to be switched
    shape_wanted = Signal()  # the next shape of the brush

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = PanelModel(self)
        self._theme = theme
        self._delegate = PanelDelegate(theme, self, self._model)
        self._shape = BrushShape.RECTANGLE
        self._caption, self._even = "", False
        self._trace: list[QPointF] = []
        self._pressed: QPoint | None = None
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(name)
        self.setObjectName("panels")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.exports = ExportMenu(self)
        self.exports.notice.connect(self.notice)
        self._wanted_row = self._expected = 0
        self._rested: Panel | None = None
        self.previews = Previews(self.viewport(), self._point_at, self._place_of)
        self._build_actions()
        theme.changed.connect(self._on_theme_changed)

    def _build_actions(self) -> None:
        self.cross_hair = CrossHair(self.viewport(), self._words_at, self._plot_at, self._theme.tokens)
        hair = self._add_action(self.tr("Cross-&hair"), "H")
        hair.setCheckable(True)
        hair.setChecked(True)
        hair.toggled.connect(self.cross_hair.set_on)
        for text, key, side in (
            (self.tr("Logarithmic &horizontal axis, or linear"), "X", "bottom"),
            (self.tr("Logarithmic &vertical axis, or linear"), "Y", "left"),
        ):
            self._add_action(text, key).triggered.connect(partial(self._on_log_wanted, side))

        self._add_action(self.tr("Next &shape of the brush"), "S").triggered.connect(self.shape_wanted)

    def _add_action(self, text: str, key: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        bind(action, PLOTS)
        self.addAction(action)
        return action

    def _on_log_wanted(self, side: str, _checked: bool = False) -> None:
        if self.currentIndex().isValid():
            self.log_wanted.emit(self.panels[self.currentIndex().row()].key, side)

    def want_current(self, row: int) -> None:
        """Make a panel the current one, as soon as it is there."""
        self._wanted_row = max(0, row)
        if self._wanted_row < len(self.panels):
            self.setCurrentIndex(self._model.index(self._wanted_row))

    @property
    def panels(self) -> list[Panel]:
        """What is shown."""
        return self._model.panels

    @property
    def selected(self) -> Mapping[str, Mask]:
        """Which rows are marked, by series."""
        return self._delegate.selected

    def clear(self, caption: str, *, in_twos: bool, expected: int = 0) -> None:
        """Take all panels away; with `in_twos` those to come are in pairs, which no line breaks.

        caption: what stands above the panels in a figure. expected: how many are to come; the first has the size of
        the last from the beginning, and is drawn once.
        """
        self._caption, self._even, self._expected = caption, in_twos, expected
        self._delegate.forget()
        self._model.show([])

    def add(self, panel: Panel) -> None:
        """Put one more panel at the end."""
        self._model.add(panel)
        self._fit()
        if not self.currentIndex().isValid() or len(self.panels) == self._wanted_row + 1:
            self.setCurrentIndex(self._model.index(len(self.panels) - 1))

    def mark(self, selected: Mapping[str, Mask]) -> None:
        """Mark selected pairs in every panel. selected: series name -> mask over the rows of its table."""
        self._delegate.selected = selected
        self._delegate.forget(only_marks=True)
        self.viewport().update()

    def set_brush_shape(self, shape: BrushShape) -> None:
        """Choose what a drag draws."""
        self._shape = shape

    def rect_of(self, key: str) -> QRect:
        """Return where the points of a panel are, in pixels of the viewport."""
        row = next(row for row, panel in enumerate(self.panels) if panel.key == key)
        area = self.visualRect(self._model.index(row)).adjusted(3, 3, -3, -3)
        return self._delegate.painter_of().plot_rect(area, self.panels[row])

    def figure_size(self) -> QSize:
        """Return the size of all panels as one figure, in logical pixels."""
        columns = self._columns()
        lines = -(-max(1, len(self.panels)) // columns)
        cell = self._delegate.painter_of().size_for(self.gridSize().width(), self._delegate.lines)
        return QSize(columns * cell.width(), lines * cell.height() + self._caption_height())

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw all panels as a figure; pens are not cosmetic, so that `line_scale` changes nothing."""
        painting = PanelPainter(tokens, self.font(), self._delegate.lines)
        painter.fillRect(QRect(QPoint(), self.figure_size()), QColor(tokens.surface))
        top = self._caption_height()
        painter.setFont(self.font())
        painter.setPen(QColor(tokens.text))
        title = QRect(0, 0, self.figure_size().width(), top)
        painter.drawText(title, int(Qt.AlignmentFlag.AlignCenter), self._caption)
        cell = painting.size_for(self.gridSize().width(), self._delegate.lines)
        for number, panel in enumerate(self.panels):
            down, across = divmod(number, self._columns())
            area = QRect(QPoint(across * cell.width(), top + down * cell.height()), cell).adjusted(3, 3, -3, -3)
            painting.paint(painter, area, panel, None)

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return the points of all panels."""
        rows: list[list[Cell]] = [
            [panel.y_words, one.name, *point] for panel in self.panels for one in panel.series for point in one.table()
        ]
        return ["metric", "set", "row", self.panels[0].x_words if self.panels else "x", "value"], rows

    def _caption_height(self) -> int:
        return 2 * self.fontMetrics().height() if self._caption else 0

    def _columns(self) -> int:
        fitting = max(1, min(_MOST_ACROSS, self._room() // self._delegate.painter_of().least_width()))
        columns = min(fitting, max(1, self._count()))
        return columns - columns % 2 if self._even and columns > 1 else columns

    def _count(self) -> int:
        return max(self._expected, len(self.panels))

    def _room(self) -> int:
        """Return the width for panels, beside a scroll bar whether it is there or not."""
        bar = 0 if self.verticalScrollBar().isVisible() else self.verticalScrollBar().sizeHint().width()
        return max(1, self.viewport().width() - bar - 2)

    def _fit(self) -> None:
        width = max(1, self._room() // self._columns())
        rows = -(-max(1, self._count()) // self._columns())
        cell = self._delegate.painter_of().size_for(
            min(width, 460), self._delegate.lines, rows, self.viewport().height() - 2
        )
        size = QSize(width, cell.height())
        if size != self.gridSize():
            self.setGridSize(size)

    def _panel_at(self, at: QPoint) -> Panel | None:
        index = self.indexAt(at)
        return self.panels[index.row()] if index.isValid() else None

    def _outline(self, panel: Panel) -> QRectF | QPolygonF:
        """Return what was drawn, in data coordinates of a panel."""
        row = self.panels.index(panel)
        area = self.visualRect(self._model.index(row)).adjusted(3, 3, -3, -3)
        painting = self._delegate.painter_of()
        if self._shape is BrushShape.LASSO:
            return QPolygonF([painting.to_data(at, area, panel) for at in thinned(self._trace)])
        ends = [painting.to_data(at, area, panel) for at in (self._trace[0], self._trace[-1])]
        return QRectF(*ends).normalized()

    def _plot_at(self, at: QPoint) -> QRect:
        """Return where the points of the panel under a place are; empty where there is none."""
        index = self.indexAt(at)
        if not index.isValid():
            return QRect()
        area = self.visualRect(index).adjusted(3, 3, -3, -3)
        return self._delegate.painter_of().plot_rect(area, self.panels[index.row()])

    def _words_at(self, at: QPoint) -> list[str]:
        panel = self._panel_at(at)
        if panel is None or panel.span is None or not self._plot_at(at).contains(at):
            return []
        area = self.visualRect(self.indexAt(at)).adjusted(3, 3, -3, -3)
        painting = self._delegate.painter_of()
        places = (painting.to_data(QPointF(at + step), area, panel) for step in (QPoint(), QPoint(1, -1)))
        here, beside = (panel.scales.value(place) for place in places)
        return [
            f"{panel.x_words} {place_words(here.x(), beside.x() - here.x(), '')}",
            f"{panel.y_words} {place_words(here.y(), beside.y() - here.y(), '')}",
        ]

    @property
    def rested_panel(self) -> str:
        """The key of the panel whose point is previewed, "" for none."""
        return self._rested.key if self._rested is not None else ""

    def _area_of(self, panel: Panel) -> QRect:
        return self.visualRect(self._model.index(self.panels.index(panel))).adjusted(3, 3, -3, -3)

    def _point_at(self, at: QPoint) -> tuple[str, int] | None:
        self._rested = panel = self._panel_at(at)
        if panel is None or panel.span is None or not self._plot_at(at).contains(at):
            return None
        area, painting = self._area_of(panel), self._delegate.painter_of()
        here, beside = (painting.to_data(QPointF(at + step), area, panel) for step in (QPoint(), QPoint(1, -1)))
        return nearest_point(panel.series, here, (beside.x() - here.x(), beside.y() - here.y()), _HIT_RADIUS_PX)

    def _place_of(self, name: str, row: int) -> QPoint | None:
        panel = self._rested
        for one in panel.series if panel is not None and panel in self.panels else ():
            found = np.flatnonzero((one.rows == row) & (one.name == name))
            if found.size and panel is not None:
                at = QPointF(float(one.x[found[0]]), float(one.y[found[0]]))
                return self._delegate.painter_of().to_pixel(at, self._area_of(panel), panel).toPoint()
        return None

    def _stop_drawing(self) -> None:
        self._pressed, self._trace = None, []
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        at = event.position()
        if not self._trace:
            panel = self._panel_at(self._pressed)
            is_far = (at.toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if not is_far or panel is None or panel.span is None:
                return
            self._trace = [QPointF(self._pressed)]
        self._trace.append(at)
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, panel = self._pressed, self._panel_at(self._pressed) if self._pressed is not None else None
        if event.button() != Qt.MouseButton.LeftButton or pressed is None or panel is None:
            self._stop_drawing()
        elif self._trace:
            area = self._outline(panel)
            self._stop_drawing()
            self.area_chosen.emit({one.name: one.rows[one.inside(area)] for one in panel.series}, event.modifiers())
        else:
            self._stop_drawing()
            self.opened.emit(panel.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._trace:
            self._stop_drawing()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self.opened.emit(self.panels[self.currentIndex().row()].key)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._delegate.spent_s = 0.0
        super().paintEvent(event)
        if len(self._trace) > 1:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            accent = QColor(self._theme.tokens.accent)
            painter.setPen(QPen(accent, 1.5))
            accent.setAlpha(_FILL_OPACITY)
            painter.setBrush(accent)
            if self._shape is BrushShape.LASSO:
                painter.drawPolygon(QPolygonF(self._trace))
            else:
                painter.drawRect(QRectF(self._trace[0], self._trace[-1]).normalized())
            painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()

    @Slot()
    def _on_theme_changed(self) -> None:
        self.cross_hair.dress(self._theme.tokens)
        self._delegate.forget()
        self.viewport().update()
