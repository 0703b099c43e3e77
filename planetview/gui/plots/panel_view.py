"""Small multiples: a grid of small scatters to look over, to brush in, and to open one of."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from planetview.core.tables import Cell
from planetview.gui.plots.brushing import BrushShape, thinned
from planetview.gui.plots.export_menu import ExportMenu
from planetview.gui.plots.panel_painting import Panel, PanelPainter
from planetview.gui.theme import Theme, Tokens

_FILL_OPACITY = 40
_MOST_ACROSS = 6
_PAINT_BUDGET_S = 0.012

AnyIndex = QModelIndex | QPersistentModelIndex
_Key = tuple[str, int, int, float]
Mask = npt.NDArray[np.bool_]


class PanelModel(QAbstractListModel):
    """The panels as a list; each says its coefficients to people who do not see it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.panels: list[Panel] = []

    def show(self, panels: list[Panel]) -> None:
        """Replace all panels."""
        self.beginResetModel()
        self.panels = panels
        self.endResetModel()

    def add(self, panel: Panel) -> None:
        """Put one more panel at the end."""
        self.beginInsertRows(QModelIndex(), len(self.panels), len(self.panels))
        self.panels.append(panel)
        self.endInsertRows()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008  Qt's own default
        return 0 if parent.isValid() else len(self.panels)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.panels[index.row()].text()
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("{}\nClick or Enter opens it; drag selects pairs.").format(self.panels[index.row()].text())
        return None


class _PanelDelegate(QStyledItemDelegate):
    """Paints panels; the pixels of points are kept, so that a repaint costs little."""

    def __init__(self, theme: Theme, view: PanelView) -> None:
        super().__init__(view)
        self._theme, self._view = theme, view
        self._bodies: dict[_Key, QImage] = {}
        self._marks: dict[_Key, QImage] = {}
        self.selected: Mapping[str, Mask] = {}
        self.spent_s = 0.0

    def painter_of(self) -> PanelPainter:
        """Return what paints with the present colours and font."""
        return PanelPainter(self._theme.tokens, self._view.font())

    def forget(self, *, only_marks: bool = False) -> None:
        """Drop the kept pixels."""
        self._marks.clear()
        if not only_marks:
            self._bodies.clear()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        panel, area = self._view.panels[index.row()], option.rect.adjusted(3, 3, -3, -3)
        tokens = self._theme.tokens
        is_current = bool(option.state & QStyle.StateFlag.State_Selected) and self._view.hasFocus()
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setPen(
            QPen(QColor(tokens.accent if is_current or is_hovered else tokens.border), 2 if is_current else 1)
        )
        painter.setBrush(QColor(tokens.surface))
        painter.drawRoundedRect(area, 6, 6)
        painter.restore()
        painting = self.painter_of()
        plot = painting.plot_rect(area, panel)
        ratio = self._view.devicePixelRatioF()
        key = (panel.key, plot.width(), plot.height(), ratio)
        pixels = QSize(round(plot.width() * ratio), round(plot.height() * ratio))
        body = self._kept(self._bodies, key, lambda: painting.body_image(pixels, panel, ratio))
        painting.paint(painter, area, panel, body)
        if any(self.selected[one.name].any() for one in panel.series if one.name in self.selected):
            marks = self._kept(self._marks, key, lambda: painting.marks_image(pixels, panel, self.selected, ratio))
            if not marks.isNull():
                painter.drawImage(plot, marks)

    def _kept(self, images: dict[_Key, QImage], key: _Key, make: Callable[[], QImage]) -> QImage:
        """Return the pixels kept for a key, made now while there is time in this paint, a null image otherwise."""
        if key not in images:
            if self.spent_s >= _PAINT_BUDGET_S:
                # The rest follows in the next turns of the event loop.
                QTimer.singleShot(0, self._view.viewport(), self._view.viewport().update)
                return QImage()
            began = time.perf_counter()
            images[key] = make()
            self.spent_s += time.perf_counter() - began
        return images[key]

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        return self._view.gridSize()


class PanelView(QListView):
    """Shows panels in as many columns as fit. Arrows move, Enter or a click opens, a drag selects the pairs inside."""

    opened = Signal(str)  # key of the panel
    area_chosen = Signal(object, object)  # series name -> rows inside, keyboard modifiers
    notice = Signal(str)

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = PanelModel(self)
        self._theme = theme
        self._delegate = _PanelDelegate(theme, self)
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
        theme.changed.connect(self._on_theme_changed)

    @property
    def panels(self) -> list[Panel]:
        """What is shown."""
        return self._model.panels

    @property
    def selected(self) -> Mapping[str, Mask]:
        """Which rows are marked, by series."""
        return self._delegate.selected

    def clear(self, caption: str, *, in_twos: bool) -> None:
        """Take all panels away; with `in_twos` those to come are in pairs, which no line breaks.

        caption: what stands above the panels in a figure.
        """
        self._caption, self._even = caption, in_twos
        self._delegate.forget()
        self._model.show([])

    def add(self, panel: Panel) -> None:
        """Put one more panel at the end."""
        self._model.add(panel)
        self._fit()
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self._model.index(0))

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
        cell = self._delegate.painter_of().size_for(self.gridSize().width(), self._lines())
        return QSize(columns * cell.width(), lines * cell.height() + self._caption_height())

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw all panels as a figure; pens are not cosmetic, so that `line_scale` changes nothing."""
        painting = PanelPainter(tokens, self.font())
        painter.fillRect(QRect(QPoint(), self.figure_size()), QColor(tokens.surface))
        top = self._caption_height()
        painter.setFont(self.font())
        painter.setPen(QColor(tokens.text))
        title = QRect(0, 0, self.figure_size().width(), top)
        painter.drawText(title, int(Qt.AlignmentFlag.AlignCenter), self._caption)
        cell = painting.size_for(self.gridSize().width(), self._lines())
        for number, panel in enumerate(self.panels):
            down, across = divmod(number, self._columns())
            area = QRect(QPoint(across * cell.width(), top + down * cell.height()), cell).adjusted(3, 3, -3, -3)
            painting.paint(painter, area, panel, None)

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return the points of all panels."""
        rows: list[list[Cell]] = [
            [panel.y_words, one.name, *point]
            for panel in self.panels
            for one in panel.series
            for point in zip(one.rows.tolist(), one.x.tolist(), one.y.tolist(), strict=True)
        ]
        return ["metric", "set", "row", self.panels[0].x_words if self.panels else "x", "value"], rows

    def _caption_height(self) -> int:
        return 2 * self.fontMetrics().height() if self._caption else 0

    def _lines(self) -> int:
        return max((len(panel.words) for panel in self.panels), default=1)

    def _columns(self) -> int:
        fitting = max(1, min(_MOST_ACROSS, self._room() // self._delegate.painter_of().least_width()))
        columns = min(fitting, max(1, len(self.panels)))
        return columns - columns % 2 if self._even and columns > 1 else columns

    def _room(self) -> int:
        """Return the width for panels, beside a scroll bar whether it is there or not."""
        bar = 0 if self.verticalScrollBar().isVisible() else self.verticalScrollBar().sizeHint().width()
        return max(1, self.viewport().width() - bar - 2)

    def _fit(self) -> None:
        width = max(1, self._room() // self._columns())
        rows = -(-max(1, len(self.panels)) // self._columns())
        cell = self._delegate.painter_of().size_for(min(width, 460), self._lines(), rows, self.viewport().height() - 2)
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
        self._delegate.forget()
        self.viewport().update()
