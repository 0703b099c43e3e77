"""The legend above a plot: whole entries where there is room, short ones in columns where not, all in a list."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QCloseEvent,
    QColor,
    QFont,
    QFontMetricsF,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
    QTextDocument,
)
from PySide6.QtWidgets import QFrame, QGraphicsSceneHoverEvent, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from planetview.gui.local_keys import PLOTS, present
from planetview.gui.models.wording import tr
from planetview.gui.plots.styles import SAMPLE_SIZE

_SAMPLE_GAP_PX = 10
_COLUMN_GAP_PX = 28
_ROW_GAP_PX = 2
_LEAST_LETTERS = 9
# The data need the room more than their names: of the height of the plot, and where one row has all entries.
_MOST, _MOST_OF_ONE_ROW, _MOST_AT_ALL = 0.2, 0.34, 0.5
_LIST_LETTERS, _LIST_LINES = 70, 18
_HIDDEN_OPACITY = 0.55


@dataclass(frozen=True)
class LegendEntry:
    """One dataset in a legend.

    paint: draws its sample into (0, 0, *SAMPLE_SIZE), None for words alone. text: HTML, names escaped. short: the same
    in few letters, plain. key: of what can be hidden, "" for all else. is_hidden: whether it is not in the plot now.
    """

    paint: Callable[[QPainter], None] | None
    text: str
    short: str
    key: str = ""
    is_hidden: bool = False

    @property
    def inset(self) -> float:
        """Where its words begin."""
        return SAMPLE_SIZE.width() + _SAMPLE_GAP_PX if self.paint is not None else 0.0


@dataclass
class _Plan:
    """Where entries stand. shown: (entry, place, document, or None for its short words)."""

    height: float = 0.0
    shown: list[tuple[LegendEntry, QRectF, QTextDocument | None]] = field(default_factory=list)
    more: QRectF | None = None
    hidden: int = 0


class Legend(pg.GraphicsWidget):
    """Entries in as many columns as fit. A click on one with a key asks to hide it, or to show it again."""

    list_wanted = Signal()
    toggled = Signal(str)  # key of an entry
    pointed = Signal(str)  # key of the entry under the mouse, "" for none

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[LegendEntry] = []
        self._font, self._colour = QFont(), QColor()
        self._plan = _Plan()
        self._pointed = ""
        self.setAcceptHoverEvents(True)

    def dress(self, font: QFont, colour: QColor) -> None:
        """Use this font and colour for words."""
        self._font, self._colour = QFont(font), QColor(colour)

    def texts(self) -> list[str]:
        """Return all entries as plain text."""
        return [tr("{}, hidden").format(plain(entry)) if entry.is_hidden else plain(entry) for entry in self.entries]

    @property
    def hidden(self) -> int:
        """How many entries have no room."""
        return self._plan.hidden

    @property
    def more_rect(self) -> QRectF | None:
        """Where the words stand that open the list."""
        return self._plan.more

    def full_height(self, width: float) -> float:
        """Return the height that all entries need in this width."""
        return self._whole(width)[0].height

    def arrange(self, width: float, room: float, *, is_complete: bool) -> float:
        """Place the entries in a plot `room` high; return the height they take. is_complete: all of them, always.

        Without any entry, or without room for one, it is 0.
        """
        plan, rows, fits = self._whole(width)
        most = room * (_MOST_OF_ONE_ROW if rows == 1 else _MOST)
        if not is_complete and (plan.height > most or not fits):
            plan = self._compact(width, most if rows == 1 else room * _MOST)
            if plan.height > room * _MOST_AT_ALL or width < self._least_width():
                plan = _Plan()
        self.prepareGeometryChange()
        self._plan = plan
        self.update()
        return plan.height

    def _whole(self, width: float) -> tuple[_Plan, int, bool]:
        """Return the plan with every entry whole, its rows, and whether the widest one fits."""
        if not self.entries:
            return _Plan(), 0, True
        documents = [self._document(entry) for entry in self.entries]
        widest = max(
            entry.inset + document.idealWidth() for entry, document in zip(self.entries, documents, strict=True)
        )
        columns = max(1, min(len(documents), int((width + _COLUMN_GAP_PX) / (widest + _COLUMN_GAP_PX))))
        across = min(widest, width)
        plan = _Plan()
        for first in range(0, len(documents), columns):
            row = list(zip(self.entries, documents, strict=True))[first : first + columns]
            for number, (entry, document) in enumerate(row):
                document.setTextWidth(max(1.0, math.ceil(across - entry.inset) + 1))
                place = QRectF(number * (across + _COLUMN_GAP_PX), plan.height, across, document.size().height())
                plan.shown.append((entry, place, document))
            plan.height += max(document.size().height() for _, document in row) + _ROW_GAP_PX
        return plan, -(-len(documents) // columns), widest <= width

    def _compact(self, width: float, most: float) -> _Plan:
        """Return the plan with short entries, and as many of them as fit."""
        metrics = QFontMetricsF(self._font)
        row = max(metrics.height(), SAMPLE_SIZE.height()) + _ROW_GAP_PX
        rows, count = max(1, int(most / row)), len(self.entries)
        wanted = max(entry.inset + metrics.horizontalAdvance(entry.short) for entry in self.entries) + _COLUMN_GAP_PX
        narrowest = SAMPLE_SIZE.width() + _SAMPLE_GAP_PX + _LEAST_LETTERS * metrics.averageCharWidth() + _COLUMN_GAP_PX
        columns = max(1, int(width / wanted))
        if columns * rows < count:
            columns = max(columns, min(-(-count // rows), int(width / narrowest)))
        columns = min(columns, count)
        across = min(wanted, width / columns)
        plan = _Plan(height=row * min(rows, -(-count // columns)))
        places = [
            QRectF(number % columns * across, number // columns * row, across - _COLUMN_GAP_PX, row)
            for number in range(min(count, columns * rows))
        ]
        if len(places) < count:
            plan.more = places.pop()
            plan.hidden = count - len(places)
        plan.shown = [(entry, place, None) for entry, place in zip(self.entries, places, strict=False)]
        return plan

    def _least_width(self) -> float:
        return SAMPLE_SIZE.width() + _LEAST_LETTERS * QFontMetricsF(self._font).averageCharWidth()

    def _document(self, entry: LegendEntry) -> QTextDocument:
        document = QTextDocument()
        document.setDocumentMargin(0)
        document.setDefaultFont(self._font)
        # A name in Arabic would turn its line around, away from its sample.
        direction = document.defaultTextOption()
        direction.setTextDirection(Qt.LayoutDirection.LeftToRight)
        document.setDefaultTextOption(direction)
        # Not by a fainter ink alone.
        document.setHtml(f"<s>{entry.text}</s>" if entry.is_hidden else entry.text)
        return document

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self.size().width(), max(self._plan.height, self.size().height()))

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.setFont(self._font)
        metrics = QFontMetricsF(self._font)
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, self._colour)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        for entry, place, document in self._plan.shown:
            painter.save()
            painter.translate(place.topLeft())
            painter.setOpacity(_HIDDEN_OPACITY if entry.is_hidden else 1.0)
            if entry.paint is not None:
                painter.save()
                painter.translate(0, (min(place.height(), metrics.height()) - SAMPLE_SIZE.height()) / 2)
                entry.paint(painter)
                painter.restore()
            painter.translate(entry.inset, 0)
            if document is not None:
                document.documentLayout().draw(painter, context)
            else:
                room = place.width() - entry.inset
                painter.setPen(self._colour)
                font = QFont(self._font)
                font.setStrikeOut(entry.is_hidden)
                painter.setFont(font)
                words = metrics.elidedText(entry.short, Qt.TextElideMode.ElideMiddle, room)
                painter.drawText(QRectF(0, 0, room, metrics.height()), int(middle), words)
            painter.restore()
        if self._plan.more is not None:
            painter.setPen(self._colour)
            font = QFont(self._font)
            font.setUnderline(True)
            painter.setFont(font)
            place = QRectF(self._plan.more.topLeft(), self._plan.more.bottomRight())
            place.setHeight(metrics.height())
            painter.drawText(place, int(middle), self.more_words())

    def more_words(self) -> str:
        """Return what stands for the entries without room."""
        return tr("+{:,} more").format(self._plan.hidden)

    def tip_at(self, at: QPointF) -> str:
        """Return the whole entry at a place of the legend, "" where there is none."""
        if self._plan.more is not None and self._plan.more.contains(at):
            return present(tr("Open the list of all entries (L)."), PLOTS)
        entry = self.entry_at(at)
        if entry is None or not entry.key:
            return "" if entry is None else entry.text
        words = tr("Click to show it again.") if entry.is_hidden else tr("Click to hide it.")
        return f"{entry.text}<br><br>{words}"

    def entry_at(self, at: QPointF) -> LegendEntry | None:
        """Return the entry at a place of the legend, None where there is none."""
        return next((entry for entry, place, _ in self._plan.shown if place.contains(at)), None)

    def place_of(self, key: str) -> QRectF | None:
        """Return where the entry of a key stands, None where it has no room."""
        return next((place for entry, place, _ in self._plan.shown if entry.key == key), None)

    def hoverMoveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self.setToolTip(self.tip_at(event.pos()))
        entry = self.entry_at(event.pos())
        is_link = self._plan.more is not None and self._plan.more.contains(event.pos())
        is_link = is_link or (entry is not None and bool(entry.key))
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_link else Qt.CursorShape.ArrowCursor)
        self._point(entry.key if entry is not None else "")

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        super().hoverLeaveEvent(event)
        self._point("")

    def _point(self, key: str) -> None:
        if key != self._pointed:
            self._pointed = key
            self.pointed.emit(key)

    def mouseClickEvent(self, ev: Any) -> None:
        at = QPointF(ev.pos())
        entry = self.entry_at(at)
        if self._plan.more is not None and self._plan.more.contains(at):
            ev.accept()
            self.list_wanted.emit()
        elif entry is not None and entry.key:
            ev.accept()
            self.toggled.emit(entry.key)
        else:
            ev.ignore()


class LegendList(QFrame):
    """All entries of a legend, whole, in a list that closes with Escape or a click beside it.

    What can be hidden has a tick: Space or a click takes it away. The one with the focus is pointed at.
    """

    toggled = Signal(str)  # key of an entry
    pointed = Signal(str)  # key of the entry with the focus, "" for none

    def __init__(self, entries: list[LegendEntry], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Legend"))
        self.list.setIconSize(SAMPLE_SIZE)
        self.list.setWordWrap(True)
        for entry in entries:
            icon = _icon(entry, self.devicePixelRatioF())
            item = QListWidgetItem(icon, plain(entry))
            if entry.key:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Unchecked if entry.is_hidden else Qt.CheckState.Checked)
            item.setData(Qt.ItemDataRole.UserRole, entry.key)
            self.list.addItem(item)
        self.list.itemChanged.connect(self._on_changed)
        self.list.currentItemChanged.connect(lambda item, _before: self.pointed.emit(_key(item)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list)
        metrics = self.fontMetrics()
        lines = sum(self.list.item(row).text().count("\n") + 1 for row in range(self.list.count()))
        self.resize(
            metrics.averageCharWidth() * _LIST_LETTERS, metrics.lineSpacing() * (min(lines, _LIST_LINES) + 1) + 24
        )
        self.list.setFocus()

    def _on_changed(self, item: QListWidgetItem) -> None:
        if _key(item):
            self.toggled.emit(_key(item))

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.pointed.emit("")


def _key(item: QListWidgetItem | None) -> str:
    return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))


def plain(entry: LegendEntry) -> str:
    """Return the whole text of an entry without markup."""
    document = QTextDocument()
    document.setHtml(entry.text)
    return document.toPlainText().replace("\xa0", " ").strip()


def _icon(entry: LegendEntry, ratio: float) -> QIcon:
    pixmap = QPixmap(QSize(SAMPLE_SIZE.width(), SAMPLE_SIZE.height()) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    if entry.paint is not None:
        painter = QPainter(pixmap)
        entry.paint(painter)
        painter.end()
    return QIcon(pixmap)
