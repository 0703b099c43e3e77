"""Dropped files: what can be taken, and the zones that take it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from planetview.gui.icons import icon_pixmap
from planetview.gui.theme import Theme

_MOST_LINES = 200


def local_paths(mime: QMimeData) -> tuple[Path, ...]:
    """Return the local files and folders of a drag, in order."""
    return tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile() and url.toLocalFile())


def has_local_paths(mime: QMimeData) -> bool:
    """Return whether a drag holds local files, without listing them all."""
    return mime.hasUrls() and any(url.isLocalFile() for url in mime.urls()[:1])


def pasted_paths(mime: QMimeData | None) -> tuple[tuple[Path, ...], str]:
    """Return the local paths that a clipboard or drag means, and why there are none.

    Text counts where each of its lines is a path that exists, bare, quoted or as a file URL.
    """
    if mime is None:
        # An empty clipboard, though its type says otherwise.
        return (), _tr("No paths of files or folders here.")
    if paths := local_paths(mime):
        return paths, ""
    if mime.hasUrls():
        return (), _tr("Only files and folders on this computer can be added; download them first.")
    lines = [line.strip().strip("\"'") for line in mime.text().splitlines()] if mime.hasText() else []
    lines = [line for line in lines if line][:_MOST_LINES]
    if not lines:
        return (), _tr("No paths of files or folders here.")
    found = [QUrl(line).toLocalFile() if line.startswith("file:") else line for line in lines]
    for path in found:
        if not _exists(path):
            return (), _tr("Not a path on this computer: {0}").format(path[:80])
    return tuple(Path(path).expanduser() for path in found), ""


def _exists(text: str) -> bool:
    try:
        path = Path(text).expanduser()
        return path.is_absolute() and path.exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _tr(text: str) -> str:
    return QCoreApplication.translate("Drops", text)


class DropZone(QFrame):
    """An area with a dashed outline that takes files; a click, Space or Enter asks to choose them instead."""

    paths_dropped = Signal(object)  # tuple[Path, ...]
    activated = Signal()

    def __init__(self, title: str, hint: str, icon_name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._icon_name = theme, icon_name
        self._colour = ""
        self._is_hovered = self._is_target = False
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._picture = QLabel(self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._title = QLabel(title, self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        self._hint = QLabel(hint, self, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._hint.setProperty("muted", True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 20, 16, 20)
        layout.setSpacing(6)
        layout.addStretch(1)
        for widget in (self._picture, self._title, self._hint):
            layout.addWidget(widget)
        layout.addStretch(1)
        theme.changed.connect(self._draw)
        self._draw()

    def set_colour(self, colour: str) -> None:
        """Draw outline and icon in a data colour."""
        self._colour = colour
        self._draw()

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 132)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_local_paths(event.mimeData()):
            event.acceptProposedAction()
            self._set_target(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_target(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_target(False)
        if paths := local_paths(event.mimeData()):
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.Enter, QEvent.Type.Leave):
            self._is_hovered = event.type() is not QEvent.Type.Leave
            self.update()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        strong = self._is_target or self.hasFocus()
        edge = QColor(self._colour or tokens.accent) if strong or self._is_hovered else QColor(tokens.border)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(edge, 2.5 if strong else 1.5)
        if not self.hasFocus():
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(tokens.surface_alt if self._is_target or self._is_hovered else tokens.surface))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(2, 2, -2, -2), 12, 12)
        painter.end()

    def _set_target(self, is_target: bool) -> None:
        self._is_target = is_target
        self.update()

    def _draw(self) -> None:
        colour = self._colour or self._theme.tokens.accent
        self._picture.setPixmap(icon_pixmap(self._icon_name, colour, 32, self.devicePixelRatioF()))
        self.update()
