"""The plot all plots are: theme colours, units on the axes, export, keys, a brush, a word when there is nothing."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QWidget

from planetview.core.tables import Cell
from planetview.gui.plots.axis import PlotAxis
from planetview.gui.plots.brushing import BrushShape, BrushViewBox
from planetview.gui.plots.crosshair import CrossHair, place_words
from planetview.gui.plots.export_menu import ExportMenu
from planetview.gui.plots.frame import PlotFrame
from planetview.gui.plots.legend import Legend, LegendEntry, LegendList, plain
from planetview.gui.plots.moving import move_view, zoom_view
from planetview.gui.plots.styles import SeriesStyle, draw_sample
from planetview.gui.theme import Theme, Tokens

_LEGEND_GAP_PX = 8
_LEGEND_GAP_PX = 8
_LEGEND_INSET_PX = 96
_LEGEND_SHARE = 0.34  # of the height of a figure; where it needs more the figure grows


class PlotBase(PlotFrame):
    """A themed plot. Subclasses keep their data and draw all of it in `redraw`, with `self.tokens`.

    Home shows everything, arrows move the view; the menu key opens copy and export. Their keys can be changed.
    A cross-hair follows the mouse and says what stands under it.
    """

    clicked = Signal(QPointF, object)  # data coordinates, keyboard modifiers
    brushed = Signal(QRectF, object)  # data coordinates, keyboard modifiers
    lassoed = Signal(QPolygonF, object)  # outline in data coordinates, keyboard modifiers
    notice = Signal(str)  # what an export did

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme.tokens, name, parent)
        self.is_exporting = False
        self._line_scale = 1.0
        self._is_filling_legend = self._is_outdated = False
        self._theme = theme
        self._labels: dict[str, tuple[str, str]] = {}
        self._items: list[Any] = []
        self._marks: list[Any] = []
        self._build()
        self._build_actions()
        theme.changed.connect(self._on_theme_changed)
        self._dress()

    @property
    def scene(self) -> Any:
        """The graphics scene, for rendering."""
        return self._view.scene()

    @property
    def view_box(self) -> Any:
        """The view box; its `mapViewToScene` places data on the screen."""
        return self._view_box

    @property
    def viewport(self) -> QWidget:
        """The widget that gets the mouse."""
        viewport: QWidget = self._view.viewport()
        return viewport

    def figure_size(self) -> QSize:
        """Return the size of the plot as a figure, in logical pixels: higher where the legend has entries to spare."""
        size = self.viewport.size()
        self._dress_legend()
        needed = self._legend.full_height(self.width() - _LEGEND_INSET_PX)
        return QSize(size.width(), size.height() + max(0, math.ceil(needed - _LEGEND_SHARE * size.height())))

    def paint_figure(self, painter: QPainter, tokens: Tokens, line_scale: float) -> None:
        """Draw the plot as a figure with these colours, cosmetic lines `line_scale` as wide."""
        with self.for_export(tokens, line_scale):
            area = QRectF(QPointF(), QSizeF(self.figure_size()))
            self.scene.render(painter, QRectF(0, 0, area.width(), area.height()), area)

    def set_axes(self, x: str, x_unit: str, y: str, y_unit: str) -> None:
        """Name the quantities on both axes; an empty unit means a plain number."""
        self._labels = {"bottom": (x, x_unit), "left": (y, y_unit)}
        self._dress_axes()

    def set_brush_shape(self, shape: BrushShape) -> None:
        """Choose what a brush draws."""
        self._view_box.shape_drawn = shape

    def set_brushing(self, on: bool) -> None:
        """Let a plain drag draw the brush instead of moving the view."""
        self._view_box.is_brushing = on
        self.viewport.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def reset_view(self) -> None:
        """Show all data again."""
        self._plot.enableAutoRange()
        self._plot.autoRange()

    @contextmanager
    def for_export(self, tokens: Tokens, line_scale: float = 1.0) -> Iterator[None]:
        """Draw with other colours for a moment, lines `line_scale` as wide, markers as outlines, no cursor."""
        mine = self.tokens
        self.is_exporting, self._line_scale = True, line_scale
        self._wear(tokens)
        try:
            yield
        finally:
            self.is_exporting, self._line_scale = False, 1.0
            self._wear(mine)

    def pen(self, colour: QColor | str, width: float, line: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """Return a cosmetic pen, `width` in logical pixels."""
        pen = QPen(QColor(colour), width * self._line_scale, line)
        pen.setCosmetic(True)
        return pen

    def redraw(self) -> None:
        """Draw all data anew with `self.tokens`; for subclasses."""

    def data_table(self) -> tuple[list[str], list[list[Cell]]]:
        """Return a header and rows with the data that are drawn, at full precision; for subclasses."""
        return [], []

    def readout_words(self, at: QPointF) -> list[str]:
        """Return what stands at a place in data coordinates, one fact an item."""
        words = []
        for side, value, step in zip(("bottom", "left"), (at.x(), at.y()), self._view_box.viewPixelSize(), strict=True):
            name, unit = self._labels.get(side, ("", ""))
            words.append(f"{name} {place_words(value, step, unit)}".strip())
        return words

    def axis_words(self, side: str) -> str:
        """Return what the axis "bottom" or "left" shows, with its unit: "Shannon entropy (bits)"."""
        text, unit = self._labels.get(side, ("", ""))
        return f"{text} ({unit})" if unit else text

    def label_words(self, side: str) -> str:
        """Return what stands beside an axis; for subclasses whose axes have more to say than their quantity."""
        return self.axis_words(side)

    def add(self, item: Any, z: float = 0.0, *, is_mark: bool = False) -> None:
        """Add one item. Marks do not count for the range of the axes, and `clear_marks` takes them away alone."""
        self.prepare_item(item, z)
        self._plot.addItem(item, ignoreBounds=is_mark)
        (self._marks if is_mark else self._items).append(item)

    def prepare_item(self, item: Any, z: float) -> None:
        """Make an item ready to be drawn at a depth, as `add` does."""
        item.setZValue(z)
        if self.is_exporting and isinstance(item, pg.ScatterPlotItem):
            # Otherwise markers are small cached pictures, which blur in large images and are cut in SVG.
            item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})

    def clear_marks(self) -> None:
        """Take away what marks selection and cursor."""
        for item in self._marks:
            self._plot.removeItem(item)
        self._marks.clear()

    def clear_items(self) -> None:
        """Take away all items, marks and legend entries."""
        self.clear_marks()
        for item in self._items:
            self._plot.removeItem(item)
        self._items.clear()
        self._legend.entries.clear()
        self._fit_legend()

    def add_legend_entry(
        self, style: SeriesStyle, text_html: str, short: str = "", key: str = "", *, is_hidden: bool = False
    ) -> None:
        """Add an entry above the plot; `text_html` with names already escaped, `short` plain, for little room.

        key: of what a click on it hides or shows, "" for nothing.
        """
        paint = partial(draw_sample, style=style, tokens=self.tokens, line_scale=self._line_scale)
        self.add_legend_item(paint, text_html, short, key, is_hidden=is_hidden)

    def add_legend_item(
        self, paint: Callable[[QPainter], None] | None, text_html: str, short: str = "", key: str = "",
        *, is_hidden: bool = False,
    ) -> None:  # fmt: skip
        """Add an entry above the plot with a sample of its own, or with none."""
        entry = LegendEntry(paint, text_html, short, key, is_hidden)
        self._legend.entries.append(entry if short else replace(entry, short=plain(entry).partition("\n")[0]))
        if not self._is_filling_legend:
            self._fit_legend()

    @contextmanager
    def legend_at_once(self) -> Iterator[None]:
        """Place the entries that are added within when all of them are there."""
        self._is_filling_legend = True
        try:
            yield
        finally:
            self._is_filling_legend = False
            self._fit_legend()

    def legend_texts(self) -> list[str]:
        """Return the legend entries as plain text, with those that have no room."""
        return self._legend.texts()

    @property
    def legend(self) -> Legend:
        """What stands above the plot."""
        return self._legend

    def _build(self) -> None:
        self._view_box = BrushViewBox()
        self._view_box.brushed.connect(self.brushed)
        self._view_box.lassoed.connect(self.lassoed)
        self._axes = {side: PlotAxis(side) for side in ("bottom", "left")}
        self._view = pg.PlotWidget(viewBox=self._view_box, enableMenu=False, axisItems=dict(self._axes))
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._view.scene().sigMouseClicked.connect(self._on_scene_clicked)
        self._plot = self._view.getPlotItem()
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        for side in ("bottom", "left"):
            self._plot.getAxis(side).enableAutoSIPrefix(False)
        self._plot.layout.setContentsMargins(12, 12, 16, 8)
        self._plot.layout.removeItem(self._plot.titleLabel)
        self._legend = Legend()
        self._legend.list_wanted.connect(self.show_legend_list)
        self._plot.layout.addItem(self._legend, 0, 1)
        self.cross_hair = CrossHair(self._view.viewport(), self._words_at, self._data_area, self.tokens)
        self.hold(self._view)

    def _build_actions(self) -> None:
        self.exports = ExportMenu(self)
        self.exports.notice.connect(self.notice)
        self.add_menu_action(self.tr("&Reset view"), self.reset_view, "0")
        self.add_menu_action(self.tr("Zoom &in"), partial(zoom_view, self._view_box, is_in=True), "+")
        self.add_menu_action(self.tr("Zoom &out"), partial(zoom_view, self._view_box, is_in=False), "-")
        self.add_menu_action(self.tr("&Legend as a list"), self.show_legend_list, "L")
        hair = self.add_menu_action(self.tr("Cross-&hair"), lambda: None, "H")
        hair.setCheckable(True)
        hair.setChecked(True)
        hair.toggled.connect(self.cross_hair.set_on)

    def _wear(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._dress()
        self.redraw()

    def _dress(self) -> None:
        self._view.setBackground(self.tokens.surface)
        self._view_box.dress(self.tokens.accent)
        self.cross_hair.dress(self._theme.tokens)
        self._dress_legend()
        self._dress_axes()

    def _dress_legend(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(self._point_size())
        self._legend.dress(font, QColor(self.tokens.text))

    def _dress_axes(self) -> None:
        font = QFont(self.font())
        font.setPointSizeF(self._point_size())
        for side in ("bottom", "left"):
            axis = self._plot.getAxis(side)
            axis.setPen(self.pen(self.tokens.border, 1))
            axis.setTextPen(QColor(self.tokens.text_muted))
            axis.setStyle(tickFont=font, tickTextOffset=6)
            # Grid lines are drawn with the axis pen, so the border colour shows through at this opacity.
            axis.setGrid(90)
            if side in self._labels:
                style = {"color": self.tokens.text, "font-size": f"{self._point_size():.1f}pt"}
                axis.setLabel(html.escape(self.label_words(side)), **style)

    def _point_size(self) -> float:
        size = self.font().pointSizeF()
        return 0.95 * size if size > 0 else 9.5

    def _fit_legend(self) -> None:
        width, room = self.width() - _LEGEND_INSET_PX, self.viewport.height()
        height = self._legend.arrange(width, room, is_complete=self.is_exporting)
        self._plot.layout.setRowFixedHeight(0, height + _LEGEND_GAP_PX if height else 0.0)
        self._plot.layout.invalidate()
        # In a figure there is no event loop before the painting that would place everything.
        self._plot.layout.activate()
        area = QRectF(QPointF(), QSizeF(self.figure_size())) if self.is_exporting else self._view.range
        self._plot.setGeometry(area)

    @Slot()
    def show_legend_list(self) -> None:
        """Show all entries of the legend, whole, over the plot."""
        if self._legend.entries and not self.empty_text():
            legend = LegendList(self._legend.entries, self)
            legend.toggled.connect(self._legend.toggled)
            legend.pointed.connect(self._legend.pointed)
            legend.move(self.mapToGlobal(QPoint(_LEGEND_INSET_PX // 2, _LEGEND_GAP_PX)))
            legend.show()

    def _words_at(self, at: QPoint) -> list[str]:
        place = self._view.mapToScene(at)
        if self.empty_text() or not self._view_box.sceneBoundingRect().contains(place):
            return []
        return self.readout_words(QPointF(self._view_box.mapSceneToView(place)))

    def _data_area(self, _at: QPoint) -> QRect:
        return self._view.mapFromScene(self._view_box.sceneBoundingRect()).boundingRect()  # type: ignore[no-any-return]

    @Slot()
    def _on_theme_changed(self) -> None:
        # The window does enough in the turn of a change: what nobody sees is drawn when it is shown.
        if self.isVisible():
            self._wear(self._theme.tokens)
        else:
            self._is_outdated = True

    @Slot(object)
    def _on_scene_clicked(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self._view_box.sceneBoundingRect().contains(event.scenePos()):
            self.clicked.emit(QPointF(self._view_box.mapSceneToView(event.scenePos())), event.modifiers())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key is Qt.Key.Key_Home:
            self.reset_view()
        elif not move_view(self._view_box, key):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_legend()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_outdated:
            self._is_outdated = False
            self._wear(self._theme.tokens)
