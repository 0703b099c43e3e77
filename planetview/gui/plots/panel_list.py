"""The panels of a view of small multiples as a list, and their looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from planetview.gui.plots.panel_painting import Panel, PanelPainter
from planetview.gui.theme import Theme

_PAINT_BUDGET_S = 0.006

AnyIndex = QModelIndex | QPersistentModelIndex
Mask = npt.NDArray[np.bool_]
_Key = tuple[str, int, int, int, float]


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


class PanelDelegate(QStyledItemDelegate):
    """Paints panels; what they look like is kept, so that a repaint costs little.

    Of a panel with 50,000 points the points take 3 ms, axes, line and words 6.
    """

    def __init__(self, theme: Theme, view: QListView, panels: PanelModel) -> None:
        super().__init__(view)
        self._theme, self._view, self._panels = theme, view, panels
        self._faces: dict[_Key, QImage] = {}
        self._marks: dict[_Key, QImage] = {}
        self.selected: Mapping[str, Mask] = {}
        self.spent_s = 0.0

    def painter_of(self) -> PanelPainter:
        """Return what paints with the present colours and font."""
        return PanelPainter(self._theme.tokens, self._view.font(), self.lines)

    @property
    def lines(self) -> int:
        """The most lines of words that one of the panels has."""
        return max((len(panel.words) for panel in self._panels.panels), default=1)

    def forget(self, *, only_marks: bool = False) -> None:
        """Drop the kept pixels."""
        self._marks.clear()
        if not only_marks:
            self._faces.clear()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        panel, area = self._panels.panels[index.row()], option.rect.adjusted(3, 3, -3, -3)
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
        painting, ratio = self.painter_of(), self._view.devicePixelRatioF()
        key = (panel.key, area.width(), area.height(), self.lines, ratio)
        face = self._kept(self._faces, key, lambda: painting.face_image(area.size(), panel, ratio))
        if face.isNull():
            return
        painter.drawImage(area.topLeft(), face)
        plot = painting.plot_rect(area, panel)
        pixels = QSize(round(plot.width() * ratio), round(plot.height() * ratio))
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
