"""The command palette: a few letters, Enter, done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from planetview.gui.models.palette import PaletteEntry, found, spans
from planetview.gui.theme import Theme

_SHOWN_ROWS = 10
_PAD_PX = 10
_KEYS_OF_THE_LIST = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_ANY = QModelIndex | QPersistentModelIndex


class CommandPalette(QDialog):
    """Finds a command, page, study, set or help topic by a few letters; Enter runs it, Esc closes."""

    ran = Signal(str)  # id of the entry

    def __init__(self, entries: Sequence[PaletteEntry], recent: Sequence[str], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("palette")
        self.setWindowTitle(self.tr("Commands"))
        self.setAccessibleName(self.tr("Commands"))
        self._entries, self._recent, self._theme = tuple(entries), tuple(recent), theme
        self.query = QLineEdit(self, placeholderText=self.tr("Type a command, a page, a set, a metric…"))
        self.query.setAccessibleName(self.tr("Find a command"))
        self.query.setToolTip(self.tr("Letters of what you look for; Up and Down choose, Enter runs, Esc closes"))
        self._model = _Entries(self)
        self.list = QListView(self, uniformItemSizes=True)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Delegate(theme, self))
        self.list.setAccessibleName(self.tr("Commands found"))
        self.list.setToolTip(self.tr("Enter runs the chosen one"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.note = QLabel(self, wordWrap=True)
        self.note.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.query)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.note)
        self.query.textChanged.connect(self._on_text_changed)
        self.list.clicked.connect(self._on_clicked)
        self.list.selectionModel().currentChanged.connect(self._show_note)
        self.query.installEventFilter(self)
        self.list.installEventFilter(self)
        self._on_text_changed("")
        self._place(parent)
        self.query.setFocus()

    def titles(self) -> list[str]:
        """Return the titles that are listed, best first."""
        return [entry.title for entry in self._model.shown]

    def current(self) -> PaletteEntry | None:
        """Return the chosen entry."""
        entry = self.list.currentIndex().data(Qt.ItemDataRole.UserRole)
        return entry if isinstance(entry, PaletteEntry) else None

    def run_current(self) -> None:
        """Close and run the chosen entry; say why when it cannot be run now."""
        entry = self.current()
        if entry is None or entry.why_not:
            return
        self.ran.emit(entry.id)
        self.close()
        entry.run()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # A click beside it means something else.
        if event.type() is QEvent.Type.ActivationChange and self.isVisible() and not self.isActiveWindow():
            self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run_current()
                return True
            if watched is self.query and key in _KEYS_OF_THE_LIST:
                self._move(key)
                return True
        return super().eventFilter(watched, event)

    def _move(self, key: int) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -_SHOWN_ROWS}.get(Qt.Key(key), _SHOWN_ROWS)
        count, row = self._model.rowCount(), self.list.currentIndex().row() + step
        if count:
            # One step beyond an end comes round to the other.
            row = row % count if abs(step) == 1 else min(max(row, 0), count - 1)
            self.list.setCurrentIndex(self._model.index(row, 0))

    def _on_text_changed(self, text: str) -> None:
        self._model.show(found(self._entries, text, self._recent), text)
        self.list.setCurrentIndex(self._model.index(0, 0))
        self.list.scrollToTop()
        self._show_note()

    def _on_clicked(self, _index: QModelIndex) -> None:
        self.run_current()

    def _show_note(self) -> None:
        entry = self.current()
        if entry is None:
            self.note.setText(self.tr("Nothing is called that. Try fewer letters."))
        else:
            self.note.setText(self.tr("Not now: {0}").format(entry.why_not) if entry.why_not else entry.hint)

    def _place(self, parent: QWidget) -> None:
        row = self.list.sizeHintForRow(0) if self._model.rowCount() else self.fontMetrics().height() * 2
        frame = self.query.sizeHint().height() + self.fontMetrics().height() * 2 + 40
        width = min(max(560, self.fontMetrics().averageCharWidth() * 84), parent.width() - 32)
        height = min(frame + row * _SHOWN_ROWS, parent.height() - 64)
        self.resize(width, height)
        self.move(parent.mapToGlobal(parent.rect().topLeft()).x() + (parent.width() - width) // 2,
                  parent.mapToGlobal(parent.rect().topLeft()).y() + 48)  # fmt: skip


class _Entries(QAbstractListModel):
    """The entries that are listed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[PaletteEntry] = []
        self.query = ""

    def show(self, entries: list[PaletteEntry], query: str) -> None:
        """List these."""
        self.beginResetModel()
        self.shown, self.query = entries, query
        self.endResetModel()

    def rowCount(self, parent: _ANY = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.shown)

    def data(self, index: _ANY, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self.shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.UserRole:
            return entry
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (entry.title, entry.place, entry.keys, self.tr("not now: {0}").format(entry.why_not))
            return ", ".join(part for part in (parts if entry.why_not else parts[:3]) if part)
        return None


class _Delegate(QStyledItemDelegate):
    """Draws title, place and keys of an entry in one line; the matched letters are underlined."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, _index: _ANY) -> QSize:
        return QSize(100, option.fontMetrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _ANY) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        tokens, metrics = self._theme.tokens, option.fontMetrics
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        rect = QRect(option.rect)
        painter.save()
        if is_chosen:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 5, 5)
        ink = tokens.accent_text if is_chosen else tokens.text_muted if entry.why_not else tokens.text
        side = QColor(tokens.accent_text if is_chosen else tokens.text_muted)
        rect.adjust(_PAD_PX, 0, -_PAD_PX, 0)
        painter.setPen(side)
        right = entry.keys or (self.tr("not now") if entry.why_not else "")
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        if right:
            rect.setRight(rect.right() - metrics.horizontalAdvance(right) - _PAD_PX)
        place = metrics.elidedText(entry.place, Qt.TextElideMode.ElideRight, rect.width() // 3)
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, place)
        rect.setRight(rect.right() - metrics.horizontalAdvance(place) - _PAD_PX)
        painter.setPen(QPen(QColor(ink)))
        self._draw_title(painter, rect, option, entry.title, getattr(index.model(), "query", ""), entry.why_not != "")
        painter.restore()

    def _draw_title(
        self, painter: QPainter, rect: QRect, option: QStyleOptionViewItem, title: str, query: str, is_greyed: bool
    ) -> None:
        font = QFont(option.font)
        font.setItalic(is_greyed)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        bottom = rect.center().y() + metrics.ascent() // 2 + 3
        for place in spans(query, title):
            if place < len(text):
                left = rect.left() + metrics.horizontalAdvance(text[:place])
                painter.drawLine(left, bottom, left + metrics.horizontalAdvance(text[place]) - 1, bottom)
