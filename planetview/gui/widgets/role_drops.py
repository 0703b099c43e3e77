"""The places that appear while folders are dragged over a page: one for each role, and one that guesses."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from planetview.core.datasets import Role
from planetview.gui.icons import icon_pixmap
from planetview.gui.theme import Theme
from planetview.gui.widgets.drops import pasted_paths

_GAP_PX = 16
_LINGER_MS = 150


class RoleDrops(QWidget):
    """Covers its parent while a drag is over it; what is dropped on a place takes its role.

    The parent hands it its drag-enter events by `begin`; keyboards reach the same through menus.
    """

    dropped = Signal(object, object)  # tuple[Path, ...], Role | None to guess it
    refused = Signal(str)  # why

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._covered = theme, parent
        self._refusal = ""
        self._target = -1
        self.setAcceptDrops(True)
        self.setAccessibleName(self.tr("Drop folders on the role they have"))
        self._places: tuple[tuple[Role | None, str, str], ...] = (
            (Role.REFERENCE, self.tr("Reference"), self.tr("Real images the generator learned from")),
            (Role.HELD_OUT, self.tr("Held-out"), self.tr("Real images it never saw")),
            (Role.CANDIDATE, self.tr("Candidate"), self.tr("Synthetic images to judge")),
            (None, self.tr("Guess"), self.tr("The role follows from the name of each folder")),
        )
        # Qt sends a leave to what was under the pointer before as soon as this covers it.
        self._lingering = QTimer(self, singleShot=True, interval=_LINGER_MS)
        self._lingering.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def begin(self, event: QDragEnterEvent) -> None:
        """Cover the parent, and take the drag."""
        self._lingering.stop()
        self._refusal = "" if (found := pasted_paths(event.mimeData()))[0] else found[1]
        self._target = -1
        self.setGeometry(self._covered.rect())
        self.raise_()
        self.show()
        event.acceptProposedAction()

    def end_soon(self) -> None:
        """Uncover the parent, unless the drag has come here."""
        if self.isVisible():
            self._lingering.start()

    def place_of(self, role: Role | None) -> QRectF:
        """Return where the place of a role is."""
        number = [place[0] for place in self._places].index(role)
        return self._areas()[number]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self.setGeometry(self._covered.rect())
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.begin(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        at = event.position()
        target = next((number for number, area in enumerate(self._areas()) if area.contains(at)), -1)
        if target != self._target:
            self._target = target
            self.update()
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.hide()
        event.acceptProposedAction()
        paths, refusal = pasted_paths(event.mimeData())
        if not paths:
            self.refused.emit(refusal)
            return
        at = event.position()
        role = next(
            (place[0] for place, area in zip(self._places, self._areas(), strict=True) if area.contains(at)), None
        )
        self.dropped.emit(paths, role)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(tokens.background)
        veil.setAlpha(235)
        painter.fillRect(self.rect(), veil)
        if self._refusal:
            painter.setPen(QColor(tokens.danger))
            inner = QRectF(self.rect()).adjusted(40, 40, -40, -40)
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._refusal)
        else:
            for number, area in enumerate(self._areas()):
                self._draw_place(painter, number, area)
        painter.end()

    def _areas(self) -> list[QRectF]:
        """Return the places: four in a row, or two by two where the row is too narrow for their words."""
        across = 4 if self.width() >= 4 * 14 * self.fontMetrics().averageCharWidth() + 5 * _GAP_PX else 2
        down = len(self._places) // across
        width = (self.width() - (across + 1) * _GAP_PX) / across
        height = (self.height() - (down + 1) * _GAP_PX) / down
        return [
            QRectF(
                _GAP_PX + number % across * (width + _GAP_PX),
                _GAP_PX + number // across * (height + _GAP_PX),
                width,
                height,
            )
            for number in range(len(self._places))
        ]

    def _draw_place(self, painter: QPainter, number: int, area: QRectF) -> None:
        tokens = self._theme.tokens
        role, title, hint = self._places[number]
        is_target = number == self._target
        colour = tokens.text_muted if role is None else self._theme.role_colour(role)
        line = Qt.PenStyle.SolidLine if is_target else Qt.PenStyle.DashLine
        painter.setPen(QPen(QColor(colour), 3 if is_target else 1.5, line))
        painter.setBrush(QColor(tokens.surface_alt if is_target else tokens.surface))
        painter.drawRoundedRect(area, 12, 12)
        height = self.fontMetrics().height()
        middle = area.center().y()
        edge = 32
        picture = {Role.CANDIDATE: "datasets", None: "help"}.get(role, "folder")
        pixmap = icon_pixmap(picture, colour, edge, self.devicePixelRatioF())
        painter.drawPixmap(round(area.center().x() - edge / 2), round(middle - edge - height), pixmap)
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text))
        words = area.adjusted(8, 0, -8, 0)
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(words.left(), middle - height / 2, words.width(), 2 * height), flags, title)
        painter.setFont(self.font())
        painter.setPen(QColor(tokens.text_muted))
        painter.drawText(QRectF(words.left(), middle + height, words.width(), 6 * height), flags, hint)
